/* The storm breaker (R11) over time: when it opens, for whom, and what closes it again. */
#include <string.h>

#include "aggregator/decide/decide.h"
#include "tests/support/unit.h"

static struct breaker breaker;
static struct decide_policy policy;
static uint16_t zone_a, zone_b;

static struct now at(int64_t ms) { return (struct now){{ms}, {0}}; }

static void build(uint32_t in_a, uint32_t in_b) {
    policy = decide_policy_default();
    breaker_init(&breaker);
    zone_a = breaker_zone(&breaker, "eu-west-1a");
    zone_b = breaker_zone(&breaker, "eu-west-1b");
    for (uint32_t i = 0; i < in_a; i++) breaker_member(&breaker, zone_a);
    for (uint32_t i = 0; i < in_b; i++) breaker_member(&breaker, zone_b);
}

static unsigned ill(uint16_t zone, uint32_t count, int64_t ms) {
    for (uint32_t i = 0; i < count; i++) breaker_note(&breaker, zone, at(ms).boot);
    return breaker_update(&breaker, &policy, at(ms));
}

static enum breaker_state state_of(uint16_t scope) { return breaker.scopes[scope].state; }

static bool update_to(int64_t ms, enum breaker_state wanted) {
    (void)breaker_update(&breaker, &policy, at(ms));
    return state_of(zone_a) == wanted;
}

/* More than max(3, 20 %), counted within one evaluation, whatever the size. */
TEST(opens_within_one_evaluation_by_size_of_the_fleet) {
    (void)state;
    static const struct {
        uint32_t members, limit;
    } sizes[] = {{1, 3},  {2, 3},   {3, 3},   {4, 3},    {5, 3},     {6, 3},
                 {7, 3},  {8, 3},   {9, 3},   {10, 3},   {15, 3},    {19, 3},
                 {20, 4}, {50, 10}, {99, 19}, {100, 20}, {1000, 200}};
    for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
        build(sizes[i].members, 0);
        assert_int_equal(decide_limit_breaker(&policy, sizes[i].members), sizes[i].limit);
        assert_int_equal(ill(zone_a, sizes[i].limit, 1000), 0);
        assert_int_equal(state_of(zone_a), BREAKER_CLOSED);
        assert_int_equal(ill(zone_a, 1, 1000), 1);
        assert_int_equal(state_of(zone_a), BREAKER_OPEN);
        assert_int_equal(state_of(0), BREAKER_OPEN);
        build(sizes[i].members, 0);
        assert_int_equal(ill(zone_a, sizes[i].limit + 1, 1000), 1);
        struct breaker_verdict verdict;
        breaker_verdict(&breaker, &policy, zone_a, &verdict);
        assert_int_equal(verdict.limit, sizes[i].limit);
        assert_int_equal(verdict.newly_unhealthy, sizes[i].limit + 1);
        assert_int_equal(verdict.members, sizes[i].members);
        assert_int_equal(verdict.until.ms, 1000 + 600000);
        assert_string_equal(verdict.zone, "eu-west-1a");
    }
}

/* An incident of one zone must not be hidden by a large fleet, nor bind the other zones. */
TEST(each_zone_and_the_fleet_count_apart) {
    (void)state;
    build(10, 990);
    assert_int_equal(ill(zone_a, 4, 1000), 1);
    assert_int_equal(state_of(zone_a), BREAKER_OPEN);
    assert_int_equal(state_of(zone_b), BREAKER_CLOSED);
    assert_int_equal(state_of(0), BREAKER_CLOSED);
    assert_true(breaker_any_open(&breaker));
    build(50, 50); /* 11 and 10: neither zone's 10 is passed by b, but the fleet's 20 is */
    assert_int_equal(ill(zone_a, 10, 1000), 0);
    assert_int_equal(ill(zone_b, 10, 1000), 0);
    assert_int_equal(ill(zone_b, 1, 1000), 1);
    assert_int_equal(state_of(zone_a), BREAKER_CLOSED);
    assert_int_equal(state_of(0), BREAKER_OPEN);
}

TEST(an_instance_without_a_zone_counts_for_the_fleet_alone) {
    (void)state;
    build(0, 0);
    for (unsigned i = 0; i < 5; i++) breaker_member(&breaker, 0);
    assert_int_equal(breaker.scopes[0].members, 5);
    assert_int_equal(ill(0, 4, 1000), 1);
    assert_int_equal(breaker.scopes[0].newly_unhealthy, 4);
    assert_int_equal(state_of(zone_a), BREAKER_CLOSED);
}

