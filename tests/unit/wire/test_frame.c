/* The stream's framing: early refusals, nothing read past what is there. */
#include "tests/support/unit.h"

#include <string.h>

#include "common/wire/frame.h"

static uint8_t frame_bytes[FRAME_MAX + 16];

TEST(greeting_is_nngs_and_differs_by_role) {
    (void)state;
    uint8_t greeting[8];
    frame_greeting_write(FRAME_REP, greeting);
    assert_memory_equal(greeting, "\0SP\0\0\x31\0\0", 8);
    frame_greeting_write(FRAME_REQ, greeting);
    assert_memory_equal(greeting, "\0SP\0\0\x30\0\0", 8);
}

TEST(greeting_of_another_role_or_protocol_is_refused) {
    (void)state;
    const uint8_t pub[8] = {0, 'S', 'P', 0, 0, 0x20, 0, 0};
    const uint8_t reserved[8] = {0, 'S', 'P', 0, 0, 0x30, 0, 1};
    assert_int_equal(frame_greeting_check(FRAME_REQ, pub, 8), STATUS_MALFORMED);
    assert_int_equal(frame_greeting_check(FRAME_REQ, reserved, 8), STATUS_MALFORMED);
    assert_ok(frame_greeting_check(FRAME_REP, (const uint8_t *)"\0SP\0\0\x31\0\0", 8));
}

TEST(greeting_is_refused_at_its_first_wrong_byte) {
    (void)state;
    assert_int_equal(frame_greeting_check(FRAME_REQ, (const uint8_t *)"G", 1), STATUS_MALFORMED);
    assert_int_equal(frame_greeting_check(FRAME_REQ, (const uint8_t *)"\0SP", 3), STATUS_AGAIN);
}

TEST(frame_comes_back_as_it_was_written) {
    (void)state;
    struct frame frame;
    size_t used;
    frame_header_write(0x80000007u, 3, frame_bytes);
    memcpy(frame_bytes + FRAME_HEADER_BYTES, "abcX", 4);
    assert_ok(frame_read(frame_bytes, FRAME_HEADER_BYTES + 4, &frame, &used));
    assert_int_equal(used, FRAME_HEADER_BYTES + 3);
    assert_int_equal(frame.id, 0x80000007u);
    assert_int_equal(frame.body_length, 3);
    assert_memory_equal(frame.body, "abc", 3);
}

TEST(every_prefix_of_a_frame_is_incomplete) {
    (void)state;
    struct frame frame;
    size_t used;
    frame_header_write(0x80000001u, 5, frame_bytes);
    for (size_t length = 0; length < FRAME_HEADER_BYTES + 5; length++)
        assert_int_equal(frame_read(frame_bytes, length, &frame, &used), STATUS_AGAIN);
}

TEST(largest_frame_is_taken_and_one_byte_more_is_refused_after_eight_bytes) {
    (void)state;
    struct frame frame;
    size_t used;
    frame_header_write(0x80000001u, WIRE_MESSAGE_MAX, frame_bytes);
    assert_ok(frame_read(frame_bytes, FRAME_MAX, &frame, &used));
    frame_header_write(0x80000001u, WIRE_MESSAGE_MAX + 1, frame_bytes);
    assert_int_equal(frame_read(frame_bytes, 7, &frame, &used), STATUS_AGAIN);
    assert_int_equal(frame_read(frame_bytes, 8, &frame, &used), STATUS_TOO_LARGE);
}

TEST(length_of_all_ones_is_refused) {
    (void)state;
    struct frame frame;
    size_t used;
    memset(frame_bytes, 0xff, 16);
    assert_int_equal(frame_read(frame_bytes, 16, &frame, &used), STATUS_TOO_LARGE);
}

TEST(frame_without_id_or_with_a_hop_is_refused) {
    (void)state;
    struct frame frame;
    size_t used;
    memset(frame_bytes, 0, 16);
    frame_bytes[7] = 3;
    assert_int_equal(frame_read(frame_bytes, 16, &frame, &used), STATUS_MALFORMED);
    frame_header_write(0x00000001u, 0, frame_bytes);
    assert_int_equal(frame_read(frame_bytes, 12, &frame, &used), STATUS_MALFORMED);
}
