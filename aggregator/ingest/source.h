/* How often one source may begin a handshake, each about a millisecond of CPU for whoever asks
 * (DESIGN 6, per-source rate). A table of fixed size: sources that share a place share its rate, so
 * a flood from many addresses is held back together and nothing grows. Pure; one thread. */
#ifndef EAR_AGGREGATOR_INGEST_SOURCE_H
#define EAR_AGGREGATOR_INGEST_SOURCE_H

#include "aggregator/ingest/bucket.h"

#define SOURCE_BYTES 16  /* an IPv6 host's /64, or IPv4 as mapped into IPv6 */
#define SOURCE_SLOTS 512 /* a power of two */

/* Zeroes = nobody came yet. */
struct source_table {
    uint64_t seed; /* so that nobody can choose who shares a place with whom */
    struct bucket buckets[SOURCE_SLOTS];
};

/* Whether `source` may begin now; takes nothing. Arguments as bucket_take(); rate 0 = always. */
bool source_may(const struct source_table *table, const uint8_t source[static SOURCE_BYTES],
                unsigned rate_per_s, unsigned burst, struct boot_time now);
/* Counts one that begins. */
void source_take(struct source_table *table, const uint8_t source[static SOURCE_BYTES],
                 unsigned rate_per_s, unsigned burst, struct boot_time now);

#endif
