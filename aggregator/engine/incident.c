/* Incidents: opened by trouble, held back or served by what decide says, closed when the trouble is
 * over, the instance is gone, or a rung succeeded. Pure. */
#include <string.h>

#include "aggregator/engine/state.h"

struct incident *incident_find(struct engine *engine, const struct record_id *id) {
    for (uint32_t i = 0; i < engine->incident_count; i++)
        if (engine->incidents[i].used && strcmp(engine->incidents[i].id.text, id->text) == 0)
            return &engine->incidents[i];
    return NULL;
}

static struct incident *new_incident(struct engine *engine) {
    for (uint32_t i = 0; i < ENGINE_INCIDENTS_MAX; i++) {
        struct incident *incident = &engine->incidents[i];
        if (incident->used) continue;
        memset(incident, 0, sizeof *incident);
        incident->used = true;
        if (i >= engine->incident_count) engine->incident_count = i + 1;
        return incident;
    }
    return NULL;
}

static void say_cause(const struct member *member, struct text *text) {
    const struct check_result *failing = member_failing(member);
    text_add(text, fault_class_name(member->fault));
    if (member->fault == FAULT_SERVICE_DOWN && failing != NULL) {
        text_add(text, ": ");
        text_add(text, failing->name);
        text_add(text, " ");
        text_add(text, failing->detail);
    }
    if (member->fault == FAULT_PREDICTED) {
        text_add(text, ": ");
        text_add(text, failure_kind_name(member->prediction.kind));
        text_add(text, " at ");
        text_add_fixed(text, (double)member->prediction.confidence, 2);
        if (member->prediction.reason_count > 0) {
            text_add(text, ", ");
            text_add(text, member->prediction.reasons[0].text);
        }
    }
}

struct incident *incident_open(struct step *step, struct member *member, enum fault_class fault,
                               enum trigger trigger, const char *cause) {
    struct engine *engine = step->engine;
    struct incident *incident = new_incident(engine);
    if (incident == NULL) {
        if (!engine->incidents_full)
            emit_log(step, EFFECT_LEVEL_ERROR, "incidents.full", member, NULL, NULL, NULL, NULL,
                     "no place for another incident: watching only");
        engine->incidents_full = true;
        return NULL;
    }
    incident->id = emit_id(step, "INC-");
    incident->member = member_index(engine, member);
    incident->fault = fault;
    incident->trigger = trigger;
    incident->opened = step->now.wall;
    incident->opened_at = step->now.boot;
    if (fault == FAULT_PREDICTED) incident->prediction = member->prediction_id;
    if (cause != NULL) {
        copy_text(incident->cause, sizeof incident->cause, cause);
    } else {
        struct text text = text_over(incident->cause, sizeof incident->cause);
        say_cause(member, &text);
    }
    member->incident = (uint32_t)(incident - engine->incidents);
    row_audit(step, "incident", member, incident, "opened", "open", "ear", incident->cause);
    emit_log(step, EFFECT_LEVEL_WARNING, "incident.opened", member, incident, NULL, NULL,
             fault_class_name(fault), incident->cause);
    incident->unsaved = true;
    return incident;
}

void incident_close(struct step *step, struct incident *incident, enum outcome outcome) {
    struct engine *engine = step->engine;
    struct member *member = &engine->members[incident->member];
    ASSERT(!incident->running && !incident->closed);
    incident->closed = true;
    incident->outcome = outcome;
    incident->close_batch = emit_batch(step);
    operator_answer(step, incident, 1, "closed before anything was done: ", outcome_name(outcome));
    row_incident(step, incident);
    row_audit(step, "incident", member, incident, "closed", outcome_name(outcome), "ear",
              incident->cause);
    emit_log(step, EFFECT_LEVEL_INFO, "incident.closed", member, incident, NULL, "open",
             outcome_name(outcome), incident->cause);
    if (incident->asked || incident->held)
        notice(step, SEVERITY_INFO, "incident.closed", member, incident, "Incident closed",
               incident->cause, "none", outcome_name(outcome), "");
    member->incident = ENGINE_NONE;
    member->fault_since = step->now.boot;
    member->well_since = (struct boot_time){0};
    member_queue(engine, member);
}

