/* Carries out one rung on one instance, as a table of state and input: read the world, ask, store
 * the intent, call, prove the effect, watch it stay well. One file per plan holds its table
 * (restart_service.c, reboot.c, stop_start.c); docs/recovery.md shows them. Pure: recover_step
 * takes the run and an event, changes the run, and answers with at most RECOVER_EFFECTS_MAX
 * effects.
 *
 * A call error is a retry, bounded, never a step up the ladder. A call whose answer was lost is
 * never repeated before the world has been looked at (R2, R3). */
#ifndef EAR_AGGREGATOR_RECOVER_RECOVER_H
#define EAR_AGGREGATOR_RECOVER_RECOVER_H

#include "common/model/call.h"
#include "common/model/rung.h"

#define RECOVER_EFFECTS_MAX 3
#define RECOVER_REASON_SIZE 160

struct recover_policy {
    struct duration read_deadline; /* of DescribeInstances and kin */
    struct duration call_deadline; /* of a call that changes something */
    struct duration answer_grace;  /* past a deadline, before an answer counts as lost */
    struct duration retry_pause;   /* between tries */
    struct duration poll_pause;    /* between looks at a command or at the world */
    uint32_t tries_max;            /* of one call that did not take effect */
    uint32_t attempts_max;         /* new intents after a lost call that never landed */
    struct duration restart_service_timeout, reboot_timeout, stop_timeout, start_timeout;
    struct duration proof_timeout;                 /* from done to well: checks, endpoint, agent */
    struct duration healthy_time;                  /* well for so long = success */
    struct duration signature_window, settle_time; /* R3: a lost call may land for so long */
};
struct recover_policy recover_policy_default(void);

enum recover_state {
    RECOVER_IDLE,
    RECOVER_READING,  /* CALL_DESCRIBE is out */
    RECOVER_ASKING,   /* the engine decides on the fresh read, in the same step */
    RECOVER_STORING,  /* the intent is on its way to the store */
    RECOVER_CALLING,  /* the call is out */
    RECOVER_PAUSING,  /* between tries of a call that had no effect */
    RECOVER_LOOKING,  /* CALL_FIND_RUN is out: did the lost call land? */
    RECOVER_DARK,     /* it is not to be seen yet; its window is open */
    RECOVER_RUNNING,  /* the command runs, is polled */
    RECOVER_STOPPING, /* waits for `stopped` */
    RECOVER_PROVING,  /* waits for the proof */
    RECOVER_WATCHING, /* proven; must stay well for the healthy time */
    RECOVER_ENDED,
    RECOVER_STATE_COUNT
};

enum recover_leg { RECOVER_LEG_FIRST, RECOVER_LEG_FORCE, RECOVER_LEG_START, RECOVER_LEG_COUNT };

enum recover_end {
    RECOVER_END_NONE,
    RECOVER_END_SUCCESS,
    RECOVER_END_FAILED,  /* its own time-out and a failed check: the ladder may go up */
    RECOVER_END_REFUSED, /* a rule objected before anything was done */
    RECOVER_END_ERROR,   /* the call could not be made: no reason to go up */
    RECOVER_END_GONE,    /* the instance is gone */
    RECOVER_END_HELD,    /* stopped by us, and a rule forbids the start: a person must look */
    RECOVER_END_COUNT
};

