/* SAFETY F35: hostnames, tags and service names that want to be markup, escapes or lines. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/report/fleet_report.h"
#include "aggregator/report/week.h"
#include "common/base/json_write.h"
#include "common/json/json.h"
#include "tests/support/unit.h"
#include "tests/unit/report/sample.h"

#define OUT_SIZE (1U << 20)

static const char *const nasty[] = {
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "'onmouseover='alert(1)",
    "</title></svg><b>",
    "a&lt;b&amp;",
    "\x1b]0;owned\x07\x1b[2J",
    "\xc2\x9b"
    "31m",
    "line\nforged: ok\r\n",
    "tab\tbell\x07nul-ish\x01",
    "\xe2\x80\xaegnp.exe",
    "\xff\xfe\x80"
    "broken",
    "=cmd|'/c calc'!A1",
    "a,b\"c\"\r\n;",
    "%s%n%x",
    "${jndi:ldap://x}",
    "{\"a\":1}",
};

/* What must not stand in any form for people or in CSV: what moves a terminal's cursor or makes a
 * line of its own. */
static bool has_control(const char *out) {
    for (; *out != '\0'; out++) {
        unsigned char c = (unsigned char)*out;
        if (c == '\n' || (c == '\r' && out[1] == '\n')) continue;
        if (c < 0x20 || c == 0x7f) return true;
        if (c == 0xc2 && (unsigned char)out[1] >= 0x80 && (unsigned char)out[1] < 0xa0) return true;
        if (strncmp(out, "\xe2\x80\xae", 3) == 0) return true;
    }
    return false;
}

static size_t lines(const char *out) {
    size_t count = 0;
    for (; *out != '\0'; out++) count += *out == '\n';
    return count;
}

/* One nasty text in every place that a text from outside reaches. */
static void poison(struct sample_fleet *f, const char *text) {
    struct member_summary *m = &f->members[1];
    snprintf(m->facts.name, sizeof m->facts.name, "%s", text);
    snprintf(m->facts.type, sizeof m->facts.type, "%s", text);
    snprintf(m->facts.availability_zone, sizeof m->facts.availability_zone, "%s", text);
    snprintf(m->agent_version, sizeof m->agent_version, "%s", text);
    snprintf(m->why, sizeof m->why, "%s", text);
    snprintf(m->next, sizeof m->next, "%s", text);
    snprintf(m->agent_checks[0].name, sizeof m->agent_checks[0].name, "%s", text);
    snprintf(m->agent_checks[0].unit, sizeof m->agent_checks[0].unit, "%s", text);
    snprintf(m->agent_checks[0].detail, sizeof m->agent_checks[0].detail, "%s", text);
    snprintf(m->prediction.reasons[0].text, sizeof m->prediction.reasons[0].text, "%s", text);
    snprintf(m->prediction.reasons[0].member, sizeof m->prediction.reasons[0].member, "%s", text);
    f->snapshot.paused = true;
    snprintf(f->snapshot.pause_reason, sizeof f->snapshot.pause_reason, "%s", text);
}

static void write_fleet(struct sample_fleet *f, int which, enum report_format format,
                        struct text *out) {
    struct report_view view = {.format = format};
    struct fleet_filter all = {.zone = ""};
    const float values[] = {1, 2};
    struct report_series series = {"mem_used_percent", values, 2};
    if (which == 0) assert_ok(report_status(&f->snapshot, &all, &view, out));
    if (which == 1) assert_ok(report_instances(&f->snapshot, &all, &view, out));
    if (which == 2) assert_ok(report_predictions(&f->snapshot, &all, &view, out));
    if (which == 3) assert_ok(report_instance(&f->members[1], &series, 1, &view, out));
}

TEST(tables_and_csv_hold_no_control_and_no_line_of_a_stranger) {
    (void)state;
    static const enum report_format formats[] = {REPORT_TABLE, REPORT_TEXT, REPORT_CSV};
    char *bytes = malloc(OUT_SIZE);
    struct sample_fleet clean, f;
    sample_fill(&clean);
    poison(&clean, "x");
    for (size_t n = 0; n < ARRAY_LENGTH(nasty); n++) {
        sample_fill(&f);
        poison(&f, nasty[n]);
        for (int which = 0; which < 4; which++) {
            for (size_t i = 0; i < ARRAY_LENGTH(formats); i++) {
                struct text out = text_over(bytes, OUT_SIZE);
                write_fleet(&clean, which, formats[i], &out);
                size_t expected = lines(bytes);
                out = text_over(bytes, OUT_SIZE);
                write_fleet(&f, which, formats[i], &out);
                assert_false(has_control(bytes));
                assert_int_equal(lines(bytes), expected);
            }
        }
    }
    free(bytes);
}

