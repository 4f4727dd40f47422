/* One instance's row. Everything in it is guarded by its lock, except `id` and `number`, which
 * never change, and the two flags of our own actions. Private to aggregator/rows. */
#ifndef EAR_AGGREGATOR_ROWS_ROW_H
#define EAR_AGGREGATOR_ROWS_ROW_H

#include <pthread.h>
#include <stdatomic.h>

#include "aggregator/rows/journal.h"
#include "aggregator/rows/rows.h"

#define ROW_BOOTS                                                                                  \
    4 /* boots of one instance told apart: a late report of an older one is no news                \
       */

struct row_boot {
    struct boot_id id;
    uint64_t journaled; /* highest sequence that was acknowledged */
    uint64_t seen;      /* highest sequence that is in the row, journaled or not */
};

/* A block that is full and not yet in its file. */
struct sealing {
    struct sealing *next;
    struct instance_id instance;
    int64_t start;
    uint64_t segment; /* lowest journal segment that holds any of it */
    size_t length;
    uint8_t bytes[];
};

struct row_further {
    struct history_column columns[HISTORY_FURTHER_MAX];
    float cells[HISTORY_MINUTES * HISTORY_FURTHER_MAX];
    enum metric metrics[HISTORY_FURTHER_MAX]; /* the core metric of the name; METRIC_COUNT = none */
    float journaled[HISTORY_FURTHER_MAX];     /* value last journaled, where `announced` says so */
};

struct row {
    pthread_mutex_t lock;
    struct instance_id id;
    uint32_t number;           /* in the journal */
    uint64_t connection;       /* newest seen */
    uint64_t noted_connection; /* whose first report has been posted */
    uint32_t boot_count;
    struct row_boot boots[ROW_BOOTS]; /* newest first */

    /* last report */
    char agent_version[VERSION_SIZE];
    uint32_t interval_ms;
    bool arrived; /* in this run of the aggregator */
    struct boot_time arrival;
    bool silent;       /* posted so */
    bool resend;       /* an event was lost: the next report says again what is so */
    atomic_bool grace; /* set beside the lock: it may be held across a write of the journal */
    atomic_bool
        cut_short; /* an action has ended: the predictor hears of it before the next value */
    struct metric_vector core;
    uint16_t check_count;
    struct check_result checks[REPORT_CHECKS_MAX];

    /* dictionary */
    bool dictionary_known;
    uint32_t dictionary_generation;
    bool unmapped;               /* some of it found no column */
    int8_t columns[SERIES_MAX];  /* of each series number; -1 = not kept */
    struct row_further *further; /* NULL until a dictionary came */

    /* history */
    struct history_block block;
    uint64_t block_segment; /* lowest segment that feeds the open block; 0 = it is empty */

    /* journal */
    uint64_t journal_segment; /* in which the row is named; 0 = none */
    uint64_t journaled_known; /* metrics whose last journaled value is below */
    float journaled[METRIC_COUNT];
    uint64_t announced;          /* further columns named in this segment: their value is known */
    struct boot_id journal_boot; /* that following records belong to */

    /* prediction */
    bool warm;                   /* streams have been fed from what is on disk */
    struct predict_row *predict; /* NULL when predictions are off */
    struct prediction prediction;
    bool posted;
    float posted_confidence;
    struct boot_time posted_at;
};

/* One further value of a report: its column and the value. */
struct row_value {
    uint8_t column;
    float value;
};

enum status row_create(const struct instance_id *id, uint32_t number, bool predict,
                       struct row **row_out) MUST_USE;
void row_destroy(struct row *row);

/* Puts one report's values into block and streams. When the block is full, it comes back encoded:
 * *sealing_out, the caller's; else NULL. STATUS_NO_MEMORY: nothing was changed. */
enum status row_apply(struct row *row, const struct predict_settings *settings, struct wall_time at,
                      uint32_t interval_ms, const struct metric_vector *core,
                      const struct row_value *further, size_t further_count,
                      struct sealing **sealing_out) MUST_USE;
/* Seals the open block when its two hours are over at minute `now`; NULL when not. */
enum status row_turn(struct row *row, int64_t now_minute, struct sealing **sealing_out) MUST_USE;
/* When a report that arrives at `now` is put: not before the open block, unless the clock stepped
 * back by more than a block. */
struct wall_time row_time(const struct row *row, struct wall_time now);

/* Storage for further series. STATUS_NO_MEMORY. */
enum status row_need_further(struct row *row) MUST_USE;
/* Takes a dictionary over. */
enum status row_dictionary(struct row *row, const struct series_dictionary *dictionary) MUST_USE;
/* The column of a named series. STATUS_FULL. */
enum status row_column(struct row *row, const struct series_name *name,
                       uint8_t *column_out) MUST_USE;
/* A report's further series as columns; gives how many are kept. */
size_t row_further_values(const struct row *row, const struct report *report,
                          struct row_value values[HISTORY_FURTHER_MAX]);

/* The boot's entry, NULL when unknown; and a new newest one. */
struct row_boot *row_boot_find(struct row *row, const struct boot_id *boot);
struct row_boot *row_boot_add(struct row *row, const struct boot_id *boot);

/* The records that make this report durable, whole, in `bytes`; gives their length. Names row,
 * boots and series first when the segment has not heard of them. */
#define ROW_RECORDS_MAX 16384
size_t row_records(const struct row *row, uint64_t segment, const struct journal_report *report,
                   const struct boot_id *boot, uint8_t bytes[ROW_RECORDS_MAX]);
/* After they were written: remembers what need not be written again. */
void row_recorded(struct row *row, uint64_t segment, const struct journal_report *report,
                  const struct boot_id *boot);

#endif
