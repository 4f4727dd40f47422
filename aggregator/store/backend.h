/* What a kind of store gives to store.c, which owns the queue, the thread and the callbacks. All
 * functions run on the store's thread. */
#ifndef EAR_AGGREGATOR_STORE_BACKEND_H
#define EAR_AGGREGATOR_STORE_BACKEND_H

#include "aggregator/store/store.h"

#define BACKEND_GROUP_MAX 32 /* batches that share one transaction and its one sync */

/* One batch of a group and what became of it. */
struct backend_commit {
    const struct batch *batch; /* borrowed for the call */
    enum status status;
};

struct backend {
    /* Writes a group in order; each batch whole or not at all. OK means durable. */
    void (*commit)(void *self, struct backend_commit *commits, size_t count);
    /* Rows on the heap, freed by store_records_free. */
    enum status (*read)(void *self, const struct store_query *query, struct record **records_out,
                        size_t *count_out);
    /* Housekeeping between groups: moving rows, signing heads, deleting by age. */
    void (*idle)(void *self, struct now now);
    void (*close)(void *self);
    void *self; /* owned */
};

/* Starts the thread over `backend`, which it then owns; on failure the caller still does. */
enum status store_start(const struct backend *backend, struct store **store_out) MUST_USE;

/* A growing list of rows, for read(). Zeroes = empty. */
struct record_list {
    struct record *rows;
    size_t count, capacity;
};
/* Adds a copy. STATUS_NO_MEMORY, STATUS_TOO_LARGE. */
enum status record_list_add(struct record_list *list, const char *partition, const char *sort,
                            const char *item) MUST_USE;

#endif
