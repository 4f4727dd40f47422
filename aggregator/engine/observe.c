/* Events into state: what agents, EC2 and the predictor say. Decides nothing. Pure. */
#include <string.h>

#include "aggregator/engine/state.h"

static bool fresh(const struct engine *engine, const struct member *member, struct now now) {
    return member->status_at.ms != 0 &&
           now.boot.ms - member->status_at.ms <= engine->options.decide.status_max_age.ms;
}

static enum fault_class fault_now(const struct engine *engine, const struct member *member,
                                  struct now now) {
    if (member->gone || !member->listed || !member->facts.opted_in) return FAULT_NONE;
    if (member->facts.state != INSTANCE_RUNNING) return FAULT_NONE;
    if (fresh(engine, member, now)) {
        if (member->status.system == CHECK_STATUS_IMPAIRED) return FAULT_SYSTEM_CHECK;
        if (member->status.instance == CHECK_STATUS_IMPAIRED) return FAULT_INSTANCE_CHECK;
    }
    if (member->link == AGENT_SPEAKING && member_failing(member) != NULL) return FAULT_SERVICE_DOWN;
    if (member->link == AGENT_SILENT) return FAULT_AGENT_SILENT;
    return member->hysteresis.open ? FAULT_PREDICTED : FAULT_NONE;
}

/* A fault seen during our own action is not new (RECOVERY 5.2, the NHC loop). */
static void note_unhealthy(struct step *step, struct member *member, bool unhealthy) {
    struct engine *engine = step->engine;
    struct incident *incident = member_incident(engine, member);
    bool ours = incident != NULL && incident->running;
    if (unhealthy == member->unhealthy) return;
    member->unhealthy = unhealthy;
    if (!unhealthy || ours) return;
    int64_t window = engine->options.decide.breaker_window.ms;
    /* A flapping instance counts once in a window. */
    if (member->noted_at.ms != 0 && step->now.boot.ms - member->noted_at.ms < window) return;
    member->noted_at = step->now.boot;
    breaker_note(&engine->breaker, member->zone, step->now.boot);
}

void observe_refresh(struct step *step, struct member *member) {
    enum fault_class fault = fault_now(step->engine, member, step->now);
    note_unhealthy(step, member, fault != FAULT_NONE && fault != FAULT_PREDICTED);
    if (fault == FAULT_NONE && member->well_since.ms == 0) member->well_since = step->now.boot;
    if (fault != FAULT_NONE) member->well_since = (struct boot_time){0};
    if (fault == member->fault) return;
    emit_log(step, fault == FAULT_NONE ? EFFECT_LEVEL_INFO : EFFECT_LEVEL_WARNING,
             "instance.health", member, member_incident(step->engine, member), NULL,
             fault_class_name(member->fault), fault_class_name(fault),
             member_failing(member) != NULL ? member_failing(member)->detail : "");
    member->fault = fault;
    member->fault_since = step->now.boot;
    member_queue(step->engine, member);
}

/* The fleet's counts follow with the next tick: counting for each of 20,000 events would cost more
 * than it tells, and no rule that rests on silence acts within a second of it. */
static void set_link(struct member *member, enum agent_link link, struct boot_time since) {
    if (member->link == link) return;
    member->link = link;
    member->link_since = since;
}

static void speaks(struct step *step, struct member *member) {
    member->heard_at = step->now.boot;
    member->upgrading = false;
    set_link(member, AGENT_SPEAKING, step->now.boot);
}

static void agent_seen(struct step *step, struct member *member, const struct event_agent *agent) {
    bool rebooted = member->boot.text[0] != '\0' && !boot_id_equal(&member->boot, &agent->boot);
    if (agent->boot.text[0] != '\0' && (rebooted || member->boot.text[0] == '\0')) {
        member->boot = agent->boot;
        member->boot_at = step->now.boot;
        /* Checks of the boot before say nothing of this one. */
        member->check_count = 0;
    }
    member->interval_ms = agent->interval_ms;
    if (agent->agent_version[0] != '\0')
        memcpy(member->agent_version, agent->agent_version, sizeof member->agent_version);
    speaks(step, member);
}

static void agent_silent(struct step *step, struct member *member,
                         const struct event_agent *agent) {
    if (member->link == AGENT_LEFT) return;
    struct boot_time since = boot_add(step->now.boot, duration_ms(-agent->silent_for.ms));
    if (member->link == AGENT_SPEAKING) member->heard_at = since;
    set_link(member, AGENT_SILENT, since);
}

