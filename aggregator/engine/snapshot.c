/* The picture of the fleet for people: copies, worst first. Pure. */
#include <string.h>

#include "aggregator/engine/state.h"

size_t engine_member_count(const struct engine *engine) {
    size_t count = 0;
    for (uint32_t i = 0; i < engine->member_count; i++)
        if (!engine->members[i].gone) count++;
    return count;
}

static enum member_state state_of(const struct engine *engine, const struct member *member) {
    if (member->incident != ENGINE_NONE) {
        const struct incident *incident = &engine->incidents[member->incident];
        if (incident->running)
            return incident->run.state == RECOVER_WATCHING ? MEMBER_RESTING : MEMBER_RECOVERING;
    }
    switch (member->fault) {
    case FAULT_SERVICE_DOWN:
    case FAULT_INSTANCE_CHECK:
    case FAULT_SYSTEM_CHECK: return MEMBER_UNHEALTHY;
    case FAULT_AGENT_SILENT: return MEMBER_SILENT;
    case FAULT_PREDICTED: return MEMBER_PREDICTED;
    case FAULT_REQUESTED:
    case FAULT_NONE:
    case FAULT_COUNT: break;
    }
    return member->link == AGENT_SPEAKING ? MEMBER_HEALTHY : MEMBER_UNKNOWN;
}

static void say_why(const struct engine *engine, const struct member *member, struct now now,
                    struct text *text) {
    (void)engine;
    char span[CLOCK_RFC3339_SIZE];
    const struct check_result *failing = member_failing(member);
    switch (member->fault) {
    case FAULT_SERVICE_DOWN:
        text_add(text, failing == NULL ? "check" : failing->name);
        text_add(text, " fails: ");
        text_add(text, failing == NULL ? "" : failing->detail);
        break;
    case FAULT_INSTANCE_CHECK: text_add(text, "EC2 instance check impaired"); break;
    case FAULT_SYSTEM_CHECK: text_add(text, "EC2 system check impaired"); break;
    case FAULT_AGENT_SILENT: text_add(text, "no report"); break;
    case FAULT_PREDICTED:
        text_add(text, member->prediction.reason_count > 0
                           ? member->prediction.reasons[0].text
                           : failure_kind_name(member->prediction.kind));
        break;
    case FAULT_REQUESTED:
    case FAULT_NONE:
    case FAULT_COUNT:
        if (member->link == AGENT_NEVER) text_add(text, "no agent report yet");
        if (member->link == AGENT_LEFT) text_add(text, "the agent announced that it stops");
        if (!member->listed)
            text_add(text, "; EC2 does not list it");
        else if (!member->facts.opted_in)
            text_add(text, "; not tagged AutoRecovery=enabled");
        return;
    }
    text_add(text, ", for ");
    text_add(text, duration_format(boot_since(now.boot, member->fault_since), span));
}

static void say_next(const struct engine *engine, const struct member *member, struct now now,
                     struct text *text) {
    if (member->incident == ENGINE_NONE) {
        if (member->fault == FAULT_NONE) return;
        text_add(text,
                 fleet_scope_open(engine, member) ? "breaker_open: watching only" : "confirming");
        return;
    }
    const struct incident *incident = &engine->incidents[member->incident];
    if (incident->running) {
        text_add(text, rung_name(incident->run.rung));
        text_add(text, ": ");
        text_add(text, recover_state_name(incident->run.state));
        return;
    }
    if (incident->held) text_add(text, "a person is needed; ");
    if (incident->decided_rung != RUNG_NONE) {
        text_add(text, rung_name(incident->decided_rung));
        text_add(text, " ");
    }
    if (incident->until.ms > now.boot.ms) {
        char span[CLOCK_RFC3339_SIZE];
        text_add(text, "in ");
        text_add(text, duration_format(boot_since(incident->until, now.boot), span));
        text_add(text, " ");
    }
    text_add(text, "(");
    text_add(text, incident->rule);
    text_add(text, ")");
}

static void fill_member(const struct engine *engine, const struct member *member, struct now now,
                        struct member_summary *out) {
    memset(out, 0, sizeof *out);
    out->facts = member->facts;
    out->facts.id = member->id;
    out->checks = member->status;
    out->state = state_of(engine, member);
    struct boot_time since = member->fault != FAULT_NONE ? member->fault_since : member->link_since;
    out->state_since = wall_add(now.wall, boot_since(since, now.boot));
    out->since_report = member->link == AGENT_NEVER      ? duration_ms(-1)
                        : member->link == AGENT_SPEAKING ? duration_ms(0)
                                                         : boot_since(now.boot, member->link_since);
    memcpy(out->agent_version, member->agent_version, sizeof out->agent_version);
    out->boot = member->boot;
    out->check_count = member->check_count;
    memcpy(out->agent_checks, member->checks, sizeof out->agent_checks);
    out->prediction = member->prediction;
    out->recoveries_24h = subject_disruptive_recent(engine, member, now);
    struct text why = text_over(out->why, sizeof out->why);
    say_why(engine, member, now, &why);
    struct text next = text_over(out->next, sizeof out->next);
    say_next(engine, member, now, &next);
    if (member->incident == ENGINE_NONE) return;
    const struct incident *incident = &engine->incidents[member->incident];
    out->incident = incident->id;
    if (incident->running) out->rung = incident->run.rung;
}

