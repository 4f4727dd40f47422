/* Answers: late, doubled, foreign, lost, refused. For every call that changes something. */
#include <string.h>

#include "tests/unit/recover/rig.h"

static struct call until_restart_called(void) { return until_called(RUNG_RESTART_SERVICE); }
static struct call until_reboot_called(void) { return until_called(RUNG_REBOOT); }

/* `looks` reads the world after a lost answer; `dark` is where the run waits for it to show. */
static const struct {
    struct call (*until)(void);
    enum call_kind kind, looks;
    enum recover_state taken, dark;
} calls[] = {
    {until_restart_called, CALL_RUN_DOCUMENT, CALL_FIND_RUN, RECOVER_RUNNING, RECOVER_LOOKING},
    {until_reboot_called, CALL_REBOOT, CALL_DESCRIBE, RECOVER_PROVING, RECOVER_PROVING},
    {until_stop_called, CALL_STOP, CALL_DESCRIBE, RECOVER_STOPPING, RECOVER_STOPPING},
    {until_force_called, CALL_STOP_FORCE, CALL_DESCRIBE, RECOVER_STOPPING, RECOVER_STOPPING},
    {until_start_called, CALL_START, CALL_DESCRIBE, RECOVER_PROVING, RECOVER_PROVING},
};

/* A step on the wrong answer leaves every byte of the run as it was. */
static void ignores(struct call_result wrong, const char *what) {
    struct recover_run before = run;
    result(&wrong);
    if (memcmp(&before, &run, sizeof run) != 0 || effects.count != 0)
        fail_msg("%s in %s was taken", what, recover_state_name(before.state));
}

static void ignores_foreign(const struct call *call) {
    struct call_result right = answer_to(call, STATUS_OK), wrong = right;
    wrong.serial--;
    ignores(wrong, "an older serial");
    wrong.serial += 2;
    ignores(wrong, "a newer serial");
    wrong.serial = 0;
    ignores(wrong, "no serial");
    for (unsigned kind = 0; kind < CALL_COUNT; kind++) {
        wrong = right;
        wrong.kind = (enum call_kind)kind;
        if (wrong.kind != call->kind) ignores(wrong, call_kind_name(wrong.kind));
    }
    wrong = right;
    wrong.action.text[strlen(wrong.action.text) - 1]++;
    ignores(wrong, "another attempt");
    wrong = right;
    wrong.instance.text[5]++;
    ignores(wrong, "another instance");
    right.status = STATUS_DENIED;
    right.serial--;
    ignores(right, "a late refusal");
}

TEST(foreign_and_late_answers_change_nothing_while_a_call_is_out) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(calls); i++) {
        struct call call = calls[i].until();
        assert_int_equal(call.kind, calls[i].kind);
        ignores_foreign(&call);
    }
}

TEST(foreign_answers_change_nothing_while_the_world_is_read) {
    (void)state;
    static const enum rung rungs[] = {RUNG_RESTART_SERVICE, RUNG_REBOOT, RUNG_STOP_START};
    for (size_t i = 0; i < ARRAY_LENGTH(rungs); i++) {
        begin(rungs[i]);
        feed(RECOVER_EVENT_BEGIN);
        struct call call = the_call();
        ignores_foreign(&call);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(calls); i++) { /* proof reads, looks, polls */
        (void)calls[i].until();
        answers(STATUS_UNKNOWN_OUTCOME);
        struct call call = the_call();
        assert_int_equal(call.kind, calls[i].looks);
        ignores_foreign(&call);
    }
    (void)until_restart_called();
    answers(STATUS_OK);
    later(policy.poll_pause);
    struct call call = the_call();
    assert_int_equal(call.kind, CALL_POLL_RUN);
    ignores_foreign(&call);
}

TEST(an_answer_twice_counts_once) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(calls); i++) {
        struct call call = calls[i].until();
        struct call_result once = answer_to(&call, STATUS_OK);
        result(&once);
        assert_int_equal(run.state, calls[i].taken);
        ignores(once, "the same answer again");
        once.status = STATUS_THROTTLED; /* "applied", then "throttled" */
        ignores(once, "a second, other answer");
    }
}

TEST(an_answer_after_its_deadline_is_late) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(calls); i++) {
        struct call call = calls[i].until();
        later(duration_ms(policy.call_deadline.ms + policy.answer_grace.ms));
        assert_int_equal(run.state, calls[i].dark);
        assert_int_equal(the_call().kind, calls[i].looks);
        ignores(answer_to(&call, STATUS_OK), "an answer that counts as lost");
    }
}

