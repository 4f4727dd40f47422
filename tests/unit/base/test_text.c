/* Bounded text and number forms. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/prng.h"
#include "common/base/text.h"
#include "tests/support/unit.h"

static const char *fixed(double number, unsigned decimals) {
    static char storage[64];
    struct text text = text_over(storage, sizeof storage);
    text_add_fixed(&text, number, decimals);
    assert_false(text.truncated);
    return storage;
}

static const char *shortest(float number) {
    static char storage[64];
    struct text text = text_over(storage, sizeof storage);
    text_add_float(&text, number);
    assert_false(text.truncated);
    return storage;
}

static double parsed(const char *string) {
    double number = NAN;
    assert_ok(text_parse_double(string, strlen(string), &number));
    return number;
}

static enum status parse_status(const char *string) {
    double number;
    return text_parse_double(string, strlen(string), &number);
}

TEST(appends_never_overflow_and_say_so) {
    (void)state;
    char storage[8 + 1];
    memset(storage, 'x', sizeof storage);
    struct text text = text_over(storage, 8);
    text_add(&text, "12345");
    assert_false(text.truncated);
    text_add(&text, "6789");
    assert_true(text.truncated);
    assert_string_equal(storage, "1234567");
    assert_int_equal(storage[8], 'x');
    text_add_character(&text, 'a');
    assert_string_equal(storage, "1234567");
    assert_true(text.truncated); /* stays set */
}

TEST(a_text_of_one_byte_is_always_empty) {
    (void)state;
    char storage[1] = {'x'};
    struct text text = text_over(storage, 1);
    text_add(&text, "");
    assert_false(text.truncated);
    text_add_integer(&text, 5);
    assert_true(text.truncated);
    assert_int_equal(storage[0], 0);
}

TEST(integers_at_the_ends) {
    (void)state;
    char storage[64];
    struct text text = text_over(storage, sizeof storage);
    text_add_integer(&text, INT64_MIN);
    text_add(&text, " ");
    text_add_integer(&text, INT64_MAX);
    assert_string_equal(storage, "-9223372036854775808 9223372036854775807");
    text = text_over(storage, sizeof storage);
    text_add_unsigned(&text, UINT64_MAX);
    text_add_integer(&text, 0);
    assert_string_equal(storage, "184467440737095516150");
}

TEST(hexadecimal_keeps_leading_zeros) {
    (void)state;
    char storage[16];
    struct text text = text_over(storage, sizeof storage);
    text_add_hex(&text, (const uint8_t[]){0x00, 0x0f, 0xff}, 3);
    assert_string_equal(storage, "000fff");
}

TEST(fixed_numbers_round_half_away_from_zero) {
    (void)state;
    assert_string_equal(fixed(1.9, 2), "1.90");
    assert_string_equal(fixed(0.5, 0), "1");
    assert_string_equal(fixed(-0.5, 0), "-1");
    assert_string_equal(fixed(2.5, 0), "3");
    assert_string_equal(fixed(0.125, 2), "0.13");
    assert_string_equal(fixed(-0.125, 2), "-0.13");
    assert_string_equal(fixed(9.999, 2), "10.00");
    assert_string_equal(fixed(-0.001, 2), "0.00"); /* no "-0.00" */
    assert_string_equal(fixed(0.8, 6), "0.800000");
    assert_string_equal(fixed(1e18, 0), "1000000000000000000");
    assert_string_equal(fixed(1e300, 1), "1000000000000000000.0");
    assert_string_equal(fixed(-1e300, 0), "-1000000000000000000");
    assert_string_equal(fixed(123456789.987654321, 9), "123456789.987654328");
}

TEST(numbers_that_are_none_have_names) {
    (void)state;
    assert_string_equal(fixed((double)NAN, 2), "nan");
    assert_string_equal(fixed((double)INFINITY, 2), "inf");
    assert_string_equal(fixed(-(double)INFINITY, 2), "-inf");
    assert_string_equal(shortest(NAN), "nan");
    assert_string_equal(shortest(-INFINITY), "-inf");
}

TEST(floats_are_written_as_short_as_they_read_back) {
    (void)state;
    assert_string_equal(shortest(0.0f), "0");
    assert_string_equal(shortest(0.1f), "0.1");
    assert_string_equal(shortest(1.5f), "1.5");
    assert_string_equal(shortest(-2.0f), "-2");
    assert_string_equal(shortest(100.0f), "100");
    assert_string_equal(shortest(16777216.0f), "16777216");
    assert_string_equal(shortest(0.00001f), "0.00001");
    assert_string_equal(shortest(1e-20f), "1e-20");
    assert_string_equal(shortest(1e30f), "1e30");
    assert_string_equal(shortest(FLT_MAX), "3.4028235e38");
    assert_string_equal(shortest(FLT_TRUE_MIN), "1e-45");
}

TEST(every_float_reads_back_as_itself) {
    (void)state;
    struct prng prng = prng_seeded(2);
    for (int i = 0; i < 100000; i++) {
        uint32_t bits = (uint32_t)prng_next(&prng);
        float number;
        memcpy(&number, &bits, sizeof number);
        if (!isfinite(number)) continue;
        const char *text = shortest(number);
        /* strtof is the referee: it rounds correctly. */
        if (strtof(text, NULL) != number) fail_msg("%a was written as %s", (double)number, text);
        if ((float)parsed(text) != number)
            fail_msg("%s was not read back as %a", text, (double)number);
    }
}

