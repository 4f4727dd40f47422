/* One step: take the event in, move what holds for the fleet, then look at each instance that may
 * need something, as long as there is room in the batch. Pure. */
#include <string.h>

#include "aggregator/engine/state.h"

#define SCAN_GAP_MS 500

struct engine_options engine_options_default(void) {
    return (struct engine_options){
        .instances_max = ENGINE_INSTANCES_MAX,
        .epoch = 1,
        .seed = 1,
        .prediction_day = duration_s(24 * 60 * 60),
        .store_retry = duration_s(30),
        .decide = decide_policy_default(),
        .recover = recover_policy_default(),
    };
}

/* Half empty, so that a search ends soon. */
static uint32_t index_places(uint32_t instances_max) {
    uint32_t places = 16;
    while (places < 2 * instances_max) places *= 2;
    return places;
}

static size_t aligned(size_t bytes) { return (bytes + 63) & ~(size_t)63; }

size_t engine_size(uint32_t instances_max) {
    ASSERT(instances_max >= 1 && instances_max <= ENGINE_INSTANCES_MAX);
    return aligned(sizeof(struct engine)) + aligned(instances_max * sizeof(struct member)) +
           aligned(instances_max * sizeof(uint32_t)) +
           aligned(index_places(instances_max) * sizeof(uint32_t));
}

/* What is not remembered cannot be counted. */
static void clamp(struct decide_policy *policy) {
    uint32_t most = MEMBER_PAST_MAX - 1;
    if (policy->max_disruptive_per_day > most) policy->max_disruptive_per_day = most;
    if (policy->service_restarts_max > most) policy->service_restarts_max = most;
}

struct engine *engine_init(void *memory, const struct engine_options *options, struct now now) {
    ASSERT(options->instances_max >= 1 && options->instances_max <= ENGINE_INSTANCES_MAX);
    unsigned char *at = memory;
    struct engine *engine = memory;
    engine->options = *options;
    clamp(&engine->options.decide);
    at += aligned(sizeof *engine);
    engine->members = (struct member *)(void *)at;
    at += aligned(options->instances_max * sizeof(struct member));
    engine->waiting = (uint32_t *)(void *)at;
    at += aligned(options->instances_max * sizeof(uint32_t));
    engine->index = (uint32_t *)(void *)at;
    engine->index_mask = index_places(options->instances_max) - 1;
    engine->random = prng_seeded(options->seed);
    engine->next_batch = 1;
    engine->store_usable = true;
    engine->started = engine->active_since = now.boot;
    breaker_init(&engine->breaker);
    return engine;
}

void engine_configure(struct engine *engine, const struct decide_policy *decide_policy,
                      const struct recover_policy *recover_policy) {
    bool before = fleet_paused(engine);
    engine->options.decide = *decide_policy;
    engine->options.recover = *recover_policy;
    clamp(&engine->options.decide);
    /* A resume by configuration warms up like any other (R13). */
    if (before && !fleet_paused(engine)) engine->active_since = engine->scanned_at;
}

static void store_failed(struct step *step, const struct event *event) {
    struct engine *engine = step->engine;
    engine->lost_batches++;
    if (event->batch > engine->store_failed) engine->store_failed = event->batch;
    bool soon = status_class(event->status) == STATUS_CLASS_RETRY;
    engine->store_next =
        boot_add(step->now.boot, soon ? duration_ms(1000) : engine->options.store_retry);
    engine->store_status = event->status;
    if (!engine->store_usable) return;
    engine->store_usable = false;
    emit_log(step, EFFECT_LEVEL_ERROR, "store.unusable", NULL, NULL, "store_unusable", "usable",
             status_name(event->status),
             "a batch could not be written: nothing is started, watching goes on");
}

static void store_usable_again(struct step *step) {
    struct engine *engine = step->engine;
    engine->store_usable = true;
    char what[128];
    struct text text = text_over(what, sizeof what);
    text_add(&text, "the store writes again; batches lost meanwhile: ");
    text_add_unsigned(&text, engine->lost_batches);
    engine->lost_batches = 0;
    row_audit(step, "store", NULL, NULL, "store_unusable", "act", "ear", what);
    row_pause(step); /* a pause or its end may have been among what was lost */
    fleet_drop_pause_file(step);
    emit_log(step, EFFECT_LEVEL_INFO, "store.usable", NULL, NULL, "store_unusable", "unusable",
             "usable", what);
    notice(step, SEVERITY_ERROR, "self.store", NULL, NULL, "The store could not be written",
           status_text(engine->store_status), "none", "ended", what);
    for (uint32_t i = 0; i < engine->incident_count; i++)
        if (engine->incidents[i].used && !engine->incidents[i].closed)
            member_queue(engine, &engine->members[engine->incidents[i].member]);
}

static void batch_done(struct step *step, const struct event *event) {
    struct engine *engine = step->engine;
    if (event->status != STATUS_OK)
        store_failed(step, event);
    else if (!engine->store_usable && event->batch > engine->store_failed)
        store_usable_again(step);
    fleet_resume_done(engine, event->batch, event->status == STATUS_OK, step->now);
    incident_batch_done(step, event->batch, event->status);
}

