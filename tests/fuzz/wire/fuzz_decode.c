/* Any bytes as an envelope: decoded or refused, never more than the arena; what was decoded can be
 * encoded again and then decodes to the same bytes (F30, F31). */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t arena_bytes[WIRE_ARENA_BYTES];
static uint8_t first[WIRE_MESSAGE_MAX], second[WIRE_MESSAGE_MAX];
static struct wire_message message;

static enum status encode(uint8_t *buffer, size_t *length_out) {
    switch (message.kind) {
    case WIRE_REPORT:
        return wire_encode_report(&message.of.report, buffer, WIRE_MESSAGE_MAX, length_out);
    case WIRE_DICTIONARY:
        return wire_encode_dictionary(&message.instance, &message.boot, message.sequence,
                                      &message.of.dictionary, buffer, WIRE_MESSAGE_MAX, length_out);
    case WIRE_NOTICE:
        return wire_encode_notice(&message.of.notice, buffer, WIRE_MESSAGE_MAX, length_out);
    }
    return STATUS_INTERNAL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct wire_arena arena = {.bytes = arena_bytes, .capacity = sizeof arena_bytes};
    struct ack ack;
    size_t first_length, second_length;
    if (wire_decode_ack(&arena, data, size, &ack) == STATUS_OK &&
        wire_encode_ack(&ack, first, WIRE_ACK_MAX, &first_length) != STATUS_OK)
        abort();
    enum status status = wire_decode(&arena, data, size, &message);
    if (arena.used > WIRE_ARENA_BYTES) abort();
    if (status) return 0;
    if ((status = encode(first, &first_length)) == STATUS_TOO_LARGE &&
        message.kind == WIRE_DICTIONARY)
        return 0; /* many names for one member, said once on the way in */
    if (status) abort();
    if (wire_decode(&arena, first, first_length, &message)) abort();
    if (encode(second, &second_length) || second_length != first_length ||
        memcmp(first, second, first_length) != 0)
        abort();
    return 0;
}