static unsigned mutating(void) {
    unsigned count = 0;
    for (size_t i = 0; i < effects.count; i++)
        if (effects.effects[i].kind == RECOVER_EFFECT_CALL &&
            call_mutates(effects.effects[i].call.kind))
            count++;
    return count;
}

/* Everything that may come after the effect is a lost answer: look first, send nothing (R2, R3). */
TEST(whatever_may_have_landed_is_looked_for_and_not_repeated) {
    (void)state;
    static const enum status lost[] = {STATUS_UNKNOWN_OUTCOME, STATUS_TIMEOUT, STATUS_CLOSED,
                                       STATUS_UNAVAILABLE, STATUS_CANCELLED};
    for (size_t i = 0; i < ARRAY_LENGTH(calls); i++)
        for (size_t k = 0; k < ARRAY_LENGTH(lost); k++) {
            struct call call = calls[i].until();
            int64_t sent = now.boot.ms;
            answers(lost[k]);
            assert_int_equal(run.state, calls[i].dark);
            assert_true(run.dark && run.acted);
            assert_int_equal(the_call().kind, calls[i].looks);
            assert_string_equal(the_call().action.text, call.action.text);
            /* Until the signature is dead nothing is sent, whatever the looks say. */
            int64_t window = policy.signature_window.ms + policy.settle_time.ms;
            while (run.state != RECOVER_ENDED && now.boot.ms - sent < window - 1000) {
                bool asked = has(RECOVER_EFFECT_CALL);
                assert_int_equal(mutating(), 0);
                if (asked) answers(STATUS_OK);
                assert_int_equal(mutating(), 0);
                later(duration_s(1));
            }
            assert_int_equal(mutating(), 0);
        }
}

TEST(a_lost_command_that_is_found_is_followed) {
    (void)state;
    (void)until_restart_called();
    answers(STATUS_UNKNOWN_OUTCOME);
    struct call look = the_call();
    assert_true(look.since.ms < now.wall.ms && look.since.ms > 0);
    struct call_result found = answer_to(&look, STATUS_OK);
    found.found = true;
    memcpy(found.command_id, "command-1", 10);
    result(&found);
    assert_int_equal(run.state, RECOVER_RUNNING);
    assert_false(run.dark);
    later(policy.poll_pause);
    assert_int_equal(the_call().kind, CALL_POLL_RUN);
    assert_string_equal(the_call().command_id, "command-1");
}

/* A new attempt with a new intent, only after the window, and only so often. */
TEST(a_lost_command_that_never_shows_is_renewed_once) {
    (void)state;
    (void)until_restart_called();
    for (unsigned attempt = 1; run.state != RECOVER_ENDED; attempt++) {
        int64_t sent = now.boot.ms;
        char action[sizeof run.action.text];
        memcpy(action, run.action.text, sizeof action);
        answers(STATUS_UNKNOWN_OUTCOME);
        while (run.state == RECOVER_LOOKING || run.state == RECOVER_DARK) {
            if (has(RECOVER_EFFECT_CALL)) answers(STATUS_OK); /* not found */
            if (run.state == RECOVER_LOOKING || run.state == RECOVER_DARK) later(duration_s(1));
        }
        assert_true(now.boot.ms - sent >= policy.signature_window.ms + policy.settle_time.ms);
        assert_true(has(RECOVER_EFFECT_SETTLED));
        assert_string_equal(effects.effects[0].note, "not_done");
        if (run.state == RECOVER_ENDED) {
            assert_int_equal(attempt, 1 + policy.attempts_max);
            break;
        }
        assert_int_equal(attempt, run.attempt - 1);
        assert_string_not_equal(run.action.text, action);
        reads();
        feed(RECOVER_EVENT_ALLOWED);
        assert_true(has(RECOVER_EFFECT_INTEND));
        assert_string_equal(effects.effects[0].call.action.text, run.action.text);
        feed(RECOVER_EVENT_DURABLE);
    }
    assert_int_equal(run.end, RECOVER_END_ERROR); /* no reason to go up the ladder */
}

