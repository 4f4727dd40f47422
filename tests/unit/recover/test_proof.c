/* Proof and time: one missing piece is no proof; every stage has an end; a restart trusts nothing
 * but what it reads. */
#include <string.h>

#include "tests/unit/recover/rig.h"

static void to_restart_proof(void) {
    (void)until_called(RUNG_RESTART_SERVICE);
    answers(STATUS_OK);
    later(policy.poll_pause);
    struct call poll = the_call();
    struct call_result done = answer_to(&poll, STATUS_OK);
    done.run = RUN_SUCCESS;
    result(&done);
    assert_int_equal(run.state, RECOVER_PROVING);
}

static void to_reboot_proof(void) {
    (void)until_called(RUNG_REBOOT);
    answers(STATUS_OK);
    assert_int_equal(run.state, RECOVER_PROVING);
}

static void to_start_proof(void) {
    (void)until_start_called();
    answers(STATUS_OK);
    assert_int_equal(run.state, RECOVER_PROVING);
}

static void old_boot(void) { evidence.boot = run.boot_before; }
static void no_boot(void) { evidence.boot = (struct boot_id){""}; }
static void old_launch(void) { evidence.launch_time = run.launch_before; }
static void old_facts(void) { evidence.facts_after_call = false; }
static void not_running(void) { evidence.state = INSTANCE_PENDING; }
static void no_agent(void) { evidence.agent_speaking = false; }
static void no_checks(void) { evidence.checks_ok = false; }
static void no_service(void) { evidence.service_ok = false; }

static const struct {
    void (*to_proof)(void);
    void (*lacks)(void);
    const char *missing;
} pieces[] = {
    {to_restart_proof, no_agent, "agent is silent"},
    {to_restart_proof, no_service, "a health check does not pass"},
    {to_reboot_proof, old_boot, "no new boot id"},
    {to_reboot_proof, no_boot, "no new boot id"},
    {to_reboot_proof, no_agent, "agent is silent"},
    {to_reboot_proof, no_checks, "EC2 checks are not ok"},
    {to_reboot_proof, no_service, "a health check does not pass"},
    {to_start_proof, old_launch, "no new launch time"},
    {to_start_proof, old_facts, "no new launch time"},
    {to_start_proof, not_running, "no new launch time"},
    {to_start_proof, old_boot, "no new boot id"},
    {to_start_proof, no_agent, "agent is silent"},
    {to_start_proof, no_checks, "EC2 checks are not ok"},
    {to_start_proof, no_service, "a health check does not pass"},
};

/* Ticks until the run ends; answers what is asked with "ok". */
static void wait_for_end(void) {
    for (unsigned i = 0; i < 4000 && run.state != RECOVER_ENDED; i++) {
        later(duration_s(1));
        if (run.state != RECOVER_ENDED && has(RECOVER_EFFECT_CALL)) answers(STATUS_OK);
    }
    assert_int_equal(run.state, RECOVER_ENDED);
}

TEST(one_missing_piece_is_no_proof_and_is_named_when_time_is_over) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(pieces); i++) {
        pieces[i].to_proof();
        comes_up_anew();
        pieces[i].lacks();
        later(duration_s(1));
        if (run.state != RECOVER_PROVING) fail_msg("%s: proven without", pieces[i].missing);
        wait_for_end();
        assert_int_not_equal(run.end, RECOVER_END_SUCCESS);
        if (strstr(run.reason, pieces[i].missing) == NULL)
            fail_msg("\"%s\" is not in \"%s\"", pieces[i].missing, run.reason);
        pieces[i].to_proof(); /* and with it: proven, watched, done */
        comes_up_anew();
        later(duration_s(1));
        assert_int_equal(run.state, RECOVER_WATCHING);
        wait_for_end();
        assert_int_equal(run.end, RECOVER_END_SUCCESS);
    }
}

