/* The plans' tables: every state against every event, and the promises that hold in all of them. */
#include <string.h>

#include "tests/unit/recover/rig.h"

static const enum rung rungs[] = {RUNG_RESTART_SERVICE, RUNG_REBOOT, RUNG_STOP_START};

/* Every cell of every table, entered with a run that could stand there: it ends in the cell's state
 * or in one that the action itself names, with bounded effects; an empty cell changes nothing. */
TEST(every_state_and_input_does_what_its_cell_says) {
    (void)state;
    unsigned filled = 0;
    for (size_t r = 0; r < ARRAY_LENGTH(rungs); r++)
        for (unsigned leg = 0; leg < RECOVER_LEG_COUNT; leg++) {
            const recover_table *table = recover_plan(rungs[r], (enum recover_leg)leg);
            if (table == NULL) continue;
            for (unsigned s = 0; s < RECOVER_STATE_COUNT; s++)
                for (unsigned in = 0; in < RECOVER_INPUT_COUNT; in++) {
                    const struct recover_cell *cell = &(*table)[s][in];
                    assert_true(cell->next < RECOVER_STATE_COUNT);
                    assert_true(cell->action < RECOVER_ACTION_COUNT);
                    if (cell->action == RECOVER_DO_NOTHING) {
                        assert_int_equal(cell->next, RECOVER_IDLE);
                        continue;
                    }
                    filled++;
                    bool ends = cell->action >= RECOVER_DO_SUCCEED;
                    assert_int_equal(ends, cell->next == RECOVER_ENDED);
                }
        }
    assert_true(filled > 150);
}

TEST(events_without_a_cell_change_nothing) {
    (void)state;
    for (size_t r = 0; r < ARRAY_LENGTH(rungs); r++)
        for (unsigned leg = 0; leg < RECOVER_LEG_COUNT; leg++)
            for (unsigned s = 0; s < RECOVER_STATE_COUNT; s++) {
                const recover_table *table = recover_plan(rungs[r], (enum recover_leg)leg);
                if (table == NULL) continue;
                static const struct {
                    enum recover_event_kind kind;
                    enum recover_input input;
                } direct[] = {
                    {RECOVER_EVENT_BEGIN, RECOVER_IN_BEGIN},
                    {RECOVER_EVENT_ALLOWED, RECOVER_IN_ALLOWED},
                    {RECOVER_EVENT_REFUSED, RECOVER_IN_REFUSED},
                    {RECOVER_EVENT_DURABLE, RECOVER_IN_DURABLE},
                    {RECOVER_EVENT_NOT_DURABLE, RECOVER_IN_NOT_DURABLE},
                    {RECOVER_EVENT_GONE, RECOVER_IN_GONE},
                };
                for (size_t d = 0; d < ARRAY_LENGTH(direct); d++) {
                    begin(rungs[r]);
                    run.leg = (enum recover_leg)leg;
                    run.state = (enum recover_state)s;
                    const struct recover_cell *cell = &(*table)[s][direct[d].input];
                    feed(direct[d].kind);
                    if (cell->action == RECOVER_DO_NOTHING) {
                        assert_int_equal(run.state, s);
                        assert_int_equal(effects.count, 0);
                    } else {
                        assert_int_equal(run.state, cell->next);
                    }
                    assert_true(effects.count <= RECOVER_EFFECTS_MAX);
                }
            }
}

TEST(no_table_sends_before_the_intent_is_durable) {
    (void)state;
    for (size_t r = 0; r < ARRAY_LENGTH(rungs); r++)
        for (unsigned leg = 0; leg < RECOVER_LEG_COUNT; leg++) {
            const recover_table *table = recover_plan(rungs[r], (enum recover_leg)leg);
            if (table == NULL) continue;
            for (unsigned s = 0; s < RECOVER_STATE_COUNT; s++)
                for (unsigned in = 0; in < RECOVER_INPUT_COUNT; in++)
                    if ((*table)[s][in].action == RECOVER_DO_SEND) {
                        assert_int_equal(s, RECOVER_STORING);
                        assert_int_equal(in, RECOVER_IN_DURABLE);
                    }
        }
}

