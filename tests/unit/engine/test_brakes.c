/* What must hold the engine back: pause and resume, evidence that changed meanwhile, lost stores.
 */
#include <stdlib.h>
#include <string.h>

#include "aggregator/engine/restore.h"
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

static void inventory_without(struct rig *rig, size_t gone, size_t count) {
    struct instance_facts facts[16];
    struct event event = {.kind = EVENT_INVENTORY, .facts = facts};
    for (size_t i = 0; i < count; i++)
        if (i != gone) facts[event.count++] = rig_facts(i);
    rig_event(rig, &event);
}

/* An operator's stop of instance 0 that EC2 has taken. */
static void stops(struct rig *rig) {
    rig_operator(rig, OPERATOR_RECOVER, 0, RUNG_STOP_START, "drill");
    rig_describe(rig, 0, INSTANCE_RUNNING, 0, CHECK_STATUS_OK);
    struct call_result accepted = rig_result(rig_last(rig, CALL_STOP), STATUS_OK);
    rig_answer(rig, &accepted);
}

TEST(one_odd_answer_does_not_abandon_what_we_stopped) {
    (void)state;
    struct rig *rig = rig_create(10);
    stops(rig);
    rig_wait(rig, 6);
    struct call_result odd = rig_result(rig_last(rig, CALL_DESCRIBE), STATUS_NOT_FOUND);
    rig_answer(rig, &odd);
    rig_wait(rig, 6);
    rig_describe(rig, 0, INSTANCE_STOPPED, 0, CHECK_STATUS_NOT_APPLICABLE);
    assert_int_equal(rig_count(rig, CALL_START), 1);
    odd = rig_result(rig_last(rig, CALL_START), STATUS_NOT_FOUND);
    rig_answer(rig, &odd);
    assert_int_equal(rig_rows(rig, RECORD_INCIDENTS, "\"outcome\":\"gone\""), 0);
    rig_wait(rig, 15);
    rig_describe(rig, 0, INSTANCE_STOPPED, 0, CHECK_STATUS_NOT_APPLICABLE);
    assert_int_equal(rig_count(rig, CALL_START), 2);
    /* Two inventories an interval apart are the truth. */
    inventory_without(rig, 0, 10);
    rig_wait(rig, 60);
    inventory_without(rig, 0, 10);
    rig_wait(rig, 3);
    assert_int_equal(rig_rows(rig, RECORD_INCIDENTS, "\"outcome\":\"gone\""), 1);
    rig_destroy(rig);
}

TEST(what_we_stopped_and_cannot_start_keeps_its_place_in_the_budget) {
    (void)state;
    struct rig *rig = rig_create(10);
    rig->options.decide.max_disruptive_per_hour_count = 10;
    rig->options.recover.start_timeout = duration_s(30);
    engine_configure(rig->engine, &rig->options.decide, &rig->options.recover);
    stops(rig);
    rig_wait(rig, 6);
    rig_describe(rig, 0, INSTANCE_STOPPED, 0, CHECK_STATUS_NOT_APPLICABLE);
    struct call_result denied = rig_result(rig_last(rig, CALL_START), STATUS_DENIED);
    rig_answer(rig, &denied);
    assert_true(rig_rows(rig, RECORD_OUTBOX, "a person is needed") >= 1);
    rig_wait(rig, 1000); /* out of the rest and self-suspicion of the first */
    rig_operator(rig, OPERATOR_RECOVER, 1, RUNG_REBOOT, "drill");
    assert_int_equal(rig->reply.exit_code, 6);
    assert_non_null(strstr(rig->reply.text, "budget_concurrent"));
    assert_int_equal(rig_count(rig, CALL_REBOOT), 0);
    rig_destroy(rig);
}

