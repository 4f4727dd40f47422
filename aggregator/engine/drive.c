/* One rung under way: feeds recover, carries its effects out, and closes the loop of decide (ASK)
 * and of the store (INTEND). Pure. */
#include <string.h>

#include "aggregator/engine/state.h"

static struct member *member_of(struct step *step, const struct incident *incident) {
    return &step->engine->members[incident->member];
}

void drive_begin(struct step *step, struct incident *incident, enum rung rung) {
    struct member *member = member_of(step, incident);
    const struct check_result *failing = member_failing(member);
    const char *unit = "";
    if (incident->request.active) unit = incident->request.unit;
    if (rung == RUNG_RESTART_SERVICE && unit[0] == '\0') {
        if (failing != NULL)
            unit = failing->unit;
        else if (incident->fault == FAULT_PREDICTED)
            unit = subject_service(member);
    }
    incident->attempts[rung]++;
    incident->running = true;
    incident->reserved = false;
    recover_begin(&incident->run, rung, &member->id, &incident->id, incident->attempts[rung],
                  rung == RUNG_RESTART_SERVICE ? unit : "");
    drive(step, incident, RECOVER_EVENT_BEGIN, NULL, NULL);
}

/* Rules that forbid for good: what was begun ends here. */
static bool is_final(const struct decide_decision *decision) {
    static const char *const rules[] = {"not_opted_in", "flag_off", "quarantined"};
    for (size_t i = 0; i < ARRAY_LENGTH(rules); i++)
        if (strcmp(decision->rule, rules[i]) == 0) return true;
    return false;
}

static void say_rule(const struct decide_decision *decision, struct text *text) {
    text_add(text, decision->rule);
    text_add(text, ": ");
    text_add(text, decision->text);
}

static void less_one(uint32_t *count) {
    if (*count > 0) (*count)--;
}

static uint32_t prober(const struct engine *engine, const struct incident *incident) {
    return (uint32_t)(incident - engine->incidents);
}

static bool within(struct boot_time at, struct duration window, struct now now) {
    return at.ms != 0 && at.ms > now.boot.ms - window.ms;
}

/* An action does not stand in its own way: what of the counts is its own is taken out again. */
static void leave_out(struct step *step, const struct incident *incident,
                      struct decide_fleet *fleet, struct decide_case *subject) {
    struct engine *engine = step->engine;
    const struct decide_policy *policy = &engine->options.decide;
    struct member *member = member_of(step, incident);
    enum rung rung = incident->run.rung;
    struct boot_time at = member_actions(member, rung)->at[incident->past_place];
    for (size_t i = 0; i < fleet->scope_count; i++)
        if (fleet->scopes[i].prober == prober(engine, incident)) fleet->scopes[i].probing = false;
    if (!rung_disrupts_instance(rung)) {
        less_one(&fleet->restarts_open);
        if (within(at, policy->service_restarts_window, step->now))
            less_one(&subject->restarts_recent);
        return;
    }
    less_one(&fleet->disruptive_open);
    if (within(engine->starts[incident->start_place], policy->budget_window, step->now))
        less_one(&fleet->disruptive_window);
    bool waived = member->acknowledged && at.ms <= member->acknowledged_at.ms;
    if (within(at, policy->flap_window, step->now) && !waived)
        less_one(&subject->disruptive_recent);
}

/* Another unit than the one this run was begun for may be in trouble by now; it gets its own run.
 */
static bool unit_is_meant(const struct member *member, const struct incident *incident) {
    const char *unit = incident->run.unit;
    const struct request *request = &incident->request;
    if (incident->run.rung != RUNG_RESTART_SERVICE) return true;
    if (request->active && strcmp(request->unit, unit) == 0) return true;
    for (size_t i = 0; i < member->check_count; i++)
        if (member->checks[i].state == CHECK_FAILING && strcmp(member->checks[i].unit, unit) == 0)
            return true;
    return incident->fault == FAULT_PREDICTED && strcmp(subject_service(member), unit) == 0;
}

