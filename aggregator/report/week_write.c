/* The week as text, JSON and CSV. Pure over the data object. */
#include <math.h>
#include <string.h>

#include "aggregator/report/week.h"
#include "common/base/json_write.h"
#include "common/base/printable.h"

#define NAME_COLUMNS 26

/* --- text --- */

static void add_padded(struct text *out, const char *word, size_t columns) {
    printable_add(out, word, false);
    for (size_t i = printable_width(word); i < columns; i++) text_add(out, " ");
}

static void add_number(struct text *out, double number, unsigned decimals) {
    char digits[48];
    struct text text = text_over(digits, sizeof digits);
    if (isnan(number))
        text_add(&text, "-");
    else
        text_add_fixed(&text, number, decimals);
    for (size_t i = text.length; i < 10; i++) text_add(out, " ");
    text_add(out, digits);
}

static void write_totals(const struct week *week, struct text *out) {
    struct week_total_row rows[WEEK_TOTAL_ROWS];
    week_total_rows(week, rows);
    text_add(out, "\n  ");
    add_padded(out, "", NAME_COLUMNS);
    text_add(out, " this week    before\n");
    for (size_t i = 0; i < WEEK_TOTAL_ROWS; i++) {
        text_add(out, "  ");
        add_padded(out, rows[i].title, NAME_COLUMNS);
        add_number(out, rows[i].now, rows[i].decimals);
        add_number(out, rows[i].before, rows[i].decimals);
        text_add(out, "\n");
    }
}

static void write_counts(const struct week *week, struct text *out) {
    text_add(out, "\nActions                         tried succeeded    failed      open\n");
    for (size_t i = 0; i < week->action_count; i++) {
        const struct week_action *a = &week->actions[i];
        const uint32_t counts[] = {a->tried, a->succeeded, a->failed, a->open};
        text_add(out, "  ");
        add_padded(out, a->action, NAME_COLUMNS - 1);
        for (size_t c = 0; c < ARRAY_LENGTH(counts); c++) add_number(out, counts[c], 0);
        text_add(out, "\n");
    }
    text_add(out, "\nDecisions not to act, by rule\n");
    for (size_t i = 0; i < week->rule_count; i++) {
        text_add(out, "  ");
        add_padded(out, week->rules[i].rule, NAME_COLUMNS);
        add_number(out, week->rules[i].refused, 0);
        text_add(out, "\n");
    }
}

static void add_words(struct text *out, const char *const *words, size_t count) {
    for (size_t i = 0; i < count; i++) {
        text_add(out, "  ");
        printable_add(out, words[i][0] == '\0' ? "-" : words[i], false);
    }
    text_add(out, "\n");
}

static void write_recoveries(const struct week *week, const struct report_view *view,
                             struct text *out) {
    text_add(out, "\nRecoveries, newest first\n");
    for (size_t i = 0; i < week->recovery_count; i++) {
        const struct recovery *r = &week->recoveries[i];
        const char *const words[] = {r->start.instance_id, r->last.action, r->last.status,
                                     r->start.cause};
        text_add(out, "  ");
        report_time(view, r->start.started, out);
        add_words(out, words, ARRAY_LENGTH(words));
    }
}

static void write_predictions(const struct week *week, const struct report_view *view,
                              struct text *out) {
    text_add(out, "\nPredictions, newest first\n");
    for (size_t i = 0; i < week->prediction_count; i++) {
        const struct week_prediction *p = &week->predictions[i];
        char score[32];
        struct text text = text_over(score, sizeof score);
        if (!isnan(p->score)) text_add_fixed(&text, p->score, 2);
        const char *const words[] = {p->instance_id, p->kind, score, p->outcome, p->factors};
        text_add(out, "  ");
        report_time(view, p->at, out);
        add_words(out, words, ARRAY_LENGTH(words));
    }
}

