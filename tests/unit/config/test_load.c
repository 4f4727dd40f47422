/* Files, variables and secrets into a typed struct, over a small table of its own. */
#include <stdio.h>
#include <string.h>

#include "common/config/check.h"
#include "common/config/rows.h"
#include "tests/unit/config/loading.h"

struct item {
    char name[8];
    int64_t weight;
    struct config_strings tags;
};

struct sample {
    bool flag;
    int64_t count;
    double share, ratio;
    struct duration wait;
    char name[16], path[32], token[16];
    unsigned colour, set;
    struct config_strings list;
    struct item items[2];
    size_t item_count;
    struct {
        int64_t low, high;
    } levels;
};

static const char *const colours[] = {"red", "green", "blue", NULL};

#define S struct item
static const struct config_option item_rows[] = {
    STRING(name, NULL, 1, .help = "x"),
    INTEGER(weight, "5", 0, 9, .help = "x"),
    STRINGS(tags, "", .help = "x"),
};
#undef S
#define S struct sample
static const struct config_option sample_rows[] = {
    BOOLEAN(flag, "true", .environment = "FLAG", .help = "x"),
    INTEGER(count, "3", 1, 100, .unit = "pieces", .environment = "COUNT", .reloadable = true,
            .help = "x"),
    PERCENT(share, "2.5", 0, 100, .environment = "SHARE", .help = "x"),
    NUMBER(ratio, "0.8", 0, 1, .help = "x"),
    DURATION(wait, "90s", 1 * SECOND, 1 * HOUR, .environment = "WAIT", .reloadable = true,
             .help = "x"),
    STRING(name, "abc", 1, .environment = "NAME", .check = config_check_name, .help = "x"),
    PATH(path, "", 0, .help = "x"),
    STRING(token, "", 0, .secret = true, .environment = "TOKEN", .help = "x"),
    ENUM(colour, "green", colours, .help = "x"),
    SET(set, "red,blue", colours, .environment = "SET", .help = "x"),
    STRINGS(list, "", .environment = "LIST", .help = "x"),
    OBJECTS(items, item_count, item_rows, 2, .help = "x"),
    INTEGER(levels.low, "1", 0, 10, .help = "x"),
    INTEGER(levels.high, "2", 0, 10, .help = "x"),
};
#undef S

static void finish(void *target, struct config_load *loaded) {
    const struct sample *sample = target;
    if (sample->levels.low <= sample->levels.high) return;
    struct text out = config_fault(loaded, CONFIG_ERROR, "levels.low");
    text_add(&out, "above levels.high");
}

static const struct config_table table = {.program = "sample",
                                          .options = sample_rows,
                                          .option_count = ARRAY_LENGTH(sample_rows),
                                          .struct_size = sizeof(struct sample),
                                          .finish = finish};
static struct sample sample;

static void refuse(const char *file, const char *finding) {
    assert_int_equal(load_text(&table, &sample, file), STATUS_MALFORMED);
    expect_error(finding);
}

static enum status load_environment(const char *const *variables) {
    config_begin(&load, &table, &sample);
    config_apply_environment(&load, variables);
    return config_finish(&load);
}

TEST(defaults_are_set) {
    (void)state;
    assert_ok(load_text(&table, &sample, "{}"));
    assert_true(sample.flag);
    assert_int_equal(sample.count, 3);
    assert_true(sample.share == 2.5 && sample.ratio == 0.8);
    assert_int_equal(sample.wait.ms, 90000);
    assert_string_equal(sample.name, "abc");
    assert_int_equal(sample.colour, 1);
    assert_int_equal(sample.set, 5);
    assert_int_equal(sample.list.count, 0);
    assert_int_equal(sample.levels.high, 2);
}