static void agent_check(struct step *step, struct member *member,
                        const struct check_result *check) {
    speaks(step, member);
    for (size_t i = 0; i < member->check_count; i++) {
        if (strcmp(member->checks[i].name, check->name) != 0) continue;
        member->checks[i] = *check;
        return;
    }
    if (member->check_count == REPORT_CHECKS_MAX) return;
    member->checks[member->check_count++] = *check;
}

static void agent_event(struct step *step, struct member *member, const struct agent_event *event) {
    char what[200];
    struct text text = text_over(what, sizeof what);
    text_add(&text, event->member);
    if (event->member[0] != '\0' && event->detail[0] != '\0') text_add(&text, ": ");
    text_add(&text, event->detail);
    emit_log(step, EFFECT_LEVEL_WARNING, "agent.event", member,
             member_incident(step->engine, member), agent_event_name(event->kind), NULL, NULL,
             what);
}

/* F28: somebody spoke in another's name. Once a while for each name, whatever the rate. */
static void agent_refused(struct step *step, const struct event *event) {
    struct engine *engine = step->engine;
    uint64_t key = instance_id_hash(&event->instance);
    struct alarm *oldest = &engine->alarms[0];
    for (size_t i = 0; i < ENGINE_ALARMS_MAX; i++) {
        struct alarm *alarm = &engine->alarms[i];
        if (alarm->at.ms != 0 && alarm->key == key &&
            step->now.boot.ms - alarm->at.ms < ENGINE_ALARM_MS)
            return;
        if (alarm->at.ms < oldest->at.ms) oldest = alarm;
    }
    *oldest = (struct alarm){.key = key, .at = step->now.boot};
    char what[DECIDE_TEXT_SIZE];
    struct text text = text_over(what, sizeof what);
    text_add(&text, "a peer at ");
    text_add(&text, event->agent.peer);
    text_add(&text, " with the certificate of ");
    text_add(&text, event->agent.peer_name);
    text_add(&text, " spoke as ");
    text_add(&text, event->instance.text);
    row_audit(step, "alarm", NULL, NULL, "identity", "refuse", event->agent.peer_name, what);
    emit_log(step, EFFECT_LEVEL_ERROR, "agent.impersonation", NULL, NULL, "identity", NULL,
             "refused", what);
    notice(step, SEVERITY_CRITICAL, "agent.impersonation", NULL, NULL,
           "A peer spoke in another instance's name", what, "none", "refused", "");
}

static void aws_answered(struct step *step) {
    struct engine *engine = step->engine;
    engine->aws_heard_at = step->now.boot;
    if (!engine->aws_failing) return;
    engine->aws_failing = false;
    emit_log(step, EFFECT_LEVEL_INFO, "aws.reachable", NULL, NULL, NULL, "failing", "ok", "");
}

static void aws_failed(struct step *step, const char *what, enum status status) {
    struct engine *engine = step->engine;
    if (engine->aws_failing) return;
    engine->aws_failing = true;
    char text_data[128];
    struct text text = text_over(text_data, sizeof text_data);
    text_add(&text, what);
    text_add(&text, ": ");
    text_add(&text, status_text(status));
    text_add(&text, "; watching goes on with what is known, until it is too old");
    emit_log(step, EFFECT_LEVEL_WARNING, "aws.failing", NULL, NULL, NULL, "ok", "failing",
             text_data);
}

/* An answer is as old as its question: one asked before our call and come after it proves nothing.
 */
static struct boot_time asked(const struct step *step, struct boot_time at) {
    return at.ms == 0 || at.ms > step->now.boot.ms ? step->now.boot : at;
}

void observe_facts(struct step *step, struct member *member, const struct instance_facts *facts,
                   struct boot_time at) {
    struct engine *engine = step->engine;
    /* Answers overtake one another: what was asked later is newer. */
    if (member->listed && at.ms < member->facts_at.ms) return;
    bool opted = member->listed && member->facts.opted_in;
    if (!member->listed || opted != facts->opted_in || member->facts.state != facts->state)
        engine->counts_stale = true;
    member->facts = *facts;
    member->facts_at = at;
    member->listed = true;
    member->missing = 0;
    member->zone = breaker_zone(&engine->breaker, facts->availability_zone);
    member->gone = facts->state == INSTANCE_TERMINATED || facts->state == INSTANCE_SHUTTING_DOWN;
    if (opted != facts->opted_in) member_queue(engine, member);
    if (member->gone) member_queue(engine, member);
}

static void observe_status(struct step *step, struct member *member,
                           const struct instance_checks *checks, struct boot_time at) {
    if (at.ms < member->status_at.ms) return;
    member->status = *checks;
    member->status_at = at;
    bool impaired = checks->system == CHECK_STATUS_IMPAIRED;
    if (!impaired)
        member->system_since = (struct boot_time){0};
    else if (member->system_since.ms == 0)
        member->system_since = step->now.boot;
}