TEST(a_lost_stop_that_never_landed_is_renewed_and_one_that_did_is_not) {
    (void)state;
    (void)until_stop_called();
    answers(STATUS_UNKNOWN_OUTCOME);
    evidence.facts_after_call = true; /* still running */
    later(duration_ms(policy.signature_window.ms + policy.settle_time.ms - 1));
    assert_int_equal(run.state, RECOVER_STOPPING);
    later(duration_ms(1));
    if (run.state == RECOVER_STOPPING) later(duration_ms(1)); /* a look was out */
    assert_int_equal(run.state, RECOVER_READING);
    assert_int_equal(run.attempt, 2);
    assert_int_equal(run.leg, RECOVER_LEG_FIRST);
    assert_false(run.stop_acted);
    (void)until_stop_called();
    answers(STATUS_UNKNOWN_OUTCOME);
    goes_down(INSTANCE_STOPPED);
    later(duration_s(1));
    assert_int_equal(run.leg, RECOVER_LEG_START);
    assert_string_equal(effects.effects[0].note, "done");
}

TEST(a_lost_forced_stop_that_landed_goes_on_to_the_start) {
    (void)state;
    (void)until_force_called();
    answers(STATUS_UNKNOWN_OUTCOME);
    goes_down(INSTANCE_STOPPED);
    later(duration_s(1));
    assert_int_equal(run.leg, RECOVER_LEG_START);
    assert_non_null(strstr(run.action.text, "-start"));
}

/* The start landed or it did not; the state tells, and only after the window a new one is made. */
TEST(a_lost_start_is_seen_by_the_state) {
    (void)state;
    (void)until_start_called();
    int64_t sent = now.boot.ms;
    answers(STATUS_UNKNOWN_OUTCOME);
    comes_up_anew();
    later(duration_s(1));
    assert_int_equal(run.state, RECOVER_WATCHING);
    (void)until_start_called();
    sent = now.boot.ms;
    answers(STATUS_UNKNOWN_OUTCOME);
    goes_down(INSTANCE_STOPPED);
    while (run.state == RECOVER_PROVING) {
        if (has(RECOVER_EFFECT_CALL)) answers(STATUS_OK);
        if (run.state == RECOVER_PROVING) later(duration_s(1));
    }
    assert_true(now.boot.ms - sent >= policy.signature_window.ms + policy.settle_time.ms);
    assert_int_equal(run.state, RECOVER_READING);
    assert_int_equal(run.attempt, 2);
    assert_string_equal(run.action.text + strlen(run.action.text) - 8, "/2-start");
}

/* Each status that is an answer: what it leads to. Never FAILED, which would go up the ladder, but
 * for a command that the service cannot run on this instance. */
TEST(an_error_of_a_call_is_a_retry_or_an_end_and_never_an_escalation) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(calls); i++)
        for (unsigned s = STATUS_OK + 1; s < STATUS_COUNT; s++) {
            struct call call = calls[i].until();
            bool start = call.kind == CALL_START, restart = call.kind == CALL_RUN_DOCUMENT;
            enum status status = (enum status)s;
            answers(status);
            if (run.state != RECOVER_ENDED) {
                bool again = run.state == RECOVER_PAUSING;
                assert_true(again || run.state == calls[i].dark);
                assert_int_equal(mutating(), 0);
                continue;
            }
            bool cannot = status == STATUS_REFUSED || status == STATUS_NO_CAPACITY ||
                          status == STATUS_NOT_FOUND;
            enum recover_end wanted = RECOVER_END_ERROR;
            if (restart && cannot) wanted = RECOVER_END_FAILED;
            if (!restart && status == STATUS_NOT_FOUND) wanted = RECOVER_END_GONE;
            if (wanted == RECOVER_END_ERROR && (start || call.kind == CALL_STOP_FORCE))
                wanted = RECOVER_END_HELD;
            if (run.end != wanted)
                fail_msg("%s %s: %s, not %s", call_kind_name(call.kind), status_name(status),
                         recover_end_name(run.end), recover_end_name(wanted));
            if (wanted != RECOVER_END_GONE)
                assert_non_null(strstr(run.reason, status_name(status)));
            assert_true(has(RECOVER_EFFECT_SETTLED) && has(RECOVER_EFFECT_ENDED));
        }
}

