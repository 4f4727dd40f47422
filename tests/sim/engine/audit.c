/* The auditor: the invariants of SAFETY 8.2 against the world's truth and the durable rows. It
 * shares no state with the engine; it knows the policy's limits, which are part of the promise. */
#include <stdio.h>
#include <string.h>

#include "tests/sim/engine/world_private.h"

size_t box_of(const struct world *w, const struct instance_id *id) {
    for (size_t i = 0; i < w->box_count; i++)
        if (instance_id_equal(&w->boxes[i].facts.id, id)) return i;
    return WORLD_INSTANCES_MAX;
}

static bool is_disruptive(enum call_kind kind) {
    return call_mutates(kind) && kind != CALL_RUN_DOCUMENT;
}

struct action *find_action(struct world *w, const char *id) {
    for (size_t i = 0; i < w->action_count; i++)
        if (strcmp(w->actions[i].id, id) == 0) return &w->actions[i];
    return NULL;
}

/* "INC-.../reboot/1" up to its second slash, and up to its first. */
static size_t prefix(const char *id, unsigned slashes) {
    size_t length = 0;
    for (; id[length] != '\0' && slashes > 0; length++)
        if (id[length] == '/') slashes--;
    return length;
}

static bool same_plan(const char *a, const char *b) {
    size_t length = prefix(a, 2);
    return length == prefix(b, 2) && strncmp(a, b, length) == 0;
}

static void audit_before(struct world *w, const struct call *call, size_t box) {
    const struct recover_policy *policy = &w->options.recover;
    int64_t window = policy->signature_window.ms + policy->settle_time.ms;
    unsigned open = 0, hour = 0, day = 0;
    for (size_t i = 0; i < w->action_count; i++) {
        const struct action *other = &w->actions[i];
        bool same = strcmp(other->id, call->action.text) == 0;
        /* 3, 4: the one before on this instance is over, or it is a leg of the same plan. */
        if (!same && other->box == box && !settled(w, other->id) &&
            !same_plan(other->id, call->action.text))
            violate(w, "overlap: %s while %s is open", call->action.text, other->id);
        bool in_dark = other->lost && !other->landed && w->ms - other->at < window;
        if (!same && other->box == box && in_dark && other->kind == call->kind)
            violate(w, "re-act in the dark: %s after %s", call->action.text, other->id);
        if (!is_disruptive(other->kind)) continue;
        if (!same && !settled(w, other->id) && !same_plan(other->id, call->action.text)) open++;
        /* What never landed and can land no more disrupted nothing. */
        bool counts = other->landed || w->ms - other->at < window;
        if (!other->first_leg || same || !counts) continue;
        if (w->ms - other->at < w->options.decide.budget_window.ms) hour++;
        if (other->box == box && w->ms - other->at < w->options.decide.flap_window.ms &&
            other->at > w->acknowledged_at[box])
            day++;
    }
    bool first = call->kind == CALL_REBOOT || call->kind == CALL_STOP;
    if (!first || find_action(w, call->action.text) != NULL) return;
    uint32_t members = 0;
    for (size_t i = 0; i < w->box_count; i++)
        if (w->boxes[i].facts.opted_in) members++;
    /* 6: one more may be opted in than the engine knew of. */
    if (open + 1 > decide_limit_concurrent(&w->options.decide, members + 1))
        violate(w, "budget: %u open when %s left", open, call->action.text);
    if (hour + 1 > decide_limit_window(&w->options.decide, members + 1))
        violate(w, "hour budget: %u before %s", hour, call->action.text);
    if (day + 1 > w->options.decide.max_disruptive_per_day)
        violate(w, "flap: %u of this instance before %s", day, call->action.text);
}

static bool was_called(struct world *w, const char *incident_of, const char *rung) {
    size_t length = prefix(incident_of, 1);
    for (size_t i = 0; i < w->action_count; i++)
        if (strncmp(w->actions[i].id, incident_of, length) == 0 &&
            strncmp(w->actions[i].id + length, rung, strlen(rung)) == 0)
            return true;
    return false;
}

void audit_call(struct world *w, const struct call *call) {
    size_t box = box_of(w, &call->instance);
    if (box == WORLD_INSTANCES_MAX) {
        violate(w, "call names an unknown instance");
        return;
    }
    if (w->options.decide.dry_run) violate(w, "a mutating call in dry run");
    if (find_intent(w, call->action.text) == NULL)
        violate(w, "no durable intent for %s", call->action.text);
    if (w->paused && w->ms - w->paused_at > 5000)
        violate(w, "%s left %lld ms after the pause", call->action.text,
                (long long)(w->ms - w->paused_at));
    bool first = call->kind == CALL_REBOOT || call->kind == CALL_STOP;
    if (first && w->ms < w->storm_until && w->ms > w->storm_from + 5000)
        violate(w, "%s left in a storm", call->action.text);
    if (call->kind == CALL_STOP && !was_called(w, call->action.text, "reboot"))
        violate(w, "%s without a reboot before it", call->action.text);
    if ((call->kind == CALL_START || call->kind == CALL_STOP_FORCE) &&
        !was_called(w, call->action.text, "stop-start"))
        violate(w, "%s without a stop before it", call->action.text);
    audit_before(w, call, box);
    struct action *action = find_action(w, call->action.text);
    if (action == NULL) {
        if (w->action_count == ACTIONS_MAX) {
            violate(w, "too many actions");
            return;
        }
        action = &w->actions[w->action_count++];
        *action = (struct action){.box = box, .kind = call->kind, .first_leg = first};
        snprintf(action->id, sizeof action->id, "%s", call->action.text);
    }
    if (action->kind != call->kind) violate(w, "one action id, two calls: %s", action->id);
    action->at = w->ms;
    action->lost = false;
}

void audit_effect(struct world *w, const char *id) {
    struct action *action = find_action(w, id);
    if (action == NULL) return;
    action->landed = true;
    action->landed_at = w->ms;
    if (++action->effects > 1) violate(w, "two effects of %s", id);
}

/* 8: counts what the engine was told, as it must have counted it. */
void audit_unhealthy(struct world *w, size_t number) {
    struct box *box = &w->boxes[number];
    int64_t window = w->options.decide.breaker_window.ms;
    for (size_t i = 0; i < w->action_count; i++)
        if (w->actions[i].box == number && !settled(w, w->actions[i].id)) return;
    if (!box->facts.opted_in) return;
    if (box->noted_at != 0 && w->ms - box->noted_at < window) return;
    box->noted_at = w->ms;
    if (w->note_count < NOTES_MAX) w->notes[w->note_count++] = w->ms;
    unsigned recent = 0, members = 0;
    for (size_t i = 0; i < w->note_count; i++)
        if (w->ms - w->notes[i] < window - 2000) recent++;
    for (size_t i = 0; i < w->box_count; i++)
        if (w->boxes[i].facts.opted_in) members++;
    if (recent <= decide_limit_breaker(&w->options.decide, members)) return;
    if (w->ms >= w->storm_until) {
        w->storm_from = w->ms;
        w->report->storms++;
    }
    w->storm_until = w->ms + w->options.decide.breaker_cooldown.ms;
}