TEST(a_piece_that_is_lost_while_watching_takes_the_proof_back) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(pieces); i++) {
        pieces[i].to_proof();
        comes_up_anew();
        later(duration_s(1));
        later(duration_ms(policy.healthy_time.ms - 1));
        assert_int_equal(run.state, RECOVER_WATCHING);
        pieces[i].lacks();
        later(duration_s(1));
        assert_int_equal(run.state, RECOVER_PROVING);
        comes_up_anew();
        later(duration_s(1)); /* the healthy time begins anew */
        assert_int_equal(run.state, RECOVER_WATCHING);
        later(duration_ms(policy.healthy_time.ms - 1));
        assert_int_equal(run.state, RECOVER_WATCHING);
        later(duration_ms(1));
        assert_int_equal(run.end, RECOVER_END_SUCCESS);
    }
}

/* Where no agent ever spoke, EC2's own word has to do; a reboot is then not begun at all. */
TEST(a_start_without_an_agent_is_proven_by_launch_time_and_checks) {
    (void)state;
    begin(RUNG_STOP_START);
    evidence.boot = (struct boot_id){""};
    evidence.agent_speaking = false;
    feed(RECOVER_EVENT_BEGIN);
    reads();
    feed(RECOVER_EVENT_ALLOWED);
    feed(RECOVER_EVENT_DURABLE);
    answers(STATUS_OK);
    goes_down(INSTANCE_STOPPED);
    later(duration_s(1));
    feed(RECOVER_EVENT_ALLOWED);
    feed(RECOVER_EVENT_DURABLE);
    answers(STATUS_OK);
    comes_up_anew();
    evidence.boot = (struct boot_id){""};
    evidence.agent_speaking = false;
    no_checks();
    later(duration_s(1));
    assert_int_equal(run.state, RECOVER_PROVING);
    evidence.checks_ok = true;
    later(duration_s(1));
    assert_int_equal(run.state, RECOVER_WATCHING);
}

/* The boot before is the one of the first intent; what the stop shows must not replace it. */
TEST(what_was_before_is_remembered_from_before_the_first_call) {
    (void)state;
    begin(RUNG_STOP_START);
    feed(RECOVER_EVENT_BEGIN);
    struct boot_id before = evidence.boot;
    reads();
    feed(RECOVER_EVENT_ALLOWED);
    feed(RECOVER_EVENT_DURABLE);
    answers(STATUS_OK);
    goes_down(INSTANCE_STOPPED);
    evidence.boot.text[35] = '9';
    evidence.launch_time.ms = 9000;
    later(duration_s(1));
    feed(RECOVER_EVENT_ALLOWED);
    assert_memory_equal(&run.boot_before, &before, sizeof before);
    assert_int_equal(run.launch_before.ms, 1000);
}

/* To the millisecond: on the last one the stage still waits. */
TEST(every_stage_ends_at_its_own_time) {
    (void)state;
    policy = recover_policy_default();
    static const struct {
        void (*to_stage)(void);
        int64_t timeout_ms;
    } stages[] = {{to_restart_proof, 600000}, {to_reboot_proof, 600000}, {to_start_proof, 600000}};
    for (size_t i = 0; i < ARRAY_LENGTH(stages); i++) {
        stages[i].to_stage();
        evidence.checks_ok = evidence.service_ok = false;
        evidence.state = INSTANCE_RUNNING;
        if (has(RECOVER_EFFECT_CALL)) answers(STATUS_OK);
        assert_int_equal(run.deadline.ms, now.boot.ms + stages[i].timeout_ms);
        later(duration_ms(stages[i].timeout_ms - 1));
        if (has(RECOVER_EFFECT_CALL)) answers(STATUS_OK);
        assert_int_equal(run.state, RECOVER_PROVING);
        later(duration_ms(1));
        assert_int_equal(run.end, RECOVER_END_FAILED);
    }
}

