/* The week's data object: counts and lists out of stored rows. Heap data of one thread. */
#include "aggregator/report/week.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/report/fleet_report.h"
#include "common/json/json.h"

static void copy_cut(char *target, size_t size, const char *source) {
    struct text text = text_over(target, size);
    text_add(&text, source == NULL ? "" : source);
}

/* --- recoveries --- */

static struct week_action *find_action(struct week *week, const char *name) {
    for (size_t i = 0; i < week->action_count; i++)
        if (strcmp(week->actions[i].action, name) == 0) return &week->actions[i];
    if (week->action_count == WEEK_ACTIONS_MAX) return NULL;
    struct week_action *action = &week->actions[week->action_count++];
    copy_cut(action->action, sizeof action->action, name);
    return action;
}

/* Actions are counted by their rows, since one incident may climb over several. */
static void count_action(struct week *week, const struct record *record) {
    struct recovery_row row;
    char place[64];
    if (recovery_row_read(record, &row, place) != STATUS_OK) return;
    if (row.started.ms < week->from.ms) return;
    struct week_action *action = find_action(week, row.action);
    if (action == NULL) return;
    action->tried += strcmp(row.step, "start") == 0;
    action->succeeded += strcmp(row.status, "success") == 0;
    action->failed += strcmp(row.status, "failed") == 0;
}

static void finish_actions(struct week *week) {
    for (size_t i = 0; i < week->action_count; i++) {
        struct week_action *a = &week->actions[i];
        uint32_t ended = a->succeeded + a->failed;
        if (a->tried < ended) a->tried = ended; /* a start row that could not be read */
        a->open = a->tried - ended;
    }
}

static bool is_by_person(const struct recovery *r) {
    const char *actor = r->start.actor;
    if (strcmp(r->start.event_type, "manual") == 0) return true;
    return actor[0] != '\0' && strcmp(actor, "ear") != 0 && strcmp(actor, "ear-aggregator") != 0;
}

static int by_number(const void *left, const void *right) {
    const double *a = left, *b = right;
    return *a < *b ? -1 : *a > *b;
}

/* Counts and times of `count` recoveries. */
static enum status total_recoveries(const struct recovery *recoveries, size_t count,
                                    struct week_totals *totals) {
    double *times = calloc(count + 1, sizeof *times);
    size_t ended = 0;
    if (times == NULL) return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        const struct recovery *r = &recoveries[i];
        totals->recoveries++;
        totals->by_person += is_by_person(r);
        totals->automatic += !is_by_person(r);
        totals->succeeded += strcmp(r->last.status, "success") == 0;
        totals->failed += strcmp(r->last.status, "failed") == 0;
        if (r->ended) times[ended++] = recovery_took_s(r);
    }
    qsort(times, ended, sizeof *times, by_number);
    totals->median_s = ended == 0 ? NAN : times[ended / 2];
    totals->p95_s = ended == 0 ? NAN : times[(ended - 1) * 95 / 100];
    free(times);
    return STATUS_OK;
}

static enum status add_recoveries(struct week *week, const struct record *records, size_t count) {
    size_t joined = 0;
    enum status status =
        recoveries_join(records, count, &week->recoveries, &joined, &week->unreadable);
    if (status != STATUS_OK) return status;
    while (week->recovery_count < joined &&
           week->recoveries[week->recovery_count].start.started.ms >= week->from.ms)
        week->recovery_count++;
    for (size_t i = 0; i < count; i++) count_action(week, &records[i]);
    finish_actions(week);
    status = total_recoveries(week->recoveries, week->recovery_count, &week->now);
    if (status != STATUS_OK) return status;
    return total_recoveries(week->recoveries + week->recovery_count, joined - week->recovery_count,
                            &week->before);
}

/* --- predictions --- */

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
        const char *word = json_text(json_get(f, "text"));
        if (word == NULL) word = json_text(f);
        if (word == NULL) continue;
        if (text.length > 0) text_add(&text, "; ");
        text_add(&text, word);
    }
}

static struct wall_time read_time(const struct json_value *object, const char *key) {
    struct wall_time at = {0};
    const char *text = json_text(json_get(object, key));
    if (text != NULL) IGNORE(wall_parse(text, strlen(text), &at)); /* 0 = not said */
    return at;
}

static void fill_prediction(const struct json_value *root, const struct record *record,
                            struct week_prediction *p) {
    const struct json_value *window = json_get(root, "predicted_window");
    copy_cut(p->instance_id, sizeof p->instance_id, record->partition);
    copy_cut(p->label, sizeof p->label, json_text(json_get(root, "confidence")));
    copy_cut(p->kind, sizeof p->kind, json_text(json_get(root, "failure_type")));
    copy_cut(p->outcome, sizeof p->outcome, json_text(json_get(root, "outcome")));
    p->earliest = read_time(window, "earliest");
    p->likely = read_time(window, "likely");
    p->latest = read_time(window, "latest");
    p->score = read_score(root);
    read_factors(json_get(root, "factors"), p);
}

