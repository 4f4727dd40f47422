/* The storm breaker's counting and states; pure, over the engine's struct. */
#include "aggregator/decide/breaker.h"

#include <string.h>

#include "common/base/text.h"

#define FLEET 0

void breaker_init(struct breaker *breaker) {
    memset(breaker, 0, sizeof *breaker);
    breaker->scope_count = 1;
}

uint16_t breaker_zone(struct breaker *breaker, const char *zone) {
    if (zone[0] == '\0') return FLEET;
    for (size_t i = 1; i < breaker->scope_count; i++)
        if (strcmp(breaker->scopes[i].zone, zone) == 0) return (uint16_t)i;
    if (breaker->scope_count == BREAKER_SCOPES_MAX) return FLEET;
    struct breaker_scope *scope = &breaker->scopes[breaker->scope_count];
    memset(scope, 0, sizeof *scope);
    if (text_copy(scope->zone, sizeof scope->zone, zone) != STATUS_OK) return FLEET;
    return (uint16_t)breaker->scope_count++;
}

void breaker_recount(struct breaker *breaker) {
    for (size_t i = 0; i < breaker->scope_count; i++) breaker->scopes[i].members = 0;
}

void breaker_member(struct breaker *breaker, uint16_t zone) {
    breaker->scopes[FLEET].members++;
    if (zone != FLEET) breaker->scopes[zone].members++;
}

static void forget_oldest(struct breaker *breaker) {
    uint16_t zone = breaker->notes[breaker->first].scope;
    breaker->scopes[FLEET].newly_unhealthy--;
    if (zone != FLEET) breaker->scopes[zone].newly_unhealthy--;
    breaker->first = (breaker->first + 1) % BREAKER_NOTES_MAX;
    breaker->count--;
}

void breaker_note(struct breaker *breaker, uint16_t zone, struct boot_time at) {
    ASSERT(zone < breaker->scope_count);
    if (breaker->count == BREAKER_NOTES_MAX) forget_oldest(breaker);
    size_t place = (breaker->first + breaker->count) % BREAKER_NOTES_MAX;
    breaker->notes[place] = (struct breaker_note){.at = at, .scope = zone};
    breaker->count++;
    breaker->scopes[FLEET].newly_unhealthy++;
    if (zone != FLEET) breaker->scopes[zone].newly_unhealthy++;
}

/* Half-open without a probe for a further cool-down has nothing left to probe: it closes. */
static unsigned move_scope(struct breaker_scope *scope, const struct decide_policy *policy,
                           struct boot_time now) {
    bool over = scope->newly_unhealthy > decide_limit_breaker(policy, scope->members);
    if (over) {
        bool opened = scope->state == BREAKER_CLOSED;
        scope->state = BREAKER_OPEN;
        scope->over = now;
        scope->probing = false;
        return opened ? 1U : 0U;
    }
    int64_t cooldown = policy->breaker_cooldown.ms;
    if (scope->state == BREAKER_OPEN && now.ms - scope->over.ms >= cooldown) {
        scope->state = BREAKER_HALF_OPEN;
        scope->half_open_since = now;
        scope->probing = false;
    } else if (scope->state == BREAKER_HALF_OPEN && !scope->probing &&
               now.ms - scope->half_open_since.ms >= cooldown) {
        scope->state = BREAKER_CLOSED;
        return 2U;
    }
    return 0;
}

unsigned breaker_update(struct breaker *breaker, const struct decide_policy *policy,
                        struct now now) {
    int64_t oldest = now.boot.ms - policy->breaker_window.ms;
    while (breaker->count > 0 && breaker->notes[breaker->first].at.ms <= oldest)
        forget_oldest(breaker);
    unsigned changed = 0;
    for (size_t i = 0; i < breaker->scope_count; i++)
        changed |= move_scope(&breaker->scopes[i], policy, now.boot);
    return changed;
}

void breaker_started(struct breaker *breaker, uint16_t zone, uint32_t prober) {
    ASSERT(zone < breaker->scope_count);
    for (size_t i = 0; i < breaker->scope_count; i++) {
        struct breaker_scope *scope = &breaker->scopes[i];
        if ((i != FLEET && i != zone) || scope->state != BREAKER_HALF_OPEN || scope->probing)
            continue;
        scope->probing = true;
        scope->prober = prober;
    }
}

void breaker_ended(struct breaker *breaker, uint16_t zone, uint32_t prober,
                   enum breaker_probe probe, struct boot_time at) {
    ASSERT(zone < breaker->scope_count);
    for (size_t i = 0; i < breaker->scope_count; i++) {
        struct breaker_scope *scope = &breaker->scopes[i];
        if ((i != FLEET && i != zone) || scope->state != BREAKER_HALF_OPEN || !scope->probing ||
            scope->prober != prober)
            continue;
        scope->probing = false;
        scope->half_open_since = at;
        if (probe == BREAKER_PROBE_SUCCESS) scope->state = BREAKER_CLOSED;
        if (probe != BREAKER_PROBE_FAILURE) continue;
        scope->state = BREAKER_OPEN;
        scope->over = at;
    }
}

static void scope_verdict(const struct breaker_scope *scope, const struct decide_policy *policy,
                          struct breaker_verdict *out) {
    *out = (struct breaker_verdict){
        .state = scope->state,
        .probing = scope->probing,
        .prober = scope->prober,
        .members = scope->members,
        .newly_unhealthy = scope->newly_unhealthy,
        .limit = decide_limit_breaker(policy, scope->members),
        .until = boot_add(scope->over, policy->breaker_cooldown),
    };
    memcpy(out->zone, scope->zone, sizeof out->zone);
}

void breaker_verdict(const struct breaker *breaker, const struct decide_policy *policy,
                     uint16_t zone, struct breaker_verdict *out) {
    ASSERT(zone < breaker->scope_count);
    scope_verdict(&breaker->scopes[zone], policy, out);
}

bool breaker_any_open(const struct breaker *breaker) {
    for (size_t i = 0; i < breaker->scope_count; i++)
        if (breaker->scopes[i].state != BREAKER_CLOSED) return true;
    return false;
}

const char *breaker_state_name(enum breaker_state state) {
    switch (state) {
    case BREAKER_CLOSED: return "closed";
    case BREAKER_OPEN: return "open";
    case BREAKER_HALF_OPEN: return "half_open";
    }
    return "unknown";
}