TEST(each_setting_times_its_own_stage) {
    (void)state;
    static const enum rung rungs[] = {RUNG_REBOOT, RUNG_STOP_START};
    for (size_t i = 0; i < ARRAY_LENGTH(rungs); i++) {
        (void)until_called(rungs[i]);
        policy.reboot_timeout = duration_s(111);
        policy.stop_timeout = duration_s(222);
        answers(STATUS_OK);
        assert_int_equal(run.deadline.ms - now.boot.ms, i == 0 ? 111000 : 222000);
    }
    (void)until_called(RUNG_RESTART_SERVICE);
    policy.restart_service_timeout = duration_s(333);
    policy.proof_timeout = duration_s(444);
    answers(STATUS_OK);
    assert_int_equal(run.deadline.ms - now.boot.ms, 333000);
    later(policy.poll_pause);
    struct call poll = the_call();
    struct call_result done = answer_to(&poll, STATUS_OK);
    done.run = RUN_SUCCESS;
    result(&done);
    assert_int_equal(run.deadline.ms - now.boot.ms, 444000);
    (void)until_start_called();
    policy.start_timeout = duration_s(555);
    answers(STATUS_OK);
    assert_int_equal(run.deadline.ms - now.boot.ms, 555000);
}

/* Once the machine is up anew, what is missing gets a time of its own. */
TEST(the_effect_itself_renews_the_time_for_the_rest_of_the_proof) {
    (void)state;
    to_reboot_proof();
    policy.proof_timeout = duration_s(444);
    later(duration_s(500));
    comes_up_anew();
    no_service();
    later(duration_s(1));
    assert_true(run.effect_seen);
    assert_int_equal(run.deadline.ms - now.boot.ms, 444000);
    int64_t deadline = run.deadline.ms;
    later(duration_s(1));
    assert_int_equal(run.deadline.ms, deadline); /* once */
}

/* Nobody knows whether a lost call took effect: without a sign of it that is no failed rung, and
 * with one the rung had its chance. */
TEST(a_lost_call_fails_the_rung_only_when_its_effect_was_seen) {
    (void)state;
    for (unsigned seen = 0; seen < 2; seen++) {
        (void)until_called(RUNG_REBOOT);
        answers(STATUS_UNKNOWN_OUTCOME);
        later(duration_s(1));
        if (seen == 1) comes_up_anew();
        no_service();
        wait_for_end();
        assert_int_equal(run.end, seen == 1 ? RECOVER_END_FAILED : RECOVER_END_ERROR);
        assert_string_equal(effects.effects[0].note, "unknown");
    }
}

TEST(a_command_that_never_ends_fails_the_rung) {
    (void)state;
    (void)until_called(RUNG_RESTART_SERVICE);
    answers(STATUS_OK);
    int64_t began = now.boot.ms;
    for (unsigned i = 0; i < 5000 && run.state != RECOVER_ENDED; i++) {
        later(duration_s(1));
        if (run.state != RECOVER_RUNNING || !has(RECOVER_EFFECT_CALL)) continue;
        struct call poll = the_call();
        struct call_result open = answer_to(&poll, i % 2 == 0 ? STATUS_OK : STATUS_NOT_FOUND);
        open.run = RUN_IN_PROGRESS;
        result(&open);
    }
    assert_int_equal(run.end, RECOVER_END_FAILED);
    assert_int_equal(now.boot.ms - began, policy.restart_service_timeout.ms);
    assert_non_null(strstr(run.reason, "did not end"));
}

TEST(each_bad_end_of_a_command_fails_the_rung_by_name) {
    (void)state;
    static const enum run_state bad[] = {RUN_FAILED, RUN_TIMED_OUT, RUN_UNDELIVERABLE};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        (void)until_called(RUNG_RESTART_SERVICE);
        answers(STATUS_OK);
        later(policy.poll_pause);
        struct call poll = the_call();
        struct call_result ended = answer_to(&poll, STATUS_OK);
        ended.run = bad[i];
        result(&ended);
        assert_int_equal(run.end, RECOVER_END_FAILED);
        assert_non_null(strstr(run.reason, run_state_name(bad[i])));
    }
}

