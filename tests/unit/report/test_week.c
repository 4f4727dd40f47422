/* The week's report: one data object, the same totals in every format. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/report/week.h"
#include "common/json/json.h"
#include "tests/support/unit.h"
#include "tests/unit/report/sample.h"

#define WEEK_MS  604800000LL
#define OUT_SIZE (1U << 20)
#define ROWS_MAX 64
#define AUDIT(decision, rule)                                                                      \
    "{\"timestamp\":\"2026-03-02T08:00:00.000Z\",\"kind\":\"decision\",\"decision\":\"" decision   \
    "\",\"rule\":\"" rule "\"}"

struct bench {
    struct sample_fleet fleet;
    struct record recoveries[ROWS_MAX], predictions[ROWS_MAX], audit[ROWS_MAX];
    char items[ROWS_MAX][512];
    size_t recovery_count, prediction_count, audit_count, item_count;
    struct week *week;
    char *out;
};

static void add_recovery(struct bench *b, const char *id, const char *at, const char *status,
                         const char *actor) {
    char *item = b->items[b->item_count++];
    bool start = strcmp(status, "in_progress") == 0;
    snprintf(item, sizeof b->items[0],
             "{\"workflow_id\":\"INC-%s\",\"event_type\":\"health_check\",\"status\":\"%s\","
             "\"action_taken\":\"reboot\",\"step\":\"%s\",\"actor\":\"%s\","
             "\"metadata\":{\"cause\":\"instance_check\"},"
             "\"started\":\"2026-%s:00:00.000Z\"}",
             id, status, start ? "start" : "result", actor, at);
    char sort[40];
    snprintf(sort, sizeof sort, "2026-%s:%s:00.000Z", at, start ? "00" : "01");
    b->recoveries[b->recovery_count++] = sample_row("i-0a1b2c3d4e5f60718", sort, item);
}

/* Three recoveries within the week (one open, one by a person), one of the week before; one
 * prediction in each; two refusals, a wait and an act, and a refusal of the week before. */
static struct bench *fill(void) {
    struct bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    b->out = malloc(OUT_SIZE);
    assert_non_null(b->out);
    sample_fill(&b->fleet);
    add_recovery(b, "0", "02-20T07", "in_progress", "ear-aggregator");
    add_recovery(b, "0", "02-20T07", "failed", "ear-aggregator");
    add_recovery(b, "1", "03-01T07", "in_progress", "ear-aggregator");
    add_recovery(b, "1", "03-01T07", "success", "ear-aggregator");
    add_recovery(b, "2", "03-02T07", "in_progress", "ann");
    add_recovery(b, "2", "03-02T07", "failed", "ann");
    add_recovery(b, "3", "03-03T07", "in_progress", "ear-aggregator");
    static const char prediction[] =
        "{\"prediction_id\":\"PRED-1\",\"confidence\":\"high\",\"score\":\"0.912\","
        "\"failure_type\":\"memory_leak\",\"factors\":[{\"text\":\"grows 1 MB/min\",\"share\":0.7,"
        "\"member\":\"web.service\"},{\"text\":\"steady\",\"share\":0.3}],\"predicted_window\":"
        "{\"earliest\":\"2026-03-03T10:00:00.000Z\",\"likely\":\"2026-03-03T11:00:00.000Z\","
        "\"latest\":\"2026-03-03T12:00:00.000Z\"},\"outcome\":\"open\"}";
    b->predictions[0] = sample_row("i-0b2c3d4e5f6071829", "2026-02-20T08:00:00.000Z", prediction);
    b->predictions[1] = sample_row("i-0b2c3d4e5f6071829", "2026-03-02T08:00:00.000Z", prediction);
    b->predictions[2] = sample_row("i-0b2c3d4e5f6071829", "2026-03-02T09:00:00.000Z", "{broken");
    b->prediction_count = 3;
    static const char *const audit[] = {
        AUDIT("refuse", "budget_hour"),
        AUDIT("refuse", "budget_hour"),
        AUDIT("wait", "cooldown"),
        AUDIT("act", "act"),
        "{\"timestamp\":\"2026-02-21T08:00:00.000Z\",\"kind\":\"decision\",\"decision\":\"refuse\","
        "\"rule\":\"paused\"}",
        "{\"timestamp\":\"2026-03-02T08:00:00.000Z\",\"kind\":\"pause\",\"decision\":\"refuse\","
        "\"rule\":\"paused\"}"};
    for (size_t i = 0; i < ARRAY_LENGTH(audit); i++)
        b->audit[b->audit_count++] = sample_row("ear/1", "1", audit[i]);
    struct wall_time to = {SAMPLE_AT_MS}, from = {SAMPLE_AT_MS - WEEK_MS};
    assert_ok(week_create(from, to, &b->fleet.snapshot, b->recoveries, b->recovery_count,
                          b->predictions, b->prediction_count, b->audit, b->audit_count, &b->week));
    return b;
}

