/* Turns what the engine knows of an instance into what decide and recover ask for. Pure. */
#include <string.h>

#include "aggregator/engine/state.h"

/* A prediction names its service through the reason that stands for one. */
const char *subject_service(const struct member *member) {
    const struct prediction *prediction = &member->prediction;
    for (size_t i = 0; i < prediction->reason_count && i < PREDICTION_REASONS_MAX; i++) {
        const struct prediction_reason *reason = &prediction->reasons[i];
        if ((unsigned)reason->metric >= METRIC_COUNT || reason->member[0] == '\0') continue;
        if (strlen(reason->member) >= UNIT_NAME_SIZE) continue;
        if (metric_row(reason->metric)->member == METRIC_MEMBER_SERVICE) return reason->member;
    }
    return "";
}

static struct duration since(struct boot_time at, struct now now) {
    return at.ms == 0 ? duration_ms(-1) : boot_since(now.boot, at);
}

static uint32_t restarts_recent(const struct engine *engine, const struct member *member,
                                struct now now) {
    int64_t oldest = now.boot.ms - engine->options.decide.service_restarts_window.ms;
    uint32_t count = 0;
    for (size_t i = 0; i < MEMBER_PAST_MAX; i++) {
        struct boot_time at = member->restarts.at[i];
        if (at.ms != 0 && at.ms > oldest) count++;
    }
    return count;
}

uint32_t subject_disruptive_recent(const struct engine *engine, const struct member *member,
                                   struct now now) {
    int64_t oldest = now.boot.ms - engine->options.decide.flap_window.ms;
    uint32_t count = 0;
    for (size_t i = 0; i < MEMBER_PAST_MAX; i++) {
        struct boot_time at = member->disruptions.at[i];
        if (at.ms == 0 || at.ms <= oldest) continue;
        if (member->acknowledged && at.ms <= member->acknowledged_at.ms) continue;
        count++;
    }
    return count;
}

static void add_request(const struct incident *incident, struct decide_case *out) {
    out->trigger = TRIGGER_OPERATOR;
    out->fault = FAULT_REQUESTED;
    out->requested = incident->request.rung;
    if (incident->request.unit[0] != '\0') out->unit = incident->request.unit;
}

void subject_case(const struct engine *engine, const struct member *member,
                  const struct incident *incident, struct now now, struct decide_case *out) {
    const struct check_result *failing = member_failing(member);
    *out = (struct decide_case){
        .facts = member->listed ? &member->facts : NULL,
        .facts_age = since(member->facts_at, now),
        .checks = member->status_at.ms != 0 ? &member->status : NULL,
        .checks_age = since(member->status_at, now),
        .flags = member->flags,
        .trigger = member->fault == FAULT_PREDICTED ? TRIGGER_PREDICTION : TRIGGER_HEALTH,
        .fault = member->fault,
        .agent_known = member->link != AGENT_NEVER,
        .agent_speaking = member->link == AGENT_SPEAKING,
        .agent_silent = member->link == AGENT_SILENT,
        .silent_for = since(member->link_since, now),
        .boot_known = member->boot.text[0] != '\0',
        .service_failing = failing != NULL,
        .unit = failing != NULL ? failing->unit : "",
        .predicted = member->hysteresis.open,
        .confidence = member->prediction.confidence,
        .prediction_age = since(member->prediction_at, now),
        .kind = member->prediction.kind,
        .service = subject_service(member),
        .symptom_for = since(member->fault_since, now),
        .impaired_for = since(member->system_since, now),
        .restarts_recent = restarts_recent(engine, member, now),
        .disruptive_recent = subject_disruptive_recent(engine, member, now),
        .since_success = since(member->success_at, now),
        .success_disruptive = member->success_disruptive,
    };
    if (incident == NULL) return;
    memcpy(out->failed, incident->failed, sizeof out->failed);
    out->errors = incident->errors;
    out->own_stop = incident->running && incident->run.stop_acted;
    if (incident->request.active) add_request(incident, out);
}

/* Of the unit that we restart because its check failed, a passing check is asked for; of others
 * only a failure counts: some may still be in their grace. */
static bool service_ok(const struct member *member, const struct incident *incident) {
    const char *unit = incident->run.unit;
    bool known = incident->fault != FAULT_SERVICE_DOWN || unit[0] == '\0';
    bool passes = true;
    for (size_t i = 0; i < member->check_count; i++) {
        const struct check_result *check = &member->checks[i];
        bool ours = unit[0] != '\0' && strcmp(check->unit, unit) == 0;
        if (ours) known = true;
        if (ours ? check->state != CHECK_PASSING : check->state == CHECK_FAILING) passes = false;
    }
    return known && passes;
}

void subject_evidence(const struct member *member, const struct incident *incident,
                      struct recover_evidence *out) {
    struct boot_time called = incident->run.called_at;
    bool after = member->status_at.ms != 0 && member->status_at.ms > called.ms;
    *out = (struct recover_evidence){
        .state = member->listed ? member->facts.state : INSTANCE_STATE_UNKNOWN,
        .launch_time = member->facts.launch_time,
        .facts_after_call = member->facts_at.ms != 0 && member->facts_at.ms > called.ms,
        .checks_ok = after && member->status.system == CHECK_STATUS_OK &&
                     member->status.instance == CHECK_STATUS_OK,
        .agent_speaking = member->link == AGENT_SPEAKING,
        .boot = member->boot,
        .service_ok = service_ok(member, incident),
    };
}
