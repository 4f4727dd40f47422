/* The actions of the tables' cells: change the run, add effects. Pure. */
#include <string.h>

#include "aggregator/recover/plan.h"

/* A lost command is looked for from a little before it was sent: AWS's clock is not ours. */
#define LOOK_BACK_MS (5 * 60 * 1000)

static struct recover_effect *add(struct recover_effects *effects, enum recover_effect_kind kind) {
    ASSERT(effects->count < RECOVER_EFFECTS_MAX);
    struct recover_effect *effect = &effects->effects[effects->count++];
    memset(effect, 0, sizeof *effect);
    effect->kind = kind;
    effect->note = "";
    return effect;
}

static void say(struct recover_run *run, const char *what, const char *detail) {
    struct text text = text_over(run->reason, sizeof run->reason);
    text_add(&text, what);
    if (detail == NULL || detail[0] == '\0') return;
    text_add(&text, ": ");
    text_add(&text, detail);
}

static void name_action(struct recover_run *run) {
    struct text text = text_over(run->action.text, sizeof run->action.text);
    text_add(&text, run->incident.text);
    text_add(&text, "/");
    text_add(&text, rung_name(run->rung));
    text_add(&text, "/");
    text_add_unsigned(&text, run->attempt);
    if (run->leg != RECOVER_LEG_FIRST) {
        text_add(&text, "-");
        text_add(&text, recover_leg_name(run->leg));
    }
}

void recover_begin(struct recover_run *run, enum rung rung, const struct instance_id *instance,
                   const struct record_id *incident, uint32_t base, const char *unit) {
    ASSERT(base >= 1 && rung > RUNG_NONE && rung < RUNG_COUNT);
    memset(run, 0, sizeof *run);
    run->rung = rung;
    run->instance = *instance;
    run->incident = *incident;
    run->base = run->attempt = base;
    if (text_copy(run->unit, sizeof run->unit, unit) != STATUS_OK) run->unit[0] = '\0';
    name_action(run);
}

static struct call make_call(const struct recover_run *run, enum call_kind kind,
                             struct duration deadline) {
    struct call call = {.kind = kind,
                        .action = run->action,
                        .instance = run->instance,
                        .since = run->since,
                        .deadline = deadline};
    memcpy(call.unit, run->unit, sizeof call.unit);
    memcpy(call.command_id, run->command_id, sizeof call.command_id);
    return call;
}

static void send(struct recover_run *run, struct call call, const struct recover_policy *policy,
                 struct now now, struct recover_effects *effects) {
    call.serial = run->serial = ++run->next_serial;
    run->answer_by = boot_add(boot_add(now.boot, call.deadline), policy->answer_grace);
    add(effects, RECOVER_EFFECT_CALL)->call = call;
}

static void read_world(struct recover_run *run, const struct recover_policy *policy, struct now now,
                       struct recover_effects *effects) {
    run->read_tries++;
    send(run, make_call(run, CALL_DESCRIBE, policy->read_deadline), policy, now, effects);
}

static void settle(const struct recover_run *run, const char *note,
                   struct recover_effects *effects) {
    if (!run->stored) return;
    struct recover_effect *effect = add(effects, RECOVER_EFFECT_SETTLED);
    effect->note = note;
    effect->call = make_call(run, recover_call_kind(run), duration_ms(0));
}

static void end(struct recover_run *run, enum recover_end how, const char *note,
                struct recover_effects *effects) {
    settle(run, note, effects);
    run->end = how;
    run->deadline = run->next_at = run->answer_by = (struct boot_time){0};
    run->serial = 0;
    add(effects, RECOVER_EFFECT_ENDED);
}

static void pause(struct recover_run *run, struct duration pause, struct now now) {
    uint32_t times = run->tries > 1 ? run->tries : 1;
    run->next_at = boot_add(now.boot, duration_ms(pause.ms * times));
}

static struct duration longer(struct duration a, struct duration b) { return a.ms > b.ms ? a : b; }