static void clear(struct bench *b) {
    week_destroy(b->week);
    free(b->out);
    free(b);
}

static const char *written(struct bench *b, enum report_format format) {
    struct text out = text_over(b->out, OUT_SIZE);
    assert_ok(week_write(b->week, &(struct report_view){.format = format}, &out));
    assert_false(out.truncated);
    return b->out;
}

TEST(the_week_counts_its_own_rows_and_those_before_apart) {
    (void)state;
    struct bench *b = fill();
    const struct week_totals *now = &b->week->now, *before = &b->week->before;
    assert_int_equal(now->recoveries, 3);
    assert_int_equal(now->automatic, 2);
    assert_int_equal(now->by_person, 1);
    assert_int_equal(now->succeeded, 1);
    assert_int_equal(now->failed, 1);
    assert_int_equal(now->predictions, 1);
    assert_int_equal(now->refusals, 3);
    assert_true(now->median_s == 60.0 && now->p95_s == 60.0);
    assert_int_equal(before->recoveries, 1);
    assert_int_equal(before->failed, 1);
    assert_int_equal(before->predictions, 1);
    assert_int_equal(before->refusals, 1);
    assert_int_equal(b->week->unreadable, 1);
    assert_int_equal(b->week->action_count, 1);
    const struct week_action *a = &b->week->actions[0];
    assert_true(a->tried == 3 && a->succeeded == 1 && a->failed == 1 && a->open == 1);
    clear(b);
}

/* The number behind `key` in the totals object of the JSON form. */
static double json_total(const struct json_value *totals, const char *key) {
    double number = -1;
    if (json_get(totals, key) == NULL) return (double)NAN;
    assert_ok(json_get_number(totals, key, 0, 1e9, &number));
    return number;
}

static bool has(const char *out, const char *start, double number, unsigned decimals,
                const char *end) {
    char wanted[128];
    struct text text = text_over(wanted, sizeof wanted);
    text_add(&text, start);
    text_add_fixed(&text, number, decimals);
    text_add(&text, end);
    return strstr(out, wanted) != NULL;
}

TEST(totals_are_equal_in_all_formats) {
    (void)state;
    struct bench *b = fill();
    struct week_total_row rows[WEEK_TOTAL_ROWS];
    week_total_rows(b->week, rows);
    const char *out = written(b, REPORT_JSON);
    struct json_doc *doc;
    assert_ok(json_parse(out, strlen(out) - 1, OUT_SIZE, &doc));
    for (size_t i = 0; i < WEEK_TOTAL_ROWS; i++) {
        double now = json_total(json_get(json_root(doc), "totals"), rows[i].key);
        double before = json_total(json_get(json_root(doc), "totals_before"), rows[i].key);
        assert_true(now == rows[i].now || (isnan(now) && isnan(rows[i].now)));
        assert_true(before == rows[i].before || (isnan(before) && isnan(rows[i].before)));
    }
    json_destroy(doc);
    for (size_t i = 0; i < WEEK_TOTAL_ROWS; i++) {
        char start[96];
        snprintf(start, sizeof start, "total,%s,,,", rows[i].key);
        assert_true(has(written(b, REPORT_CSV), start, rows[i].now, rows[i].decimals, ","));
        snprintf(start, sizeof start, "</b>%s<small>", rows[i].title);
        out = strstr(written(b, REPORT_HTML), start);
        assert_non_null(out);
        char shown[48];
        struct text text = text_over(shown, sizeof shown);
        text_add(&text, "<b>");
        text_add_fixed(&text, rows[i].now, rows[i].decimals);
        assert_memory_equal(out - text.length, shown, text.length);
        out = strstr(written(b, REPORT_TEXT), rows[i].title);
        assert_non_null(out);
        assert_true(strtod(out + strlen(rows[i].title), NULL) == rows[i].now);
    }
    clear(b);
}

