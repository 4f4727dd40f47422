/* Checks of single values; pure, no data. */
#include "common/wire/check.h"

#include <math.h>

#include "common/base/text.h"

/* Bytes of the sequence that `lead` begins; 0 when none may begin so. */
static size_t sequence_length(uint8_t lead) {
    if (lead < 0x80) return 1;
    if (lead >= 0xc2 && lead <= 0xdf) return 2;
    if (lead >= 0xe0 && lead <= 0xef) return 3;
    if (lead >= 0xf0 && lead <= 0xf4) return 4;
    return 0;
}

/* The range of a second byte excludes overlong forms, surrogates and what lies above U+10FFFF. */
static bool second_byte_fits(uint8_t lead, uint8_t second) {
    uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    return second >= low && second <= high;
}

static bool is_control(const uint8_t *bytes) {
    return bytes[0] < 0x20 || bytes[0] == 0x7f || (bytes[0] == 0xc2 && bytes[1] < 0xa0);
}

enum status check_text(const char *bytes, size_t length) {
    const uint8_t *text = (const uint8_t *)bytes;
    for (size_t at = 0; at < length;) {
        size_t wanted = sequence_length(text[at]);
        if (wanted == 0 || wanted > length - at) return STATUS_MALFORMED;
        if (wanted > 1 && !second_byte_fits(text[at], text[at + 1])) return STATUS_MALFORMED;
        for (size_t i = 2; i < wanted; i++)
            if ((text[at + i] & 0xc0) != 0x80) return STATUS_MALFORMED;
        if (is_control(text + at)) return STATUS_MALFORMED;
        at += wanted;
    }
    return STATUS_OK;
}

enum status check_text_copy(char *target, size_t capacity, const char *bytes, size_t length) {
    enum status status = check_text(bytes, length);
    if (status) return status;
    return text_copy_bytes(target, capacity, bytes, length);
}

static bool is_alphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_unit_character(char c) {
    return is_alphanumeric(c) || c == ':' || c == '_' || c == '.' || c == '@' || c == '-';
}

enum status check_unit(const char *bytes, size_t length) {
    if (length > 0 && !is_alphanumeric(bytes[0])) return STATUS_MALFORMED;
    for (size_t i = 0; i < length; i++)
        if (!is_unit_character(bytes[i])) return STATUS_MALFORMED;
    return STATUS_OK;
}

enum status check_wall(int64_t ms) {
    return ms >= 0 && ms <= CHECK_WALL_MS_MAX ? STATUS_OK : STATUS_OUT_OF_RANGE;
}

enum status check_interval(uint32_t interval_ms) {
    bool fits = interval_ms >= WIRE_INTERVAL_MS_MIN && interval_ms <= WIRE_INTERVAL_MS_MAX;
    return fits ? STATUS_OK : STATUS_OUT_OF_RANGE;
}

enum status check_float(float value) { return isfinite(value) ? STATUS_OK : STATUS_OUT_OF_RANGE; }
