/* A connection's birth, deadlines and death. All of it on its worker's thread. */
#include "aggregator/ingest/connection.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "aggregator/ingest/worker.h"
#include "common/base/text.h"

/* id = serial | worker | slot: unique in the process, and leads straight to its place. */
#define ID_SLOT_BITS   16
#define ID_WORKER_BITS 4

static void list_add(struct connection_list *list, struct connection *connection) {
    connection->previous = list->newest;
    connection->next = NULL;
    if (list->newest != NULL) list->newest->next = connection;
    if (list->oldest == NULL) list->oldest = connection;
    list->newest = connection;
    list->count++;
}

static void list_remove(struct connection_list *list, struct connection *connection) {
    if (connection->previous != NULL) connection->previous->next = connection->next;
    if (connection->next != NULL) connection->next->previous = connection->previous;
    if (list->oldest == connection) list->oldest = connection->next;
    if (list->newest == connection) list->newest = connection->previous;
    connection->next = connection->previous = NULL;
    list->count--;
}

static void write_address(struct connection *connection, const struct sockaddr *from) {
    char host[INET6_ADDRSTRLEN] = "?";
    uint16_t port = 0;
    struct text text = text_over(connection->peer.address, sizeof connection->peer.address);
    if (from->sa_family == AF_INET6) {
        struct sockaddr_in6 address;
        memcpy(&address, from, sizeof address);
        memcpy(connection->source, &address.sin6_addr, sizeof connection->source);
        /* An IPv6 host has a whole /64 to choose its address from. */
        if (!IN6_IS_ADDR_V4MAPPED(&address.sin6_addr)) memset(connection->source + 8, 0, 8);
        (void)inet_ntop(AF_INET6, &address.sin6_addr, host, sizeof host); /* stays "?" */
        port = ntohs(address.sin6_port);
        text_add(&text, "[");
    } else {
        struct sockaddr_in address;
        memcpy(&address, from, sizeof address);
        memset(connection->source + 10, 0xff, 2);
        memcpy(connection->source + 12, &address.sin_addr, 4);
        (void)inet_ntop(AF_INET, &address.sin_addr, host, sizeof host); /* stays "?" */
        port = ntohs(address.sin_port);
    }
    text_add(&text, host);
    text_add(&text, from->sa_family == AF_INET6 ? "]:" : ":");
    text_add_unsigned(&text, port);
}

static enum status take_slot(struct worker *worker, struct connection *connection) {
    if (worker->free_count == 0) return STATUS_FULL;
    uint32_t slot = worker->free_slots[--worker->free_count];
    worker->slots[slot] = connection;
    worker->serial++;
    connection->id = worker->serial << (ID_SLOT_BITS + ID_WORKER_BITS) |
                     (uint64_t)worker->index << ID_SLOT_BITS | slot;
    return STATUS_OK;
}

static uint32_t slot_of(uint64_t id) { return (uint32_t)(id & ((1u << ID_SLOT_BITS) - 1)); }

unsigned connection_worker_index(uint64_t id) {
    return (unsigned)(id >> ID_SLOT_BITS) & ((1u << ID_WORKER_BITS) - 1);
}

struct connection *connection_of_timer(struct wheel_node *node) {
    return (struct connection *)((char *)node - offsetof(struct connection, timer));
}

static void give_slot(struct worker *worker, uint64_t id) {
    worker->slots[slot_of(id)] = NULL;
    worker->free_slots[worker->free_count++] = slot_of(id);
}

static void count_now(struct worker *worker) {
    WORKER_SET(worker, connections, worker->named);
    WORKER_SET(worker, pending, worker->pending.count);
    WORKER_SET(worker, handshaking, worker->handshaking);
}

struct connection *connection_find(struct worker *worker, uint64_t id) {
    if (slot_of(id) >= worker->shared->options.connections_max) return NULL;
    struct connection *connection = worker->slots[slot_of(id)];
    return connection != NULL && connection->id == id ? connection : NULL;
}

static enum status start(struct connection *connection) {
    struct worker *worker = connection->worker;
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = connection->id};
    const int on = 1;
    /* Replies are small and waited for. A socket that refuses the option still works. */
    (void)setsockopt(connection->stream.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (epoll_ctl(worker->epoll, EPOLL_CTL_ADD, connection->stream.fd, &event) != 0)
        return STATUS_IO;
    connection->watched = EPOLLIN;
    if (!worker->shared->options.plain) return STATUS_OK;
    return handshake_greet(connection);
}

