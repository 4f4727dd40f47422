/* From a failing check to a proven restart, and the ladder above it. */
#include <stdlib.h>
#include <string.h>

#include "tests/support/unit.h"
#include "tests/unit/engine/rig.h"

static void ends_running(struct rig *rig, enum run_state run) {
    rig_wait(rig, 6);
    struct call_result result = rig_result(rig_last(rig, CALL_POLL_RUN), STATUS_OK);
    result.run = run;
    rig_answer(rig, &result);
}

static void sends(struct rig *rig) {
    rig_check(rig, 0, CHECK_FAILING);
    rig_describe(rig, 0, INSTANCE_RUNNING, 0, CHECK_STATUS_OK);
}

static void accepts(struct rig *rig) {
    struct call_result result = rig_result(rig_last(rig, CALL_RUN_DOCUMENT), STATUS_OK);
    memcpy(result.command_id, "11111111-1111-1111-1111-111111111111", 37);
    rig_answer(rig, &result);
}

TEST(failing_check_is_read_stored_and_then_restarted) {
    (void)state;
    struct rig *rig = rig_create(3);
    rig_check(rig, 0, CHECK_FAILING);
    assert_int_equal(rig_count(rig, CALL_DESCRIBE), 1);
    assert_int_equal(rig_mutations(rig), 0);
    rig->hold = true;
    rig_describe(rig, 0, INSTANCE_RUNNING, 0, CHECK_STATUS_OK);
    assert_int_equal(rig_mutations(rig), 0); /* the intent is not durable yet */
    rig->hold = false;
    struct event done = {.kind = EVENT_BATCH_DONE, .batch = rig->held_batch, .status = STATUS_OK};
    rig_event(rig, &done);
    assert_int_equal(rig_count(rig, CALL_RUN_DOCUMENT), 1);
    struct call *call = rig_last(rig, CALL_RUN_DOCUMENT);
    assert_string_equal(call->unit, "web.service");
    assert_non_null(strstr(call->action.text, "/restart-service/1"));
    rig_destroy(rig);
}

TEST(success_needs_command_check_and_healthy_time) {
    (void)state;
    struct rig *rig = rig_create(3);
    sends(rig);
    accepts(rig);
    ends_running(rig, RUN_SUCCESS);
    rig_wait(rig, 400);
    assert_int_equal(rig_rows(rig, RECORD_RECOVERY_EVENTS, "\"status\":\"success\""), 0);
    rig_check(rig, 0, CHECK_PASSING);
    rig_wait(rig, 290);
    assert_int_equal(rig_rows(rig, RECORD_RECOVERY_EVENTS, "\"status\":\"success\""), 0);
    rig_wait(rig, 20);
    assert_int_equal(rig_rows(rig, RECORD_RECOVERY_EVENTS, "\"status\":\"in_progress\""), 1);
    assert_int_equal(rig_rows(rig, RECORD_RECOVERY_EVENTS, "\"status\":\"success\""), 1);
    assert_int_equal(rig_rows(rig, RECORD_RECOVERY_EVENTS, "\"event_type\":\"app_failure\""), 2);
    assert_int_equal(rig_rows(rig, RECORD_INCIDENTS, "\"outcome\":\"success\""), 1);
    assert_int_equal(rig_rows(rig, RECORD_INTENTS, "\"status\":\"done\""), 1);
    assert_int_equal(rig_mutations(rig), 1);
    rig_destroy(rig);
}

TEST(dry_run_says_what_it_would_do_and_calls_nothing) {
    (void)state;
    struct rig *rig = rig_create(3);
    rig->options.decide.dry_run = true;
    engine_configure(rig->engine, &rig->options.decide, &rig->options.recover);
    rig_check(rig, 0, CHECK_FAILING);
    rig_wait(rig, 120);
    assert_int_equal(rig_mutations(rig), 0);
    assert_int_equal(rig_rows(rig, RECORD_AUDIT, "\"rule\":\"dry_run\""), 1);
    assert_int_equal(rig_rows(rig, RECORD_AUDIT, "would restart-service"), 1);
    assert_int_equal(rig_rows(rig, RECORD_OUTBOX, "would_act"), 1);
    rig_destroy(rig);
}

