/* The week's data object and its plain formats. */
#include "aggregator/report/week.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/report/fleet_report.h"
#include "common/base/json_write.h"
#include "common/json/json.h"

static void copy_cut(char *target, size_t size, const char *source) {
    struct text text = text_over(target, size);
    text_add(&text, source == NULL ? "" : source);
}

static void count_action(struct week *week, const struct recovery *r) {
    struct week_action *action = NULL;
    for (size_t i = 0; i < week->action_count; i++)
        if (strcmp(week->actions[i].action, r->last.action) == 0) action = &week->actions[i];
    if (action == NULL) {
        if (week->action_count == WEEK_ACTIONS_MAX) return;
        action = &week->actions[week->action_count++];
        copy_cut(action->action, sizeof action->action, r->last.action);
    }
    action->tried++;
    action->succeeded += r->ended && strcmp(r->last.status, "success") == 0;
    action->failed += r->ended && strcmp(r->last.status, "failed") == 0;
    action->open += !r->ended;
}

static int by_number(const void *left, const void *right) {
    const double *a = left, *b = right;
    return *a < *b ? -1 : *a > *b;
}

static enum status measure_times(struct week *week) {
    double *times = calloc(week->recovery_count + 1, sizeof *times);
    size_t count = 0;
    if (times == NULL) return STATUS_NO_MEMORY;
    for (size_t i = 0; i < week->recovery_count; i++) {
        const struct recovery *r = &week->recoveries[i];
        if (r->ended) times[count++] = (double)wall_since(r->last.at, r->start.at).ms / 1000.0;
    }
    qsort(times, count, sizeof *times, by_number);
    week->median_s = count == 0 ? NAN : times[count / 2];
    week->p95_s = count == 0 ? NAN : times[(count - 1) * 95 / 100];
    free(times);
    return STATUS_OK;
}

static enum status add_recoveries(struct week *week, const struct record *records, size_t count) {
    enum status status = recoveries_join(records, count, &week->recoveries, &week->recovery_count,
                                         &week->unreadable);
    if (status != STATUS_OK) return status;
    for (size_t i = 0; i < week->recovery_count; i++) {
        const struct recovery *r = &week->recoveries[i];
        bool automatic = r->start.actor[0] == '\0' || strcmp(r->start.actor, "ear") == 0 ||
                         strncmp(r->start.actor, "ear-aggregator", 14) == 0 ||
                         strcmp(r->start.actor, "engine") == 0;
        week->automatic += automatic;
        week->by_person += !automatic;
        count_action(week, r);
    }
    return measure_times(week);
}

/* SPEC 22 stores the score as a number in a string; a number is read too. */
static double read_score(const struct json_value *root) {
    double score = NAN;
    const char *text = json_text(json_get(root, "score"));
    if (text != NULL)
        IGNORE(text_parse_double(text, strlen(text), &score)); /* stays NaN: shown as nothing */
    else
        IGNORE(json_get_number(root, "score", 0, 1, &score));
    return score;
}

static void read_factors(const struct json_value *factors, struct week_prediction *p) {
    struct text text = text_over(p->factors, sizeof p->factors);
    for (const struct json_value *f = json_first(factors); f != NULL; f = json_next(f)) {
        const char *word = json_text(f);
        if (word == NULL) word = json_text(json_get(f, "text"));
        if (word == NULL) word = json_text(json_first(f));
        if (word == NULL) continue;
        if (text.length > 0) text_add(&text, "; ");
        text_add(&text, word);
    }
}

static void read_prediction(struct week *week, const struct record *record) {
    struct json_doc *doc CLEANUP(json_cleanup) = NULL;
    struct week_prediction *p = &week->predictions[week->prediction_count];
    if (json_parse(record->item, strlen(record->item), RECORD_ITEM_SIZE, &doc) != STATUS_OK ||
        wall_parse(record->sort, strlen(record->sort), &p->at) != STATUS_OK) {
        week->unreadable++;
        return;
    }
    const struct json_value *root = json_root(doc);
    copy_cut(p->instance_id, sizeof p->instance_id, record->partition);
    copy_cut(p->label, sizeof p->label, json_text(json_get(root, "confidence")));
    copy_cut(p->kind, sizeof p->kind, json_text(json_get(root, "kind")));
    copy_cut(p->window, sizeof p->window, json_text(json_get(root, "predicted_window")));
    copy_cut(p->outcome, sizeof p->outcome, json_text(json_get(root, "outcome")));
    p->score = read_score(root);
    read_factors(json_get(root, "factors"), p);
    week->prediction_count++;
}

