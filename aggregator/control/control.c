/* The control socket's workers: each accepts, reads one request, carries it out, answers, closes.
 * They share only the options and the list of waiting replies. */
#include "aggregator/control/control.h"

#include <errno.h>
#include <grp.h>
#include <pthread.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "aggregator/control/peer.h"
#include "aggregator/control/request.h"
#include "common/base/json_write.h"
#include "common/sys/error.h"
#include "common/sys/log.h"
#include "common/sys/thread.h"

#define LISTEN_BACKLOG 32

/* A worker that waits for the engine. */
struct waiter {
    uint64_t token; /* 0 = nobody waits here */
    bool done;
    struct effect_reply reply;
};

struct control {
    struct control_options options; /* strings owned */
    int listener;
    struct thread workers[CONTROL_WORKERS];
    pthread_mutex_t lock;
    pthread_cond_t replied;
    bool stopping; /* guarded by lock, as what follows */
    uint64_t last_token;
    struct waiter waiters[CONTROL_WORKERS];
};

const struct control_options *control_options(const struct control *control) {
    return &control->options;
}

static void free_snapshot(struct fleet_snapshot *snapshot) {
    if (snapshot == NULL) return;
    free(snapshot->members);
    free(snapshot);
}

void control_reply(struct control *control, struct effect_reply *reply) {
    bool taken = false;
    pthread_mutex_lock(&control->lock);
    for (size_t i = 0; i < CONTROL_WORKERS && !taken; i++) {
        struct waiter *waiter = &control->waiters[i];
        if (waiter->token == 0 || waiter->token != reply->token) continue;
        waiter->reply = *reply;
        waiter->done = taken = true;
    }
    if (taken) pthread_cond_broadcast(&control->replied);
    pthread_mutex_unlock(&control->lock);
    if (!taken) free_snapshot(reply->snapshot);
    reply->snapshot = NULL;
}

static struct timespec deadline_after(struct duration span) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += span.ms / 1000;
    at.tv_nsec += span.ms % 1000 * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    return at;
}

static struct waiter *claim_waiter(struct control *control) {
    for (size_t i = 0; i < CONTROL_WORKERS; i++) {
        struct waiter *waiter = &control->waiters[i];
        if (waiter->token != 0) continue;
        memset(waiter, 0, sizeof *waiter);
        waiter->token = ++control->last_token;
        return waiter;
    }
    ASSERT(false); /* there is one for each worker */
    return NULL;
}

int request_ask_engine(struct request *request, struct event *event,
                       struct effect_reply *reply_out) {
    struct control *control = request->control;
    struct timespec until = deadline_after(control->options.engine_timeout);
    struct text message = text_over(request->message, sizeof request->message);
    if (event == NULL) {
        text_add(&message, "out of memory");
        return 1;
    }
    pthread_mutex_lock(&control->lock);
    struct waiter *waiter = claim_waiter(control);
    event->operator.token = waiter->token;
    event->operator.uid = request->uid;
    IGNORE(text_copy(event->operator.actor, sizeof event->operator.actor, request->actor));
    pthread_mutex_unlock(&control->lock);
    enum status status = control->options.post(control->options.context, event);
    pthread_mutex_lock(&control->lock);
    int result = 0;
    while (status == STATUS_OK && !waiter->done && result == 0 && !control->stopping)
        result = pthread_cond_timedwait(&control->replied, &control->lock, &until);
    bool done = waiter->done;
    if (done) *reply_out = waiter->reply;
    waiter->token = 0;
    pthread_mutex_unlock(&control->lock);
    if (done) return 0;
    text_add(&message, status == STATUS_OK ? "the engine did not answer in time"
                                           : "the engine's queue is full");
    return 7;
}

/* --- one connection --- */

static bool write_all(int fd, const char *bytes, size_t length) {
    while (length > 0) {
        ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return false;
        bytes += sent;
        length -= (size_t)sent;
    }
    return true;
}