enum status connection_open(struct worker *worker, int fd, const struct sockaddr *from,
                            struct connection **connection_out) {
    struct connection *connection = calloc(1, sizeof *connection);
    struct stream orphan = {.fd = fd};
    enum status status = connection == NULL ? STATUS_NO_MEMORY : take_slot(worker, connection);
    if (status) {
        stream_close(&orphan);
        free(connection);
        return status;
    }
    connection->worker = worker;
    connection->stream.fd = fd;
    connection->accepted_at = connection->progress_at = worker->now.boot;
    write_address(connection, from);
    list_add(&worker->pending, connection);
    status = start(connection);
    if (status)
        connection_close(connection);
    else
        connection_settle(connection);
    count_now(worker);
    if (!status) *connection_out = connection;
    return status;
}

void connection_close(struct connection *connection) {
    struct worker *worker = connection->worker;
    const struct shared *shared = worker->shared;
    if (connection->state == CONNECTION_HANDSHAKE) worker->handshaking--;
    if (connection->state == CONNECTION_QUEUED) worker->queued--;
    if (connection->named) {
        registry_leave(shared->registry, &connection->peer.instance, connection->id,
                       &connection->bucket);
        shared->sink.closed(shared->sink.context, &connection->peer);
        worker->named--;
    } else {
        list_remove(&worker->pending, connection);
    }
    wheel_cancel(&worker->wheel, &connection->timer);
    give_slot(worker, connection->id);
    stream_close(&connection->stream); /* leaves epoll with its last descriptor */
    free(connection->rest);
    free(connection->unsent);
    free(connection);
    count_now(worker);
}

static struct boot_time sooner(struct boot_time a, struct boot_time b) {
    return b.ms != 0 && b.ms < a.ms ? b : a;
}

static struct boot_time after(struct boot_time at, struct duration span) {
    return at.ms == 0 ? at : boot_add(at, span);
}

static struct boot_time silence_ends(const struct connection *connection) {
    return after(connection->heard_at, connection->silence_max);
}

static struct boot_time io_ends(const struct connection *connection) {
    struct duration timeout = connection->worker->shared->options.io_timeout;
    struct boot_time frame = after(connection->frame_at, timeout);
    struct boot_time blocked = after(connection->blocked_at, timeout);
    return frame.ms == 0 ? blocked : sooner(frame, blocked);
}

/* Every time that matters; the first of them is the next deadline. */
static struct boot_time next_deadline(const struct connection *connection) {
    const struct ingest_options *options = &connection->worker->shared->options;
    if (connection->state != CONNECTION_OPEN)
        return boot_add(connection->accepted_at, options->handshake_timeout);
    if (connection->resume_at.ms != 0) return sooner(connection->resume_at, connection->expires_at);
    struct boot_time at = sooner(silence_ends(connection), connection->expires_at);
    return sooner(at, io_ends(connection));
}

void connection_settle(struct connection *connection) {
    struct worker *worker = connection->worker;
    uint32_t wanted = EPOLLIN;
    if (connection->state == CONNECTION_QUEUED || connection->resume_at.ms != 0) wanted = 0;
    if (connection->unsent_length > 0 || connection->stream.wants_write) wanted = EPOLLOUT;
    if (wanted != connection->watched) {
        struct epoll_event event = {.events = wanted, .data.u64 = connection->id};
        int failed = epoll_ctl(worker->epoll, EPOLL_CTL_MOD, connection->stream.fd, &event);
        ASSERT(failed == 0); /* the descriptor is ours and in the set */
        connection->watched = wanted;
    }
    wheel_schedule(&worker->wheel, &connection->timer, next_deadline(connection));
}

static enum status serve(struct connection *connection) {
    switch (connection->state) {
    case CONNECTION_WAITING:
    case CONNECTION_QUEUED:
    case CONNECTION_HANDSHAKE: return handshake_ready(connection);
    case CONNECTION_GREETING: return dialogue_run(connection);
    case CONNECTION_OPEN:
        if (connection->unsent_length > 0) {
            enum status status = dialogue_flush(connection);
            if (status || connection->unsent_length > 0) return status;
        }
        return dialogue_run(connection);
    }
    return STATUS_INTERNAL;
}

