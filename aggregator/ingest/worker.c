/* The loop of one I/O thread, and its accepting. The thread owns everything in the worker; others
 * reach it through the mailbox and the eventfd. */
#define _GNU_SOURCE /* accept4 */
#include "aggregator/ingest/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/sys/clock.h"
#include "common/sys/error.h"
#include "common/sys/file.h"
#include "common/sys/random.h"

#define EVENTS_MAX      64
#define ACCEPTS_MAX     16  /* for one event, so that a flood of strangers does not starve agents */
#define ACCEPT_PAUSE_MS 100 /* when there are no descriptors and nobody to shed */
#define QUEUE_LOOK_MS   100 /* how often stalled handshakes are looked for while others wait */
/* epoll's data of what is not a connection; connections' ids are larger. */
#define DATA_LISTENER 0
#define DATA_WAKE     1

static enum status watch(struct worker *worker, int fd, uint64_t data) {
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = data};
    return epoll_ctl(worker->epoll, EPOLL_CTL_ADD, fd, &event) == 0 ? STATUS_OK : sys_status(errno);
}

static enum status create_descriptors(struct worker *worker) {
    worker->epoll = epoll_create1(EPOLL_CLOEXEC);
    worker->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (worker->epoll < 0 || worker->wake < 0) return STATUS_FULL;
    enum status status = watch(worker, worker->listener, DATA_LISTENER);
    if (!status) status = watch(worker, worker->wake, DATA_WAKE);
    worker->accepting = !status;
    return status;
}

static enum status create_slots(struct worker *worker) {
    unsigned count = worker->shared->options.connections_max;
    worker->slots = calloc(count, sizeof *worker->slots);
    worker->free_slots = calloc(count, sizeof *worker->free_slots);
    if (worker->slots == NULL || worker->free_slots == NULL) return STATUS_NO_MEMORY;
    /* Low slots lie on top, so a small fleet touches little memory. */
    for (unsigned i = 0; i < count; i++) worker->free_slots[i] = count - 1 - i;
    worker->free_count = count;
    return STATUS_OK;
}

enum status worker_create(struct shared *shared, unsigned index, int listener,
                          struct worker **worker_out) {
    struct worker *worker = calloc(1, sizeof *worker);
    if (worker == NULL || pthread_mutex_init(&worker->mailbox_lock, NULL) != 0) {
        free(worker);
        file_close(&listener);
        return STATUS_NO_MEMORY;
    }
    worker->shared = shared;
    worker->index = index;
    worker->listener = listener;
    worker->epoll = worker->wake = -1;
    worker->arena =
        (struct wire_arena){.bytes = worker->arena_bytes, .capacity = sizeof worker->arena_bytes};
    enum status status = sys_random(&worker->sources.seed, sizeof worker->sources.seed);
    if (!status) status = create_descriptors(worker);
    if (!status) status = create_slots(worker);
    if (status)
        worker_destroy(worker);
    else
        *worker_out = worker;
    return status;
}

void worker_destroy(struct worker *worker) {
    if (worker == NULL) return;
    file_close(&worker->listener);
    file_close(&worker->epoll);
    file_close(&worker->wake);
    free(worker->slots);
    free(worker->free_slots);
    (void)pthread_mutex_destroy(&worker->mailbox_lock); /* fails only while held: our own bug */
    free(worker);
}

void worker_wake(struct worker *worker) {
    const uint64_t one = 1;
    /* A full counter is readable already, which is all that matters. */
    ssize_t put = write(worker->wake, &one, sizeof one);
    (void)put;
}

static void close_by_id(struct worker *worker, uint64_t id) {
    struct connection *connection = connection_find(worker, id);
    if (connection == NULL) return; /* it went by itself meanwhile */
    WORKER_ADD(worker, replaced, 1);
    connection_close(connection);
}

enum status worker_close_replaced(struct shared *shared, uint64_t id) {
    unsigned index = connection_worker_index(id);
    ASSERT(index < shared->worker_count);
    struct worker *worker = shared->workers[index];
    enum status status = STATUS_OK;
    (void)pthread_mutex_lock(&worker->mailbox_lock);
    if (worker->mailbox_count == WORKER_MAILBOX_MAX)
        status = STATUS_FULL;
    else
        worker->mailbox[worker->mailbox_count++] = id;
    (void)pthread_mutex_unlock(&worker->mailbox_lock);
    worker_wake(worker);
    return status;
}

static void empty_mailbox(struct worker *worker) {
    uint64_t ids[WORKER_MAILBOX_MAX], ignored;
    ssize_t got = read(worker->wake, &ignored, sizeof ignored); /* nothing to read is fine */
    (void)got;
    (void)pthread_mutex_lock(&worker->mailbox_lock);
    unsigned count = worker->mailbox_count;
    for (unsigned i = 0; i < count; i++) ids[i] = worker->mailbox[i];
    worker->mailbox_count = 0;
    (void)pthread_mutex_unlock(&worker->mailbox_lock);
    for (unsigned i = 0; i < count; i++) close_by_id(worker, ids[i]);
}

