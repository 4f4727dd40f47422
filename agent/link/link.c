/* The link: a small state machine on its owner's thread, fed by nng's callbacks.
 *
 *     WAITING --timer--> DIALLING --connected--> UP --lost, no ack--> WAITING
 *                            '------failed------------------------------^
 *
 * `news` is what nng's threads and the dialling thread write, under its lock; all else belongs to
 * the owner. Each attempt has a dialler of its own and a thread that lives only as long as the
 * attempt, because nng tells the outcome of a dial only to who waits for it. News of an earlier
 * dialler are known by its id and dropped. */
#include "agent/link/link.h"

#include <nng/nng.h>
#include <nng/protocol/reqrep0/req.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "agent/link/credentials.h"
#include "agent/link/pace.h"
#include "agent/link/url.h"
#include "common/base/text.h"
#include "common/sys/clock.h"
#include "common/sys/file.h"
#include "common/sys/random.h"
#include "common/sys/thread.h"

#define DIAL_STACK_BYTES 65536 /* it only waits; nng's own threads shake hands */
#define PIPE_WAIT_MS     1000 /* from a connection made to its announcement; normally microseconds */
/* nng must not dial by itself (link.h): the longest time it knows. */
#define RECONNECT_NEVER_MS INT32_MAX

enum state { WAITING, DIALLING, UP };

struct news {
    bool dialled; /* the dialling thread is done */
    int dial_error;
    uint32_t added, removed; /* ids of diallers whose pipe came, went; 0 = none */
    bool sent, received;     /* the two halves of a request are over */
    int receive_error;
    nng_msg *answer; /* owned; NULL on an error */
};

struct link {
    struct link_options options; /* its pointers are not used after link_create() */
    char url[LINK_URL_SIZE];
    char server_name[URL_HOST_SIZE];
    bool tls;
    nng_tls_config *config; /* NULL for tcp */
    nng_socket socket;
    nng_ctx context;
    nng_aio *send_aio, *receive_aio;
    bool opened; /* socket and context exist */
    int epoll, wake, timer;
    struct prng prng;
    enum state state;
    unsigned failures; /* in a row */
    nng_dialer dialer; /* id 0 = none */
    struct thread dialling;
    bool dial_timed_out;
    bool awaiting_pipe;        /* connected; nng has not announced it yet */
    struct boot_time deadline; /* WAITING: dial; DIALLING: give up */
    bool requesting;           /* aios are in use */
    bool abandoned;            /* what comes of them interests nobody any more */
    pthread_mutex_t lock;      /* guards news */
    struct news news;
};

struct link_options link_options_default(void) {
    return (struct link_options){
        .dial_min = duration_s(1),
        .dial_max = duration_s(60),
        .dial_timeout = duration_s(15),
        .ack_timeout = duration_s(20),
    };
}

static enum status from_nng(int error) {
    if (error == 0) return STATUS_OK;
    if (error == NNG_ETIMEDOUT) return STATUS_TIMEOUT;
    if (error == NNG_ECONNREFUSED || error == NNG_EUNREACHABLE || error == NNG_EADDRINVAL)
        return STATUS_UNREACHABLE;
    if (error == NNG_ECLOSED || error == NNG_ECONNRESET || error == NNG_ECONNABORTED ||
        error == NNG_ECONNSHUT)
        return STATUS_CLOSED;
    if (error == NNG_ECRYPTO || error == NNG_EPEERAUTH) return STATUS_IDENTITY;
    if (error == NNG_EPROTO) return STATUS_MALFORMED;
    if (error == NNG_ECANCELED) return STATUS_CANCELLED;
    if (error == NNG_ENOMEM) return STATUS_NO_MEMORY;
    return STATUS_IO;
}

/* ---- nng's threads, and the dialling one ---- */

static void news_lock(struct link *link) {
    (void)pthread_mutex_lock(&link->lock); /* fails only by misuse, as unlock */
}

static void news_tell(struct link *link) {
    (void)pthread_mutex_unlock(&link->lock);
    const uint64_t one = 1;
    ssize_t put = write(link->wake, &one, sizeof one);
    (void)put; /* a full counter is readable already, which is all that matters */
}