TEST(many_restarts_do_not_push_reboots_out_of_the_day) {
    (void)state;
    struct rig *rig = rig_create(3);
    struct engine *engine = engine_init(calloc(1, engine_size(1024)), &rig->options, rig->now);
    struct engine_intent_row row = {.instance = rig_id(0), .rung = RUNG_REBOOT, .first_leg = true};
    for (int i = 0; i < 3; i++) {
        row.at = wall_add(rig->now.wall, duration_s(-20000 + i));
        assert_ok(engine_restore_intent(engine, &row, rig->now));
    }
    row.rung = RUNG_RESTART_SERVICE;
    for (int i = 0; i < 40; i++) {
        row.at = wall_add(rig->now.wall, duration_s(-10000 + i));
        assert_ok(engine_restore_intent(engine, &row, rig->now));
    }
    engine_restored(engine, rig->now);
    free(rig->engine);
    rig->engine = engine;
    file_event(rig, false, STATUS_OK);
    inventory_without(rig, 99, 3);
    for (size_t i = 0; i < 3; i++) rig_seen(rig, i, 1);
    rig_wait(rig, 660);
    rig_operator(rig, OPERATOR_RECOVER, 0, RUNG_REBOOT, "drill");
    assert_int_equal(rig->reply.exit_code, 6);
    assert_non_null(strstr(rig->reply.text, "daily_limit"));
    rig_destroy(rig);
}

TEST(wish_that_cannot_begin_now_is_answered_and_forgotten) {
    (void)state;
    struct rig *rig = rig_create(3);
    rig_check(rig, 0, CHECK_FAILING);
    rig_describe(rig, 0, INSTANCE_RUNNING, 0, CHECK_STATUS_OK);
    struct call_result denied = rig_result(rig_last(rig, CALL_RUN_DOCUMENT), STATUS_DENIED);
    rig_answer(rig, &denied);
    rig_operator(rig, OPERATOR_RECOVER, 0, RUNG_REBOOT, "now");
    assert_int_equal(rig->reply.exit_code, 6);
    assert_non_null(strstr(rig->reply.text, "action_open: wait until 2026-"));
    rig_wait(rig, 600);
    assert_int_equal(rig_count(rig, CALL_REBOOT), 0);
    rig_destroy(rig);
}

TEST(incident_of_an_instance_never_listed_again_ends) {
    (void)state;
    struct rig *rig = rig_create(3);
    struct engine *engine = engine_init(calloc(1, engine_size(1024)), &rig->options, rig->now);
    struct engine_incident_row row = {
        .instance = rig_id(9), .fault = FAULT_SERVICE_DOWN, .opened = rig->now.wall};
    memcpy(row.id.text, "INC-1", 6);
    assert_ok(engine_restore_incident(engine, &row, rig->now));
    engine_restored(engine, rig->now);
    free(rig->engine);
    rig->engine = engine;
    file_event(rig, false, STATUS_OK);
    inventory_without(rig, 99, 3);
    rig_wait(rig, 60);
    assert_int_equal(rig_rows(rig, RECORD_INCIDENTS, "\"outcome\":\"gone\""), 0);
    inventory_without(rig, 99, 3);
    rig_wait(rig, 3);
    assert_int_equal(rig_rows(rig, RECORD_INCIDENTS, "\"outcome\":\"gone\""), 1);
    rig_destroy(rig);
}

TEST(no_limit_is_higher_than_what_is_remembered) {
    (void)state;
    struct decide_policy policy = decide_policy_default();
    policy.max_disruptive_per_hour_count = 100000;
    assert_int_equal(decide_limit_window(&policy, 10), DECIDE_WINDOW_MAX);
    policy.max_disruptive_per_hour_count = 2;
    policy.max_disruptive_per_hour_percent = 100;
    assert_int_equal(decide_limit_window(&policy, 20000), DECIDE_WINDOW_MAX);
}

TEST(answer_asked_for_before_the_call_proves_nothing_after_it) {
    (void)state;
    struct rig *rig = rig_create(10);
    struct boot_time before = rig->now.boot;
    rig_wait(rig, 1);
    stops(rig);
    struct instance_facts facts[10];
    for (size_t i = 0; i < 10; i++) facts[i] = rig_facts(i);
    facts[0].state = INSTANCE_STOPPED;
    struct event event = {.kind = EVENT_INVENTORY, .count = 10, .facts = facts, .asked_at = before};
    rig_event(rig, &event);
    rig_wait(rig, 2);
    assert_int_equal(rig_count(rig, CALL_START), 0);
    event.asked_at = rig->now.boot;
    rig_event(rig, &event);
    rig_wait(rig, 2);
    assert_int_equal(rig_count(rig, CALL_START), 1);
    rig_destroy(rig);
}

