/* Rebuilding the state from rows after a start. What ran is not replayed but looked at: its run
 * gets RESTORED, and its plan says how to read the world (R3). Pure; restore.c reads the rows. */
#include <string.h>

#include "aggregator/engine/state.h"

#define WAIT_MAX_MS (60 * 60 * 1000)

/* An age by wall clock as a boot time; a row from the future counts as written now, which only
 * makes every window longer. Never 0, which means "never". */
static struct boot_time boot_of(struct wall_time at, struct now now) {
    int64_t age = now.wall.ms - at.ms;
    if (age < 0) age = 0;
    int64_t ms = now.boot.ms - age;
    return (struct boot_time){ms == 0 ? 1 : ms};
}

/* A time to come; 0 when it is over. The wall clock may have jumped: no wait is longer than an
 * hour. */
static struct boot_time boot_until(struct wall_time at, struct now now) {
    int64_t left = at.ms - now.wall.ms;
    if (at.ms == 0 || left <= 0) return (struct boot_time){0};
    return boot_add(now.boot, duration_ms(left < WAIT_MAX_MS ? left : WAIT_MAX_MS));
}

/* Two open rows of one instance: the end of the older was lost with its batch. The one that runs
 * stays, else the newer; the other is closed with the first tick. */
static void settle_twins(struct engine *engine, struct member *member, struct incident *first,
                         struct incident *second) {
    struct incident *stays = second, *goes = first;
    if (first != NULL &&
        (first->running || (!second->running && first->opened.ms > second->opened.ms))) {
        stays = first;
        goes = second;
    }
    member->incident = (uint32_t)(stays - engine->incidents);
    if (goes == NULL) return;
    goes->closed = true;
    goes->outcome = OUTCOME_RESOLVED;
}

enum status engine_restore_incident(struct engine *engine, const struct engine_incident_row *row,
                                    struct now now) {
    ASSERT(!engine->restored);
    struct member *member = member_get(engine, &row->instance);
    if (member == NULL || engine->incident_count == ENGINE_INCIDENTS_MAX) return STATUS_FULL;
    struct incident *other = member_incident(engine, member);
    if (other != NULL && other->running && row->running) return STATUS_EXISTS;
    struct incident *incident = &engine->incidents[engine->incident_count];
    memset(incident, 0, sizeof *incident);
    incident->used = true;
    incident->id = row->id;
    incident->prediction = row->prediction;
    incident->member = member_index(engine, member);
    incident->fault = row->fault;
    incident->trigger = row->trigger;
    incident->opened = row->opened;
    incident->opened_at = boot_of(row->opened, now);
    memcpy(incident->failed, row->failed, sizeof incident->failed);
    memcpy(incident->attempts, row->attempts, sizeof incident->attempts);
    incident->acted = row->acted;
    incident->asked = row->asked;
    incident->held = row->held;
    incident->acknowledged = row->acknowledged;
    incident->errors = row->errors;
    incident->not_before = boot_until(row->not_before, now);
    memcpy(incident->cause, row->cause, sizeof incident->cause);
    memcpy(incident->started_sort, row->started_sort, sizeof incident->started_sort);
    memcpy(incident->intent_sort, row->intent_sort, sizeof incident->intent_sort);
    memcpy(incident->actor, row->actor, sizeof incident->actor);
    incident->running = row->running;
    if (row->running) {
        incident->run = row->run;
        incident->stored_state = row->run.state;
        incident->decided_rung = row->run.rung;
        incident->reserved = true;
        member->boot = row->run.boot_before;
    }
    settle_twins(engine, member, other, incident);
    engine->incident_count++;
    return STATUS_OK;
}

enum status engine_restore_intent(struct engine *engine, const struct engine_intent_row *row,
                                  struct now now) {
    ASSERT(!engine->restored);
    struct member *member = member_get(engine, &row->instance);
    if (member == NULL) return STATUS_FULL;
    /* The later of the two times, for the same reason as count_again() in drive.c. */
    struct boot_time at = boot_of(row->ended.ms > row->at.ms ? row->ended : row->at, now);
    if (row->first_leg) {
        size_t past = member_past(member, row->rung, at), start = 0;
        if (rung_disrupts_instance(row->rung)) start = fleet_started(engine, at);
        struct incident *incident = member_incident(engine, member);
        if (incident != NULL && row->open) {
            incident->past_place = past;
            incident->start_place = start;
        }
    }
    if (!row->success) return STATUS_OK;
    struct boot_time ended = boot_of(row->ended, now);
    if (member->success_at.ms != 0 && member->success_at.ms > ended.ms) return STATUS_OK;
    member->success_at = ended;
    member->success_disruptive = rung_disrupts_instance(row->rung);
    return STATUS_OK;
}

enum status engine_restore_flags(struct engine *engine, const struct instance_id *instance,
                                 const struct decide_flags *flags) {
    struct member *member = member_get(engine, instance);
    if (member == NULL) return STATUS_FULL;
    member->flags = *flags;
    return STATUS_OK;
}

void engine_restore_event(struct engine *engine, const struct instance_id *instance,
                          struct wall_time at) {
    struct member *member = member_find(engine, instance);
    if (member == NULL) member = member_get(engine, instance);
    if (member != NULL && at.ms > member->last_event_ms) member->last_event_ms = at.ms;
}

void engine_restore_pause(struct engine *engine, const char *reason, struct wall_time until,
                          struct now now) {
    struct pause_state *pause = &engine->pause;
    /* Rows that cannot be read come in any order with the pause's own: neither lifts the other. */
    pause->operator= pause->operator|| reason != NULL;
    pause->unreadable = pause->unreadable || reason == NULL;
    if (reason == NULL) return;
    struct text text = text_over(pause->reason, sizeof pause->reason);
    text_add(&text, reason);
    pause->since = now.wall;
    /* By the wall clock, which may have jumped: never longer than it would have been, and a pause
     * that is over ends with the first tick. */
    if (until.ms != 0) pause->until = (struct boot_time){now.boot.ms + (until.ms - now.wall.ms)};
    if (until.ms != 0 && pause->until.ms <= 0) pause->until.ms = 1;
}

void engine_restore_acknowledged(struct engine *engine, const struct instance_id *instance,
                                 struct wall_time at, struct now now) {
    struct member *member = member_find(engine, instance);
    if (member == NULL) return;
    member->acknowledged = true;
    member->acknowledged_at = boot_of(at, now);
}

void engine_restored(struct engine *engine, struct now now) {
    ASSERT(!engine->restored);
    engine->restored = true;
    engine->pause.file_unknown = true;
    engine->started = engine->active_since = now.boot;
    for (uint32_t i = 0; i < engine->incident_count; i++) {
        struct incident *incident = &engine->incidents[i];
        if (incident->running) incident->resume = true;
        member_queue(engine, &engine->members[incident->member]);
    }
}