TEST(the_forced_leg_stops_goes_on_to_the_start_and_never_forces_twice) {
    (void)state;
    (void)until_force_called();
    assert_non_null(strstr(run.action.text, "/stop-start/1-force"));
    answers(STATUS_OK);
    later(duration_ms(policy.stop_timeout.ms - 1));
    if (has(RECOVER_EFFECT_CALL)) answers(STATUS_OK);
    assert_int_equal(run.state, RECOVER_STOPPING);
    goes_down(INSTANCE_STOPPED);
    later(duration_ms(1)); /* stopped on the very last millisecond: it counts */
    assert_int_equal(run.leg, RECOVER_LEG_START);
    (void)until_force_called();
    answers(STATUS_OK);
    later(policy.stop_timeout);
    assert_int_equal(run.end, RECOVER_END_HELD);
    assert_string_equal(effects.effects[0].note, "failed");
}

TEST(a_forced_leg_that_finds_it_stopped_forces_nothing) {
    (void)state;
    (void)until_stop_called();
    answers(STATUS_OK);
    goes_down(INSTANCE_STOPPING);
    later(policy.stop_timeout);
    feed(RECOVER_EVENT_REFUSED); /* a pause: ask again later, on a fresh read */
    later(policy.retry_pause);
    goes_down(INSTANCE_STOPPED);
    reads();
    assert_int_equal(run.leg, RECOVER_LEG_START);
    assert_int_equal(run.state, RECOVER_ASKING);
}

/* From each state of each plan: nothing that changes the world before the world was read. */
TEST(a_restart_looks_before_it_calls_from_every_state) {
    (void)state;
    unsigned looked = 0;
    for (unsigned r = RUNG_RESTART_SERVICE; r < RUNG_COUNT; r++)
        for (unsigned leg = 0; leg < RECOVER_LEG_COUNT; leg++)
            for (unsigned at = 0; at < RECOVER_ENDED; at++) {
                const recover_table *table = recover_plan((enum rung)r, (enum recover_leg)leg);
                if (table == NULL) continue;
                if ((*table)[at][RECOVER_IN_RESTORED].action == RECOVER_DO_NOTHING) continue;
                begin((enum rung)r);
                run.leg = (enum recover_leg)leg;
                run.state = (enum recover_state)at;
                run.stored = at >= RECOVER_CALLING;
                run.acted = run.stop_acted = leg != RECOVER_LEG_FIRST;
                run.serial = run.next_serial = 4;
                run.deadline.ms = run.next_at.ms = run.answer_by.ms = 1; /* of another boot */
                feed(RECOVER_EVENT_RESTORED);
                bool read = false;
                for (unsigned i = 0; i < 100 && run.state != RECOVER_ENDED && !read; i++) {
                    for (size_t k = 0; k < effects.count; k++) {
                        if (effects.effects[k].kind != RECOVER_EFFECT_CALL) continue;
                        assert_false(call_mutates(effects.effects[k].call.kind));
                        assert_true(effects.effects[k].call.serial > 4);
                        read = true;
                    }
                    if (!read) later(duration_s(1));
                }
                if (run.state == RECOVER_ENDED) {
                    /* Only what had done nothing ends: nothing is stored, nothing stopped. */
                    assert_int_equal(run.end, RECOVER_END_REFUSED);
                    assert_true(at < RECOVER_STORING && leg == RECOVER_LEG_FIRST);
                    continue;
                }
                assert_true(read);
                looked++;
            }
    assert_true(looked > 25);
}

