/* Parsers and makers of ids; pure. */
#include "common/base/id.h"

#include <string.h>

#include "common/base/hash.h"
#include "common/base/text.h"

static bool is_lower_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

enum status instance_id_parse(const char *bytes, size_t length, struct instance_id *id_out) {
    if (length < 2 + 8 || length > 2 + 17 || memcmp(bytes, "i-", 2) != 0) return STATUS_MALFORMED;
    for (size_t i = 2; i < length; i++)
        if (!is_lower_hex(bytes[i])) return STATUS_MALFORMED;
    return text_copy_bytes(id_out->text, sizeof id_out->text, bytes, length);
}

enum status boot_id_parse(const char *bytes, size_t length, struct boot_id *id_out) {
    if (length != 36) return STATUS_MALFORMED;
    for (size_t i = 0; i < length; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? bytes[i] != '-' : !is_lower_hex(bytes[i])) return STATUS_MALFORMED;
    }
    return text_copy_bytes(id_out->text, sizeof id_out->text, bytes, length);
}

bool instance_id_equal(const struct instance_id *a, const struct instance_id *b) {
    return strcmp(a->text, b->text) == 0;
}

bool boot_id_equal(const struct boot_id *a, const struct boot_id *b) {
    return strcmp(a->text, b->text) == 0;
}

uint64_t instance_id_hash(const struct instance_id *id) { return hash_string(id->text); }

struct record_id record_id_make(const char *prefix, int64_t wall_ms, uint64_t random_high,
                                uint64_t random_low) {
    static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    char ulid[27];
    uint64_t time = (uint64_t)wall_ms;
    for (size_t i = 10; i-- > 0; time >>= 5) ulid[i] = digits[time & 31];
    for (size_t i = 0; i < 8; i++) {
        ulid[10 + i] = digits[random_high >> (5 * i) & 31];
        ulid[18 + i] = digits[random_low >> (5 * i) & 31];
    }
    ulid[26] = '\0';
    struct record_id id;
    struct text text = text_over(id.text, sizeof id.text);
    text_add(&text, prefix);
    text_add(&text, ulid);
    return id;
}
