/* Recovery history from stored rows; the store is somebody else's. */
#include "aggregator/report/recoveries.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/printable.h"
#include "common/json/json.h"

/* A string member, cut to its place rather than refused: it is only shown. Objects and arrays are
 * not shown here. */
static void take(const struct json_value *object, const char *key, char *target, size_t size) {
    const char *value = json_text(json_get(object, key));
    struct text text = text_over(target, size);
    if (value != NULL) text_add(&text, value);
}

/* A result row says when its start row was written; rows of before are their own start. */
static void read_started(const struct json_value *root, struct recovery_row *row) {
    const char *started = json_text(json_get(root, "started"));
    if (started == NULL || wall_parse(started, strlen(started), &row->started) != STATUS_OK)
        row->started = row->at;
}

enum status recovery_row_read(const struct record *record, struct recovery_row *row_out,
                              char *place_out) {
    struct json_doc *doc CLEANUP(json_cleanup) = NULL;
    struct text place = text_over(place_out, 64);
    struct recovery_row row = {.at = {0}};
    enum status status = json_parse(record->item, strlen(record->item), RECORD_ITEM_SIZE, &doc);
    text_add(&place, record->sort);
    if (status == STATUS_OK) status = wall_parse(record->sort, strlen(record->sort), &row.at);
    if (status != STATUS_OK) return status;
    const struct json_value *root = json_root(doc), *metadata = json_get(root, "metadata");
    take(root, "workflow_id", row.workflow_id, sizeof row.workflow_id);
    take(root, "event_type", row.event_type, sizeof row.event_type);
    take(root, "status", row.status, sizeof row.status);
    take(root, "action_taken", row.action, sizeof row.action);
    take(root, "step", row.step, sizeof row.step);
    take(root, "actor", row.actor, sizeof row.actor);
    take(root, "evidence", row.evidence, sizeof row.evidence);
    take(metadata, "cause", row.cause, sizeof row.cause);
    take(metadata, "unit", row.unit, sizeof row.unit);
    take(metadata, "result", row.result, sizeof row.result);
    read_started(root, &row);
    memcpy(row.instance_id, record->partition, sizeof row.instance_id);
    row.instance_id[sizeof row.instance_id - 1] = '\0';
    *row_out = row;
    return STATUS_OK;
}

static struct recovery *find(struct recovery *recoveries, size_t count, const char *workflow_id) {
    if (workflow_id[0] == '\0') return NULL; /* rows of no workflow stand for themselves */
    for (size_t i = count; i-- > 0;)         /* a workflow's rows stand close together */
        if (strcmp(recoveries[i].start.workflow_id, workflow_id) == 0) return &recoveries[i];
    return NULL;
}

static bool is_end(const struct recovery_row *row) {
    return strcmp(row->status, "success") == 0 || strcmp(row->status, "failed") == 0;
}

static int newest_first(const void *left, const void *right) {
    const struct recovery *a = left, *b = right;
    if (a->start.started.ms != b->start.started.ms)
        return a->start.started.ms < b->start.started.ms ? 1 : -1;
    return strcmp(a->start.workflow_id, b->start.workflow_id);
}

enum status recoveries_join(const struct record *records, size_t count,
                            struct recovery **recoveries_out, size_t *recovery_count_out,
                            size_t *unreadable_out) {
    struct recovery *recoveries = calloc(count + 1, sizeof *recoveries);
    size_t joined = 0, unreadable = 0;
    if (recoveries == NULL) return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        struct recovery_row row;
        char place[64];
        if (recovery_row_read(&records[i], &row, place) != STATUS_OK) {
            unreadable++;
            continue;
        }
        struct recovery *r = find(recoveries, joined, row.workflow_id);
        if (r == NULL) {
            r = &recoveries[joined++];
            r->start = row;
        }
        r->last = row;
        r->row_count++;
        r->ended = is_end(&row);
    }
    qsort(recoveries, joined, sizeof *recoveries, newest_first);
    *recoveries_out = recoveries;
    *recovery_count_out = joined;
    *unreadable_out = unreadable;
    return STATUS_OK;
}

double recovery_took_s(const struct recovery *r) {
    return r->ended ? (double)wall_since(r->last.at, r->start.started).ms / 1000.0 : NAN;
}

static bool is_for_people(const struct report_view *view) {
    return view->format == REPORT_TABLE || view->format == REPORT_TEXT;
}

static const struct table_column columns[] = {
    {"workflow_id", "RECOVERY"}, {"instance_id", "INSTANCE"}, {"started", "STARTED"},
    {"event_type", "TRIGGER"},   {"action", "ACTION"},        {"status", "STATUS"},
    {"took_s", "SECONDS"},       {"actor", "ACTOR"},          {"cause", "CAUSE"},
    {"evidence", NULL},          {"result", "RESULT"}};

static void add_recovery(struct table *table, const struct recovery *r) {
    table_text(table, r->start.workflow_id);
    table_text(table, r->start.instance_id);
    table_time(table, r->start.started);
    table_text_or_nothing(table, r->start.event_type);
    table_text_or_nothing(table, r->last.action);
    table_text_or_nothing(table, r->last.status);
    table_number(table, recovery_took_s(r), 1);
    table_text_or_nothing(table, r->start.actor);
    table_text_or_nothing(table, r->start.cause);
    table_text_or_nothing(table, r->start.evidence);
    table_text_or_nothing(table, r->last.result);
}

