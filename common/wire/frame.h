/* nng's wire format as far as REQ and REP speak it over a stream (nanomsg's "SP over TCP" mapping):
 * each side first sends an 8-byte greeting, then frames of an 8-byte big-endian length and that
 * many bytes. The bytes of a request are a 4-byte id with its top bit set, then the body; the reply
 * repeats the id. Pure: bytes in, values out. */
#ifndef EAR_COMMON_WIRE_FRAME_H
#define EAR_COMMON_WIRE_FRAME_H

#include "common/wire/wire.h"

#define FRAME_GREETING_BYTES 8
#define FRAME_LENGTH_BYTES   8
#define FRAME_ID_BYTES       4
#define FRAME_HEADER_BYTES   (FRAME_LENGTH_BYTES + FRAME_ID_BYTES)
#define FRAME_MAX            (FRAME_HEADER_BYTES + WIRE_MESSAGE_MAX)

/* SP protocol numbers (nanomsg RFC "sp-protocol-ids"): REQ is 3.0, REP is 3.1. */
enum frame_role { FRAME_REQ = 0x30, FRAME_REP = 0x31 };

struct frame {
    uint32_t id;         /* top bit set */
    const uint8_t *body; /* inside the bytes given; lives as long as they do */
    size_t body_length;  /* 0..WIRE_MESSAGE_MAX */
};

/* Writes the greeting of a peer in `role`. */
void frame_greeting_write(enum frame_role role, uint8_t greeting[static FRAME_GREETING_BYTES]);
/* Checks that the first `length` bytes can be the greeting of a peer in `role`, as early as they
 * show it. STATUS_AGAIN: right so far, but fewer than FRAME_GREETING_BYTES. STATUS_MALFORMED. */
enum status frame_greeting_check(enum frame_role role, const uint8_t *bytes,
                                 size_t length) MUST_USE;

/* Reads the frame that `bytes` begin with.
 * used_out  bytes of the frame, header included
 * STATUS_AGAIN      incomplete; nothing wrong so far
 * STATUS_TOO_LARGE  its length says more than WIRE_MESSAGE_MAX and an id; known after 8 bytes
 * STATUS_MALFORMED  shorter than an id, or the id's top bit is clear (a device's hop: not used
 * here) */
enum status frame_read(const uint8_t *bytes, size_t length, struct frame *frame_out,
                       size_t *used_out) MUST_USE;

/* Writes the 12 bytes that stand before a body of `body_length` <= WIRE_MESSAGE_MAX bytes. */
void frame_header_write(uint32_t id, size_t body_length, uint8_t header[static FRAME_HEADER_BYTES]);

#endif