static void missing_members(struct step *step) {
    struct engine *engine = step->engine;
    for (uint32_t i = 0; i < engine->member_count; i++) {
        struct member *member = &engine->members[i];
        if (member->gone || member->round == engine->inventory_round) continue;
        /* Never listed since our start, but an incident of before waits for it. */
        if (!member->listed && member->incident == ENGINE_NONE) continue;
        /* One read may lag behind; two in a row do not, unless the second was forced by us and came
         * seconds later. */
        int64_t gap = engine->options.decide.inventory_interval.ms * 8 / 10; /* jitter */
        if (member->missing > 0 && step->now.boot.ms - member->missing_at.ms < gap) continue;
        member->missing_at = step->now.boot;
        if (++member->missing < 2) continue;
        member->gone = true;
        member->facts.state = INSTANCE_TERMINATED;
        engine->counts_stale = true;
        member_queue(engine, member);
        observe_refresh(step, member);
    }
}

/* What finds no place is not watched: people must know. */
static void tell_full(struct step *step) {
    struct engine *engine = step->engine;
    struct boot_time *told = &engine->members_full_at;
    if (told->ms != 0 && step->now.boot.ms - told->ms < ENGINE_FULL_MS) return;
    *told = step->now.boot;
    char numbers[96];
    struct text text = text_over(numbers, sizeof numbers);
    text_add(&text, "all ");
    text_add_unsigned(&text, engine->options.instances_max);
    text_add(&text, " places are taken: further instances are not watched");
    emit_log(step, EFFECT_LEVEL_ERROR, "members.full", NULL, NULL, NULL, NULL, NULL, numbers);
    row_audit(step, "alarm", NULL, NULL, "members_full", "refuse", "ear", numbers);
    notice(step, SEVERITY_ERROR, "members.full", NULL, NULL, "More instances than ear can watch",
           numbers, "none", "refused", "");
}

static void inventory(struct step *step, const struct event *event) {
    struct engine *engine = step->engine;
    if (event->status != STATUS_OK) {
        aws_failed(step, "inventory", event->status);
        return;
    }
    aws_answered(step);
    /* "Nothing there" after there was something is not believed (C18): facts just grow old. */
    if (event->count == 0 && engine->member_count > 0) {
        emit_log(step, EFFECT_LEVEL_WARNING, "inventory.empty", NULL, NULL, "stale_evidence", NULL,
                 NULL, "EC2 lists no instance at all; what is known is kept and grows old");
        return;
    }
    engine->inventory_round++;
    for (size_t i = 0; i < event->count; i++) {
        const struct instance_facts *facts = &event->facts[i];
        struct member *member =
            facts->opted_in ? member_get(engine, &facts->id) : member_find(engine, &facts->id);
        if (member == NULL) {
            if (facts->opted_in) tell_full(step);
            continue;
        }
        member->round = engine->inventory_round;
        observe_facts(step, member, facts, asked(step, event->asked_at));
        observe_refresh(step, member);
    }
    missing_members(step);
}

static void status_checks(struct step *step, const struct event *event) {
    if (event->status != STATUS_OK) {
        aws_failed(step, "status checks", event->status);
        return;
    }
    aws_answered(step);
    for (size_t i = 0; i < event->count; i++) {
        struct member *member = member_find(step->engine, &event->checks[i].id);
        if (member == NULL) continue;
        observe_status(step, member, &event->checks[i], asked(step, event->asked_at));
        observe_refresh(step, member);
    }
}

void observe_describe(struct step *step, const struct call_result *result) {
    if (result->status == STATUS_OK || result->answered) aws_answered(step);
    if (result->kind != CALL_DESCRIBE || result->status != STATUS_OK) return;
    struct member *member = member_find(step->engine, &result->instance);
    if (member == NULL || !instance_id_equal(&result->facts.id, &member->id)) return;
    observe_facts(step, member, &result->facts, asked(step, result->asked_at));
    if (instance_id_equal(&result->checks.id, &member->id))
        observe_status(step, member, &result->checks, asked(step, result->asked_at));
    observe_refresh(step, member);
}

