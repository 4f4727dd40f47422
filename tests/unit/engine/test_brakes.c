/* What must hold the engine back: pause and resume, evidence that changed meanwhile, lost stores.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/support/unit.h"
#include "tests/unit/engine/rig.h"

static bool paused(struct rig *rig) {
    struct member_summary none[1];
    struct fleet_snapshot snapshot;
    engine_snapshot(rig->engine, rig->now, none, 0, &snapshot);
    return snapshot.paused;
}

static void file_event(struct rig *rig, bool present, enum status status) {
    struct event event = {.kind = EVENT_PAUSE_FILE, .present = present, .status = status};
    rig_event(rig, &event);
}

TEST(resume_that_the_store_did_not_take_resumes_nothing) {
    (void)state;
    struct rig *rig = rig_create(3);
    rig_operator(rig, OPERATOR_PAUSE, 0, RUNG_NONE, "freeze");
    rig->store = STATUS_IO;
    rig_operator(rig, OPERATOR_RESUME, 0, RUNG_NONE, "");
    assert_true(paused(rig));
    rig->store = STATUS_OK;
    rig_wait(rig, 60);
    assert_true(paused(rig));
    rig_check(rig, 0, CHECK_FAILING);
    rig_wait(rig, 30);
    assert_int_equal(rig->call_count, 0);
    rig_operator(rig, OPERATOR_RESUME, 0, RUNG_NONE, "");
    assert_false(paused(rig));
    rig_destroy(rig);
}

TEST(resume_holds_until_the_pause_file_is_seen_gone) {
    (void)state;
    struct rig *rig = rig_create(3);
    file_event(rig, true, STATUS_OK);
    assert_true(paused(rig));
    size_t polls = rig->polls;
    rig_operator(rig, OPERATOR_RESUME, 0, RUNG_NONE, "");
    assert_int_equal(rig->reply.exit_code, 0);
    assert_true(rig->polls > polls);
    assert_true(paused(rig)); /* perhaps it could not be removed */
    file_event(rig, false, STATUS_OK);
    assert_false(paused(rig));
    file_event(rig, false, STATUS_DENIED);
    rig_operator(rig, OPERATOR_RESUME, 0, RUNG_NONE, "");
    assert_true(paused(rig));
    rig_destroy(rig);
}

TEST(pause_during_a_resume_under_way_stays) {
    (void)state;
    struct rig *rig = rig_create(3);
    rig_operator(rig, OPERATOR_PAUSE, 0, RUNG_NONE, "freeze");
    rig->hold = true;
    rig_operator(rig, OPERATOR_RESUME, 0, RUNG_NONE, "");
    uint64_t resume = rig->held_batch;
    rig->hold = false;
    rig_operator(rig, OPERATOR_PAUSE, 0, RUNG_NONE, "no, freeze");
    struct event done = {.kind = EVENT_BATCH_DONE, .batch = resume, .status = STATUS_OK};
    rig_event(rig, &done);
    assert_true(paused(rig));
    rig_destroy(rig);
}

/* Its intent is durable, and the rules were asked in this very step: to wait for the step's other
 * rows would only let the world change meanwhile. */
TEST(call_with_a_durable_intent_waits_for_no_other_row) {
    (void)state;
    struct rig *rig = rig_create(3);
    rig_check(rig, 0, CHECK_FAILING);
    rig->hold = true;
    rig_describe(rig, 0, INSTANCE_RUNNING, 0, CHECK_STATUS_OK);
    assert_int_equal(rig_mutations(rig), 0);
    struct event done = {.kind = EVENT_BATCH_DONE, .batch = rig->held_batch, .status = STATUS_OK};
    engine_step(rig->engine, &done, rig->now, rig->output);
    bool left = false;
    for (size_t i = 0; i < rig->output->effect_count; i++) {
        const struct effect *effect = &rig->output->effects[i];
        if (effect->kind == EFFECT_CALL) left = engine_effect_at_once(effect);
        if (effect->kind != EFFECT_CALL) assert_false(engine_effect_at_once(effect));
    }
    assert_true(left);
    rig_destroy(rig);
}

/* Never sent, or sent and never answered: nobody knows, so the ladder does not go up. */
TEST(reboot_of_unknown_outcome_is_no_failed_rung) {
    (void)state;
    struct rig *rig = rig_create(10);
    rig_silent(rig, 0);
    rig_impair(rig, 0, CHECK_STATUS_IMPAIRED);
    rig_wait(rig, 300);
    rig_describe(rig, 0, INSTANCE_RUNNING, 0, CHECK_STATUS_IMPAIRED);
    assert_int_equal(rig_count(rig, CALL_REBOOT), 1);
    rig_wait(rig, 1100); /* no answer at all */
    assert_int_equal(rig_rows(rig, RECORD_INTENTS, "\"status\":\"unknown\""), 1);
    rig_wait(rig, 300);
    assert_int_equal(rig_rows(rig, RECORD_AUDIT, "\"rule\":\"failed\""), 0);
    assert_int_equal(rig_rows(rig, RECORD_AUDIT, "\"rule\":\"error\""), 1);
    assert_int_equal(rig_count(rig, CALL_STOP), 0);
    rig_destroy(rig);
}