TEST(every_type_is_read_from_a_file) {
    (void)state;
    assert_ok(load_text(&table, &sample,
                        "{\"flag\": false, \"count\": 7, \"share\": 12.5, \"ratio\": 1,\n"
                        "\"wait\": \"5m\", \"name\": \"x\", \"path\": \"/a/b\",\n"
                        "\"colour\": \"blue\", \"set\": [\"green\"], \"list\": [\"a\", \"b c\"],\n"
                        "\"items\": [{\"name\": \"i\"}, {\"name\": \"j\", \"weight\": 9,\n"
                        "\"tags\": [\"t\"]}], \"levels\": {\"low\": 4, \"high\": 5}}"));
    assert_false(sample.flag);
    assert_int_equal(sample.count, 7);
    assert_true(sample.share == 12.5 && sample.ratio == 1.0);
    assert_int_equal(sample.wait.ms, 300000);
    assert_string_equal(sample.path, "/a/b");
    assert_int_equal(sample.colour, 2);
    assert_int_equal(sample.set, 2);
    assert_int_equal(sample.list.count, 2);
    assert_string_equal(sample.list.items[1], "b c");
    assert_int_equal(sample.item_count, 2);
    assert_int_equal(sample.items[0].weight, 5);
    assert_int_equal(sample.items[1].weight, 9);
    assert_string_equal(sample.items[1].tags.items[0], "t");
    assert_int_equal(sample.levels.low, 4);
}

TEST(durations_have_units_or_are_whole_seconds) {
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } right[] = {{"\"1s\"", 1000},    {"\"2500ms\"", 2500}, {"90", 90000},
                 {"\"1h\"", 3600000}, {"\"3m\"", 180000},   {"3600", 3600000}};
    char file[64];
    for (size_t i = 0; i < ARRAY_LENGTH(right); i++) {
        (void)snprintf(file, sizeof file, "{\"wait\": %s}", right[i].text);
        assert_ok(load_text(&table, &sample, file));
        assert_int_equal(sample.wait.ms, right[i].ms);
    }
    static const char *const wrong[] = {"\"90\"",
                                        "1.5",
                                        "\"1.5h\"",
                                        "\"h\"",
                                        "\"1 h\"",
                                        "\"1hh\"",
                                        "\"-1s\"",
                                        "-5",
                                        "\"1h30m\"",
                                        "0",
                                        "\"2h\"",
                                        "\"999ms\"",
                                        "\"99999999999999999d\"",
                                        "\"18446744073709551616ms\"",
                                        "1e3",
                                        "true",
                                        "null",
                                        "[]"};
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        (void)snprintf(file, sizeof file, "{\"wait\": %s}", wrong[i]);
        if (load_text(&table, &sample, file) == STATUS_OK) fail_msg("taken: %s", wrong[i]);
    }
}

TEST(a_misfit_names_file_line_key_what_was_found_and_what_is_allowed) {
    (void)state;
    refuse("{\n\n\"count\": 101}",
           "a.json:3: count: found 101; allowed: a whole number from 1 to 100 pieces");
    refuse("{\"count\": 5.5}",
           "a.json:1: count: found 5.5; allowed: a whole number from 1 to 100 pieces");
    refuse("{\"count\": \"5\"}",
           "a.json:1: count: found \"5\"; allowed: a whole number from 1 to 100 pieces");
    refuse("{\"flag\": 1}", "a.json:1: flag: found 1; allowed: true or false");
    refuse("{\"flag\": \"true\"}", "a.json:1: flag: found \"true\"; allowed: true or false");
    refuse("{\"share\": -1}", "a.json:1: share: found -1; allowed: a percentage from 0 to 100");
    refuse("{\"ratio\": 1.5}", "a.json:1: ratio: found 1.5; allowed: a number from 0 to 1");
    refuse("{\"ratio\": null}", "a.json:1: ratio: found null; allowed: a number from 0 to 1");
    refuse("{\"wait\": \"250ms\"}",
           "a.json:1: wait: found \"250ms\"; allowed: a duration from 1s to 1h");
    refuse("{\"name\": \"a b\"}",
           "a.json:1: name: found \"a b\"; allowed: a name of letters, digits and . _ -");
    refuse("{\"path\": \"etc\"}", "a.json:1: path: found \"etc\"; allowed: an absolute path of at "
                                  "most 31 bytes without control characters");
    refuse("{\"colour\": \"pink\"}",
           "a.json:1: colour: found \"pink\"; allowed: one of \"red\", \"green\", \"blue\"");
    refuse(
        "{\"set\": [\"red\", \"red\"]}",
        "a.json:1: set: found \"red\"; allowed: a list, each at most once, of \"red\", \"green\", "
        "\"blue\"");
    refuse(
        "{\"set\": \"red\"}",
        "a.json:1: set: found \"red\"; allowed: a list, each at most once, of \"red\", \"green\", "
        "\"blue\"");
    refuse("{\"count\": {\"a\": [1]}}",
           "a.json:1: count: found an object; allowed: a whole number from 1 to 100 pieces");
    refuse("{\"levels\": 5}", "a.json:1: levels: found 5; allowed: an object of options");
}