TEST(a_note_leaves_at_the_end_of_its_window) {
    (void)state;
    build(10, 0);
    (void)ill(zone_a, 2, 1000);
    (void)breaker_update(&breaker, &policy, at(1000 + 299999));
    assert_int_equal(breaker.scopes[zone_a].newly_unhealthy, 2);
    (void)breaker_update(&breaker, &policy, at(1000 + 300000));
    assert_int_equal(breaker.scopes[zone_a].newly_unhealthy, 0);
    assert_int_equal(breaker.scopes[0].newly_unhealthy, 0);
    (void)ill(zone_a, 3, 400000); /* three and three, never four at once */
    assert_int_equal(ill(zone_a, 3, 700000), 0);
}

/* Cool-down counts from the last moment above the limit, to the millisecond. */
TEST(half_open_comes_a_cool_down_after_the_storm) {
    (void)state;
    build(10, 0);
    assert_int_equal(ill(zone_a, 4, 1000), 1);
    assert_true(update_to(200000, BREAKER_OPEN)); /* still above: the storm lasts till here */
    assert_true(update_to(200000 + 599999, BREAKER_OPEN));
    assert_true(update_to(200000 + 600000, BREAKER_HALF_OPEN));
    struct breaker_verdict verdict;
    breaker_verdict(&breaker, &policy, zone_a, &verdict);
    assert_false(verdict.probing);
}

static void half_open(void) {
    build(10, 0);
    (void)ill(zone_a, 4, 1000);
    assert_true(update_to(601000, BREAKER_HALF_OPEN));
}

TEST(a_probe_under_way_keeps_half_open_however_long_it_takes) {
    (void)state;
    half_open();
    breaker_started(&breaker, zone_a, zone_a);
    assert_true(update_to(601000 + 100 * 600000, BREAKER_HALF_OPEN));
    assert_true(breaker.scopes[zone_a].probing);
}

TEST(a_failed_probe_opens_for_a_whole_cool_down) {
    (void)state;
    half_open();
    breaker_started(&breaker, zone_a, zone_a);
    breaker_ended(&breaker, zone_a, zone_a, BREAKER_PROBE_FAILURE, at(700000).boot);
    assert_int_equal(state_of(zone_a), BREAKER_OPEN);
    assert_int_equal(state_of(0), BREAKER_OPEN);
    assert_true(update_to(700000 + 599999, BREAKER_OPEN));
    assert_true(update_to(700000 + 600000, BREAKER_HALF_OPEN));
    assert_false(breaker.scopes[zone_a].probing); /* a new probe may go */
}

TEST(a_probe_that_succeeds_closes_and_one_that_never_ran_does_not) {
    (void)state;
    half_open();
    breaker_started(&breaker, zone_a, zone_a);
    breaker_ended(&breaker, zone_a, zone_a, BREAKER_PROBE_NONE, at(700000).boot);
    assert_int_equal(state_of(zone_a), BREAKER_HALF_OPEN);
    breaker_started(&breaker, zone_a, zone_a);
    breaker_ended(&breaker, zone_a, zone_a, BREAKER_PROBE_SUCCESS, at(700000).boot);
    assert_int_equal(state_of(zone_a), BREAKER_CLOSED);
    assert_int_equal(state_of(0), BREAKER_CLOSED);
    assert_false(breaker_any_open(&breaker));
}

/* Zone b is half-open like the fleet; a probe there says nothing about zone a. */
TEST(a_probe_answers_for_its_own_zone_and_the_fleet) {
    (void)state;
    build(10, 10);
    (void)ill(zone_a, 4, 1000);
    (void)ill(zone_b, 4, 1000);
    (void)breaker_update(&breaker, &policy, at(601000));
    assert_int_equal(state_of(zone_a), BREAKER_HALF_OPEN);
    assert_int_equal(state_of(zone_b), BREAKER_HALF_OPEN);
    assert_int_equal(state_of(0), BREAKER_HALF_OPEN);
    breaker_started(&breaker, zone_b, zone_b);
    assert_false(breaker.scopes[zone_a].probing);
    breaker_ended(&breaker, zone_b, zone_b, BREAKER_PROBE_SUCCESS, at(602000).boot);
    assert_int_equal(state_of(zone_b), BREAKER_CLOSED);
    assert_int_equal(state_of(0), BREAKER_CLOSED);
    assert_int_equal(state_of(zone_a), BREAKER_HALF_OPEN);
}

