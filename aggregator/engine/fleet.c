/* What holds for the whole fleet: counts, budgets, breaker, pause, warm-up. Pure. */
#include <string.h>

#include "aggregator/engine/state.h"

bool fleet_paused(const struct engine *engine) {
    const struct pause_state *pause = &engine->pause;
    return !engine->restored || pause->file_unknown || pause->file || pause->file_unreadable ||
           pause->operator|| pause->unreadable || !engine->options.decide.recovery_enabled;
}

/* AWS itself, we ourselves, or the agent's own notice say why it is silent. */
static bool explained(const struct engine *engine, const struct member *member, struct now now) {
    if (member->link == AGENT_LEFT) return true;
    if (member->incident != ENGINE_NONE && engine->incidents[member->incident].running) return true;
    if (member->listed && member->facts.state != INSTANCE_RUNNING) return true;
    bool fresh = member->status_at.ms != 0 &&
                 now.boot.ms - member->status_at.ms <= engine->options.decide.status_max_age.ms;
    return fresh && (member->status.instance == CHECK_STATUS_IMPAIRED ||
                     member->status.system == CHECK_STATUS_IMPAIRED);
}

static void count_member(struct engine *engine, const struct member *member, struct now now) {
    struct fleet_counts *counts = &engine->counts;
    counts->members++;
    breaker_member(&engine->breaker, member->zone);
    if (member->link == AGENT_NEVER) return;
    counts->known++;
    bool speaking = member->link == AGENT_SPEAKING;
    bool lately = now.boot.ms - member->heard_at.ms <= ENGINE_HEARD_MS && member->heard_at.ms != 0;
    bool reason = speaking || explained(engine, member, now);
    /* Silence that was seen to begin is news; silence since our start is not yet. */
    if (reason || member->heard_at.ms != 0) counts->explained++;
    if (!speaking && !lately) return;
    counts->heard++;
    if (!reason) counts->unexplained++;
}

void fleet_count(struct engine *engine, struct now now) {
    engine->counts = (struct fleet_counts){0};
    breaker_recount(&engine->breaker);
    for (uint32_t i = 0; i < engine->member_count; i++) {
        const struct member *member = &engine->members[i];
        if (!member->gone && member->listed && member->facts.opted_in)
            count_member(engine, member, now);
    }
    engine->counts_stale = false;
}

/* What we stopped and could not start is down by our own hand until it runs again. */
static bool is_down(const struct engine *engine, const struct incident *incident) {
    const struct member *member = &engine->members[incident->member];
    return incident->held && !incident->closed && !member->gone &&
           member->facts.state != INSTANCE_RUNNING;
}

/* An action is open from its intent until its end is durable: a crash before that would find it
 * open again. What is down of the member that asks (ENGINE_NONE: of none) is not in its own way. */
static uint32_t count_open(const struct engine *engine, bool disruptive, uint32_t asking) {
    uint32_t open = 0;
    for (uint32_t i = 0; i < engine->incident_count; i++) {
        const struct incident *incident = &engine->incidents[i];
        if (!incident->used) continue;
        bool counts =
            incident->reserved && rung_disrupts_instance(incident->run.rung) == disruptive;
        for (size_t k = 0; k < OWED_MAX && !counts; k++)
            counts = incident->owed[k].used &&
                     rung_disrupts_instance(incident->owed[k].run.rung) == disruptive;
        if (disruptive && incident->member != asking) counts |= is_down(engine, incident);
        if (counts) open++;
    }
    return open;
}

uint32_t fleet_disruptive_open(const struct engine *engine) {
    return count_open(engine, true, ENGINE_NONE);
}

bool fleet_member_owes(const struct engine *engine, const struct member *member) {
    uint32_t number = member_index(engine, member);
    for (uint32_t i = 0; i < engine->incident_count; i++) {
        const struct incident *incident = &engine->incidents[i];
        if (incident->used && incident->member == number && rows_owed(incident)) return true;
    }
    return false;
}

