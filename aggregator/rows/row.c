/* The row's own work: blocks, streams, dictionary, what the journal needs of it. The caller holds
 * the row's lock (or is alone with it, when reading back). */
#include "aggregator/rows/row.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum status row_create(const struct instance_id *id, uint32_t number, bool predict,
                       struct row **row_out) {
    struct row *row = calloc(1, sizeof *row);
    if (!row) return STATUS_NO_MEMORY;
    row->id = *id;
    row->number = number;
    memset(row->columns, -1, sizeof row->columns);
    history_init(&row->block);
    if (predict) {
        row->predict = malloc(sizeof *row->predict);
        if (row->predict) predict_row_init(row->predict);
    }
    if ((predict && !row->predict) || pthread_mutex_init(&row->lock, NULL) != 0) {
        free(row->predict);
        free(row);
        return STATUS_NO_MEMORY;
    }
    *row_out = row;
    return STATUS_OK;
}

void row_destroy(struct row *row) {
    if (!row) return;
    (void)pthread_mutex_destroy(&row->lock); /* nobody holds it any more */
    free(row->further);
    free(row->predict);
    free(row);
}

enum status row_need_further(struct row *row) {
    if (row->further) return STATUS_OK;
    row->further = malloc(sizeof *row->further);
    if (!row->further) return STATUS_NO_MEMORY;
    memset(row->further->columns, 0, sizeof row->further->columns);
    history_give_room(&row->block, row->further->columns, row->further->cells, HISTORY_FURTHER_MAX);
    return STATUS_OK;
}

enum status row_column(struct row *row, const struct series_name *name, uint8_t *column_out) {
    uint32_t column = 0;
    enum status status = row_need_further(row);
    if (status == STATUS_OK) status = history_further(&row->block, name, &column);
    if (status != STATUS_OK) return status;
    enum metric metric = METRIC_COUNT;
    if (metric_find(name->name, strlen(name->name), &metric) != STATUS_OK) metric = METRIC_COUNT;
    row->further->metrics[column] = metric;
    *column_out = (uint8_t)column;
    return STATUS_OK;
}

/* What the predictor reads comes first when there are more series than columns. */
static bool comes_first(const struct series_name *name) {
    return strcmp(name->name, metric_row(METRIC_SERVICE_MEMORY_USED)->name) == 0 ||
           strcmp(name->name, metric_row(METRIC_SERVICE_FD_USED)->name) == 0 ||
           strcmp(name->name, metric_row(METRIC_SERVICE_THREADS_USED)->name) == 0 ||
           strcmp(name->name, metric_row(METRIC_DISK_USED)->name) == 0 ||
           strcmp(name->name, metric_row(METRIC_DISK_INODES_USED)->name) == 0;
}

static enum status map_names(struct row *row, const struct series_dictionary *dictionary,
                             bool first) {
    for (size_t i = 0; i < dictionary->count && i < SERIES_MAX; i++) {
        const struct series_name *name = &dictionary->names[i];
        uint8_t column = 0;
        if (comes_first(name) != first || name->number >= SERIES_MAX) continue;
        enum status status = row_column(row, name, &column);
        if (status == STATUS_FULL)
            row->unmapped = true;
        else if (status != STATUS_OK)
            return status;
        else
            row->columns[name->number] = (int8_t)column;
    }
    return STATUS_OK;
}

enum status row_dictionary(struct row *row, const struct series_dictionary *dictionary) {
    memset(row->columns, -1, sizeof row->columns);
    row->dictionary_known = false;
    row->unmapped = false;
    enum status status = map_names(row, dictionary, true);
    if (status == STATUS_OK) status = map_names(row, dictionary, false);
    if (status != STATUS_OK) return status;
    row->dictionary_known = true;
    row->dictionary_generation = dictionary->generation;
    return STATUS_OK;
}

size_t row_further_values(const struct row *row, const struct report *report,
                          struct row_value values[HISTORY_FURTHER_MAX]) {
    uint64_t used = 0; /* a number said twice counts once */
    size_t count = 0;
    if (!row->dictionary_known || report->dictionary_generation != row->dictionary_generation)
        return 0;
    for (size_t i = 0; i < report->further_count && i < SERIES_MAX; i++) {
        const struct series_value *value = &report->further[i];
        if (value->number >= SERIES_MAX || row->columns[value->number] < 0) continue;
        uint8_t column = (uint8_t)row->columns[value->number];
        if ((used >> column & 1) || !isfinite(value->value)) continue;
        used |= UINT64_C(1) << column;
        values[count++] = (struct row_value){column, value->value};
    }
    return count;
}

