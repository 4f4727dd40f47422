/* The engine's own state and what its files share; private to this folder. All of it lies in the
 * memory given to engine_init() and is touched by one thread. */
#ifndef EAR_AGGREGATOR_ENGINE_STATE_H
#define EAR_AGGREGATOR_ENGINE_STATE_H

#include "aggregator/decide/decide.h"
#include "aggregator/engine/engine.h"
#include "common/base/json_write.h"
#include "common/base/prng.h"
#include "common/model/notification.h"

#define MEMBER_PAST_MAX    32 /* actions of a kind that are remembered; no limit is higher */
#define ENGINE_STARTS_MAX  (DECIDE_WINDOW_MAX + 1) /* disruptive starts within the window */
#define ENGINE_ROOM        20 /* records and effects that one incident may need in one step */
#define ENGINE_SAVED       UINT64_MAX
#define OWED_MAX           6
#define ENGINE_NONE        UINT32_MAX
#define ENGINE_RECHECK_MS  10000 /* between looks at an incident that a rule holds back */
#define ENGINE_ASKS_MAX    6     /* decisions within one step of one run */
#define ENGINE_HEARD_MS    (60 * 60 * 1000) /* "lately" of R12 */
#define ENGINE_UPGRADE_MS  (10 * 60 * 1000) /* an announced upgrade explains so much silence */
#define ENGINE_ALARM_MS    (10 * 60 * 1000) /* between alarms about one false name */
#define ENGINE_POLL_GAP_MS 10000
#define ENGINE_BATCH_MS    (5 * 60 * 1000) /* a batch not answered for so long has failed */
#define ENGINE_ALARMS_MAX  16
#define ENGINE_FULL_MS     (60 * 60 * 1000) /* between alarms about a full table */

enum agent_link { AGENT_NEVER, AGENT_SPEAKING, AGENT_SILENT, AGENT_LEFT };

/* A ring for each kind: many restarts must not push a reboot out. */
struct past_actions {
    struct boot_time at[MEMBER_PAST_MAX]; /* 0 = empty */
    size_t next;
};

struct member {
    struct instance_id id;
    bool listed;    /* EC2 told us of it */
    bool waiting;   /* in the ring of members to look at */
    bool unhealthy; /* as the breaker counts */
    bool gone;
    uint32_t incident; /* index, or ENGINE_NONE */
    enum fault_class fault;
    struct boot_time fault_since;
    struct boot_time well_since; /* no fault since; 0 = has one */
    uint32_t missing;            /* inventories in a row without it, at most one an interval */
    struct boot_time missing_at; /* the last of them */
    uint64_t round;              /* of the last inventory with it */
    uint16_t zone;               /* the breaker's */
    struct boot_time noted_at;   /* counted by the breaker last */

    enum agent_link link;
    bool upgrading;
    struct boot_time link_since, heard_at;
    uint32_t interval_ms;
    struct boot_id boot;
    struct boot_time boot_at; /* the boot id was first seen then */
    char agent_version[VERSION_SIZE];
    uint16_t check_count;
    struct check_result checks[REPORT_CHECKS_MAX];

    struct instance_facts facts;
    struct boot_time facts_at; /* asked for then; 0 = never */
    struct instance_checks status;
    struct boot_time status_at;
    struct boot_time system_since; /* first seen impaired; 0 = is not */

    struct prediction prediction;
    struct boot_time prediction_at;
    struct decide_hysteresis hysteresis;
    uint32_t medium_in_a_row;
    struct record_id prediction_id; /* empty = none is stored as open */
    struct wall_time prediction_opened;
    bool prediction_high;
    bool prediction_acted;

    struct decide_flags flags;
    struct past_actions restarts, disruptions;
    struct boot_time success_at; /* 0 = none */
    bool success_disruptive;
    bool acknowledged;
    struct boot_time acknowledged_at;
    uint32_t recoveries;   /* ended since start, for people */
    int64_t last_event_ms; /* sort keys of recovery-events rise */
};

struct request {
    bool active;
    enum rung rung;
    char unit[UNIT_NAME_SIZE];
    char actor[64], reason[160];
    uint64_t token; /* 0 = answered */
};

/* A row that must reach the store although the batch with it failed. */
struct owed {
    bool used, is_result;
    uint64_t batch;     /* on its way in this one; 0 = lost */
    const char *status; /* static */
    char sort[CLOCK_RFC3339_SIZE];
    struct recover_run run;
};

