/* Reports that no aggregator has acknowledged yet, oldest first, in bounded memory: when it is full
 * the oldest go. Pure, over the caller's storage. */
#ifndef EAR_AGENT_RING_H
#define EAR_AGENT_RING_H

#include "common/base/base.h"

struct ring_slot {
    uint64_t sequence;
    uint32_t offset, length;
};

struct ring {
    uint8_t *bytes; /* the caller's, `capacity` of them */
    size_t capacity;
    struct ring_slot *slots; /* the caller's, `slot_count` of them */
    size_t slot_count;
    size_t first, count; /* of the slots in use */
    uint64_t dropped;    /* reports that made room for newer ones, since the start */
};

/* capacity    at least the longest message; slot_count at least 1 */
void ring_init(struct ring *ring, uint8_t *bytes, size_t capacity, struct ring_slot *slots,
               size_t slot_count);
/* Copies a message of 1..capacity bytes in. */
void ring_push(struct ring *ring, uint64_t sequence, const uint8_t *bytes, size_t length);
/* The oldest message; NULL when empty. Borrowed until the next call that changes the ring. */
const struct ring_slot *ring_front(const struct ring *ring, const uint8_t **bytes_out);
/* Drops the oldest message; nothing when empty. */
void ring_pop(struct ring *ring);

#endif