/* One rung under way. Plain data; engine/ keeps it within the incident. Times are boot-clock. */
struct recover_run {
    enum rung rung;
    enum recover_state state;
    enum recover_leg leg;
    enum recover_end end;
    struct instance_id instance;
    struct record_id incident;
    struct action_id action; /* of the present leg and attempt */
    uint32_t base;           /* attempt number of the leg's first intent */
    uint32_t attempt;        /* ... of the present one */
    uint32_t renewals;       /* new intents after lost calls */
    uint32_t tries;          /* of the present call */
    uint32_t read_tries;     /* of the present read */
    uint32_t serial;         /* of the call whose answer is waited for; 0 = none */
    uint32_t next_serial;
    bool stored;      /* the present action's intent is durable */
    bool dark;        /* the call's answer was lost */
    bool acted;       /* some call of this run may have taken effect */
    bool effect_seen; /* the call's own effect is proven; the rest of the proof is due */
    bool waiting;     /* between legs a rule forbids the next one */
    bool stop_acted;  /* ... a stop */
    char unit[UNIT_NAME_SIZE];
    char command_id[COMMAND_ID_SIZE];
    struct boot_id boot_before;
    struct wall_time launch_before;
    struct wall_time since;     /* FIND_RUN looks from here on */
    struct boot_time called_at; /* the present call */
    struct boot_time answer_by; /* when a call's answer counts as lost; 0 = none is out */
    struct boot_time next_at;   /* when a pause is over; 0 = none */
    struct boot_time deadline;  /* of the present stage; 0 = none */
    struct boot_time healthy_since;
    char reason[RECOVER_REASON_SIZE]; /* of the end, with numbers */
};

/* What the engine knows of the instance at this moment; decides proof and health. */
struct recover_evidence {
    enum instance_state state;
    struct wall_time launch_time;
    bool facts_after_call; /* the facts were read after the present call */
    bool checks_ok;        /* read after the call, and neither system nor instance is impaired or
                              still initializing */
    bool agent_speaking;
    struct boot_id boot; /* of the newest report */
    bool service_ok;     /* no failing check of the unit (or of the instance) since the call */
};

enum recover_event_kind {
    RECOVER_EVENT_BEGIN,
    RECOVER_EVENT_ALLOWED, /* answer to ASK, or: the intent is durable and still allowed */
    RECOVER_EVENT_REFUSED, /* answer to ASK, or: durable but no longer allowed */
    RECOVER_EVENT_DURABLE,
    RECOVER_EVENT_NOT_DURABLE,
    RECOVER_EVENT_RESULT, /* `result` */
    RECOVER_EVENT_TICK,   /* time passed or evidence changed */
    RECOVER_EVENT_RESTORED,
    RECOVER_EVENT_GONE,
    RECOVER_EVENT_KIND_COUNT
};

struct recover_event {
    enum recover_event_kind kind;
    const struct call_result *result; /* borrowed for the call; RESULT only */
    struct recover_evidence evidence;
    const char *reason; /* REFUSED: the rule and numbers; else NULL */
    struct now now;
};

enum recover_effect_kind {
    RECOVER_EFFECT_CALL,    /* `call`; a mutating one only after its intent was durable */
    RECOVER_EFFECT_ASK,     /* decide on the fresh read; answer ALLOWED or REFUSED in this step */
    RECOVER_EFFECT_INTEND,  /* store an intent for `call`; answer DURABLE or NOT_DURABLE */
    RECOVER_EFFECT_SETTLED, /* the intent of `call.action` is settled; `note` says how */
    RECOVER_EFFECT_ENDED,   /* run->end says how */
};

struct recover_effect {
    enum recover_effect_kind kind;
    struct call call;
    const char *note; /* static: "done", "not_done", "failed", "unknown" */
};

struct recover_effects {
    size_t count;
    struct recover_effect effects[RECOVER_EFFECTS_MAX];
};

