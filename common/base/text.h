/* Bounded text over the caller's storage: appends never overflow, always end in NUL, and remember
 * whether anything was cut. No allocation, no locale. */
#ifndef EAR_COMMON_BASE_TEXT_H
#define EAR_COMMON_BASE_TEXT_H

#include "common/base/status.h"

struct text {
    char *data;      /* borrowed from the caller for the life of this struct; NUL-terminated */
    size_t capacity; /* bytes at `data`, NUL included; at least 1 */
    size_t length;   /* bytes used, without the NUL */
    bool truncated;  /* something did not fit; stays set */
};

/* Empty text over `capacity` >= 1 bytes at `data`. */
struct text text_over(char *data, size_t capacity);

void text_add(struct text *text, const char *string);
void text_add_bytes(struct text *text, const char *bytes, size_t length);
void text_add_character(struct text *text, char character);
void text_add_integer(struct text *text, int64_t number);
void text_add_unsigned(struct text *text, uint64_t number);
/* Lower-case hexadecimal, two digits a byte. */
void text_add_hex(struct text *text, const uint8_t *bytes, size_t length);
/* Decimal with exactly `decimals` 0..9 digits after the point, rounded half away from zero, as
 * "1.90"; NaN and infinities as "nan", "inf", "-inf"; magnitudes from 1e18 on as 1e18. */
void text_add_fixed(struct text *text, double number, unsigned decimals);
/* The shortest of up to 9 significant digits that reads back as the same float: for records. */
void text_add_float(struct text *text, float number);

/* Copies `source` into `target[capacity]`. STATUS_TOO_LARGE when it does not fit; the target is
 * then the empty string, never a cut one. */
enum status text_copy(char *target, size_t capacity, const char *source) MUST_USE;
/* The same from `length` bytes that may not hold a NUL (STATUS_MALFORMED). */
enum status text_copy_bytes(char *target, size_t capacity, const char *source,
                            size_t length) MUST_USE;

/* Parses all of `length` bytes as a number; decimal point only, no blanks, no hexadecimal.
 * STATUS_MALFORMED, or STATUS_OUT_OF_RANGE when not finite or not representable. The result of
 * text_parse_double is correctly rounded for up to 15 significant digits and |exponent| <= 22, and
 * within 1 ulp otherwise; it is the same bits on every machine. */
enum status text_parse_double(const char *bytes, size_t length, double *number_out) MUST_USE;
enum status text_parse_integer(const char *bytes, size_t length, int64_t *number_out) MUST_USE;

#endif