TEST(predictions_keep_kind_score_window_and_factors) {
    (void)state;
    struct bench *b = fill();
    const struct week_prediction *p = &b->week->predictions[0];
    assert_string_equal(p->kind, "memory_leak");
    assert_string_equal(p->label, "high");
    assert_string_equal(p->outcome, "open");
    assert_string_equal(p->factors, "grows 1 MB/min; steady");
    assert_true(p->score == 0.912);
    assert_true(p->likely.ms == 1772535600000);
    assert_non_null(strstr(written(b, REPORT_HTML), "2026-03-03 10:00:00 to 2026-03-03 12:00:00"));
    clear(b);
}

TEST(refusals_are_counted_by_rule) {
    (void)state;
    struct bench *b = fill();
    assert_int_equal(b->week->rule_count, 2);
    assert_string_equal(b->week->rules[0].rule, "budget_hour");
    assert_int_equal(b->week->rules[0].refused, 2);
    assert_string_equal(b->week->rules[1].rule, "cooldown");
    assert_non_null(strstr(written(b, REPORT_CSV), "refusal,budget_hour,,,2,,\r\n"));
    clear(b);
}

TEST(what_flaps_or_stays_silent_is_named) {
    (void)state;
    struct bench *b = fill();
    assert_int_equal(b->week->attention_count, 2);
    assert_string_equal(b->week->attention[0].instance_id, "i-0a1b2c3d4e5f60718");
    assert_string_equal(b->week->attention[1].text, "its agent is silent for 2h0m");
    assert_non_null(strstr(written(b, REPORT_TEXT), "3 recoveries: it flaps"));
    clear(b);
}

TEST(an_empty_week_is_a_whole_report) {
    (void)state;
    struct fleet_snapshot empty = {.store_usable = true};
    struct week *week;
    static const enum report_format formats[] = {REPORT_TEXT, REPORT_JSON, REPORT_CSV, REPORT_HTML};
    static char bytes[65536];
    assert_ok(week_create((struct wall_time){SAMPLE_AT_MS - WEEK_MS},
                          (struct wall_time){SAMPLE_AT_MS}, &empty, NULL, 0, NULL, 0, NULL, 0,
                          &week));
    for (size_t i = 0; i < ARRAY_LENGTH(formats); i++) {
        struct text out = text_over(bytes, sizeof bytes);
        assert_ok(week_write(week, &(struct report_view){.format = formats[i]}, &out));
        assert_null(strstr(bytes, "nan"));
    }
    assert_non_null(strstr(bytes, "No history yet."));
    week_destroy(week);
}

TEST(the_page_stands_alone) {
    (void)state;
    struct bench *b = fill();
    struct week_chart *chart =
        week_add_chart(b->week, &b->fleet.members[1].facts, METRIC_DISK_USED, 90.0);
    chart->values[0] = 10;
    chart->values[1] = 20;
    const char *out = written(b, REPORT_HTML);
    static const char *const outside[] = {
        "<script", "http:", "https:", "src=", "<link", "@import", "url("};
    for (size_t i = 0; i < ARRAY_LENGTH(outside); i++) assert_null(strstr(out, outside[i]));
    assert_non_null(strstr(out, "default-src 'none'"));
    assert_non_null(strstr(out, "<polyline"));
    assert_non_null(strstr(out, "@page{size:A4"));
    assert_string_equal(out + strlen(out) - 15, "</body></html>\n");
    clear(b);
}

TEST(charts_are_bounded) {
    (void)state;
    struct bench *b = fill();
    for (size_t i = 0; i < WEEK_CHARTS_MAX; i++)
        assert_non_null(week_add_chart(b->week, &b->fleet.members[0].facts, METRIC_MEM_USED, 90.0));
    assert_null(week_add_chart(b->week, &b->fleet.members[0].facts, METRIC_MEM_USED, 90.0));
    (void)written(b, REPORT_HTML); /* all of them empty */
    clear(b);
}
