/* What enters the engine: one event at a time. Edges make events (event_create in
 * aggregator/engine), the engine's queue carries the pointers, the engine destroys them. The
 * simulator makes the same events, so it needs no rows, sockets or threads. */
#ifndef EAR_COMMON_MODEL_EVENT_H
#define EAR_COMMON_MODEL_EVENT_H

#include "common/model/call.h"
#include "common/model/prediction.h"
#include "common/model/rung.h"

enum event_kind {
    EVENT_TICK,          /* once a second: deadlines, windows, polls */
    EVENT_AGENT_SEEN,    /* first report of a connection, or of a boot, or after silence */
    EVENT_AGENT_SILENT,  /* no report for `heartbeat_intervals` of the agent's own intervals */
    EVENT_AGENT_CHECK,   /* a health check of the agent changed its state */
    EVENT_AGENT_EVENT,   /* kernel log, lifecycle, lost series */
    EVENT_AGENT_NOTICE,  /* the agent announced its going away */
    EVENT_AGENT_REFUSED, /* a peer spoke in another's name: alarm (F28) */
    EVENT_PREDICTION,    /* a new score of one instance */
    EVENT_INVENTORY,     /* all of DescribeInstances, or its failure */
    EVENT_STATUS_CHECKS, /* all of DescribeInstanceStatus, or its failure */
    EVENT_CALL_DONE,
    EVENT_BATCH_DONE,
    EVENT_PAUSE_FILE, /* the pause file appeared, vanished or became unreadable */
    EVENT_OPERATOR,   /* a person, over the control socket */
    EVENT_CLOCK_SKEW, /* our wall clock against AWS's Date header */
    EVENT_KIND_COUNT
};

enum operator_verb {
    OPERATOR_SNAPSHOT, /* answers a struct fleet_snapshot */
    OPERATOR_RECOVER,  /* `rung` on `instance`; dry run when `reason` is empty */
    OPERATOR_PAUSE,
    OPERATOR_RESUME,
    OPERATOR_ACKNOWLEDGE, /* of an incident that waits for a person */
    OPERATOR_VERB_COUNT
};

struct event_agent {
    struct boot_id boot;
    uint64_t sequence;
    uint32_t interval_ms;
    char agent_version[VERSION_SIZE];
    struct duration silent_for;  /* SILENT */
    struct check_result check;   /* CHECK */
    struct agent_event occurred; /* EVENT */
    enum notice_kind notice;     /* NOTICE */
    char peer[64];               /* REFUSED: address the connection came from */
    char peer_name[64];          /* REFUSED: the certificate's name */
};

struct event_operator {
    enum operator_verb verb;
    uint64_t token; /* which waiting client the reply is for */
    uint32_t uid;   /* SO_PEERCRED: the actor */
    char actor[64]; /* the uid's name, for the audit */
    enum rung rung;
    char unit[UNIT_NAME_SIZE]; /* restart-service: which unit; empty = the failing one */
    char reason[160];
    struct record_id record;   /* ACKNOWLEDGE */
    struct duration pause_for; /* PAUSE; 0 = until resumed */
};

struct event {
    enum event_kind kind;
    struct instance_id instance; /* of the agent, prediction and operator events; else empty */
    struct event_agent agent;
    struct event_operator operator;
    struct prediction prediction;
    struct call_result call;
    enum status status;             /* INVENTORY, STATUS_CHECKS, BATCH_DONE, PAUSE_FILE */
    uint64_t batch;                 /* BATCH_DONE */
    struct boot_time asked_at;      /* INVENTORY, STATUS_CHECKS: as in struct call_result */
    bool present;                   /* PAUSE_FILE */
    struct duration skew;           /* CLOCK_SKEW: ours minus theirs */
    size_t count;                   /* rows in whichever array below is set */
    struct instance_facts *facts;   /* INVENTORY; owned by the event, heap */
    struct instance_checks *checks; /* STATUS_CHECKS; owned by the event, heap */
};

const char *event_kind_name(enum event_kind kind);

#endif