TEST(numbers_that_overflow_are_refused) {
    (void)state;
    assert_int_equal(load_text(&table, &sample, "{\"ratio\": 1e400}"), STATUS_MALFORMED);
    assert_int_equal(load_text(&table, &sample, "{\"count\": 99999999999999999999}"),
                     STATUS_MALFORMED);
}

TEST(an_unknown_key_names_its_line_and_the_nearest) {
    (void)state;
    refuse("{\n\"cuont\": 5}", "a.json:2: \"cuont\" is not an option; did you mean \"count\"?");
    refuse("{\"levels\": {\"lwo\": 5}}",
           "a.json:1: \"levels.lwo\" is not an option; did you mean \"levels.low\"?");
    refuse("{\"items\": [{\"name\": \"a\", \"weightt\": 1}]}",
           "a.json:1: \"items[1].weightt\" is not an option; did you mean \"weight\"?");
    refuse("{\"zzz\": {\"deep\": [1, {\"x\": 2}]}, \"count\": 4}",
           "a.json:1: \"zzz\" is not an option");
    assert_int_equal(sample.count, 4); /* reading went on behind it */
    refuse("{\"a\\n\\u001b\": 1}", "a.json:1: \"a\\n\\u001b\" is not an option");
}

TEST(a_key_with_a_dot_is_not_a_second_way_to_write_an_option) {
    (void)state;
    refuse("{\"levels.low\": 5}", "a.json:1: \"levels.low\" is not an option; an option of a group "
                                  "stands in the object of the group");
    assert_int_equal(sample.levels.low, 1);
}

TEST(all_faults_are_reported_at_once) {
    (void)state;
    assert_int_equal(load_text(&table, &sample, "{\"flag\": 1,\n\"count\": 0,\n\"namex\": \"x\"}"),
                     STATUS_MALFORMED);
    assert_int_equal(load.findings.count, 3);
    assert_int_equal(load.findings.errors, 3);
}

TEST(faults_beyond_the_bound_are_counted) {
    (void)state;
    static char file[8192];
    size_t length = 0;
    for (int i = 0; i < 100; i++)
        length += (size_t)snprintf(file + length, sizeof file - length, "%s\"unknown%d\":1",
                                   i == 0 ? "{" : ",", i);
    (void)snprintf(file + length, sizeof file - length, "}");
    assert_int_equal(load_text(&table, &sample, file), STATUS_MALFORMED);
    assert_int_equal(load.findings.count, CONFIG_FINDINGS_MAX);
    assert_int_equal(load.findings.dropped, 100 - CONFIG_FINDINGS_MAX);
    assert_int_equal(load.findings.errors, 100);
}

TEST(a_broken_file_names_its_line_and_nothing_follows) {
    (void)state;
    refuse("{\"count\": 5,\n\"wait\": \"5m\",\n}", "a.json:3: comma before the closing bracket");
    refuse("[]", "a.json:1: the configuration must be one object { ... }");
    refuse("", "a.json:1: file holds no value");
    refuse("{\"count\": 5} x", "a.json:1: text after the end of the configuration");
}