uint32_t fleet_disruptive_window(const struct engine *engine, struct now now) {
    int64_t oldest = now.boot.ms - engine->options.decide.budget_window.ms;
    uint32_t count = 0;
    for (size_t i = 0; i < ENGINE_STARTS_MAX; i++)
        if (engine->starts[i].ms != 0 && engine->starts[i].ms > oldest) count++;
    return count;
}

size_t fleet_started(struct engine *engine, struct boot_time at) {
    size_t place = engine->starts_next;
    engine->starts[place] = at;
    engine->starts_next = (place + 1) % ENGINE_STARTS_MAX;
    return place;
}

bool fleet_scope_open(const struct engine *engine, const struct member *member) {
    return engine->breaker.scopes[0].state == BREAKER_OPEN ||
           engine->breaker.scopes[member->zone].state == BREAKER_OPEN;
}

void fleet_view(const struct engine *engine, const struct member *member, struct now now,
                struct decide_fleet *out) {
    const struct engine_options *options = &engine->options;
    *out = (struct decide_fleet){
        .store_usable = engine->store_usable,
        .paused = fleet_paused(engine),
        .pause_reason = engine->pause.text,
        .up_for = boot_since(now.boot, engine->active_since),
        .agents_known = engine->counts.known,
        .agents_explained = engine->counts.explained,
        .heard = engine->counts.heard,
        .unexplained = engine->counts.unexplained,
        .aws_heard = engine->aws_heard_at.ms == 0 ? duration_ms(-1)
                                                  : boot_since(now.boot, engine->aws_heard_at),
        .skew_known = engine->skew_known,
        .skew = engine->skew,
        .members = engine->counts.members,
        .disruptive_open =
            count_open(engine, true, member == NULL ? ENGINE_NONE : member_index(engine, member)),
        .disruptive_window = fleet_disruptive_window(engine, now),
        .restarts_open = count_open(engine, false, ENGINE_NONE),
        .scope_count = 1,
    };
    breaker_verdict(&engine->breaker, &options->decide, 0, &out->scopes[0]);
    if (member == NULL || member->zone == 0) return;
    breaker_verdict(&engine->breaker, &options->decide, member->zone, &out->scopes[1]);
    out->scope_count = 2;
}

static void add_storm(struct text *text, const struct engine *engine) {
    for (size_t i = 0; i < engine->breaker.scope_count; i++) {
        const struct breaker_scope *scope = &engine->breaker.scopes[i];
        if (scope->state == BREAKER_CLOSED) continue;
        if (text->length > 0) text_add(text, "; ");
        text_add(text, i == 0 ? "fleet" : scope->zone);
        text_add(text, ": ");
        text_add_unsigned(text, scope->newly_unhealthy);
        text_add(text, " of ");
        text_add_unsigned(text, scope->members);
        text_add(text, " newly unhealthy, limit ");
        text_add_unsigned(text, decide_limit_breaker(&engine->options.decide, scope->members));
    }
}

static void update_breaker(struct step *step) {
    struct engine *engine = step->engine;
    bool before = breaker_any_open(&engine->breaker);
    if (breaker_update(&engine->breaker, &engine->options.decide, step->now) == 0) return;
    bool after = breaker_any_open(&engine->breaker);
    if (before == after) return;
    char numbers[DECIDE_TEXT_SIZE];
    struct text text = text_over(numbers, sizeof numbers);
    add_storm(&text, engine);
    const char *what = after ? "storm.opened" : "storm.closed";
    emit_log(step, after ? EFFECT_LEVEL_WARNING : EFFECT_LEVEL_INFO, what, NULL, NULL,
             "breaker_open", after ? "closed" : "open", after ? "open" : "closed", numbers);
    row_audit(step, "storm", NULL, NULL, "breaker_open", after ? "refuse" : "act", "ear", numbers);
    notice(step, after ? SEVERITY_CRITICAL : SEVERITY_INFO, what, NULL, NULL,
           after ? "Storm: many instances turned unhealthy at once; nothing is started"
                 : "Storm over: recovery starts again",
           numbers, "none", after ? "refused" : "ended", "");
}

/* R12, F11: without AWS nothing is started; people hear of it once, not once an instance, and by
 * the roads that do not lead through AWS. */
