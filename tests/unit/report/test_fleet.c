/* status, instances, instance show, predictions: what people and machines are told. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/report/fleet_report.h"
#include "common/json/json.h"
#include "tests/support/unit.h"
#include "tests/unit/report/sample.h"

static char out_bytes[65536];
static const struct fleet_filter everything = {.zone = ""};

typedef enum status (*writer)(const struct fleet_snapshot *, const struct fleet_filter *,
                              const struct report_view *, struct text *);

static const char *written(writer write, const struct fleet_snapshot *s, struct fleet_filter filter,
                           enum report_format format) {
    struct text out = text_over(out_bytes, sizeof out_bytes);
    assert_ok(write(s, &filter, &(struct report_view){.format = format}, &out));
    assert_false(out.truncated);
    return out_bytes;
}

static struct json_doc *parsed(void) {
    struct json_doc *doc;
    assert_ok(json_parse(out_bytes, strlen(out_bytes) - 1, sizeof out_bytes, &doc));
    return doc;
}

TEST(status_shows_automation_then_problems_first) {
    (void)state;
    struct sample_fleet f;
    sample_fill(&f);
    assert_string_equal(
        written(report_status, &f.snapshot, (struct fleet_filter){.hide_healthy = true},
                REPORT_TABLE),
        "AUTOMATIC RECOVERY: ON   budget 1/5 this hour, 0/1 at once   breaker closed   aggregator "
        "up 3d0h, prediction day 1d0h\n"
        "Fleet 4   healthy 1   predicted 1   unhealthy 1   silent 1   recovering 0   unknown 0   "
        "eu-west-1 1b:1 1a:3\n"
        "\n"
        "  INSTANCE             NAME     AZ  STATE      RISK  WHY                            NEXT\n"
        "  i-0a1b2c3d4e5f60718  db-1     1b  UNHEALTHY  -     instance check impaired 3m10s  reboot"
        " in 50s\n"
        "  i-0b2c3d4e5f6071829  web-7    1a  PREDICTED  0.91  /var full in ~6h               -\n"
        "  i-0d4e5f60718293041  cache-2  1a  SILENT     -     -                              -\n"
        "1 healthy instances hidden (--all)\n");
}

TEST(status_names_every_brake_with_its_reason) {
    (void)state;
    struct sample_fleet f;
    sample_fill(&f);
    struct fleet_snapshot *s = &f.snapshot;
    s->paused = s->warming_up = s->self_suspect = s->breaker_open = true;
    s->store_usable = false;
    strcpy(s->pause_reason, "file by root");
    strcpy(s->warmup_reason, "3 of 4 agents heard");
    strcpy(s->self_reason, "60 % silent");
    strcpy(s->breaker_reason, "4 newly unhealthy");
    const char *out = written(report_status, s, everything, REPORT_TABLE);
    static const char *const lines[] = {"AUTOMATIC RECOVERY: PAUSED ",
                                        "\nPAUSED: file by root\n",
                                        "\nSTORE: cannot be written",
                                        "\nOBSERVE ONLY: 60 % silent\n",
                                        "\nWARMING UP: 3 of 4 agents heard\n",
                                        "\nSTORM BREAKER: 4 newly unhealthy\n",
                                        "breaker OPEN"};
    for (size_t i = 0; i < ARRAY_LENGTH(lines); i++) assert_non_null(strstr(out, lines[i]));
    s->paused = false;
    s->dry_run = true;
    assert_non_null(
        strstr(written(report_status, s, everything, REPORT_TABLE), "RECOVERY: DRY RUN "));
}

TEST(hidden_ones_are_only_healthy_ones_of_the_zone) {
    (void)state;
    struct sample_fleet f;
    sample_fill(&f);
    struct fleet_filter filter = {.hide_healthy = true, .zone = "1b"};
    const char *out = written(report_status, &f.snapshot, filter, REPORT_TABLE);
    assert_null(strstr(out, "hidden"));
    assert_null(strstr(out, "web-7"));
    assert_non_null(strstr(out, "db-1"));
    strcpy(filter.zone, "eu-west-1a");
    out = written(report_status, &f.snapshot, filter, REPORT_TABLE);
    assert_non_null(strstr(out, "1 healthy instances hidden"));
    strcpy(filter.zone, "b"); /* no name of a zone */
    assert_null(strstr(written(report_status, &f.snapshot, filter, REPORT_TABLE), "db-1"));
}

