/* See craft.h. Static room: one test at a time. */
#include "tests/unit/wire/craft.h"

#include <string.h>

static uint8_t arena_bytes[WIRE_ARENA_BYTES];
static struct wire_arena arena;
static struct wire_message message;

static void add(struct craft *craft, const void *bytes, size_t length) {
    ASSERT(length <= CRAFT_MAX - craft->length);
    if (length > 0) memcpy(craft->bytes + craft->length, bytes, length);
    craft->length += length;
}

void craft_varint(struct craft *craft, uint64_t value) {
    do {
        uint8_t byte = (uint8_t)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
        add(craft, &byte, 1);
        value >>= 7;
    } while (value > 0);
}

void craft_number(struct craft *craft, unsigned field, uint64_t value) {
    craft_varint(craft, field << 3);
    craft_varint(craft, value);
}

void craft_fixed64(struct craft *craft, unsigned field, uint64_t value) {
    craft_varint(craft, field << 3 | 1);
    for (int i = 0; i < 8; i++) {
        uint8_t byte = (uint8_t)(value >> (8 * i) & 0xff);
        add(craft, &byte, 1);
    }
}

void craft_bytes(struct craft *craft, unsigned field, const void *bytes, size_t length) {
    craft_varint(craft, field << 3 | 2);
    craft_varint(craft, length);
    add(craft, bytes, length);
}

void craft_text(struct craft *craft, unsigned field, const char *text) {
    craft_bytes(craft, field, text, strlen(text));
}

void craft_message(struct craft *craft, unsigned field, const struct craft *inner) {
    craft_bytes(craft, field, inner->bytes, inner->length);
}

void craft_floats(struct craft *craft, unsigned field, const float *values, size_t count) {
    craft_bytes(craft, field, values, count * sizeof *values); /* little-endian machines only */
}

void craft_numbers(struct craft *craft, unsigned field, const uint32_t *values, size_t count) {
    static struct craft inner;
    inner.length = 0;
    for (size_t i = 0; i < count; i++) craft_varint(&inner, values[i]);
    craft_message(craft, field, &inner);
}

static void craft_speaker(struct craft *body) {
    body->length = 0;
    craft_text(body, 1, "i-0123456789abcdef0");
    craft_text(body, 2, "01234567-89ab-cdef-0123-456789abcdef");
    craft_number(body, 3, 1);
}

void craft_report(struct craft *body) {
    const float value = 12.5f;
    craft_speaker(body);
    craft_number(body, 4, 1772525520123);
    craft_number(body, 5, 10000);
    craft_text(body, 6, "0.1.0");
    craft_number(body, 7, 1);
    craft_fixed64(body, 9, 1);
    craft_floats(body, 10, &value, 1);
}

void craft_dictionary(struct craft *body) {
    craft_speaker(body);
    craft_number(body, 4, 1);
}

enum status craft_decode_bytes(const uint8_t *bytes, size_t length) {
    arena = (struct wire_arena){.bytes = arena_bytes, .capacity = sizeof arena_bytes};
    return wire_decode(&arena, bytes, length, &message);
}

enum status craft_decode(unsigned field, const struct craft *body) {
    static struct craft envelope;
    envelope.length = 0;
    craft_message(&envelope, field, body);
    return craft_decode_bytes(envelope.bytes, envelope.length);
}

const struct wire_message *craft_message_out(void) { return &message; }
size_t craft_arena_used(void) { return arena.used; }