TEST(json_reads_back_as_what_came_in) {
    (void)state;
    char *bytes = malloc(OUT_SIZE);
    for (size_t n = 0; n < ARRAY_LENGTH(nasty); n++) {
        struct sample_fleet f;
        struct json_doc *doc;
        sample_fill(&f);
        poison(&f, nasty[n]);
        for (int which = 0; which < 4; which++) {
            struct text out = text_over(bytes, OUT_SIZE);
            write_fleet(&f, which, REPORT_JSON, &out);
            assert_int_equal(lines(bytes), 1);
            assert_ok(json_parse(bytes, out.length - 1, OUT_SIZE, &doc));
            if (which == 3 && (unsigned char)nasty[n][0] != 0xff)
                assert_string_equal(json_text(json_get(json_root(doc), "name")), nasty[n]);
            json_destroy(doc);
        }
    }
    free(bytes);
}

/* A recovery, a prediction and a refusal made of the nasty text. */
static struct week *nasty_week(const struct sample_fleet *f, const char *text,
                               char items[3][2048]) {
    struct record rows[3];
    struct week *week;
    for (size_t i = 0; i < 3; i++) {
        struct text item = text_over(items[i], 2048);
        struct json_writer json = json_writer_over(&item);
        json_open_object(&json, NULL);
        static const char *const keys[] = {"workflow_id",  "event_type", "action_taken",
                                           "status",       "actor",      "evidence",
                                           "failure_type", "outcome",    "rule"};
        for (size_t k = 0; k < ARRAY_LENGTH(keys); k++) json_string(&json, keys[k], text);
        json_string(&json, "timestamp", "2026-03-02T08:00:00Z");
        json_string(&json, "kind", "decision");
        json_string(&json, "decision", "refuse");
        json_open_object(&json, "metadata");
        json_string(&json, "cause", text);
        json_string(&json, "result", text);
        json_close_object(&json);
        json_open_array(&json, "factors");
        json_string(&json, NULL, text);
        json_close_array(&json);
        json_close_object(&json);
        rows[i] = sample_row("i-0a1b2c3d4e5f60718", "2026-03-02T08:00:00Z", items[i]);
    }
    assert_ok(week_create((struct wall_time){SAMPLE_AT_MS - 604800000LL},
                          (struct wall_time){SAMPLE_AT_MS}, &f->snapshot, &rows[0], 1, &rows[1], 1,
                          &rows[2], 1, &week));
    struct week_chart *chart = week_add_chart(week, &f->members[1].facts, METRIC_MEM_USED, 90.0);
    chart->values[3] = 1;
    return week;
}

TEST(the_page_holds_no_raw_occurrence) {
    (void)state;
    char *bytes = malloc(OUT_SIZE), items[3][2048];
    for (size_t n = 0; n < ARRAY_LENGTH(nasty); n++) {
        struct sample_fleet f;
        sample_fill(&f);
        poison(&f, nasty[n]);
        struct week *week = nasty_week(&f, nasty[n], items);
        struct text out = text_over(bytes, OUT_SIZE);
        assert_ok(week_write(week, &(struct report_view){.format = REPORT_HTML}, &out));
        assert_false(out.truncated);
        assert_false(has_control(bytes));
        if (strpbrk(nasty[n], "<>&\"'\n\x1b\xff") != NULL) assert_null(strstr(bytes, nasty[n]));
        static const char *const never[] = {"<script", "<img", "<b>a", "onerror=alert(1)>",
                                            "</title></svg>"};
        for (size_t i = 0; i < ARRAY_LENGTH(never); i++) assert_null(strstr(bytes, never[i]));
        week_destroy(week);
    }
    free(bytes);
}

TEST(the_weeks_other_formats_are_clean_too) {
    (void)state;
    char *bytes = malloc(OUT_SIZE), items[3][2048];
    for (size_t n = 0; n < ARRAY_LENGTH(nasty); n++) {
        struct sample_fleet f;
        struct json_doc *doc;
        sample_fill(&f);
        poison(&f, nasty[n]);
        struct week *week = nasty_week(&f, nasty[n], items);
        struct text out = text_over(bytes, OUT_SIZE);
        assert_ok(week_write(week, &(struct report_view){.format = REPORT_TEXT}, &out));
        assert_false(has_control(bytes));
        out = text_over(bytes, OUT_SIZE);
        assert_ok(week_write(week, &(struct report_view){.format = REPORT_CSV}, &out));
        assert_false(has_control(bytes));
        out = text_over(bytes, OUT_SIZE);
        assert_ok(week_write(week, &(struct report_view){.format = REPORT_JSON}, &out));
        assert_ok(json_parse(bytes, out.length - 1, OUT_SIZE, &doc));
        json_destroy(doc);
        week_destroy(week);
    }
    free(bytes);
}