/* Who is told of a decision not to act: of what waits for a person and of dry runs, once a rule;
 * not of a storm (that has its own, one for all) nor of waits that end by themselves. */
static bool worth_a_notice(const struct incident *incident, const struct decide_decision *d) {
    if (strcmp(incident->notified_rule, d->rule) == 0) return false;
    if (d->kind == DECIDE_WAIT || d->kind == DECIDE_ACT) return false;
    return strcmp(d->rule, "breaker_open") != 0 && strcmp(d->rule, "stale_evidence") != 0;
}

static void tell(struct step *step, struct incident *incident, const struct decide_decision *d) {
    const struct member *member = &step->engine->members[incident->member];
    if (!worth_a_notice(incident, d)) return;
    copy_text(incident->notified_rule, sizeof incident->notified_rule, d->rule);
    bool dry = strcmp(d->rule, "dry_run") == 0;
    bool person = d->kind == DECIDE_ASK;
    char result[160];
    struct text text = text_over(result, sizeof result);
    text_add(&text, d->rule);
    text_add(&text, ": ");
    text_add(&text, d->text);
    notice(step, person ? SEVERITY_ERROR : SEVERITY_WARNING,
           person ? "recovery.waiting" : "recovery.refused", member, incident,
           person ? "A person is needed"
           : dry  ? "Dry run: recovery would act"
                  : "Recovery held back by a rule",
           incident->cause, rung_name(d->rung),
           dry      ? "would_act"
           : person ? "waits"
                    : "refused",
           result);
}

void incident_decided(struct step *step, struct incident *incident,
                      const struct decide_decision *decision) {
    const struct member *member = &step->engine->members[incident->member];
    copy_text(incident->why, sizeof incident->why, decision->text);
    incident->until = decision->until;
    bool same =
        strcmp(incident->rule, decision->rule) == 0 && incident->decided_rung == decision->rung;
    incident->decided_rung = decision->rung;
    if (same && decision->kind != DECIDE_ACT) return;
    char old_rule[sizeof incident->rule];
    memcpy(old_rule, incident->rule, sizeof old_rule);
    copy_text(incident->rule, sizeof incident->rule, decision->rule);
    if (decision->kind == DECIDE_ASK) incident->asked = true;
    char what[2 * DECIDE_TEXT_SIZE];
    struct text text = text_over(what, sizeof what);
    text_add(&text, decision->text);
    if (decision->skipped[0] != '\0') {
        text_add(&text, " | passed over: ");
        text_add(&text, decision->skipped);
    }
    row_audit(step, "decision", member, incident, decision->rule, decide_kind_name(decision->kind),
              incident->request.active ? incident->request.actor : "ear", what);
    emit_log(step, EFFECT_LEVEL_INFO, "decision", member, incident, decision->rule, old_rule,
             decide_kind_name(decision->kind), what);
    tell(step, incident, decision);
    incident->rule_batch = emit_batch(step);
    incident->unsaved = true;
}

static void look_again(struct incident *incident, const struct decide_decision *decision,
                       struct now now) {
    struct boot_time next = boot_add(now.boot, duration_ms(ENGINE_RECHECK_MS));
    if (decision->kind == DECIDE_WAIT && decision->until.ms > now.boot.ms &&
        decision->until.ms < next.ms)
        next = decision->until;
    incident->next_look = next;
}

/* Fresh EC2 checks are the second signal: read them now rather than at the next interval. */
static void ask_for_checks(struct step *step, const struct member *member) {
    struct engine *engine = step->engine;
    bool wanted = member->fault == FAULT_AGENT_SILENT || member->fault == FAULT_INSTANCE_CHECK ||
                  member->fault == FAULT_SYSTEM_CHECK;
    bool lately =
        engine->polled_at.ms != 0 && step->now.boot.ms - engine->polled_at.ms < ENGINE_POLL_GAP_MS;
    if (!wanted || lately) return;
    engine->polled_at = step->now.boot;
    emit_effect(step, EFFECT_POLL);
}

