/* Names: looking them up, and guessing which was meant. */
#include <string.h>

#include "common/config/option.h"
#include "tests/support/unit.h"

static const struct config_option rows[] = {
    {.name = "sample_interval"},   {.name = "log_level"}, {.name = "log_format"},
    {.name = "thresholds.iowait"}, {.name = "rise"},      {.name = "fall"}};

static const char *nearest(const char *name) {
    const char *found = config_nearest(rows, ARRAY_LENGTH(rows), name);
    return found == NULL ? "none" : found;
}

TEST(near_names_are_found) {
    (void)state;
    assert_string_equal(nearest("sample_intervall"), "sample_interval");
    assert_string_equal(nearest("sampel_interval"), "sample_interval");
    assert_string_equal(nearest("loglevel"), "log_level");
    assert_string_equal(nearest("log-format"), "log_format");
    assert_string_equal(nearest("thresholds.iowiat"), "thresholds.iowait");
    assert_string_equal(nearest("ries"), "rise");
}

TEST(far_names_are_not_guessed) {
    (void)state;
    assert_string_equal(nearest("interval"), "none");
    assert_string_equal(nearest(""), "none");
    assert_string_equal(nearest("x"), "none");
    assert_string_equal(nearest("ra"), "none"); /* two changes of four letters are another word */
    static char long_name[300];
    memset(long_name, 'a', sizeof long_name - 1);
    assert_string_equal(nearest(long_name), "none");
}

TEST(groups_are_known_by_their_prefix) {
    (void)state;
    assert_true(config_is_group(rows, ARRAY_LENGTH(rows), "thresholds"));
    assert_false(config_is_group(rows, ARRAY_LENGTH(rows), "threshold"));
    assert_false(config_is_group(rows, ARRAY_LENGTH(rows), "thresholds.iowait"));
    assert_false(config_is_group(rows, ARRAY_LENGTH(rows), "rise"));
    assert_non_null(config_find(rows, ARRAY_LENGTH(rows), "rise"));
    assert_null(config_find(rows, ARRAY_LENGTH(rows), "ris"));
}
