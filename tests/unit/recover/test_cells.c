/* A generated walk over every cell: each pair of state and input that can arise is brought about by
 * a real event, and the step must do what the cell's action means, or nothing at all. */
#include <string.h>

#include "aggregator/recover/plan.h"
#include "tests/unit/recover/rig.h"

#define SERIAL 7

static struct call_result answer;
static struct recover_event event;

static enum call_kind out_in(enum recover_state at) {
    if (at == RECOVER_CALLING) return recover_call_kind(&run);
    if (at == RECOVER_LOOKING) return CALL_FIND_RUN;
    return at == RECOVER_RUNNING ? CALL_POLL_RUN : CALL_DESCRIBE;
}

static bool answered(enum status status) {
    run.serial = SERIAL;
    run.answer_by.ms = now.boot.ms + 1000;
    answer = (struct call_result){.kind = out_in(run.state),
                                  .action = run.action,
                                  .instance = box,
                                  .serial = SERIAL,
                                  .status = status,
                                  .command_id = "command-1"};
    event.kind = RECOVER_EVENT_RESULT;
    event.result = &answer;
    return true;
}

static bool told(enum recover_event_kind kind) {
    event.kind = kind;
    event.reason = kind == RECOVER_EVENT_REFUSED ? "rule: numbers" : NULL;
    return true;
}

static bool ticked(void) { return told(RECOVER_EVENT_TICK); }

static bool unanswered(void) {
    run.serial = SERIAL;
    run.answer_by = now.boot;
    return ticked();
}

static bool at_any(const enum recover_state *states, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (run.state == states[i]) return true;
    return false;
}
#define AT(...)                                                                                    \
    at_any((const enum recover_state[]){__VA_ARGS__},                                              \
           ARRAY_LENGTH(((const enum recover_state[]){__VA_ARGS__})))

static bool arrange_stopped(void) {
    evidence.state = INSTANCE_STOPPED;
    evidence.facts_after_call = true;
    if (AT(RECOVER_STOPPING)) return ticked();
    if (AT(RECOVER_READING) && run.leg == RECOVER_LEG_FORCE) return answered(STATUS_OK);
    run.called_at.ms = now.boot.ms - policy.settle_time.ms;
    return AT(RECOVER_PROVING) && run.leg == RECOVER_LEG_START && ticked();
}

static bool arrange_never(void) {
    run.called_at.ms = now.boot.ms - policy.signature_window.ms - policy.settle_time.ms;
    run.dark = true;
    evidence.state = INSTANCE_RUNNING;
    evidence.facts_after_call = true;
    if (AT(RECOVER_LOOKING)) return answered(STATUS_OK);
    return AT(RECOVER_STOPPING) && ticked();
}

static bool arrange_pause_over(void) {
    if (AT(RECOVER_WATCHING)) comes_up_anew();
    run.healthy_since = run.next_at = now.boot;
    return AT(RECOVER_PAUSING, RECOVER_DARK, RECOVER_RUNNING, RECOVER_STOPPING, RECOVER_PROVING,
              RECOVER_WATCHING) &&
           ticked();
}

static bool arrange_proof(enum recover_input input) {
    if (input != RECOVER_IN_ILL) comes_up_anew();
    run.healthy_since.ms = now.boot.ms - policy.healthy_time.ms;
    if (input == RECOVER_IN_PROVEN) return AT(RECOVER_PROVING) && ticked();
    return AT(RECOVER_WATCHING) && ticked();
}

static bool arrange_run(enum run_state how) {
    if (!AT(RECOVER_RUNNING)) return false;
    (void)answered(STATUS_OK);
    answer.run = how;
    return true;
}

static bool arrange_look(bool found) {
    if (!AT(RECOVER_LOOKING)) return false;
    (void)answered(STATUS_OK);
    answer.found = found;
    run.called_at = now.boot;
    return true;
}

