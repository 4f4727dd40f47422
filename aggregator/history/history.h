/* Seven days of one instance's metrics as blocks of two hours: one open block of floats, filled
 * minute by minute, and sealed blocks of 16-bit columns with a scale each (DESIGN 6). Pure: storage
 * is the caller's; aggregator/rows keeps the files.
 *
 * Times are minutes since 1970 (wall ms / 60,000). A value that was not reported is NaN. */
#ifndef EAR_AGGREGATOR_HISTORY_HISTORY_H
#define EAR_AGGREGATOR_HISTORY_HISTORY_H

#include "common/base/clock.h"
#include "common/base/id.h"
#include "common/model/series.h"

#define HISTORY_MINUTES     120 /* of a block; blocks start at multiples of it */
#define HISTORY_FURTHER_MAX 64  /* further series an instance (DESIGN 6) */
#define HISTORY_COLUMNS_MAX (METRIC_MAX + HISTORY_FURTHER_MAX)
#define HISTORY_BYTES_MAX   65536 /* of a sealed block */

static inline int64_t history_minute(struct wall_time at) { return at.ms / 60000; }
/* The block that holds `minute`: its first minute. */
static inline int64_t history_block_start(int64_t minute) {
    return minute - minute % HISTORY_MINUTES;
}

/* What a column holds: a metric of the core vector, or one member of a family. */
struct history_column {
    bool further;
    enum metric_join join;
    char name[SERIES_NAME_SIZE];     /* the metric's wire name */
    char member[SERIES_MEMBER_SIZE]; /* empty for the core vector */
};

/* The open block. Core columns are columns 0..METRIC_COUNT-1 in the core vector's order; further
 * columns follow in the order of history_further(). */
struct history_block {
    int64_t start; /* first minute; -1 = nothing appended yet */
    int32_t last;  /* newest minute appended, 0..119; -1 = none */
    uint32_t further_count;
    uint32_t further_max;                /* of `further` and `further_cells` below */
    struct history_column *further;      /* borrowed: the caller's storage, or NULL when max is 0 */
    float *further_cells;                /* [HISTORY_MINUTES][further_max] */
    uint16_t core_samples[METRIC_COUNT]; /* values joined into the newest minute, by column */
    uint16_t further_samples[HISTORY_FURTHER_MAX];
    float core_cells[HISTORY_MINUTES][METRIC_COUNT];
};

/* An empty block without room for further series. */
void history_init(struct history_block *block);
/* Gives room for further series: `max` <= HISTORY_FURTHER_MAX places in both arrays, at least as
 * many as the block had; what it held is copied over, and the old arrays are the caller's again. */
void history_give_room(struct history_block *block, struct history_column *further, float *cells,
                       uint32_t max);
/* Empties the block for a new two hours; the names of further series stay. */
void history_restart(struct history_block *block, int64_t start);

/* Joins one report's values into their minute, by each metric's join (mean, max, min).
 * Returns STATUS_OK; STATUS_AGAIN when `minute` lies after this block: seal it, restart, repeat.
 * A minute before the block (the clock stepped back) goes into the block's first minute: order of
 * arrival is what counts. */
enum status history_append(struct history_block *block, int64_t minute,
                           const struct metric_vector *core) MUST_USE;
/* The column of a further series, made when new. STATUS_FULL when there is no room. */
enum status history_further(struct history_block *block, const struct series_name *name,
                            uint32_t *column_out) MUST_USE;
/* Joins a value of a further series into the newest minute appended. Not finite: ignored. */
void history_append_further(struct history_block *block, uint32_t column, float value);

/* Writes the block as a sealed one: header, columns that hold anything, CRC-32C.
 * STATUS_TOO_LARGE when `capacity` is too small (HISTORY_BYTES_MAX always fits). */
enum status history_encode(const struct history_block *block, const struct instance_id *instance,
                           uint8_t *bytes, size_t capacity, size_t *length_out) MUST_USE;

/* A sealed block over borrowed bytes (a mapped file), valid as long as they are. */
struct history_sealed {
    const uint8_t *bytes;
    size_t length;
    int64_t start;
    uint32_t column_count;
    struct instance_id instance;
};

/* Checks everything that a reader relies on. STATUS_CORRUPT (checksum, bounds), STATUS_NEWER,
 * STATUS_MALFORMED (not a block at all). */
enum status history_open(const uint8_t *bytes, size_t length,
                         struct history_sealed *sealed_out) MUST_USE;
/* What column `index` < column_count holds, and its values into `values_out`. */
void history_read(const struct history_sealed *sealed, uint32_t index,
                  struct history_column *column_out, float values_out[HISTORY_MINUTES]);
/* The values of one column by name; STATUS_NOT_FOUND when the block does not hold it.
 * member  NULL or empty for the core vector */
enum status history_find(const struct history_sealed *sealed, const char *name, const char *member,
                         float values_out[HISTORY_MINUTES]) MUST_USE;
/* The same from the open block. */
enum status history_peek(const struct history_block *block, const char *name, const char *member,
                         float values_out[HISTORY_MINUTES]) MUST_USE;

/* One point of a chart: the minutes that fell into it. */
struct history_point {
    float least, mean, most; /* NaN when count is 0 */
    uint32_t count;          /* minutes with a value */
};

/* Rolls up minutes [from, to) into `count` points of the caller's, equally wide. */
struct history_rollup {
    int64_t from, to;
    uint32_t count;
    struct history_point *points; /* borrowed */
};

/* from < to, count 1..10,080. Points start empty. */
void history_rollup_init(struct history_rollup *rollup, int64_t from, int64_t to,
                         struct history_point *points, uint32_t count);
/* Adds one block's column; minutes outside the range and NaN are passed over. */
void history_rollup_add(struct history_rollup *rollup, int64_t block_start,
                        const float values[HISTORY_MINUTES]);

#endif
