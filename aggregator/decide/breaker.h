/* The storm breaker (R11): counts instances that turned unhealthy lately, per zone and over the
 * fleet, and holds back every new action while they are too many. Half-open lets one through after
 * the cool-down. Plain data owned by the engine; pure. */
#ifndef EAR_AGGREGATOR_DECIDE_BREAKER_H
#define EAR_AGGREGATOR_DECIDE_BREAKER_H

#include "aggregator/decide/policy.h"

#define BREAKER_SCOPES_MAX 33   /* the fleet (0) and the zones of a region or a few */
#define BREAKER_NOTES_MAX  4096 /* instances counted within the window; more keep it open anyway */
#define BREAKER_ZONE_SIZE  24

enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF_OPEN };

/* How half-open's probe ended; NONE: nothing was done, so nothing was learnt. */
enum breaker_probe { BREAKER_PROBE_NONE, BREAKER_PROBE_SUCCESS, BREAKER_PROBE_FAILURE };

struct breaker_scope {
    char zone[BREAKER_ZONE_SIZE]; /* empty for the fleet */
    enum breaker_state state;
    uint32_t members;         /* opted-in instances of the scope */
    uint32_t newly_unhealthy; /* within the window */
    struct boot_time over;    /* when the limit was last exceeded */
    struct boot_time half_open_since;
    bool probing;    /* the one action of half-open is under way */
    uint32_t prober; /* whose it is */
};

struct breaker_note {
    struct boot_time at;
    uint16_t scope; /* the zone's index */
};

struct breaker {
    size_t scope_count; /* at least 1 after breaker_init */
    struct breaker_scope scopes[BREAKER_SCOPES_MAX];
    size_t first, count; /* ring of notes, oldest first */
    struct breaker_note notes[BREAKER_NOTES_MAX];
};

/* One scope as decide sees it. */
struct breaker_verdict {
    char zone[BREAKER_ZONE_SIZE];
    enum breaker_state state;
    bool probing;
    uint32_t prober; /* of the action that probes */
    uint32_t members, newly_unhealthy, limit;
    struct boot_time until; /* OPEN: when it becomes half-open at the earliest */
};

void breaker_init(struct breaker *breaker);
/* The scope of a zone, made on first use; the fleet's when there are too many zones. */
uint16_t breaker_zone(struct breaker *breaker, const char *zone);
/* Sets every scope's members to 0 before a recount by breaker_member(). */
void breaker_recount(struct breaker *breaker);
void breaker_member(struct breaker *breaker, uint16_t zone);
/* An instance we may act on turned unhealthy, not by our own doing. */
void breaker_note(struct breaker *breaker, uint16_t zone, struct boot_time at);
/* Forgets what left the window and moves the states. Bit 0 of the answer: some scope opened; bit 1:
 * some scope closed. Call after all notes of an event, before deciding. */
unsigned breaker_update(struct breaker *breaker, const struct decide_policy *policy,
                        struct now now);
/* An action started or ended in the zone: half-open scopes without a probe take it as theirs. A
 * probe that succeeded closes, one that failed opens again, one that proved nothing leaves the
 * scope half-open for a further cool-down or another probe. `prober` tells actions apart: the end
 * of any other action says nothing. */
void breaker_started(struct breaker *breaker, uint16_t zone, uint32_t prober);
void breaker_ended(struct breaker *breaker, uint16_t zone, uint32_t prober,
                   enum breaker_probe probe, struct boot_time at);
void breaker_verdict(const struct breaker *breaker, const struct decide_policy *policy,
                     uint16_t zone, struct breaker_verdict *out);
bool breaker_any_open(const struct breaker *breaker);
const char *breaker_state_name(enum breaker_state state); /* "closed", "open", "half_open" */

#endif