static bool arrange_read_failed(void) {
    if (AT(RECOVER_READING, RECOVER_LOOKING, RECOVER_RUNNING)) return answered(STATUS_THROTTLED);
    return AT(RECOVER_STOPPING, RECOVER_PROVING, RECOVER_WATCHING) && unanswered();
}

static bool arrange_accepted(void) {
    evidence.state = INSTANCE_RUNNING;
    bool started = AT(RECOVER_READING) && run.leg == RECOVER_LEG_START;
    return (AT(RECOVER_CALLING) || started) && answered(STATUS_OK);
}

static bool arrange_read(void) {
    evidence.state = run.leg == RECOVER_LEG_START ? INSTANCE_STOPPED : INSTANCE_RUNNING;
    return AT(RECOVER_READING) && answered(STATUS_OK);
}

static bool arrange_timeout(void) {
    run.deadline = now.boot;
    return !AT(RECOVER_WATCHING) && ticked();
}

/* Makes `event` and the run such that the input arises; false when it cannot in this state. */
static bool arrange(enum recover_input input) {
    switch (input) {
    case RECOVER_IN_BEGIN: return told(RECOVER_EVENT_BEGIN);
    case RECOVER_IN_ALLOWED: return told(RECOVER_EVENT_ALLOWED);
    case RECOVER_IN_REFUSED: return told(RECOVER_EVENT_REFUSED);
    case RECOVER_IN_DURABLE: return told(RECOVER_EVENT_DURABLE);
    case RECOVER_IN_NOT_DURABLE: return told(RECOVER_EVENT_NOT_DURABLE);
    case RECOVER_IN_RESTORED: return told(RECOVER_EVENT_RESTORED);
    case RECOVER_IN_GONE: return told(RECOVER_EVENT_GONE);
    case RECOVER_IN_READ: return arrange_read();
    case RECOVER_IN_READ_FAILED: return arrange_read_failed();
    case RECOVER_IN_ACCEPTED: return arrange_accepted();
    case RECOVER_IN_RETRY: return AT(RECOVER_CALLING) && answered(STATUS_THROTTLED);
    case RECOVER_IN_REJECTED: return AT(RECOVER_CALLING) && answered(STATUS_REFUSED);
    case RECOVER_IN_LOST: return AT(RECOVER_CALLING) && answered(STATUS_UNKNOWN_OUTCOME);
    case RECOVER_IN_ERROR:
        return AT(RECOVER_READING, RECOVER_CALLING, RECOVER_LOOKING) && answered(STATUS_DENIED);
    case RECOVER_IN_FOUND: return arrange_look(true);
    case RECOVER_IN_ABSENT: return arrange_look(false);
    case RECOVER_IN_NEVER: return arrange_never();
    case RECOVER_IN_RUN_OPEN: return arrange_run(RUN_IN_PROGRESS);
    case RECOVER_IN_RUN_DONE: return arrange_run(RUN_SUCCESS);
    case RECOVER_IN_RUN_FAILED: return arrange_run(RUN_FAILED);
    case RECOVER_IN_STOPPED: return arrange_stopped();
    case RECOVER_IN_PROVEN:
    case RECOVER_IN_WELL:
    case RECOVER_IN_ILL: return arrange_proof(input);
    case RECOVER_IN_PAUSE_OVER: return arrange_pause_over();
    case RECOVER_IN_TIMEOUT: return arrange_timeout();
    case RECOVER_IN_NONE:
    case RECOVER_INPUT_COUNT: return false;
    }
    return false;
}

static void stand(enum rung rung, enum recover_leg leg, enum recover_state at, bool stored) {
    begin(rung);
    now.boot.ms = 100000000;
    run.leg = leg;
    run.state = at;
    run.stored = stored;
    run.acted = run.stop_acted = leg != RECOVER_LEG_FIRST;
    run.tries = run.read_tries = 1;
    run.next_serial = SERIAL;
    run.boot_before = evidence.boot;
    run.launch_before = evidence.launch_time;
    run.called_at = now.boot;
    event = (struct recover_event){0};
}

