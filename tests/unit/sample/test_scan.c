/* The walker over text, counters, filters. */
#include <math.h>

#include "agent/sample/counter.h"
#include "tests/unit/sample/capture.h"

TEST(a_line_without_a_newline_is_the_last) {
    (void)state;
    struct scan text = scan_over("a\nb", 3), line;
    assert_true(scan_line(&text, &line) && scan_equals(&line, "a"));
    assert_true(scan_line(&text, &line) && scan_equals(&line, "b"));
    assert_false(scan_line(&text, &line));
}

TEST(a_number_must_be_the_whole_word) {
    (void)state;
    uint64_t number = 7;
    struct scan line = scan_over(" 12x", 4);
    assert_false(scan_unsigned(&line, &number));
    assert_int_equal(number, 7);
    line = scan_over("-1", 2);
    assert_false(scan_unsigned(&line, &number));
    line = scan_over("18446744073709551615 18446744073709551616", 41);
    assert_true(scan_unsigned(&line, &number) && number == UINT64_MAX);
    assert_false(scan_unsigned(&line, &number));
}

TEST(empty_text_has_no_words) {
    (void)state;
    struct scan text = scan_over("", 0), line;
    uint64_t number;
    assert_false(scan_line(&text, &line));
    assert_false(scan_word(&text, &line));
    assert_false(scan_unsigned(&text, &number));
    assert_false(scan_until(&text, ':', &line));
}

TEST(a_counter_gives_nothing_at_first) {
    (void)state;
    struct counter counter = {0};
    assert_true(isnan(counter_rate(&counter, 500, 10)));
    assert_true(counter_rate(&counter, 600, 10) == 10.0);
}

TEST(a_counter_survives_the_wrap_of_32_and_64_bits) {
    (void)state;
    struct counter counter = {UINT32_MAX - 9, true};
    assert_true(counter_delta(&counter, 5) == 15.0);
    counter = (struct counter){UINT64_MAX - 1, true};
    assert_true(counter_delta(&counter, 3) == 5.0);
}

TEST(a_reset_counter_gives_no_rate_and_then_goes_on) {
    (void)state;
    struct counter counter = {1000000, true};
    assert_true(isnan(counter_delta(&counter, 10)));
    assert_true(counter_delta(&counter, 25) == 15.0);
    /* Over 32 bits there is no 32-bit wrap to think of. */
    counter = (struct counter){UINT64_C(1) << 33, true};
    assert_true(isnan(counter_delta(&counter, 10)));
}

TEST(no_time_gives_no_rate) {
    (void)state;
    struct counter counter = {10, true};
    assert_true(isnan(counter_rate(&counter, 20, 0)));
}

TEST(filters_take_prefixes_and_exclusion_wins) {
    (void)state;
    struct filter filter = {
        .include_count = 2, .include = {"/var*", "/"}, .exclude_count = 1, .exclude = {"/var/tmp"}};
    assert_true(filter_wants(&filter, "/"));
    assert_true(filter_wants(&filter, "/var/lib"));
    assert_false(filter_wants(&filter, "/var/tmp"));
    assert_false(filter_wants(&filter, "/home"));
    assert_true(filter_wants(&(struct filter){0}, "/home"));
}

TEST(a_missing_file_is_said_once_and_again_only_after_it_was_there) {
    (void)state;
    struct source source = capture_source("container");
    struct scan text;
    const char *metrics = NULL;
    assert_false(source_read(&source, SOURCE_VMSTAT, &text));
    assert_string_equal(source_news(&source, &metrics), "vmstat");
    assert_string_equal(metrics, "faults, OOM kills");
    assert_false(source_read(&source, SOURCE_VMSTAT, &text));
    assert_null(source_news(&source, &metrics));
    assert_true(source_read(&source, SOURCE_MEMINFO, &text));
    assert_null(source_news(&source, &metrics));
}