static void tries_are_bounded(size_t first, enum status status) {
    for (size_t i = first; i < ARRAY_LENGTH(calls); i++) {
        struct call call = calls[i].until();
        char action[sizeof call.action.text];
        memcpy(action, call.action.text, sizeof action);
        unsigned sent = 1;
        for (unsigned step = 0; step < 100 && run.state != RECOVER_ENDED; step++) {
            answers(status);
            if (run.state == RECOVER_ENDED) break;
            assert_int_equal(run.state, RECOVER_PAUSING);
            later(duration_ms(run.next_at.ms - now.boot.ms - 1));
            assert_int_equal(run.state, RECOVER_PAUSING); /* not before the pause is over */
            later(duration_ms(1));
            if (call.kind == CALL_START) goes_down(INSTANCE_STOPPED);
            reads();
            feed(RECOVER_EVENT_ALLOWED);
            assert_int_equal(run.state, RECOVER_CALLING);
            assert_int_equal(the_call().kind, calls[i].kind);
            assert_string_equal(the_call().action.text, action);
            sent++;
        }
        assert_int_equal(sent, policy.tries_max);
        assert_int_equal(run.end, run.stop_acted ? RECOVER_END_HELD : RECOVER_END_ERROR);
    }
}

TEST(tries_of_each_call_are_bounded_and_keep_their_intent) {
    (void)state;
    tries_are_bounded(0, STATUS_THROTTLED);
}

/* One odd "no such instance" does not make us abandon what we stopped, but five call a person. */
TEST(no_such_instance_after_our_stop_is_a_bounded_retry) {
    (void)state;
    tries_are_bounded(3, STATUS_NOT_FOUND); /* the forced stop and the start */
}

TEST(reads_before_the_call_are_tried_so_often_and_no_more) {
    (void)state;
    static const enum rung rungs[] = {RUNG_RESTART_SERVICE, RUNG_REBOOT, RUNG_STOP_START};
    for (size_t i = 0; i < ARRAY_LENGTH(rungs); i++)
        for (unsigned silent = 0; silent < 2; silent++) {
            begin(rungs[i]);
            feed(RECOVER_EVENT_BEGIN);
            unsigned read = 0;
            while (run.state != RECOVER_ENDED && read < 100) {
                assert_int_equal(the_call().kind, CALL_DESCRIBE);
                read++;
                if (silent == 0)
                    answers(STATUS_UNAVAILABLE);
                else
                    later(duration_ms(policy.read_deadline.ms + policy.answer_grace.ms));
                if (run.state == RECOVER_PAUSING) later(policy.retry_pause);
            }
            assert_int_equal(read, policy.tries_max);
            assert_int_equal(run.end, RECOVER_END_ERROR);
            assert_false(run.acted);
        }
}

/* What we stopped must be started: an AWS that is away for a day is waited for. */
TEST(reads_after_our_stop_go_on_for_as_long_as_it_takes) {
    (void)state;
    for (unsigned restored = 0; restored < 2; restored++) {
        (void)until_stop_called();
        answers(STATUS_OK);
        goes_down(INSTANCE_STOPPED);
        later(duration_s(1));
        feed(RECOVER_EVENT_REFUSED); /* paused: wait */
        assert_int_equal(run.state, RECOVER_PAUSING);
        if (restored == 1)
            feed(RECOVER_EVENT_RESTORED);
        else
            later(policy.retry_pause);
        for (unsigned i = 0; i < 2000; i++) {
            answers(STATUS_UNREACHABLE);
            assert_int_equal(run.state, RECOVER_PAUSING);
            later(duration_s(60));
        }
        reads();
        feed(RECOVER_EVENT_ALLOWED);
        feed(RECOVER_EVENT_DURABLE);
        assert_int_equal(the_call().kind, CALL_START);
    }
}

/* The wait for a rule has no end of its own, but the tries for capacity after it do. */
TEST(capacity_is_tried_for_a_bounded_time_also_after_a_wait) {
    (void)state;
    (void)until_start_called();
    answers(STATUS_NO_CAPACITY);
    later(policy.retry_pause);
    reads();
    feed(RECOVER_EVENT_REFUSED); /* paused by a person for three hours */
    later(duration_s(3 * 3600));
    int64_t resumed = now.boot.ms;
    for (unsigned i = 0; i < 100000 && run.state != RECOVER_ENDED; i++) {
        if (run.state == RECOVER_READING) reads();
        if (run.state == RECOVER_ASKING) feed(RECOVER_EVENT_ALLOWED);
        if (run.state == RECOVER_CALLING) answers(STATUS_NO_CAPACITY);
        later(duration_s(1));
    }
    assert_int_equal(run.end, RECOVER_END_HELD);
    int64_t tried = now.boot.ms - resumed;
    assert_in_range(tried, policy.start_timeout.ms, policy.start_timeout.ms + 5000);
}