/* The effects, in order, as letters: C a call that changes something, D describe, F find, P poll,
 * A ask, I intend, S settled, E ended. */
static void spell(char out[8]) {
    size_t length = 0;
    for (size_t i = 0; i < effects.count && length < 7; i++) {
        const struct recover_effect *effect = &effects.effects[i];
        char letter = '?';
        switch (effect->kind) {
        case RECOVER_EFFECT_CALL:
            letter = call_mutates(effect->call.kind)      ? 'C'
                     : effect->call.kind == CALL_DESCRIBE ? 'D'
                     : effect->call.kind == CALL_FIND_RUN ? 'F'
                                                          : 'P';
            break;
        case RECOVER_EFFECT_ASK: letter = 'A'; break;
        case RECOVER_EFFECT_INTEND: letter = 'I'; break;
        case RECOVER_EFFECT_SETTLED: letter = 'S'; break;
        case RECOVER_EFFECT_ENDED: letter = 'E'; break;
        }
        out[length++] = letter;
    }
    out[length] = '\0';
}

/* What each action must show, given whether the intent was stored before the step. */
static const char *wanted(enum recover_action action, bool stored) {
    bool restart = run.rung == RUNG_RESTART_SERVICE;
    switch (action) {
    case RECOVER_DO_READ:
    case RECOVER_DO_PROOF_READ: return "D";
    case RECOVER_DO_ASK: return "A";
    case RECOVER_DO_INTEND: return stored ? "C" : "I";
    case RECOVER_DO_SEND: return "C";
    case RECOVER_DO_LOOK: return "F";
    case RECOVER_DO_DARK: return restart ? "F" : "D";
    case RECOVER_DO_RENEW: return stored ? "SD" : "D";
    case RECOVER_DO_POLL: return "P";
    case RECOVER_DO_FORCE:
    case RECOVER_DO_START: return stored ? "SA" : "A";
    case RECOVER_DO_PROVE: return restart ? "" : "D";
    case RECOVER_DO_SUCCEED:
    case RECOVER_DO_FAIL:
    case RECOVER_DO_REFUSE:
    case RECOVER_DO_ERROR:
    case RECOVER_DO_GONE:
    case RECOVER_DO_HOLD: return stored ? "SE" : "E";
    case RECOVER_DO_NOTHING:
    case RECOVER_DO_PAUSE:
    case RECOVER_DO_WAIT:
    case RECOVER_DO_WAIT_DARK:
    case RECOVER_DO_RUN:
    case RECOVER_DO_AWAIT_STOP:
    case RECOVER_DO_WATCH:
    case RECOVER_DO_UNWATCH:
    case RECOVER_DO_STAY:
    case RECOVER_ACTION_COUNT: return "";
    }
    return "";
}

static enum recover_end end_of(enum recover_action action) {
    switch (action) {
    case RECOVER_DO_SUCCEED: return RECOVER_END_SUCCESS;
    case RECOVER_DO_FAIL:
        return run.stop_acted && evidence.state != INSTANCE_RUNNING ? RECOVER_END_HELD
                                                                    : RECOVER_END_FAILED;
    case RECOVER_DO_REFUSE: return RECOVER_END_REFUSED;
    case RECOVER_DO_ERROR: return RECOVER_END_ERROR;
    case RECOVER_DO_GONE: return RECOVER_END_GONE;
    case RECOVER_DO_HOLD: return RECOVER_END_HELD;
    case RECOVER_DO_NOTHING:
    case RECOVER_DO_READ:
    case RECOVER_DO_ASK:
    case RECOVER_DO_INTEND:
    case RECOVER_DO_SEND:
    case RECOVER_DO_PAUSE:
    case RECOVER_DO_WAIT:
    case RECOVER_DO_LOOK:
    case RECOVER_DO_DARK:
    case RECOVER_DO_WAIT_DARK:
    case RECOVER_DO_RENEW:
    case RECOVER_DO_RUN:
    case RECOVER_DO_POLL:
    case RECOVER_DO_AWAIT_STOP:
    case RECOVER_DO_FORCE:
    case RECOVER_DO_START:
    case RECOVER_DO_PROVE:
    case RECOVER_DO_PROOF_READ:
    case RECOVER_DO_WATCH:
    case RECOVER_DO_UNWATCH:
    case RECOVER_DO_STAY:
    case RECOVER_ACTION_COUNT: return RECOVER_END_NONE;
    }
    return RECOVER_END_NONE;
}

