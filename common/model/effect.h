/* What leaves the engine, as data. Effects of one step leave only after the step's batch is durable
 * (SAFETY R1); an effect whose batch failed never leaves. */
#ifndef EAR_COMMON_MODEL_EFFECT_H
#define EAR_COMMON_MODEL_EFFECT_H

#include "common/model/call.h"
#include "common/model/fleet.h"

enum effect_kind {
    EFFECT_CALL,       /* hand `call` to AWS; its result returns as EVENT_CALL_DONE */
    EFFECT_REPLY,      /* answer a waiting client of the control socket */
    EFFECT_LOG,        /* one line for a change of state */
    EFFECT_NOTIFY,     /* the outbox got a new row: wake the notifier */
    EFFECT_POLL,       /* read inventory and status checks now, not at the next interval */
    EFFECT_PAUSE_FILE, /* write (`present`) or remove the local pause file */
    EFFECT_KIND_COUNT
};

enum effect_level {
    EFFECT_LEVEL_INFO,
    EFFECT_LEVEL_WARNING,
    EFFECT_LEVEL_ERROR,
};

struct effect_reply {
    uint64_t token;
    int exit_code;                   /* INTERFACES 2.3 */
    char text[2048];                 /* for people; lines end in \n */
    struct fleet_snapshot *snapshot; /* owned by the effect, heap; NULL for other verbs */
};

struct effect_log {
    enum effect_level level;
    char event[48]; /* "recovery.started", "incident.opened", "decision.refused" ... */
    struct instance_id instance;
    struct record_id incident;
    char rule[32]; /* the rule that decided; empty = none */
    char old_state[32], new_state[32];
    char text[256]; /* the numbers */
};

struct effect {
    enum effect_kind kind;
    struct call call;
    struct effect_reply reply;
    struct effect_log log;
    bool present;     /* PAUSE_FILE */
    char reason[160]; /* PAUSE_FILE: what to write into it */
};

#endif