TEST(refusal_is_stored_once_for_each_rule) {
    (void)state;
    struct rig *rig = rig_create(3);
    rig->options.decide.enabled[TRIGGER_HEALTH][RUNG_RESTART_SERVICE] = false;
    engine_configure(rig->engine, &rig->options.decide, &rig->options.recover);
    rig_check(rig, 0, CHECK_FAILING);
    rig_wait(rig, 60);
    assert_int_equal(rig_rows(rig, RECORD_AUDIT, "\"rule\":\"rung_disabled\""), 1);
    rig->options.decide.recovery_enabled = false;
    engine_configure(rig->engine, &rig->options.decide, &rig->options.recover);
    rig_wait(rig, 60);
    assert_int_equal(rig_rows(rig, RECORD_AUDIT, "\"rule\":\"recovery_disabled\""), 1);
    assert_int_equal(rig_rows(rig, RECORD_AUDIT, "\"rule\":\"rung_disabled\""), 1);
    rig_destroy(rig);
}

TEST(tag_gone_at_the_fresh_read_means_no_call) {
    (void)state;
    struct rig *rig = rig_create(3);
    rig_check(rig, 0, CHECK_FAILING);
    struct call_result result = rig_result(rig_last(rig, CALL_DESCRIBE), STATUS_OK);
    result.facts = rig_facts(0);
    result.facts.opted_in = false;
    result.checks = rig_checks(0, CHECK_STATUS_OK);
    rig_answer(rig, &result);
    rig_wait(rig, 20);
    assert_int_equal(rig_mutations(rig), 0);
    assert_int_equal(rig_rows(rig, RECORD_AUDIT, "\"rule\":\"not_opted_in\""), 1);
    rig_destroy(rig);
}

TEST(pause_between_intent_and_call_stops_the_call) {
    (void)state;
    struct rig *rig = rig_create(3);
    rig_check(rig, 0, CHECK_FAILING);
    rig->hold = true;
    rig_describe(rig, 0, INSTANCE_RUNNING, 0, CHECK_STATUS_OK);
    uint64_t batch = rig->held_batch;
    rig_operator(rig, OPERATOR_PAUSE, 0, RUNG_NONE, "maintenance");
    rig->hold = false;
    struct event done = {.kind = EVENT_BATCH_DONE, .batch = batch, .status = STATUS_OK};
    rig_event(rig, &done);
    rig_wait(rig, 60);
    assert_int_equal(rig_mutations(rig), 0);
    rig_destroy(rig);
}

TEST(intent_that_was_not_written_is_never_called) {
    (void)state;
    struct rig *rig = rig_create(3);
    rig_check(rig, 0, CHECK_FAILING);
    rig->store = STATUS_NO_SPACE;
    rig_describe(rig, 0, INSTANCE_RUNNING, 0, CHECK_STATUS_OK);
    rig_wait(rig, 300);
    assert_int_equal(rig_mutations(rig), 0);
    rig->store = STATUS_OK;
    rig_wait(rig, 45);
    rig_describe(rig, 0, INSTANCE_RUNNING, 0, CHECK_STATUS_OK);
    assert_int_equal(rig_mutations(rig), 1);
    assert_non_null(strstr(rig_last(rig, CALL_RUN_DOCUMENT)->action.text, "/restart-service/2"));
    assert_int_equal(rig_rows(rig, RECORD_AUDIT, "the store writes again"), 1);
    rig_destroy(rig);
}

TEST(lost_answer_is_looked_up_before_anything_else_is_sent) {
    (void)state;
    struct rig *rig = rig_create(3);
    sends(rig);
    struct call_result lost = rig_result(rig_last(rig, CALL_RUN_DOCUMENT), STATUS_UNKNOWN_OUTCOME);
    rig_answer(rig, &lost);
    assert_int_equal(rig_count(rig, CALL_FIND_RUN), 1);
    struct call_result found = rig_result(rig_last(rig, CALL_FIND_RUN), STATUS_OK);
    found.found = true;
    memcpy(found.command_id, "22222222-2222-2222-2222-222222222222", 37);
    rig_answer(rig, &found);
    rig_wait(rig, 6);
    assert_string_equal(rig_last(rig, CALL_POLL_RUN)->command_id,
                        "22222222-2222-2222-2222-222222222222");
    assert_int_equal(rig_mutations(rig), 1);
    rig_destroy(rig);
}