static void answer(int fd, int exit_code, const char *message, const struct text *document) {
    char line[1024];
    struct text text = text_over(line, sizeof line);
    struct json_writer json = json_writer_over(&text);
    json_open_object(&json, NULL);
    json_integer(&json, "exit", exit_code);
    json_integer(&json, "bytes", document == NULL ? 0 : (int64_t)document->length);
    json_string(&json, "message", message);
    json_close_object(&json);
    text_add(&text, "\n");
    /* A client that went away needs no answer. */
    if (write_all(fd, line, text.length) && document != NULL)
        (void)write_all(fd, document->data, document->length);
}

/* Reads up to the newline; gives the length without it, or 0. */
static size_t read_line(int fd, char *bytes, size_t size) {
    size_t length = 0;
    while (length < size) {
        ssize_t got = recv(fd, bytes + length, size - length, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return 0;
        const char *end = memchr(bytes + length, '\n', (size_t)got);
        length += (size_t)got;
        if (end != NULL) return (size_t)(end - bytes);
    }
    return 0;
}

static void run_request(struct control *control, int fd, struct request *request, char *document) {
    struct text out = text_over(document, CONTROL_ANSWER_MAX);
    int exit_code = handle_request(request, &out);
    if (out.truncated) {
        answer(fd, 1, "the answer is larger than 8 MiB; narrow the question", NULL);
        return;
    }
    (void)control;
    answer(fd, exit_code, request->message, &out);
}

static void serve(struct control *control, int fd) {
    char line[CONTROL_REQUEST_MAX];
    struct request request = {.control = control};
    struct peer peer;
    if (peer_identify(fd, control->options.read_group, control->options.act_group, &peer) !=
        STATUS_OK) {
        answer(fd, 4, "your user cannot be identified", NULL);
        return;
    }
    if (!peer.may_read) {
        log_event(LOG_LEVEL_WARNING, "control.denied", log_string("user", peer.name),
                  log_unsigned("uid", peer.uid));
        answer(fd, 4, "not permitted: your user is not in the group that may read", NULL);
        return;
    }
    size_t length = read_line(fd, line, sizeof line);
    if (length == 0) {
        answer(fd, 2, "no request came, or it was larger than 8 KiB", NULL);
        return;
    }
    request.uid = peer.uid;
    request.may_act = peer.may_act;
    memcpy(request.actor, peer.name, sizeof request.actor);
    if (request_read(line, length, &request) != STATUS_OK) {
        answer(fd, 2, request.message, NULL);
        return;
    }
    char *document = malloc(CONTROL_ANSWER_MAX); /* pages are touched only as far as it is filled */
    if (document == NULL)
        answer(fd, 1, "out of memory", NULL);
    else
        run_request(control, fd, &request, document);
    free(document);
    request_fini(&request);
}

static void run_worker(void *argument) {
    struct control *control = argument;
    struct duration limit = control->options.io_timeout;
    struct timeval timeout = {.tv_sec = limit.ms / 1000, .tv_usec = limit.ms % 1000 * 1000};
    for (;;) {
        int fd = accept(control->listener, NULL, NULL);
        if (fd < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
        if (fd < 0) return; /* the listener was shut down */
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
        serve(control, fd);
        close(fd);
    }
}

/* --- life --- */

static enum status fail(char *place_out, const char *path, enum status status) {
    struct text text = text_over(place_out, 256);
    text_add(&text, path);
    text_add(&text, ": ");
    text_add(&text,
             status == STATUS_BUSY ? "another aggregator answers there" : status_text(status));
    return status;
}

/* A socket file nobody answers on is a leftover of a crash and is replaced; a live one is not. */
static enum status clear_stale(const struct sockaddr_un *address) {
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (probe < 0) return sys_status(errno);
    int result = connect(probe, (const struct sockaddr *)address, sizeof *address);
    int error = errno;
    close(probe);
    if (result == 0) return STATUS_BUSY;
    if (error == ECONNREFUSED) unlink(address->sun_path);
    return STATUS_OK;
}

static enum status bind_socket(struct control *control, char *place_out) {
    const char *path = control->options.socket_path;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    enum status status = text_copy(address.sun_path, sizeof address.sun_path, path);
    if (status == STATUS_OK) status = clear_stale(&address);
    if (status != STATUS_OK) return fail(place_out, path, status);
    control->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (control->listener < 0) return fail(place_out, path, sys_status(errno));
    mode_t mask = umask(0117); /* 0660 from the first moment (S6) */
    int result = bind(control->listener, (struct sockaddr *)&address, sizeof address);
    int error = errno;
    umask(mask);
    if (result != 0) return fail(place_out, path, sys_status(error));
    gid_t group;
    if (peer_find_group(control->options.read_group, &group) == STATUS_OK &&
        chown(path, (uid_t)-1, group) != 0)
        log_event(LOG_LEVEL_WARNING, "control.group_not_set", log_string("socket", path),
                  log_string("group", control->options.read_group), log_errno("error", errno),
                  log_string("instead", "only root and the aggregator's user may connect"));
    if (listen(control->listener, LISTEN_BACKLOG) != 0)
        return fail(place_out, path, sys_status(errno));
    return STATUS_OK;
}

static bool copy_strings(struct control_options *o) {
    const char **strings[] = {&o->socket_path,    &o->read_group,  &o->act_group,
                              &o->audit_database, &o->audit_heads, &o->audit_public_key};
    bool good = true;
    for (size_t i = 0; i < ARRAY_LENGTH(strings); i++) {
        *strings[i] = strdup(*strings[i] == NULL ? "" : *strings[i]);
        good = good && *strings[i] != NULL;
    }
    return good;
}

static void init_lock(struct control *control) {
    pthread_condattr_t attributes;
    pthread_mutex_init(&control->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&control->replied, &attributes);
    pthread_condattr_destroy(&attributes);
}

enum status control_create(const struct control_options *options, struct control **control_out,
                           char *place_out) {
    struct control *control = calloc(1, sizeof *control);
    place_out[0] = '\0';
    if (control == NULL) return STATUS_NO_MEMORY;
    control->options = *options;
    control->listener = -1;
    init_lock(control);
    enum status status = copy_strings(&control->options) ? STATUS_OK : STATUS_NO_MEMORY;
    if (status == STATUS_OK) status = bind_socket(control, place_out);
    for (size_t i = 0; i < CONTROL_WORKERS && status == STATUS_OK; i++)
        status = thread_start(&control->workers[i], "ear-control", 0, run_worker, control);
    if (status != STATUS_OK) {
        control_destroy(control);
        return status;
    }
    *control_out = control;
    return STATUS_OK;
}

void control_destroy(struct control *control) {
    if (control == NULL) return;
    pthread_mutex_lock(&control->lock);
    control->stopping = true;
    pthread_cond_broadcast(&control->replied);
    pthread_mutex_unlock(&control->lock);
    if (control->listener >= 0) shutdown(control->listener, SHUT_RDWR);
    bool bound = control->workers[0].started;
    for (size_t i = 0; i < CONTROL_WORKERS; i++) thread_join(&control->workers[i]);
    if (control->listener >= 0) close(control->listener);
    if (bound) unlink(control->options.socket_path);
    for (size_t i = 0; i < CONTROL_WORKERS; i++)
        if (control->waiters[i].done) free_snapshot(control->waiters[i].reply.snapshot);
    free((char *)control->options.socket_path);
    free((char *)control->options.read_group);
    free((char *)control->options.act_group);
    free((char *)control->options.audit_database);
    free((char *)control->options.audit_heads);
    free((char *)control->options.audit_public_key);
    pthread_cond_destroy(&control->replied);
    pthread_mutex_destroy(&control->lock);
    free(control);
}