static void say_unreadable(size_t unreadable, const struct report_view *view, struct text *out) {
    if (unreadable == 0 || !is_for_people(view)) return;
    text_add_unsigned(out, unreadable);
    text_add(out, " rows could not be read\n");
}

enum status report_recoveries(const struct record *records, size_t count, const char *wanted,
                              const struct report_view *view, struct text *out) {
    struct table *table CLEANUP(table_cleanup) = NULL;
    struct recovery *recoveries = NULL;
    size_t joined = 0, unreadable = 0;
    enum status status = table_create("ear.recoveries/1", columns, ARRAY_LENGTH(columns), &table);
    if (status == STATUS_OK)
        status = recoveries_join(records, count, &recoveries, &joined, &unreadable);
    if (status != STATUS_OK) return status;
    for (size_t i = 0; i < joined; i++)
        if (wanted[0] == '\0' || strcmp(recoveries[i].last.status, wanted) == 0)
            add_recovery(table, &recoveries[i]);
    free(recoveries);
    table_write(table, view, out);
    if (table_rows(table) == 0 && is_for_people(view)) text_add(out, "no recoveries\n");
    say_unreadable(unreadable, view, out);
    return STATUS_OK;
}

static const struct table_column step_columns[] = {
    {"at", "AT"},          {"status", "STATUS"},  {"action", "ACTION"},     {"step", "STEP"},
    {"actor", "ACTOR"},    {"unit", "UNIT"},      {"evidence", "EVIDENCE"}, {"result", "RESULT"},
    {"workflow_id", NULL}, {"instance_id", NULL}, {"cause", NULL}};

static void add_step(struct table *table, const struct recovery_row *row) {
    table_time(table, row->at);
    table_text_or_nothing(table, row->status);
    table_text_or_nothing(table, row->action);
    table_text_or_nothing(table, row->step);
    table_text_or_nothing(table, row->actor);
    table_text_or_nothing(table, row->unit);
    table_text_or_nothing(table, row->evidence);
    table_text_or_nothing(table, row->result);
    table_text(table, row->workflow_id);
    table_text(table, row->instance_id);
    table_text_or_nothing(table, row->cause);
}

static void add_recovery_head(const struct recovery_row *first, struct text *out) {
    const char *const words[] = {first->workflow_id, first->instance_id, first->event_type,
                                 first->cause};
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
        if (i > 0) text_add(out, "  ");
        printable_add(out, words[i], false);
    }
    text_add(out, "\n");
}

enum status report_recovery(const struct record *records, size_t count, const char *workflow_id,
                            const struct report_view *view, struct text *out) {
    struct table *table CLEANUP(table_cleanup) = NULL;
    if (workflow_id[0] == '\0') return STATUS_NOT_FOUND;
    enum status status =
        table_create("ear.recovery/1", step_columns, ARRAY_LENGTH(step_columns), &table);
    if (status != STATUS_OK) return status;
    struct recovery_row first = {.at = {0}};
    for (size_t i = 0; i < count; i++) {
        struct recovery_row row;
        char place[64];
        if (recovery_row_read(&records[i], &row, place) != STATUS_OK) continue;
        if (strcmp(row.workflow_id, workflow_id) != 0) continue;
        if (table_rows(table) == 0) first = row;
        add_step(table, &row);
    }
    if (table_rows(table) == 0) return STATUS_NOT_FOUND;
    if (is_for_people(view)) add_recovery_head(&first, out);
    table_write(table, view, out);
    return STATUS_OK;
}

static const struct table_column audit_columns[] = {
    {"timestamp", "AT"},      {"actor", "ACTOR"}, {"kind", "KIND"},
    {"decision", "DECISION"}, {"rule", "RULE"},   {"instance_id", "INSTANCE"},
    {"incident_id", NULL},    {"rung", "RUNG"},   {"text", "TEXT"}};

/* The row's attributes as aggregator/engine/rows.c writes them. */
static void add_audit(struct table *table, const struct json_value *root) {
    char value[1024];
    struct wall_time at = {0};
    take(root, "timestamp", value, sizeof value);
    IGNORE(wall_parse(value, strlen(value), &at)); /* an empty cell when it is no time */
    table_time(table, at);
    for (size_t i = 1; i < ARRAY_LENGTH(audit_columns); i++) {
        take(root, audit_columns[i].key, value, sizeof value);
        table_text_or_nothing(table, value);
    }
}

enum status report_audit(const struct record *records, size_t count, const struct report_view *view,
                         struct text *out) {
    struct table *table CLEANUP(table_cleanup) = NULL;
    size_t unreadable = 0;
    enum status status =
        table_create("ear.audit/1", audit_columns, ARRAY_LENGTH(audit_columns), &table);
    if (status != STATUS_OK) return status;
    for (size_t i = 0; i < count; i++) {
        struct json_doc *doc CLEANUP(json_cleanup) = NULL;
        if (view->format == REPORT_JSON) { /* the rows as they were written, one a line */
            text_add(out, records[i].item);
            text_add(out, "\n");
            continue;
        }
        status = json_parse(records[i].item, strlen(records[i].item), RECORD_ITEM_SIZE, &doc);
        if (status == STATUS_OK)
            add_audit(table, json_root(doc));
        else
            unreadable++;
    }
    if (view->format == REPORT_JSON) return STATUS_OK;
    table_write(table, view, out);
    if (count == 0 && is_for_people(view)) text_add(out, "nothing in this time\n");
    say_unreadable(unreadable, view, out);
    return STATUS_OK;
}