TEST(a_rule_that_forbids_the_start_between_intent_and_call_keeps_its_end) {
    (void)state;
    (void)until_stop_called();
    answers(STATUS_OK);
    goes_down(INSTANCE_STOPPED);
    later(duration_s(1));
    feed(RECOVER_EVENT_ALLOWED);
    feed(RECOVER_EVENT_REFUSED); /* durable, but paused since */
    assert_int_equal(run.state, RECOVER_PAUSING);
    later(policy.retry_pause);
    reads();
    feed(RECOVER_EVENT_ALLOWED); /* the intent is durable: it is sent, and not stored twice */
    assert_int_equal(the_call().kind, CALL_START);
    assert_false(has(RECOVER_EFFECT_INTEND));
    assert_int_equal(run.deadline.ms, now.boot.ms + policy.start_timeout.ms);
}

TEST(an_intent_that_is_not_durable_sends_nothing_and_its_number_is_not_used_again) {
    (void)state;
    begin(RUNG_REBOOT);
    feed(RECOVER_EVENT_BEGIN);
    reads();
    feed(RECOVER_EVENT_ALLOWED);
    feed(RECOVER_EVENT_NOT_DURABLE);
    assert_int_equal(run.end, RECOVER_END_REFUSED);
    assert_int_equal(mutating(), 0);
    (void)until_stop_called();
    answers(STATUS_OK);
    goes_down(INSTANCE_STOPPED);
    later(duration_s(1));
    feed(RECOVER_EVENT_ALLOWED);
    feed(RECOVER_EVENT_NOT_DURABLE);
    assert_int_equal(mutating(), 0);
    assert_int_equal(run.state, RECOVER_PAUSING); /* what we stopped is started later */
    assert_non_null(strstr(run.action.text, "/2-start"));
}

/* "No such instance" as the answer to the call itself, and the inventory saying so while it is out:
 * a run that took neither would hold its slot for ever (U11). What we stopped is not given up on
 * one odd answer. */
TEST(an_instance_that_vanishes_under_a_call_ends_the_run) {
    (void)state;
    for (size_t i = 1; i < ARRAY_LENGTH(calls); i++) {
        (void)calls[i].until();
        bool stopped = run.stop_acted;
        answers(STATUS_NOT_FOUND);
        if (stopped) {
            assert_int_equal(run.state, RECOVER_PAUSING);
            continue;
        }
        assert_int_equal(run.end, RECOVER_END_GONE);
        assert_string_equal(effects.effects[0].note, "not_done");
    }
    for (size_t i = 0; i < ARRAY_LENGTH(calls); i++) {
        (void)calls[i].until();
        feed(RECOVER_EVENT_GONE);
        assert_int_equal(run.end, RECOVER_END_GONE);
        assert_int_equal(effects.effects[0].kind, RECOVER_EFFECT_SETTLED);
        assert_string_equal(effects.effects[0].note, "unknown");
    }
}

/* Looks at AWS are paced, whether they are answered, refused or not answered at all: a wait of ten
 * minutes is some 120 reads, not thousands (INTERFACES: request budgets). */
TEST(polls_and_proof_reads_keep_their_pace) {
    (void)state;
    static const enum status ways[] = {STATUS_OK, STATUS_THROTTLED, STATUS_UNREACHABLE};
    for (size_t i = 0; i < ARRAY_LENGTH(calls); i++)
        for (size_t w = 0; w < ARRAY_LENGTH(ways); w++) {
            (void)calls[i].until();
            answers(STATUS_OK);
            if (run.rung == RUNG_STOP_START) goes_down(INSTANCE_STOPPING);
            unsigned looks = has(RECOVER_EFFECT_CALL) ? 1 : 0;
            if (looks == 1) answers(ways[w]);
            for (unsigned second = 0; second < 100 * 4; second++) {
                later(duration_ms(250));
                if (!has(RECOVER_EFFECT_CALL)) continue;
                looks++;
                answers(ways[w]);
            }
            assert_int_not_equal(run.state, RECOVER_ENDED);
            assert_in_range(looks, 15, 100000 / policy.poll_pause.ms + 1);
        }
}