/* What a state sees: the columns of the tables. */
enum recover_input {
    RECOVER_IN_NONE,
    RECOVER_IN_BEGIN,
    RECOVER_IN_READ,        /* the world was read */
    RECOVER_IN_READ_FAILED, /* it could not be: try again */
    RECOVER_IN_ALLOWED,
    RECOVER_IN_REFUSED,
    RECOVER_IN_DURABLE,
    RECOVER_IN_NOT_DURABLE,
    RECOVER_IN_ACCEPTED, /* AWS took the call */
    RECOVER_IN_RETRY,    /* AWS did not take it; tries are left */
    RECOVER_IN_REJECTED, /* the service cannot do it to this instance as it is now */
    RECOVER_IN_ERROR,    /* rights, input, tries used up: not the instance's fault */
    RECOVER_IN_LOST,     /* sent, no answer: it may have taken effect */
    RECOVER_IN_FOUND,    /* the lost call is there */
    RECOVER_IN_ABSENT,   /* it is not to be seen; it may still land */
    RECOVER_IN_NEVER,    /* ... and can land no more */
    RECOVER_IN_RUN_OPEN, /* the command is not finished */
    RECOVER_IN_RUN_DONE,
    RECOVER_IN_RUN_FAILED,
    RECOVER_IN_STOPPED, /* state is `stopped`, read after the call */
    RECOVER_IN_PROVEN,
    RECOVER_IN_WELL, /* proven, and well for the healthy time */
    RECOVER_IN_ILL,  /* no longer well */
    RECOVER_IN_PAUSE_OVER,
    RECOVER_IN_TIMEOUT, /* the stage's deadline passed */
    RECOVER_IN_RESTORED,
    RECOVER_IN_GONE,
    RECOVER_INPUT_COUNT
};

enum recover_action {
    RECOVER_DO_NOTHING, /* an empty cell: the input is ignored, the state stays */
    RECOVER_DO_READ,
    RECOVER_DO_ASK,
    RECOVER_DO_INTEND, /* store the intent; when it is durable already, send */
    RECOVER_DO_SEND,
    RECOVER_DO_PAUSE,
    RECOVER_DO_WAIT, /* a rule forbids the next leg for now: ask again, without a deadline */
    RECOVER_DO_LOOK,
    RECOVER_DO_DARK, /* the answer is lost: open the window */
    RECOVER_DO_WAIT_DARK,
    RECOVER_DO_RENEW, /* a new attempt with a new intent, from a fresh read */
    RECOVER_DO_RUN,   /* the call was taken: follow the command */
    RECOVER_DO_POLL,
    RECOVER_DO_AWAIT_STOP,
    RECOVER_DO_FORCE, /* next leg: stop by force */
    RECOVER_DO_START, /* next leg: start */
    RECOVER_DO_PROVE,
    RECOVER_DO_PROOF_READ,
    RECOVER_DO_WATCH,
    RECOVER_DO_UNWATCH,
    RECOVER_DO_STAY, /* state changes, nothing is sent */
    RECOVER_DO_SUCCEED,
    RECOVER_DO_FAIL,
    RECOVER_DO_REFUSE,
    RECOVER_DO_ERROR,
    RECOVER_DO_GONE,
    RECOVER_DO_HOLD,
    RECOVER_ACTION_COUNT
};

struct recover_cell {
    enum recover_state next;
    enum recover_action action;
};

typedef struct recover_cell recover_table[RECOVER_STATE_COUNT][RECOVER_INPUT_COUNT];

/* The table of a rung's leg, or NULL when the rung has no such leg. For tests and documents. */
const recover_table *recover_plan(enum rung rung, enum recover_leg leg);

/* Fills a run that has not begun. `base` >= 1: attempt number of this rung of the incident, never
 * used before; `unit` for restart-service, else "". */
void recover_begin(struct recover_run *run, enum rung rung, const struct instance_id *instance,
                   const struct record_id *incident, uint32_t base, const char *unit);

/* One step. Inputs that the state has no cell for, and answers that are not the one waited for
 * (serial, kind or action differ), change nothing. */
void recover_step(const struct recover_policy *policy, struct recover_run *run,
                  const struct recover_event *event, struct recover_effects *effects_out);

/* The call that changes something in the run's present leg. */
enum call_kind recover_call_kind(const struct recover_run *run);

/* When the run wants its next TICK; 0 = only events matter. */
struct boot_time recover_due(const struct recover_run *run);

const char *recover_state_name(enum recover_state state); /* "reading", "proving" ... */
const char *recover_leg_name(enum recover_leg leg);       /* "", "force", "start" */
const char *recover_end_name(enum recover_end end);
const char *recover_input_name(enum recover_input input);
const char *recover_action_name(enum recover_action action);
enum recover_state recover_state_find(const char *name); /* RECOVER_STATE_COUNT when unknown */

#endif
