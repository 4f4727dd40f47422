/* The rows of the tables as JSON, with SPEC's attribute names where SPEC has them. Pure. restore.c
 * reads incidents, intents and meta back: change both together. */
#include <string.h>

#include "aggregator/engine/state.h"
#include "aggregator/recover/recover.h"

#define PREDICTION_TTL_S ((int64_t)30 * 24 * 60 * 60) /* SPEC 22 */

static void add_time(struct json_writer *json, const char *key, struct wall_time at) {
    char text[CLOCK_RFC3339_SIZE];
    json_string(json, key, at.ms == 0 ? "" : wall_format_ms(at, text));
}

static void add_run(struct json_writer *json, const struct recover_run *run) {
    json_open_object(json, "run");
    json_string(json, "rung", rung_name(run->rung));
    json_string(json, "state", recover_state_name(run->state));
    json_string(json, "leg", recover_leg_name(run->leg));
    json_string(json, "action", run->action.text);
    json_integer(json, "base", run->base);
    json_integer(json, "attempt", run->attempt);
    json_integer(json, "renewals", run->renewals);
    json_bool(json, "stored", run->stored);
    json_bool(json, "dark", run->dark);
    json_bool(json, "acted", run->acted);
    json_bool(json, "stop_acted", run->stop_acted);
    json_string(json, "unit", run->unit);
    json_string(json, "command_id", run->command_id);
    json_string(json, "boot_before", run->boot_before.text);
    add_time(json, "launch_before", run->launch_before);
    add_time(json, "since", run->since);
    json_close_object(json);
}

static void add_ladder(struct json_writer *json, const struct incident *incident) {
    json_open_object(json, "ladder");
    for (enum rung rung = RUNG_RESTART_SERVICE; rung < RUNG_COUNT; rung++) {
        json_open_object(json, rung_name(rung));
        json_integer(json, "attempts", incident->attempts[rung]);
        json_bool(json, "failed", incident->failed[rung]);
        json_close_object(json);
    }
    json_close_object(json);
}

/* By the wall clock, for a start after this one. */
static struct wall_time not_before(const struct step *step, const struct incident *incident) {
    if (incident->not_before.ms <= step->now.boot.ms) return (struct wall_time){0};
    return wall_add(step->now.wall, boot_since(incident->not_before, step->now.boot));
}

void row_incident(struct step *step, struct incident *incident) {
    const struct member *member = &step->engine->members[incident->member];
    struct item item;
    item_begin(step, &item);
    struct json_writer *json = &item.json;
    json_open_object(json, NULL);
    json_string(json, "incident_id", incident->id.text);
    json_string(json, "instance_id", member->id.text);
    json_string(json, "fault", fault_class_name(incident->fault));
    json_string(json, "trigger", trigger_name(incident->trigger));
    add_time(json, "opened", incident->opened);
    add_time(json, "changed", step->now.wall);
    json_string(json, "outcome", outcome_name(incident->outcome));
    json_bool(json, "open", !incident->closed);
    json_string(json, "prediction_id", incident->prediction.text);
    json_string(json, "cause", incident->cause);
    json_string(json, "rule", incident->rule);
    json_string(json, "why", incident->why);
    json_bool(json, "running", incident->running);
    json_bool(json, "acted", incident->acted);
    json_bool(json, "held", incident->held);
    json_bool(json, "asked", incident->asked);
    json_bool(json, "acknowledged", incident->acknowledged);
    json_string(json, "started", incident->started_sort);
    json_string(json, "intent", incident->intent_sort);
    json_string(json, "actor", incident->actor);
    json_integer(json, "errors", incident->errors);
    add_time(json, "not_before", not_before(step, incident));
    add_ladder(json, incident);
    if (incident->running) add_run(json, &incident->run);
    json_close_object(json);
    /* Open ones lie under a sort key of their own, so that a start reads no others. */
    item_put(step, &item, RECORD_PUT, RECORD_INCIDENTS, incident->id.text,
             incident->closed ? "closed" : "open");
    if (incident->closed) emit_delete(step, RECORD_INCIDENTS, incident->id.text, "open");
    incident->stored_state = incident->running ? incident->run.state : RECOVER_IDLE;
    incident->unsaved = false;
}

