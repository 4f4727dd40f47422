/* The rules of decide as a table; private to this folder. */
#ifndef EAR_AGGREGATOR_DECIDE_RULES_H
#define EAR_AGGREGATOR_DECIDE_RULES_H

#include "aggregator/decide/decide.h"

/* What every rule looks at. */
struct decide_view {
    const struct decide_policy *policy;
    const struct decide_fleet *fleet;
    const struct decide_case *subject;
    enum rung rung; /* RUNG_NONE when none fits */
    struct now now;
};

/* A rule's answer: ACT when it has no objection. */
struct decide_verdict {
    enum decide_kind kind;
    struct boot_time until; /* WAIT */
    struct text *text;      /* the numbers; also when it has no objection */
};

/* When a rule binds, beyond the first decision. */
enum decide_binding {
    DECIDE_BINDS_START = 0,  /* only when a rung begins */
    DECIDE_BINDS_ALWAYS = 1, /* also before each further call of a rung under way */
};

struct decide_rule {
    const char *name;
    enum decide_binding binding;
    void (*ask)(const struct decide_view *view, struct decide_verdict *verdict);
};

extern const struct decide_rule decide_rules[];
extern const size_t decide_rule_count;

/* The lowest rung that fits the trouble and has not failed; RUNG_NONE when there is none. Says in
 * `skipped` why each lower rung was passed over. */
enum rung decide_ladder(const struct decide_policy *policy, const struct decide_case *subject,
                        struct text *skipped);

/* Independent fresh signals (R8, R9): how many, and how many of them not through our own path. */
struct decide_signals {
    unsigned count, outside;
};
struct decide_signals decide_count_signals(const struct decide_policy *policy,
                                           const struct decide_case *subject, struct now now,
                                           struct text *names);
/* An open scheduled event of one of the codes that stop/start resolves (RECOVERY 4.4). */
bool decide_event_retires(const struct scheduled_event *event);

/* "3m10s" into `text`. */
void decide_add_duration(struct text *text, struct duration span);

/* Rules of rules_limits.c. */
void decide_ask_breaker(const struct decide_view *view, struct decide_verdict *verdict);
void decide_ask_self(const struct decide_view *view, struct decide_verdict *verdict);
void decide_ask_warm_up(const struct decide_view *view, struct decide_verdict *verdict);
void decide_ask_skew(const struct decide_view *view, struct decide_verdict *verdict);
void decide_ask_rest(const struct decide_view *view, struct decide_verdict *verdict);
void decide_ask_daily(const struct decide_view *view, struct decide_verdict *verdict);
void decide_ask_window(const struct decide_view *view, struct decide_verdict *verdict);
void decide_ask_concurrent(const struct decide_view *view, struct decide_verdict *verdict);

/* Rules of rules_instance.c. */
void decide_ask_opt_in(const struct decide_view *view, struct decide_verdict *verdict);
void decide_ask_fresh(const struct decide_view *view, struct decide_verdict *verdict);
void decide_ask_stopped(const struct decide_view *view, struct decide_verdict *verdict);
void decide_ask_running(const struct decide_view *view, struct decide_verdict *verdict);
void decide_ask_managed(const struct decide_view *view, struct decide_verdict *verdict);
void decide_ask_spot(const struct decide_view *view, struct decide_verdict *verdict);
void decide_ask_group(const struct decide_view *view, struct decide_verdict *verdict);
void decide_ask_root(const struct decide_view *view, struct decide_verdict *verdict);
void decide_ask_tenancy(const struct decide_view *view, struct decide_verdict *verdict);
void decide_ask_public_ip(const struct decide_view *view, struct decide_verdict *verdict);
void decide_ask_event(const struct decide_view *view, struct decide_verdict *verdict);
void decide_ask_age(const struct decide_view *view, struct decide_verdict *verdict);
void decide_ask_boot(const struct decide_view *view, struct decide_verdict *verdict);
void decide_ask_confirm(const struct decide_view *view, struct decide_verdict *verdict);
void decide_ask_aws(const struct decide_view *view, struct decide_verdict *verdict);
void decide_ask_signals(const struct decide_view *view, struct decide_verdict *verdict);

#endif
