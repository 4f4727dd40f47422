/* When to dial again: full jitter under a doubling ceiling, so that a fleet that lost its
 * aggregator at one moment does not come back at one moment. Pure. */
#ifndef EAR_AGENT_LINK_PACE_H
#define EAR_AGENT_LINK_PACE_H

#include "common/base/clock.h"
#include "common/base/prng.h"

#define PACE_DOUBLINGS_MAX 20 /* more would only overflow */

/* failures  attempts that failed since the newest acknowledged request, 0 after a connection that
 *           worked was lost
 * Uniform in [least, ceiling]; the ceiling is least * 2^(failures + 1), at most `most`. */
static inline struct duration pace_next(struct prng *prng, unsigned failures, struct duration least,
                                        struct duration most) {
    int64_t ceiling = least.ms;
    for (unsigned i = 0; i <= failures && i < PACE_DOUBLINGS_MAX && ceiling < most.ms; i++)
        ceiling *= 2;
    if (ceiling > most.ms) ceiling = most.ms;
    if (ceiling <= least.ms) return least;
    uint64_t span = (uint64_t)(ceiling - least.ms) + 1;
    return duration_ms(least.ms + (int64_t)prng_below(prng, span));
}

#endif
