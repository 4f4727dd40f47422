/* Rise, fall and grace. */
#include "agent/health/counts.h"
#include "tests/support/unit.h"

#define RISE 2
#define FALL 3

static struct boot_time at(int64_t ms) { return (struct boot_time){ms}; }

static void add(struct counts *counts, const char *results, int64_t from_ms) {
    for (; *results != '\0'; results++, from_ms += 1000)
        counts_add(counts, RISE, FALL, *results == '+', at(from_ms));
}

TEST(a_state_needs_as_many_results_in_a_row_as_rise_and_fall_say) {
    (void)state;
    static const struct {
        const char *results;
        enum check_state wanted;
    } rows[] = {
        {"", CHECK_UNKNOWN},        {"+", CHECK_UNKNOWN},       {"++", CHECK_PASSING},
        {"--", CHECK_UNKNOWN},      {"---", CHECK_FAILING},     {"--+--", CHECK_UNKNOWN},
        {"+-+", CHECK_UNKNOWN},     {"++--", CHECK_PASSING},    {"++---", CHECK_FAILING},
        {"++--+--", CHECK_PASSING}, {"---+", CHECK_FAILING},    {"---++", CHECK_PASSING},
        {"---+-+", CHECK_FAILING},  {"---++--", CHECK_PASSING},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct counts counts = {0};
        add(&counts, rows[i].results, 1000);
        assert_int_equal(counts.state, rows[i].wanted);
    }
}

TEST(bad_results_within_the_grace_do_not_count) {
    (void)state;
    struct counts counts = {0};
    counts_grace(&counts, duration_s(10), at(1000));
    add(&counts, "---------", 1000);
    assert_int_equal(counts.state, CHECK_UNKNOWN);
    assert_int_equal(counts.failures, 0);
    add(&counts, "---", 11000);
    assert_int_equal(counts.state, CHECK_FAILING);
}

TEST(an_action_of_ours_starts_the_counts_anew) {
    (void)state;
    struct counts counts = {0};
    add(&counts, "---", 1000);
    counts_grace(&counts, duration_s(10), at(5000));
    assert_int_equal(counts.state, CHECK_UNKNOWN);
    assert_int_equal(counts.failures, 0);
    add(&counts, "++", 6000);
    assert_int_equal(counts.state, CHECK_PASSING);
}

TEST(a_repeated_grace_only_becomes_longer) {
    (void)state;
    struct counts counts = {0};
    counts_grace(&counts, duration_s(10), at(1000));
    add(&counts, "++", 2000);
    counts_grace(&counts, duration_s(10), at(5000));
    assert_int_equal(counts.state, CHECK_PASSING); /* what was seen after the action stays */
    assert_int_equal(counts.grace_until.ms, 15000);
    counts_grace(&counts, duration_s(1), at(6000));
    assert_int_equal(counts.grace_until.ms, 15000);
}

TEST(a_bad_result_in_the_grace_breaks_a_row_of_good_ones) {
    (void)state;
    struct counts counts = {0};
    counts_grace(&counts, duration_s(10), at(1000));
    add(&counts, "+-+", 2000);
    assert_int_equal(counts.state, CHECK_UNKNOWN);
}
