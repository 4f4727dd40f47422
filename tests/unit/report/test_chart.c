/* Sparklines and SVG. */
#include <math.h>
#include <string.h>

#include "aggregator/report/chart.h"
#include "tests/support/unit.h"

static char out_bytes[8192];

static const char *spark(const float *values, size_t count, bool ascii) {
    struct text out = text_over(out_bytes, sizeof out_bytes);
    chart_sparkline(values, count, ascii, &out);
    return out_bytes;
}

static const char *svg(const struct chart *chart, const float *values, size_t count) {
    struct text out = text_over(out_bytes, sizeof out_bytes);
    chart_svg(chart, values, count, &out);
    assert_false(out.truncated);
    return out_bytes;
}

static size_t occurrences(const char *text, const char *word) {
    size_t count = 0;
    for (const char *at = strstr(text, word); at != NULL; at = strstr(at + 1, word)) count++;
    return count;
}

TEST(sparklines_run_from_lowest_to_highest) {
    (void)state;
    const float values[] = {0, 25, 50, 75, 100};
    assert_string_equal(spark(values, 5, true), "_.-=#");
    assert_string_equal(spark(values, 2, false), "\u2581\u2588");
}

TEST(what_is_not_finite_is_blank) {
    (void)state;
    const float values[] = {1, NAN, 2, INFINITY, -INFINITY};
    assert_string_equal(spark(values, 5, true), "_ #  ");
    assert_string_equal(spark(values, 0, true), "");
}

TEST(a_level_series_is_a_low_line) {
    (void)state;
    const float values[] = {5, 5, 5};
    assert_string_equal(spark(values, 3, true), "___");
}

TEST(lines_break_where_nothing_was_said) {
    (void)state;
    const float values[] = {1, 2, NAN, NAN, 3, INFINITY, 4};
    struct chart chart = {.title = "t", .unit = "%", .from = "a", .to = "b", .limit = NAN};
    const char *out = svg(&chart, values, 7);
    assert_int_equal(occurrences(out, "<polyline"), 3);
    assert_int_equal(occurrences(out, "\"/>"), 3);
    assert_null(strstr(out, "nan"));
    assert_null(strstr(out, "inf"));
}

TEST(a_lone_value_is_a_dot) {
    (void)state;
    const float values[] = {NAN, 50.0F, NAN};
    struct chart chart = {
        .title = "t", .unit = "%", .from = "a", .to = "b", .low = 0, .high = 100, .limit = NAN};
    const char *out = svg(&chart, values, 3);
    assert_non_null(strstr(out, "points=\"344.0,81.0 344.0,81.0\""));
}

TEST(no_value_at_all_is_said) {
    (void)state;
    const float values[] = {NAN, NAN};
    struct chart chart = {
        .title = "t", .unit = "%", .from = "a", .to = "b", .low = 0, .high = 100, .limit = 90};
    const char *out = svg(&chart, values, 2);
    assert_non_null(strstr(out, "no data in this time"));
    assert_null(strstr(out, "<polyline"));
    assert_null(strstr(out, "nan"));
}

TEST(the_limit_is_drawn_inside_the_axis_only) {
    (void)state;
    const float values[] = {10, 20};
    struct chart chart = {
        .title = "t", .unit = "%", .from = "a", .to = "b", .low = 0, .high = 100, .limit = 90};
    assert_int_equal(occurrences(svg(&chart, values, 2), "class=\"limit\""), 1);
    chart.high = 50;
    assert_int_equal(occurrences(svg(&chart, values, 2), "class=\"limit\""), 0);
}

TEST(values_outside_a_fixed_axis_stay_in_the_drawing) {
    (void)state;
    const float values[] = {-50, 500};
    struct chart chart = {
        .title = "t", .unit = "%", .from = "a", .to = "b", .low = 0, .high = 100, .limit = NAN};
    assert_non_null(strstr(svg(&chart, values, 2), "points=\"56.0,138.0 632.0,24.0\""));
}

TEST(titles_are_escaped) {
    (void)state;
    const float values[] = {1, 2};
    struct chart chart = {
        .title = "<svg onload=\"x\">&'", .unit = "%", .from = "a", .to = "b", .limit = NAN};
    const char *out = svg(&chart, values, 2);
    assert_null(strstr(out, "<svg onload"));
    assert_non_null(strstr(out, "&lt;svg onload=&quot;x&quot;&gt;&amp;&#39;"));
}
