/* A small world for the engine: a fleet, EC2 and SSM that are slow, lossy and lag, agents, people,
 * and a store that loses what was not yet durable at a crash. Everything follows from the seed. The
 * auditor sees calls leave and effects land, never the engine's own state, and checks the
 * invariants of SAFETY 8.2 at each of them. */
#ifndef EAR_TESTS_SIM_ENGINE_WORLD_H
#define EAR_TESTS_SIM_ENGINE_WORLD_H

#include "aggregator/engine/engine.h"

#define WORLD_INSTANCES_MAX 40

/* Which faults a seed switches on; each a rate of 0..100 % or a flag. */
struct world_faults {
    unsigned lost_percent;        /* answer of a call lost: half of them after the effect */
    unsigned throttle_percent;    /* call refused without effect */
    unsigned late_percent;        /* a lost call lands only minutes later */
    unsigned swallow_percent;     /* a reboot does nothing */
    unsigned stuck_percent;       /* a stop hangs until forced */
    unsigned capacity_percent;    /* a start finds no capacity */
    unsigned bad_service_percent; /* a restart does not heal the service */
    unsigned read_fail_percent;
    unsigned lag_ms;  /* reads show the state of up to so long ago */
    unsigned crash_s; /* mean time between crashes of the aggregator; 0 = none */
    unsigned store_fail_percent;
    bool storm, people, untag, predictions, dry_run;
};

struct world_report {
    uint64_t hash; /* of every call and effect, with its time */
    unsigned calls, reboots, stops, starts, restarts, crashes, incidents, storms;
    unsigned successes;
    char violation[256]; /* empty = all invariants held */
};

/* Runs one seed: `minutes` of faults, then as long as it takes to settle. */
void world_run(uint64_t seed, unsigned minutes, struct world_report *out);
/* The same with faults chosen by the caller. */
void world_run_with(uint64_t seed, unsigned minutes, const struct world_faults *faults,
                    struct world_report *out);

#endif