TEST(every_state_that_waits_survives_a_restart_and_a_vanished_instance) {
    (void)state;
    for (size_t r = 0; r < ARRAY_LENGTH(rungs); r++)
        for (unsigned leg = 0; leg < RECOVER_LEG_COUNT; leg++) {
            const recover_table *table = recover_plan(rungs[r], (enum recover_leg)leg);
            if (table == NULL) continue;
            for (unsigned s = RECOVER_READING; s < RECOVER_ENDED; s++) {
                bool used = false;
                for (unsigned in = 0; in < RECOVER_INPUT_COUNT; in++)
                    used = used || (*table)[s][in].action != RECOVER_DO_NOTHING;
                if (!used) continue;
                assert_int_not_equal((*table)[s][RECOVER_IN_RESTORED].action, RECOVER_DO_NOTHING);
                /* What may be out is never sent again on a restart. */
                assert_int_not_equal((*table)[s][RECOVER_IN_RESTORED].action, RECOVER_DO_SEND);
            }
        }
}

/* A question without an answer that the table knows would hold its slot for ever (U11). */
TEST(every_question_takes_all_three_answers) {
    (void)state;
    for (size_t r = 0; r < ARRAY_LENGTH(rungs); r++)
        for (unsigned leg = 0; leg < RECOVER_LEG_COUNT; leg++) {
            const recover_table *table = recover_plan(rungs[r], (enum recover_leg)leg);
            if (table == NULL) continue;
            const struct recover_cell *asking = (*table)[RECOVER_ASKING];
            const struct recover_cell *storing = (*table)[RECOVER_STORING];
            assert_int_not_equal(asking[RECOVER_IN_ALLOWED].action, RECOVER_DO_NOTHING);
            assert_int_not_equal(asking[RECOVER_IN_REFUSED].action, RECOVER_DO_NOTHING);
            assert_int_equal(asking[RECOVER_IN_GONE].action, RECOVER_DO_GONE);
            assert_int_not_equal(storing[RECOVER_IN_DURABLE].action, RECOVER_DO_NOTHING);
            assert_int_not_equal(storing[RECOVER_IN_NOT_DURABLE].action, RECOVER_DO_NOTHING);
            assert_int_not_equal(storing[RECOVER_IN_REFUSED].action, RECOVER_DO_NOTHING);
            assert_int_equal(storing[RECOVER_IN_GONE].action, RECOVER_DO_GONE);
        }
}

TEST(answers_that_are_not_the_one_waited_for_are_ignored) {
    (void)state;
    struct call call = until_called(RUNG_REBOOT);
    struct call_result wrong = answer_to(&call, STATUS_OK);
    wrong.serial--;
    result(&wrong);
    assert_int_equal(run.state, RECOVER_CALLING);
    wrong = answer_to(&call, STATUS_OK);
    memcpy(wrong.action.text, "INC-other/reboot/1", 19);
    result(&wrong);
    assert_int_equal(run.state, RECOVER_CALLING);
    struct call_result right = answer_to(&call, STATUS_OK);
    result(&right);
    assert_int_equal(run.state, RECOVER_PROVING);
    result(&right); /* twice */
    assert_int_equal(run.state, RECOVER_PROVING);
}

TEST(throttling_is_a_bounded_retry_and_never_a_failed_rung) {
    (void)state;
    struct call call = until_called(RUNG_REBOOT);
    unsigned sent = 1;
    for (unsigned i = 0; i < 50 && run.state != RECOVER_ENDED; i++) {
        struct call_result throttled = answer_to(&call, STATUS_THROTTLED);
        result(&throttled);
        if (run.state == RECOVER_ENDED) break;
        assert_int_equal(run.state, RECOVER_PAUSING);
        now.boot.ms += 10 * policy.retry_pause.ms;
        feed(RECOVER_EVENT_TICK);
        reads();
        feed(RECOVER_EVENT_ALLOWED);
        assert_false(has(RECOVER_EFFECT_INTEND)); /* the same intent, the same action */
        call = the_call();
        sent++;
    }
    assert_int_equal(sent, policy.tries_max);
    assert_int_equal(run.end, RECOVER_END_ERROR);
}

