/* One step of a run: classify the event, look the cell up, carry its action out. Pure; the run
 * belongs to the caller. */
#include "aggregator/recover/recover.h"

#include <string.h>

#include "aggregator/recover/plan.h"

struct recover_policy recover_policy_default(void) {
    return (struct recover_policy){
        .read_deadline = duration_s(30),
        .call_deadline = duration_s(30),
        .answer_grace = duration_s(10),
        .retry_pause = duration_s(10),
        .poll_pause = duration_s(5),
        .tries_max = 5,
        .attempts_max = 1,
        .restart_service_timeout = duration_s(600),
        .reboot_timeout = duration_s(600),
        .stop_timeout = duration_s(600),
        .start_timeout = duration_s(600),
        .proof_timeout = duration_s(600),
        .healthy_time = duration_s(300),
        .signature_window = duration_s(900),
        .settle_time = duration_s(60),
    };
}

const recover_table *recover_plan(enum rung rung, enum recover_leg leg) {
    switch (rung) {
    case RUNG_RESTART_SERVICE: return leg == RECOVER_LEG_FIRST ? &recover_restart_service : NULL;
    case RUNG_REBOOT: return leg == RECOVER_LEG_FIRST ? &recover_reboot : NULL;
    case RUNG_STOP_START: return leg < RECOVER_LEG_COUNT ? &recover_stop_start[leg] : NULL;
    case RUNG_NONE:
    case RUNG_COUNT: return NULL;
    }
    return NULL;
}

/* The kind of call that may be out in the run's state. */
static enum call_kind awaited_kind(const struct recover_run *run) {
    switch (run->state) {
    case RECOVER_CALLING: return recover_call_kind(run);
    case RECOVER_LOOKING: return CALL_FIND_RUN;
    case RECOVER_RUNNING: return CALL_POLL_RUN;
    case RECOVER_IDLE:
    case RECOVER_READING:
    case RECOVER_ASKING:
    case RECOVER_STORING:
    case RECOVER_PAUSING:
    case RECOVER_DARK:
    case RECOVER_STOPPING:
    case RECOVER_PROVING:
    case RECOVER_WATCHING:
    case RECOVER_ENDED:
    case RECOVER_STATE_COUNT: return CALL_DESCRIBE;
    }
    return CALL_DESCRIBE;
}

static bool is_awaited(const struct recover_run *run, const struct call_result *result) {
    return run->serial != 0 && result->serial == run->serial && result->kind == awaited_kind(run) &&
           strcmp(result->action.text, run->action.text) == 0 &&
           instance_id_equal(&result->instance, &run->instance);
}

/* Nothing of the boot clock survives a restart: every window begins anew, which only makes it
 * longer. */
static void rearm(const struct recover_policy *policy, struct recover_run *run, struct now now) {
    run->serial = 0;
    run->answer_by = run->next_at = run->healthy_since = (struct boot_time){0};
    run->called_at = now.boot;
    run->deadline = (struct boot_time){0};
    /* Before the call no stage has begun. */
    if (run->state == RECOVER_READING || run->state == RECOVER_ASKING ||
        run->state == RECOVER_PAUSING)
        return;
    int64_t longest = policy->signature_window.ms + policy->settle_time.ms;
    struct duration stages[] = {policy->restart_service_timeout, policy->reboot_timeout,
                                policy->stop_timeout, policy->start_timeout, policy->proof_timeout};
    if (!run->dark) longest = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(stages); i++)
        if (stages[i].ms > longest) longest = stages[i].ms;
    run->deadline = boot_add(now.boot, duration_ms(longest));
}

/* Once the call's own effect is proven, the rest of the proof has a time-out of its own. */
static void note_effect(const struct recover_policy *policy, struct recover_run *run,
                        const struct recover_event *event) {
    if (run->state != RECOVER_PROVING || run->effect_seen || run->rung == RUNG_RESTART_SERVICE)
        return;
    const struct recover_evidence *evidence = &event->evidence;
    bool boot =
        evidence->boot.text[0] != '\0' && !boot_id_equal(&evidence->boot, &run->boot_before);
    bool launch = evidence->facts_after_call && evidence->state == INSTANCE_RUNNING &&
                  evidence->launch_time.ms != run->launch_before.ms;
    if (run->rung == RUNG_REBOOT ? !boot : !launch) return;
    run->effect_seen = true;
    run->deadline = boot_add(event->now.boot, policy->proof_timeout);
}

