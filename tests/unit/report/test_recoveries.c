/* Stored rows, as aggregator/engine/rows.c writes them, read back for people. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/report/recoveries.h"
#include "common/json/json.h"
#include "tests/support/unit.h"
#include "tests/unit/report/sample.h"

static char out_bytes[65536];
#define ONE "INC-01JZX4N0C9K3T7Q2V5W8Y1B4D6"
#define TWO "INC-01JZX4N0C9K3T7Q2V5W8Y1B4D7"

/* A ladder of two rungs, a recovery that a person asked for and that is open, a row of no workflow,
 * and one that is no JSON. */
static size_t fill(struct record rows[8]) {
    rows[0] = sample_row(
        "i-0a1b2c3d4e5f60718", "2026-03-03T08:00:00.000Z",
        "{\"workflow_id\":\"" ONE "\",\"event_type\":\"app_failure\",\"status\":\"in_progress\","
        "\"action_taken\":\"restart-service\",\"step\":\"start\",\"actor\":\"ear-aggregator\","
        "\"started\":\"2026-03-03T08:00:00.000Z\",\"evidence\":\"3 failures in a row\","
        "\"metadata\":{\"cause\":\"service_down: front refused\",\"unit\":\"web.service\","
        "\"result\":\"\"}}");
    rows[1] = sample_row(
        "i-0a1b2c3d4e5f60718", "2026-03-03T08:00:30.000Z",
        "{\"workflow_id\":\"" ONE "\",\"event_type\":\"app_failure\",\"status\":\"failed\","
        "\"action_taken\":\"restart-service\",\"step\":\"result\",\"actor\":\"ear-aggregator\","
        "\"started\":\"2026-03-03T08:00:00.000Z\",\"metadata\":{\"result\":\"no proof in 30s\"}}");
    rows[2] = sample_row(
        "i-0a1b2c3d4e5f60718", "2026-03-03T08:00:31.000Z",
        "{\"workflow_id\":\"" ONE "\",\"event_type\":\"app_failure\",\"status\":\"in_progress\","
        "\"action_taken\":\"reboot\",\"step\":\"start\",\"actor\":\"ear-aggregator\","
        "\"started\":\"2026-03-03T08:00:31.000Z\",\"metadata\":{}}");
    rows[3] = sample_row(
        "i-0b2c3d4e5f6071829", "2026-03-03T08:01:00.000Z",
        "{\"workflow_id\":\"" TWO "\",\"event_type\":\"manual\",\"status\":\"in_progress\","
        "\"action_taken\":\"stop-start\",\"step\":\"start\",\"actor\":\"ann\","
        "\"started\":\"2026-03-03T08:01:00.000Z\",\"metadata\":{\"cause\":\"requested\"}}");
    rows[4] = sample_row(
        "i-0a1b2c3d4e5f60718", "2026-03-03T08:02:00.000Z",
        "{\"workflow_id\":\"" ONE "\",\"event_type\":\"app_failure\",\"status\":\"success\","
        "\"action_taken\":\"reboot\",\"step\":\"result\",\"actor\":\"ear-aggregator\","
        "\"started\":\"2026-03-03T08:00:31.000Z\",\"metadata\":{\"result\":\"new boot id\"}}");
    rows[5] = sample_row("i-0c3d4e5f607182930", "2026-03-03T08:03:00.000Z",
                         "{\"status\":\"success\",\"action_taken\":\"old\"}");
    rows[6] = sample_row("i-0c3d4e5f607182930", "2026-03-03T08:04:00.000Z",
                         "{\"status\":\"failed\",\"action_taken\":\"old\"}");
    rows[7] = sample_row("i-0c3d4e5f607182930", "2026-03-03T08:05:00.000Z", "{broken");
    return 8;
}

TEST(rows_of_a_workflow_join_across_rungs) {
    (void)state;
    struct record rows[8];
    struct recovery *recoveries;
    size_t count, unreadable;
    assert_ok(recoveries_join(rows, fill(rows), &recoveries, &count, &unreadable));
    assert_int_equal(count, 4); /* two without a workflow stand alone */
    assert_int_equal(unreadable, 1);
    const struct recovery *one = &recoveries[3];
    assert_string_equal(one->start.workflow_id, ONE);
    assert_string_equal(one->start.cause, "service_down: front refused");
    assert_string_equal(one->start.unit, "web.service");
    assert_string_equal(one->last.action, "reboot");
    assert_string_equal(one->last.result, "new boot id");
    assert_int_equal(one->row_count, 4);
    assert_true(one->ended && recovery_took_s(one) == 120.0);
    const struct recovery *two = &recoveries[2];
    assert_string_equal(two->start.actor, "ann");
    assert_true(!two->ended && isnan(recovery_took_s(two)));
    free(recoveries);
}

TEST(a_result_whose_start_is_too_old_to_see_keeps_its_start_time) {
    (void)state;
    struct record rows[8];
    struct recovery *recoveries;
    size_t count, unreadable;
    (void)fill(rows);
    assert_ok(recoveries_join(&rows[4], 1, &recoveries, &count, &unreadable));
    assert_int_equal(count, 1);
    assert_true(recovery_took_s(&recoveries[0]) == 89.0);
    free(recoveries);
}