TEST(swallowed_reboot_ends_failed) {
    (void)state;
    struct call call = until_called(RUNG_REBOOT);
    struct call_result ok = answer_to(&call, STATUS_OK);
    result(&ok);
    evidence.checks_ok = evidence.service_ok = evidence.facts_after_call = true;
    for (unsigned i = 0; i < 700 && run.state != RECOVER_ENDED; i++) {
        now.boot.ms += 1000;
        feed(RECOVER_EVENT_TICK);
    }
    assert_int_equal(run.end, RECOVER_END_FAILED);
    assert_non_null(strstr(run.reason, "no new boot id"));
}

TEST(reboot_is_proven_by_boot_id_checks_agent_and_health_together) {
    (void)state;
    struct call call = until_called(RUNG_REBOOT);
    struct call_result ok = answer_to(&call, STATUS_OK);
    result(&ok);
    for (unsigned missing = 0; missing < 4; missing++) {
        evidence.boot.text[35] = missing == 0 ? '1' : '2';
        evidence.agent_speaking = missing != 1;
        evidence.checks_ok = missing != 2;
        evidence.service_ok = missing != 3;
        feed(RECOVER_EVENT_TICK);
        assert_int_equal(run.state, RECOVER_PROVING);
    }
    evidence.service_ok = true;
    feed(RECOVER_EVENT_TICK);
    assert_int_equal(run.state, RECOVER_WATCHING);
    now.boot.ms += policy.healthy_time.ms - 1;
    feed(RECOVER_EVENT_TICK);
    assert_int_equal(run.state, RECOVER_WATCHING);
    evidence.service_ok = false;
    feed(RECOVER_EVENT_TICK);
    assert_int_equal(run.state, RECOVER_PROVING); /* the healthy time begins anew */
    evidence.service_ok = true;
    feed(RECOVER_EVENT_TICK);
    now.boot.ms += policy.healthy_time.ms;
    feed(RECOVER_EVENT_TICK);
    assert_int_equal(run.end, RECOVER_END_SUCCESS);
}

TEST(lost_reboot_is_never_sent_again) {
    (void)state;
    struct call call = until_called(RUNG_REBOOT);
    struct call_result lost = answer_to(&call, STATUS_UNKNOWN_OUTCOME);
    result(&lost);
    assert_int_equal(run.state, RECOVER_PROVING);
    int64_t sent = now.boot.ms;
    unsigned calls = 0;
    while (run.state != RECOVER_ENDED) {
        now.boot.ms += 1000;
        feed(RECOVER_EVENT_TICK);
        for (size_t i = 0; i < effects.count; i++)
            if (effects.effects[i].kind == RECOVER_EFFECT_CALL &&
                call_mutates(effects.effects[i].call.kind))
                calls++;
    }
    assert_int_equal(calls, 0);
    assert_true(now.boot.ms - sent >= policy.signature_window.ms + policy.settle_time.ms);
    assert_int_equal(run.end, RECOVER_END_ERROR);
}

TEST(an_answer_that_never_comes_counts_as_lost) {
    (void)state;
    (void)until_called(RUNG_RESTART_SERVICE);
    now.boot.ms += policy.call_deadline.ms + policy.answer_grace.ms - 1;
    feed(RECOVER_EVENT_TICK);
    assert_int_equal(run.state, RECOVER_CALLING);
    now.boot.ms += 1;
    feed(RECOVER_EVENT_TICK);
    assert_int_equal(run.state, RECOVER_LOOKING);
    assert_int_equal(the_call().kind, CALL_FIND_RUN);
}

