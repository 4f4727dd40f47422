/* Numbers read the same on every machine, whatever locale and C library. Pure. */
#include <math.h>

#include "common/base/text.h"

/* Exact for exponents 0 to 22: each is a double. */
static double exact_power_of_ten(int exponent) {
    double power = 1.0;
    while (exponent-- > 0) power *= 10.0;
    return power;
}

enum status text_parse_integer(const char *bytes, size_t length, int64_t *number_out) {
    size_t i = length > 0 && (bytes[0] == '-' || bytes[0] == '+') ? 1 : 0;
    bool negative = i == 1 && bytes[0] == '-';
    if (i == length) return STATUS_MALFORMED;
    uint64_t magnitude = 0;
    uint64_t limit = negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
    for (; i < length; i++) {
        if (bytes[i] < '0' || bytes[i] > '9') return STATUS_MALFORMED;
        uint64_t digit = (uint64_t)(bytes[i] - '0');
        if (magnitude > (limit - digit) / 10) return STATUS_OUT_OF_RANGE;
        magnitude = magnitude * 10 + digit;
    }
    *number_out = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
    return STATUS_OK;
}

/* What was read of a number so far. */
struct reading {
    uint64_t mantissa; /* at most 18 digits; later ones only move the exponent */
    int exponent;
    bool any_digit;
};

static void read_digit(struct reading *r, char digit, bool after_point) {
    r->any_digit = true;
    if (r->mantissa < 100000000000000000ULL) {
        r->mantissa = r->mantissa * 10 + (uint64_t)(digit - '0');
        r->exponent -= after_point;
    } else {
        r->exponent += !after_point;
    }
}

/* mantissa * 2^exponent, the mantissa's top bit set: 64 bits carry what 53 must come out of. */
struct wide {
    uint64_t mantissa;
    int exponent;
};

/* The upper 64 bits of the product, normalised; loses less than 1 in 2^63. */
static struct wide multiply(struct wide a, struct wide b) {
    uint64_t a_low = a.mantissa & 0xffffffff, a_high = a.mantissa >> 32;
    uint64_t b_low = b.mantissa & 0xffffffff, b_high = b.mantissa >> 32;
    /* Neither sum overflows: (2^32-1)^2 + 2 (2^32-1) < 2^64. */
    uint64_t middle = (a_low * b_low >> 32) + (a_high * b_low & 0xffffffff) + a_low * b_high;
    uint64_t high = a_high * b_high + (a_high * b_low >> 32) + (middle >> 32);
    uint64_t low_top = middle & 0xffffffff;
    struct wide product = {high, a.exponent + b.exponent + 64};
    if (high >> 63 == 0) {
        product.mantissa = high << 1 | low_top >> 31;
        product.exponent--;
    }
    return product;
}

/* number > 0. */
static struct wide normalise(uint64_t number) {
    struct wide wide = {number, 0};
    while (wide.mantissa >> 63 == 0) {
        wide.mantissa <<= 1;
        wide.exponent--;
    }
    return wide;
}

static uint64_t whole_power_of_ten(int exponent) {
    uint64_t power = 1;
    while (exponent-- > 0) power *= 10;
    return power;
}

/* number * 2^exponent; 0 or infinity outside the range. The odd steps come first, so that at most
 * one of the large ones rounds: a result below the normal range is rounded once. */
static double scale_binary(double number, int exponent) {
    for (; exponent % 60 > 0; exponent--) number *= 2.0;
    for (; exponent % 60 < 0; exponent++) number *= 0.5;
    for (; exponent > 0; exponent -= 60) number *= 0x1p60;
    for (; exponent < 0; exponent += 60) number *= 0x1p-60;
    return number;
}

/* mantissa * 10^exponent. Where both are exact doubles one rounding is all there is; else at most
 * 23 products of 64 bits, whose errors together stay below 0.03 of the result's last place. */
static double to_double(uint64_t mantissa, int exponent) {
    if (mantissa <= 1ULL << 53 && exponent >= -22 && exponent <= 22) {
        double power = exact_power_of_ten(exponent < 0 ? -exponent : exponent);
        return exponent < 0 ? (double)mantissa / power : (double)mantissa * power;
    }
    const struct wide up = normalise(10000000000000000000ULL); /* 10^19 */
    const struct wide down = {0xec1e4a7db69561a5ULL, -127};    /* 10^-19 */
    struct wide wide = normalise(mantissa);
    int downs = exponent < 0 ? (-exponent + 18) / 19 : 0;
    int ups = exponent + 19 * downs;
    for (; ups >= 19; ups -= 19) wide = multiply(wide, up);
    if (ups > 0) wide = multiply(wide, normalise(whole_power_of_ten(ups)));
    for (; downs > 0; downs--) wide = multiply(wide, down);
    return scale_binary((double)wide.mantissa, wide.exponent);
}

enum status text_parse_double(const char *bytes, size_t length, double *number_out) {
    struct reading r = {0};
    size_t i = length > 0 && (bytes[0] == '-' || bytes[0] == '+') ? 1 : 0;
    bool negative = i == 1 && bytes[0] == '-', after_point = false;
    for (; i < length; i++) {
        if (bytes[i] == '.' && !after_point)
            after_point = true;
        else if (bytes[i] >= '0' && bytes[i] <= '9')
            read_digit(&r, bytes[i], after_point);
        else
            break;
    }
    if (!r.any_digit) return STATUS_MALFORMED;
    if (i < length) {
        int64_t exponent;
        if (bytes[i] != 'e' && bytes[i] != 'E') return STATUS_MALFORMED;
        enum status status = text_parse_integer(bytes + i + 1, length - i - 1, &exponent);
        if (status != STATUS_OK) return status;
        if (exponent > 100000 || exponent < -100000) return STATUS_OUT_OF_RANGE;
        r.exponent += (int)exponent;
    }
    if (r.mantissa == 0) {
        *number_out = negative ? -0.0 : 0.0;
        return STATUS_OK;
    }
    if (r.exponent > 400) return STATUS_OUT_OF_RANGE;
    double magnitude = r.exponent < -400 ? 0.0 : to_double(r.mantissa, r.exponent);
    if (isinf(magnitude)) return STATUS_OUT_OF_RANGE;
    *number_out = negative ? -magnitude : magnitude;
    return STATUS_OK;
}