static int badness(const struct member_summary *member) {
    switch (member->state) {
    case MEMBER_RECOVERING: return 6;
    case MEMBER_UNHEALTHY: return 5;
    case MEMBER_SILENT: return 4;
    case MEMBER_PREDICTED: return 3;
    case MEMBER_RESTING: return 2;
    case MEMBER_UNKNOWN: return 1;
    case MEMBER_HEALTHY:
    case MEMBER_STATE_COUNT: return 0;
    }
    return 0;
}

static bool worse(const struct member_summary *a, const struct member_summary *b) {
    int left = badness(a), right = badness(b);
    if (left != right) return left > right;
    if (a->prediction.confidence > b->prediction.confidence) return true;
    if (a->prediction.confidence < b->prediction.confidence) return false;
    return strcmp(a->facts.id.text, b->facts.id.text) < 0;
}

static void swap(struct member_summary *a, struct member_summary *b) {
    struct member_summary held = *a;
    *a = *b;
    *b = held;
}

/* Moves a[root] down until both children are worse than it (the heap's top is the best). */
static void sift(struct member_summary *a, size_t root, size_t count) {
    for (;;) {
        size_t child = 2 * root + 1;
        if (child >= count) return;
        if (child + 1 < count && worse(&a[child], &a[child + 1])) child++;
        if (!worse(&a[root], &a[child])) return;
        swap(&a[root], &a[child]);
        root = child;
    }
}

/* Heap sort: no allocation, no recursion. */
static void sort(struct member_summary *a, size_t count) {
    for (size_t i = count / 2; i-- > 0;) sift(a, i, count);
    for (size_t last = count; last > 1; last--) {
        swap(&a[0], &a[last - 1]);
        sift(a, 0, last - 1);
    }
}

static void fill_brakes(const struct engine *engine, struct now now, struct fleet_snapshot *out) {
    const struct decide_policy *policy = &engine->options.decide;
    struct decide_fleet fleet;
    fleet_view(engine, NULL, now, &fleet);
    out->disruptive_open = fleet.disruptive_open;
    out->disruptive_limit = decide_limit_concurrent(policy, fleet.members);
    out->disruptive_last_hour = fleet.disruptive_window;
    out->disruptive_hour_limit = decide_limit_window(policy, fleet.members);
    struct decide_case nobody = {.trigger = TRIGGER_OPERATOR, .requested = RUNG_REBOOT};
    static struct decide_checks const none = {0};
    struct decide_checks checks = none;
    decide_all(policy, &fleet, &nobody, now, &checks);
    for (size_t i = 0; i < checks.count; i++) {
        const struct decide_check *check = &checks.checks[i];
        if (check->kind == DECIDE_ACT) continue;
        if (strcmp(check->rule, "warm_up") == 0) {
            out->warming_up = true;
            copy_text(out->warmup_reason, sizeof out->warmup_reason, check->text);
        }
        bool self = strcmp(check->rule, "self_suspicion") == 0;
        if (!self && strcmp(check->rule, "clock_skew") != 0) continue;
        out->self_suspect = true;
        copy_text(out->self_reason, sizeof out->self_reason, check->text);
    }
}

static void fill_breaker(const struct engine *engine, struct fleet_snapshot *out) {
    out->breaker_open = breaker_any_open(&engine->breaker);
    struct text text = text_over(out->breaker_reason, sizeof out->breaker_reason);
    for (size_t i = 0; i < engine->breaker.scope_count; i++) {
        const struct breaker_scope *scope = &engine->breaker.scopes[i];
        if (scope->state == BREAKER_CLOSED) continue;
        if (text.length > 0) text_add(&text, "; ");
        text_add(&text, i == 0 ? "fleet" : scope->zone);
        text_add(&text, " ");
        text_add(&text, breaker_state_name(scope->state));
        text_add(&text, ", ");
        text_add_unsigned(&text, scope->newly_unhealthy);
        text_add(&text, " of ");
        text_add_unsigned(&text, scope->members);
        text_add(&text, " newly unhealthy");
    }
}

void engine_snapshot(const struct engine *engine, struct now now, struct member_summary *members,
                     size_t capacity, struct fleet_snapshot *out) {
    memset(out, 0, sizeof *out);
    out->at = now.wall;
    out->up_for = boot_since(now.boot, engine->started);
    out->dry_run = engine->options.decide.dry_run;
    out->paused = fleet_paused(engine);
    copy_text(out->pause_reason, sizeof out->pause_reason, engine->pause.text);
    out->store_usable = engine->store_usable;
    out->prediction_day = engine->options.prediction_day;
    copy_text(out->region, sizeof out->region, engine->options.region);
    copy_text(out->account, sizeof out->account, engine->options.account);
    fill_brakes(engine, now, out);
    fill_breaker(engine, out);
    out->members = members;
    for (uint32_t i = 0; i < engine->member_count && out->count < capacity; i++)
        if (!engine->members[i].gone)
            fill_member(engine, &engine->members[i], now, &members[out->count++]);
    sort(members, out->count);
}