struct incident {
    bool used;
    bool closed; /* kept until its batch is durable */
    uint64_t close_batch;
    bool unsaved; /* its row in the store is older than this */
    struct record_id id;
    uint32_t member;
    enum fault_class fault;
    enum trigger trigger;
    struct wall_time opened;
    struct boot_time opened_at;
    enum outcome outcome;
    bool failed[RUNG_COUNT];
    uint32_t attempts[RUNG_COUNT];
    uint32_t errors;
    bool acted;
    bool held;  /* stopped by us and not to be started: a person */
    bool asked; /* a person was called */
    bool acknowledged;
    bool running;
    bool resume;                    /* restored: look at the world first */
    bool reserved;                  /* counts against the budgets */
    size_t past_place, start_place; /* where the budgets count it, while reserved */
    uint64_t awaited_batch;         /* the intent's; 0 = none */
    struct boot_time awaited_since;
    struct recover_run run;
    enum recover_state stored_state;
    struct boot_time next_look;
    struct boot_time not_before; /* a lost call may still land until then */
    struct record_id prediction;
    struct request request;
    struct owed owed[OWED_MAX];
    char actor[64]; /* of the run's start row */
    char cause[160];
    char unit[UNIT_NAME_SIZE];
    char started_sort[CLOCK_RFC3339_SIZE];
    char intent_sort[CLOCK_RFC3339_SIZE]; /* key of the present intent's row */
    char rule[32];                        /* of the last decision written down */
    uint64_t rule_batch;                  /* ... in this one */
    enum rung decided_rung;
    char why[DECIDE_TEXT_SIZE];
    struct boot_time until;
    char notified_rule[32];
};

struct alarm {
    uint64_t key;
    struct boot_time at;
};

struct pause_state {
    bool file_unknown; /* nobody has looked yet: counts as paused (R17) */
    bool file, file_unreadable, file_ours;
    bool operator;
    bool unreadable;        /* the stored state could not be read */
    uint64_t resume_batch;  /* a resume is on its way in this one: till it is durable all holds */
    struct boot_time until; /* of the operator's pause; 0 = until resumed */
    struct wall_time since;
    char reason[160];
    char text[200]; /* what people are told */
};

struct fleet_counts {
    uint32_t members; /* opted in */
    uint32_t known, explained;
    uint32_t heard, unexplained;
};

struct engine {
    struct engine_options options;
    bool restored;
    struct boot_time started;
    struct boot_time active_since; /* start, or resume from a pause: warm-up counts from here */
    struct prng random;
    uint64_t next_batch;

    bool store_usable;
    struct boot_time store_next;
    uint64_t store_failed; /* newest batch that failed; a later one that did not clears it */
    uint32_t lost_batches;
    enum status store_status;

    struct pause_state pause;
    struct boot_time aws_heard_at; /* 0 = never */
    bool aws_failing;
    bool aws_away; /* not heard for inventory_max_age: told once (F11) */
    bool skew_known, skewed;
    struct duration skew;
    struct boot_time polled_at, scanned_at;
    uint64_t inventory_round;
    bool counts_stale; /* the denominators changed */
    struct fleet_counts counts;
    struct breaker breaker;
    struct boot_time starts[ENGINE_STARTS_MAX];
    size_t starts_next;
    struct alarm alarms[ENGINE_ALARMS_MAX];

    uint32_t incident_count; /* highest used + 1 */
    uint32_t incident_cursor;
    bool incidents_full;
    struct incident incidents[ENGINE_INCIDENTS_MAX];

    uint32_t member_count;
    uint32_t reuse_cursor;            /* where the search for a dead member goes on */
    struct boot_time members_full_at; /* told last; 0 = never */
    uint32_t index_mask;
    uint32_t *index;   /* hash -> member + 1; 0 = empty */
    uint32_t *waiting; /* ring of members to look at, instances_max places */
    uint32_t waiting_first, waiting_count;
    struct member *members;
};

/* One step under way. */
struct step {
    struct engine *engine;
    struct now now;
    struct engine_output *out;
};

/* Cut to fit: for texts that people read, never for ids. NULL = "". */
static inline void copy_text(char *target, size_t capacity, const char *source) {
    struct text text = text_over(target, capacity);
    text_add(&text, source == NULL ? "" : source);
}

/* members.c */
struct member *member_find(struct engine *engine, const struct instance_id *id);
/* Makes it when it is new, in the place of a dead one if need be; NULL when the table is full. */
struct member *member_get(struct engine *engine, const struct instance_id *id);
uint32_t member_index(const struct engine *engine, const struct member *member);
void member_queue(struct engine *engine, struct member *member);
struct member *member_next(struct engine *engine); /* NULL when none waits */
struct incident *member_incident(struct engine *engine, const struct member *member);
const struct check_result *member_failing(const struct member *member);
/* Answers the place, for a later try of the same action to move its time. */
size_t member_past(struct member *member, enum rung rung, struct boot_time at);
/* Where actions of this rung are remembered. */
struct past_actions *member_actions(struct member *member, enum rung rung);

/* observe.c */
void observe(struct step *step, const struct event *event);
void observe_describe(struct step *step, const struct call_result *result);
/* Works out the member's trouble anew and queues it when that changed. */
void observe_refresh(struct step *step, struct member *member);
/* `at`: when they were asked for. */
void observe_facts(struct step *step, struct member *member, const struct instance_facts *facts,
                   struct boot_time at);

