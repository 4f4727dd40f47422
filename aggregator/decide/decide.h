/* Decides what may be done about one instance: act, wait, refuse or ask a person, always with the
 * rule that decided and its numbers. Pure. The rules, their meaning and who may override them:
 * docs/recovery.md. */
#ifndef EAR_AGGREGATOR_DECIDE_DECIDE_H
#define EAR_AGGREGATOR_DECIDE_DECIDE_H

#include "aggregator/decide/breaker.h"
#include "aggregator/decide/policy.h"
#include "common/base/text.h"
#include "common/model/instance.h"
#include "common/model/prediction.h"

#define DECIDE_TEXT_SIZE  256
#define DECIDE_RULES_MAX  40
#define DECIDE_SCOPES_MAX 2 /* the fleet and the instance's zone */

/* The fleet as the engine sees it now. Borrowed for the call. */
struct decide_fleet {
    bool store_usable;
    bool paused;
    const char *pause_reason;  /* who or what, since when; "" when not paused */
    struct duration up_for;    /* since start or since resume from a pause */
    uint32_t agents_known;     /* of opted-in instances */
    uint32_t agents_explained; /* ... that have spoken since start, or whose silence is explained */
    uint32_t heard;            /* agents heard within the last hour */
    uint32_t unexplained;      /* ... of them silent now without an explanation by AWS or by us */
    struct duration aws_heard; /* since AWS last answered; negative = never */
    bool skew_known;
    struct duration skew;       /* our wall clock minus AWS's */
    uint32_t members;           /* opted-in instances: the denominator of all percentages */
    uint32_t disruptive_open;   /* EC2-level actions from intent to end */
    uint32_t disruptive_window; /* ... started within budget_window */
    uint32_t restarts_open;     /* service restarts from intent to end */
    struct breaker_verdict scopes[DECIDE_SCOPES_MAX];
    size_t scope_count;
};

/* One instance and what is known of its trouble. Borrowed for the call. */
struct decide_case {
    const struct instance_facts *facts; /* NULL = EC2 never told us */
    struct duration facts_age;
    const struct instance_checks *checks; /* NULL = never read */
    struct duration checks_age;
    struct decide_flags flags;
    enum trigger trigger;
    enum fault_class fault;
    enum rung requested; /* TRIGGER_OPERATOR: the wanted rung */
    bool will_read;      /* facts are read again before anything is done: age does not matter */
    bool agent_known;    /* the agent has spoken at least once */
    bool agent_speaking;
    bool agent_silent; /* silent, and it announced nothing */
    struct duration silent_for;
    bool boot_known;
    bool service_failing; /* an agent that speaks says that a check fails */
    const char *unit;     /* the unit that check names; "" = none */
    bool predicted;       /* an open prediction (hysteresis passed) */
    float confidence;
    struct duration prediction_age; /* negative = no score yet */
    enum failure_kind kind;
    const char *service;          /* the service member the prediction names; "" = none */
    struct duration symptom_for;  /* since the trouble began */
    struct duration impaired_for; /* since the system check failed first; negative = it does not */
    bool failed[RUNG_COUNT];      /* tried for this trouble and failed its proof */
    uint32_t restarts_recent;     /* of this instance within service_restarts_window */
    uint32_t disruptive_recent;   /* ... EC2-level actions within flap_window, since acknowledged */
    struct duration since_success; /* negative = none */
    bool success_disruptive;       /* the last success was of an EC2-level rung */
    bool own_stop;                 /* we stopped it ourselves in this very plan */
    uint32_t errors;               /* calls of this trouble that failed for good (rights, input) */
};

enum decide_kind { DECIDE_ACT, DECIDE_WAIT, DECIDE_REFUSE, DECIDE_ASK };

struct decide_decision {
    enum decide_kind kind;
    enum rung rung;                 /* what would be done; RUNG_NONE when no rung fits */
    const char *rule;               /* static: "act", "dry_run", "budget_hour" ... */
    struct boot_time until;         /* WAIT: look again then */
    char text[DECIDE_TEXT_SIZE];    /* the numbers, for people */
    char skipped[DECIDE_TEXT_SIZE]; /* rungs passed over, each with its reason; empty = none */
};

/* Every rule's verdict, in order: the pre-flight list of `earctl recover`. */
struct decide_check {
    const char *rule; /* static */
    enum decide_kind kind;
    char text[DECIDE_TEXT_SIZE];
};

struct decide_checks {
    enum rung rung;
    size_t count;
    struct decide_check checks[DECIDE_RULES_MAX];
};

/* Picks the rung, then asks every rule; the first that objects decides. */
void decide(const struct decide_policy *policy, const struct decide_fleet *fleet,
            const struct decide_case *subject, struct now now, struct decide_decision *out);

/* The same for a rung already begun, when only a further step of it is due (the start after our
 * stop, the call after its intent): consent, pause, store and clock bind; budget and breaker do
 * not, because they guard against new harm only. */
void decide_continue(const struct decide_policy *policy, const struct decide_fleet *fleet,
                     const struct decide_case *subject, enum rung rung, struct now now,
                     struct decide_decision *out);

void decide_all(const struct decide_policy *policy, const struct decide_fleet *fleet,
                const struct decide_case *subject, struct now now, struct decide_checks *out);

const char *decide_kind_name(enum decide_kind kind); /* "act", "wait", "refuse", "ask" */

/* Two scores in a row at or above `high` open, one below `medium` closes; a score outside 0..1
 * counts as 0. All zeroes = closed. */
struct decide_hysteresis {
    bool open;
    uint32_t in_a_row;
};
/* True when `open` changed. */
bool decide_confidence(const struct decide_policy *policy, struct decide_hysteresis *hysteresis,
                       float confidence);

#endif
