/* The stream's framing; pure, no data. */
#include "common/wire/frame.h"

#include <string.h>

static uint64_t read_big_endian(const uint8_t *bytes, size_t count) {
    uint64_t number = 0;
    for (size_t i = 0; i < count; i++) number = number << 8 | bytes[i];
    return number;
}

static void write_big_endian(uint64_t number, uint8_t *bytes, size_t count) {
    for (size_t i = count; i-- > 0; number >>= 8) bytes[i] = (uint8_t)(number & 0xff);
}

void frame_greeting_write(enum frame_role role, uint8_t greeting[static FRAME_GREETING_BYTES]) {
    const uint8_t bytes[FRAME_GREETING_BYTES] = {0, 'S', 'P', 0, 0, (uint8_t)role, 0, 0};
    memcpy(greeting, bytes, sizeof bytes);
}

enum status frame_greeting_check(enum frame_role role, const uint8_t *bytes, size_t length) {
    uint8_t wanted[FRAME_GREETING_BYTES];
    frame_greeting_write(role, wanted);
    size_t shown = length < sizeof wanted ? length : sizeof wanted;
    if (memcmp(bytes, wanted, shown) != 0) return STATUS_MALFORMED;
    return shown < sizeof wanted ? STATUS_AGAIN : STATUS_OK;
}

enum status frame_read(const uint8_t *bytes, size_t length, struct frame *frame_out,
                       size_t *used_out) {
    if (length < FRAME_LENGTH_BYTES) return STATUS_AGAIN;
    uint64_t payload = read_big_endian(bytes, FRAME_LENGTH_BYTES);
    if (payload > FRAME_ID_BYTES + WIRE_MESSAGE_MAX) return STATUS_TOO_LARGE;
    if (payload < FRAME_ID_BYTES) return STATUS_MALFORMED;
    if (length < FRAME_HEADER_BYTES) return STATUS_AGAIN;
    uint32_t id = (uint32_t)read_big_endian(bytes + FRAME_LENGTH_BYTES, FRAME_ID_BYTES);
    if ((id & 0x80000000u) == 0) return STATUS_MALFORMED;
    if (length - FRAME_LENGTH_BYTES < payload) return STATUS_AGAIN;
    *frame_out = (struct frame){id, bytes + FRAME_HEADER_BYTES, (size_t)payload - FRAME_ID_BYTES};
    *used_out = FRAME_LENGTH_BYTES + (size_t)payload;
    return STATUS_OK;
}

void frame_header_write(uint32_t id, size_t body_length,
                        uint8_t header[static FRAME_HEADER_BYTES]) {
    write_big_endian(FRAME_ID_BYTES + (uint64_t)body_length, header, FRAME_LENGTH_BYTES);
    write_big_endian(id, header + FRAME_LENGTH_BYTES, FRAME_ID_BYTES);
}
