/* What people ask over the control socket: pre-flight and recovery, pause, resume, acknowledge.
 * Exit codes are INTERFACES 2.3's. Pure. */
#include <string.h>

#include "aggregator/engine/state.h"

#define EXIT_OK      0
#define EXIT_FAILED  1
#define EXIT_USAGE   2
#define EXIT_UNKNOWN 5
#define EXIT_REFUSED 6

/* What would lift a rule, in a person's hands; NULL = nothing but time or a change of the world. */
static const char *lifted_by(const char *rule) {
    static const struct {
        const char *rule, *by;
    } table[] = {
        {"paused", "earctl resume"},
        {"recovery_disabled", "RECOVERY_ENABLED=true"},
        {"dry_run", "dry_run = false in the configuration"},
        {"not_opted_in", "tag the instance AutoRecovery=enabled"},
        {"flag_off", "the instance's row in instance-config"},
        {"budget_hour", "max_disruptive_per_hour_count, or wait"},
        {"budget_concurrent", "max_disruptive_concurrent_count, or wait"},
        {"breaker_open", "breaker_count, or wait for the cool-down"},
        {"daily_limit", "earctl recoveries ack"},
        {"no_rung_fits", "name the unit"},
        {"calls_fail", "earctl recoveries ack, once the rights are right"},
        {"public_ip_changes", "use an Elastic IP, or set public_ip_may_change"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(table); i++)
        if (strcmp(table[i].rule, rule) == 0) return table[i].by;
    return NULL;
}

void operator_answer(struct step *step, struct incident *incident, int exit_code, const char *first,
                     const char *second) {
    if (!incident->request.active || incident->request.token == 0) return;
    char what[1024];
    struct text text = text_over(what, sizeof what);
    if (exit_code == EXIT_REFUSED) text_add(&text, "refused: ");
    text_add(&text, first);
    if (exit_code == EXIT_REFUSED && second[0] != '\0') text_add(&text, ": ");
    text_add(&text, second);
    text_add(&text, "\n");
    const char *by = exit_code == EXIT_REFUSED ? lifted_by(first) : NULL;
    if (by != NULL) {
        text_add(&text, "override: ");
        text_add(&text, by);
        text_add(&text, "\n");
    }
    emit_reply(step, incident->request.token, exit_code, what);
    incident->request.token = 0;
}

static void add_would(struct text *text, const struct member *member, enum rung rung,
                      const char *unit) {
    text_add(text, "  would   ");
    switch (rung) {
    case RUNG_RESTART_SERVICE:
        text_add(text, "restart ");
        text_add(text, unit);
        text_add(text, " on ");
        break;
    case RUNG_REBOOT: text_add(text, "reboot "); break;
    case RUNG_STOP_START: text_add(text, "stop and start "); break;
    case RUNG_NONE:
    case RUNG_COUNT: text_add(text, "do nothing to "); break;
    }
    text_add(text, member->id.text);
    if (member->facts.name[0] != '\0') {
        text_add(text, " (");
        text_add(text, member->facts.name);
        text_add(text, ")");
    }
    text_add(text, "\n");
}

static void add_calls(struct text *text, enum rung rung) {
    text_add(text, "  calls   ec2:DescribeInstances");
    switch (rung) {
    case RUNG_RESTART_SERVICE: text_add(text, ", ssm:SendCommand"); break;
    case RUNG_REBOOT: text_add(text, ", ec2:RebootInstances"); break;
    case RUNG_STOP_START: text_add(text, ", ec2:StopInstances, ec2:StartInstances"); break;
    case RUNG_NONE:
    case RUNG_COUNT: break;
    }
    text_add(text, "\n");
}

static const char *verdict_word(enum decide_kind kind) {
    switch (kind) {
    case DECIDE_ACT: return "ok";
    case DECIDE_WAIT: return "WAIT";
    case DECIDE_REFUSE:
    case DECIDE_ASK: return "FAIL";
    }
    return "FAIL";
}

/* Returns the first rule that objects, or NULL. */
static const char *add_checks(struct text *text, const struct decide_checks *checks) {
    const char *objects = NULL;
    for (size_t i = 0; i < checks->count; i++) {
        const struct decide_check *check = &checks->checks[i];
        text_add(text, i == 0 ? "  checks  " : "          ");
        text_add(text, verdict_word(check->kind));
        text_add(text, " ");
        text_add(text, check->rule);
        /* What is fine needs no numbers: the answer is bounded. */
        if (check->kind != DECIDE_ACT || text->length < 1200) {
            text_add(text, ": ");
            text_add(text, check->text);
        }
        text_add(text, "\n");
        if (check->kind != DECIDE_ACT && objects == NULL) objects = check->rule;
    }
    return objects;
}

static void preflight(struct step *step, const struct event_operator *request,
                      struct member *member) {
    struct engine *engine = step->engine;
    struct decide_fleet fleet;
    struct decide_case subject;
    struct decide_checks checks;
    fleet_view(engine, member, step->now, &fleet);
    subject_case(engine, member, member_incident(engine, member), step->now, &subject);
    subject.trigger = TRIGGER_OPERATOR;
    subject.fault = FAULT_REQUESTED;
    subject.requested = request->rung;
    subject.will_read = true;
    if (request->unit[0] != '\0') subject.unit = request->unit;
    decide_all(&engine->options.decide, &fleet, &subject, step->now, &checks);
    char what[2048];
    struct text text = text_over(what, sizeof what);
    text_add(&text, "DRY RUN (give --reason to do it)\n");
    add_would(&text, member, request->rung, subject.unit);
    add_calls(&text, request->rung);
    const char *objects = add_checks(&text, &checks);
    const char *by = objects == NULL ? NULL : lifted_by(objects);
    if (by != NULL) {
        text_add(&text, "override: ");
        text_add(&text, by);
        text_add(&text, "\n");
    }
    emit_reply(step, request->token, objects == NULL ? EXIT_OK : EXIT_REFUSED, what);
}

static void recover_now(struct step *step, const struct event_operator *request,
                        struct member *member) {
    struct engine *engine = step->engine;
    struct incident *incident = member_incident(engine, member);
    if (incident != NULL && (incident->running || incident->request.active)) {
        emit_reply(step, request->token, EXIT_REFUSED,
                   "refused: action_open: an action on this instance is under way\n");
        return;
    }
    if (incident == NULL)
        incident = incident_open(step, member, FAULT_REQUESTED, TRIGGER_OPERATOR, request->reason);
    if (incident == NULL) {
        emit_reply(step, request->token, EXIT_REFUSED, "refused: no place for an incident\n");
        return;
    }
    struct request *wish = &incident->request;
    *wish = (struct request){.active = true, .rung = request->rung, .token = request->token};
    copy_text(wish->actor, sizeof wish->actor, request->actor);
    copy_text(wish->reason, sizeof wish->reason, request->reason);
    const struct check_result *failing = member_failing(member);
    if (request->rung == RUNG_RESTART_SERVICE)
        copy_text(wish->unit, sizeof wish->unit,
                  request->unit[0] != '\0' ? request->unit
                  : failing != NULL        ? failing->unit
                                           : "");
    row_audit(step, "operator", member, incident, "recover", rung_name(request->rung),
              request->actor, request->reason);
    incident_evaluate(step, incident);
    incident_save(step, incident);
}

static void recover_verb(struct step *step, const struct event *event) {
    const struct event_operator *request = &event->operator;
    struct member *member = member_find(step->engine, &event->instance);
    if (member == NULL) {
        emit_reply(step, request->token, EXIT_UNKNOWN, "no such instance\n");
        return;
    }
    if (request->rung <= RUNG_NONE || request->rung >= RUNG_COUNT) {
        emit_reply(step, request->token, EXIT_USAGE, "no such action\n");
        return;
    }
    if (request->reason[0] == '\0')
        preflight(step, request, member);
    else
        recover_now(step, request, member);
}

/* `tell`: people are notified of it now. */
static void tell_pause(struct step *step, const struct event_operator *request, bool paused,
                       bool tell) {
    struct engine *engine = step->engine;
    row_pause(step);
    row_audit(step, "pause", NULL, NULL, "paused", paused ? "refuse" : "act", request->actor,
              paused ? engine->pause.reason : "resumed");
    emit_log(step, EFFECT_LEVEL_WARNING, paused ? "pause.started" : "pause.ended", NULL, NULL,
             "paused", paused ? "running" : "paused", paused ? "paused" : "running",
             paused ? engine->pause.reason : request->actor);
    if (!tell) return;
    notice(step, SEVERITY_WARNING, "pause.changed", NULL, NULL,
           paused ? "Recovery is paused" : "Recovery runs again",
           paused ? engine->pause.reason : request->actor, "none", paused ? "started" : "ended",
           "");
}

static void pause_verb(struct step *step, const struct event_operator *request) {
    struct pause_state *pause = &step->engine->pause;
    pause->operator= true;
    pause->resume_batch = 0;
    pause->since = step->now.wall;
    pause->until = request->pause_for.ms > 0 ? boot_add(step->now.boot, request->pause_for)
                                             : (struct boot_time){0};
    char since[CLOCK_RFC3339_SIZE];
    struct text text = text_over(pause->reason, sizeof pause->reason);
    text_add(&text, "by ");
    text_add(&text, request->actor);
    text_add(&text, " since ");
    text_add(&text, wall_format(step->now.wall, since));
    if (request->reason[0] != '\0') {
        text_add(&text, ": ");
        text_add(&text, request->reason);
    }
    /* The file holds where the store is lost. */
    if (!pause->file) pause->file_ours = true;
    struct effect *file = emit_effect(step, EFFECT_PAUSE_FILE);
    file->present = true;
    copy_text(file->reason, sizeof file->reason, pause->reason);
    tell_pause(step, request, true, true);
    emit_reply(step, request->token, EXIT_OK, "paused\n");
}

static void resume_verb(struct step *step, const struct event_operator *request) {
    struct engine *engine = step->engine;
    struct pause_state *pause = &engine->pause;
    /* Nothing is lifted before it is durable, and the file only by its being seen gone: a resume
     * that failed, or a file that cannot be removed, leaves everything paused (R17). */
    pause->resume_batch = emit_batch(step);
    bool file = pause->file || pause->file_unreadable;
    bool enabled = engine->options.decide.recovery_enabled;
    emit_effect(step, EFFECT_PAUSE_FILE)->present = false;
    emit_effect(step, EFFECT_POLL); /* look at the file at once */
    tell_pause(step, request, false, !file);
    emit_reply(step, request->token, enabled ? EXIT_OK : EXIT_REFUSED,
               !enabled ? "still paused: RECOVERY_ENABLED=false\n"
               : file   ? "resumed, as soon as the pause file is seen gone\n"
                        : "resumed\n");
}

static void acknowledge_verb(struct step *step, const struct event_operator *request) {
    struct engine *engine = step->engine;
    struct incident *incident = incident_find(engine, &request->record);
    if (incident == NULL || incident->closed) {
        emit_reply(step, request->token, EXIT_UNKNOWN, "no such open recovery\n");
        return;
    }
    if (incident->running) {
        emit_reply(step, request->token, EXIT_REFUSED,
                   "refused: action_open: wait for the action's end\n");
        return;
    }
    struct member *member = &engine->members[incident->member];
    incident->acknowledged = true;
    incident->held = incident->asked = false;
    incident->errors = 0;
    memset(incident->failed, 0, sizeof incident->failed);
    incident->notified_rule[0] = incident->rule[0] = '\0';
    member->acknowledged = true;
    member->acknowledged_at = step->now.boot;
    row_acknowledged(step, member);
    row_incident(step, incident);
    row_audit(step, "operator", member, incident, "acknowledge", "act", request->actor,
              request->reason);
    emit_log(step, EFFECT_LEVEL_INFO, "incident.acknowledged", member, incident, NULL, "waiting",
             "open", request->actor);
    member_queue(engine, member);
    emit_reply(step, request->token, EXIT_OK, "acknowledged: the ladder may begin again\n");
}

void operate(struct step *step, const struct event *event) {
    switch (event->operator.verb) {
    case OPERATOR_SNAPSHOT: emit_reply(step, event->operator.token, EXIT_OK, ""); break;
    case OPERATOR_RECOVER: recover_verb(step, event); break;
    case OPERATOR_PAUSE: pause_verb(step, &event->operator); break;
    case OPERATOR_RESUME: resume_verb(step, &event->operator); break;
    case OPERATOR_ACKNOWLEDGE: acknowledge_verb(step, &event->operator); break;
    case OPERATOR_VERB_COUNT:
        emit_reply(step, event->operator.token, EXIT_FAILED, "unknown command\n");
        break;
    }
    fleet_update(step);
}