struct row_boot *row_boot_find(struct row *row, const struct boot_id *boot) {
    for (uint32_t i = 0; i < row->boot_count; i++)
        if (boot_id_equal(&row->boots[i].id, boot)) return &row->boots[i];
    return NULL;
}

struct row_boot *row_boot_add(struct row *row, const struct boot_id *boot) {
    if (row->boot_count < ROW_BOOTS) row->boot_count++;
    for (uint32_t i = row->boot_count - 1; i > 0; i--) row->boots[i] = row->boots[i - 1];
    row->boots[0] = (struct row_boot){.id = *boot};
    return &row->boots[0];
}

struct wall_time row_time(const struct row *row, struct wall_time now) {
    if (row->block.start < 0) return now;
    int64_t minute = history_minute(now);
    bool far_back = minute < row->block.start - HISTORY_MINUTES;
    if (minute >= row->block.start || far_back) return now;
    return (struct wall_time){row->block.start * 60000};
}

static enum status encode(const struct row *row, struct sealing **sealing_out) {
    struct sealing *sealing = malloc(sizeof *sealing + HISTORY_BYTES_MAX);
    if (!sealing) return STATUS_NO_MEMORY;
    *sealing = (struct sealing){
        .instance = row->id, .start = row->block.start, .segment = row->block_segment};
    enum status status =
        history_encode(&row->block, &row->id, sealing->bytes, HISTORY_BYTES_MAX, &sealing->length);
    ASSERT(status == STATUS_OK); /* HISTORY_BYTES_MAX always fits */
    struct sealing *smaller = realloc(sealing, sizeof *sealing + sealing->length);
    *sealing_out = smaller ? smaller : sealing;
    return STATUS_OK;
}

/* Between two blocks the columns of series that are gone are given to new ones. */
static void drop_unused_columns(struct row *row) {
    uint64_t used = 0;
    int8_t moved[HISTORY_FURTHER_MAX];
    uint32_t count = 0;
    if (!row->dictionary_known || !row->further) return;
    for (size_t i = 0; i < SERIES_MAX; i++)
        if (row->columns[i] >= 0) used |= UINT64_C(1) << row->columns[i];
    for (uint32_t i = 0; i < row->block.further_count; i++) {
        if (!(used >> i & 1)) continue;
        row->further->columns[count] = row->further->columns[i];
        row->further->metrics[count] = row->further->metrics[i];
        moved[i] = (int8_t)count++;
    }
    if (count == row->block.further_count) return;
    for (size_t i = 0; i < SERIES_MAX; i++)
        if (row->columns[i] >= 0) row->columns[i] = moved[row->columns[i]];
    row->block.further_count = count;
    row->journal_segment = 0;                         /* the columns must be named anew */
    if (row->unmapped) row->dictionary_known = false; /* there is room now: ask for the names */
}

static enum status turn(struct row *row, int64_t start, struct sealing **sealing_out) {
    if (row->block.last >= 0) {
        enum status status = encode(row, sealing_out);
        if (status != STATUS_OK) return status;
    }
    history_restart(&row->block, start);
    row->block_segment = 0;
    drop_unused_columns(row);
    return STATUS_OK;
}

enum status row_turn(struct row *row, int64_t now_minute, struct sealing **sealing_out) {
    int64_t start = history_block_start(now_minute);
    *sealing_out = NULL;
    if (row->block.start < 0 || row->block.last < 0) return STATUS_OK;
    bool over = start > row->block.start || start < row->block.start - HISTORY_MINUTES;
    return over ? turn(row, start, sealing_out) : STATUS_OK;
}

static void feed(struct row *row, const struct predict_settings *settings, struct wall_time at,
                 uint32_t interval_ms, const struct metric_vector *core,
                 const struct row_value *further, size_t further_count) {
    if (!row->predict || !row->warm) return; /* warming will feed what is in the block */
    predict_arrive(settings, row->predict, at, interval_ms);
    for (unsigned i = 0; i < METRIC_COUNT; i++)
        if (metric_has(core, (enum metric)i))
            predict_observe(row->predict, (enum metric)i, core->values[i]);
    for (size_t i = 0; i < further_count; i++) {
        enum metric metric = row->further->metrics[further[i].column];
        if (metric == METRIC_COUNT) continue;
        predict_observe_member(row->predict, at, metric,
                               row->further->columns[further[i].column].member, further[i].value);
    }
}

enum status row_apply(struct row *row, const struct predict_settings *settings, struct wall_time at,
                      uint32_t interval_ms, const struct metric_vector *core,
                      const struct row_value *further, size_t further_count,
                      struct sealing **sealing_out) {
    int64_t minute = history_minute(at);
    enum status status = row_turn(row, minute, sealing_out);
    if (status != STATUS_OK) return status;
    if (row->block.last < 0) history_restart(&row->block, history_block_start(minute));
    status = history_append(&row->block, minute, core);
    ASSERT(status == STATUS_OK); /* the block was turned to this minute */
    for (size_t i = 0; i < further_count; i++)
        history_append_further(&row->block, further[i].column, further[i].value);
    feed(row, settings, at, interval_ms, core, further, further_count);
    return STATUS_OK;
}

