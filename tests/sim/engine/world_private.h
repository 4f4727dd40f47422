/* The world's own state, shared by world.c and the auditor. */
#ifndef EAR_TESTS_SIM_ENGINE_WORLD_PRIVATE_H
#define EAR_TESTS_SIM_ENGINE_WORLD_PRIVATE_H

#include "aggregator/decide/policy.h"
#include "common/base/prng.h"
#include "tests/sim/engine/world.h"

#define WALL_0       INT64_C(1772524800000)
#define QUEUE_MAX    4096
#define CALLS_MAX    4096
#define ROWS_MAX     65536
#define BATCHES_MAX  512
#define ACTIONS_MAX  1024
#define NOTES_MAX    4096
#define SETTLE_S_MAX 7200 /* the world must have settled by then */

enum kind {
    TICK,
    AGENT,
    POLL,
    LAND,
    ANSWER,
    BATCH,
    CRASH,
    START,
    BREAK,
    STORM,
    PERSON,
    PREDICT,
    STOPPED,
    RUNNING,
    BOOTED,
    END_FAULTS
};

struct entry {
    int64_t at;
    uint64_t order;
    enum kind kind;
    size_t what;
    uint64_t generation; /* of the engine the event is for; stale ones die with it */
};

struct box {
    struct instance_facts facts;
    enum instance_state before; /* what a lagging read may still show */
    int64_t changed_at;
    unsigned boot;
    bool hung, agent_up, service_up, bad_service;
    int64_t hung_at;
    bool stuck;
    /* what the engine was told since its start */
    bool told_seen, told_silent;
    unsigned told_boot;
    int told_check; /* -1 not, 0 failing, 1 passing */
    bool told_impaired;
    int64_t last_report, check_changed;
    int64_t noted_at;
    bool leak;
};

struct sent {
    struct call call;
    int64_t at;
    enum status answer; /* what comes back */
    bool effect, landed, answered;
    bool no_answer; /* the engine gets UNKNOWN_OUTCOME */
    struct call_result result;
};

/* The auditor's view of one action id. */
struct action {
    char id[80];
    size_t box;
    enum call_kind kind;
    int64_t at;
    unsigned effects;
    bool lost, landed, settled;
    int64_t landed_at;
    bool first_leg;
};

struct row {
    enum record_table table;
    char partition[RECORD_KEY_SIZE], sort[RECORD_KEY_SIZE];
    char *item; /* heap; NULL = free */
};

struct waiting_batch {
    bool used;
    uint64_t id;
    size_t record_count, effect_count;
    struct row *rows;
    enum record_operation_kind *kinds;
    struct effect *effects;
};

struct command {
    char comment[80], id[COMMAND_ID_SIZE];
    size_t box;
    int64_t done_at;
    bool fails;
};

struct world {
    struct prng random;
    struct world_faults faults;
    struct world_report *report;
    int64_t ms;
    bool faulty; /* phase one */
    struct engine_options options;
    struct engine *engine;
    void *memory;
    uint64_t generation, starts;
    struct engine_output *output;
    size_t queue_count;
    uint64_t order;
    struct entry queue[QUEUE_MAX];
    size_t box_count;
    struct box boxes[WORLD_INSTANCES_MAX];
    size_t sent_count;
    struct sent sent[CALLS_MAX];
    size_t row_count;
    struct row rows[ROWS_MAX];
    struct waiting_batch batches[BATCHES_MAX];
    size_t action_count;
    struct action actions[ACTIONS_MAX];
    size_t command_count;
    struct command commands[ACTIONS_MAX];
    size_t note_count;
    int64_t notes[NOTES_MAX];
    int64_t storm_until, storm_from;
    bool paused, pause_file, pause_told;
    int64_t paused_at;
    int64_t acknowledged_at[WORLD_INSTANCES_MAX];
};

/* Notes the first broken invariant; the run ends with it. */
void violate(struct world *w, const char *format, ...) FORMAT_LIKE(2, 3);
const struct row *find_intent(const struct world *w, const char *action);
bool settled(const struct world *w, const char *action); /* durably */

/* audit.c: sees calls leave, effects land, and what the engine is told. */
size_t box_of(const struct world *w, const struct instance_id *id);
struct action *find_action(struct world *w, const char *id);
void audit_call(struct world *w, const struct call *call);
void audit_effect(struct world *w, const char *id);
void audit_unhealthy(struct world *w, size_t number);

#endif