/* The intent's key holds its time; this one lets an action id be used once, whenever that is. */
static void claim(struct step *step, const struct recover_run *run) {
    struct item item;
    item_begin(step, &item);
    json_open_object(&item.json, NULL);
    json_string(&item.json, "action_id", run->action.text);
    add_time(&item.json, "claimed", step->now.wall);
    json_close_object(&item.json);
    char key[RECORD_KEY_SIZE];
    struct text text = text_over(key, sizeof key);
    text_add(&text, "claim/");
    text_add(&text, run->action.text);
    ASSERT(!text.truncated);
    item_put(step, &item, RECORD_PUT_NEW, RECORD_META, key, "");
}

void row_intent(struct step *step, const struct incident *incident, const struct recover_run *run,
                const char *sort, const char *status) {
    const struct engine *engine = step->engine;
    bool is_new = strcmp(status, "open") == 0;
    enum call_kind kind = recover_call_kind(run);
    struct item item;
    item_begin(step, &item);
    struct json_writer *json = &item.json;
    json_open_object(json, NULL);
    json_string(json, "action_id", run->action.text);
    json_string(json, "incident_id", incident->id.text);
    json_string(json, "instance_id", run->instance.text);
    json_string(json, "rung", rung_name(run->rung));
    json_string(json, "leg", recover_leg_name(run->leg));
    json_string(json, "call", call_kind_name(kind));
    json_string(json, "operation", call_operation(kind));
    json_string(json, "status", status);
    json_string(json, "timestamp", sort);
    if (!is_new) add_time(json, "settled", step->now.wall);
    json_integer(json, "epoch", (int64_t)engine->options.epoch);
    json_string(json, "unit", run->unit);
    json_string(json, "boot_before", run->boot_before.text);
    add_time(json, "launch_before", run->launch_before);
    json_integer(json, "deadline_ms", engine->options.recover.call_deadline.ms);
    json_string(json, "evidence", incident->why);
    json_close_object(json);
    item_put(step, &item, is_new ? RECORD_PUT_NEW : RECORD_PUT, RECORD_INTENTS, run->action.text,
             sort);
    if (is_new) claim(step, run);
}

static const char *event_type(const struct incident *incident) {
    switch (incident->fault) {
    case FAULT_PREDICTED: return "predictive";
    case FAULT_SERVICE_DOWN: return "app_failure";
    case FAULT_REQUESTED: return "manual";
    case FAULT_NONE:
    case FAULT_AGENT_SILENT:
    case FAULT_INSTANCE_CHECK:
    case FAULT_SYSTEM_CHECK:
    case FAULT_COUNT: return "health_check";
    }
    return "health_check";
}

static void add_metadata(struct json_writer *json, const struct incident *incident,
                         const struct recover_run *run, const struct member *member) {
    json_open_object(json, "metadata");
    json_string(json, "fault", fault_class_name(incident->fault));
    json_string(json, "cause", incident->cause);
    json_string(json, "unit", run->unit);
    json_string(json, "command_id", run->command_id);
    json_string(json, "action_id", run->action.text);
    json_string(json, "boot_before", run->boot_before.text);
    json_string(json, "boot_after", member->boot.text);
    add_time(json, "launch_before", run->launch_before);
    add_time(json, "launch_after", member->facts.launch_time);
    json_string(json, "prediction_id", incident->prediction.text);
    json_string(json, "result", run->reason);
    json_close_object(json);
}

/* Rows of one instance never share a key, even within one millisecond, after a clock step back or a
 * restart: the rows stay in the order in which things happened. */
static struct wall_time next_sort(struct step *step, struct member *member) {
    int64_t ms = step->now.wall.ms;
    if (ms <= member->last_event_ms) ms = member->last_event_ms + 1;
    member->last_event_ms = ms;
    return (struct wall_time){ms};
}