/* Decides on the fresh read. A rung begun already is only held to consent, pause and store. */
static enum recover_event_kind ask(struct step *step, struct incident *incident,
                                   struct text *reason) {
    struct engine *engine = step->engine;
    const struct member *member = member_of(step, incident);
    struct recover_run *run = &incident->run;
    struct decide_fleet fleet;
    struct decide_case subject;
    struct decide_decision decision;
    fleet_view(engine, member, step->now, &fleet);
    subject_case(engine, member, incident, step->now, &subject);
    bool begun = run->acted || run->leg != RECOVER_LEG_FIRST;
    if (begun) {
        decide_continue(&engine->options.decide, &fleet, &subject, run->rung, step->now, &decision);
    } else {
        /* Until something has taken effect every rule binds, also for another try. */
        if (incident->reserved) leave_out(step, incident, &fleet, &subject);
        decide(&engine->options.decide, &fleet, &subject, step->now, &decision);
        if (decision.kind == DECIDE_ACT && decision.rung != run->rung) {
            text_add(reason, "another rung fits the fresh read");
            return RECOVER_EVENT_REFUSED;
        }
        if (decision.kind == DECIDE_ACT && !unit_is_meant(member, incident)) {
            text_add(reason, "the unit is no longer what is in trouble: ");
            text_add(reason, run->unit);
            return RECOVER_EVENT_REFUSED;
        }
    }
    if (decision.kind == DECIDE_ACT) {
        if (!begun && !incident->reserved) incident_decided(step, incident, &decision);
        return RECOVER_EVENT_ALLOWED;
    }
    decision.rung = run->rung;
    incident_decided(step, incident, &decision);
    say_rule(&decision, reason);
    return run->acted && is_final(&decision) ? RECOVER_EVENT_GONE : RECOVER_EVENT_REFUSED;
}

static void reserve(struct step *step, struct incident *incident) {
    struct engine *engine = step->engine;
    struct member *member = member_of(step, incident);
    const struct recover_run *run = &incident->run;
    if (incident->reserved) return;
    incident->reserved = true;
    incident->past_place = member_past(member, run->rung, step->now.boot);
    if (rung_disrupts_instance(run->rung))
        incident->start_place = fleet_started(engine, step->now.boot);
    breaker_started(&engine->breaker, member->zone, prober(engine, incident));
    row_recovery(step, incident, run, "in_progress");
    notice(step, SEVERITY_WARNING, "recovery.started", member, incident, "Recovery started",
           incident->cause, rung_name(run->rung), "started", incident->why);
    operator_answer(step, incident, 0, "started ", incident->id.text);
}

static void intend(struct step *step, struct incident *incident) {
    reserve(step, incident);
    wall_format_ms(step->now.wall, incident->intent_sort);
    row_intent(step, incident, &incident->run, incident->intent_sort, "open");
    incident->awaited_batch = emit_batch(step);
    incident->awaited_since = step->now.boot;
}

/* A call tried again counts from its last try: that is when it takes effect. */
static void count_again(struct step *step, const struct incident *incident,
                        const struct call *call) {
    if (!call_mutates(call->kind) || incident->run.leg != RECOVER_LEG_FIRST) return;
    struct past_actions *actions = member_actions(member_of(step, incident), incident->run.rung);
    actions->at[incident->past_place] = step->now.boot;
    if (rung_disrupts_instance(incident->run.rung))
        step->engine->starts[incident->start_place] = step->now.boot;
}

static void release(struct step *step, struct incident *incident, enum breaker_probe probe) {
    struct engine *engine = step->engine;
    if (incident->reserved)
        breaker_ended(&engine->breaker, member_of(step, incident)->zone, prober(engine, incident),
                      probe, step->now.boot);
    incident->reserved = false;
    incident->running = false;
    incident->awaited_batch = 0;
}

static void tell_end(struct step *step, struct incident *incident, enum severity severity,
                     const char *title, const char *state) {
    notice(step, severity, "recovery.ended", member_of(step, incident), incident, title,
           incident->cause, rung_name(incident->run.rung), state, incident->run.reason);
}

static void succeeded(struct step *step, struct incident *incident) {
    struct member *member = member_of(step, incident);
    rows_owe(step, incident, &incident->run, true, "success");
    tell_end(step, incident, SEVERITY_INFO, "Recovery succeeded", "success");
    member->success_at = step->now.boot;
    member->success_disruptive = rung_disrupts_instance(incident->run.rung);
    member->recoveries++;
    release(step, incident, BREAKER_PROBE_SUCCESS);
    predicted_acted(step, member);
    incident->request.active = false;
    observe_refresh(step, member);
    incident_close(step, incident, OUTCOME_SUCCESS);
}