static void nothing_changed(const struct recover_run *before, enum recover_input input) {
    struct recover_run same = *before;
    /* That an answer came, or that none will, is noted; so is an effect seen while proving. */
    same.serial = run.serial;
    if (run.state == RECOVER_PROVING) {
        same.effect_seen = run.effect_seen;
        same.deadline = run.deadline;
    }
    if (memcmp(&same, &run, sizeof run) != 0 || effects.count != 0)
        fail_msg("%s %u: %s without a cell for %s changed the run", rung_name(run.rung),
                 (unsigned)run.leg, recover_state_name(run.state), recover_input_name(input));
}

static void cell_done(const struct recover_cell *cell, const char *place, bool stored) {
    /* A refusal, a wait and "gone" while the intent is on its way count it as stored. */
    bool storing = strstr(place, "/storing/") != NULL;
    bool counts =
        stored ||
        (storing && (event.kind == RECOVER_EVENT_REFUSED || event.kind == RECOVER_EVENT_GONE));
    char letters[8];
    spell(letters);
    if (strcmp(letters, wanted(cell->action, counts)) != 0)
        fail_msg("%s: effects %s, not %s", place, letters, wanted(cell->action, counts));
    enum recover_state next = cell->next;
    if (cell->action == RECOVER_DO_INTEND && stored) next = RECOVER_CALLING;
    if (run.state != next)
        fail_msg("%s: ended in %s, not %s", place, recover_state_name(run.state),
                 recover_state_name(next));
    assert_int_equal(run.end, end_of(cell->action));
    if (run.state == RECOVER_ENDED) {
        assert_true(run.reason[0] != '\0');
        assert_int_equal(recover_due(&run).ms, 0);
        return;
    }
    /* Whoever waits for more than the engine's own answer is woken (U11). */
    bool engine = run.state == RECOVER_ASKING || run.state == RECOVER_STORING;
    if (!engine && recover_due(&run).ms == 0) fail_msg("%s: nobody wakes it", place);
}

static unsigned walk_cell(enum rung rung, unsigned leg, unsigned at, unsigned in, bool stored) {
    enum recover_input input = (enum recover_input)in;
    const struct recover_cell *cell = &(*recover_plan(rung, (enum recover_leg)leg))[at][in];
    stand(rung, (enum recover_leg)leg, (enum recover_state)at, stored);
    char place[120];
    struct text text = text_over(place, sizeof place);
    text_add(&text, rung_name(rung));
    text_add(&text, recover_leg_name((enum recover_leg)leg));
    text_add(&text, "/");
    text_add(&text, recover_state_name((enum recover_state)at));
    text_add(&text, "/");
    text_add(&text, recover_input_name(input));
    if (!arrange(input)) {
        if (cell->action != RECOVER_DO_NOTHING) fail_msg("%s cannot arise", place);
        return 0;
    }
    event.evidence = evidence;
    event.now = now;
    struct recover_run before = run;
    enum recover_input seen = recover_classify(&policy, &run, &event);
    if (seen != input) {
        /* The event means something else here: then there must be no cell for this meaning. */
        if (cell->action != RECOVER_DO_NOTHING)
            fail_msg("%s: taken for %s", place, recover_input_name(seen));
        return 0;
    }
    recover_step(&policy, &run, &event, &effects);
    if (cell->action == RECOVER_DO_NOTHING) {
        nothing_changed(&before, input);
        return 0;
    }
    cell_done(cell, place, stored);
    return 1;
}