void row_recovery(struct step *step, struct incident *incident, const struct recover_run *run,
                  const char *status) {
    struct member *member = &step->engine->members[incident->member];
    bool start = strcmp(status, "in_progress") == 0;
    char sort[CLOCK_RFC3339_SIZE];
    wall_format_ms(next_sort(step, member), sort);
    if (start) {
        memcpy(incident->started_sort, sort, sizeof sort);
        copy_text(incident->actor, sizeof incident->actor,
                  incident->request.active ? incident->request.actor : "ear-aggregator");
    }
    struct item item;
    item_begin(step, &item);
    struct json_writer *json = &item.json;
    json_open_object(json, NULL);
    json_string(json, "instance_id", member->id.text);
    json_string(json, "timestamp", sort);
    json_string(json, "event_type", event_type(incident));
    json_string(json, "status", status);
    json_string(json, "action_taken", rung_name(run->rung));
    add_metadata(json, incident, run, member);
    json_string(json, "workflow_id", incident->id.text);
    json_string(json, "step", start ? "start" : "result");
    json_string(json, "started", incident->started_sort);
    json_string(json, "evidence", incident->why);
    json_string(json, "actor", incident->actor);
    json_close_object(json);
    item_put(step, &item, RECORD_PUT, RECORD_RECOVERY_EVENTS, member->id.text, sort);
}

/* What ended is owed to the store until a batch with it is durable. */
static struct owed *new_owed(struct incident *incident) {
    struct owed *oldest = &incident->owed[0];
    for (size_t i = 0; i < OWED_MAX; i++) {
        if (!incident->owed[i].used) return &incident->owed[i];
        if (incident->owed[i].batch < oldest->batch) oldest = &incident->owed[i];
    }
    return oldest;
}

static void write_owed(struct step *step, struct incident *incident, struct owed *owed) {
    owed->batch = emit_batch(step);
    if (owed->is_result)
        row_recovery(step, incident, &owed->run, owed->status);
    else
        row_intent(step, incident, &owed->run, owed->sort, owed->status);
}

void rows_owe(struct step *step, struct incident *incident, const struct recover_run *run,
              bool is_result, const char *status) {
    struct owed *owed = new_owed(incident);
    *owed = (struct owed){.used = true, .is_result = is_result, .status = status, .run = *run};
    memcpy(owed->sort, incident->intent_sort, sizeof owed->sort);
    write_owed(step, incident, owed);
}

void rows_pay(struct step *step, struct incident *incident) {
    for (size_t i = 0; i < OWED_MAX; i++)
        if (incident->owed[i].used && incident->owed[i].batch == 0)
            write_owed(step, incident, &incident->owed[i]);
}

bool rows_owed(const struct incident *incident) {
    for (size_t i = 0; i < OWED_MAX; i++)
        if (incident->owed[i].used) return true;
    return false;
}

bool rows_batch_done(struct incident *incident, uint64_t batch, bool durable) {
    bool owes = false;
    for (size_t i = 0; i < OWED_MAX; i++) {
        struct owed *owed = &incident->owed[i];
        if (owed->used && owed->batch == batch) {
            owed->used = !durable;
            owed->batch = 0;
        }
        owes = owes || owed->used;
    }
    return owes;
}

/* The label is the highest that this prediction has reached; the score is its last. */
static void add_prediction(struct json_writer *json, const struct engine *engine,
                           const struct member *member) {
    const struct decide_policy *policy = &engine->options.decide;
    const struct prediction *prediction = &member->prediction;
    char score[32];
    struct text text = text_over(score, sizeof score);
    text_add_float(&text, prediction->confidence);
    json_string(
        json, "confidence",
        member->prediction_high
            ? "high"
            : prediction_label(prediction->confidence, (float)policy->high, (float)policy->medium));
    json_string(json, "score", score);
    json_string(json, "failure_type", failure_kind_name(prediction->kind));
    json_open_array(json, "factors");
    for (size_t i = 0; i < prediction->reason_count && i < PREDICTION_REASONS_MAX; i++) {
        json_open_object(json, NULL);
        json_string(json, "text", prediction->reasons[i].text);
        json_fixed(json, "share", (double)prediction->reasons[i].share, 3);
        json_string(json, "member", prediction->reasons[i].member);
        json_close_object(json);
    }
    json_close_array(json);
    json_open_object(json, "predicted_window");
    add_time(json, "earliest", prediction->has_time ? prediction->earliest : (struct wall_time){0});
    add_time(json, "likely", prediction->has_time ? prediction->likely : (struct wall_time){0});
    add_time(json, "latest", prediction->has_time ? prediction->latest : (struct wall_time){0});
    json_close_object(json);
    if (prediction->has_time)
        json_integer(json, "lead_s", (prediction->likely.ms - prediction->at.ms) / 1000);
}