/* Each read before a call has its tries: what failed before the last success is forgotten. */
TEST(a_read_that_succeeds_gives_the_next_one_all_its_tries) {
    (void)state;
    begin(RUNG_REBOOT);
    feed(RECOVER_EVENT_BEGIN);
    for (unsigned round = 0; round < policy.tries_max - 1; round++) {
        for (unsigned i = 0; i < policy.tries_max - 1; i++) {
            answers(STATUS_UNREACHABLE);
            assert_int_equal(run.state, RECOVER_PAUSING);
            later(duration_ms(run.next_at.ms - now.boot.ms));
        }
        reads();
        feed(RECOVER_EVENT_ALLOWED);
        if (round == 0) feed(RECOVER_EVENT_DURABLE);
        assert_int_equal(the_call().kind, CALL_REBOOT);
        answers(STATUS_THROTTLED);
        later(duration_ms(run.next_at.ms - now.boot.ms));
    }
}

/* The pause grows with the tries of the call, so that a throttled fleet comes to rest. */
TEST(each_further_try_waits_longer) {
    (void)state;
    (void)until_reboot_called();
    for (unsigned tries = 1; tries < policy.tries_max; tries++) {
        answers(STATUS_THROTTLED);
        assert_int_equal(run.next_at.ms - now.boot.ms, policy.retry_pause.ms * tries);
        later(duration_ms(run.next_at.ms - now.boot.ms));
        reads();
        feed(RECOVER_EVENT_ALLOWED);
    }
}

TEST(a_run_says_that_it_waits_for_a_rule_and_no_longer) {
    (void)state;
    for (unsigned stored = 0; stored < 2; stored++) {
        (void)until_stop_called();
        answers(STATUS_OK);
        goes_down(INSTANCE_STOPPED);
        later(duration_s(1));
        assert_false(run.waiting);
        if (stored == 1) feed(RECOVER_EVENT_ALLOWED);
        feed(RECOVER_EVENT_REFUSED);
        assert_true(run.waiting);
        assert_string_equal(run.reason, "held: rule");
        later(policy.retry_pause);
        reads();
        feed(RECOVER_EVENT_ALLOWED);
        assert_false(run.waiting);
    }
}

/* Starts that never show: each is given its window, a new attempt and a new intent, so often as a
 * call is tried; then a person is called, because the instance stays down. */
TEST(starts_that_never_land_are_renewed_so_often_and_then_held) {
    (void)state;
    (void)until_start_called();
    for (unsigned attempt = 1;; attempt++) {
        assert_int_equal(run.attempt, attempt);
        answers(STATUS_UNKNOWN_OUTCOME);
        while (run.state == RECOVER_PROVING) {
            if (has(RECOVER_EFFECT_CALL)) answers(STATUS_OK);
            if (run.state == RECOVER_PROVING) later(duration_s(1));
        }
        if (run.state == RECOVER_ENDED) {
            assert_int_equal(attempt, 1 + policy.tries_max);
            break;
        }
        reads();
        feed(RECOVER_EVENT_ALLOWED);
        assert_true(has(RECOVER_EFFECT_INTEND));
        feed(RECOVER_EVENT_DURABLE);
        assert_int_equal(the_call().kind, CALL_START);
    }
    assert_int_equal(run.end, RECOVER_END_HELD);
}

/* The window of the lost call is over; it must not end, nor block, the reads of the new attempt. */
TEST(a_renewed_run_that_cannot_read_gives_up_by_its_tries) {
    (void)state;
    (void)until_restart_called();
    policy.proof_timeout = duration_s(1);
    answers(STATUS_UNKNOWN_OUTCOME);
    while (run.state != RECOVER_READING) {
        if (has(RECOVER_EFFECT_CALL)) answers(STATUS_OK);
        if (run.state != RECOVER_READING) later(duration_s(1));
        assert_int_not_equal(run.state, RECOVER_ENDED);
    }
    unsigned reads_made = 0;
    for (unsigned i = 0; i < 1000 && run.state != RECOVER_ENDED; i++) {
        if (has(RECOVER_EFFECT_CALL)) {
            reads_made++;
            answers(STATUS_UNREACHABLE);
        } else {
            later(duration_s(1));
        }
    }
    assert_int_equal(run.end, RECOVER_END_ERROR);
    assert_int_equal(reads_made, policy.tries_max);
}

TEST(a_pause_between_tries_says_what_was_answered) {
    (void)state;
    (void)until_reboot_called();
    answers(STATUS_THROTTLED);
    assert_string_equal(run.reason, "ec2:RebootInstances throttled");
}