static void tell_aws_away(struct step *step) {
    struct engine *engine = step->engine;
    if (!engine->restored) return;
    struct boot_time heard = engine->aws_heard_at.ms != 0 ? engine->aws_heard_at : engine->started;
    struct duration most = engine->options.decide.inventory_max_age;
    bool away = boot_since(step->now.boot, heard).ms > most.ms;
    if (away == engine->aws_away) return;
    engine->aws_away = away;
    char numbers[96], span[CLOCK_RFC3339_SIZE];
    struct text text = text_over(numbers, sizeof numbers);
    text_add(&text, away ? "AWS has not answered for " : "AWS answers again");
    if (away) text_add(&text, duration_format(boot_since(step->now.boot, heard), span));
    const char *what = away ? "self.aws_away" : "self.aws_back";
    emit_log(step, away ? EFFECT_LEVEL_ERROR : EFFECT_LEVEL_INFO, what, NULL, NULL,
             "self_suspicion", away ? "acting" : "observing", away ? "observing" : "acting",
             numbers);
    row_audit(step, "alarm", NULL, NULL, "self_suspicion", away ? "refuse" : "act", "ear", numbers);
    notice(step, away ? SEVERITY_ERROR : SEVERITY_INFO, what, NULL, NULL,
           away ? "AWS cannot be reached: watching only" : "AWS can be reached again", numbers,
           "none", away ? "refused" : "ended", "");
}

/* A resume that the store did not take has not happened. */
void fleet_resume_done(struct engine *engine, uint64_t batch, bool durable, struct now now) {
    struct pause_state *pause = &engine->pause;
    if (pause->resume_batch == 0 || pause->resume_batch != batch) return;
    pause->resume_batch = 0;
    if (!durable) return;
    bool before = fleet_paused(engine);
    pause->operator= pause->unreadable = pause->file_ours = false;
    pause->until = (struct boot_time){0};
    pause->reason[0] = '\0';
    if (before && !fleet_paused(engine)) engine->active_since = now.boot;
}

void fleet_drop_pause_file(struct step *step) {
    const struct pause_state *pause = &step->engine->pause;
    if (pause->operator|| !pause->file_ours) return;
    emit_effect(step, EFFECT_PAUSE_FILE)->present = false;
    emit_effect(step, EFFECT_POLL); /* look at once */
}

static void end_pause(struct step *step) {
    struct pause_state *pause = &step->engine->pause;
    if (!pause->operator|| pause->until.ms == 0 || step->now.boot.ms<pause->until.ms) return;
    pause->operator= false;
    fleet_drop_pause_file(step);
    step->engine->active_since = step->now.boot;
    row_pause(step);
    row_audit(step, "pause", NULL, NULL, "paused", "act", "ear", "the pause's time is over");
    emit_log(step, EFFECT_LEVEL_INFO, "pause.ended", NULL, NULL, "paused", "paused", "running",
             "the pause's time is over");
    notice(step, SEVERITY_INFO, "pause.changed", NULL, NULL, "Recovery runs again",
           "the pause's time is over", "none", "ended", "");
}

static void say_pause(struct engine *engine) {
    const struct pause_state *pause = &engine->pause;
    struct text text = text_over(engine->pause.text, sizeof engine->pause.text);
    if (!engine->restored)
        text_add(&text, "starting");
    else if (pause->operator)
        text_add(&text, pause->reason);
    else if (pause->unreadable)
        text_add(&text, "the stored pause state cannot be read");
    else if (pause->file_unknown)
        text_add(&text, "the pause file has not been looked at yet");
    else if (pause->file_unreadable)
        text_add(&text, "the pause file cannot be read");
    else if (pause->file)
        text_add(&text, "the pause file is there");
    else if (!engine->options.decide.recovery_enabled)
        text_add(&text, "RECOVERY_ENABLED=false");
}

void fleet_update(struct step *step) {
    end_pause(step);
    say_pause(step->engine);
    if (step->engine->counts_stale) fleet_count(step->engine, step->now);
    update_breaker(step);
    tell_aws_away(step);
}