TEST(service_faults_of_5xx_count_as_lost_not_as_refused) {
    (void)state;
    static const enum status lost[] = {STATUS_UNKNOWN_OUTCOME, STATUS_UNAVAILABLE, STATUS_TIMEOUT,
                                       STATUS_CLOSED, STATUS_CANCELLED};
    for (size_t i = 0; i < ARRAY_LENGTH(lost); i++) {
        struct call call = until_called(RUNG_RESTART_SERVICE);
        struct call_result answer = answer_to(&call, lost[i]);
        result(&answer);
        assert_int_equal(run.state, RECOVER_LOOKING);
    }
}

TEST(undeliverable_command_fails_the_rung_but_missing_rights_do_not) {
    (void)state;
    struct call call = until_called(RUNG_RESTART_SERVICE);
    struct call_result refused = answer_to(&call, STATUS_REFUSED);
    result(&refused);
    assert_int_equal(run.end, RECOVER_END_FAILED);
    call = until_called(RUNG_RESTART_SERVICE);
    struct call_result denied = answer_to(&call, STATUS_DENIED);
    result(&denied);
    assert_int_equal(run.end, RECOVER_END_ERROR);
}

static void until_stopping(void) {
    struct call call = until_called(RUNG_STOP_START);
    assert_int_equal(call.kind, CALL_STOP);
    struct call_result ok = answer_to(&call, STATUS_OK);
    result(&ok);
    assert_int_equal(run.state, RECOVER_STOPPING);
    evidence.facts_after_call = true;
}

TEST(stop_and_start_have_intents_of_their_own) {
    (void)state;
    until_stopping();
    evidence.state = INSTANCE_STOPPED;
    feed(RECOVER_EVENT_TICK);
    assert_true(has(RECOVER_EFFECT_SETTLED) && has(RECOVER_EFFECT_ASK));
    feed(RECOVER_EVENT_ALLOWED);
    assert_true(has(RECOVER_EFFECT_INTEND));
    assert_non_null(strstr(run.action.text, "/stop-start/1-start"));
    feed(RECOVER_EVENT_DURABLE);
    assert_int_equal(the_call().kind, CALL_START);
}

TEST(stuck_stop_is_forced_and_then_left_to_a_person) {
    (void)state;
    until_stopping();
    evidence.state = INSTANCE_STOPPING;
    now.boot.ms += policy.stop_timeout.ms + 1000;
    feed(RECOVER_EVENT_TICK);
    feed(RECOVER_EVENT_ALLOWED);
    feed(RECOVER_EVENT_DURABLE);
    struct call call = the_call();
    assert_int_equal(call.kind, CALL_STOP_FORCE);
    struct call_result ok = answer_to(&call, STATUS_OK);
    result(&ok);
    now.boot.ms += policy.stop_timeout.ms + 1000;
    feed(RECOVER_EVENT_TICK);
    assert_int_equal(run.end, RECOVER_END_HELD);
}

TEST(what_we_stopped_waits_for_the_start_while_a_rule_forbids_it) {
    (void)state;
    until_stopping();
    evidence.state = INSTANCE_STOPPED;
    feed(RECOVER_EVENT_TICK);
    for (unsigned i = 0; i < 500; i++) {
        feed(RECOVER_EVENT_REFUSED);
        assert_int_equal(run.state, RECOVER_PAUSING);
        now.boot.ms += 60000;
        feed(RECOVER_EVENT_TICK);
        reads();
        assert_int_equal(run.state, RECOVER_ASKING);
    }
    feed(RECOVER_EVENT_ALLOWED);
    assert_true(has(RECOVER_EFFECT_INTEND));
}