static void write_text(const struct week *week, const struct report_view *view, struct text *out) {
    text_add(out, "ear report, ");
    report_time(view, week->from, out);
    text_add(out, " to ");
    report_time(view, week->to, out);
    text_add(out, " ");
    report_zone(view, out);
    text_add(out, "\n");
    write_totals(week, out);
    if (week->unreadable > 0) {
        text_add_unsigned(out, week->unreadable);
        text_add(out, " stored rows could not be read\n");
    }
    if (week->attention_count > 0) text_add(out, "\nAttention\n");
    for (size_t i = 0; i < week->attention_count; i++) {
        const char *const words[] = {week->attention[i].instance_id, week->attention[i].text};
        add_words(out, words, ARRAY_LENGTH(words));
    }
    write_counts(week, out);
    write_recoveries(week, view, out);
    write_predictions(week, view, out);
}

/* --- JSON --- */

static void time_json(struct json_writer *json, const char *key, struct wall_time at) {
    char text[CLOCK_RFC3339_SIZE];
    json_string(json, key, at.ms == 0 ? NULL : wall_format(at, text));
}

static void recovery_json(struct json_writer *json, const struct recovery *r) {
    json_open_object(json, NULL);
    json_string(json, "workflow_id", r->start.workflow_id);
    json_string(json, "instance_id", r->start.instance_id);
    time_json(json, "started", r->start.started);
    json_string(json, "event_type", r->start.event_type);
    json_string(json, "actor", r->start.actor);
    json_string(json, "action", r->last.action);
    json_string(json, "status", r->last.status);
    json_fixed(json, "took_s", recovery_took_s(r), 1);
    json_string(json, "cause", r->start.cause);
    json_string(json, "evidence", r->start.evidence);
    json_string(json, "result", r->last.result);
    json_close_object(json);
}

static void prediction_json(struct json_writer *json, const struct week_prediction *p) {
    json_open_object(json, NULL);
    json_string(json, "instance_id", p->instance_id);
    time_json(json, "at", p->at);
    json_string(json, "kind", p->kind);
    json_string(json, "label", p->label);
    json_fixed(json, "score", p->score, 3);
    time_json(json, "earliest", p->earliest);
    time_json(json, "likely", p->likely);
    time_json(json, "latest", p->latest);
    json_string(json, "outcome", p->outcome);
    json_string(json, "factors", p->factors);
    json_close_object(json);
}

static void action_json(struct json_writer *json, const struct week_action *action) {
    json_open_object(json, NULL);
    json_string(json, "action", action->action);
    json_integer(json, "tried", action->tried);
    json_integer(json, "succeeded", action->succeeded);
    json_integer(json, "failed", action->failed);
    json_integer(json, "open", action->open);
    json_close_object(json);
}

static void pair_json(struct json_writer *json, const char *key, const char *word,
                      const char *value_key, const char *text, uint32_t number) {
    json_open_object(json, NULL);
    json_string(json, key, word);
    if (text != NULL)
        json_string(json, value_key, text);
    else
        json_integer(json, value_key, number);
    json_close_object(json);
}

static void totals_json(struct json_writer *json, const struct week *week, bool before) {
    struct week_total_row rows[WEEK_TOTAL_ROWS];
    week_total_rows(week, rows);
    json_open_object(json, before ? "totals_before" : "totals");
    for (size_t i = 0; i < WEEK_TOTAL_ROWS; i++)
        json_fixed(json, rows[i].key, before ? rows[i].before : rows[i].now, rows[i].decimals);
    json_close_object(json);
}

static void write_json(const struct week *week, struct text *out) {
    struct json_writer writer = json_writer_over(out), *json = &writer;
    json_open_object(json, NULL);
    json_string(json, "schema", "ear.report/1");
    time_json(json, "from", week->from);
    time_json(json, "to", week->to);
    totals_json(json, week, false);
    totals_json(json, week, true);
    json_integer(json, "unreadable", (int64_t)week->unreadable);
    json_open_array(json, "attention");
    for (size_t i = 0; i < week->attention_count; i++)
        pair_json(json, "instance_id", week->attention[i].instance_id, "text",
                  week->attention[i].text, 0);
    json_close_array(json);
    json_open_array(json, "actions");
    for (size_t i = 0; i < week->action_count; i++) action_json(json, &week->actions[i]);
    json_close_array(json);
    json_open_array(json, "refusals");
    for (size_t i = 0; i < week->rule_count; i++)
        pair_json(json, "rule", week->rules[i].rule, "count", NULL, week->rules[i].refused);
    json_close_array(json);
    json_open_array(json, "recoveries");
    for (size_t i = 0; i < week->recovery_count; i++) recovery_json(json, &week->recoveries[i]);
    json_close_array(json);
    json_open_array(json, "predictions");
    for (size_t i = 0; i < week->prediction_count; i++)
        prediction_json(json, &week->predictions[i]);
    json_close_array(json);
    json_close_object(json);
    text_add(out, "\n");
}