/* ---- the journal's view ---- */

static bool same_bits(float a, float b) { return memcmp(&a, &b, sizeof a) == 0; }

/* Leaves only what the segment does not know yet. */
static void trim(const struct row *row, bool named, struct journal_report *report) {
    report->changed = report->present;
    if (!named) return;
    for (unsigned i = 0; i < METRIC_COUNT; i++)
        if ((report->present & row->journaled_known) >> i & 1 &&
            same_bits(report->values[i], row->journaled[i]))
            report->changed &= ~(UINT64_C(1) << i);
    for (size_t i = 0; i < report->further_count; i++) {
        uint8_t column = report->further_columns[i];
        if ((row->announced >> column & 1) &&
            same_bits(report->further_values[i], row->further->journaled[column]))
            report->further_columns[i] = column | JOURNAL_SAME;
    }
}

static size_t put_boot(const struct row *row, const struct boot_id *boot, uint64_t sequence,
                       uint8_t *bytes) {
    struct journal_record record = {.kind = JOURNAL_BOOT};
    record.boot = (struct journal_boot){row->number, *boot, sequence};
    return journal_encode(&record, bytes);
}

/* Boots oldest first: the last one that is new to the reader becomes its newest. */
static size_t put_names(const struct row *row, uint8_t *bytes) {
    struct journal_record record = {.kind = JOURNAL_NAME};
    record.name = (struct journal_name){row->number, row->id, row->interval_ms};
    size_t length = journal_encode(&record, bytes);
    for (uint32_t i = row->boot_count; i > 0; i--)
        length += put_boot(row, &row->boots[i - 1].id, row->boots[i - 1].journaled, bytes + length);
    return length;
}

static size_t put_series(const struct row *row, uint64_t announced,
                         const struct journal_report *report, uint8_t *bytes) {
    size_t length = 0;
    for (size_t i = 0; i < report->further_count; i++) {
        uint8_t column = report->further_columns[i];
        if (announced >> column & 1) continue;
        struct journal_record record = {.kind = JOURNAL_SERIES};
        const struct history_column *named = &row->further->columns[column];
        record.series.row = row->number;
        record.series.column = column;
        memcpy(record.series.name.name, named->name, sizeof named->name);
        memcpy(record.series.name.member, named->member, sizeof named->member);
        length += journal_encode(&record, bytes + length);
    }
    return length;
}

/* 40 + 5 * 60 for names, 64 * 155 for series, 1,024 for the report. */
_Static_assert(ROW_RECORDS_MAX > 40 + 5 * 64 + 64 * 160 + JOURNAL_RECORD_MAX, "records fit");

size_t row_records(const struct row *row, uint64_t segment, const struct journal_report *report,
                   const struct boot_id *boot, uint8_t bytes[ROW_RECORDS_MAX]) {
    bool named = row->journal_segment == segment && segment != 0;
    size_t length = named ? 0 : put_names(row, bytes);
    if (!named || !boot_id_equal(&row->journal_boot, boot)) {
        uint64_t sequence = 0;
        for (uint32_t i = 0; i < row->boot_count; i++)
            if (boot_id_equal(&row->boots[i].id, boot)) sequence = row->boots[i].journaled;
        length += put_boot(row, boot, sequence, bytes + length);
    }
    length += put_series(row, named ? row->announced : 0, report, bytes + length);
    struct journal_record record = {.kind = JOURNAL_REPORT, .report = *report};
    record.report.row = row->number;
    trim(row, named, &record.report);
    return length + journal_encode(&record, bytes + length);
}

void row_recorded(struct row *row, uint64_t segment, const struct journal_report *report,
                  const struct boot_id *boot) {
    if (row->journal_segment != segment) {
        row->journal_segment = segment;
        row->journaled_known = 0;
        row->announced = 0;
    }
    row->journal_boot = *boot;
    row->journaled_known |= report->present;
    for (unsigned i = 0; i < METRIC_COUNT; i++)
        if (report->present >> i & 1) row->journaled[i] = report->values[i];
    for (size_t i = 0; i < report->further_count; i++) {
        uint8_t column = report->further_columns[i];
        row->announced |= UINT64_C(1) << column;
        row->further->journaled[column] = report->further_values[i];
    }
    if (row->block_segment == 0 || segment < row->block_segment) row->block_segment = segment;
}