static void check_of(struct rig *rig, const char *unit, enum check_state to) {
    struct event event = {.kind = EVENT_AGENT_CHECK, .instance = rig_id(0)};
    event.agent.check = (struct check_result){.state = to};
    memcpy(event.agent.check.unit, unit, strlen(unit));
    memcpy(event.agent.check.name, unit, strlen(unit));
    rig_event(rig, &event);
}

TEST(unit_that_passes_again_is_not_restarted_for_another) {
    (void)state;
    struct rig *rig = rig_create(3);
    check_of(rig, "a.service", CHECK_FAILING);
    assert_int_equal(rig_count(rig, CALL_DESCRIBE), 1);
    check_of(rig, "b.service", CHECK_FAILING);
    check_of(rig, "a.service", CHECK_PASSING);
    rig_describe(rig, 0, INSTANCE_RUNNING, 0, CHECK_STATUS_OK);
    assert_int_equal(rig_mutations(rig), 0);
    rig_wait(rig, 20);
    rig_describe(rig, 0, INSTANCE_RUNNING, 0, CHECK_STATUS_OK);
    assert_int_equal(rig_mutations(rig), 1);
    assert_string_equal(rig_last(rig, CALL_RUN_DOCUMENT)->unit, "b.service");
    rig_destroy(rig);
}

TEST(pause_file_not_yet_looked_at_counts_as_paused) {
    (void)state;
    struct rig *rig = rig_create(3);
    free(rig->engine);
    rig->engine = engine_init(calloc(1, engine_size(1024)), &rig->options, rig->now);
    engine_restored(rig->engine, rig->now);
    assert_true(paused(rig));
    rig_operator(rig, OPERATOR_RESUME, 0, RUNG_NONE, "");
    assert_true(paused(rig));
    file_event(rig, false, STATUS_OK);
    assert_false(paused(rig));
    rig_destroy(rig);
}

TEST(rows_that_cannot_be_read_pause_beyond_a_timed_pause) {
    (void)state;
    struct rig *rig = rig_create(3);
    for (unsigned order = 0; order < 2; order++) {
        free(rig->engine);
        rig->engine = engine_init(calloc(1, engine_size(1024)), &rig->options, rig->now);
        struct wall_time until = wall_add(rig->now.wall, duration_s(5));
        if (order == 0) engine_restore_pause(rig->engine, NULL, (struct wall_time){0}, rig->now);
        engine_restore_pause(rig->engine, "lunch", until, rig->now);
        if (order == 1) engine_restore_pause(rig->engine, NULL, (struct wall_time){0}, rig->now);
        engine_restored(rig->engine, rig->now);
        file_event(rig, false, STATUS_OK);
        rig_wait(rig, 10);
        assert_true(paused(rig));
        rig_operator(rig, OPERATOR_RESUME, 0, RUNG_NONE, "");
        assert_false(paused(rig));
    }
    rig_destroy(rig);
}

TEST(intent_whose_batch_is_never_answered_is_given_up) {
    (void)state;
    struct rig *rig = rig_create(3);
    rig_check(rig, 0, CHECK_FAILING);
    rig->hold = true;
    rig_describe(rig, 0, INSTANCE_RUNNING, 0, CHECK_STATUS_OK);
    uint64_t lost = rig->held_batch;
    rig->hold = false;
    rig_wait(rig, 295);
    assert_int_equal(rig_rows(rig, RECORD_AUDIT, "\"rule\":\"refused\""), 0);
    rig_wait(rig, 10);
    assert_int_equal(rig_rows(rig, RECORD_AUDIT, "\"rule\":\"refused\""), 1);
    struct event late = {.kind = EVENT_BATCH_DONE, .batch = lost, .status = STATUS_OK};
    rig_event(rig, &late);
    assert_int_equal(rig_mutations(rig), 0);
    rig_wait(rig, 60); /* a new attempt, with an id of its own */
    rig_describe(rig, 0, INSTANCE_RUNNING, 0, CHECK_STATUS_OK);
    assert_non_null(strstr(rig_last(rig, CALL_RUN_DOCUMENT)->action.text, "/restart-service/2"));
    rig_destroy(rig);
}