TEST(command_never_seen_is_sent_anew_only_after_the_window) {
    (void)state;
    struct rig *rig = rig_create(3);
    sends(rig);
    struct call_result lost = rig_result(rig_last(rig, CALL_RUN_DOCUMENT), STATUS_UNKNOWN_OUTCOME);
    rig_answer(rig, &lost);
    size_t seen = 0;
    unsigned second = 0;
    for (; second < 1200 && rig_mutations(rig) < 2; second++) {
        if (rig_count(rig, CALL_FIND_RUN) > seen) {
            seen = rig_count(rig, CALL_FIND_RUN);
            struct call_result absent = rig_result(rig_last(rig, CALL_FIND_RUN), STATUS_OK);
            rig_answer(rig, &absent);
            if (rig->calls[rig->call_count - 1].kind == CALL_DESCRIBE)
                rig_describe(rig, 0, INSTANCE_RUNNING, 0, CHECK_STATUS_OK);
        }
        rig_wait(rig, 1);
    }
    assert_int_equal(rig_mutations(rig), 2);
    assert_true(second >= 940); /* 15 min and 60 s from the call, less the answers' 20 ms steps */
    assert_non_null(strstr(rig_last(rig, CALL_RUN_DOCUMENT)->action.text, "/restart-service/2"));
    rig_destroy(rig);
}

TEST(late_and_repeated_answers_change_nothing) {
    (void)state;
    struct rig *rig = rig_create(3);
    sends(rig);
    struct call_result late = rig_result(rig_last(rig, CALL_DESCRIBE), STATUS_OK);
    late.facts = rig_facts(0);
    late.checks = rig_checks(0, CHECK_STATUS_OK);
    rig_answer(rig, &late);
    rig_answer(rig, &late);
    assert_int_equal(rig_mutations(rig), 1);
    accepts(rig);
    accepts(rig);
    rig_wait(rig, 6);
    assert_int_equal(rig_count(rig, CALL_POLL_RUN), 1);
    rig_destroy(rig);
}

TEST(failed_restart_does_not_reboot_without_a_second_signal) {
    (void)state;
    struct rig *rig = rig_create(3);
    sends(rig);
    accepts(rig);
    ends_running(rig, RUN_FAILED);
    rig_wait(rig, 400);
    assert_int_equal(rig_mutations(rig), 1);
    assert_int_equal(rig_rows(rig, RECORD_AUDIT, "\"rule\":\"second_signal_missing\""), 1);
    assert_int_equal(rig_rows(rig, RECORD_RECOVERY_EVENTS, "\"status\":\"failed\""), 1);
    rig_destroy(rig);
}

/* Silent and impaired: reboot is swallowed and fails, stop and start bring it back. */
TEST(swallowed_reboot_fails_and_stop_start_proves_itself) {
    (void)state;
    struct rig *rig = rig_create(10);
    rig_silent(rig, 0);
    rig_impair(rig, 0, CHECK_STATUS_IMPAIRED);
    rig_wait(rig, 120);
    assert_int_equal(rig_mutations(rig), 0);
    rig_wait(rig, 180);
    rig_describe(rig, 0, INSTANCE_RUNNING, 0, CHECK_STATUS_IMPAIRED);
    assert_int_equal(rig_count(rig, CALL_REBOOT), 1);
    struct call_result accepted = rig_result(rig_last(rig, CALL_REBOOT), STATUS_OK);
    rig_answer(rig, &accepted);
    rig_wait(rig, 590);
    assert_int_equal(rig_rows(rig, RECORD_RECOVERY_EVENTS, "\"status\":\"failed\""), 0);
    rig_wait(rig, 20);
    assert_int_equal(rig_rows(rig, RECORD_RECOVERY_EVENTS, "no new boot id"), 1);
    rig_describe(rig, 0, INSTANCE_RUNNING, 0, CHECK_STATUS_IMPAIRED);
    assert_int_equal(rig_count(rig, CALL_STOP), 1);
    accepted = rig_result(rig_last(rig, CALL_STOP), STATUS_OK);
    rig_answer(rig, &accepted);
    rig_wait(rig, 6);
    rig_describe(rig, 0, INSTANCE_STOPPED, 0, CHECK_STATUS_NOT_APPLICABLE);
    assert_int_equal(rig_count(rig, CALL_START), 1);
    assert_string_not_equal(rig_last(rig, CALL_START)->action.text,
                            rig_last(rig, CALL_STOP)->action.text);
    accepted = rig_result(rig_last(rig, CALL_START), STATUS_OK);
    rig_answer(rig, &accepted);
    rig_wait(rig, 10);
    rig_describe(rig, 0, INSTANCE_RUNNING, rig->now.wall.ms, CHECK_STATUS_OK);
    int64_t launched = rig->now.wall.ms;
    rig_seen(rig, 0, 2);
    rig_check(rig, 0, CHECK_PASSING);
    for (unsigned i = 0; i < 64; i++) {
        rig_wait(rig, 5);
        rig_describe(rig, 0, INSTANCE_RUNNING, launched, CHECK_STATUS_OK);
    }
    assert_int_equal(rig_rows(rig, RECORD_RECOVERY_EVENTS, "\"status\":\"success\""), 1);
    assert_int_equal(rig_mutations(rig), 3);
    rig_destroy(rig);
}

