/* Which refusals of the agents' port are worth a line in the log: a peer that comes back every
 * second is said once, and a flood of ever new names cannot fill the disk. */
#ifndef EAR_AGGREGATOR_REFUSALS_H
#define EAR_AGGREGATOR_REFUSALS_H

#include <pthread.h>

#include "aggregator/ingest/ingest.h"

#define REFUSALS_KEPT 64

/* One refusal that was said. */
struct refusal_said {
    uint64_t key; /* 0 = free */
    struct boot_time at;
    uint32_t repeats; /* not said since */
};

/* All zero at first but for the lock, which the owner makes. */
struct refusals {
    pthread_mutex_t lock; /* guards what follows; taken by the I/O threads */
    struct refusal_said said[REFUSALS_KEPT];
    struct boot_time minute; /* when the present minute began */
    uint32_t lines;          /* in it */
};

/* Whether to say it. *repeats_out = how often the same was refused, unsaid, since it was said last.
 * Any thread. */
bool refusals_say(struct refusals *refusals, const struct ingest_refusal *refusal,
                  struct boot_time now, uint32_t *repeats_out) MUST_USE;

#endif