TEST(no_capacity_is_tried_again_until_its_time_is_over) {
    (void)state;
    until_stopping();
    evidence.state = INSTANCE_STOPPED;
    feed(RECOVER_EVENT_TICK);
    feed(RECOVER_EVENT_ALLOWED);
    feed(RECOVER_EVENT_DURABLE);
    unsigned starts = 0;
    for (unsigned i = 0; i < 5000 && run.state != RECOVER_ENDED; i++) {
        for (size_t k = 0; k < effects.count; k++) {
            if (effects.effects[k].kind == RECOVER_EFFECT_ASK) {
                feed(RECOVER_EVENT_ALLOWED);
                k = SIZE_MAX;
                continue;
            }
            if (effects.effects[k].kind != RECOVER_EFFECT_CALL) continue;
            struct call call = effects.effects[k].call;
            bool start = call.kind == CALL_START;
            if (start) starts++;
            struct call_result answer = answer_to(&call, start ? STATUS_NO_CAPACITY : STATUS_OK);
            result(&answer);
            k = SIZE_MAX;
        }
        now.boot.ms += 1000;
        feed(RECOVER_EVENT_TICK);
    }
    assert_true(starts > 3);
    assert_int_equal(run.end, RECOVER_END_HELD);
}

TEST(new_launch_time_is_what_proves_a_start) {
    (void)state;
    until_stopping();
    evidence.state = INSTANCE_STOPPED;
    feed(RECOVER_EVENT_TICK);
    feed(RECOVER_EVENT_ALLOWED);
    feed(RECOVER_EVENT_DURABLE);
    struct call call = the_call();
    struct call_result ok = answer_to(&call, STATUS_OK);
    result(&ok);
    evidence.state = INSTANCE_RUNNING;
    evidence.boot.text[35] = '2';
    evidence.checks_ok = evidence.service_ok = true;
    feed(RECOVER_EVENT_TICK);
    assert_int_equal(run.state, RECOVER_PROVING);
    evidence.launch_time.ms = 2000;
    feed(RECOVER_EVENT_TICK);
    assert_int_equal(run.state, RECOVER_WATCHING);
}

TEST(restored_runs_look_before_they_do_anything) {
    (void)state;
    static const struct {
        enum rung rung;
        enum recover_state state;
        enum call_kind looks;
    } rows[] = {
        {RUNG_RESTART_SERVICE, RECOVER_STORING, CALL_FIND_RUN},
        {RUNG_RESTART_SERVICE, RECOVER_CALLING, CALL_FIND_RUN},
        {RUNG_RESTART_SERVICE, RECOVER_LOOKING, CALL_FIND_RUN},
        {RUNG_RESTART_SERVICE, RECOVER_DARK, CALL_FIND_RUN},
        {RUNG_RESTART_SERVICE, RECOVER_RUNNING, CALL_POLL_RUN},
        {RUNG_REBOOT, RECOVER_STORING, CALL_DESCRIBE},
        {RUNG_REBOOT, RECOVER_CALLING, CALL_DESCRIBE},
        {RUNG_REBOOT, RECOVER_PROVING, CALL_DESCRIBE},
        {RUNG_STOP_START, RECOVER_STORING, CALL_DESCRIBE},
        {RUNG_STOP_START, RECOVER_STOPPING, CALL_DESCRIBE},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        begin(rows[i].rung);
        run.state = rows[i].state;
        feed(RECOVER_EVENT_RESTORED);
        assert_int_equal(the_call().kind, rows[i].looks);
        assert_string_equal(the_call().action.text, run.action.text);
    }
    begin(RUNG_REBOOT);
    run.state = RECOVER_READING;
    feed(RECOVER_EVENT_RESTORED);
    assert_int_equal(run.end, RECOVER_END_REFUSED); /* nothing had been done */
}

TEST(names_are_distinct_and_found_again) {
    (void)state;
    for (unsigned s = 0; s < RECOVER_STATE_COUNT; s++)
        assert_int_equal(recover_state_find(recover_state_name((enum recover_state)s)), s);
    assert_int_equal(recover_state_find("nonsense"), RECOVER_STATE_COUNT);
    for (unsigned i = 1; i < RECOVER_INPUT_COUNT; i++)
        assert_string_not_equal(recover_input_name((enum recover_input)i),
                                recover_input_name((enum recover_input)(i - 1)));
}
