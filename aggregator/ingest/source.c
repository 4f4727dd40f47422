/* See source.h. Data is the caller's. */
#include "aggregator/ingest/source.h"

#include "common/base/hash.h"

static size_t slot_of(const struct source_table *table, const uint8_t source[static SOURCE_BYTES]) {
    uint64_t hash = hash_bytes(HASH_SEED ^ table->seed, source, SOURCE_BYTES);
    return (size_t)(hash >> 32) & (SOURCE_SLOTS - 1);
}

bool source_may(const struct source_table *table, const uint8_t source[static SOURCE_BYTES],
                unsigned rate_per_s, unsigned burst, struct boot_time now) {
    if (rate_per_s == 0) return true;
    struct bucket bucket = table->buckets[slot_of(table, source)];
    return bucket_take(&bucket, rate_per_s, burst, now) == 0;
}

void source_take(struct source_table *table, const uint8_t source[static SOURCE_BYTES],
                 unsigned rate_per_s, unsigned burst, struct boot_time now) {
    if (rate_per_s == 0) return;
    (void)bucket_take(&table->buckets[slot_of(table, source)], rate_per_s, burst, now);
}
