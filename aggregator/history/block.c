/* The open block: joins reports into minutes. All storage is the caller's; guarded by the caller.
 */
#include <math.h>
#include <string.h>

#include "aggregator/history/history.h"

static void clear_core(struct history_block *block) {
    for (size_t minute = 0; minute < HISTORY_MINUTES; minute++)
        for (size_t column = 0; column < METRIC_COUNT; column++)
            block->core_cells[minute][column] = NAN;
}

static float *further_cell(const struct history_block *block, int32_t minute, uint32_t column) {
    return &block->further_cells[(size_t)minute * block->further_max + column];
}

static void clear_further(struct history_block *block) {
    for (size_t i = 0; i < (size_t)HISTORY_MINUTES * block->further_max; i++)
        block->further_cells[i] = NAN;
}

void history_init(struct history_block *block) {
    memset(block, 0, sizeof *block);
    block->start = -1;
    block->last = -1;
    clear_core(block);
}

void history_give_room(struct history_block *block, struct history_column *further, float *cells,
                       uint32_t max) {
    ASSERT(max <= HISTORY_FURTHER_MAX && max >= block->further_count);
    struct history_block old = {.further_max = block->further_max,
                                .further_cells = block->further_cells};
    const struct history_column *names = block->further;
    block->further = further;
    block->further_cells = cells;
    block->further_max = max;
    clear_further(block);
    for (uint32_t column = 0; column < block->further_count; column++) {
        further[column] = names[column];
        for (int32_t minute = 0; minute < HISTORY_MINUTES; minute++)
            *further_cell(block, minute, column) = *further_cell(&old, minute, column);
    }
}

void history_restart(struct history_block *block, int64_t start) {
    block->start = start;
    block->last = -1;
    memset(block->core_samples, 0, sizeof block->core_samples);
    memset(block->further_samples, 0, sizeof block->further_samples);
    clear_core(block);
    clear_further(block);
}

static void join(float *cell, uint16_t *samples, enum metric_join how, float value) {
    if (isnan(*cell)) {
        *cell = value;
        *samples = 1;
        return;
    }
    switch (how) {
    case METRIC_JOIN_MEAN:
        if (*samples < UINT16_MAX) (*samples)++;
        *cell += (value - *cell) / (float)*samples;
        return;
    case METRIC_JOIN_MAX:
        if (value > *cell) *cell = value;
        return;
    case METRIC_JOIN_MIN:
        if (value < *cell) *cell = value;
        return;
    }
}

enum status history_append(struct history_block *block, int64_t minute,
                           const struct metric_vector *core) {
    if (block->start < 0) block->start = history_block_start(minute);
    if (minute >= block->start + HISTORY_MINUTES) return STATUS_AGAIN;
    int32_t at = minute < block->start ? 0 : (int32_t)(minute - block->start);
    /* Counts are of the newest minute; in an older one a further value weighs as one of two. */
    if (at != block->last) {
        memset(block->core_samples, 0, sizeof block->core_samples);
        memset(block->further_samples, 0, sizeof block->further_samples);
        for (size_t i = 0; at < block->last && i < METRIC_COUNT; i++) block->core_samples[i] = 1;
        for (size_t i = 0; at < block->last && i < HISTORY_FURTHER_MAX; i++)
            block->further_samples[i] = 1;
    }
    block->last = at;
    for (unsigned i = 0; i < METRIC_COUNT; i++)
        if (metric_has(core, (enum metric)i))
            join(&block->core_cells[at][i], &block->core_samples[i],
                 metric_row((enum metric)i)->join, core->values[i]);
    return STATUS_OK;
}

/* Members of a family join as their core metric does; names the core does not know, by mean. */
static enum metric_join join_of(const char *name) {
    enum metric metric;
    if (metric_find(name, strlen(name), &metric) != STATUS_OK) return METRIC_JOIN_MEAN;
    return metric_row(metric)->join;
}

enum status history_further(struct history_block *block, const struct series_name *name,
                            uint32_t *column_out) {
    for (uint32_t i = 0; i < block->further_count; i++) {
        if (strcmp(block->further[i].name, name->name) != 0 ||
            strcmp(block->further[i].member, name->member) != 0)
            continue;
        *column_out = i;
        return STATUS_OK;
    }
    if (block->further_count == block->further_max) return STATUS_FULL;
    struct history_column *column = &block->further[block->further_count];
    memset(column, 0, sizeof *column);
    column->further = true;
    column->join = join_of(name->name);
    memcpy(column->name, name->name, sizeof column->name);
    memcpy(column->member, name->member, sizeof column->member);
    *column_out = block->further_count++;
    return STATUS_OK;
}

void history_append_further(struct history_block *block, uint32_t column, float value) {
    ASSERT(column < block->further_count);
    if (block->last < 0 || !isfinite(value)) return;
    join(further_cell(block, block->last, column), &block->further_samples[column],
         block->further[column].join, value);
}

enum status history_peek(const struct history_block *block, const char *name, const char *member,
                         float values_out[HISTORY_MINUTES]) {
    enum metric metric;
    bool further = member && member[0] != '\0';
    if (!further && metric_find(name, strlen(name), &metric) == STATUS_OK) {
        for (size_t i = 0; i < HISTORY_MINUTES; i++) values_out[i] = block->core_cells[i][metric];
        return STATUS_OK;
    }
    for (uint32_t column = 0; further && column < block->further_count; column++) {
        if (strcmp(block->further[column].name, name) != 0 ||
            strcmp(block->further[column].member, member) != 0)
            continue;
        for (int32_t i = 0; i < HISTORY_MINUTES; i++)
            values_out[i] = *further_cell(block, i, column);
        return STATUS_OK;
    }
    return STATUS_NOT_FOUND;
}