TEST(reboot_whose_answer_was_lost_is_proven_by_the_boot_id) {
    (void)state;
    struct rig *rig = rig_create(10);
    rig_silent(rig, 0);
    rig_impair(rig, 0, CHECK_STATUS_IMPAIRED);
    rig_wait(rig, 300);
    rig_describe(rig, 0, INSTANCE_RUNNING, 0, CHECK_STATUS_IMPAIRED);
    struct call_result lost = rig_result(rig_last(rig, CALL_REBOOT), STATUS_UNKNOWN_OUTCOME);
    rig_answer(rig, &lost);
    rig_wait(rig, 60);
    rig_seen(rig, 0, 2);
    rig_describe(rig, 0, INSTANCE_RUNNING, 0, CHECK_STATUS_OK);
    rig_wait(rig, 400);
    assert_int_equal(rig_rows(rig, RECORD_RECOVERY_EVENTS, "\"status\":\"success\""), 1);
    assert_int_equal(rig_mutations(rig), 1);
    rig_destroy(rig);
}

TEST(storm_is_one_notification_and_no_call) {
    (void)state;
    struct rig *rig = rig_create(20);
    size_t before = rig_rows(rig, RECORD_OUTBOX, "");
    for (size_t i = 0; i < 10; i++) rig_silent(rig, i);
    for (size_t i = 0; i < 10; i++) rig_impair(rig, i, CHECK_STATUS_IMPAIRED);
    rig_wait(rig, 500);
    assert_int_equal(rig_mutations(rig), 0);
    assert_int_equal(rig_rows(rig, RECORD_OUTBOX, "") - before, 1);
    assert_int_equal(rig_rows(rig, RECORD_OUTBOX, "storm.opened"), 1);
    rig_destroy(rig);
}

TEST(same_storm_acts_when_the_breaker_limit_is_raised) {
    (void)state;
    struct rig *rig = rig_create(20);
    rig->options.decide.breaker_count = 20;
    engine_configure(rig->engine, &rig->options.decide, &rig->options.recover);
    for (size_t i = 0; i < 10; i++) rig_silent(rig, i);
    for (size_t i = 0; i < 10; i++) rig_impair(rig, i, CHECK_STATUS_IMPAIRED);
    rig_wait(rig, 300);
    struct call *read = rig_last(rig, CALL_DESCRIBE);
    size_t number = (size_t)strtoul(read->instance.text + 2, NULL, 16) - 1;
    rig_describe(rig, number, INSTANCE_RUNNING, 0, CHECK_STATUS_IMPAIRED);
    assert_int_equal(rig_count(rig, CALL_REBOOT), 1);
    rig_destroy(rig);
}

TEST(silence_alone_never_acts) {
    (void)state;
    struct rig *rig = rig_create(10);
    rig_silent(rig, 0);
    rig_wait(rig, 1200);
    assert_int_equal(rig_mutations(rig), 0);
    assert_true(rig->polls > 0);
    assert_int_equal(rig_rows(rig, RECORD_AUDIT, "\"rule\":\"no_rung_fits\""), 1);
    rig_destroy(rig);
}