/* fleet.c */
void fleet_count(struct engine *engine, struct now now);
void fleet_view(const struct engine *engine, const struct member *member, struct now now,
                struct decide_fleet *out);
void fleet_update(struct step *step); /* breaker, pause's end, warm-up: after each event */
size_t fleet_started(struct engine *engine, struct boot_time at); /* answers the place */
uint32_t fleet_disruptive_open(const struct engine *engine);
/* Some action's end on this instance is not durable yet: nothing new may begin there. */
bool fleet_member_owes(const struct engine *engine, const struct member *member);
uint32_t fleet_disruptive_window(const struct engine *engine, struct now now);
bool fleet_scope_open(const struct engine *engine, const struct member *member);
bool fleet_paused(const struct engine *engine);
/* Removes a file of ours whose pause is over. */
void fleet_drop_pause_file(struct step *step);
void fleet_resume_done(struct engine *engine, uint64_t batch, bool durable, struct now now);

/* subject.c: what decide and recover are told */
void subject_case(const struct engine *engine, const struct member *member,
                  const struct incident *incident, struct now now, struct decide_case *out);
void subject_evidence(const struct member *member, const struct incident *incident,
                      struct recover_evidence *out);
const char *subject_service(const struct member *member);
uint32_t subject_disruptive_recent(const struct engine *engine, const struct member *member,
                                   struct now now);

/* incident.c */
void incident_consider(struct step *step, struct member *member);
void incident_evaluate(struct step *step, struct incident *incident);
void incident_save(struct step *step, struct incident *incident); /* what the store lacks */
void incident_close(struct step *step, struct incident *incident, enum outcome outcome);
struct incident *incident_open(struct step *step, struct member *member, enum fault_class fault,
                               enum trigger trigger, const char *cause);
void incident_decided(struct step *step, struct incident *incident,
                      const struct decide_decision *decision);
void incident_batch_done(struct step *step, uint64_t batch, enum status status);
struct incident *incident_find(struct engine *engine, const struct record_id *id);

/* drive.c: one rung under way */
void drive_begin(struct step *step, struct incident *incident, enum rung rung);
void drive(struct step *step, struct incident *incident, enum recover_event_kind kind,
           const struct call_result *result, const char *reason);
void drive_batch_done(struct step *step, struct incident *incident, bool durable);

/* predicted.c */
void predicted(struct step *step, struct member *member, const struct prediction *prediction);
void predicted_acted(struct step *step, struct member *member);

/* operator.c */
void operate(struct step *step, const struct event *event);
void operator_answer(struct step *step, struct incident *incident, int exit_code, const char *first,
                     const char *second);

/* emit.c */
bool emit_room(const struct step *step);
struct effect *emit_effect(struct step *step, enum effect_kind kind);
void emit_call(struct step *step, const struct call *call);
void emit_log(struct step *step, enum effect_level level, const char *event,
              const struct member *member, const struct incident *incident, const char *rule,
              const char *old_state, const char *new_state, const char *text);
void emit_reply(struct step *step, uint64_t token, int exit_code, const char *text);
uint64_t emit_batch(struct step *step); /* the id this step's batch has or will have */
/* An item is begun, written through the writer, and put. One at a time. */
struct item {
    struct text text;
    struct json_writer json;
};
void item_begin(struct step *step, struct item *item);
void item_put(struct step *step, struct item *item, enum record_operation_kind kind,
              enum record_table table, const char *partition, const char *sort);
void emit_delete(struct step *step, enum record_table table, const char *partition,
                 const char *sort);
struct record_id emit_id(struct step *step, const char *prefix);

/* rows.c: rows of the tables */
void row_incident(struct step *step, struct incident *incident);
void row_intent(struct step *step, const struct incident *incident, const struct recover_run *run,
                const char *sort, const char *status);
void row_recovery(struct step *step, struct incident *incident, const struct recover_run *run,
                  const char *status);
/* The result row, or the settled row of the present intent; written again until it is durable.
 * `status` is static. */
void rows_owe(struct step *step, struct incident *incident, const struct recover_run *run,
              bool is_result, const char *status);
void rows_pay(struct step *step, struct incident *incident);
bool rows_owed(const struct incident *incident);
/* Whether something is still owed. */
bool rows_batch_done(struct incident *incident, uint64_t batch, bool durable);
void row_prediction(struct step *step, const struct member *member, enum outcome outcome);
void row_pause(struct step *step);
void row_acknowledged(struct step *step, const struct member *member);
/* kind: "decision", "incident", "recovery", "operator", "storm", "pause", "alarm", "store" */
void row_audit(struct step *step, const char *kind, const struct member *member,
               const struct incident *incident, const char *rule, const char *decision,
               const char *actor, const char *text);

/* notice.c: notifications into the outbox */
void notice(struct step *step, enum severity severity, const char *event,
            const struct member *member, const struct incident *incident, const char *title,
            const char *cause, const char *action, const char *state, const char *result);

#endif