static void clock_skew(struct step *step, struct duration skew) {
    struct engine *engine = step->engine;
    int64_t most = engine->options.decide.clock_skew_max.ms;
    engine->skew = skew;
    engine->skew_known = true;
    bool skewed = skew.ms > most || skew.ms < -most;
    if (skewed == engine->skewed) return;
    engine->skewed = skewed;
    char numbers[96];
    struct text text = text_over(numbers, sizeof numbers);
    text_add(&text, "our clock is ");
    text_add_integer(&text, skew.ms);
    text_add(&text, " ms off AWS's");
    emit_log(step, skewed ? EFFECT_LEVEL_WARNING : EFFECT_LEVEL_INFO, "clock.skew", NULL, NULL,
             "clock_skew", skewed ? "ok" : "skewed", skewed ? "skewed" : "ok", numbers);
    row_audit(step, "alarm", NULL, NULL, "clock_skew", skewed ? "refuse" : "act", "ear", numbers);
    notice(step, skewed ? SEVERITY_ERROR : SEVERITY_INFO, "self.clock", NULL, NULL,
           skewed ? "The clock is wrong: watching only" : "The clock is right again", numbers,
           "none", skewed ? "refused" : "ended", "");
}

static void pause_file(struct step *step, const struct event *event) {
    struct pause_state *pause = &step->engine->pause;
    bool unreadable = event->status != STATUS_OK;
    bool present = !unreadable && event->present;
    if (pause->file_unknown) {
        pause->file_unknown = false;
        if (!fleet_paused(step->engine)) step->engine->active_since = step->now.boot;
    }
    if (unreadable == pause->file_unreadable && present == pause->file) return;
    bool before = fleet_paused(step->engine);
    pause->file_unreadable = unreadable;
    pause->file = present;
    if (!present && !unreadable) pause->file_ours = false;
    bool after = fleet_paused(step->engine);
    if (before && !after) step->engine->active_since = step->now.boot;
    const char *what = unreadable ? "the pause file cannot be read: paused"
                       : present  ? "the pause file is there"
                                  : "the pause file is gone";
    row_audit(step, "pause", NULL, NULL, "paused", after ? "refuse" : "act", "file", what);
    emit_log(step, EFFECT_LEVEL_WARNING, "pause.file", NULL, NULL, "paused",
             before ? "paused" : "running", after ? "paused" : "running", what);
    notice(step, SEVERITY_WARNING, "pause.changed", NULL, NULL,
           after ? "Recovery is paused" : "Recovery runs again", what, "none",
           after ? "started" : "ended", "");
}

static void observe_agent(struct step *step, const struct event *event) {
    struct member *member = member_get(step->engine, &event->instance);
    if (member == NULL) {
        tell_full(step);
        return;
    }
    bool unlike = false;
    switch (event->kind) {
    case EVENT_AGENT_SEEN: agent_seen(step, member, &event->agent); break;
    case EVENT_AGENT_SILENT: agent_silent(step, member, &event->agent); break;
    case EVENT_AGENT_CHECK: agent_check(step, member, &event->agent.check); break;
    case EVENT_AGENT_EVENT: agent_event(step, member, &event->agent.occurred); break;
    case EVENT_AGENT_NOTICE:
        member->upgrading = event->agent.notice == NOTICE_UPGRADING;
        member->heard_at = step->now.boot;
        set_link(member, AGENT_LEFT, step->now.boot);
        break;
    case EVENT_PREDICTION: predicted(step, member, &event->prediction); break;
    case EVENT_TICK:
    case EVENT_AGENT_REFUSED:
    case EVENT_INVENTORY:
    case EVENT_STATUS_CHECKS:
    case EVENT_CALL_DONE:
    case EVENT_BATCH_DONE:
    case EVENT_PAUSE_FILE:
    case EVENT_OPERATOR:
    case EVENT_CLOCK_SKEW:
    case EVENT_KIND_COUNT: unlike = true; break;
    }
    ASSERT(!unlike);
    observe_refresh(step, member);
    /* A run wants to know at once: proof or its loss. */
    if (member->incident != ENGINE_NONE) member_queue(step->engine, member);
}

void observe(struct step *step, const struct event *event) {
    switch (event->kind) {
    case EVENT_AGENT_SEEN:
    case EVENT_AGENT_SILENT:
    case EVENT_AGENT_CHECK:
    case EVENT_AGENT_EVENT:
    case EVENT_AGENT_NOTICE:
    case EVENT_PREDICTION: observe_agent(step, event); break;
    case EVENT_AGENT_REFUSED: agent_refused(step, event); break;
    case EVENT_INVENTORY: inventory(step, event); break;
    case EVENT_STATUS_CHECKS: status_checks(step, event); break;
    case EVENT_PAUSE_FILE: pause_file(step, event); break;
    case EVENT_CLOCK_SKEW: clock_skew(step, event->skew); break;
    case EVENT_TICK:
    case EVENT_CALL_DONE:
    case EVENT_BATCH_DONE:
    case EVENT_OPERATOR:
    case EVENT_KIND_COUNT: break;
    }
}
