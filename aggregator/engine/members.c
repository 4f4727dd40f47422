/* The table of instances: found by id, never removed while the engine lives. Pure. */
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

struct member *member_get(struct engine *engine, const struct instance_id *id) {
    if (id->text[0] == '\0') return NULL;
    uint32_t slot = slot_of(engine, id);
    if (engine->index[slot] != 0) return &engine->members[engine->index[slot] - 1];
    if (engine->member_count == engine->options.instances_max) return NULL;
    struct member *member = &engine->members[engine->member_count++];
    engine->index[slot] = engine->member_count;
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
