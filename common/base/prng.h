/* Seeded random numbers for jitter, sampling and simulation: xoshiro256** seeded by splitmix64
 * (Blackman and Vigna, public domain algorithms). Not for secrets. The state is the caller's. */
#ifndef EAR_COMMON_BASE_PRNG_H
#define EAR_COMMON_BASE_PRNG_H

#include "common/base/base.h"

struct prng {
    uint64_t word[4];
};

struct prng prng_seeded(uint64_t seed);
uint64_t prng_next(struct prng *prng);
/* Uniform in [0, bound); bound >= 1. */
uint64_t prng_below(struct prng *prng, uint64_t bound);
/* Uniform in [0, 1), 53 bits. */
double prng_unit(struct prng *prng);

#endif
