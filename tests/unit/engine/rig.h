/* A hand-driven engine for unit tests: virtual time, batches that succeed at once (or are held, or
 * fail), and every effect kept for the test to look at. */
#ifndef EAR_TESTS_UNIT_ENGINE_RIG_H
#define EAR_TESTS_UNIT_ENGINE_RIG_H

#include "aggregator/engine/engine.h"

#define RIG_CALLS_MAX   512
#define RIG_RECORDS_MAX 4096

struct rig_record {
    enum record_operation_kind kind;
    enum record_table table;
    char partition[RECORD_KEY_SIZE], sort[RECORD_KEY_SIZE];
    char *item; /* heap or NULL */
};

struct rig {
    struct engine_options options;
    struct engine *engine;
    struct engine_output *output;
    struct now now;
    enum status store; /* what batches end with */
    bool hold;         /* batches are not answered */
    uint64_t held_batch;
    size_t call_count;
    struct call calls[RIG_CALLS_MAX]; /* all that left, in order */
    size_t record_count;
    struct rig_record records[RIG_RECORDS_MAX]; /* all that became durable, in order */
    size_t reply_count;
    struct effect_reply reply; /* the last */
    size_t pause_files;
    bool pause_file;
    size_t polls;
};

/* An engine that acts: dry run off, all rungs enabled for health, warm-up over, AWS heard, and
 * `instances` opted-in running instances i-...0 with speaking agents. */
struct rig *rig_create(size_t instances);
void rig_destroy(struct rig *rig);
/* The same options over a new engine, restored by `rows` being whatever the test adds before. */
struct instance_id rig_id(size_t number);
struct instance_facts rig_facts(size_t number);
struct instance_checks rig_checks(size_t number, enum check_status instance);

void rig_event(struct rig *rig, const struct event *event);
/* Lets `seconds` pass, a tick each, with inventory and status checks each 30 s. */
void rig_wait(struct rig *rig, unsigned seconds);
void rig_check(struct rig *rig, size_t number, enum check_state state);
void rig_silent(struct rig *rig, size_t number);
void rig_seen(struct rig *rig, size_t number, unsigned boot);
void rig_status(struct rig *rig); /* all checks as set by rig_impair */
void rig_impair(struct rig *rig, size_t number, enum check_status status);
void rig_predict(struct rig *rig, size_t number, float confidence, enum failure_kind kind,
                 const char *service);
void rig_operator(struct rig *rig, enum operator_verb verb, size_t number, enum rung rung,
                  const char *reason);

/* Answers the last call of that kind (fails the test when there is none). */
struct call *rig_last(struct rig *rig, enum call_kind kind);
struct call_result rig_result(const struct call *call, enum status status);
void rig_answer(struct rig *rig, const struct call_result *result);
/* DESCRIBE of the instance as it is now, `state` running and ok unless set otherwise. */
void rig_describe(struct rig *rig, size_t number, enum instance_state state, int64_t launch_ms,
                  enum check_status status);
size_t rig_count(const struct rig *rig, enum call_kind kind);
size_t rig_mutations(const struct rig *rig);
/* How many durable rows of the table contain `part`. */
size_t rig_rows(const struct rig *rig, enum record_table table, const char *part);

#endif