TEST(lists_and_objects_are_bounded) {
    (void)state;
    refuse("{\"items\": [{\"name\":\"a\"},{\"name\":\"b\"},{\"name\":\"c\"}]}",
           "a.json:1: items: found an object; allowed: a list of at most 2 objects");
    refuse("{\"items\": [5]}", "a.json:1: items: found 5; allowed: a list of at most 2 objects");
    refuse("{\"items\": {}}",
           "a.json:1: items: found an object; allowed: a list of at most 2 objects");
    static char file[512] = "{\"list\": [";
    for (int i = 0; i <= CONFIG_STRINGS_MAX; i++)
        (void)snprintf(file + strlen(file), sizeof file - strlen(file), "%s\"s%d\"",
                       i == 0 ? "" : ",", i);
    (void)snprintf(file + strlen(file), sizeof file - strlen(file), "]}");
    refuse(file, "a.json:1: list: found \"s16\"; allowed: a list of at most 16 different strings, "
                 "each 1 to 127 bytes without control characters");
    assert_int_equal(load_text(&table, &sample, "{\"list\": [\"\"]}"), STATUS_MALFORMED);
    assert_int_equal(load_text(&table, &sample, "{\"list\": [\"a\", [\"b\"]]}"), STATUS_MALFORMED);
}

TEST(an_object_of_a_list_must_have_what_has_no_default) {
    (void)state;
    refuse("{\"items\": [\n{\"weight\": 1}]}", "a.json:2: items[1]: name is missing; allowed: a "
                                               "string of 1 to 7 bytes without control characters");
}

TEST(control_characters_are_refused_in_every_text) {
    (void)state;
    assert_int_equal(load_text(&table, &sample, "{\"path\": \"/a\\nb\"}"), STATUS_MALFORMED);
    assert_int_equal(load_text(&table, &sample, "{\"path\": \"/a\\u007f\"}"), STATUS_MALFORMED);
    assert_int_equal(load_text(&table, &sample, "{\"list\": [\"\\r\"]}"), STATUS_MALFORMED);
}

TEST(a_later_file_replaces_options_and_whole_lists) {
    (void)state;
    const char *first = "{\"count\": 5, \"list\": [\"a\", \"b\"], \"items\": [{\"name\": \"a\"}]}";
    const char *second = "{\"list\": [\"c\"], \"items\": [], \"levels\": {\"high\": 9}}";
    config_begin(&load, &table, &sample);
    config_apply_file(&load, "a.json", first, strlen(first), false);
    config_apply_file(&load, "b.json", second, strlen(second), false);
    assert_ok(config_finish(&load));
    assert_int_equal(sample.count, 5);
    assert_int_equal(sample.list.count, 1);
    assert_string_equal(sample.list.items[0], "c");
    assert_int_equal(sample.item_count, 0);
    assert_int_equal(sample.levels.low, 1);
    assert_int_equal(sample.levels.high, 9);
}

TEST(variables_override_files) {
    (void)state;
    const char *const variables[] = {"COUNT=9",  "FLAG=False",      "WAIT=600",
                                     "SHARE=7%", "SET=green, blue", "LIST=a,b",
                                     "XCOUNT=1", "COUNTX=2",        NULL};
    const char *file = "{\"count\": 5, \"set\": [\"red\"]}";
    config_begin(&load, &table, &sample);
    config_apply_file(&load, "a.json", file, strlen(file), false);
    config_apply_environment(&load, variables);
    assert_ok(config_finish(&load));
    assert_int_equal(sample.count, 9);
    assert_false(sample.flag);
    assert_int_equal(sample.wait.ms, 600000);
    assert_true(sample.share == 7.0);
    assert_int_equal(sample.set, 6);
    assert_string_equal(sample.list.items[1], "b");
}

TEST(a_wrong_variable_is_named) {
    (void)state;
    const char *const variables[] = {"COUNT=many", "FLAG=", "SET=pink", "LIST=a,,b", NULL};
    assert_int_equal(load_environment(variables), STATUS_MALFORMED);
    expect_error("COUNT: count: found \"many\"; allowed: a whole number from 1 to 100 pieces");
    expect_error("FLAG: flag: found \"\"; allowed: true or false");
    expect_error("SET: set: found \"pink\"; allowed: a list, each at most once, of \"red\", "
                 "\"green\", \"blue\"");
    assert_int_equal(load.findings.errors, 4);
}

TEST(an_empty_variable_empties_a_list_and_a_text_that_may_be_empty) {
    (void)state;
    const char *const variables[] = {"SET=", "LIST=", "TOKEN=", NULL};
    assert_ok(load_environment(variables));
    assert_int_equal(sample.set, 0);
    assert_string_equal(sample.token, "");
    assert_int_equal(load.findings.count, 0);
    const char *const name[] = {"NAME=", NULL};
    assert_int_equal(load_environment(name), STATUS_MALFORMED);
}