void recover_step(const struct recover_policy *policy, struct recover_run *run,
                  const struct recover_event *event, struct recover_effects *effects_out) {
    effects_out->count = 0;
    const recover_table *table = recover_plan(run->rung, run->leg);
    ASSERT(table != NULL && run->state < RECOVER_STATE_COUNT);
    if (event->kind == RECOVER_EVENT_RESULT && !is_awaited(run, event->result)) return;
    note_effect(policy, run, event);
    enum recover_input input = recover_classify(policy, run, event);
    bool unanswered = event->kind == RECOVER_EVENT_TICK && run->serial != 0 &&
                      run->answer_by.ms != 0 && event->now.boot.ms >= run->answer_by.ms;
    if (event->kind == RECOVER_EVENT_RESULT || unanswered) run->serial = 0;
    if (input == RECOVER_IN_NONE) return;
    const struct recover_cell *cell = &(*table)[run->state][input];
    if (cell->action == RECOVER_DO_NOTHING) return;
    if (event->kind == RECOVER_EVENT_RESTORED) rearm(policy, run, event->now);
    recover_act(policy, run, cell, event, effects_out);
}

struct boot_time recover_due(const struct recover_run *run) {
    const struct boot_time times[] = {run->serial != 0 ? run->answer_by : run->next_at,
                                      run->deadline};
    struct boot_time due = {0};
    for (size_t i = 0; i < ARRAY_LENGTH(times); i++)
        if (times[i].ms != 0 && (due.ms == 0 || times[i].ms < due.ms)) due = times[i];
    return due;
}

const char *recover_leg_name(enum recover_leg leg) {
    switch (leg) {
    case RECOVER_LEG_FIRST: return "";
    case RECOVER_LEG_FORCE: return "force";
    case RECOVER_LEG_START: return "start";
    case RECOVER_LEG_COUNT: break;
    }
    return "unknown";
}

const char *recover_state_name(enum recover_state state) {
    static const char *const names[RECOVER_STATE_COUNT] = {
        [RECOVER_IDLE] = "idle",       [RECOVER_READING] = "reading",
        [RECOVER_ASKING] = "asking",   [RECOVER_STORING] = "storing",
        [RECOVER_CALLING] = "calling", [RECOVER_PAUSING] = "pausing",
        [RECOVER_LOOKING] = "looking", [RECOVER_DARK] = "dark",
        [RECOVER_RUNNING] = "running", [RECOVER_STOPPING] = "stopping",
        [RECOVER_PROVING] = "proving", [RECOVER_WATCHING] = "watching",
        [RECOVER_ENDED] = "ended",
    };
    return (unsigned)state < RECOVER_STATE_COUNT ? names[state] : "unknown";
}

enum recover_state recover_state_find(const char *name) {
    for (unsigned i = 0; i < RECOVER_STATE_COUNT; i++)
        if (strcmp(recover_state_name((enum recover_state)i), name) == 0)
            return (enum recover_state)i;
    return RECOVER_STATE_COUNT;
}

const char *recover_end_name(enum recover_end end) {
    static const char *const names[RECOVER_END_COUNT] = {
        [RECOVER_END_NONE] = "none",     [RECOVER_END_SUCCESS] = "success",
        [RECOVER_END_FAILED] = "failed", [RECOVER_END_REFUSED] = "refused",
        [RECOVER_END_ERROR] = "error",   [RECOVER_END_GONE] = "gone",
        [RECOVER_END_HELD] = "held",
    };
    return (unsigned)end < RECOVER_END_COUNT ? names[end] : "unknown";
}

const char *recover_input_name(enum recover_input input) {
    static const char *const names[RECOVER_INPUT_COUNT] = {
        "none",        "begin",    "read",       "read_failed", "allowed",    "refused", "durable",
        "not_durable", "accepted", "retry",      "rejected",    "error",      "lost",    "found",
        "absent",      "never",    "run_open",   "run_done",    "run_failed", "stopped", "proven",
        "well",        "ill",      "pause_over", "timeout",     "restored",   "gone",
    };
    return (unsigned)input < RECOVER_INPUT_COUNT ? names[input] : "unknown";
}

const char *recover_action_name(enum recover_action action) {
    static const char *const names[RECOVER_ACTION_COUNT] = {
        "nothing", "read",  "ask",       "intend",     "send",  "pause",   "wait",
        "look",    "dark",  "wait_dark", "renew",      "run",   "poll",    "await_stop",
        "force",   "start", "prove",     "proof_read", "watch", "unwatch", "stay",
        "succeed", "fail",  "refuse",    "error",      "gone",  "hold",
    };
    return (unsigned)action < RECOVER_ACTION_COUNT ? names[action] : "unknown";
}
