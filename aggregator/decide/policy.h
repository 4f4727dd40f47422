/* The numbers decide works with: plain data, filled once from the configuration (the field names
 * follow it) and replaced as a whole on reload. */
#ifndef EAR_AGGREGATOR_DECIDE_POLICY_H
#define EAR_AGGREGATOR_DECIDE_POLICY_H

#include "common/base/clock.h"
#include "common/model/rung.h"

/* Flags of one instance's row in instance-config, with SPEC 30's names and defaults. */
struct decide_flags {
    bool readable; /* false: the row is there but cannot be read, so nothing is allowed (C17) */
    bool recovery_enabled, monitoring_enabled; /* all of it */
    bool app_level_recovery;                   /* restart-service */
    bool auto_restart;                         /* reboot, stop-start */
    bool quarantine;                           /* only release is allowed */
};

/* What an instance without a row gets. */
struct decide_flags decide_flags_default(void);

/* No budget of a window is higher: so many starts are remembered. */
#define DECIDE_WINDOW_MAX 1023

struct decide_policy {
    /* What may be done at all */
    bool recovery_enabled; /* RECOVERY_ENABLED; false = nothing starts */
    bool dry_run;          /* everything but the call: the default of a fresh install */
    /* By trigger and rung. TRIGGER_OPERATOR is not looked up: the list does not bind a person. */
    bool enabled[TRIGGER_COUNT][RUNG_COUNT];
    bool public_ip_may_change; /* stop-start of an instance with a public IPv4 (RECOVERY 4.3) */

    /* Predictions: opens at or above `high` in `evaluations` scores in a row, closes below `medium`
     */
    double high, medium; /* 0..1 */
    uint32_t evaluations;

    /* Evidence */
    struct duration status_max_age;       /* of EC2 status checks (R9) */
    struct duration inventory_max_age;    /* of facts and of the last answer AWS gave us */
    struct duration inventory_interval;   /* between two lists of all instances */
    struct duration prediction_max_age;   /* of a score */
    struct duration confirm_time;         /* a symptom's age before an EC2-level rung */
    struct duration aws_hold_time;        /* a failed system check's age: AWS recovers first (R7) */
    struct duration minimum_instance_age; /* since its launch (R16) */
    struct duration clock_skew_max;
    double self_suspicion_percent; /* of the agents heard lately that must speak (R12) */

    /* Brakes */
    uint32_t max_disruptive_concurrent_count; /* min(this, max(1, percent of the fleet)) */
    double max_disruptive_concurrent_percent;
    uint32_t max_disruptive_per_hour_count; /* max(this, percent of the fleet) in budget_window */
    double max_disruptive_per_hour_percent;
    uint32_t max_restarts_concurrent; /* service restarts at once, over the fleet */
    struct duration budget_window;
    uint32_t breaker_count; /* trips above max(this, percent of the scope) */
    double breaker_percent;
    struct duration breaker_window, breaker_cooldown;
    struct duration warmup; /* and until `warmup_agents_percent` are heard or explained (R13) */
    double warmup_agents_percent;
    struct duration rest_after_success;
    uint32_t max_disruptive_per_day; /* of one instance within flap_window (R14) */
    struct duration flap_window;
    uint32_t service_restarts_max; /* of one instance within service_restarts_window */
    struct duration service_restarts_window;
};

/* DESIGN 5.9's numbers, dry run, no rung enabled. */
struct decide_policy decide_policy_default(void);

/* min(count, max(1, percent of members, rounded down)): how many disruptive actions at once. */
uint32_t decide_limit_concurrent(const struct decide_policy *policy, uint32_t members);
/* max(count, percent of members, rounded down): how many in budget_window. */
uint32_t decide_limit_window(const struct decide_policy *policy, uint32_t members);
/* max(count, percent of members, rounded down): how many newly unhealthy a scope may have. */
uint32_t decide_limit_breaker(const struct decide_policy *policy, uint32_t members);

#endif
