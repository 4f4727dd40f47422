/* The engine: owner of everything that decides. One event with one `now` goes in; out come records
 * for one atomic batch and effects that may leave once that batch is durable.
 *
 * engine_step() is pure: no clock, file, socket, log, lock or allocation. All memory is given at
 * engine_init(); records and effects go into the caller's struct engine_output. So the same object
 * runs in the daemon (loop.h) and in the simulator. One thread at a time. */
#ifndef EAR_AGGREGATOR_ENGINE_ENGINE_H
#define EAR_AGGREGATOR_ENGINE_ENGINE_H

#include "aggregator/decide/policy.h"
#include "aggregator/recover/recover.h"
#include "common/model/effect.h"
#include "common/model/event.h"
#include "common/model/record.h"

#define ENGINE_INSTANCES_MAX 20000 /* R25 */
#define ENGINE_INCIDENTS_MAX 1024  /* open or not yet saved as closed */
#define ENGINE_EFFECTS_MAX   64
#define ENGINE_RECORDS_MAX   BATCH_OPERATIONS_MAX

struct engine;

struct engine_options {
    uint32_t instances_max; /* 1..ENGINE_INSTANCES_MAX */
    uint64_t epoch;         /* this start's number: the fence of every call */
    uint64_t seed;          /* of ids; differs between starts */
    char region[32], account[16];
    char dashboard_url[192];
    struct duration prediction_day;
    struct duration store_retry; /* after a batch failed for good: try again so often */
    struct decide_policy decide;
    struct recover_policy recover;
};
struct engine_options engine_options_default(void);

/* Bytes engine_init() needs; they must be zero (calloc: untouched pages cost nothing). */
size_t engine_size(uint32_t instances_max);
/* Builds an engine in `memory`, aligned for any type. Nothing is decided before
 * engine_restored(). */
struct engine *engine_init(void *memory, const struct engine_options *options, struct now now);

/* Replaces the settings on reload; running actions keep their stage's deadlines. */
void engine_configure(struct engine *engine, const struct decide_policy *decide,
                      const struct recover_policy *recover);

struct engine_record {
    enum record_operation_kind kind;
    enum record_table table;
    char partition[RECORD_KEY_SIZE];
    char sort[RECORD_KEY_SIZE];
    const char *item; /* within `arena`; NULL to delete */
};

/* What one step wants. The caller's storage, about 750 KiB: heap or static. */
struct engine_output {
    uint64_t batch; /* id of this step's batch; 0 = no records, effects leave at once */
    size_t record_count;
    struct engine_record records[ENGINE_RECORDS_MAX];
    size_t effect_count;
    struct effect effects[ENGINE_EFFECTS_MAX];
    bool more; /* work is left: step again with EVENT_TICK before waiting */
    size_t arena_used;
    char arena[ENGINE_RECORDS_MAX * RECORD_ITEM_SIZE];
};

/* One step. `event` is borrowed. For OPERATOR_SNAPSHOT the reply effect comes with `snapshot` NULL
 * and the caller fills it by engine_snapshot(). Every EVENT_BATCH_DONE must name a batch of an
 * earlier step, exactly once. */
void engine_step(struct engine *engine, const struct event *event, struct now now,
                 struct engine_output *output);
/* Whether the effect leaves before its step's batch is durable: a pause, and a call that changes
 * something, whose own intent was durable before the step (R1). */
bool engine_effect_at_once(const struct effect *effect);

/* How many members a snapshot needs now. */
size_t engine_member_count(const struct engine *engine);
/* Fills `out`; `members` has room for `capacity`, worst first; out->members = members. */
void engine_snapshot(const struct engine *engine, struct now now, struct member_summary *members,
                     size_t capacity, struct fleet_snapshot *out);

/* --- Rebuilding after a start: plain rows, parsed by restore.c; then engine_restored(). --- */

/* An incident as its row tells it. */
struct engine_incident_row {
    struct record_id id, prediction;
    struct instance_id instance;
    enum fault_class fault;
    enum trigger trigger;
    struct wall_time opened;
    bool failed[RUNG_COUNT];
    uint32_t attempts[RUNG_COUNT];
    bool running, acted, held, asked, acknowledged;
    uint32_t errors;             /* calls that could not be made */
    struct wall_time not_before; /* a lost call may still land until then; 0 = none */
    struct recover_run run; /* ids, state, leg, attempt, unit, command, boot and launch before */
    char cause[160], actor[64];
    char started_sort[CLOCK_RFC3339_SIZE]; /* of the start row in recovery-events */
    char intent_sort[CLOCK_RFC3339_SIZE];  /* of the present intent's row */
};
/* An intent of the last day: budgets, restarts and flap counts come from these. */
struct engine_intent_row {
    struct instance_id instance;
    enum rung rung;
    struct wall_time at;
    bool success; /* its rung ended well at `ended` */
    struct wall_time ended;
    bool first_leg; /* force and start legs do not count again */
    bool open;      /* not settled: its incident, restored before, may still be at it */
};

/* STATUS_FULL beyond the bounds. Before engine_restored() only. */
enum status engine_restore_incident(struct engine *engine, const struct engine_incident_row *row,
                                    struct now now) MUST_USE;
enum status engine_restore_intent(struct engine *engine, const struct engine_intent_row *row,
                                  struct now now) MUST_USE;
enum status engine_restore_flags(struct engine *engine, const struct instance_id *instance,
                                 const struct decide_flags *flags) MUST_USE;
/* A row of recovery-events with that key is in the store. */
void engine_restore_event(struct engine *engine, const struct instance_id *instance,
                          struct wall_time at);
/* `until` 0 = until resumed. */
void engine_restore_pause(struct engine *engine, const char *reason, struct wall_time until,
                          struct now now);
void engine_restore_acknowledged(struct engine *engine, const struct instance_id *instance,
                                 struct wall_time at, struct now now);
/* The rows are in. From here on events may come; open actions are reconciled by looking at the
 * world (R3). */
void engine_restored(struct engine *engine, struct now now);

#endif