static void on_pipe(nng_pipe pipe, nng_pipe_ev event, void *argument) {
    struct link *link = argument;
    uint32_t dialer = (uint32_t)nng_dialer_id(nng_pipe_dialer(pipe));
    news_lock(link);
    if (event == NNG_PIPE_EV_ADD_POST) link->news.added = dialer;
    if (event == NNG_PIPE_EV_REM_POST) link->news.removed = dialer;
    news_tell(link);
}

static void on_sent(void *argument) {
    struct link *link = argument;
    if (nng_aio_result(link->send_aio) != 0) {
        nng_msg_free(nng_aio_get_msg(link->send_aio)); /* nng takes it only when it goes well */
        nng_aio_set_msg(link->send_aio, NULL);
    }
    news_lock(link);
    link->news.sent = true;
    news_tell(link);
}

static void on_received(void *argument) {
    struct link *link = argument;
    int error = nng_aio_result(link->receive_aio);
    nng_msg *answer = error == 0 ? nng_aio_get_msg(link->receive_aio) : NULL;
    news_lock(link);
    link->news.received = true;
    link->news.receive_error = error;
    link->news.answer = answer;
    news_tell(link);
}

static void dial(void *argument) {
    struct link *link = argument;
    int error = nng_dialer_start(link->dialer, 0);
    news_lock(link);
    link->news.dialled = true;
    link->news.dial_error = error;
    news_tell(link);
}

/* ---- the owner's thread ---- */

static void arm(struct link *link, struct boot_time at) {
    link->deadline = at;
    struct itimerspec when = {
        .it_value = {.tv_sec = at.ms / 1000, .tv_nsec = at.ms % 1000 * 1000000}};
    int failed = timerfd_settime(link->timer, TFD_TIMER_ABSTIME, &when, NULL);
    ASSERT(failed == 0);
}

/* Also closes the pipe the dialler made; a dial in progress ends with an error. */
static void close_dialer(struct link *link) {
    if (nng_dialer_id(link->dialer) > 0)
        (void)nng_dialer_close(link->dialer); /* fails only when it is closed already */
}

static void end_dialling(struct link *link) {
    thread_join(&link->dialling);
    link->dialling = (struct thread){0};
}

static struct duration schedule_dial(struct link *link) {
    struct duration wait =
        pace_next(&link->prng, link->failures, link->options.dial_min, link->options.dial_max);
    link->state = WAITING;
    link->dialer = (nng_dialer)NNG_DIALER_INITIALIZER;
    arm(link, boot_add(sys_now().boot, wait));
    return wait;
}

static void abandon_request(struct link *link) {
    if (!link->requesting) return;
    link->abandoned = true;
    nng_aio_cancel(link->send_aio);
    nng_aio_cancel(link->receive_aio);
}

static void lose(struct link *link, enum status status, struct link_result *result) {
    *result = (struct link_result){.kind = LINK_LOST, .status = status};
    result->had_request = link->requesting && !link->abandoned;
    abandon_request(link);
    close_dialer(link);
    result->retry_in = schedule_dial(link);
    link->failures++; /* forgotten by the first ack of the next connection */
}

static void fail_dial(struct link *link, enum status status, struct link_result *result) {
    close_dialer(link);
    *result = (struct link_result){.kind = LINK_DIAL_FAILED, .status = status};
    result->retry_in = schedule_dial(link);
    link->failures++;
}

static int open_dialer(struct link *link) {
    int error = nng_dialer_create(&link->dialer, link->socket, link->url);
    if (error != 0) {
        link->dialer = (nng_dialer)NNG_DIALER_INITIALIZER;
        return error;
    }
    error = nng_dialer_set_ms(link->dialer, NNG_OPT_RECONNMINT, RECONNECT_NEVER_MS);
    if (error == 0) error = nng_dialer_set_ms(link->dialer, NNG_OPT_RECONNMAXT, RECONNECT_NEVER_MS);
    if (error == 0) error = nng_dialer_set_bool(link->dialer, NNG_OPT_TCP_NODELAY, true);
    if (error == 0 && link->tls)
        error = nng_dialer_set_ptr(link->dialer, NNG_OPT_TLS_CONFIG, link->config);
    return error;
}