TEST(instance_gone_in_mid_ladder_closes_as_gone) {
    (void)state;
    struct rig *rig = rig_create(3);
    sends(rig);
    accepts(rig);
    struct instance_facts others[2] = {rig_facts(1), rig_facts(2)};
    struct event event = {.kind = EVENT_INVENTORY, .count = 2, .facts = others};
    rig_event(rig, &event);
    rig_event(rig, &event); /* forced, seconds later: not yet another proof */
    rig_wait(rig, 3);
    assert_int_equal(rig_rows(rig, RECORD_INCIDENTS, "\"outcome\":\"gone\""), 0);
    rig_wait(rig, 60);
    rig_event(rig, &event);
    rig_wait(rig, 3);
    assert_int_equal(rig_rows(rig, RECORD_INCIDENTS, "\"outcome\":\"gone\""), 1);
    size_t calls = rig->call_count;
    rig_wait(rig, 300);
    assert_true(rig->call_count <= calls + 1);
    rig_destroy(rig);
}

TEST(prediction_restarts_the_service_it_names_and_stays_of_unknown_outcome) {
    (void)state;
    struct rig *rig = rig_create(3);
    rig_predict(rig, 0, 0.9F, FAILURE_MEMORY_LEAK, "leaky.service");
    assert_int_equal(rig->call_count, 0);
    rig_predict(rig, 0, 0.9F, FAILURE_MEMORY_LEAK, "leaky.service");
    rig_describe(rig, 0, INSTANCE_RUNNING, 0, CHECK_STATUS_OK);
    assert_string_equal(rig_last(rig, CALL_RUN_DOCUMENT)->unit, "leaky.service");
    accepts(rig);
    ends_running(rig, RUN_SUCCESS);
    rig_wait(rig, 320);
    assert_int_equal(rig_rows(rig, RECORD_RECOVERY_EVENTS, "\"event_type\":\"predictive\""), 2);
    assert_int_equal(rig_rows(rig, RECORD_RECOVERY_EVENTS, "\"status\":\"success\""), 1);
    assert_int_equal(rig_rows(rig, RECORD_PREDICTION_EVENTS, "\"outcome\":\"unknown\""), 1);
    assert_int_equal(rig_rows(rig, RECORD_PREDICTION_EVENTS, "\"confidence\":\"high\""), 3);
    rig_destroy(rig);
}

TEST(operator_dry_run_lists_checks_and_a_reason_acts) {
    (void)state;
    struct rig *rig = rig_create(10);
    rig_operator(rig, OPERATOR_RECOVER, 0, RUNG_REBOOT, "");
    assert_int_equal(rig->reply.exit_code, 0);
    assert_non_null(strstr(rig->reply.text, "would   reboot"));
    assert_non_null(strstr(rig->reply.text, "ec2:RebootInstances"));
    assert_int_equal(rig_mutations(rig), 0);
    rig_operator(rig, OPERATOR_RECOVER, 0, RUNG_REBOOT, "kernel patch");
    rig_describe(rig, 0, INSTANCE_RUNNING, 0, CHECK_STATUS_OK);
    assert_int_equal(rig_count(rig, CALL_REBOOT), 1);
    assert_int_equal(rig->reply.exit_code, 0);
    assert_non_null(strstr(rig->reply.text, "started INC-"));
    assert_int_equal(rig_rows(rig, RECORD_AUDIT, "alice"), 2);
    rig_destroy(rig);
}

TEST(operator_is_refused_by_pause_with_rule_and_override) {
    (void)state;
    struct rig *rig = rig_create(10);
    rig_operator(rig, OPERATOR_PAUSE, 0, RUNG_NONE, "freeze");
    assert_true(rig->pause_file);
    rig_operator(rig, OPERATOR_RECOVER, 0, RUNG_REBOOT, "now");
    assert_int_equal(rig->reply.exit_code, 6);
    assert_non_null(strstr(rig->reply.text, "paused"));
    assert_non_null(strstr(rig->reply.text, "earctl resume"));
    rig_operator(rig, OPERATOR_RESUME, 0, RUNG_NONE, "");
    assert_int_equal(rig->reply.exit_code, 0);
    assert_false(rig->pause_file);
    rig_operator(rig, OPERATOR_RECOVER, 999, RUNG_REBOOT, "now");
    assert_int_equal(rig->reply.exit_code, 5);
    rig_destroy(rig);
}