static struct duration stage(const struct recover_policy *policy, const struct recover_run *run) {
    if (run->rung == RUNG_RESTART_SERVICE) return policy->proof_timeout;
    if (run->rung == RUNG_REBOOT) return policy->reboot_timeout;
    return run->leg == RECOVER_LEG_START ? policy->start_timeout : policy->stop_timeout;
}

/* A start is tried until its time is over, capacity or not; a wait for a rule began it anew. */
static void limit_start(struct recover_run *run, const struct recover_policy *policy,
                        struct now now) {
    if (run->leg == RECOVER_LEG_START && run->deadline.ms == 0)
        run->deadline = boot_add(now.boot, policy->start_timeout);
}

static void intend(struct recover_run *run, const struct recover_policy *policy,
                   const struct recover_event *event, struct recover_effects *effects) {
    run->waiting = false;
    if (run->leg == RECOVER_LEG_FIRST && !run->acted) {
        run->boot_before = event->evidence.boot;
        run->launch_before = event->evidence.launch_time;
    }
    limit_start(run, policy, event->now);
    run->since = wall_add(event->now.wall, duration_ms(-LOOK_BACK_MS));
    struct recover_effect *effect = add(effects, RECOVER_EFFECT_INTEND);
    effect->call = make_call(run, recover_call_kind(run), policy->call_deadline);
}

static void send_call(struct recover_run *run, const struct recover_policy *policy, struct now now,
                      struct recover_effects *effects) {
    run->stored = true;
    run->dark = false;
    run->effect_seen = false;
    run->tries++;
    run->called_at = now.boot;
    run->waiting = false;
    limit_start(run, policy, now);
    send(run, make_call(run, recover_call_kind(run), policy->call_deadline), policy, now, effects);
}

static void took_effect(struct recover_run *run) {
    run->acted = true;
    if (run->rung == RUNG_STOP_START && run->leg != RECOVER_LEG_START) run->stop_acted = true;
}

/* After a lost call: the stage lasts at least until the call can land no more. */
static void go_dark(struct recover_run *run, const struct recover_policy *policy, struct now now,
                    struct recover_effects *effects) {
    took_effect(run);
    run->dark = run->stored = true;
    run->next_at = boot_add(now.boot, policy->poll_pause);
    struct duration window = duration_ms(policy->signature_window.ms + policy->settle_time.ms);
    if (run->rung == RUNG_RESTART_SERVICE) {
        /* Some more looks after the window has closed; then only errors were the answer. */
        run->deadline = boot_add(boot_add(run->called_at, window), policy->proof_timeout);
        send(run, make_call(run, CALL_FIND_RUN, policy->read_deadline), policy, now, effects);
        return;
    }
    run->deadline = boot_add(now.boot, longer(stage(policy, run), window));
    read_world(run, policy, now, effects);
}

static void prove(struct recover_run *run, const struct recover_policy *policy, struct now now,
                  struct recover_effects *effects) {
    took_effect(run);
    run->effect_seen = false;
    run->deadline = boot_add(now.boot, stage(policy, run));
    run->next_at = boot_add(now.boot, policy->poll_pause);
    /* A restart is proven by the agent's own checks alone; EC2 has nothing to add at once. */
    if (rung_disrupts_instance(run->rung)) read_world(run, policy, now, effects);
}

static void next_leg(struct recover_run *run, enum recover_leg leg, const char *note,
                     struct recover_effects *effects) {
    settle(run, note, effects);
    run->leg = leg;
    run->attempt = run->base;
    run->stored = run->dark = false;
    run->tries = run->read_tries = run->renewals = run->serial = 0;
    run->deadline = run->next_at = (struct boot_time){0};
    name_action(run);
    add(effects, RECOVER_EFFECT_ASK);
}

