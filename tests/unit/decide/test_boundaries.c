/* Where each number stops acting: exactly at the limit, and one past it. */
#include <string.h>

#include "tests/unit/decide/case.h"

static void set_facts_age(int64_t v) { subject.facts_age.ms = v; }
static void set_checks_age(int64_t v) { subject.checks_age.ms = v; }
static void set_prediction_age(int64_t v) { subject.prediction_age.ms = v; }
static void set_symptom(int64_t v) { subject.symptom_for.ms = v; }
static void set_impaired(int64_t v) { subject.impaired_for.ms = v; }
static void set_age(int64_t v) { facts.launch_time.ms = now.wall.ms - v; }
static void set_aws_heard(int64_t v) { fleet.aws_heard.ms = v; }
static void set_up(int64_t v) { fleet.up_for.ms = v; }
static void set_success(int64_t v) { subject.since_success.ms = v; }
static void set_daily(int64_t v) { subject.disruptive_recent = (uint32_t)v; }
static void set_window(int64_t v) { fleet.disruptive_window = (uint32_t)v; }
static void set_open(int64_t v) { fleet.disruptive_open = (uint32_t)v; }
static void set_restarts_open(int64_t v) { fleet.restarts_open = (uint32_t)v; }
static void set_restarts(int64_t v) { subject.restarts_recent = (uint32_t)v; }
static void set_errors(int64_t v) { subject.errors = (uint32_t)v; }
static void set_unexplained(int64_t v) { fleet.unexplained = (uint32_t)v; }
static void set_explained(int64_t v) { fleet.agents_explained = (uint32_t)v; }
static void set_skew(int64_t v) {
    fleet.skew_known = true;
    fleet.skew.ms = v;
}

/* `last` still acts, `past` no longer does; the defaults of DESIGN 5.9 as numbers. */
static const struct {
    void (*arrange)(void);
    enum rung rung;
    void (*set)(int64_t value);
    int64_t last, past;
    const char *rule;
} rows[] = {
    {good, RUNG_REBOOT, set_facts_age, 300000, 300001, "stale_evidence"},
    {good, RUNG_REBOOT, set_facts_age, 0, -1, "stale_evidence"},
    {good, RUNG_REBOOT, set_checks_age, 180000, 180001, "second_signal_missing"},
    {good, RUNG_REBOOT, set_checks_age, 0, -1, "second_signal_missing"},
    {steal, RUNG_STOP_START, set_prediction_age, 300000, 300001, "second_signal_missing"},
    {steal, RUNG_STOP_START, set_prediction_age, 0, -1, "second_signal_missing"},
    {good, RUNG_REBOOT, set_symptom, 180000, 179999, "confirming"},
    {on_broken_host, RUNG_STOP_START, set_impaired, 600000, 599999, "aws_recovers_first"},
    {good, RUNG_REBOOT, set_age, 300000, 299999, "too_young"},
    {good, RUNG_REBOOT, set_skew, 60000, 60001, "clock_skew"},
    {good, RUNG_REBOOT, set_skew, -60000, -60001, "clock_skew"},
    {good, RUNG_REBOOT, set_aws_heard, 300000, 300001, "self_suspicion"},
    {good, RUNG_REBOOT, set_aws_heard, 0, -1, "self_suspicion"},
    {good, RUNG_REBOOT, set_unexplained, 1, 2, "self_suspicion"},
    {good, RUNG_REBOOT, set_up, 600000, 599999, "warm_up"},
    {good, RUNG_REBOOT, set_explained, 9, 8, "warm_up"},
    {good, RUNG_REBOOT, set_success, 900000, 899999, "cool_down"},
    {good, RUNG_REBOOT, set_success, -1, 0, "cool_down"},
    {predicted, RUNG_RESTART_SERVICE, set_success, 900000, 899999, "cool_down"},
    {good, RUNG_REBOOT, set_daily, 2, 3, "daily_limit"},
    {good, RUNG_REBOOT, set_window, 1, 2, "budget_hour"},
    {good, RUNG_REBOOT, set_open, 0, 1, "budget_concurrent"},
    {service, RUNG_RESTART_SERVICE, set_restarts_open, 9, 10, "budget_concurrent"},
    {service, RUNG_RESTART_SERVICE, set_restarts, 2, 3, "second_signal_missing"},
    {good, RUNG_REBOOT, set_errors, 2, 3, "calls_fail"},
};

TEST(limits_hold_to_the_millisecond_and_the_count) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        rows[i].arrange();
        rows[i].set(rows[i].last);
        decide(&policy, &fleet, &subject, now, &decision);
        if (decision.kind != DECIDE_ACT)
            fail_msg("row %zu: %s already at %lld", i, decision.rule, (long long)rows[i].last);
        assert_int_equal(decision.rung, rows[i].rung);
        rows[i].set(rows[i].past);
        decide(&policy, &fleet, &subject, now, &decision);
        if (decision.kind == DECIDE_ACT || strcmp(decision.rule, rows[i].rule) != 0)
            fail_msg("row %zu: \"%s\", not %s, at %lld", i, decision.rule, rows[i].rule,
                     (long long)rows[i].past);
    }
}