static void read_prediction(struct week *week, const struct record *record) {
    struct json_doc *doc CLEANUP(json_cleanup) = NULL;
    struct wall_time at;
    if (json_parse(record->item, strlen(record->item), RECORD_ITEM_SIZE, &doc) != STATUS_OK ||
        wall_parse(record->sort, strlen(record->sort), &at) != STATUS_OK) {
        week->unreadable++;
        return;
    }
    if (at.ms < week->from.ms) {
        week->before.predictions++;
        return;
    }
    struct week_prediction *p = &week->predictions[week->prediction_count++];
    p->at = at;
    fill_prediction(json_root(doc), record, p);
    week->now.predictions++;
}

static enum status add_predictions(struct week *week, const struct record *records, size_t count) {
    week->predictions = calloc(count + 1, sizeof *week->predictions);
    if (week->predictions == NULL) return STATUS_NO_MEMORY;
    for (size_t i = count; i-- > 0;) read_prediction(week, &records[i]);
    return STATUS_OK;
}

/* --- decisions not to act, by the rule that held them back (R26, U15) --- */

static void count_rule(struct week *week, const char *rule) {
    size_t r = 0;
    while (r < week->rule_count && strcmp(week->rules[r].rule, rule) != 0) r++;
    if (r == WEEK_RULES_MAX) return;
    if (r == week->rule_count) {
        copy_cut(week->rules[r].rule, sizeof week->rules[r].rule, rule);
        week->rule_count++;
    }
    week->rules[r].refused++;
}

static void read_decision(struct week *week, const struct record *record) {
    struct json_doc *doc CLEANUP(json_cleanup) = NULL;
    if (json_parse(record->item, strlen(record->item), RECORD_ITEM_SIZE, &doc) != STATUS_OK) {
        week->unreadable++;
        return;
    }
    const struct json_value *root = json_root(doc);
    const char *kind = json_text(json_get(root, "kind"));
    const char *decision = json_text(json_get(root, "decision"));
    const char *rule = json_text(json_get(root, "rule"));
    if (kind == NULL || decision == NULL || rule == NULL) return;
    if (strcmp(kind, "decision") != 0 || strcmp(decision, "act") == 0) return;
    if (read_time(root, "timestamp").ms < week->from.ms) {
        week->before.refusals++;
        return;
    }
    week->now.refusals++;
    count_rule(week, rule);
}

/* --- what deserves a look --- */

static struct text attend(struct week *week, const char *instance_id) {
    struct week_attention *a = &week->attention[week->attention_count++];
    copy_cut(a->instance_id, sizeof a->instance_id, instance_id);
    return text_over(a->text, sizeof a->text);
}

static uint32_t recoveries_of(const struct week *week, const char *instance_id) {
    uint32_t count = 0;
    for (size_t i = 0; i < week->recovery_count; i++)
        count += strcmp(week->recoveries[i].start.instance_id, instance_id) == 0;
    return count;
}

static void add_attention(struct week *week) {
    for (size_t i = 0; i < week->fleet->count; i++) {
        const struct member_summary *m = &week->fleet->members[i];
        uint32_t flaps = recoveries_of(week, m->facts.id.text);
        char span[CLOCK_RFC3339_SIZE];
        bool room = week->attention_count + 2 <= WEEK_ATTENTION_MAX;
        if (flaps >= WEEK_FLAPS && room) {
            struct text text = attend(week, m->facts.id.text);
            text_add_unsigned(&text, flaps);
            text_add(&text, " recoveries: it flaps; look for the cause");
        }
        if (m->state == MEMBER_SILENT && m->since_report.ms >= WEEK_SILENT_MS && room) {
            struct text text = attend(week, m->facts.id.text);
            text_add(&text, "its agent is silent for ");
            text_add(&text, duration_format(m->since_report, span));
        }
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
    for (size_t i = 0; i < audit_count; i++) read_decision(week, &audit[i]);
    add_attention(week);
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

void week_total_rows(const struct week *week, struct week_total_row rows_out[WEEK_TOTAL_ROWS]) {
    const struct week_totals *n = &week->now, *b = &week->before;
    const struct week_total_row rows[WEEK_TOTAL_ROWS] = {
        {"instances", "instances now", (double)week->fleet->count, NAN, 0},
        {"recoveries", "recoveries", n->recoveries, b->recoveries, 0},
        {"automatic", "  automatic", n->automatic, b->automatic, 0},
        {"by_person", "  by a person", n->by_person, b->by_person, 0},
        {"succeeded", "  succeeded", n->succeeded, b->succeeded, 0},
        {"failed", "  failed", n->failed, b->failed, 0},
        {"median_s", "median seconds to proof", n->median_s, b->median_s, 1},
        {"p95_s", "p95 seconds to proof", n->p95_s, b->p95_s, 1},
        {"predictions", "predictions", n->predictions, b->predictions, 0},
        {"refusals", "decisions not to act", n->refusals, b->refusals, 0},
    };
    memcpy(rows_out, rows, sizeof rows);
}
