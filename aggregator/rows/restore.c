/* Reading back: the journal's segments into rows and open blocks, at the start, alone; then each
 * row's blocks into its streams, when its first report comes, under the row's lock. So a start is
 * quick, and the work is spread over the agents' dialling. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/rows/blocks.h"
#include "aggregator/rows/rows_private.h"
#include "common/sys/log.h"

#define COARSE_MINUTES 60 /* minutes older than a day are fed as the worst of so many */
#define WARM_DAYS      (PREDICT_DAYS + 1)

/* A row number of the segment being read. */
struct named {
    struct row *row; /* NULL = not named in this segment */
    struct boot_id boot;
    int8_t columns[HISTORY_FURTHER_MAX]; /* the record's columns as ours; -1 = not kept */
};

struct restore {
    struct rows *rows;
    uint64_t segment;
    struct named named[ROWS_INSTANCES_MAX];
};

static enum status take_name(struct restore *restore, const struct journal_name *name) {
    struct named *named = &restore->named[name->row];
    enum status status = rows_add(restore->rows, &name->instance, &named->row);
    if (status != STATUS_OK) {
        named->row = NULL; /* a smaller table than before: the rest of it is passed over */
        return status == STATUS_FULL ? STATUS_OK : status;
    }
    memset(named->columns, -1, sizeof named->columns);
    named->row->interval_ms = name->interval_ms;
    named->row->journaled_known = 0;
    return STATUS_OK;
}

static void take_boot(struct named *named, const struct journal_boot *boot) {
    struct row_boot *known = row_boot_find(named->row, &boot->boot);
    if (!known) known = row_boot_add(named->row, &boot->boot);
    if (boot->sequence > known->journaled) known->journaled = known->seen = boot->sequence;
    named->boot = boot->boot;
}

static enum status take_series(struct named *named, const struct journal_series *series) {
    uint8_t column = 0;
    enum status status = row_column(named->row, &series->name, &column);
    if (status == STATUS_FULL) return STATUS_OK;
    if (status != STATUS_OK) return status;
    named->columns[series->column] = (int8_t)column;
    return STATUS_OK;
}

static size_t further_of(const struct named *named, const struct journal_report *report,
                         struct row_value values[HISTORY_FURTHER_MAX]) {
    size_t count = 0;
    for (size_t i = 0; i < report->further_count; i++) {
        uint8_t written = report->further_columns[i] & (uint8_t)~JOURNAL_SAME;
        if (named->columns[written] < 0) continue;
        uint8_t column = (uint8_t)named->columns[written];
        float *last = &named->row->further->journaled[column];
        if (!(report->further_columns[i] & JOURNAL_SAME)) *last = report->further_values[i];
        values[count++] = (struct row_value){column, *last};
    }
    return count;
}

static struct metric_vector core_of(struct row *row, const struct journal_report *report) {
    struct metric_vector core = {0};
    for (unsigned i = 0; i < METRIC_COUNT; i++) {
        if (report->changed >> i & 1) {
            row->journaled[i] = report->values[i];
            row->journaled_known |= UINT64_C(1) << i;
        }
        if ((report->present & row->journaled_known) >> i & 1)
            metric_set(&core, (enum metric)i, (double)row->journaled[i]);
    }
    return core;
}

static enum status take_report(struct restore *restore, struct named *named,
                               const struct journal_report *report) {
    struct row *row = named->row;
    struct row_value further[HISTORY_FURTHER_MAX];
    struct sealing *sealing = NULL;
    struct metric_vector core = core_of(row, report);
    size_t count = further_of(named, report, further);
    struct row_boot *boot = row_boot_find(row, &named->boot);
    if (!boot || report->sequence <= boot->journaled) return STATUS_OK;
    enum status status = row_apply(row, &restore->rows->options.settings, report->at,
                                   row->interval_ms, &core, further, count, &sealing);
    if (status != STATUS_OK) return status;
    rows_queue_sealing(restore->rows, sealing);
    if (row->block_segment == 0) row->block_segment = restore->segment;
    row->core = core;
    boot->journaled = boot->seen = report->sequence;
    atomic_fetch_add(&restore->rows->tally.journal_replayed, 1);
    return STATUS_OK;
}

static enum status take_record(void *context, const struct journal_record *record) {
    struct restore *restore = context;
    uint32_t number = record->kind == JOURNAL_NAME     ? record->name.row
                      : record->kind == JOURNAL_BOOT   ? record->boot.row
                      : record->kind == JOURNAL_SERIES ? record->series.row
                                                       : record->report.row;
    if (number >= ROWS_INSTANCES_MAX) return STATUS_OK; /* not one that this program wrote */
    struct named *named = &restore->named[number];
    if (record->kind != JOURNAL_NAME && !named->row) return STATUS_OK;
    switch (record->kind) {
    case JOURNAL_NAME: return take_name(restore, &record->name);
    case JOURNAL_BOOT: take_boot(named, &record->boot); return STATUS_OK;
    case JOURNAL_SERIES: return take_series(named, &record->series);
    case JOURNAL_REPORT: return take_report(restore, named, &record->report);
    }
    return STATUS_OK;
}

