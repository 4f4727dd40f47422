/* Bounded text, and numbers written without locale, machine or C library. Reading: text_parse.c. */
#include "common/base/text.h"

#include <math.h>
#include <string.h>

#define FLOAT_DIGITS_MAX 9 /* enough for any float to read back as itself */

struct text text_over(char *data, size_t capacity) {
    ASSERT(capacity > 0);
    data[0] = '\0';
    return (struct text){.data = data, .capacity = capacity};
}

void text_add_bytes(struct text *text, const char *bytes, size_t length) {
    size_t room = text->capacity - 1 - text->length;
    if (length > room) {
        text->truncated = true;
        length = room;
    }
    if (length > 0) memcpy(text->data + text->length, bytes, length);
    text->length += length;
    text->data[text->length] = '\0';
}

void text_add(struct text *text, const char *string) {
    text_add_bytes(text, string, strlen(string));
}

void text_add_character(struct text *text, char character) { text_add_bytes(text, &character, 1); }

void text_add_unsigned(struct text *text, uint64_t number) {
    char digits[20];
    size_t first = sizeof digits;
    do {
        digits[--first] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    text_add_bytes(text, digits + first, sizeof digits - first);
}

void text_add_integer(struct text *text, int64_t number) {
    if (number < 0) text_add_character(text, '-');
    /* Negating in unsigned arithmetic holds for INT64_MIN too. */
    text_add_unsigned(text, number < 0 ? 0 - (uint64_t)number : (uint64_t)number);
}

void text_add_hex(struct text *text, const uint8_t *bytes, size_t length) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < length; i++) {
        text_add_character(text, digits[bytes[i] >> 4]);
        text_add_character(text, digits[bytes[i] & 15]);
    }
}

/* Exact for exponents 0 to 22: each is a double. */
static double power_of_ten(unsigned exponent) {
    double power = 1.0;
    while (exponent-- > 0) power *= 10.0;
    return power;
}

/* NaN and infinities; true when `number` was one of them. */
static bool add_not_finite(struct text *text, double number) {
    if (isnan(number)) {
        text_add(text, "nan");
        return true;
    }
    if (isinf(number)) {
        text_add(text, number > 0 ? "inf" : "-inf");
        return true;
    }
    return false;
}

static void add_padded(struct text *text, uint64_t number, unsigned digits) {
    char buffer[20];
    for (unsigned i = digits; i-- > 0; number /= 10) buffer[i] = (char)('0' + number % 10);
    text_add_bytes(text, buffer, digits);
}

void text_add_fixed(struct text *text, double number, unsigned decimals) {
    if (add_not_finite(text, number)) return;
    if (decimals > 9) decimals = 9;
    double scale = power_of_ten(decimals);
    double magnitude = fabs(number);
    if (magnitude >= 1e18) magnitude = 1e18;
    uint64_t whole = (uint64_t)magnitude;
    uint64_t part = (uint64_t)floor((magnitude - (double)whole) * scale + 0.5);
    if (part >= (uint64_t)scale) {
        part = 0;
        whole++;
    }
    if (number < 0 && (whole > 0 || part > 0)) text_add_character(text, '-');
    text_add_unsigned(text, whole);
    if (decimals == 0) return;
    text_add_character(text, '.');
    add_padded(text, part, decimals);
}

/* Decimal exponent e with 1 <= magnitude / 10^e < 10, by comparison only. */
static int decimal_exponent(double magnitude) {
    int exponent = 0;
    while (magnitude >= 10.0 && exponent < 400) {
        magnitude /= 10.0;
        exponent++;
    }
    while (magnitude < 1.0 && exponent > -400) {
        magnitude *= 10.0;
        exponent--;
    }
    return exponent;
}

/* magnitude * 10^exponent in steps that stay inside a double's range. */
static double scale_decimal(double magnitude, int exponent) {
    for (; exponent > 22; exponent -= 22) magnitude *= 1e22;
    for (; exponent < -22; exponent += 22) magnitude /= 1e22;
    return exponent >= 0 ? magnitude * power_of_ten((unsigned)exponent)
                         : magnitude / power_of_ten((unsigned)-exponent);
}

/* Writes mantissa digits with the point at `exponent`, plain for small exponents, else as 1.5e-30.
 */
static void add_decimal(struct text *text, uint64_t mantissa, unsigned digits, int exponent) {
    while (digits > 1 && mantissa % 10 == 0) {
        mantissa /= 10;
        digits--;
    }
    char buffer[20];
    for (unsigned i = digits; i-- > 0; mantissa /= 10) buffer[i] = (char)('0' + mantissa % 10);
    bool scientific = exponent < -5 || exponent > 15;
    int point = scientific ? 1 : exponent + 1; /* digits before the point */
    if (point <= 0) {
        text_add(text, "0.");
        for (int i = point; i < 0; i++) text_add_character(text, '0');
        text_add_bytes(text, buffer, digits);
    } else {
        for (int i = 0; i < point; i++)
            text_add_character(text, (unsigned)i < digits ? buffer[i] : '0');
        if ((unsigned)point < digits) {
            text_add_character(text, '.');
            text_add_bytes(text, buffer + point, digits - (unsigned)point);
        }
    }
    if (!scientific) return;
    text_add_character(text, 'e');
    text_add_integer(text, exponent);
}

void text_add_float(struct text *text, float number) {
    if (add_not_finite(text, (double)number)) return;
    if (number < 0) text_add_character(text, '-');
    double magnitude = fabs((double)number);
    if (magnitude == 0.0) {
        text_add_character(text, '0');
        return;
    }
    int exponent = decimal_exponent(magnitude);
    for (unsigned digits = 1; digits <= FLOAT_DIGITS_MAX; digits++) {
        double mantissa = floor(scale_decimal(magnitude, (int)digits - 1 - exponent) + 0.5);
        double back = scale_decimal(mantissa, exponent - (int)digits + 1);
        if ((float)back != (float)magnitude && digits < FLOAT_DIGITS_MAX) continue;
        if (mantissa >= power_of_ten(digits)) { /* rounded up to the next power of ten */
            mantissa /= 10.0;
            exponent++;
        }
        add_decimal(text, (uint64_t)mantissa, digits, exponent);
        return;
    }
}

enum status text_copy_bytes(char *target, size_t capacity, const char *source, size_t length) {
    ASSERT(capacity > 0);
    target[0] = '\0';
    if (length >= capacity) return STATUS_TOO_LARGE;
    if (length > 0 && memchr(source, '\0', length) != NULL) return STATUS_MALFORMED;
    if (length > 0) memcpy(target, source, length);
    target[length] = '\0';
    return STATUS_OK;
}

enum status text_copy(char *target, size_t capacity, const char *source) {
    return text_copy_bytes(target, capacity, source, strlen(source));
}