static enum status add_predictions(struct week *week, const struct record *records, size_t count) {
    week->predictions = calloc(count + 1, sizeof *week->predictions);
    if (week->predictions == NULL) return STATUS_NO_MEMORY;
    for (size_t i = count; i-- > 0;) read_prediction(week, &records[i]);
    return STATUS_OK;
}

/* Decisions not to act, by the rule that held them back (R26, U15). */
static void add_refusals(struct week *week, const struct record *records, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct json_doc *doc CLEANUP(json_cleanup) = NULL;
        if (json_parse(records[i].item, strlen(records[i].item), RECORD_ITEM_SIZE, &doc) !=
            STATUS_OK)
            continue;
        const char *event = json_text(json_get(json_root(doc), "event"));
        const char *rule = json_text(json_get(json_root(doc), "rule"));
        if (event == NULL || rule == NULL || rule[0] == '\0') continue;
        if (strcmp(event, "decision.refused") != 0) continue;
        size_t r = 0;
        while (r < week->rule_count && strcmp(week->rules[r].rule, rule) != 0) r++;
        if (r == WEEK_RULES_MAX) continue;
        if (r == week->rule_count) {
            copy_cut(week->rules[r].rule, sizeof week->rules[r].rule, rule);
            week->rule_count++;
        }
        week->rules[r].refused++;
    }
}

enum status week_create(struct wall_time from, struct wall_time to,
                        const struct fleet_snapshot *fleet, const struct record *recoveries,
                        size_t recovery_count, const struct record *predictions,
                        size_t prediction_count, const struct record *audit, size_t audit_count,
                        struct week **week_out) {
    struct week *week = calloc(1, sizeof *week);
    if (week == NULL) return STATUS_NO_MEMORY;
    week->from = from;
    week->to = to;
    week->fleet = fleet;
    enum status status = add_recoveries(week, recoveries, recovery_count);
    if (status == STATUS_OK) status = add_predictions(week, predictions, prediction_count);
    if (status != STATUS_OK) {
        week_destroy(week);
        return status;
    }
    add_refusals(week, audit, audit_count);
    *week_out = week;
    return STATUS_OK;
}

void week_destroy(struct week *week) {
    if (week == NULL) return;
    free(week->recoveries);
    free(week->predictions);
    free(week);
}

void week_cleanup(struct week **week) { week_destroy(*week); }

struct week_chart *week_add_chart(struct week *week, const struct instance_facts *facts,
                                  enum metric metric, double limit) {
    if (week->chart_count == WEEK_CHARTS_MAX) return NULL;
    struct week_chart *chart = &week->charts[week->chart_count++];
    const struct metric_row *row = metric_row(metric);
    copy_cut(chart->instance_id, sizeof chart->instance_id, facts->id.text);
    copy_cut(chart->name, sizeof chart->name, facts->name);
    copy_cut(chart->metric, sizeof chart->metric, row->name);
    copy_cut(chart->unit, sizeof chart->unit, metric_unit_text(row->unit));
    chart->limit = limit;
    for (size_t i = 0; i < WEEK_CHART_POINTS; i++) chart->values[i] = NAN;
    return chart;
}

static void add_line(struct text *out, const char *name, uint64_t value) {
    text_add(out, "  ");
    text_add(out, name);
    for (size_t i = strlen(name); i < 28; i++) text_add(out, " ");
    text_add_unsigned(out, value);
    text_add(out, "\n");
}