static void set_accepting(struct worker *worker, bool accepting) {
    struct epoll_event event = {.events = accepting ? EPOLLIN : 0, .data.u64 = DATA_LISTENER};
    if (worker->accepting == accepting) return;
    int failed = epoll_ctl(worker->epoll, EPOLL_CTL_MOD, worker->listener, &event);
    ASSERT(failed == 0);
    worker->accepting = accepting;
    worker->accept_again_at = boot_add(worker->now.boot, duration_ms(ACCEPT_PAUSE_MS));
}

/* How many of one source's connections wait for a name. */
static unsigned pending_of(const struct worker *worker, const struct connection *like) {
    unsigned count = 0;
    for (const struct connection *at = worker->pending.oldest; at != NULL; at = at->next)
        if (connection_same_source(at, like)) count++;
    return count;
}

static void keep_limits(struct worker *worker, const struct connection *newest, int fd) {
    const struct ingest_options *options = &worker->shared->options;
    if (pending_of(worker, newest) > options->source_pending_max)
        (void)connection_shed(worker, newest, true);
    else if (worker->pending.count > options->pending_max)
        (void)connection_shed(worker, newest, false);
    else if (fd >= worker->shared->descriptor_ceiling)
        (void)connection_shed(worker, newest, false);
}

/* Nobody waits who could make room for it: the newcomer goes, agents that have a name stay. */
static bool no_room(struct worker *worker, int fd) {
    bool descriptors = fd >= worker->shared->descriptor_ceiling;
    return (descriptors || worker->free_count == 0) && worker->pending.count == 0;
}

static void take_in(struct worker *worker, int fd, const struct sockaddr *from) {
    WORKER_ADD(worker, accepted, 1);
    if (no_room(worker, fd)) {
        WORKER_ADD(worker, shed, 1);
        file_close(&fd);
        return;
    }
    if (worker->free_count == 0) (void)connection_shed(worker, NULL, false);
    struct connection *connection = NULL;
    if (connection_open(worker, fd, from, &connection)) return; /* closed and counted there */
    keep_limits(worker, connection, fd);
}

/* False when accepting must pause. */
static bool accept_one(struct worker *worker, bool *more_out) {
    struct sockaddr_storage from;
    socklen_t length = sizeof from;
    int fd =
        accept4(worker->listener, (struct sockaddr *)&from, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    *more_out = fd >= 0;
    if (fd >= 0) {
        take_in(worker, fd, (const struct sockaddr *)&from);
        return true;
    }
    bool starved = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
    if (!starved) return true; /* taken by nobody, or gone before we came */
    *more_out = connection_shed(worker, NULL, false);
    return *more_out;
}

static void accept_some(struct worker *worker) {
    bool more = true;
    for (int i = 0; more && i < ACCEPTS_MAX; i++)
        if (!accept_one(worker, &more)) set_accepting(worker, false);
}

static void serve_event(struct worker *worker, const struct epoll_event *event) {
    if (event->data.u64 == DATA_LISTENER) {
        accept_some(worker);
        return;
    }
    if (event->data.u64 == DATA_WAKE) {
        empty_mailbox(worker);
        return;
    }
    struct connection *connection = connection_find(worker, event->data.u64);
    if (connection != NULL) connection_ready(connection, event->events); /* else closed just now */
}

static void serve_timers(struct worker *worker) {
    if (!worker->accepting && worker->accept_again_at.ms <= worker->now.boot.ms)
        set_accepting(worker, true);
    for (struct wheel_node *node; (node = wheel_expire(&worker->wheel, worker->now.boot)) != NULL;)
        connection_on_time(connection_of_timer(node));
}

static int wait_ms(const struct worker *worker) {
    int wait = wheel_wait_ms(&worker->wheel, worker->now.boot);
    if (worker->queued > 0 && (wait < 0 || wait > QUEUE_LOOK_MS)) wait = QUEUE_LOOK_MS;
    if (!worker->accepting && (wait < 0 || wait > ACCEPT_PAUSE_MS)) wait = ACCEPT_PAUSE_MS;
    return wait;
}

static void run(void *argument) {
    struct worker *worker = argument;
    struct epoll_event events[EVENTS_MAX];
    worker->now = sys_now();
    wheel_init(&worker->wheel, worker->now.boot);
    while (!atomic_load(&worker->shared->stopping)) {
        int count = epoll_wait(worker->epoll, events, EVENTS_MAX, wait_ms(worker));
        ASSERT(count >= 0 || errno == EINTR);
        worker->now = sys_now();
        for (int i = 0; i < count; i++) serve_event(worker, &events[i]);
        serve_timers(worker);
        handshake_admit(worker);
    }
    for (uint32_t slot = 0; slot < worker->shared->options.connections_max; slot++)
        if (worker->slots[slot] != NULL) connection_close(worker->slots[slot]);
}

enum status worker_start(struct worker *worker) {
    return thread_start(&worker->thread, "ingest", 0, run, worker);
}

void worker_join(struct worker *worker) { thread_join(&worker->thread); }