static enum status begin_dial(struct link *link) {
    news_lock(link);
    link->news.dialled = false;
    link->news.added = link->news.removed = 0;
    (void)pthread_mutex_unlock(&link->lock);
    enum status status = from_nng(open_dialer(link));
    if (status) return status;
    status = thread_start(&link->dialling, "dial", DIAL_STACK_BYTES, dial, link);
    if (status) return status;
    link->state = DIALLING;
    link->dial_timed_out = link->awaiting_pipe = false;
    arm(link, boot_add(sys_now().boot, link->options.dial_timeout));
    return STATUS_OK;
}

static struct news read_news(struct link *link) {
    news_lock(link);
    struct news news = link->news;
    (void)pthread_mutex_unlock(&link->lock);
    return news;
}

/* Both halves of a request are over: the aios are free again. Gives what came of it. */
static struct news end_request(struct link *link) {
    news_lock(link);
    struct news news = link->news;
    link->news.sent = link->news.received = false;
    link->news.answer = NULL;
    (void)pthread_mutex_unlock(&link->lock);
    link->requesting = false;
    return news;
}

static void take_answer(struct link *link, nng_msg *answer, struct link_result *result) {
    size_t length = nng_msg_len(answer);
    *result = (struct link_result){.kind = LINK_ACK};
    if (length > sizeof result->bytes) {
        lose(link, STATUS_MALFORMED, result);
        return;
    }
    memcpy(result->bytes, nng_msg_body(answer), length);
    result->length = length;
    link->failures = 0;
}

/* STATUS_AGAIN when that gives no result. */
static enum status finish_request(struct link *link, struct link_result *result) {
    struct news news = end_request(link);
    bool abandoned = link->abandoned;
    link->abandoned = false;
    enum status status = STATUS_AGAIN;
    if (!abandoned) {
        status = STATUS_OK;
        if (news.receive_error == 0) {
            take_answer(link, news.answer, result);
        } else {
            lose(link, from_nng(news.receive_error), result);
            result->had_request = true;
        }
    }
    if (news.answer != NULL) nng_msg_free(news.answer);
    return status;
}

/* A pipe that died between its handshake and its announcement is never announced: the wait for that
 * is bounded on its own, and short. */
static enum status await_pipe(struct link *link) {
    if (!link->awaiting_pipe) arm(link, boot_add(sys_now().boot, duration_ms(PIPE_WAIT_MS)));
    link->awaiting_pipe = true;
    return STATUS_AGAIN;
}

static enum status finish_dial(struct link *link, const struct news *news,
                               struct link_result *result) {
    uint32_t id = (uint32_t)nng_dialer_id(link->dialer);
    bool announced = news->added == id || news->removed == id;
    if (news->dial_error == 0 && !announced && !link->dial_timed_out) return await_pipe(link);
    end_dialling(link);
    if (news->dial_error != 0 || news->added != id) {
        enum status status = from_nng(news->dial_error);
        if (status == STATUS_OK) status = STATUS_CLOSED;
        fail_dial(link, link->dial_timed_out ? STATUS_TIMEOUT : status, result);
        return STATUS_OK;
    }
    link->state = UP;
    *result = (struct link_result){.kind = LINK_CONNECTED};
    return STATUS_OK;
}

/* The dialling thread comes back with an error, which is the result. */
static void give_up_dial(struct link *link) {
    link->dial_timed_out = true;
    link->deadline = (struct boot_time){0};
    close_dialer(link);
}

static enum status start_dial(struct link *link, struct link_result *result) {
    enum status status = begin_dial(link);
    if (status == STATUS_OK) return STATUS_AGAIN;
    fail_dial(link, status, result);
    return STATUS_OK;
}

static void drain(int fd) {
    uint64_t ignored;
    ssize_t got = read(fd, &ignored, sizeof ignored); /* nothing to read is fine */
    (void)got;
}

static bool is_due(const struct link *link) {
    return link->state != UP && link->deadline.ms != 0 && link->deadline.ms <= sys_now().boot.ms;
}