static void add_seconds(struct text *out, const char *name, double seconds) {
    text_add(out, "  ");
    text_add(out, name);
    for (size_t i = strlen(name); i < 28; i++) text_add(out, " ");
    if (isnan(seconds))
        text_add(out, "-");
    else
        text_add_fixed(out, seconds, 1);
    text_add(out, "\n");
}

static void write_recovery_lines(const struct week *week, const struct report_view *view,
                                 struct text *out) {
    for (size_t i = 0; i < week->recovery_count; i++) {
        const struct recovery *r = &week->recoveries[i];
        text_add(out, "  ");
        report_time(view, r->start.at, out);
        text_add(out, "  ");
        text_add(out, r->start.instance_id);
        text_add(out, "  ");
        text_add(out, r->last.action);
        text_add(out, "  ");
        text_add(out, r->last.status);
        text_add(out, "  ");
        text_add(out, r->start.evidence);
        text_add(out, "\n");
    }
}

static void write_text(const struct week *week, const struct report_view *view, struct text *out) {
    text_add(out, "ear report, ");
    report_time(view, week->from, out);
    text_add(out, " to ");
    report_time(view, week->to, out);
    text_add(out, "\n\nHeadline\n");
    add_line(out, "instances", week->fleet->count);
    add_line(out, "recoveries", week->recovery_count);
    add_line(out, "  automatic", week->automatic);
    add_line(out, "  by a person", week->by_person);
    add_line(out, "predictions", week->prediction_count);
    if (week->unreadable > 0) add_line(out, "rows not readable", week->unreadable);
    text_add(out, "\nTimes, seconds from start to proof\n");
    add_seconds(out, "median", week->median_s);
    add_seconds(out, "p95", week->p95_s);
    text_add(out, "\nActions: tried, succeeded, failed, open\n");
    for (size_t i = 0; i < week->action_count; i++) {
        const struct week_action *a = &week->actions[i];
        const uint32_t counts[] = {a->tried, a->succeeded, a->failed, a->open};
        text_add(out, "  ");
        text_add(out, a->action);
        for (size_t c = 0; c < 4; c++) {
            text_add(out, c == 0 ? "  " : ", ");
            text_add_unsigned(out, counts[c]);
        }
        text_add(out, "\n");
    }
    text_add(out, "\nDecisions not to act, by rule\n");
    for (size_t i = 0; i < week->rule_count; i++)
        add_line(out, week->rules[i].rule, week->rules[i].refused);
    text_add(out, "\nRecoveries\n");
    write_recovery_lines(week, view, out);
    text_add(out, "\nPredictions\n");
    for (size_t i = 0; i < week->prediction_count; i++) {
        const struct week_prediction *p = &week->predictions[i];
        text_add(out, "  ");
        report_time(view, p->at, out);
        text_add(out, "  ");
        text_add(out, p->instance_id);
        text_add(out, "  ");
        text_add(out, p->kind);
        text_add(out, "  ");
        if (!isnan(p->score)) text_add_fixed(out, p->score, 2);
        text_add(out, "  ");
        text_add(out, p->factors);
        text_add(out, "\n");
    }
}

static void recovery_json(struct json_writer *json, const struct recovery *r) {
    char text[CLOCK_RFC3339_SIZE];
    json_open_object(json, NULL);
    json_string(json, "workflow_id", r->start.workflow_id);
    json_string(json, "instance_id", r->start.instance_id);
    json_string(json, "started", wall_format(r->start.at, text));
    json_string(json, "event_type", r->start.event_type);
    json_string(json, "action", r->last.action);
    json_string(json, "status", r->last.status);
    if (r->ended)
        json_fixed(json, "took_s", (double)wall_since(r->last.at, r->start.at).ms / 1000.0, 1);
    else
        json_null(json, "took_s");
    json_string(json, "cause", r->start.evidence);
    json_string(json, "result", r->last.result);
    json_close_object(json);
}

static void prediction_json(struct json_writer *json, const struct week_prediction *p) {
    char text[CLOCK_RFC3339_SIZE];
    json_open_object(json, NULL);
    json_string(json, "instance_id", p->instance_id);
    json_string(json, "at", wall_format(p->at, text));
    json_string(json, "kind", p->kind);
    json_string(json, "label", p->label);
    json_fixed(json, "score", p->score, 3);
    json_string(json, "window", p->window);
    json_string(json, "outcome", p->outcome);
    json_string(json, "factors", p->factors);
    json_close_object(json);
}