static const char *listed(const char *wanted, enum report_format format) {
    struct record rows[8];
    size_t count = fill(rows);
    struct text out = text_over(out_bytes, sizeof out_bytes);
    assert_ok(
        report_recoveries(rows, count, wanted, &(struct report_view){.format = format}, &out));
    return out_bytes;
}

TEST(recoveries_are_listed_newest_first_and_by_status) {
    (void)state;
    const char *out = listed("", REPORT_TABLE);
    assert_true(strstr(out, TWO) < strstr(out, ONE));
    assert_non_null(strstr(out, "1 rows could not be read"));
    out = listed("in_progress", REPORT_CSV);
    assert_null(strstr(out, ONE));
    assert_string_equal(out,
                        "workflow_id,instance_id,started,event_type,action,status,took_s,actor,"
                        "cause,evidence,result\r\n" TWO
                        ",i-0b2c3d4e5f6071829,2026-03-03T08:01:00Z,manual,stop-start,in_progress,,"
                        "ann,requested,,\r\n");
    assert_non_null(strstr(listed("nothing", REPORT_TABLE), "no recoveries\n"));
    out = listed("", REPORT_JSON);
    struct json_doc *doc;
    assert_ok(json_parse(out, strlen(out) - 1, sizeof out_bytes, &doc));
    assert_int_equal(json_length(json_get(json_root(doc), "rows")), 4);
    json_destroy(doc);
}

TEST(one_recovery_is_shown_step_by_step) {
    (void)state;
    struct record rows[8];
    size_t count = fill(rows);
    struct report_view view = {.format = REPORT_TABLE};
    struct text out = text_over(out_bytes, sizeof out_bytes);
    assert_ok(report_recovery(rows, count, ONE, &view, &out));
    assert_non_null(strstr(out_bytes, ONE "  i-0a1b2c3d4e5f60718  app_failure  service_down: front"
                                          " refused\n"));
    const char *failed = strstr(out_bytes, "no proof in 30s");
    assert_true(failed != NULL && failed < strstr(out_bytes, "new boot id"));
    out = text_over(out_bytes, sizeof out_bytes);
    assert_int_equal(report_recovery(rows, count, "INC-none", &view, &out), STATUS_NOT_FOUND);
    assert_int_equal(report_recovery(rows, count, "", &view, &out), STATUS_NOT_FOUND);
}

TEST(rows_that_are_not_as_written_are_refused_not_guessed) {
    (void)state;
    static const char *const items[] = {"", "null", "[]", "{\"a\":1,\"a\":2}", "{\"status\":7}"};
    struct recovery_row row;
    char place[64];
    for (size_t i = 0; i < ARRAY_LENGTH(items); i++) {
        struct record record = sample_row("i-0a1b2c3d4e5f60718", "2026-03-03T08:00:00Z", items[i]);
        enum status status = recovery_row_read(&record, &row, place);
        if (status == STATUS_OK) assert_string_equal(row.status, "");
    }
    struct record record = sample_row("i-0a1b2c3d4e5f60718", "yesterday", "{}");
    assert_int_not_equal(recovery_row_read(&record, &row, place), STATUS_OK);
    assert_string_equal(place, "yesterday");
}

static const char audit_item[] =
    "{\"timestamp\":\"2026-03-03T08:00:00.000Z\",\"kind\":\"decision\",\"instance_id\":"
    "\"i-0a1b2c3d4e5f60718\",\"incident_id\":\"" ONE "\",\"decision\":\"refuse\",\"rule\":"
    "\"budget_hour\",\"rung\":\"reboot\",\"actor\":\"ear\",\"text\":\"5 of 5\",\"epoch\":3}";

TEST(the_audit_shows_who_what_and_which_rule) {
    (void)state;
    struct record rows[] = {sample_row("ear/1", "000000000001", audit_item),
                            sample_row("ear/1", "000000000002", "{broken")};
    struct text out = text_over(out_bytes, sizeof out_bytes);
    assert_ok(report_audit(rows, 2, &(struct report_view){.format = REPORT_CSV}, &out));
    assert_string_equal(
        out_bytes, "timestamp,actor,kind,decision,rule,instance_id,incident_id,rung,text\r\n"
                   "2026-03-03T08:00:00Z,ear,decision,refuse,budget_hour,i-0a1b2c3d4e5f60718," ONE
                   ",reboot,5 of 5\r\n");
    out = text_over(out_bytes, sizeof out_bytes);
    assert_ok(report_audit(rows, 2, &(struct report_view){.format = REPORT_TABLE}, &out));
    assert_non_null(strstr(out_bytes, "1 rows could not be read"));
    out = text_over(out_bytes, sizeof out_bytes);
    assert_ok(report_audit(rows, 1, &(struct report_view){.format = REPORT_JSON}, &out));
    assert_memory_equal(out_bytes, audit_item, sizeof audit_item - 1); /* as it was written */
}