/* A new attempt with a new intent, after the old call can land no more (R3). */
static void renew(struct recover_run *run, const struct recover_policy *policy, struct now now,
                  struct recover_effects *effects) {
    /* What we stopped is started as often as a call is tried: capacity may come back. */
    bool start = run->leg == RECOVER_LEG_START;
    if (run->renewals >= (start ? policy->tries_max : policy->attempts_max)) {
        run->state = RECOVER_ENDED;
        say(run, "the call was lost again and again", NULL);
        end(run, run->stop_acted ? RECOVER_END_HELD : RECOVER_END_ERROR, "not_done", effects);
        return;
    }
    settle(run, "not_done", effects);
    if (run->leg == RECOVER_LEG_FIRST) run->acted = run->stop_acted = false;
    run->renewals++;
    run->attempt++;
    run->stored = run->dark = false;
    run->tries = run->read_tries = 0;
    run->deadline = (struct boot_time){0};
    name_action(run);
    read_world(run, policy, now, effects);
}

static void fail(struct recover_run *run, const struct recover_policy *policy,
                 const struct recover_event *event, struct recover_effects *effects) {
    char missing[RECOVER_REASON_SIZE];
    struct text text = text_over(missing, sizeof missing);
    if (run->state == RECOVER_PROVING) {
        (void)recover_proven(run, &event->evidence, &text);
        say(run, "time is over", missing);
    } else if (event->kind == RECOVER_EVENT_RESULT) {
        const struct call_result *result = event->result;
        text_add(&text, result->status == STATUS_OK ? run_state_name(result->run)
                                                    : status_name(result->status));
        if (result->code[0] != '\0') {
            text_add(&text, " ");
            text_add(&text, result->code);
        }
        say(run, "the command failed", missing);
    } else {
        say(run, "time is over", "the command did not end");
    }
    (void)policy;
    run->state = RECOVER_ENDED;
    /* Stopped by us and not running again: not a matter of a higher rung. */
    bool down = run->stop_acted && event->evidence.state != INSTANCE_RUNNING;
    /* Nobody knows whether a lost call took effect: that is no failed rung. */
    bool unknown = run->dark && !run->effect_seen;
    end(run,
        down      ? RECOVER_END_HELD
        : unknown ? RECOVER_END_ERROR
                  : RECOVER_END_FAILED,
        run->dark ? "unknown" : "failed", effects);
}

static void say_error(struct recover_run *run, const struct recover_event *event) {
    if (event->kind != RECOVER_EVENT_RESULT) {
        say(run, "no answer", event->reason);
        return;
    }
    const struct call_result *result = event->result;
    char what[RECOVER_REASON_SIZE];
    struct text text = text_over(what, sizeof what);
    text_add(&text, call_operation(result->kind));
    text_add(&text, " ");
    text_add(&text, status_name(result->status));
    if (result->code[0] != '\0') {
        text_add(&text, " ");
        text_add(&text, result->code);
    }
    say(run, what, result->message);
}

static void poll(struct recover_run *run, const struct recover_policy *policy, struct now now,
                 struct recover_effects *effects) {
    run->next_at = boot_add(now.boot, policy->poll_pause);
    send(run, make_call(run, CALL_POLL_RUN, policy->read_deadline), policy, now, effects);
}

static void follow_run(struct recover_run *run, const struct recover_policy *policy,
                       const struct recover_event *event) {
    took_effect(run);
    run->dark = false;
    memcpy(run->command_id, event->result->command_id, sizeof run->command_id);
    run->deadline = boot_add(event->now.boot, policy->restart_service_timeout);
    run->next_at = boot_add(event->now.boot, policy->poll_pause);
}

static void watch(struct recover_run *run, const struct recover_policy *policy, struct now now) {
    run->healthy_since = now.boot;
    run->next_at = boot_add(now.boot, policy->poll_pause);
}