static void failed(struct step *step, struct incident *incident) {
    struct member *member = member_of(step, incident);
    rows_owe(step, incident, &incident->run, true, "failed");
    tell_end(step, incident, SEVERITY_ERROR, "Recovery failed", "failed");
    incident->failed[incident->run.rung] = true;
    member->recoveries++;
    release(step, incident, BREAKER_PROBE_FAILURE);
    if (incident->fault == FAULT_PREDICTED) predicted_acted(step, member);
    incident->next_look = step->now.boot;
}

static void refused(struct step *step, struct incident *incident) {
    /* Without a durable intent there is no start row to answer. */
    if (incident->run.stored) rows_owe(step, incident, &incident->run, true, "failed");
    operator_answer(step, incident, 6, incident->run.reason, "");
    release(step, incident, BREAKER_PROBE_NONE);
}

/* No reason to go up the ladder; a lost call keeps everything off until it can land no more. */
static void errored(struct step *step, struct incident *incident) {
    const struct recover_policy *policy = &step->engine->options.recover;
    incident->errors++;
    if (incident->reserved) {
        rows_owe(step, incident, &incident->run, true, "failed");
        tell_end(step, incident, SEVERITY_ERROR, "Recovery could not be carried out", "failed");
    }
    operator_answer(step, incident, 1, incident->run.reason, "");
    int64_t pause = policy->retry_pause.ms * 6 * incident->errors;
    incident->next_look = boot_add(step->now.boot, duration_ms(pause));
    incident->not_before = incident->next_look;
    if (incident->run.dark)
        incident->not_before = boot_add(
            step->now.boot, duration_ms(policy->signature_window.ms + policy->settle_time.ms));
    release(step, incident, BREAKER_PROBE_NONE);
}

static void held(struct step *step, struct incident *incident) {
    rows_owe(step, incident, &incident->run, true, "failed");
    notice(step, SEVERITY_CRITICAL, "recovery.ended", member_of(step, incident), incident,
           "An instance that ear stopped is not running: a person is needed", incident->cause,
           rung_name(incident->run.rung), "failed", incident->run.reason);
    incident->held = incident->asked = true;
    incident->failed[incident->run.rung] = true;
    release(step, incident, BREAKER_PROBE_FAILURE);
}

static void gone(struct step *step, struct incident *incident) {
    if (incident->reserved) {
        rows_owe(step, incident, &incident->run, true, "failed");
        tell_end(step, incident, incident->run.stop_acted ? SEVERITY_CRITICAL : SEVERITY_WARNING,
                 "Recovery ended: the instance is gone or no longer ours to touch", "failed");
    }
    operator_answer(step, incident, 6, incident->run.reason, "");
    release(step, incident, BREAKER_PROBE_NONE);
    incident->request.active = false;
    incident_close(step, incident, OUTCOME_GONE);
}

static void ended(struct step *step, struct incident *incident) {
    struct recover_run *run = &incident->run;
    if (run->acted) incident->acted = true;
    /* The run may have used further numbers; none is ever used again. */
    if (run->attempt > incident->attempts[run->rung]) incident->attempts[run->rung] = run->attempt;
    row_audit(step, "recovery", member_of(step, incident), incident, recover_end_name(run->end),
              rung_name(run->rung), "ear", run->reason);
    switch (run->end) {
    case RECOVER_END_SUCCESS: succeeded(step, incident); break;
    case RECOVER_END_FAILED: failed(step, incident); break;
    case RECOVER_END_REFUSED: refused(step, incident); break;
    case RECOVER_END_ERROR: errored(step, incident); break;
    case RECOVER_END_GONE: gone(step, incident); break;
    case RECOVER_END_HELD: held(step, incident); break;
    case RECOVER_END_NONE:
    case RECOVER_END_COUNT: ASSERT(!"an end"); break;
    }
    /* A person's wish holds for one run. */
    incident->request.active = false;
    if (incident->closed) return;
    if (incident->fault == FAULT_REQUESTED && !incident->held) {
        incident_close(step, incident,
                       run->end == RECOVER_END_REFUSED ? OUTCOME_RESOLVED : OUTCOME_FAILED);
        return;
    }
    incident->unsaved = true;
    member_queue(step->engine, member_of(step, incident));
}

