/* Budgets for small and large fleets (U2), hysteresis, and the storm breaker. */
#include <string.h>

#include "aggregator/decide/decide.h"
#include "tests/support/unit.h"

static struct now at(int64_t seconds) { return (struct now){{seconds * 1000}, {0}}; }

TEST(limits_of_fleets_of_1_to_10_are_never_below_one_nor_above_the_setting) {
    (void)state;
    struct decide_policy policy = decide_policy_default();
    for (uint32_t members = 1; members <= 10; members++) {
        assert_int_equal(decide_limit_concurrent(&policy, members), 1);
        assert_int_equal(decide_limit_window(&policy, members), 2);
        assert_int_equal(decide_limit_breaker(&policy, members), 3);
    }
    assert_int_equal(decide_limit_concurrent(&policy, 0), 1);
}

TEST(percentages_are_rounded_against_us) {
    (void)state;
    struct decide_policy policy = decide_policy_default();
    static const struct {
        uint32_t members, concurrent, window, breaker;
    } rows[] = {{49, 1, 2, 9},   {50, 1, 2, 10},  {99, 1, 4, 19},     {100, 2, 5, 20},
                {149, 2, 7, 29}, {150, 3, 7, 30}, {1000, 3, 50, 200}, {20000, 3, 1000, 4000}};
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        assert_int_equal(decide_limit_concurrent(&policy, rows[i].members), rows[i].concurrent);
        assert_int_equal(decide_limit_window(&policy, rows[i].members), rows[i].window);
        assert_int_equal(decide_limit_breaker(&policy, rows[i].members), rows[i].breaker);
    }
    policy.max_disruptive_concurrent_percent = 0;
    assert_int_equal(decide_limit_concurrent(&policy, 1000), 1);
    policy.max_disruptive_concurrent_count = 0;
    assert_int_equal(decide_limit_concurrent(&policy, 1000), 0);
}

TEST(limits_never_fall_as_the_fleet_grows) {
    (void)state;
    struct decide_policy policy = decide_policy_default();
    for (uint32_t members = 1; members < 3000; members++) {
        assert_true(decide_limit_concurrent(&policy, members + 1) >=
                    decide_limit_concurrent(&policy, members));
        assert_true(decide_limit_window(&policy, members + 1) >=
                    decide_limit_window(&policy, members));
        assert_true(decide_limit_breaker(&policy, members + 1) >=
                    decide_limit_breaker(&policy, members));
    }
}

TEST(two_high_scores_in_a_row_open_and_one_below_medium_closes) {
    (void)state;
    struct decide_policy policy = decide_policy_default();
    struct decide_hysteresis hysteresis = {0};
    assert_false(decide_confidence(&policy, &hysteresis, 0.80F));
    assert_false(decide_confidence(&policy, &hysteresis, 0.79F));
    assert_false(decide_confidence(&policy, &hysteresis, 0.95F));
    assert_true(decide_confidence(&policy, &hysteresis, 0.80F));
    assert_true(hysteresis.open);
    assert_false(decide_confidence(&policy, &hysteresis, 0.60F));
    assert_true(hysteresis.open);
    assert_true(decide_confidence(&policy, &hysteresis, 0.59F));
    assert_false(hysteresis.open);
}

TEST(scores_that_are_no_probability_count_as_none) {
    (void)state;
    struct decide_policy policy = decide_policy_default();
    struct decide_hysteresis hysteresis = {0};
    const float zero = 0.0F;
    const float bad[] = {zero / zero, 1.5F, -1.0F, 1.0F / zero};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        assert_false(decide_confidence(&policy, &hysteresis, bad[i]));
        assert_false(decide_confidence(&policy, &hysteresis, bad[i]));
        assert_false(hysteresis.open);
    }
}

static struct breaker breaker;
static struct decide_policy policy;
static uint16_t zone_a, zone_b;

static void build(unsigned in_a, unsigned in_b) {
    policy = decide_policy_default();
    breaker_init(&breaker);
    zone_a = breaker_zone(&breaker, "eu-west-1a");
    zone_b = breaker_zone(&breaker, "eu-west-1b");
    for (unsigned i = 0; i < in_a; i++) breaker_member(&breaker, zone_a);
    for (unsigned i = 0; i < in_b; i++) breaker_member(&breaker, zone_b);
}

static void falls_ill(uint16_t zone, unsigned count, int64_t seconds) {
    for (unsigned i = 0; i < count; i++) breaker_note(&breaker, zone, at(seconds).boot);
}