static unsigned walk(bool stored) {
    unsigned filled = 0;
    for (unsigned r = RUNG_RESTART_SERVICE; r < RUNG_COUNT; r++)
        for (unsigned leg = 0; leg < RECOVER_LEG_COUNT; leg++) {
            if (recover_plan((enum rung)r, (enum recover_leg)leg) == NULL) continue;
            for (unsigned at = 0; at < RECOVER_STATE_COUNT; at++)
                for (unsigned in = 1; in < RECOVER_INPUT_COUNT; in++)
                    filled += walk_cell((enum rung)r, leg, at, in, stored);
        }
    return filled;
}

static unsigned filled_cells(void) {
    unsigned filled = 0;
    for (unsigned r = RUNG_RESTART_SERVICE; r < RUNG_COUNT; r++)
        for (unsigned leg = 0; leg < RECOVER_LEG_COUNT; leg++) {
            const recover_table *table = recover_plan((enum rung)r, (enum recover_leg)leg);
            if (table == NULL) continue;
            for (unsigned at = 0; at < RECOVER_STATE_COUNT; at++)
                for (unsigned in = 0; in < RECOVER_INPUT_COUNT; in++)
                    filled += (*table)[at][in].action != RECOVER_DO_NOTHING;
        }
    return filled;
}

TEST(every_filled_cell_arises_and_does_what_it_says) {
    (void)state;
    assert_int_equal(walk(false), filled_cells());
}

TEST(every_filled_cell_settles_what_was_stored) {
    (void)state;
    assert_int_equal(walk(true), filled_cells());
}

static bool used(const recover_table *table, unsigned at) {
    for (unsigned in = 0; in < RECOVER_INPUT_COUNT; in++)
        if ((*table)[at][in].action != RECOVER_DO_NOTHING) return true;
    return false;
}

/* Whatever a run waits for may never come: then its time, its pause or the vanished instance must
 * move it on. Only the look for a command takes no "gone": its answer leads to a state that does.
 */
TEST(every_state_that_waits_has_a_way_out) {
    (void)state;
    for (unsigned r = RUNG_RESTART_SERVICE; r < RUNG_COUNT; r++)
        for (unsigned leg = 0; leg < RECOVER_LEG_COUNT; leg++) {
            const recover_table *table = recover_plan((enum rung)r, (enum recover_leg)leg);
            if (table == NULL) continue;
            for (unsigned at = 0; at < RECOVER_ENDED; at++) {
                if (!used(table, at)) continue;
                const struct recover_cell *row = (*table)[at];
                if (at != RECOVER_LOOKING && row[RECOVER_IN_GONE].action != RECOVER_DO_GONE)
                    fail_msg("%s %u/%s ignores a vanished instance", rung_name((enum rung)r), leg,
                             recover_state_name((enum recover_state)at));
                bool staged = at == RECOVER_DARK || at == RECOVER_RUNNING ||
                              at == RECOVER_STOPPING || at == RECOVER_PROVING;
                if (staged) assert_int_not_equal(row[RECOVER_IN_TIMEOUT].action, 0);
                if (staged || at == RECOVER_PAUSING || at == RECOVER_WATCHING)
                    assert_int_not_equal(row[RECOVER_IN_PAUSE_OVER].action, 0);
            }
            assert_false(used(table, RECOVER_ENDED));
        }
}

TEST(rungs_without_a_plan_have_none) {
    (void)state;
    assert_null(recover_plan(RUNG_NONE, RECOVER_LEG_FIRST));
    assert_null(recover_plan(RUNG_COUNT, RECOVER_LEG_FIRST));
    assert_null(recover_plan(RUNG_REBOOT, RECOVER_LEG_FORCE));
    assert_null(recover_plan(RUNG_RESTART_SERVICE, RECOVER_LEG_START));
    assert_null(recover_plan(RUNG_STOP_START, RECOVER_LEG_COUNT));
}
