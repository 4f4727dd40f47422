/* The store's thread: takes batches and queries from a bounded queue in order, commits batches in
 * groups, answers on its own thread. It owns the backend and every batch it accepted. */
#include "aggregator/store/store.h"

#include <pthread.h>
#include <stdlib.h>

#include "aggregator/store/backend.h"
#include "common/sys/clock.h"
#include "common/sys/queue.h"
#include "common/sys/thread.h"

#define STORE_RESERVED 64 /* places that only batches may use: queries are shed first */
#define IDLE_EVERY_MS  200

struct store {
    struct backend backend;
    struct queue *queue;
    struct thread thread;
};

/* One entry of the queue: a batch, or a query when `batch` is NULL. */
struct request {
    struct batch *batch; /* owned */
    store_done_fn done;
    struct store_query query;
    store_rows_fn rows;
    void *arg;
};

/* The batches of the group being gathered. */
struct group {
    struct request requests[BACKEND_GROUP_MAX];
    size_t count;
};

static void commit_group(struct store *store, struct group *group) {
    struct backend_commit commits[BACKEND_GROUP_MAX];
    if (group->count == 0) return;
    for (size_t i = 0; i < group->count; i++)
        commits[i] = (struct backend_commit){group->requests[i].batch, STATUS_INTERNAL};
    store->backend.commit(store->backend.self, commits, group->count);
    for (size_t i = 0; i < group->count; i++) {
        struct request *request = &group->requests[i];
        request->done(request->arg, request->batch->id, commits[i].status);
        batch_destroy(request->batch);
    }
    group->count = 0;
}

static void answer_query(struct store *store, const struct request *request) {
    struct record *records = NULL;
    size_t count = 0;
    enum status status =
        store->backend.read(store->backend.self, &request->query, &records, &count);
    request->rows(request->arg, status, records, count);
    store_records_free(records, count);
}

/* Gathers what waits, up to a group; a query closes the group first, so that it sees its batches.
 */
static void serve(struct store *store, struct request *request) {
    struct group group = {.count = 0};
    do {
        if (request->batch != NULL) {
            group.requests[group.count++] = *request;
        } else {
            commit_group(store, &group);
            answer_query(store, request);
        }
    } while (group.count < BACKEND_GROUP_MAX && queue_pop(store->queue, request) == STATUS_OK);
    commit_group(store, &group);
}

static void run(void *argument) {
    struct store *store = argument;
    struct request request;
    for (;;) {
        enum status status = queue_wait(store->queue, &request, duration_ms(IDLE_EVERY_MS));
        if (status == STATUS_CLOSED) break;
        if (status == STATUS_OK) serve(store, &request);
        store->backend.idle(store->backend.self, sys_now());
    }
    store->backend.close(store->backend.self);
}

enum status store_start(const struct backend *backend, struct store **store_out) {
    struct store *store = calloc(1, sizeof *store);
    if (store == NULL) return STATUS_NO_MEMORY;
    store->backend = *backend;
    enum status status =
        queue_create(sizeof(struct request), STORE_QUEUE_MAX, STORE_RESERVED, &store->queue);
    if (status == STATUS_OK) status = thread_start(&store->thread, "ear-store", 0, run, store);
    if (status != STATUS_OK) {
        queue_destroy(store->queue);
        free(store);
        return status;
    }
    *store_out = store;
    return STATUS_OK;
}

void store_destroy(struct store *store) {
    if (store == NULL) return;
    queue_close(store->queue);
    thread_join(&store->thread);
    queue_destroy(store->queue);
    free(store);
}

enum status store_submit(struct store *store, struct batch *batch, store_done_fn done, void *arg) {
    struct request request = {.batch = batch, .done = done, .arg = arg};
    return queue_push(store->queue, &request, QUEUE_HIGH);
}

enum status store_query(struct store *store, const struct store_query *query, store_rows_fn rows,
                        void *arg) {
    ASSERT(query->limit >= 1 && query->limit <= STORE_QUERY_ROWS_MAX);
    struct request request = {.query = *query, .rows = rows, .arg = arg};
    return queue_push(store->queue, &request, QUEUE_NORMAL);
}

/* A caller of store_read, waiting for its rows. */
struct waiting {
    pthread_mutex_t lock;
    pthread_cond_t done_changed;
    bool done; /* guarded by lock, as what follows */
    enum status status;
    struct record_list list;
};

static void take_rows(void *arg, enum status status, const struct record *records, size_t count) {
    struct waiting *waiting = arg;
    pthread_mutex_lock(&waiting->lock);
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status =
            record_list_add(&waiting->list, records[i].partition, records[i].sort, records[i].item);
    waiting->status = status;
    waiting->done = true;
    pthread_cond_signal(&waiting->done_changed);
    pthread_mutex_unlock(&waiting->lock);
}

enum status store_read(struct store *store, const struct store_query *query,
                       struct record **records_out, size_t *count_out) {
    struct waiting waiting = {.lock = PTHREAD_MUTEX_INITIALIZER,
                              .done_changed = PTHREAD_COND_INITIALIZER};
    enum status status = store_query(store, query, take_rows, &waiting);
    if (status != STATUS_OK) return status;
    pthread_mutex_lock(&waiting.lock);
    while (!waiting.done) pthread_cond_wait(&waiting.done_changed, &waiting.lock);
    pthread_mutex_unlock(&waiting.lock);
    if (waiting.status != STATUS_OK) {
        store_records_free(waiting.list.rows, waiting.list.count);
        return waiting.status;
    }
    *records_out = waiting.list.rows;
    *count_out = waiting.list.count;
    return STATUS_OK;
}