TEST(two_zones_probe_apart) {
    (void)state;
    build(10, 10);
    for (unsigned i = 0; i < 80; i++) breaker_member(&breaker, 0); /* the fleet stays closed */
    (void)ill(zone_a, 4, 1000);
    (void)ill(zone_b, 4, 1000);
    assert_int_equal(state_of(0), BREAKER_CLOSED);
    (void)breaker_update(&breaker, &policy, at(601000));
    breaker_started(&breaker, zone_a, zone_a);
    breaker_started(&breaker, zone_b, zone_b);
    breaker_ended(&breaker, zone_b, zone_b, BREAKER_PROBE_SUCCESS, at(602000).boot);
    assert_int_equal(state_of(zone_b), BREAKER_CLOSED);
    assert_int_equal(state_of(zone_a), BREAKER_HALF_OPEN);
    assert_true(breaker.scopes[zone_a].probing);
    assert_false(breaker.scopes[0].probing);
}

TEST(an_action_from_before_the_storm_is_no_probe) {
    (void)state;
    build(10, 0);
    breaker_started(&breaker, zone_a, zone_a); /* closed: nothing to probe */
    (void)ill(zone_a, 4, 1000);
    breaker_ended(&breaker, zone_a, zone_a, BREAKER_PROBE_SUCCESS, at(2000).boot);
    assert_int_equal(state_of(zone_a), BREAKER_OPEN);
    assert_true(update_to(601000, BREAKER_HALF_OPEN));
    breaker_ended(&breaker, zone_a, zone_a, BREAKER_PROBE_SUCCESS, at(602000).boot);
    assert_int_equal(state_of(zone_a), BREAKER_HALF_OPEN);
}

TEST(a_new_storm_ends_half_open_and_its_probe) {
    (void)state;
    half_open();
    breaker_started(&breaker, zone_a, zone_a);
    (void)ill(zone_a, 4, 650000);
    assert_int_equal(state_of(zone_a), BREAKER_OPEN);
    assert_false(breaker.scopes[zone_a].probing);
    breaker_ended(&breaker, zone_a, zone_a, BREAKER_PROBE_SUCCESS, at(651000).boot);
    assert_int_equal(state_of(zone_a), BREAKER_OPEN);
}

TEST(calm_without_a_probe_closes_after_a_further_cool_down) {
    (void)state;
    half_open();
    assert_true(update_to(601000 + 599999, BREAKER_HALF_OPEN));
    assert_int_equal(breaker_update(&breaker, &policy, at(601000 + 600000)), 2);
    assert_int_equal(state_of(zone_a), BREAKER_CLOSED);
}

/* Decide lets exactly one through, and then none until the probe has ended. */
TEST(half_open_admits_one) {
    (void)state;
    half_open();
    struct breaker_verdict before, during;
    breaker_verdict(&breaker, &policy, zone_a, &before);
    breaker_started(&breaker, zone_a, zone_a);
    breaker_verdict(&breaker, &policy, zone_a, &during);
    assert_false(before.probing);
    assert_true(during.probing);
    assert_int_equal(during.state, BREAKER_HALF_OPEN);
    assert_string_equal(breaker_state_name(during.state), "half_open");
    assert_string_equal(breaker_state_name(BREAKER_OPEN), "open");
    assert_string_equal(breaker_state_name(BREAKER_CLOSED), "closed");
}

TEST(a_recount_forgets_the_members_and_keeps_the_ill) {
    (void)state;
    build(10, 10);
    (void)ill(zone_a, 2, 1000);
    breaker_recount(&breaker);
    for (unsigned i = 0; i < 3; i++) breaker_member(&breaker, zone_b);
    assert_int_equal(breaker.scopes[zone_a].members, 0);
    assert_int_equal(breaker.scopes[zone_b].members, 3);
    assert_int_equal(breaker.scopes[0].members, 3);
    assert_int_equal(breaker.scopes[zone_a].newly_unhealthy, 2);
    assert_int_equal(breaker_zone(&breaker, "eu-west-1a"), zone_a);
}

static bool scores(struct decide_hysteresis *hysteresis, double score) {
    return decide_confidence(&policy, hysteresis, (float)score);
}

TEST(opens_after_as_many_evaluations_as_the_setting_says) {
    (void)state;
    for (uint32_t wanted = 1; wanted <= 5; wanted++) {
        policy = decide_policy_default();
        policy.evaluations = wanted;
        struct decide_hysteresis hysteresis = {0};
        for (uint32_t i = 1; i < wanted; i++) assert_false(scores(&hysteresis, 0.8));
        assert_true(scores(&hysteresis, 0.8));
        assert_false(scores(&hysteresis, 1.0)); /* already open: no second opening */
    }
}