static void write_json(const struct week *week, struct text *out) {
    struct json_writer writer = json_writer_over(out), *json = &writer;
    char text[CLOCK_RFC3339_SIZE];
    json_open_object(json, NULL);
    json_string(json, "schema", "ear.report/1");
    json_string(json, "from", wall_format(week->from, text));
    json_string(json, "to", wall_format(week->to, text));
    json_integer(json, "instances", (int64_t)week->fleet->count);
    json_integer(json, "recovery_count", (int64_t)week->recovery_count);
    json_integer(json, "automatic", week->automatic);
    json_integer(json, "by_person", week->by_person);
    json_integer(json, "prediction_count", (int64_t)week->prediction_count);
    json_integer(json, "unreadable", (int64_t)week->unreadable);
    json_fixed(json, "median_s", week->median_s, 1);
    json_fixed(json, "p95_s", week->p95_s, 1);
    json_open_array(json, "actions");
    for (size_t i = 0; i < week->action_count; i++) {
        json_open_object(json, NULL);
        json_string(json, "action", week->actions[i].action);
        json_integer(json, "tried", week->actions[i].tried);
        json_integer(json, "succeeded", week->actions[i].succeeded);
        json_integer(json, "failed", week->actions[i].failed);
        json_integer(json, "open", week->actions[i].open);
        json_close_object(json);
    }
    json_close_array(json);
    json_open_array(json, "refusals");
    for (size_t i = 0; i < week->rule_count; i++) {
        json_open_object(json, NULL);
        json_string(json, "rule", week->rules[i].rule);
        json_integer(json, "count", week->rules[i].refused);
        json_close_object(json);
    }
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

static const struct table_column csv_columns[] = {{"section", NULL}, {"name", NULL},
                                                  {"at", NULL},      {"instance_id", NULL},
                                                  {"value", NULL},   {"text", NULL}};

static void csv_total(struct table *table, const char *name, double value) {
    table_text(table, "total");
    table_text(table, name);
    table_nothing(table);
    table_nothing(table);
    table_number(table, value, 1);
    table_nothing(table);
}

static void write_csv(const struct week *week, const struct report_view *view, struct text *out) {
    struct table *table CLEANUP(table_cleanup) = NULL;
    if (table_create("ear.report/1", csv_columns, ARRAY_LENGTH(csv_columns), &table) != STATUS_OK)
        return;
    csv_total(table, "instances", (double)week->fleet->count);
    csv_total(table, "recoveries", (double)week->recovery_count);
    csv_total(table, "automatic", week->automatic);
    csv_total(table, "by_person", week->by_person);
    csv_total(table, "predictions", (double)week->prediction_count);
    csv_total(table, "median_s", week->median_s);
    csv_total(table, "p95_s", week->p95_s);
    for (size_t i = 0; i < week->recovery_count; i++) {
        const struct recovery *r = &week->recoveries[i];
        table_text(table, "recovery");
        table_text(table, r->last.action);
        table_time(table, r->start.at);
        table_text(table, r->start.instance_id);
        table_nothing(table);
        table_text(table, r->last.status);
    }
    for (size_t i = 0; i < week->prediction_count; i++) {
        const struct week_prediction *p = &week->predictions[i];
        table_text(table, "prediction");
        table_text(table, p->kind);
        table_time(table, p->at);
        table_text(table, p->instance_id);
        table_number(table, p->score, 3);
        table_text(table, p->factors);
    }
    table_write(table, view, out);
}

void week_write(const struct week *week, const struct report_view *view, struct text *out) {
    switch (view->format) {
    case REPORT_JSON: write_json(week, out); return;
    case REPORT_CSV: write_csv(week, view, out); return;
    case REPORT_HTML: week_write_html(week, view, out); return;
    case REPORT_TABLE:
    case REPORT_TEXT: write_text(week, view, out); return;
    }
}