static void waits_for_aws(struct rig *rig, bool answered) {
    struct event tick = {.kind = EVENT_TICK};
    for (unsigned i = 0; i < 400; i++) {
        rig->now.boot.ms += 1000;
        rig->now.wall.ms += 1000;
        rig_event(rig, &tick);
        struct event event = {.kind = EVENT_CALL_DONE, .instance = rig_id(0)};
        event.call = (struct call_result){.kind = CALL_DESCRIBE,
                                          .instance = rig_id(0),
                                          .status = STATUS_DENIED,
                                          .answered = answered,
                                          .code = "NoCredentials"};
        rig_event(rig, &event);
    }
}

TEST(fault_of_our_own_is_no_answer_of_aws) {
    (void)state;
    struct rig *rig = rig_create(3);
    waits_for_aws(rig, true);
    assert_int_equal(rig_rows(rig, RECORD_OUTBOX, "self.aws_away"), 0);
    waits_for_aws(rig, false);
    assert_int_equal(rig_rows(rig, RECORD_OUTBOX, "self.aws_away"), 1);
    rig_destroy(rig);
}

TEST(refusal_whose_row_was_lost_is_written_again) {
    (void)state;
    struct rig *rig = rig_create(3);
    rig->options.decide.enabled[TRIGGER_HEALTH][RUNG_RESTART_SERVICE] = false;
    engine_configure(rig->engine, &rig->options.decide, &rig->options.recover);
    rig->store = STATUS_BUSY;
    rig_check(rig, 0, CHECK_FAILING);
    rig->store = STATUS_OK;
    rig_wait(rig, 60);
    assert_int_equal(rig_rows(rig, RECORD_AUDIT, "\"rule\":\"rung_disabled\""), 1);
    rig_destroy(rig);
}

TEST(keys_of_recovery_events_rise_through_clock_steps_and_restarts) {
    (void)state;
    struct rig *rig = rig_create(3);
    struct engine *engine = engine_init(calloc(1, engine_size(1024)), &rig->options, rig->now);
    struct wall_time last = wall_add(rig->now.wall, duration_s(7200)); /* the clock stepped back */
    engine_restore_event(engine, &(struct instance_id){"i-00000000000000001"}, last);
    engine_restored(engine, rig->now);
    free(rig->engine);
    rig->engine = engine;
    file_event(rig, false, STATUS_OK);
    inventory_without(rig, 99, 3);
    for (size_t i = 0; i < 3; i++) rig_seen(rig, i, 1);
    rig_wait(rig, 5);
    rig_check(rig, 0, CHECK_FAILING);
    rig_describe(rig, 0, INSTANCE_RUNNING, 0, CHECK_STATUS_OK);
    assert_int_equal(rig_count(rig, CALL_RUN_DOCUMENT), 1);
    char key[CLOCK_RFC3339_SIZE];
    wall_format_ms(wall_add(last, duration_ms(1)), key);
    size_t found = 0;
    for (size_t i = 0; i < rig->record_count; i++)
        if (rig->records[i].table == RECORD_RECOVERY_EVENTS &&
            strcmp(rig->records[i].sort, key) == 0)
            found++;
    assert_int_equal(found, 1);
    rig_destroy(rig);
}

TEST(action_id_is_claimed_once_whatever_the_time) {
    (void)state;
    struct rig *rig = rig_create(3);
    rig_check(rig, 0, CHECK_FAILING);
    rig_describe(rig, 0, INSTANCE_RUNNING, 0, CHECK_STATUS_OK);
    const char *action = rig_last(rig, CALL_RUN_DOCUMENT)->action.text;
    size_t claims = 0;
    for (size_t i = 0; i < rig->record_count; i++) {
        const struct rig_record *record = &rig->records[i];
        if (record->kind != RECORD_PUT_NEW || record->table != RECORD_META) continue;
        assert_string_equal(record->partition + strlen("claim/"), action);
        assert_string_equal(record->sort, "");
        claims++;
    }
    assert_int_equal(claims, 1);
    rig_destroy(rig);
}