/* The worse trouble rules; what was tried stays tried. */
static void follow_fault(struct step *step, struct incident *incident,
                         const struct member *member) {
    if (member->fault == FAULT_NONE || incident->fault == FAULT_REQUESTED ||
        member->fault == incident->fault)
        return;
    emit_log(step, EFFECT_LEVEL_WARNING, "incident.fault", member, incident, NULL,
             fault_class_name(incident->fault), fault_class_name(member->fault), "");
    incident->fault = member->fault;
    incident->trigger = member->fault == FAULT_PREDICTED ? TRIGGER_PREDICTION : TRIGGER_HEALTH;
    if (member->fault == FAULT_PREDICTED) incident->prediction = member->prediction_id;
    struct text text = text_over(incident->cause, sizeof incident->cause);
    say_cause(member, &text);
    incident->unsaved = true;
}

/* Whether what would show this trouble can be seen at all: after a start nothing is known yet, and
 * not to know is not to be well. */
static bool can_tell(const struct incident *incident, const struct member *member) {
    if (!member->listed) return false;
    switch (incident->fault) {
    case FAULT_SERVICE_DOWN:
    case FAULT_AGENT_SILENT:
        return member->link == AGENT_SPEAKING || member->link == AGENT_LEFT ||
               member->facts.state != INSTANCE_RUNNING;
    case FAULT_INSTANCE_CHECK:
    case FAULT_SYSTEM_CHECK: return member->status_at.ms != 0;
    case FAULT_PREDICTED: return member->prediction_at.ms != 0;
    case FAULT_REQUESTED:
    case FAULT_NONE:
    case FAULT_COUNT: return true;
    }
    return true;
}

static bool over(const struct step *step, const struct incident *incident,
                 const struct member *member) {
    if (member->fault != FAULT_NONE || incident->held || incident->request.active) return false;
    if (!can_tell(incident, member)) return false;
    /* A prediction that closed is over at once; health must hold for a while. */
    if (incident->fault == FAULT_PREDICTED || incident->fault == FAULT_REQUESTED) return true;
    return member->well_since.ms != 0 && step->now.boot.ms - member->well_since.ms >=
                                             step->engine->options.recover.healthy_time.ms;
}

static bool left_us(const struct member *member) {
    return member->gone || (member->listed && !member->facts.opted_in);
}

/* A wish is done now or not at all: nobody expects it minutes later. */
static void refuse_wish(struct step *step, struct incident *incident, bool early) {
    if (!incident->request.active) return;
    char what[DECIDE_TEXT_SIZE], when[CLOCK_RFC3339_SIZE];
    struct text text = text_over(what, sizeof what);
    if (early) {
        struct duration left = boot_since(incident->not_before, step->now.boot);
        text_add(&text, "wait until ");
        text_add(&text, wall_format(wall_add(step->now.wall, left), when));
        text_add(&text, ": the action before failed, or may still take effect");
    } else {
        text_add(&text, "wait until the end of the action before is stored");
    }
    row_audit(step, "operator", &step->engine->members[incident->member], incident, "action_open",
              "refuse", incident->request.actor, what);
    operator_answer(step, incident, 6, "action_open", what);
    incident->request.active = false;
    /* One opened for the wish alone has nothing left to do. */
    member_queue(step->engine, &step->engine->members[incident->member]);
}