static enum status take(struct link *link, struct link_result *result) {
    struct news news = read_news(link);
    if (link->requesting && news.sent && news.received) {
        enum status status = finish_request(link, result);
        if (status != STATUS_AGAIN) return status;
        news = read_news(link);
    }
    if (link->state == UP && news.removed == (uint32_t)nng_dialer_id(link->dialer)) {
        lose(link, STATUS_CLOSED, result);
        return STATUS_OK;
    }
    if (link->state == DIALLING && is_due(link)) give_up_dial(link);
    if (link->state == DIALLING && news.dialled) return finish_dial(link, &news, result);
    if (link->state == WAITING && is_due(link)) return start_dial(link, result);
    return STATUS_AGAIN;
}

enum status link_take(struct link *link, struct link_result *result_out) {
    drain(link->wake);
    drain(link->timer);
    enum status status = take(link, result_out);
    if (status == STATUS_OK) { /* perhaps there is more: be called again */
        news_lock(link);
        news_tell(link);
    }
    return status;
}

enum status link_send(struct link *link, const uint8_t *bytes, size_t length) {
    if (length == 0 || length > LINK_MESSAGE_MAX) return STATUS_TOO_LARGE;
    if (link->state != UP) return STATUS_UNREACHABLE;
    if (link->requesting) return STATUS_BUSY;
    nng_msg *message;
    if (nng_msg_alloc(&message, 0) != 0) return STATUS_NO_MEMORY;
    if (nng_msg_append(message, bytes, length) != 0) {
        nng_msg_free(message);
        return STATUS_NO_MEMORY;
    }
    link->requesting = true;
    nng_aio_set_msg(link->send_aio, message);
    nng_ctx_send(link->context, link->send_aio);
    /* Asked for at once: the answer's time counts from here. */
    nng_ctx_recv(link->context, link->receive_aio);
    return STATUS_OK;
}

int link_fd(const struct link *link) { return link->epoll; }
bool link_connected(const struct link *link) { return link->state == UP; }
bool link_busy(const struct link *link) { return link->requesting; }

static enum status watch(int epoll, int fd) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0 ? STATUS_OK : STATUS_IO;
}

static enum status open_descriptors(struct link *link) {
    link->epoll = epoll_create1(EPOLL_CLOEXEC);
    link->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    link->timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    if (link->epoll < 0 || link->wake < 0 || link->timer < 0) return STATUS_FULL;
    enum status status = watch(link->epoll, link->wake);
    return status ? status : watch(link->epoll, link->timer);
}

/* S15: what bounds an answer is set before anything is dialled, and reads back. */
static int limit_answers(struct link *link) {
    const size_t most = sizeof(struct link_result) * 2;
    size_t set = 0;
    int error = nng_socket_set_size(link->socket, NNG_OPT_RECVMAXSZ, most);
    if (error == 0) error = nng_socket_get_size(link->socket, NNG_OPT_RECVMAXSZ, &set);
    ASSERT(error != 0 || set == most);
    return error;
}

static enum status open_socket(struct link *link) {
    int error = nng_req0_open(&link->socket);
    if (error != 0) return from_nng(error);
    error = nng_ctx_open(&link->context, link->socket);
    if (error != 0) {
        (void)nng_close(link->socket); /* the first error is the one that counts */
        return from_nng(error);
    }
    link->opened = true;
    error = limit_answers(link);
    /* A request ends with its connection; what to send again is the agent's business. */
    if (error == 0)
        error = nng_ctx_set_ms(link->context, NNG_OPT_REQ_RESENDTIME, NNG_DURATION_INFINITE);
    if (error == 0) error = nng_pipe_notify(link->socket, NNG_PIPE_EV_ADD_POST, on_pipe, link);
    if (error == 0) error = nng_pipe_notify(link->socket, NNG_PIPE_EV_REM_POST, on_pipe, link);
    if (error == 0) error = nng_aio_alloc(&link->send_aio, on_sent, link);
    if (error == 0) error = nng_aio_alloc(&link->receive_aio, on_received, link);
    if (error != 0) return from_nng(error);
    nng_aio_set_timeout(link->send_aio, (nng_duration)link->options.ack_timeout.ms);
    nng_aio_set_timeout(link->receive_aio, (nng_duration)link->options.ack_timeout.ms);
    return STATUS_OK;
}

