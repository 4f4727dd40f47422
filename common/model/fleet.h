/* A picture of the fleet at one moment, for people: made by the engine, shown by report and ctl.
 * Plain data on the heap; its arrays belong to the snapshot. */
#ifndef EAR_COMMON_MODEL_FLEET_H
#define EAR_COMMON_MODEL_FLEET_H

#include "common/model/instance.h"
#include "common/model/prediction.h"
#include "common/model/rung.h"

enum member_state {
    MEMBER_UNKNOWN, /* no agent report yet, EC2 knows it */
    MEMBER_HEALTHY,
    MEMBER_PREDICTED,
    MEMBER_UNHEALTHY,
    MEMBER_SILENT,
    MEMBER_RECOVERING, /* an action of ours is open */
    MEMBER_RESTING,    /* after an action: proving or resting */
    MEMBER_STATE_COUNT
};

struct member_summary {
    struct instance_facts facts;
    struct instance_checks checks;
    enum member_state state;
    struct wall_time state_since;
    struct duration since_report; /* -1 ms = never */
    char agent_version[VERSION_SIZE];
    struct boot_id boot;
    uint16_t check_count;
    struct check_result agent_checks[REPORT_CHECKS_MAX];
    struct prediction prediction; /* the last score */
    struct record_id incident;    /* open one; empty = none */
    enum rung rung;               /* open action */
    uint32_t recoveries_24h;
    char why[256];  /* the reason for the state, with numbers */
    char next[160]; /* what comes next, or which rule holds it back */
};

struct fleet_snapshot {
    struct wall_time at;
    struct duration up_for;
    bool dry_run;
    bool paused;
    char pause_reason[160]; /* which switch, by whom, since when */
    bool store_usable;
    bool warming_up;
    char warmup_reason[160];
    bool self_suspect;
    char self_reason[160];
    bool breaker_open;
    char breaker_reason[160];
    uint32_t disruptive_open, disruptive_limit;           /* at once */
    uint32_t disruptive_last_hour, disruptive_hour_limit; /* sliding hour */
    struct duration prediction_day;                       /* the time scale in force */
    char region[32];
    char account[16];
    size_t count;
    struct member_summary *members; /* owned; sorted: worst first */
};

const char *member_state_name(enum member_state state); /* "HEALTHY", "PREDICTED" ... */

#endif