/* An empty META row tells whether the store writes again. */
static void probe_store(struct step *step) {
    struct engine *engine = step->engine;
    if (engine->store_usable || step->now.boot.ms < engine->store_next.ms) return;
    engine->store_next = boot_add(step->now.boot, engine->options.store_retry);
    struct item item;
    item_begin(step, &item);
    json_open_object(&item.json, NULL);
    json_integer(&item.json, "epoch", (int64_t)engine->options.epoch);
    json_close_object(&item.json);
    item_put(step, &item, RECORD_PUT, RECORD_META, "probe", "");
}

static void call_done(struct step *step, const struct call_result *result) {
    struct engine *engine = step->engine;
    observe_describe(step, result);
    struct member *member = member_find(engine, &result->instance);
    if (member == NULL) return;
    struct incident *incident = member_incident(engine, member);
    if (incident == NULL || !incident->running) return;
    drive(step, incident, RECOVER_EVENT_RESULT, result, NULL);
    member_queue(engine, member);
}

static void take_in(struct step *step, const struct event *event) {
    switch (event->kind) {
    case EVENT_TICK: break;
    case EVENT_CALL_DONE: call_done(step, &event->call); break;
    case EVENT_BATCH_DONE: batch_done(step, event); break;
    case EVENT_OPERATOR: break; /* after the fleet is up to date */
    case EVENT_AGENT_SEEN:
    case EVENT_AGENT_SILENT:
    case EVENT_AGENT_CHECK:
    case EVENT_AGENT_EVENT:
    case EVENT_AGENT_NOTICE:
    case EVENT_AGENT_REFUSED:
    case EVENT_PREDICTION:
    case EVENT_INVENTORY:
    case EVENT_STATUS_CHECKS:
    case EVENT_PAUSE_FILE:
    case EVENT_CLOCK_SKEW: observe(step, event); break;
    case EVENT_KIND_COUNT: ASSERT(!"an event"); break;
    }
}

static void scan_member(struct step *step, struct member *member) {
    if (member->link == AGENT_LEFT && member->upgrading &&
        step->now.boot.ms - member->link_since.ms > ENGINE_UPGRADE_MS) {
        member->link = AGENT_SILENT;
        member->upgrading = false;
    }
    if (member->fault != FAULT_NONE || member->unhealthy) observe_refresh(step, member);
    if (member->fault != FAULT_NONE && member->incident == ENGINE_NONE)
        member_queue(step->engine, member);
}

static void scan_incident(struct step *step, struct incident *incident) {
    struct engine *engine = step->engine;
    if (!incident->used) return;
    if (incident->closed) {
        /* Its last rows were lost: once more. */
        if (!engine->store_usable || !emit_room(step)) return;
        rows_pay(step, incident);
        if (incident->close_batch != 0) return;
        incident->close_batch = emit_batch(step);
        row_incident(step, incident);
        return;
    }
    bool lost = incident->running && incident->awaited_batch != 0 &&
                step->now.boot.ms - incident->awaited_since.ms >= ENGINE_BATCH_MS;
    if (lost && emit_room(step)) {
        /* Whether it was written is not known: it counts as not durable and is never called. */
        struct event event = {
            .kind = EVENT_BATCH_DONE, .batch = incident->awaited_batch, .status = STATUS_TIMEOUT};
        store_failed(step, &event);
        drive_batch_done(step, incident, false);
        return;
    }
    bool due = incident->running || incident->next_look.ms <= step->now.boot.ms;
    if (due) member_queue(engine, &engine->members[incident->member]);
}

/* Time passes: ages, deadlines, windows. */
static void scan(struct step *step) {
    struct engine *engine = step->engine;
    if (engine->scanned_at.ms != 0 && step->now.boot.ms - engine->scanned_at.ms < SCAN_GAP_MS)
        return;
    engine->scanned_at = step->now.boot;
    for (uint32_t i = 0; i < engine->member_count; i++) scan_member(step, &engine->members[i]);
    for (uint32_t i = 0; i < engine->incident_count; i++)
        scan_incident(step, &engine->incidents[i]);
    fleet_count(engine, step->now);
    probe_store(step);
}

static void work(struct step *step) {
    struct engine *engine = step->engine;
    /* What waits now, not what these themselves put back: no step works without end. */
    for (uint32_t left = engine->waiting_count; left > 0 && emit_room(step); left--)
        incident_consider(step, member_next(engine));
    step->out->more = engine->waiting_count > 0;
}

void engine_step(struct engine *engine, const struct event *event, struct now now,
                 struct engine_output *output) {
    ASSERT(engine->restored);
    output->batch = 0;
    output->record_count = output->effect_count = 0;
    output->arena_used = 0;
    output->more = false;
    struct step step = {.engine = engine, .now = now, .out = output};
    take_in(&step, event);
    if (event->kind == EVENT_TICK) scan(&step);
    fleet_update(&step);
    if (event->kind == EVENT_OPERATOR) operate(&step, event);
    work(&step);
    if (output->record_count > 0) output->batch = engine->next_batch++;
}