/* --- CSV: one file, its first column names the table a row belongs to --- */

static const struct table_column csv_columns[] = {
    {"section", NULL}, {"name", NULL},   {"at", NULL},  {"instance_id", NULL},
    {"value", NULL},   {"before", NULL}, {"text", NULL}};

static void csv_number(struct table *table, const char *section, const char *name, double value,
                       double before, unsigned decimals) {
    table_text(table, section);
    table_text(table, name);
    table_nothing(table);
    table_nothing(table);
    table_number(table, value, decimals);
    table_number(table, before, decimals);
    table_nothing(table);
}

static void csv_row(struct table *table, const char *section, const char *name, struct wall_time at,
                    const char *instance_id, double value, const char *text) {
    table_text(table, section);
    table_text_or_nothing(table, name);
    table_time(table, at);
    table_text(table, instance_id);
    table_number(table, value, 3);
    table_nothing(table);
    table_text_or_nothing(table, text);
}

static void csv_counts(const struct week *week, struct table *table) {
    struct week_total_row rows[WEEK_TOTAL_ROWS];
    week_total_rows(week, rows);
    for (size_t i = 0; i < WEEK_TOTAL_ROWS; i++)
        csv_number(table, "total", rows[i].key, rows[i].now, rows[i].before, rows[i].decimals);
    csv_number(table, "total", "unreadable", (double)week->unreadable, NAN, 0);
    for (size_t i = 0; i < week->action_count; i++) {
        const struct week_action *a = &week->actions[i];
        csv_number(table, "tried", a->action, a->tried, NAN, 0);
        csv_number(table, "succeeded", a->action, a->succeeded, NAN, 0);
        csv_number(table, "failed", a->action, a->failed, NAN, 0);
        csv_number(table, "open", a->action, a->open, NAN, 0);
    }
    for (size_t i = 0; i < week->rule_count; i++)
        csv_number(table, "refusal", week->rules[i].rule, week->rules[i].refused, NAN, 0);
}

static enum status write_csv(const struct week *week, const struct report_view *view,
                             struct text *out) {
    struct table *table CLEANUP(table_cleanup) = NULL;
    enum status status =
        table_create("ear.report/1", csv_columns, ARRAY_LENGTH(csv_columns), &table);
    if (status != STATUS_OK) return status;
    csv_counts(week, table);
    for (size_t i = 0; i < week->attention_count; i++)
        csv_row(table, "attention", "", (struct wall_time){0}, week->attention[i].instance_id, NAN,
                week->attention[i].text);
    for (size_t i = 0; i < week->recovery_count; i++) {
        const struct recovery *r = &week->recoveries[i];
        csv_row(table, "recovery", r->last.action, r->start.started, r->start.instance_id,
                recovery_took_s(r), r->last.status);
    }
    for (size_t i = 0; i < week->prediction_count; i++) {
        const struct week_prediction *p = &week->predictions[i];
        csv_row(table, "prediction", p->kind, p->at, p->instance_id, p->score, p->factors);
    }
    table_write(table, view, out);
    return STATUS_OK;
}

enum status week_write(const struct week *week, const struct report_view *view, struct text *out) {
    switch (view->format) {
    case REPORT_JSON: write_json(week, out); return STATUS_OK;
    case REPORT_CSV: return write_csv(week, view, out);
    case REPORT_HTML: week_write_html(week, view, out); return STATUS_OK;
    case REPORT_TABLE:
    case REPORT_TEXT: write_text(week, view, out); return STATUS_OK;
    }
    return STATUS_UNSUPPORTED;
}
