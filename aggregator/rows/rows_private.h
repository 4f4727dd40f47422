/* The table of rows and what its parts share. Private to aggregator/rows.
 *
 * Locks, taken in this order: table (read for any use of a row, write to add or remove one), one
 * row's, then journal or sealing. Events about a row are posted while its lock is held. */
#ifndef EAR_AGGREGATOR_ROWS_ROWS_PRIVATE_H
#define EAR_AGGREGATOR_ROWS_ROWS_PRIVATE_H

#include <stdatomic.h>

#include "aggregator/rows/row.h"
#include "common/sys/thread.h"

#define ROWS_TABLE_PLACES 65536 /* open addressing; at most 31 % full */
#define ROWS_FOLDER_SIZE  256
#define ROWS_SEALINGS_MAX (2 * ROWS_INSTANCES_MAX) /* blocks that wait to be written */

/* What rows_counters() shows; changed from any thread. */
struct rows_tally {
    atomic_uint_fast64_t reports, duplicates, superseded, refused_journal, refused_full;
    atomic_uint_fast64_t blocks_sealed, blocks_corrupt, journal_syncs, journal_replayed;
    atomic_uint_fast64_t scores, silences;
};

struct rows {
    struct rows_options options;   /* state_directory is not kept: see folder */
    char folder[ROWS_FOLDER_SIZE]; /* STATE/history; empty = nothing on disk */
    struct boot_time started;      /* first clock seen; 0 = none yet */
    struct rows_tally tally;

    pthread_rwlock_t table_lock; /* guards the four below */
    size_t count;
    struct row *places[ROWS_TABLE_PLACES];
    struct row *slots[ROWS_INSTANCES_MAX]; /* by row number; NULL = free */
    uint32_t free_slot;                    /* no free one below it */

    pthread_mutex_t journal_lock; /* guards the three below */
    struct journal journal;
    bool journal_broken;                 /* said so; cleared by a while of appends that work */
    struct boot_time journal_good_since; /* the first of them; 0 = none */

    pthread_mutex_t sealing_lock; /* guards the four below */
    struct sealing *sealing_first, *sealing_last;
    size_t sealing_count;
    bool sealing_broken;
    uint64_t
        held_segment; /* blocks from it on were given up in memory: keep its journal; 0 = none */

    struct now clock_base; /* a pair of both clocks that agreed: see rows_clock_steady */
    struct boot_time expired_at;

    pthread_mutex_t stop_lock;
    pthread_cond_t stop_wake;
    bool stopping;
    struct thread sync_thread, pass_thread;
};

/* The row, with the table lock held for reading and the row's lock held: rows_release() ends both.
 * `make` adds it when it is new. STATUS_NOT_FOUND, STATUS_FULL, STATUS_NO_MEMORY. */
enum status rows_acquire(struct rows *rows, const struct instance_id *instance, bool make,
                         struct row **row_out) MUST_USE;
/* The row, or NULL; the table lock is held. */
struct row *rows_find(const struct rows *rows, const struct instance_id *instance);
void rows_release(struct rows *rows, struct row *row);
/* Adds a row; table lock held for writing, or alone. */
enum status rows_add(struct rows *rows, const struct instance_id *instance,
                     struct row **row_out) MUST_USE;

/* Tells the predictor of an action of ours that has ended; the row's lock is held. */
void rows_note_action(struct rows *rows, struct row *row);

/* Queues a full block for the sync thread; NULL does nothing. */
void rows_queue_sealing(struct rows *rows, struct sealing *sealing);
/* Writes up to `most` of what is queued; stops at the first that cannot be written and keeps it. */
void rows_write_sealings(struct rows *rows, size_t most);

/* Feeds a row's streams from its sealed and open blocks, once; the row's lock is held. */
void rows_warm(struct rows *rows, struct row *row, int64_t before_minute);
/* Reads the journal back; alone. */
enum status rows_restore(struct rows *rows) MUST_USE;

/* A new event about an instance; NULL when out of memory (said in the log). */
struct event *rows_event(enum event_kind kind, const struct instance_id *instance);
/* STATUS_NO_MEMORY for NULL, else what `post` says. The row's lock is held. */
enum status rows_post(struct rows *rows, struct event *event) MUST_USE;

#endif
