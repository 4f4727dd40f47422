/* xoshiro256** over the caller's state; pure, any thread that owns the state. */
#include "common/base/prng.h"

static uint64_t rotate_left(uint64_t word, unsigned by) { return word << by | word >> (64 - by); }

struct prng prng_seeded(uint64_t seed) {
    struct prng prng;
    for (size_t i = 0; i < ARRAY_LENGTH(prng.word); i++) {
        seed += 0x9e3779b97f4a7c15ULL;
        uint64_t mixed = seed;
        mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9ULL;
        mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebULL;
        prng.word[i] = mixed ^ mixed >> 31;
    }
    return prng;
}

uint64_t prng_next(struct prng *prng) {
    uint64_t *w = prng->word;
    uint64_t result = rotate_left(w[1] * 5, 7) * 9, shifted = w[1] << 17;
    w[2] ^= w[0];
    w[3] ^= w[1];
    w[1] ^= w[2];
    w[0] ^= w[3];
    w[2] ^= shifted;
    w[3] = rotate_left(w[3], 45);
    return result;
}

uint64_t prng_below(struct prng *prng, uint64_t bound) {
    ASSERT(bound > 0);
    /* Values past the largest multiple of the bound are drawn again, so that no value is favoured.
     */
    uint64_t limit = UINT64_MAX - UINT64_MAX % bound, drawn;
    do drawn = prng_next(prng);
    while (drawn >= limit);
    return drawn % bound;
}

double prng_unit(struct prng *prng) { return (double)(prng_next(prng) >> 11) * 0x1p-53; }