void incident_evaluate(struct step *step, struct incident *incident) {
    struct engine *engine = step->engine;
    struct member *member = &engine->members[incident->member];
    if (incident->closed) return;
    if (left_us(member) && !incident->running) {
        incident_close(step, incident, OUTCOME_GONE);
        return;
    }
    if (incident->resume) {
        incident->resume = false;
        drive(step, incident, RECOVER_EVENT_RESTORED, NULL, NULL);
        return;
    }
    if (incident->running) {
        drive(step, incident, member->gone ? RECOVER_EVENT_GONE : RECOVER_EVENT_TICK, NULL, NULL);
        return;
    }
    follow_fault(step, incident, member);
    if (over(step, incident, member)) {
        incident_close(step, incident,
                       incident->acted && incident->fault == FAULT_REQUESTED ? OUTCOME_FAILED
                                                                             : OUTCOME_RESOLVED);
        return;
    }
    incident->next_look = boot_add(step->now.boot, duration_ms(ENGINE_RECHECK_MS));
    /* A person may try what the ladder may not. */
    bool wished = incident->request.active;
    if (!wished && (incident->held || member->fault == FAULT_NONE)) return;
    bool early = incident->not_before.ms > step->now.boot.ms;
    if (early || fleet_member_owes(engine, member)) {
        refuse_wish(step, incident, early);
        return;
    }
    ask_for_checks(step, member);
    struct decide_fleet fleet;
    struct decide_case subject;
    struct decide_decision decision;
    fleet_view(engine, member, step->now, &fleet);
    subject_case(engine, member, incident, step->now, &subject);
    subject.will_read = true;
    decide(&engine->options.decide, &fleet, &subject, step->now, &decision);
    look_again(incident, &decision, step->now);
    if (decision.kind == DECIDE_ACT) {
        drive_begin(step, incident, decision.rung);
        return;
    }
    incident_decided(step, incident, &decision);
    operator_answer(step, incident, 6, decision.rule, decision.text);
    if (incident->request.active) incident->request.active = false;
}

/* Silence alone only raises the question, and that after it has lasted (R8). */
static bool worth_an_incident(const struct step *step, const struct member *member) {
    if (member->fault == FAULT_NONE || member->gone) return false;
    if (fleet_scope_open(step->engine, member)) return false;
    if (member->fault != FAULT_AGENT_SILENT) return true;
    return step->now.boot.ms - member->fault_since.ms >=
           step->engine->options.decide.confirm_time.ms;
}

void incident_save(struct step *step, struct incident *incident) {
    if (!step->engine->store_usable || incident->closed) return;
    rows_pay(step, incident);
    if (incident->unsaved) row_incident(step, incident);
}

void incident_consider(struct step *step, struct member *member) {
    struct incident *incident = member_incident(step->engine, member);
    if (incident == NULL && worth_an_incident(step, member))
        incident = incident_open(
            step, member, member->fault,
            member->fault == FAULT_PREDICTED ? TRIGGER_PREDICTION : TRIGGER_HEALTH, NULL);
    if (incident == NULL) return;
    incident_evaluate(step, incident);
    incident_save(step, incident);
}

/* Its audit row and its notification were lost: the next look writes them again. */
static void forget_rule(struct incident *incident) {
    if (strcmp(incident->notified_rule, incident->rule) == 0) incident->notified_rule[0] = '\0';
    incident->rule[0] = '\0';
}

void incident_batch_done(struct step *step, uint64_t batch, enum status status) {
    struct engine *engine = step->engine;
    for (uint32_t i = 0; i < engine->incident_count; i++) {
        struct incident *incident = &engine->incidents[i];
        if (!incident->used) continue;
        bool owed = rows_owed(incident);
        bool owes = rows_batch_done(incident, batch, status == STATUS_OK);
        if (owed && !owes) {
            struct member *member = &engine->members[incident->member];
            if (member->incident != ENGINE_NONE)
                engine->incidents[member->incident].next_look = step->now.boot;
            member_queue(engine, member);
        }
        if (incident->closed) {
            if (incident->close_batch == batch)
                incident->close_batch = status == STATUS_OK ? ENGINE_SAVED : 0;
            if (incident->close_batch == ENGINE_SAVED && !owes) {
                incident->used = false;
                engine->incidents_full = false;
            }
            continue;
        }
        if (status != STATUS_OK) {
            incident->unsaved = true;
            if (incident->rule_batch == batch) forget_rule(incident);
        }
        if (incident->running && incident->awaited_batch == batch)
            drive_batch_done(step, incident, status == STATUS_OK);
    }
    while (engine->incident_count > 0 && !engine->incidents[engine->incident_count - 1].used)
        engine->incident_count--;
}
