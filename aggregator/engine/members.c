/* The table of instances: found by id; a dead one gives its place to a new one when the table is
 * full. Pure. */
#include <string.h>

#include "aggregator/engine/state.h"

static uint32_t slot_of(const struct engine *engine, const struct instance_id *id) {
    uint32_t slot = (uint32_t)instance_id_hash(id) & engine->index_mask;
    while (engine->index[slot] != 0 &&
           !instance_id_equal(&engine->members[engine->index[slot] - 1].id, id))
        slot = (slot + 1) & engine->index_mask;
    return slot;
}

struct member *member_find(struct engine *engine, const struct instance_id *id) {
    uint32_t place = engine->index[slot_of(engine, id)];
    return place == 0 ? NULL : &engine->members[place - 1];
}

/* Nothing may be forgotten that would hold us back if the instance came again. */
static bool is_dead(const struct engine *engine, const struct member *member) {
    const struct decide_flags usual = decide_flags_default();
    if (!member->gone || member->waiting || member->incident != ENGINE_NONE) return false;
    if (member->flags.readable != usual.readable ||
        member->flags.recovery_enabled != usual.recovery_enabled ||
        member->flags.monitoring_enabled != usual.monitoring_enabled ||
        member->flags.app_level_recovery != usual.app_level_recovery ||
        member->flags.auto_restart != usual.auto_restart ||
        member->flags.quarantine != usual.quarantine)
        return false;
    int64_t oldest = engine->scanned_at.ms - engine->options.decide.flap_window.ms;
    for (size_t i = 0; i < MEMBER_PAST_MAX; i++)
        if (member->disruptions.at[i].ms != 0 && member->disruptions.at[i].ms > oldest)
            return false;
    uint32_t number = member_index(engine, member);
    for (uint32_t i = 0; i < engine->incident_count; i++)
        if (engine->incidents[i].used && engine->incidents[i].member == number) return false;
    return true;
}

/* Takes a dead one out of the table; its place, emptied, is the caller's. */
static struct member *bury_one(struct engine *engine) {
    struct member *dead = NULL;
    for (uint32_t i = 0; i < engine->member_count && dead == NULL; i++) {
        struct member *member = &engine->members[engine->reuse_cursor];
        engine->reuse_cursor = (engine->reuse_cursor + 1) % engine->member_count;
        if (is_dead(engine, member)) dead = member;
    }
    if (dead == NULL) return NULL;
    memset(dead, 0, sizeof *dead);
    /* Open addressing has no holes: the index is made anew. */
    memset(engine->index, 0, ((size_t)engine->index_mask + 1) * sizeof *engine->index);
    for (uint32_t i = 0; i < engine->member_count; i++)
        if (&engine->members[i] != dead)
            engine->index[slot_of(engine, &engine->members[i].id)] = i + 1;
    return dead;
}

struct member *member_get(struct engine *engine, const struct instance_id *id) {
    if (id->text[0] == '\0') return NULL;
    uint32_t slot = slot_of(engine, id);
    if (engine->index[slot] != 0) return &engine->members[engine->index[slot] - 1];
    bool full = engine->member_count == engine->options.instances_max;
    struct member *member = full ? bury_one(engine) : &engine->members[engine->member_count++];
    if (member == NULL) return NULL;
    slot = slot_of(engine, id);
    engine->index[slot] = member_index(engine, member) + 1;
    member->id = *id;
    member->incident = ENGINE_NONE;
    member->flags = decide_flags_default();
    engine->counts_stale = true;
    return member;
}

uint32_t member_index(const struct engine *engine, const struct member *member) {
    return (uint32_t)(member - engine->members);
}

void member_queue(struct engine *engine, struct member *member) {
    if (member->waiting) return;
    uint32_t places = engine->options.instances_max;
    ASSERT(engine->waiting_count < places);
    member->waiting = true;
    engine->waiting[(engine->waiting_first + engine->waiting_count) % places] =
        member_index(engine, member);
    engine->waiting_count++;
}

struct member *member_next(struct engine *engine) {
    if (engine->waiting_count == 0) return NULL;
    struct member *member = &engine->members[engine->waiting[engine->waiting_first]];
    engine->waiting_first = (engine->waiting_first + 1) % engine->options.instances_max;
    engine->waiting_count--;
    member->waiting = false;
    return member;
}

struct incident *member_incident(struct engine *engine, const struct member *member) {
    return member->incident == ENGINE_NONE ? NULL : &engine->incidents[member->incident];
}

const struct check_result *member_failing(const struct member *member) {
    for (size_t i = 0; i < member->check_count; i++)
        if (member->checks[i].state == CHECK_FAILING) return &member->checks[i];
    return NULL;
}

struct past_actions *member_actions(struct member *member, enum rung rung) {
    return rung_disrupts_instance(rung) ? &member->disruptions : &member->restarts;
}

size_t member_past(struct member *member, enum rung rung, struct boot_time at) {
    struct past_actions *actions = member_actions(member, rung);
    size_t place = actions->next;
    actions->at[place] = at;
    actions->next = (place + 1) % MEMBER_PAST_MAX;
    return place;
}
