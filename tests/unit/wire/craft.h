/* Protocol buffer bytes made by hand, so that tests can say what no encoder of ours would. */
#ifndef EAR_TESTS_UNIT_WIRE_CRAFT_H
#define EAR_TESTS_UNIT_WIRE_CRAFT_H

#include "common/wire/wire.h"

#define CRAFT_MAX 65536

struct craft {
    size_t length;
    uint8_t bytes[CRAFT_MAX];
};

void craft_varint(struct craft *craft, uint64_t value);
void craft_number(struct craft *craft, unsigned field, uint64_t value);
void craft_fixed64(struct craft *craft, unsigned field, uint64_t value);
void craft_bytes(struct craft *craft, unsigned field, const void *bytes, size_t length);
void craft_text(struct craft *craft, unsigned field, const char *text);
void craft_message(struct craft *craft, unsigned field, const struct craft *inner);
void craft_floats(struct craft *craft, unsigned field, const float *values, size_t count);
void craft_numbers(struct craft *craft, unsigned field, const uint32_t *values, size_t count);

/* A report's body whose every field is right, one core value; tests add to it or override (the last
 * one of a scalar wins). */
void craft_report(struct craft *body);
void craft_dictionary(struct craft *body);
/* Wraps `body` as kind `field` of the envelope and decodes it. */
enum status craft_decode(unsigned field, const struct craft *body);
enum status craft_decode_bytes(const uint8_t *bytes, size_t length);
/* What the newest decoding gave, and what it used. */
const struct wire_message *craft_message_out(void);
size_t craft_arena_used(void);

#endif