TEST(errors_and_the_wait_after_a_lost_call_survive_a_restart) {
    (void)state;
    struct rig *rig = rig_create(3);
    struct engine *engine = engine_init(calloc(1, engine_size(1024)), &rig->options, rig->now);
    struct engine_incident_row row = {.instance = rig_id(0),
                                      .fault = FAULT_SERVICE_DOWN,
                                      .opened = rig->now.wall,
                                      .errors = 2,
                                      .not_before = wall_add(rig->now.wall, duration_s(900))};
    memcpy(row.id.text, "INC-1", 6);
    assert_ok(engine_restore_incident(engine, &row, rig->now));
    engine_restored(engine, rig->now);
    free(rig->engine);
    rig->engine = engine;
    file_event(rig, false, STATUS_OK);
    inventory_without(rig, 99, 3);
    for (size_t i = 0; i < 3; i++) rig_seen(rig, i, 1);
    size_t calls = rig->call_count;
    rig_check(rig, 0, CHECK_FAILING);
    for (unsigned i = 0; i < 17; i++) {
        rig_wait(rig, 50);
        inventory_without(rig, 99, 3);
    }
    assert_int_equal(rig->call_count, calls);
    rig_wait(rig, 70);
    rig_describe(rig, 0, INSTANCE_RUNNING, 0, CHECK_STATUS_OK);
    struct call_result denied = rig_result(rig_last(rig, CALL_RUN_DOCUMENT), STATUS_DENIED);
    rig_answer(rig, &denied);
    assert_true(rig_rows(rig, RECORD_INCIDENTS, "\"errors\":3") >= 1);
    assert_true(rig_rows(rig, RECORD_INCIDENTS, "\"not_before\":\"2026") >= 1);
    rig_destroy(rig);
}

static void lists(struct rig *rig, size_t first, size_t count) {
    struct instance_facts facts[8];
    struct event event = {.kind = EVENT_INVENTORY, .facts = facts, .count = count};
    for (size_t i = 0; i < count; i++) facts[i] = rig_facts(first + i);
    rig_event(rig, &event);
}

static bool is_known(struct rig *rig, size_t number) {
    struct member_summary members[8];
    struct fleet_snapshot snapshot;
    engine_snapshot(rig->engine, rig->now, members, ARRAY_LENGTH(members), &snapshot);
    struct instance_id id = rig_id(number);
    for (size_t i = 0; i < snapshot.count; i++)
        if (instance_id_equal(&members[i].facts.id, &id)) return true;
    return false;
}

TEST(dead_instances_make_room_and_a_full_table_is_told_once) {
    (void)state;
    struct rig *rig = rig_create(3);
    free(rig->engine);
    rig->options.instances_max = 4;
    rig->engine = engine_init(calloc(1, engine_size(4)), &rig->options, rig->now);
    struct decide_flags held = decide_flags_default();
    held.quarantine = true;
    struct instance_id second = rig_id(1);
    assert_ok(engine_restore_flags(rig->engine, &second, &held));
    engine_restored(rig->engine, rig->now);
    file_event(rig, false, STATUS_OK);
    lists(rig, 0, 4);
    lists(rig, 0, 6); /* two too many */
    lists(rig, 0, 6);
    assert_int_equal(rig_rows(rig, RECORD_OUTBOX, "members.full"), 1);
    assert_false(is_known(rig, 4));
    lists(rig, 3, 1);
    rig_wait(rig, 60);
    lists(rig, 3, 1); /* 0, 1 and 2 are gone */
    rig_wait(rig, 2);
    lists(rig, 3, 3);
    assert_true(is_known(rig, 3) && is_known(rig, 4) && is_known(rig, 5));
    assert_false(is_known(rig, 0) || is_known(rig, 2));
    lists(rig, 1, 5); /* what was said of 1 is not forgotten; 2 finds no place */
    rig_operator(rig, OPERATOR_RECOVER, 1, RUNG_REBOOT, "");
    assert_non_null(strstr(rig->reply.text, "FAIL quarantined"));
    rig_operator(rig, OPERATOR_RECOVER, 0, RUNG_REBOOT, "");
    assert_int_equal(rig->reply.exit_code, 5);
    rig_operator(rig, OPERATOR_RECOVER, 5, RUNG_REBOOT, "");
    assert_int_not_equal(rig->reply.exit_code, 5);
    assert_int_equal(rig_rows(rig, RECORD_OUTBOX, "members.full"), 1);
    rig_destroy(rig);
}

