/* What an agent says: reports, events, notices; and what the aggregator answers. Plain data, filled
 * by common/wire after every bound and range has been checked. */
#ifndef EAR_COMMON_MODEL_REPORT_H
#define EAR_COMMON_MODEL_REPORT_H

#include "common/base/clock.h"
#include "common/base/id.h"
#include "common/model/series.h"

#define REPORT_CHECKS_MAX 16
#define REPORT_EVENTS_MAX 16
#define REPORT_SCHEMA     1
#define CHECK_NAME_SIZE   48
#define UNIT_NAME_SIZE    64 /* systemd unit, as restart-services accepts it */
#define VERSION_SIZE      24

enum check_state {
    CHECK_UNKNOWN, /* not run yet, or within its grace */
    CHECK_PASSING,
    CHECK_FAILING, /* `fall` failures in a row */
};

/* One configured health check of the agent, after rise and fall counts. */
struct check_result {
    char name[CHECK_NAME_SIZE];
    char unit[UNIT_NAME_SIZE]; /* the unit that its failure restarts; empty = none */
    enum check_state state;
    uint32_t failures; /* in a row */
    char detail[96];   /* "connection refused", "status 503, wanted 200" */
};

enum agent_event_kind {
    AGENT_EVENT_OOM_KILL,
    AGENT_EVENT_IO_ERROR,
    AGENT_EVENT_READ_ONLY_REMOUNT,
    AGENT_EVENT_FILE_SYSTEM_ERROR,
    AGENT_EVENT_DEVICE_TIMEOUT,
    AGENT_EVENT_HUNG_TASK,
    AGENT_EVENT_MACHINE_CHECK,
    AGENT_EVENT_LINK_DOWN,
    AGENT_EVENT_SERVICE_RESTARTED,
    AGENT_EVENT_SPOT_INTERRUPTION,
    AGENT_EVENT_REBALANCE,
    AGENT_EVENT_MAINTENANCE,
    AGENT_EVENT_SERIES_LOST,
    AGENT_EVENT_COUNT
};

struct agent_event {
    enum agent_event_kind kind;
    struct wall_time at; /* the agent's clock: shown, never used for ordering */
    char member[SERIES_MEMBER_SIZE];
    char detail[96];
};

struct report {
    struct instance_id instance;
    struct boot_id boot;
    uint64_t sequence;           /* rises by one a report within a boot; never 0, starts anywhere */
    struct wall_time sampled_at; /* the agent's clock: shown, never used for ordering */
    uint32_t interval_ms;        /* the agent's sample interval, 1,000..300,000 */
    char agent_version[VERSION_SIZE];
    uint32_t dictionary_generation; /* which dictionary the further values refer to; 0 = none */
    struct metric_vector core;
    uint16_t further_count;
    uint16_t check_count;
    uint16_t event_count;
    struct series_value further[SERIES_MAX];
    struct check_result checks[REPORT_CHECKS_MAX];
    struct agent_event events[REPORT_EVENTS_MAX];
};

/* The agent announces what its silence will mean. */
enum notice_kind {
    NOTICE_STOPPING,  /* stopped by a person or a shutdown */
    NOTICE_UPGRADING, /* back within minutes */
    NOTICE_COUNT
};

struct notice {
    struct instance_id instance;
    struct boot_id boot;
    uint64_t sequence;
    enum notice_kind kind;
};

/* The answer to any message. Fields that say nothing are 0 or empty. */
struct ack {
    uint64_t sequence;       /* acknowledged: in the row and in the journal; 0 = not taken */
    uint32_t interval_ms;    /* wanted sample interval; 0 = as configured */
    uint32_t config_version; /* of the aggregator's wishes */
    uint32_t directives;     /* ACK_DIRECTIVE_* bits */
    uint64_t fence;          /* epoch of the aggregator that answers */
    char redirect[128];      /* another aggregator's address; empty = stay */
};

#define ACK_DIRECTIVE_SEND_DICTIONARY 1u /* the dictionary is unknown here: send it again */
#define ACK_DIRECTIVE_GRACE           2u /* an action of ours is under way: checks may fail a while */

const char *check_state_name(enum check_state state);     /* "unknown", "passing", "failing" */
const char *agent_event_name(enum agent_event_kind kind); /* "oom_kill" ... */
const char *notice_kind_name(enum notice_kind kind);      /* "stopping", "upgrading" */

#endif