void row_prediction(struct step *step, const struct member *member, enum outcome outcome) {
    char sort[CLOCK_RFC3339_SIZE];
    wall_format_ms(member->prediction_opened, sort);
    struct item item;
    item_begin(step, &item);
    struct json_writer *json = &item.json;
    json_open_object(json, NULL);
    json_string(json, "instance_id", member->id.text);
    json_string(json, "timestamp", sort);
    json_string(json, "prediction_id", member->prediction_id.text);
    add_prediction(json, step->engine, member);
    json_string(json, "model", "slope-1");
    add_time(json, "changed", step->now.wall);
    json_string(json, "outcome", outcome_name(outcome));
    json_integer(json, "ttl", member->prediction_opened.ms / 1000 + PREDICTION_TTL_S);
    json_close_object(json);
    item_put(step, &item, RECORD_PUT, RECORD_PREDICTION_EVENTS, member->id.text, sort);
}

void row_pause(struct step *step) {
    const struct pause_state *pause = &step->engine->pause;
    struct item item;
    item_begin(step, &item);
    json_open_object(&item.json, NULL);
    bool paused = pause->operator&& pause->resume_batch == 0;
    json_bool(&item.json, "paused", paused);
    json_string(&item.json, "reason", paused ? pause->reason : "");
    add_time(&item.json, "since", pause->since);
    struct wall_time until = {0};
    if (paused && pause->until.ms != 0)
        until = wall_add(step->now.wall, boot_since(pause->until, step->now.boot));
    add_time(&item.json, "until", until);
    json_close_object(&item.json);
    item_put(step, &item, RECORD_PUT, RECORD_META, "pause", "");
}

void row_acknowledged(struct step *step, const struct member *member) {
    struct item item;
    item_begin(step, &item);
    json_open_object(&item.json, NULL);
    json_string(&item.json, "instance_id", member->id.text);
    add_time(&item.json, "acknowledged", step->now.wall);
    json_close_object(&item.json);
    char key[RECORD_KEY_SIZE];
    struct text text = text_over(key, sizeof key);
    text_add(&text, "acknowledged/");
    text_add(&text, member->id.text);
    item_put(step, &item, RECORD_PUT, RECORD_META, key, "");
}

void row_audit(struct step *step, const char *kind, const struct member *member,
               const struct incident *incident, const char *rule, const char *decision,
               const char *actor, const char *text) {
    struct item item;
    item_begin(step, &item);
    struct json_writer *json = &item.json;
    json_open_object(json, NULL);
    add_time(json, "timestamp", step->now.wall);
    json_string(json, "kind", kind);
    if (member != NULL) json_string(json, "instance_id", member->id.text);
    if (incident != NULL) {
        json_string(json, "incident_id", incident->id.text);
        json_string(json, "fault", fault_class_name(incident->fault));
        json_string(json, "trigger", trigger_name(incident->trigger));
        if (incident->running) json_string(json, "action_id", incident->run.action.text);
    }
    json_string(json, "decision", decision);
    json_string(json, "rule", rule);
    if (incident != NULL) json_string(json, "rung", rung_name(incident->decided_rung));
    json_string(json, "actor", actor);
    json_string(json, "text", text);
    json_integer(json, "epoch", (int64_t)step->engine->options.epoch);
    json_close_object(json);
    item_put(step, &item, RECORD_APPEND_AUDIT, RECORD_AUDIT, "", "");
}