TEST(copies_whole_or_not_at_all) {
    (void)state;
    char target[4] = "abc";
    assert_int_equal(text_copy(target, sizeof target, "defg"), STATUS_TOO_LARGE);
    assert_string_equal(target, "");
    assert_ok(text_copy(target, sizeof target, "xyz"));
    assert_string_equal(target, "xyz");
    assert_int_equal(text_copy_bytes(target, sizeof target, "a\0b", 3), STATUS_MALFORMED);
    assert_string_equal(target, "");
    assert_ok(text_copy_bytes(target, sizeof target, NULL, 0));
}

TEST(integers_are_parsed_whole_and_within_range) {
    (void)state;
    static const struct {
        const char *text;
        enum status status;
        int64_t number;
    } rows[] = {
        {"0", STATUS_OK, 0},
        {"-0", STATUS_OK, 0},
        {"+7", STATUS_OK, 7},
        {"007", STATUS_OK, 7},
        {"9223372036854775807", STATUS_OK, INT64_MAX},
        {"-9223372036854775808", STATUS_OK, INT64_MIN},
        {"9223372036854775808", STATUS_OUT_OF_RANGE, 0},
        {"-9223372036854775809", STATUS_OUT_OF_RANGE, 0},
        {"99999999999999999999999", STATUS_OUT_OF_RANGE, 0},
        {"", STATUS_MALFORMED, 0},
        {"-", STATUS_MALFORMED, 0},
        {"+-1", STATUS_MALFORMED, 0},
        {" 1", STATUS_MALFORMED, 0},
        {"1 ", STATUS_MALFORMED, 0},
        {"0x10", STATUS_MALFORMED, 0},
        {"1.0", STATUS_MALFORMED, 0},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        int64_t number = 0;
        enum status status = text_parse_integer(rows[i].text, strlen(rows[i].text), &number);
        assert_string_equal(status_name(status), status_name(rows[i].status));
        assert_int_equal(number, rows[i].number);
    }
}

TEST(numbers_are_parsed_without_a_locale) {
    (void)state;
    assert_true(parsed("0") == 0.0);
    assert_true(parsed("1.5") == 1.5);
    assert_true(parsed("-2.5e-3") == -2.5e-3);
    assert_true(parsed("1e22") == 1e22);
    assert_true(parsed("123456789012345") == 123456789012345.0);
    assert_true(parsed(".5") == 0.5);
    assert_true(parsed("5.") == 5.0);
    assert_true(parsed("1E+2") == 100.0);
    assert_true(signbit(parsed("-0")) != 0);
    assert_true(parsed("0e999") == 0.0);
    assert_true(parsed("1e-999") == 0.0);
    assert_true(parsed("1.7976931348623157e308") > 1.797e308);
    assert_true(parsed("4.9406564584124654e-324") > 0.0);
    /* Digits past the eighteenth only move the point. */
    assert_true(fabs(parsed("3.14159265358979323846264338327950288") - 3.141592653589793) < 1e-15);
    assert_true(parsed("1000000000000000000000000000000") == 1e30 ||
                fabs(parsed("1000000000000000000000000000000") / 1e30 - 1.0) < 1e-15);
}

TEST(what_is_no_finite_number_is_refused) {
    (void)state;
    static const char *const malformed[] = {"",    ".",     "-",   "e5",   "1e",
                                            "1e+", "1.2.3", "nan", "inf",  "0x1p3",
                                            "1,5", " 1",    "1 ",  "1e5x", "--1"};
    for (size_t i = 0; i < ARRAY_LENGTH(malformed); i++)
        if (parse_status(malformed[i]) != STATUS_MALFORMED) fail_msg("%s", malformed[i]);
    assert_int_equal(parse_status("1e400"), STATUS_OUT_OF_RANGE);
    assert_int_equal(parse_status("-1e309"), STATUS_OUT_OF_RANGE);
    assert_int_equal(parse_status("1e99999999999999999999"), STATUS_OUT_OF_RANGE);
}

static uint64_t bits_of(double number) {
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    return bits;
}

TEST(short_numbers_are_rounded_correctly_and_others_within_one_ulp) {
    (void)state;
    struct prng prng = prng_seeded(3);
    for (int i = 0; i < 100000; i++) {
        char text[64];
        bool is_short = i % 2 == 0;
        uint64_t mantissa = prng_below(&prng, is_short ? 1000000000000000 : 1000000000000000000);
        int exponent = (int)prng_below(&prng, is_short ? 45 : 660) - (is_short ? 22 : 345);
        (void)snprintf(text, sizeof text, "%llue%d", (unsigned long long)mantissa, exponent);
        double wanted_number = strtod(text, NULL);
        if (isinf(wanted_number)) {
            assert_int_equal(parse_status(text), STATUS_OUT_OF_RANGE);
            continue;
        }
        uint64_t wanted = bits_of(wanted_number), found = bits_of(parsed(text));
        uint64_t apart = wanted > found ? wanted - found : found - wanted;
        if (apart > (is_short ? 0 : 1))
            fail_msg("%s is %llu ulp off", text, (unsigned long long)apart);
    }
}