TEST(status_in_json_is_whole) {
    (void)state;
    struct sample_fleet f;
    sample_fill(&f);
    (void)written(report_status, &f.snapshot, (struct fleet_filter){.hide_healthy = true},
                  REPORT_JSON);
    struct json_doc *doc = parsed();
    const struct json_value *root = json_root(doc), *members = json_get(root, "members");
    assert_string_equal(json_text(json_get(root, "schema")), "ear.status/1");
    assert_string_equal(json_text(json_get(root, "automation")), "on");
    assert_int_equal(json_length(members), 4); /* healthy ones too */
    const struct json_value *web = json_next(json_first(members));
    assert_string_equal(json_text(json_get(web, "az")), "eu-west-1a");
    assert_string_equal(json_text(json_path(web, "prediction", "kind", NULL)), "disk_fill");
    assert_string_equal(json_text(json_path(web, "prediction", "likely", NULL)),
                        "2026-03-03T14:12:00Z");
    assert_string_equal(json_text(json_get(json_first(json_get(web, "checks")), "unit")),
                        "web.service");
    assert_null(json_get(json_first(members), "prediction"));
    json_destroy(doc);
}

TEST(an_empty_fleet_is_shown_in_every_format) {
    (void)state;
    struct fleet_snapshot s = {.store_usable = true, .region = "eu-west-1"};
    const char *out = written(report_status, &s, everything, REPORT_TABLE);
    assert_non_null(strstr(out, "Fleet 0   healthy 0"));
    assert_string_equal(written(report_instances, &s, everything, REPORT_TABLE), "");
    assert_string_equal(written(report_predictions, &s, everything, REPORT_TABLE),
                        "no prediction at or above this confidence\n");
    (void)written(report_status, &s, everything, REPORT_JSON);
    json_destroy(parsed());
    (void)written(report_instances, &s, everything, REPORT_JSON);
    json_destroy(parsed());
    assert_int_equal(report_exit_code(&s), 0);
}

TEST(instances_can_be_sorted_and_filtered) {
    (void)state;
    struct sample_fleet f;
    sample_fill(&f);
    const char *out = written(report_instances, &f.snapshot,
                              (struct fleet_filter){.sort = FLEET_SORT_NAME}, REPORT_CSV);
    const char *batch = strstr(out, "batch-3"), *cache = strstr(out, "cache-2");
    const char *db = strstr(out, "db-1"), *web = strstr(out, "web-7");
    assert_true(batch < cache && cache < db && db < web);
    out = written(report_instances, &f.snapshot, (struct fleet_filter){.sort = FLEET_SORT_ZONE},
                  REPORT_CSV);
    assert_true(strstr(out, "web-7") < strstr(out, "db-1"));
    static const char *const only[][2] = {
        {"unhealthy", "db-1"}, {"predicted", "web-7"}, {"silent", "cache-2"}};
    for (size_t i = 0; i < ARRAY_LENGTH(only); i++) {
        struct fleet_filter filter = {.zone = ""};
        strcpy(filter.only, only[i][0]);
        out = written(report_instances, &f.snapshot, filter, REPORT_CSV);
        assert_non_null(strstr(out, only[i][1]));
        assert_null(strstr(out, "batch-3"));
    }
    f.members[0].state = MEMBER_RESTING;
    struct fleet_filter filter = {.only = "recovering"};
    assert_non_null(strstr(written(report_instances, &f.snapshot, filter, REPORT_CSV), "db-1"));
}

TEST(instances_keep_their_columns) {
    (void)state;
    struct sample_fleet f;
    sample_fill(&f);
    f.members[0].since_report = duration_ms(-1);
    f.members[0].facts.name[0] = '\0';
    const char *out = written(report_instances, &f.snapshot, everything, REPORT_CSV);
    assert_non_null(strstr(out,
                           "instance_id,name,az,type,ec2_state,state,risk,last_report,agent,"
                           "recoveries_24h,launch_time\r\n"
                           "i-0a1b2c3d4e5f60718,,eu-west-1b,m6i.large,running,UNHEALTHY,,never,"
                           "0.1.0,0,2026-03-02T08:12:00Z\r\n"));
}

TEST(predictions_are_those_that_were_made) {
    (void)state;
    struct sample_fleet f;
    sample_fill(&f);
    const char *out = written(report_predictions, &f.snapshot, everything, REPORT_CSV);
    assert_string_equal(out, "instance_id,name,confidence,kind,likely,earliest,latest,reason\r\n"
                             "i-0b2c3d4e5f6071829,web-7,0.91,disk_fill,2026-03-03T14:12:00Z,"
                             "2026-03-03T13:12:00Z,2026-03-03T15:12:00Z,/var grows 1.9 GB/h\r\n");
    struct fleet_filter filter = {.confidence_min = 0.95F};
    assert_string_equal(written(report_predictions, &f.snapshot, filter, REPORT_TABLE),
                        "no prediction at or above this confidence\n");
}

