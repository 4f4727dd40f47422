/* Calendar arithmetic: known answers from `date -u -d @N` and RFC 3339. */
#include <string.h>

#include "common/base/clock.h"
#include "common/base/prng.h"
#include "tests/support/unit.h"

static void expect_format(int64_t ms, const char *wanted) {
    char text[CLOCK_RFC3339_SIZE];
    assert_string_equal(wall_format((struct wall_time){ms}, text), wanted);
}

static enum status parse(const char *text, int64_t *ms_out) {
    struct wall_time at = {-1};
    enum status status = wall_parse(text, strlen(text), &at);
    *ms_out = at.ms;
    return status;
}

static void expect_parse(const char *text, int64_t wanted) {
    int64_t ms;
    assert_ok(parse(text, &ms));
    assert_int_equal(ms, wanted);
}

static void expect_status(const char *text, enum status wanted) {
    int64_t ms;
    assert_string_equal(status_name(parse(text, &ms)), status_name(wanted));
    assert_int_equal(ms, -1); /* written on success only */
}

TEST(formats_known_days) {
    (void)state;
    expect_format(0, "1970-01-01T00:00:00Z");
    expect_format(951782399000, "2000-02-28T23:59:59Z");
    expect_format(951782400000, "2000-02-29T00:00:00Z");
    expect_format(951868800000, "2000-03-01T00:00:00Z");
    expect_format(1709164800000, "2024-02-29T00:00:00Z");
    expect_format(1772525520000, "2026-03-03T08:12:00Z");
    expect_format(4107542400000, "2100-03-01T00:00:00Z");
    expect_format(4107542399999, "2100-02-28T23:59:59Z");
    expect_format(253402300799999, "9999-12-31T23:59:59Z");
}

TEST(formats_a_time_outside_as_the_nearest_end) {
    (void)state;
    expect_format(-1, "1970-01-01T00:00:00Z");
    expect_format(INT64_MIN, "1970-01-01T00:00:00Z");
    expect_format(INT64_MAX, "9999-12-31T23:59:59Z");
}

TEST(formats_milliseconds_and_the_form_of_signatures) {
    (void)state;
    char text[CLOCK_RFC3339_SIZE];
    struct wall_time at = {1772525520007};
    assert_string_equal(wall_format_ms(at, text), "2026-03-03T08:12:00.007Z");
    assert_string_equal(wall_format_basic(at, text), "20260303T081200Z");
}

TEST(parses_zones_fractions_and_both_separators) {
    (void)state;
    expect_parse("2026-03-03T08:12:00Z", 1772525520000);
    expect_parse("2026-03-03 08:12:00", 1772525520000);
    expect_parse("2026-03-03T08:12:00.5Z", 1772525520500);
    expect_parse("2026-03-03T08:12:00.123456789Z", 1772525520123);
    expect_parse("2026-03-03T10:12:00+02:00", 1772525520000);
    expect_parse("2026-03-03T02:42:00-05:30", 1772525520000);
    expect_parse("2024-02-29T00:00:00Z", 1709164800000);
    /* A leap second is the first second of the next minute, as POSIX counts. */
    expect_parse("2016-12-31T23:59:60Z", 1483228800000);
}

TEST(refuses_what_is_not_a_time) {
    (void)state;
    static const char *const wrong[] = {
        "",
        "2026",
        "2026-03-03",
        "2026-03-03T08:12",
        "2026-03-03T08:12:00z",
        "2026-03-03T08:12:00Zx",
        "2026-03-03T08:12:00.Z",
        "2026-03-03T08:12:00+2:00",
        "2026-3-03T08:12:00Z",
        " 2026-03-03T08:12:00Z",
        "2026-03-03T08:12:00+02:60",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) expect_status(wrong[i], STATUS_MALFORMED);
    struct wall_time at;
    assert_int_equal(wall_parse("2026-03-03T08:12:00\0Z", 21, &at), STATUS_MALFORMED);
}

TEST(refuses_days_and_hours_that_do_not_exist) {
    (void)state;
    static const char *const wrong[] = {
        "2025-02-29T00:00:00Z", "2100-02-29T00:00:00Z",      "2026-13-01T00:00:00Z",
        "2026-00-10T00:00:00Z", "2026-04-31T00:00:00Z",      "2026-01-00T00:00:00Z",
        "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z",      "2026-01-01T00:00:61Z",
        "1969-12-31T23:59:59Z", "1970-01-01T00:00:00+00:01",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) expect_status(wrong[i], STATUS_OUT_OF_RANGE);
}

TEST(what_it_formats_it_parses_back) {
    (void)state;
    struct prng prng = prng_seeded(1);
    for (int i = 0; i < 20000; i++) {
        struct wall_time at = {(int64_t)prng_below(&prng, 253402300800000)}, back = {-1};
        char text[CLOCK_RFC3339_SIZE];
        (void)wall_format_ms(at, text);
        assert_ok(wall_parse(text, strlen(text), &back));
        assert_int_equal(back.ms, at.ms);
    }
}

TEST(each_day_of_four_hundred_years_follows_the_one_before) {
    (void)state;
    char before[CLOCK_RFC3339_SIZE], text[CLOCK_RFC3339_SIZE];
    (void)wall_format((struct wall_time){0}, before);
    for (int64_t day = 1; day <= 146097; day++) {
        (void)wall_format((struct wall_time){day * 86400000}, text);
        assert_true(strcmp(before, text) < 0); /* ISO dates sort as text */
        memcpy(before, text, sizeof before);
    }
    assert_string_equal(before, "2370-01-01T00:00:00Z");
}

TEST(durations_for_people_use_the_two_largest_units) {
    (void)state;
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {
        {0, "0ms"},         {950, "950ms"},      {1000, "1s"},      {59999, "59s"},
        {60000, "1m0s"},    {190000, "3m10s"},   {3600000, "1h0m"}, {20400000, "5h40m"},
        {86400000, "1d0h"}, {183600000, "2d3h"}, {-5000, "-5s"},
    };
    char text[CLOCK_RFC3339_SIZE];
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        assert_string_equal(duration_format(duration_ms(rows[i].ms), text), rows[i].text);
}

TEST(durations_at_the_ends_of_the_range_fit) {
    (void)state;
    char text[CLOCK_RFC3339_SIZE];
    assert_string_equal(duration_format(duration_ms(INT64_MAX), text), "106751991167d7h");
    assert_string_equal(duration_format(duration_ms(INT64_MIN), text), "-106751991167d7h");
}