void recover_act(const struct recover_policy *policy, struct recover_run *run,
                 const struct recover_cell *cell, const struct recover_event *event,
                 struct recover_effects *effects) {
    struct now now = event->now;
    enum recover_state before = run->state;
    run->state = cell->next;
    switch (cell->action) {
    case RECOVER_DO_NOTHING: break;
    case RECOVER_DO_READ: read_world(run, policy, now, effects); break;
    case RECOVER_DO_ASK:
        run->read_tries = 0;
        (void)add(effects, RECOVER_EFFECT_ASK);
        break;
    case RECOVER_DO_INTEND:
        if (!run->stored) {
            intend(run, policy, event, effects);
            break;
        }
        run->state = RECOVER_CALLING;
        send_call(run, policy, now, effects);
        break;
    case RECOVER_DO_SEND: send_call(run, policy, now, effects); break;
    case RECOVER_DO_PAUSE:
        if (event->kind == RECOVER_EVENT_RESULT) say_error(run, event);
        if (event->kind == RECOVER_EVENT_NOT_DURABLE) {
            /* Whether the row got there is not known: never use its key again. */
            run->attempt++;
            name_action(run);
        }
        pause(run, policy->retry_pause, now);
        break;
    case RECOVER_DO_WAIT:
        run->waiting = true;
        run->deadline = (struct boot_time){0};
        run->stored = run->stored || before == RECOVER_STORING;
        say(run, "held", event->reason);
        pause(run, policy->retry_pause, now);
        break;
    case RECOVER_DO_LOOK:
        send(run, make_call(run, CALL_FIND_RUN, policy->read_deadline), policy, now, effects);
        break;
    case RECOVER_DO_DARK: go_dark(run, policy, now, effects); break;
    case RECOVER_DO_WAIT_DARK: run->next_at = boot_add(now.boot, policy->poll_pause); break;
    case RECOVER_DO_RENEW: renew(run, policy, now, effects); break;
    case RECOVER_DO_RUN: follow_run(run, policy, event); break;
    case RECOVER_DO_POLL: poll(run, policy, now, effects); break;
    case RECOVER_DO_AWAIT_STOP:
        took_effect(run);
        run->deadline = boot_add(now.boot, policy->stop_timeout);
        run->next_at = boot_add(now.boot, policy->poll_pause);
        break;
    case RECOVER_DO_FORCE: next_leg(run, RECOVER_LEG_FORCE, "failed", effects); break;
    case RECOVER_DO_START: next_leg(run, RECOVER_LEG_START, "done", effects); break;
    case RECOVER_DO_PROVE: prove(run, policy, now, effects); break;
    case RECOVER_DO_PROOF_READ:
        run->next_at = boot_add(now.boot, policy->poll_pause);
        read_world(run, policy, now, effects);
        break;
    case RECOVER_DO_WATCH: watch(run, policy, now); break;
    case RECOVER_DO_UNWATCH:
        run->healthy_since = (struct boot_time){0};
        run->next_at = boot_add(now.boot, policy->poll_pause);
        break;
    case RECOVER_DO_STAY: run->next_at = boot_add(now.boot, policy->poll_pause); break;
    case RECOVER_DO_SUCCEED:
        say(run, "proven, and healthy for the healthy time", NULL);
        end(run, RECOVER_END_SUCCESS, "done", effects);
        break;
    case RECOVER_DO_FAIL:
        run->state = before;
        fail(run, policy, event, effects);
        break;
    case RECOVER_DO_REFUSE:
        run->stored = run->stored || (before == RECOVER_STORING && event->reason != NULL);
        say(run, "refused", event->reason);
        end(run, RECOVER_END_REFUSED, "not_done", effects);
        break;
    case RECOVER_DO_ERROR:
        say_error(run, event);
        end(run, RECOVER_END_ERROR, run->dark ? "unknown" : "not_done", effects);
        break;
    case RECOVER_DO_GONE:
        run->stored = run->stored || before == RECOVER_STORING;
        say(run, "the instance is gone, or no longer ours to touch", event->reason);
        /* A call that is still out may have taken effect before. */
        run->acted = run->acted || (before == RECOVER_CALLING && event->result == NULL);
        end(run, RECOVER_END_GONE, run->acted ? "unknown" : "not_done", effects);
        break;
    case RECOVER_DO_HOLD:
        say_error(run, event);
        end(run, RECOVER_END_HELD, run->dark ? "unknown" : "failed", effects);
        break;
    case RECOVER_ACTION_COUNT: ASSERT(!"an action"); break;
    }
}
