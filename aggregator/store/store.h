/* The store: few and precious records (incidents, intents, audit, configuration, events), written
 * in atomic batches and read back by key. Asynchronous: a batch is submitted, and its completion
 * arrives later on the store's own thread; only then may the batch's effects leave (SAFETY R1).
 *
 * What is over leaves by age, so that no table grows for ever: dead letters after 30 days, settled
 * intents, closed incidents and acknowledgements after 90, predictions by their `ttl`. Recovery
 * events and the audit stay. An age is that of the item's own time, by the wall clock.
 *
 * Kinds: sqlite (embedded default) and memory (tests), one function table, one conformance suite.
 */
#ifndef EAR_AGGREGATOR_STORE_STORE_H
#define EAR_AGGREGATOR_STORE_STORE_H

#include "common/model/record.h"

#define STORE_QUEUE_MAX      1024 /* batches and queries waiting; more is STATUS_FULL */
#define STORE_QUERY_ROWS_MAX 10000

struct store;

/* Heap batch with no operations, or NULL when memory is out. */
struct batch *batch_create(uint64_t id);
void batch_destroy(struct batch *batch); /* with all items; NULL is fine */
/* Adds an operation; `item` (NULL only for RECORD_DELETE) is copied. `sort` may be NULL = "".
 * STATUS_FULL beyond BATCH_OPERATIONS_MAX, STATUS_TOO_LARGE beyond RECORD_ITEM_SIZE or
 * RECORD_KEY_SIZE, STATUS_NO_MEMORY; the batch is then unchanged. */
enum status batch_add(struct batch *batch, enum record_operation_kind kind, enum record_table table,
                      const char *partition, const char *sort, const char *item) MUST_USE;

/* Runs on the store's thread: may only copy and enqueue. `status` STATUS_OK means durable: it
 * survives the loss of power. */
typedef void (*store_done_fn)(void *arg, uint64_t batch_id, enum status status);

/* Takes ownership of `batch` when it answers STATUS_OK; then `done` is called exactly once. Answers
 * STATUS_FULL at once when the queue is full (the batch stays the caller's). Batches become durable
 * in the order of submission. Any thread. Statuses given to `done`: STATUS_EXISTS (a RECORD_PUT_NEW
 * key exists; nothing of the batch was written), STATUS_NO_SPACE, STATUS_READ_ONLY, STATUS_IO,
 * STATUS_CORRUPT, STATUS_BUSY, STATUS_CANCELLED (the store was destroyed first). */
enum status store_submit(struct store *store, struct batch *batch, store_done_fn done,
                         void *arg) MUST_USE;

struct store_query {
    enum record_table table;
    char partition[RECORD_KEY_SIZE]; /* empty = all partitions */
    bool prefix;                     /* `partition` is only its beginning; not for RECORD_AUDIT */
    char from[RECORD_KEY_SIZE], to[RECORD_KEY_SIZE]; /* sort key range, inclusive; empty = open */
    bool newest_first;                               /* by sort key, else oldest first */
    size_t limit;                                    /* 1..STORE_QUERY_ROWS_MAX */
};

/* Runs on the store's thread. `records` belong to the store and live until the return. */
typedef void (*store_rows_fn)(void *arg, enum status status, const struct record *records,
                              size_t count);

/* Sees all batches submitted before it. Any thread. STATUS_FULL as above. */
enum status store_query(struct store *store, const struct store_query *query, store_rows_fn rows,
                        void *arg) MUST_USE;

/* The same, waiting for the answer: for start-up and command-line use, never on the engine's
 * thread.
 * `*records_out` is heap, freed by store_records_free. */
enum status store_read(struct store *store, const struct store_query *query,
                       struct record **records_out, size_t *count_out) MUST_USE;
void store_records_free(struct record *records, size_t count);

/* Finishes what is queued, signs a last audit head, and stops the thread. NULL is fine. */
void store_destroy(struct store *store);

struct store_options {
    const char *directory;      /* holds intents.db, history.db, audit.heads; created 0700 */
    const char *audit_key_file; /* Ed25519 key, PEM, outside `directory`; made, 0600, if absent */
    const char *writer;         /* the aggregator's id: names its audit chain; 1..48 characters */
    struct duration checkpoint; /* between signed audit heads; at least 1 s */
    /* SPEC's names of the tables, 3..255 of [A-Za-z0-9_.-]; NULL = "ec2-auto-recovery-" and the
     * table's own name. */
    const char *table_names[RECORD_TABLE_COUNT];
};

/* Opens or creates the embedded store and starts its thread. STATUS_BUSY: another aggregator holds
 * it (F45). STATUS_NEWER: written by a newer version. STATUS_CORRUPT: a file fails its check (F44).
 * STATUS_NO_SPACE, STATUS_READ_ONLY, STATUS_DENIED, STATUS_IO. On failure `place_out[256]` says
 * where and what. */
enum status store_open_sqlite(const struct store_options *options, struct store **store_out,
                              char *place_out) MUST_USE;
/* Renames the store's files to NAME.corrupt-UTC so that a fresh store can open beside them. */
enum status store_set_aside(const char *directory, struct wall_time now) MUST_USE;
/* Names of the files inside the directory, for audit_verify. */
#define STORE_INTENTS_FILE "intents.db"
#define STORE_HISTORY_FILE "history.db"
#define STORE_HEADS_FILE   "audit.heads"

/* Keeps everything in memory, durable for the life of the process. For tests. */
enum status store_open_memory(struct store **store_out) MUST_USE;

#endif