TEST(a_secret_in_a_public_file_is_refused_and_never_quoted) {
    (void)state;
    refuse("{\n\"token\": \"hunter2\"}", "a.json:2: token: secret in a file that everybody may "
                                         "read; put it in a credential or a file of mode 0600");
    assert_ok(load_private(&table, &sample, "{\"token\": \"hunter2\"}", true));
    assert_string_equal(sample.token, "hunter2");
    assert_int_equal(load_private(&table, &sample, "{\"token\": \"hunter2-is-too-long\"}", true),
                     STATUS_MALFORMED);
    for (size_t i = 0; i < load.findings.count; i++)
        assert_null(strstr(load.findings.items[i].text, "hunter"));
}

TEST(a_secret_variable_is_a_warning_without_its_value) {
    (void)state;
    const char *const variables[] = {"TOKEN=hunter2", NULL};
    assert_ok(load_environment(variables));
    assert_string_equal(sample.token, "hunter2");
    expect_finding(CONFIG_WARNING,
                   "TOKEN: token: secret in the environment; a credential or a file "
                   "of mode 0600 keeps it from other processes");
}

TEST(a_secret_file_loses_one_newline) {
    (void)state;
    config_begin(&load, &table, &sample);
    config_apply_secret(&load, "token", "/run/credentials/token", "hunter2\n", 8);
    assert_ok(config_finish(&load));
    assert_string_equal(sample.token, "hunter2");
    config_begin(&load, &table, &sample);
    config_apply_secret(&load, "token", "t", "a\nb\n", 4);
    assert_int_equal(config_finish(&load), STATUS_MALFORMED);
    config_begin(&load, &table, &sample);
    config_apply_secret(&load, "name", "t", "a", 1);
    assert_int_equal(config_finish(&load), STATUS_MALFORMED);
    config_begin(&load, &table, &sample);
    config_apply_secret(&load, "token", "t", "a\0b", 3);
    assert_int_equal(config_finish(&load), STATUS_MALFORMED);
}

TEST(checks_between_options_name_the_place_of_the_option) {
    (void)state;
    refuse("{\"levels\": {\n\"low\": 9}}", "a.json:2: levels.low: above levels.high");
}

TEST(a_reload_names_what_cannot_change) {
    (void)state;
    static struct sample before, after;
    const struct config_option *changed[4];
    assert_ok(load_text(&table, &before, "{\"items\": [{\"name\": \"a\"}]}"));
    assert_ok(load_text(&table, &after, "{\"items\": [{\"name\": \"a\"}]}"));
    assert_int_equal(config_changes(&table, &before, &after, changed, 4), 0);
    assert_ok(load_text(&table, &after,
                        "{\"count\": 4, \"wait\": 5, \"name\": \"n\", \"items\": [{\"name\": "
                        "\"a\", \"weight\": 1}], \"list\": [\"x\"]}"));
    assert_int_equal(config_changes(&table, &before, &after, changed, 4), 5);
    assert_string_equal(changed[0]->name, "count");
    assert_int_equal(config_not_reloadable(&table, &before, &after, changed, 4), 3);
    assert_string_equal(changed[0]->name, "name");
    assert_string_equal(changed[1]->name, "list");
    assert_string_equal(changed[2]->name, "items");
    assert_int_equal(config_not_reloadable(&table, &before, &after, changed, 1), 3);
}

TEST(more_files_than_allowed_are_refused) {
    (void)state;
    config_begin(&load, &table, &sample);
    for (int i = 0; i <= CONFIG_SOURCES_MAX; i++) config_apply_file(&load, "f", "{}", 2, false);
    assert_int_equal(config_finish(&load), STATUS_MALFORMED);
    expect_error("f: not read: more than 48 files");
}

TEST(a_file_name_cannot_forge_a_line) {
    (void)state;
    config_begin(&load, &table, &sample);
    config_apply_file(&load, "a\nb", "[]", 2, false);
    assert_int_equal(config_finish(&load), STATUS_MALFORMED);
    expect_error("a?b:1: the configuration must be one object { ... }");
}