static enum status read_one(struct restore *restore, uint64_t segment) {
    uint64_t torn = 0;
    restore->segment = segment;
    memset(restore->named, 0, sizeof restore->named);
    enum status status = journal_read(restore->rows->folder, segment, take_record, restore, &torn);
    if (torn > 0)
        log_event(LOG_LEVEL_WARNING, "journal.torn_tail", log_unsigned("segment", segment),
                  log_unsigned("bytes", torn),
                  log_string("instead", "dropped: it was never acknowledged"));
    rows_write_sealings(restore->rows, ROWS_SEALINGS_MAX);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status rows_restore(struct rows *rows) {
    struct restore *restore = calloc(1, sizeof *restore);
    if (!restore) return STATUS_NO_MEMORY;
    restore->rows = rows;
    enum status status = STATUS_OK;
    for (uint64_t segment = rows->journal.oldest;
         status == STATUS_OK && segment <= rows->journal.segment; segment++)
        status = read_one(restore, segment);
    if (status != STATUS_OK)
        log_event(LOG_LEVEL_ERROR, "journal.cannot_be_read", log_string("folder", rows->folder),
                  log_unsigned("segment", restore->segment), log_status("status", status));
    free(restore);
    for (size_t i = 0; i < ROWS_INSTANCES_MAX; i++)
        if (rows->slots[i]) rows->slots[i]->journaled_known = 0; /* of segments we do not write */
    return status;
}

/* ---- what is on disk and in the open block, into streams ---- */

struct warming {
    struct rows *rows;
    struct row *row;
    int64_t fine_from; /* minutes from here on are fed one by one */
    int64_t before;    /* sealed blocks from here on are not fed */
    uint32_t count;    /* columns of the block at hand */
    struct history_column columns[HISTORY_COLUMNS_MAX];
    enum metric metrics[HISTORY_COLUMNS_MAX];
    float values[HISTORY_COLUMNS_MAX][HISTORY_MINUTES];
};

/* The worst of the minutes from `at` on: the largest, for credits the smallest. */
static float worst(const struct warming *warming, uint32_t column, int64_t at, int64_t count) {
    const float *values = warming->values[column];
    bool falls = warming->metrics[column] == METRIC_CPU_CREDIT_BALANCE;
    float found = NAN;
    for (int64_t i = at; i < at + count && i < HISTORY_MINUTES; i++) {
        if (isnan(values[i])) continue;
        if (isnan(found) || (falls ? values[i] < found : values[i] > found)) found = values[i];
    }
    return found;
}

static void feed_minutes(struct warming *warming, int64_t start, int64_t at, int64_t count) {
    const struct predict_settings *settings = &warming->rows->options.settings;
    struct predict_row *predict = warming->row->predict;
    struct wall_time time = {(start + at) * 60000};
    bool arrived = false;
    for (uint32_t i = 0; i < warming->count; i++) {
        float value = worst(warming, i, at, count);
        if (isnan(value)) continue;
        if (!arrived) predict_arrive(settings, predict, time, (uint32_t)(count * 60000));
        arrived = true;
        const struct history_column *column = &warming->columns[i];
        if (column->further)
            predict_observe_member(predict, time, warming->metrics[i], column->member, value);
        else
            predict_observe(predict, warming->metrics[i], value);
    }
}

static void feed_block(struct warming *warming, int64_t start) {
    int64_t step = start >= warming->fine_from ? 1 : COARSE_MINUTES;
    for (int64_t at = 0; at < HISTORY_MINUTES; at += step) feed_minutes(warming, start, at, step);
}

/* Keeps the column that was just put behind the others when the model may read it. */
static void keep_column(struct warming *warming) {
    const char *name = warming->columns[warming->count].name;
    enum metric metric = METRIC_COUNT;
    if (metric_find(name, strlen(name), &metric) != STATUS_OK) return;
    warming->metrics[warming->count++] = metric;
}

static void warm_sealed(void *context, const struct history_sealed *sealed) {
    struct warming *warming = context;
    if (sealed->start >= warming->before) return;
    warming->count = 0;
    for (uint32_t i = 0; i < sealed->column_count; i++) {
        history_read(sealed, i, &warming->columns[warming->count], warming->values[warming->count]);
        keep_column(warming);
    }
    feed_block(warming, sealed->start);
}

static void warm_open(struct warming *warming) {
    const struct history_block *block = &warming->row->block;
    if (block->last < 0) return;
    warming->count = 0;
    for (unsigned i = 0; i < METRIC_COUNT; i++) {
        struct history_column *column = &warming->columns[warming->count];
        const char *name = metric_row((enum metric)i)->name;
        *column = (struct history_column){0};
        memcpy(column->name, name, strlen(name));
        if (history_peek(block, name, NULL, warming->values[warming->count]) == STATUS_OK)
            keep_column(warming);
    }
    for (uint32_t i = 0; i < block->further_count; i++) {
        struct history_column *column = &warming->columns[warming->count];
        *column = block->further[i];
        if (history_peek(block, column->name, column->member, warming->values[warming->count]) ==
            STATUS_OK)
            keep_column(warming);
    }
    feed_block(warming, block->start);
}

void rows_warm(struct rows *rows, struct row *row, int64_t before_minute) {
    if (row->warm) return;
    row->warm = true;
    if (!row->predict || rows->folder[0] == '\0') return;
    struct warming *warming = malloc(sizeof *warming);
    if (!warming) return; /* the streams begin cold: later, not wrong */
    int64_t day = rows->options.settings.day.ms / 60000;
    bool open = row->block.last >= 0;
    warming->rows = rows;
    warming->row = row;
    warming->before = open ? row->block.start : history_block_start(before_minute);
    warming->fine_from = before_minute - day - HISTORY_MINUTES;
    uint64_t corrupt = 0;
    enum status status = blocks_each(rows->folder, &row->id, before_minute - WARM_DAYS * day,
                                     before_minute, warm_sealed, warming, &corrupt);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND)
        log_event(LOG_LEVEL_WARNING, "history.cannot_be_read", log_string("instance", row->id.text),
                  log_status("status", status));
    atomic_fetch_add(&rows->tally.blocks_corrupt, corrupt);
    warm_open(warming);
    free(warming);
}
