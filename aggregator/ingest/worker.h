/* One I/O thread: its listener, its epoll, its timers, its connections. Everything in it belongs to
 * that thread, but the mailbox (own lock) and the counters (written by it, read by anybody). */
#ifndef EAR_AGGREGATOR_INGEST_WORKER_H
#define EAR_AGGREGATOR_INGEST_WORKER_H

#include <pthread.h>
#include <stdatomic.h>

#include "aggregator/ingest/connection.h"
#include "aggregator/ingest/registry.h"
#include "aggregator/ingest/source.h"
#include "aggregator/ingest/tls.h"
#include "common/sys/thread.h"
#include "common/wire/frame.h"

#define WORKER_IN_BYTES    (FRAME_MAX + 16384) /* the rest of a frame and one TLS record */
#define WORKER_OUT_BYTES   16384
#define WORKER_REPLY_MAX   (FRAME_HEADER_BYTES + WIRE_ACK_MAX)
#define WORKER_MAILBOX_MAX 256

/* What all workers share; constant after ingest_start() but for the certificates. */
struct shared {
    struct ingest_options options; /* its pointers are not used after ingest_create() */
    struct ingest_sink sink;
    struct registry *registry;
    unsigned worker_count;
    struct worker *workers[INGEST_THREADS_MAX];
    int descriptor_ceiling; /* a descriptor from here on belongs to the reserve (F7) */
    atomic_bool stopping;
    pthread_mutex_t tls_lock; /* guards the two below */
    SSL_CTX *tls;             /* NULL on a plain listener */
    struct wall_time tls_expiry;
};

struct worker_counters {
#define WORKER_COUNTER_MEMBER(name, help) _Atomic uint64_t name;
    INGEST_COUNTER_TABLE(WORKER_COUNTER_MEMBER)
#undef WORKER_COUNTER_MEMBER
};
/* Only the worker writes its counters, so no read-modify-write is needed. */
#define WORKER_ADD(worker, name, by)                                                               \
    atomic_store_explicit(&(worker)->counters.name,                                                \
                          atomic_load_explicit(&(worker)->counters.name, memory_order_relaxed) +   \
                              (uint64_t)(by),                                                      \
                          memory_order_relaxed)
#define WORKER_SET(worker, name, to)                                                               \
    atomic_store_explicit(&(worker)->counters.name, (uint64_t)(to), memory_order_relaxed)

struct worker {
    struct shared *shared; /* outlives the worker */
    unsigned index;
    struct thread thread;
    int listener, epoll, wake;
    bool accepting;                   /* the listener is watched */
    struct boot_time accept_again_at; /* when not: until then */
    struct now now;                   /* of the event being served */
    struct wheel wheel;
    struct connection **slots; /* connections_max, by slot; NULL = free */
    uint32_t *free_slots;      /* a stack */
    uint32_t free_count;
    uint64_t serial;                /* of the newest connection */
    struct connection_list pending; /* without a name, oldest first */
    unsigned named;
    unsigned handshaking, queued;
    struct source_table sources;
    int64_t refusal_second; /* which second `refusals` counts */
    unsigned refusals;
    pthread_mutex_t mailbox_lock; /* guards the two below */
    unsigned mailbox_count;
    uint64_t mailbox[WORKER_MAILBOX_MAX]; /* connections to close: their instances came again */
    struct worker_counters counters;
    /* Scratch, used within one call. */
    struct wire_arena arena;
    struct wire_message message;
    size_t out_length;
    uint8_t in[WORKER_IN_BYTES];
    uint8_t out[WORKER_OUT_BYTES];
    uint8_t arena_bytes[WIRE_ARENA_BYTES];
};

/* Takes over `listener` (closed by worker_destroy()). */
enum status worker_create(struct shared *shared, unsigned index, int listener,
                          struct worker **worker_out) MUST_USE;
enum status worker_start(struct worker *worker) MUST_USE;
/* Asks the thread to look at its mailbox and at `stopping`. Any thread. */
void worker_wake(struct worker *worker);
void worker_join(struct worker *worker);
/* After worker_join(), or when it never started. NULL is fine. */
void worker_destroy(struct worker *worker);

/* Has connection `id` closed by the worker it belongs to. STATUS_FULL when that worker's mailbox
 * is. Worker threads. */
enum status worker_close_replaced(struct shared *shared, uint64_t id) MUST_USE;

#endif