TEST(breaker_trips_above_the_larger_of_count_and_percent) {
    (void)state;
    build(10, 10);
    falls_ill(zone_a, 3, 1000);
    assert_int_equal(breaker_update(&breaker, &policy, at(1000)), 0);
    falls_ill(zone_a, 1, 1001);
    assert_int_equal(breaker_update(&breaker, &policy, at(1001)) & 1, 1);
    assert_int_equal(breaker.scopes[zone_a].state, BREAKER_OPEN);
    assert_int_equal(breaker.scopes[0].state, BREAKER_CLOSED); /* 4 of 20 is 20 %, not more */
    falls_ill(zone_b, 1, 1002);
    assert_int_equal(breaker_update(&breaker, &policy, at(1002)) & 1, 1);
    assert_int_equal(breaker.scopes[0].state, BREAKER_OPEN);
    assert_int_equal(breaker.scopes[zone_b].state, BREAKER_CLOSED);
}

TEST(breaker_forgets_what_left_the_window) {
    (void)state;
    build(10, 0);
    falls_ill(zone_a, 3, 1000);
    (void)breaker_update(&breaker, &policy, at(1000));
    falls_ill(zone_a, 3, 1301);
    assert_int_equal(breaker_update(&breaker, &policy, at(1301)), 0);
    assert_int_equal(breaker.scopes[0].newly_unhealthy, 3);
}

TEST(half_open_lets_one_through_and_its_end_decides) {
    (void)state;
    build(10, 0);
    falls_ill(zone_a, 6, 1000);
    (void)breaker_update(&breaker, &policy, at(1000));
    (void)breaker_update(&breaker, &policy, at(1299));
    (void)breaker_update(&breaker, &policy, at(1898));
    assert_int_equal(breaker.scopes[0].state, BREAKER_OPEN);
    (void)breaker_update(&breaker, &policy, at(1900));
    assert_int_equal(breaker.scopes[0].state, BREAKER_HALF_OPEN);
    breaker_started(&breaker, zone_a, zone_a);
    assert_true(breaker.scopes[0].probing && breaker.scopes[zone_a].probing);
    breaker_ended(&breaker, zone_a, zone_a, BREAKER_PROBE_FAILURE, at(1950).boot);
    assert_int_equal(breaker.scopes[0].state, BREAKER_OPEN);
    (void)breaker_update(&breaker, &policy, at(2550));
    assert_int_equal(breaker.scopes[0].state, BREAKER_HALF_OPEN);
    breaker_started(&breaker, zone_a, zone_a);
    breaker_ended(&breaker, zone_a, zone_a, BREAKER_PROBE_NONE, at(2551).boot);
    assert_int_equal(breaker.scopes[0].state, BREAKER_HALF_OPEN);
    assert_false(breaker.scopes[0].probing);
    breaker_started(&breaker, zone_a, zone_a);
    breaker_ended(&breaker, zone_a, zone_a, BREAKER_PROBE_SUCCESS, at(2600).boot);
    assert_int_equal(breaker.scopes[0].state, BREAKER_CLOSED);
}

TEST(calm_closes_a_half_open_breaker_without_a_probe) {
    (void)state;
    build(10, 0);
    falls_ill(zone_a, 6, 1000);
    (void)breaker_update(&breaker, &policy, at(1000));
    (void)breaker_update(&breaker, &policy, at(1900));
    assert_int_equal(breaker_update(&breaker, &policy, at(2500)) & 2, 2);
    assert_false(breaker_any_open(&breaker));
}

TEST(more_notes_than_places_keep_it_open) {
    (void)state;
    build(20, 0);
    falls_ill(zone_a, 2 * BREAKER_NOTES_MAX, 1000);
    (void)breaker_update(&breaker, &policy, at(1000));
    assert_int_equal(breaker.scopes[0].newly_unhealthy, BREAKER_NOTES_MAX);
    assert_int_equal(breaker.scopes[0].state, BREAKER_OPEN);
}

TEST(too_many_zones_fall_back_to_the_fleet) {
    (void)state;
    breaker_init(&breaker);
    for (unsigned i = 0; i < 100; i++) {
        char name[8] = {'z', (char)('a' + i / 26), (char)('a' + i % 26), '\0'};
        uint16_t zone = breaker_zone(&breaker, name);
        assert_int_equal(zone, i < BREAKER_SCOPES_MAX - 1 ? i + 1 : 0);
    }
    assert_int_equal(breaker_zone(&breaker, ""), 0);
}
