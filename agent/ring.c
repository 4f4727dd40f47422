/* The replay ring; pure. Messages lie whole, one behind the other; one that does not fit behind the
 * newest starts at the front again. An empty ring starts over, so that in quiet times only its
 * first page is ever touched. */
#include "agent/ring.h"

#include <string.h>

void ring_init(struct ring *ring, uint8_t *bytes, size_t capacity, struct ring_slot *slots,
               size_t slot_count) {
    ASSERT(capacity > 0 && capacity <= UINT32_MAX && slot_count > 0);
    *ring = (struct ring){
        .bytes = bytes, .capacity = capacity, .slots = slots, .slot_count = slot_count};
}

static const struct ring_slot *slot_at(const struct ring *ring, size_t index) {
    return &ring->slots[(ring->first + index) % ring->slot_count];
}

void ring_pop(struct ring *ring) {
    if (ring->count == 0) return;
    ring->first = (ring->first + 1) % ring->slot_count;
    ring->count--;
    if (ring->count == 0) ring->first = 0;
}

/* Where `length` bytes are free in one piece; false when they are not. */
static bool find_room(const struct ring *ring, size_t length, size_t *offset_out) {
    if (ring->count == ring->slot_count) return false;
    if (ring->count == 0) {
        *offset_out = 0;
        return true;
    }
    const struct ring_slot *newest = slot_at(ring, ring->count - 1);
    size_t oldest = slot_at(ring, 0)->offset, end = newest->offset + newest->length;
    bool is_split = newest->offset < oldest; /* the newest stands before the oldest */
    size_t limit = is_split ? oldest : ring->capacity;
    if (length <= limit - end) {
        *offset_out = end;
        return true;
    }
    if (is_split || length > oldest) return false;
    *offset_out = 0;
    return true;
}

void ring_push(struct ring *ring, uint64_t sequence, const uint8_t *bytes, size_t length) {
    ASSERT(length > 0 && length <= ring->capacity);
    size_t offset;
    while (!find_room(ring, length, &offset)) {
        ring_pop(ring);
        ring->dropped++;
    }
    memcpy(ring->bytes + offset, bytes, length);
    ring->slots[(ring->first + ring->count) % ring->slot_count] =
        (struct ring_slot){sequence, (uint32_t)offset, (uint32_t)length};
    ring->count++;
}

const struct ring_slot *ring_front(const struct ring *ring, const uint8_t **bytes_out) {
    if (ring->count == 0) return NULL;
    const struct ring_slot *slot = slot_at(ring, 0);
    *bytes_out = ring->bytes + slot->offset;
    return slot;
}
