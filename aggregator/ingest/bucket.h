/* A token bucket: how often one agent may speak (SAFETY F26). Pure. */
#ifndef EAR_AGGREGATOR_INGEST_BUCKET_H
#define EAR_AGGREGATOR_INGEST_BUCKET_H

#include "common/base/clock.h"

/* Counts in thousandths of a token, so that a millisecond at 1 a second is a whole number. */
struct bucket {
    uint64_t milli;
    struct boot_time filled_at; /* 0 = never used: full */
};

/* Takes one token and gives 0, or gives the milliseconds until there will be one.
 * rate_per_s  >= 1; burst >= 1, tokens a rested bucket holds */
static inline int64_t bucket_take(struct bucket *bucket, unsigned rate_per_s, unsigned burst,
                                  struct boot_time now) {
    uint64_t full = (uint64_t)burst * 1000;
    int64_t span = boot_since(now, bucket->filled_at).ms;
    if (bucket->filled_at.ms == 0 || (uint64_t)span >= full / rate_per_s + 1)
        bucket->milli = full;
    else if (span > 0)
        bucket->milli += (uint64_t)span * rate_per_s;
    if (bucket->milli > full) bucket->milli = full;
    bucket->filled_at = now;
    if (bucket->milli >= 1000) {
        bucket->milli -= 1000;
        return 0;
    }
    return (int64_t)((1000 - bucket->milli + rate_per_s - 1) / rate_per_s);
}

#endif