static enum status complain(char problem[static LINK_PROBLEM_BYTES], enum status status,
                            const char *what, const char *value) {
    struct text text = text_over(problem, LINK_PROBLEM_BYTES);
    text_add(&text, what);
    text_add(&text, " ");
    text_add(&text, value);
    text_add(&text, ": ");
    text_add(&text, status_text(status));
    return status;
}

static enum status set_address(struct link *link, const struct link_options *options,
                               char problem[static LINK_PROBLEM_BYTES]) {
    struct url url;
    const char *text = options->url != NULL ? options->url : "";
    enum status status = url_parse(text, &url);
    if (!status) status = text_copy(link->url, sizeof link->url, text);
    if (status) return complain(problem, status, "aggregator's address", text);
    link->tls = url.tls;
    const char *name = options->server_name != NULL ? options->server_name : url.host;
    status = text_copy(link->server_name, sizeof link->server_name, name);
    return status ? complain(problem, status, "server name", name) : STATUS_OK;
}

static enum status load(struct link *link, const char *certificate_file, const char *key_file,
                        const char *ca_file, char problem[static LINK_PROBLEM_BYTES]) {
    nng_tls_config *fresh;
    if (!link->tls) return STATUS_OK;
    enum status status =
        credentials_load(certificate_file, key_file, ca_file, link->server_name, &fresh, problem);
    if (status) return status;
    if (link->config != NULL) nng_tls_config_free(link->config); /* diallers hold theirs */
    link->config = fresh;
    return STATUS_OK;
}

static enum status create(struct link *link, const struct link_options *options,
                          char problem[static LINK_PROBLEM_BYTES]) {
    enum status status = set_address(link, options, problem);
    if (!status)
        status =
            load(link, options->certificate_file, options->key_file, options->ca_file, problem);
    if (status) return status;
    uint64_t seed = 0;
    status = open_descriptors(link);
    if (!status) status = sys_random(&seed, sizeof seed);
    if (!status) status = open_socket(link);
    if (status) return complain(problem, status, "link to", link->url);
    link->prng = prng_seeded(seed);
    link->state = WAITING;
    arm(link, boot_add(sys_now().boot, duration_ms(1))); /* the first attempt waits for nothing */
    return STATUS_OK;
}

enum status link_create(const struct link_options *options, struct link **link_out,
                        char problem_out[LINK_PROBLEM_BYTES]) {
    char unread[LINK_PROBLEM_BYTES];
    char *problem = problem_out != NULL ? problem_out : unread;
    struct link *link = calloc(1, sizeof *link);
    if (link == NULL || pthread_mutex_init(&link->lock, NULL) != 0) {
        free(link);
        return complain(problem, STATUS_NO_MEMORY, "link to", "aggregator");
    }
    link->options = *options;
    link->epoll = link->wake = link->timer = -1;
    enum status status = create(link, options, problem);
    if (status)
        link_destroy(link);
    else
        *link_out = link;
    return status;
}

/* Waits for the callback, so that none comes after. */
static void free_aio(nng_aio *aio) {
    if (aio == NULL) return;
    nng_aio_stop(aio);
    nng_aio_free(aio);
}

void link_destroy(struct link *link) {
    if (link == NULL) return;
    close_dialer(link);
    if (link->state == DIALLING) end_dialling(link);
    free_aio(link->send_aio);
    free_aio(link->receive_aio);
    if (link->opened) {
        (void)nng_ctx_close(link->context); /* nothing is left to lose */
        (void)nng_close(link->socket);
    }
    if (link->news.answer != NULL) nng_msg_free(link->news.answer);
    if (link->config != NULL) nng_tls_config_free(link->config);
    file_close(&link->epoll);
    file_close(&link->wake);
    file_close(&link->timer);
    (void)pthread_mutex_destroy(&link->lock); /* fails only while held: our own bug */
    free(link);
}

enum status link_reload(struct link *link, const char *certificate_file, const char *key_file,
                        const char *ca_file, char problem_out[LINK_PROBLEM_BYTES]) {
    char unread[LINK_PROBLEM_BYTES];
    return load(link, certificate_file, key_file, ca_file,
                problem_out != NULL ? problem_out : unread);
}
