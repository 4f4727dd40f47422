/* Defaults and limits of decide; pure. */
#include "aggregator/decide/policy.h"

#define MINUTES(n) duration_s((n)*60)

struct decide_flags decide_flags_default(void) {
    return (struct decide_flags){.readable = true,
                                 .recovery_enabled = true,
                                 .monitoring_enabled = true,
                                 .app_level_recovery = true,
                                 .auto_restart = true};
}

struct decide_policy decide_policy_default(void) {
    return (struct decide_policy){
        .recovery_enabled = true,
        .dry_run = true,
        .high = 0.8,
        .medium = 0.6,
        .evaluations = 2,
        .status_max_age = MINUTES(3),
        .inventory_max_age = MINUTES(5),
        .inventory_interval = MINUTES(1),
        .prediction_max_age = MINUTES(5),
        .confirm_time = MINUTES(3), /* RECOVERY 4.1: reboot at 3 x 1 min */
        .aws_hold_time = MINUTES(10),
        .minimum_instance_age = MINUTES(5),
        .clock_skew_max = MINUTES(1),
        .self_suspicion_percent = 80,
        .max_disruptive_concurrent_count = 3,
        .max_disruptive_concurrent_percent = 2,
        .max_disruptive_per_hour_count = 2,
        .max_disruptive_per_hour_percent = 5,
        .max_restarts_concurrent = 10,
        .budget_window = MINUTES(60),
        .breaker_count = 3,
        .breaker_percent = 20,
        .breaker_window = MINUTES(5),
        .breaker_cooldown = MINUTES(10),
        .warmup = MINUTES(10),
        .warmup_agents_percent = 90,
        .rest_after_success = MINUTES(15),
        .max_disruptive_per_day = 3,
        .flap_window = MINUTES(24 * 60),
        .service_restarts_max = 3,
        .service_restarts_window = MINUTES(30),
    };
}

/* Rounded down: against us. A percentage that is not a number counts as 0. */
static uint32_t share(uint32_t members, double percent) {
    if (!(percent > 0)) return 0;
    if (percent >= 100) return members;
    return (uint32_t)((double)members * percent / 100.0);
}

static uint32_t larger(uint32_t a, uint32_t b) { return a > b ? a : b; }

uint32_t decide_limit_concurrent(const struct decide_policy *policy, uint32_t members) {
    uint32_t floored = larger(1, share(members, policy->max_disruptive_concurrent_percent));
    uint32_t count = policy->max_disruptive_concurrent_count;
    return floored < count ? floored : count;
}

uint32_t decide_limit_window(const struct decide_policy *policy, uint32_t members) {
    uint32_t limit = larger(policy->max_disruptive_per_hour_count,
                            share(members, policy->max_disruptive_per_hour_percent));
    return limit < DECIDE_WINDOW_MAX ? limit : DECIDE_WINDOW_MAX;
}

uint32_t decide_limit_breaker(const struct decide_policy *policy, uint32_t members) {
    return larger(policy->breaker_count, share(members, policy->breaker_percent));
}