TEST(one_instance_is_shown_with_all_that_is_known) {
    (void)state;
    struct sample_fleet f;
    sample_fill(&f);
    const float values[] = {10, NAN, 55, 91};
    struct report_series series = {"disk_used_percent", values, 4};
    struct text out = text_over(out_bytes, sizeof out_bytes);
    struct report_view view = {.format = REPORT_TABLE, .ascii = true};
    assert_ok(report_instance(&f.members[1], &series, 1, &view, &out));
    assert_string_equal(
        out_bytes,
        "web-7  i-0b2c3d4e5f6071829  m6i.large  eu-west-1a  agent 0.1.0  last report 6s ago\n"
        "State PREDICTED since 2026-03-03 08:08:50: /var full in ~6h\n"
        "EC2 running, system check ok, instance check ok, launched 2026-03-02 08:12:00\n"
        "  check front passing, restarts web.service (status 200)\n"
        "Confidence 0.91, disk_fill, failure between 2026-03-03 13:12:00 and 2026-03-03 15:12:00, "
        "most likely 2026-03-03 14:12:00\n"
        "  factor /var grows 1.9 GB/h (100 %)\n"
        "  disk_used_percent           _ -#  91.0\n"
        "Recoveries in 24 h 0\n"
        "Next  nothing\n");
    view.format = REPORT_JSON;
    out = text_over(out_bytes, sizeof out_bytes);
    assert_ok(report_instance(&f.members[1], &series, 1, &view, &out));
    struct json_doc *doc = parsed();
    assert_string_equal(json_text(json_get(json_root(doc), "schema")), "ear.instance/1");
    const struct json_value *first = json_first(json_get(json_root(doc), "series"));
    assert_int_equal(json_length(json_get(first, "most")), 4);
    json_destroy(doc);
}

TEST(instances_are_found_by_id_and_by_unique_name) {
    (void)state;
    struct sample_fleet f;
    char hint[REPORT_HINT_SIZE];
    const struct member_summary *m = NULL;
    sample_fill(&f);
    assert_ok(report_find(&f.snapshot, "i-0b2c3d4e5f6071829", &m, hint));
    assert_ptr_equal(m, &f.members[1]);
    assert_ok(report_find(&f.snapshot, "db-1", &m, hint));
    assert_ptr_equal(m, &f.members[0]);
    assert_int_equal(report_find(&f.snapshot, "wbe-7", &m, hint), STATUS_NOT_FOUND);
    assert_string_equal(hint, "did you mean web-7?");
    assert_int_equal(report_find(&f.snapshot, "i-0b2c3d4e5f6071828", &m, hint), STATUS_NOT_FOUND);
    assert_string_equal(hint, "did you mean i-0b2c3d4e5f6071829?");
    assert_int_equal(report_find(&f.snapshot, "elsewhere", &m, hint), STATUS_NOT_FOUND);
    assert_string_equal(hint, "");
    strcpy(f.members[2].facts.name, "db-1");
    assert_int_equal(report_find(&f.snapshot, "db-1", &m, hint), STATUS_EXISTS);
    assert_string_equal(hint, "several have this name: i-0a1b2c3d4e5f60718, i-0d4e5f60718293041");
}

TEST(an_empty_name_finds_nobody) {
    (void)state;
    struct sample_fleet f;
    char hint[REPORT_HINT_SIZE];
    const struct member_summary *m = NULL;
    sample_fill(&f);
    f.members[0].facts.name[0] = '\0';
    assert_int_equal(report_find(&f.snapshot, "", &m, hint), STATUS_NOT_FOUND);
}

TEST(exit_codes_say_the_worst_state) {
    (void)state;
    static const struct {
        enum member_state state;
        int code;
    } rows[] = {{MEMBER_HEALTHY, 0},   {MEMBER_RESTING, 0},   {MEMBER_PREDICTED, 10},
                {MEMBER_SILENT, 3},    {MEMBER_UNHEALTHY, 3}, {MEMBER_UNKNOWN, 3},
                {MEMBER_RECOVERING, 3}};
    struct sample_fleet f;
    sample_fill(&f);
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        for (size_t m = 0; m < SAMPLE_MEMBERS; m++) f.members[m].state = MEMBER_HEALTHY;
        f.members[2].state = rows[i].state;
        assert_int_equal(report_exit_code(&f.snapshot), rows[i].code);
    }
    f.members[0].state = MEMBER_PREDICTED;
    f.members[3].state = MEMBER_SILENT;
    assert_int_equal(report_exit_code(&f.snapshot), 3);
}

TEST(the_engines_reply_is_lines_in_json) {
    (void)state;
    struct text out = text_over(out_bytes, sizeof out_bytes);
    report_reply_json(6, "refused: paused\nby \"ann\"\n", &out);
    assert_string_equal(out_bytes, "{\"schema\":\"ear.reply/1\",\"exit\":6,\"lines\":"
                                   "[\"refused: paused\",\"by \\\"ann\\\"\"]}\n");
}