/* What stands in the row when we die must be enough to look at the world again; states in which
 * nothing of ours can be out need no row. */
static bool worth_a_row(enum recover_state state) {
    switch (state) {
    case RECOVER_STORING:
    case RECOVER_RUNNING:
    case RECOVER_STOPPING:
    case RECOVER_PROVING:
    case RECOVER_WATCHING:
    case RECOVER_LOOKING: return true;
    case RECOVER_IDLE:
    case RECOVER_READING:
    case RECOVER_ASKING:
    case RECOVER_CALLING:
    case RECOVER_PAUSING:
    case RECOVER_DARK:
    case RECOVER_ENDED:
    case RECOVER_STATE_COUNT: return false;
    }
    return false;
}

static void say_state(struct step *step, struct incident *incident, enum recover_state before) {
    const struct recover_run *run = &incident->run;
    if (run->state == before) return;
    /* The same look again and again is one wait. */
    bool looking = run->state == RECOVER_LOOKING || run->state == RECOVER_DARK;
    if (looking && (before == RECOVER_LOOKING || before == RECOVER_DARK)) return;
    emit_log(step, EFFECT_LEVEL_INFO, "recovery.state", member_of(step, incident), incident,
             rung_name(run->rung), recover_state_name(before), recover_state_name(run->state),
             run->action.text);
}

/* Runs the effects; answers the event that must follow at once, or KIND_COUNT. */
static enum recover_event_kind carry_out(struct step *step, struct incident *incident,
                                         const struct recover_effects *effects,
                                         const struct recover_run *settled_run,
                                         struct text *reason) {
    enum recover_event_kind next = RECOVER_EVENT_KIND_COUNT;
    for (size_t i = 0; i < effects->count; i++) {
        const struct recover_effect *effect = &effects->effects[i];
        switch (effect->kind) {
        case RECOVER_EFFECT_CALL:
            if (incident->reserved) count_again(step, incident, &effect->call);
            emit_call(step, &effect->call);
            break;
        case RECOVER_EFFECT_ASK: next = ask(step, incident, reason); break;
        case RECOVER_EFFECT_INTEND: intend(step, incident); break;
        case RECOVER_EFFECT_SETTLED:
            rows_owe(step, incident, settled_run, false, effect->note);
            break;
        case RECOVER_EFFECT_ENDED: ended(step, incident); break;
        }
    }
    return next;
}

void drive(struct step *step, struct incident *incident, enum recover_event_kind kind,
           const struct call_result *result, const char *reason) {
    char said[RECOVER_REASON_SIZE];
    enum recover_state before = incident->run.state;
    for (unsigned asks = 0; kind != RECOVER_EVENT_KIND_COUNT && incident->running; asks++) {
        ASSERT(asks < ENGINE_ASKS_MAX);
        struct recover_event event = {
            .kind = kind, .result = result, .reason = reason, .now = step->now};
        subject_evidence(member_of(step, incident), incident, &event.evidence);
        struct recover_effects effects;
        /* What is settled is the action as it was: the step may have gone on to the next. */
        struct recover_run settled_run = incident->run;
        recover_step(&step->engine->options.recover, &incident->run, &event, &effects);
        struct text text = text_over(said, sizeof said);
        kind = carry_out(step, incident, &effects, &settled_run, &text);
        reason = said;
        result = NULL;
    }
    if (!incident->running) return;
    say_state(step, incident, before);
    bool changed = incident->run.state != before && incident->run.state != incident->stored_state;
    if (changed && worth_a_row(incident->run.state)) row_incident(step, incident);
}

void drive_batch_done(struct step *step, struct incident *incident, bool durable) {
    incident->awaited_batch = 0;
    if (!durable) {
        drive(step, incident, RECOVER_EVENT_NOT_DURABLE, NULL, NULL);
        return;
    }
    /* Checked once more between intent and call (R9, F42). */
    char said[RECOVER_REASON_SIZE];
    struct text text = text_over(said, sizeof said);
    enum recover_event_kind answer = ask(step, incident, &text);
    if (answer == RECOVER_EVENT_ALLOWED) answer = RECOVER_EVENT_DURABLE;
    drive(step, incident, answer, NULL, said);
}