TEST(a_score_that_flaps_around_high_never_opens) {
    (void)state;
    policy = decide_policy_default();
    struct decide_hysteresis hysteresis = {0};
    for (unsigned i = 0; i < 1000; i++) {
        assert_false(scores(&hysteresis, 0.99));
        assert_false(scores(&hysteresis, i % 2 == 0 ? 0.7999 : 0.0));
    }
    assert_false(hysteresis.open);
}

TEST(between_medium_and_high_what_is_open_stays_open) {
    (void)state;
    policy = decide_policy_default();
    struct decide_hysteresis hysteresis = {0};
    (void)scores(&hysteresis, 0.9);
    assert_true(scores(&hysteresis, 0.9));
    for (unsigned i = 0; i < 1000; i++) assert_false(scores(&hysteresis, i % 2 == 0 ? 0.61 : 0.79));
    assert_true(scores(&hysteresis, 0.5999));
    assert_false(scores(&hysteresis, 0.9)); /* closed for good: two in a row again */
    assert_true(scores(&hysteresis, 0.9));
}

/* The settings are decimal, the scores floats: the float nearest to a threshold stands at it. */
TEST(a_score_exactly_at_a_threshold_is_at_it) {
    (void)state;
    for (unsigned percent = 1; percent <= 100; percent++) {
        policy = decide_policy_default();
        policy.high = policy.medium = percent / 100.0;
        policy.evaluations = 1;
        struct decide_hysteresis hysteresis = {0};
        assert_true(scores(&hysteresis, percent / 100.0));
        if (scores(&hysteresis, percent / 100.0))
            fail_msg("%u %% closes at %u %%", percent, percent);
        assert_true(scores(&hysteresis, percent / 100.0 - 0.0001));
    }
}

TEST(a_score_that_is_no_probability_closes) {
    (void)state;
    const float zero = 0.0F;
    const float bad[] = {zero / zero, 1.0001F, -0.1F, 1.0F / zero, -1.0F / zero};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        policy = decide_policy_default();
        struct decide_hysteresis hysteresis = {0};
        (void)decide_confidence(&policy, &hysteresis, 0.9F);
        assert_true(decide_confidence(&policy, &hysteresis, 0.9F));
        assert_true(decide_confidence(&policy, &hysteresis, bad[i]));
        assert_false(hysteresis.open);
    }
}

static uint16_t one_half_open(void) {
    policy = decide_policy_default();
    breaker_init(&breaker);
    uint16_t zone = breaker_zone(&breaker, "eu-west-1a");
    breaker.scopes[zone].state = BREAKER_HALF_OPEN;
    breaker.scopes[zone].half_open_since = at(1000000).boot;
    return zone;
}

TEST(a_probe_that_proved_nothing_does_not_let_the_breaker_close_by_itself) {
    (void)state;
    uint16_t zone = one_half_open();
    int64_t cooldown = policy.breaker_cooldown.ms;
    breaker_started(&breaker, zone, 7);
    (void)breaker_update(&breaker, &policy, at(1000000 + 2 * cooldown));
    breaker_ended(&breaker, zone, 7, BREAKER_PROBE_NONE, at(1000000 + 2 * cooldown).boot);
    (void)breaker_update(&breaker, &policy, at(1000000 + 2 * cooldown + 1));
    assert_int_equal(breaker.scopes[zone].state, BREAKER_HALF_OPEN);
    (void)breaker_update(&breaker, &policy, at(1000000 + 3 * cooldown));
    assert_int_equal(breaker.scopes[zone].state, BREAKER_CLOSED);
}

TEST(another_actions_end_is_not_the_probes) {
    (void)state;
    uint16_t zone = one_half_open();
    breaker_started(&breaker, zone, 7);
    breaker_started(&breaker, zone, 8);
    breaker_ended(&breaker, zone, 8, BREAKER_PROBE_SUCCESS, at(1001000).boot);
    assert_int_equal(breaker.scopes[zone].state, BREAKER_HALF_OPEN);
    assert_true(breaker.scopes[zone].probing);
    breaker_ended(&breaker, zone, 7, BREAKER_PROBE_FAILURE, at(1002000).boot);
    assert_int_equal(breaker.scopes[zone].state, BREAKER_OPEN);
}