/* An intent that may be durable may have been called: its action is never called again. */
TEST(a_restart_never_repeats_what_may_be_out) {
    (void)state;
    static const enum recover_state may_be_out[] = {RECOVER_STORING, RECOVER_CALLING};
    for (unsigned r = RUNG_RESTART_SERVICE; r < RUNG_COUNT; r++)
        for (unsigned leg = 0; leg < RECOVER_LEG_COUNT; leg++)
            for (size_t s = 0; s < ARRAY_LENGTH(may_be_out); s++) {
                if (recover_plan((enum rung)r, (enum recover_leg)leg) == NULL) continue;
                begin((enum rung)r);
                run.leg = (enum recover_leg)leg;
                run.state = may_be_out[s];
                run.boot_before = evidence.boot;
                run.launch_before = evidence.launch_time;
                run.acted = run.stop_acted = leg != RECOVER_LEG_FIRST;
                char action[sizeof run.action.text];
                memcpy(action, run.action.text, sizeof action);
                int64_t restored = now.boot.ms;
                feed(RECOVER_EVENT_RESTORED);
                assert_true(run.dark && run.stored && run.acted);
                while (run.state != RECOVER_ENDED && strcmp(run.action.text, action) == 0) {
                    if (has(RECOVER_EFFECT_CALL)) {
                        assert_false(call_mutates(the_call().kind));
                        answers(STATUS_OK);
                    } else {
                        later(duration_s(1));
                    }
                }
                /* The window is counted from the restart: it only gets longer. */
                assert_true(now.boot.ms - restored >= policy.signature_window.ms);
            }
}

/* Timers of another boot mean nothing: none fires at once, and none is waited for for ever. */
TEST(a_restart_rearms_every_timer) {
    (void)state;
    to_reboot_proof();
    answers(STATUS_OK);
    now.boot.ms = 5000; /* the machine booted anew */
    feed(RECOVER_EVENT_RESTORED);
    assert_int_equal(run.state, RECOVER_PROVING);
    assert_int_equal(run.deadline.ms, 5000 + 600000);
    answers(STATUS_OK);
    later(duration_ms(600000 - 1));
    if (has(RECOVER_EFFECT_CALL)) answers(STATUS_OK);
    assert_int_equal(run.state, RECOVER_PROVING);
    later(duration_ms(1));
    assert_int_equal(run.end, RECOVER_END_FAILED);
    to_reboot_proof();
    comes_up_anew();
    later(duration_s(1));
    assert_int_equal(run.state, RECOVER_WATCHING);
    now.boot.ms = 5000;
    feed(RECOVER_EVENT_RESTORED);
    assert_int_equal(run.state, RECOVER_PROVING); /* well is proven anew, for the whole time */
    later(duration_s(1));
    assert_int_equal(run.state, RECOVER_WATCHING);
    later(duration_ms(policy.healthy_time.ms - 1));
    assert_int_equal(run.state, RECOVER_WATCHING);
}

/* A failing read while waiting for a pause must not end in a state that nothing leaves. */
TEST(a_restored_run_that_cannot_read_is_not_stuck) {
    (void)state;
    for (unsigned r = RUNG_RESTART_SERVICE; r < RUNG_COUNT; r++) {
        begin((enum rung)r);
        policy.restart_service_timeout = policy.reboot_timeout = policy.stop_timeout =
            policy.start_timeout = policy.proof_timeout = duration_s(1);
        policy.signature_window = policy.settle_time = duration_s(1);
        run.state = RECOVER_PAUSING;
        run.deadline.ms = 1; /* of another boot */
        feed(RECOVER_EVENT_RESTORED);
        for (unsigned i = 0; i < 1000 && run.state != RECOVER_ENDED; i++) {
            if (has(RECOVER_EFFECT_CALL))
                answers(STATUS_UNREACHABLE);
            else
                later(duration_s(1));
        }
        assert_int_equal(run.end, RECOVER_END_ERROR);
    }
}

TEST(reasons_stay_within_their_place) {
    (void)state;
    struct call call = until_called(RUNG_REBOOT);
    struct call_result denied = answer_to(&call, STATUS_DENIED);
    memset(denied.code, 'c', sizeof denied.code - 1);
    memset(denied.message, 'm', sizeof denied.message - 1);
    result(&denied);
    assert_int_equal(run.end, RECOVER_END_ERROR);
    assert_true(memchr(run.reason, '\0', sizeof run.reason) != NULL);
    assert_non_null(strstr(run.reason, "ec2:RebootInstances denied cccc"));
}