/* Whoever is told to wait is told until when, and then it acts: not a millisecond before. */
TEST(a_wait_is_over_when_it_says) {
    (void)state;
    static const struct {
        void (*arrange)(void);
        void (*set)(int64_t value);
        int64_t limit;
        const char *rule;
    } waits[] = {
        {good, set_up, 600000, "warm_up"},
        {good, set_age, 300000, "too_young"},
        {on_broken_host, set_impaired, 600000, "aws_recovers_first"},
        {good, set_symptom, 180000, "confirming"},
        {good, set_success, 900000, "cool_down"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(waits); i++)
        for (int64_t value = 0; value < waits[i].limit; value += 59999) {
            waits[i].arrange();
            waits[i].set(value);
            says(DECIDE_WAIT, waits[i].rule, "");
            assert_int_equal(decision.until.ms - now.boot.ms, waits[i].limit - value);
        }
}

/* U2: the percentages never make a small fleet unservable, nor a large one unbounded. */
TEST(budgets_by_size_of_the_fleet) {
    (void)state;
    static const struct {
        uint32_t members, concurrent, hour;
    } sizes[] = {{1, 1, 2},   {2, 1, 2},   {3, 1, 2},    {4, 1, 2},     {5, 1, 2},     {6, 1, 2},
                 {7, 1, 2},   {8, 1, 2},   {9, 1, 2},    {10, 1, 2},    {50, 1, 2},    {60, 1, 3},
                 {100, 2, 5}, {150, 3, 7}, {500, 3, 25}, {1000, 3, 50}, {5000, 3, 250}};
    for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
        char numbers[64];
        struct text text = text_over(numbers, sizeof numbers);
        good();
        fleet.members = sizes[i].members;
        fleet.disruptive_open = sizes[i].concurrent - 1;
        fleet.disruptive_window = sizes[i].hour - 1;
        acts(RUNG_REBOOT);
        fleet.disruptive_open++;
        text_add_unsigned(&text, sizes[i].concurrent);
        text_add(&text, " of ");
        text_add_unsigned(&text, sizes[i].concurrent);
        text_add(&text, " disruptive actions open");
        says(DECIDE_REFUSE, "budget_concurrent", numbers);
        fleet.disruptive_open--;
        fleet.disruptive_window++;
        text = text_over(numbers, sizeof numbers);
        text_add_unsigned(&text, sizes[i].hour);
        text_add(&text, " of ");
        text_add_unsigned(&text, sizes[i].hour);
        text_add(&text, " disruptive actions in 1h0m");
        says(DECIDE_REFUSE, "budget_hour", numbers);
    }
}

/* In whole numbers, so that no rounding of a percentage shifts the border. */
TEST(warm_up_wants_its_share_of_agents_in_every_fleet) {
    (void)state;
    static const uint32_t percents[] = {1, 50, 67, 80, 90, 99, 100};
    for (size_t p = 0; p < ARRAY_LENGTH(percents); p++)
        for (uint32_t known = 1; known <= 300; known++) {
            uint32_t least = (known * percents[p] + 99) / 100;
            good();
            policy.warmup_agents_percent = percents[p];
            fleet.agents_known = known;
            fleet.agents_explained = least;
            acts(RUNG_REBOOT);
            fleet.agents_explained = least - 1;
            says(DECIDE_REFUSE, "warm_up", " % wanted");
        }
}

/* R12: more than 80 % must speak or be explained, but one silent agent alone is never about us. */
TEST(self_suspicion_by_size_of_the_fleet) {
    (void)state;
    for (uint32_t heard = 2; heard <= 1000; heard++) {
        uint32_t most = (heard + 4) / 5; /* the first count at which at most 80 % speak */
        if (most < 2) most = 2;
        good();
        fleet.heard = heard;
        fleet.unexplained = most - 1;
        acts(RUNG_REBOOT);
        fleet.unexplained = most;
        says(DECIDE_REFUSE, "self_suspicion", "more than 80 % wanted");
    }
    good();
    fleet.heard = fleet.unexplained = 1;
    acts(RUNG_REBOOT);
}

TEST(warm_up_takes_both_time_and_agents) {
    (void)state;
    good();
    fleet.up_for.ms = 599999;
    says(DECIDE_WAIT, "warm_up", "");
    fleet.up_for.ms = 600000;
    fleet.agents_explained = 8;
    says(DECIDE_REFUSE, "warm_up", "8 of 10");
    fleet.up_for.ms = 86400000; /* time alone never makes up for agents that are not heard */
    says(DECIDE_REFUSE, "warm_up", "8 of 10");
    fleet.agents_known = fleet.agents_explained = fleet.heard = 0; /* a fleet without agents */
    acts(RUNG_REBOOT);
}