/* Its own entry has left the window; what stands in it is another action's. */
TEST(another_try_takes_only_its_own_entry_out_of_the_budget) {
    (void)state;
    struct rig *rig = rig_create(10);
    rig->options.decide.budget_window = duration_s(5);
    rig->options.decide.max_disruptive_per_hour_count = 1;
    rig->options.decide.max_disruptive_concurrent_percent = 50;
    engine_configure(rig->engine, &rig->options.decide, &rig->options.recover);
    rig_operator(rig, OPERATOR_RECOVER, 0, RUNG_REBOOT, "drill");
    rig_describe(rig, 0, INSTANCE_RUNNING, 0, CHECK_STATUS_OK);
    struct call_result slow = rig_result(rig_last(rig, CALL_REBOOT), STATUS_THROTTLED);
    rig_answer(rig, &slow);
    rig_wait(rig, 7);
    rig_operator(rig, OPERATOR_RECOVER, 1, RUNG_REBOOT, "drill");
    rig_describe(rig, 1, INSTANCE_RUNNING, 0, CHECK_STATUS_OK);
    assert_int_equal(rig_count(rig, CALL_REBOOT), 2);
    rig_wait(rig, 4);
    rig_describe(rig, 0, INSTANCE_RUNNING, 0, CHECK_STATUS_OK);
    assert_int_equal(rig_count(rig, CALL_REBOOT), 2);
    assert_int_equal(rig_rows(rig, RECORD_AUDIT, "\"rule\":\"budget_hour\""), 1);
    rig_destroy(rig);
}

TEST(incident_row_brings_errors_and_wait_back) {
    (void)state;
    struct rig *rig = rig_create(3);
    rig_check(rig, 0, CHECK_FAILING);
    rig_describe(rig, 0, INSTANCE_RUNNING, 0, CHECK_STATUS_OK);
    struct call_result denied = rig_result(rig_last(rig, CALL_RUN_DOCUMENT), STATUS_DENIED);
    rig_answer(rig, &denied);
    size_t last = rig->record_count;
    while (last > 0 && rig->records[last - 1].table != RECORD_INCIDENTS) last--;
    assert_true(last > 0);
    struct record row = {.item = rig->records[last - 1].item};
    memcpy(row.partition, rig->records[last - 1].partition, sizeof row.partition);
    memcpy(row.sort, rig->records[last - 1].sort, sizeof row.sort);
    struct engine *engine = engine_init(calloc(1, engine_size(1024)), &rig->options, rig->now);
    uint32_t unreadable = 0;
    engine_restore_rows(engine, RECORD_INCIDENTS, &row, 1, rig->now, &unreadable);
    assert_int_equal(unreadable, 0);
    engine_restored(engine, rig->now);
    free(rig->engine);
    rig->engine = engine;
    file_event(rig, false, STATUS_OK);
    inventory_without(rig, 99, 3);
    rig_seen(rig, 0, 1);
    size_t calls = rig->call_count;
    rig_check(rig, 0, CHECK_FAILING);
    rig_wait(rig, 55);
    assert_int_equal(rig->call_count, calls); /* 6 x the retry pause of 10 s */
    rig_wait(rig, 20);
    rig_describe(rig, 0, INSTANCE_RUNNING, 0, CHECK_STATUS_OK);
    denied = rig_result(rig_last(rig, CALL_RUN_DOCUMENT), STATUS_DENIED);
    rig_answer(rig, &denied);
    assert_true(rig_rows(rig, RECORD_INCIDENTS, "\"errors\":2") >= 1);
    rig_destroy(rig);
}

TEST(file_of_a_timed_pause_goes_although_the_batch_of_its_end_was_lost) {
    (void)state;
    struct rig *rig = rig_create(3);
    struct event event = {.kind = EVENT_OPERATOR};
    event.operator.verb = OPERATOR_PAUSE;
    event.operator.pause_for = duration_s(5);
    rig_event(rig, &event);
    assert_true(rig->pause_file);
    file_event(rig, true, STATUS_OK);
    rig_wait(rig, 4);
    rig->store = STATUS_IO;
    rig_wait(rig, 2);
    rig->store = STATUS_OK;
    assert_true(rig->pause_file);
    rig_wait(rig, 40);
    assert_false(rig->pause_file);
    assert_true(paused(rig));
    file_event(rig, false, STATUS_OK);
    assert_false(paused(rig));
    rig_destroy(rig);
}
