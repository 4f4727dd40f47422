/* The replay ring. */
#include <string.h>

#include "agent/ring.h"
#include "tests/support/unit.h"

#define CAPACITY 100
#define SLOTS    8

struct fixture {
    struct ring ring;
    uint8_t bytes[CAPACITY];
    struct ring_slot slots[SLOTS];
};

static void push(struct fixture *f, uint64_t sequence, size_t length) {
    uint8_t message[CAPACITY];
    memset(message, (int)sequence, sizeof message);
    ring_push(&f->ring, sequence, message, length);
}

/* The front must hold what was pushed under its number. */
static uint64_t front(const struct fixture *f) {
    const uint8_t *bytes;
    const struct ring_slot *slot = ring_front(&f->ring, &bytes);
    if (slot == NULL) return 0;
    for (size_t i = 0; i < slot->length; i++) assert_int_equal(bytes[i], (uint8_t)slot->sequence);
    return slot->sequence;
}

TEST(messages_come_back_oldest_first) {
    (void)state;
    struct fixture f;
    ring_init(&f.ring, f.bytes, CAPACITY, f.slots, SLOTS);
    assert_int_equal(front(&f), 0);
    push(&f, 1, 10);
    push(&f, 2, 20);
    assert_int_equal(front(&f), 1);
    ring_pop(&f.ring);
    assert_int_equal(front(&f), 2);
    ring_pop(&f.ring);
    assert_int_equal(front(&f), 0);
    ring_pop(&f.ring);
    assert_int_equal(f.ring.count, 0);
}

TEST(a_full_ring_drops_the_oldest_and_counts_them) {
    (void)state;
    struct fixture f;
    ring_init(&f.ring, f.bytes, CAPACITY, f.slots, SLOTS);
    for (uint64_t i = 1; i <= 5; i++) push(&f, i, 30);
    assert_int_equal(f.ring.count, 3);
    assert_int_equal(f.ring.dropped, 2);
    assert_int_equal(front(&f), 3);
    push(&f, 6, CAPACITY); /* the longest takes all of it */
    assert_int_equal(f.ring.count, 1);
    assert_int_equal(front(&f), 6);
}

TEST(slots_bound_the_ring_too) {
    (void)state;
    struct fixture f;
    ring_init(&f.ring, f.bytes, CAPACITY, f.slots, SLOTS);
    for (uint64_t i = 1; i <= SLOTS + 3; i++) push(&f, i, 1);
    assert_int_equal(f.ring.count, SLOTS);
    assert_int_equal(front(&f), 4);
}

TEST(an_empty_ring_starts_at_its_first_byte_again) {
    (void)state;
    struct fixture f;
    ring_init(&f.ring, f.bytes, CAPACITY, f.slots, SLOTS);
    for (uint64_t i = 1; i <= 50; i++) {
        push(&f, i, 40);
        const uint8_t *bytes;
        assert_non_null(ring_front(&f.ring, &bytes));
        assert_ptr_equal(bytes, f.bytes);
        ring_pop(&f.ring);
    }
}

TEST(any_mix_of_pushes_and_pops_keeps_order_and_bytes) {
    (void)state;
    struct fixture f;
    ring_init(&f.ring, f.bytes, CAPACITY, f.slots, SLOTS);
    uint32_t random = 1; /* the seed */
    uint64_t next = 1, last = 0;
    for (int i = 0; i < 20000; i++) {
        random = random * 1664525U + 1013904223U;
        if ((random >> 16) % 3 != 0) {
            push(&f, next++, 1 + (random >> 20) % CAPACITY);
        } else {
            ring_pop(&f.ring);
        }
        uint64_t oldest = front(&f);
        assert_true(oldest == 0 || oldest >= last);
        if (oldest != 0) last = oldest;
        assert_int_equal(f.ring.count == 0, oldest == 0);
        for (size_t k = 1; k < f.ring.count; k++) {
            const struct ring_slot *a = &f.ring.slots[(f.ring.first + k - 1) % SLOTS];
            const struct ring_slot *b = &f.ring.slots[(f.ring.first + k) % SLOTS];
            assert_int_equal(b->sequence, a->sequence + 1);
            assert_true(b->offset + b->length <= CAPACITY);
        }
    }
}