void connection_ready(struct connection *connection, uint32_t events) {
    struct worker *worker = connection->worker;
    bool cannot_read = (connection->watched & EPOLLIN) == 0;
    bool gone = (events & (EPOLLERR | EPOLLHUP)) != 0 && cannot_read;
    if (gone || serve(connection))
        connection_close(connection);
    else
        connection_settle(connection);
    count_now(worker);
}

static bool passed(const struct connection *connection, struct boot_time at) {
    return at.ms != 0 && at.ms <= connection->worker->now.boot.ms;
}

/* Counts and says whether a deadline ends the connection. */
static bool is_over(const struct connection *connection) {
    struct worker *worker = connection->worker;
    if (connection->state != CONNECTION_OPEN) {
        bool over = passed(connection, next_deadline(connection));
        if (over) WORKER_ADD(worker, closed_deadline, 1);
        return over;
    }
    if (passed(connection, connection->expires_at)) {
        WORKER_ADD(worker, closed_expired, 1);
        return true;
    }
    if (connection->resume_at.ms != 0) return false; /* we make it wait, not it us */
    if (passed(connection, io_ends(connection))) {
        WORKER_ADD(worker, closed_deadline, 1);
        return true;
    }
    if (!passed(connection, silence_ends(connection))) return false;
    WORKER_ADD(worker, closed_idle, 1);
    return true;
}

void connection_on_time(struct connection *connection) {
    enum status status = is_over(connection) ? STATUS_TIMEOUT : STATUS_OK;
    if (!status && passed(connection, connection->resume_at)) {
        connection->resume_at = (struct boot_time){0};
        status = dialogue_run(connection);
    }
    if (status)
        connection_close(connection);
    else
        connection_settle(connection);
}

static bool may_tell(struct worker *worker, enum ingest_reason reason) {
    if (reason == INGEST_REASON_NAME || reason == INGEST_REASON_ACCOUNT) return true;
    int64_t second = worker->now.boot.ms / 1000;
    if (worker->refusal_second != second) worker->refusals = 0;
    worker->refusal_second = second;
    return worker->refusals++ < INGEST_REFUSALS_PER_S;
}

void connection_refuse(struct connection *connection, enum ingest_reason reason, enum status status,
                       const struct instance_id *claimed, const char *detail) {
    struct worker *worker = connection->worker;
    const struct ingest_sink *sink = &worker->shared->sink;
    if (reason == INGEST_REASON_NAME) WORKER_ADD(worker, refused_name, 1);
    if (reason == INGEST_REASON_ACCOUNT) WORKER_ADD(worker, refused_account, 1);
    if (!may_tell(worker, reason)) return;
    struct ingest_refusal refusal = {.reason = reason, .status = status};
    refusal.instance = connection->named ? connection->peer.instance : connection->shown.instance;
    if (claimed != NULL) refusal.claimed = *claimed;
    memcpy(refusal.peer_name, connection->shown.name, sizeof refusal.peer_name);
    memcpy(refusal.address, connection->peer.address, sizeof refusal.address);
    struct text text = text_over(refusal.detail, sizeof refusal.detail);
    text_add(&text, detail);
    sink->refused(sink->context, &refusal);
}

void connection_take_name(struct connection *connection) {
    struct worker *worker = connection->worker;
    list_remove(&worker->pending, connection);
    connection->named = true;
    worker->named++;
}

bool connection_same_source(const struct connection *a, const struct connection *b) {
    return memcmp(a->source, b->source, sizeof a->source) == 0;
}

bool connection_shed(struct worker *worker, const struct connection *newest, bool same_source) {
    struct connection *chosen = NULL;
    for (struct connection *at = worker->pending.oldest; at != NULL; at = at->next) {
        if (at == newest || (same_source && !connection_same_source(at, newest))) continue;
        if (chosen == NULL) chosen = at;
        if (at->state != CONNECTION_WAITING) continue;
        chosen = at;
        break;
    }
    if (chosen == NULL) return false;
    WORKER_ADD(worker, shed, 1);
    connection_close(chosen);
    return true;
}
