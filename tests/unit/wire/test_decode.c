/* What decoding refuses, and why: each case is one right message with one thing wrong. */
#include "tests/support/unit.h"

#include <math.h>
#include <string.h>

#include "tests/unit/wire/craft.h"

static struct craft body, inner, envelope;

static enum status decode_report(void) { return craft_decode(1, &body); }
static enum status decode_dictionary(void) { return craft_decode(2, &body); }

static enum status report_with_core(uint64_t present, const float *values, size_t count) {
    craft_report(&body);
    /* Repeated fields add up, so the one value of craft_report stands first. */
    craft_fixed64(&body, 9, present);
    craft_floats(&body, 10, values, count);
    return decode_report();
}

static enum status report_with_number(unsigned field, uint64_t value) {
    craft_report(&body);
    craft_number(&body, field, value);
    return decode_report();
}

static enum status report_with_text(unsigned field, const char *text, size_t length) {
    craft_report(&body);
    craft_bytes(&body, field, text, length);
    return decode_report();
}

TEST(right_report_is_taken) {
    (void)state;
    craft_report(&body);
    assert_ok(decode_report());
    assert_true(craft_message_out()->of.report.core.values[0] == 12.5f);
}

TEST(nan_and_infinities_are_refused) {
    (void)state;
    const float bad[] = {NAN, -NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        assert_int_equal(report_with_core(3, &bad[i], 1), STATUS_OUT_OF_RANGE);
        craft_report(&body);
        craft_numbers(&body, 11, (const uint32_t[]){4}, 1);
        craft_floats(&body, 12, &bad[i], 1);
        assert_int_equal(decode_report(), STATUS_OUT_OF_RANGE);
        /* Even where its row is unknown here. */
        assert_int_equal(report_with_core(UINT64_C(1) << 63 | 1, &bad[i], 1), STATUS_OUT_OF_RANGE);
    }
}

TEST(mask_and_values_must_agree) {
    (void)state;
    const float values[2] = {1, 2};
    assert_ok(report_with_core(7, values, 2));
    assert_int_equal(report_with_core(15, values, 2), STATUS_MALFORMED);
    assert_int_equal(report_with_core(3, values, 2), STATUS_MALFORMED);
    assert_int_equal(report_with_core(0, values, 2), STATUS_MALFORMED);
}

TEST(absent_metric_reads_as_zero_after_a_message_that_had_it) {
    (void)state;
    const float values[2] = {1, 2};
    assert_ok(report_with_core(7, values, 2));
    craft_report(&body);
    assert_ok(decode_report());
    assert_false(metric_has(&craft_message_out()->of.report.core, 1));
    assert_true(craft_message_out()->of.report.core.values[1] == 0.0f);
}

TEST(numbers_outside_their_range_are_refused) {
    (void)state;
    assert_int_equal(report_with_number(3, 0), STATUS_OUT_OF_RANGE);
    assert_int_equal(report_with_number(4, UINT64_MAX), STATUS_OUT_OF_RANGE); /* -1 ms */
    assert_int_equal(report_with_number(4, 253402300800000), STATUS_OUT_OF_RANGE);
    assert_int_equal(report_with_number(5, 0), STATUS_OUT_OF_RANGE);
    assert_int_equal(report_with_number(5, 999), STATUS_OUT_OF_RANGE);
    assert_ok(report_with_number(5, 1000));
    assert_ok(report_with_number(5, 300000));
    assert_int_equal(report_with_number(5, 300001), STATUS_OUT_OF_RANGE);
}

TEST(schema_of_the_future_is_newer_and_none_is_malformed) {
    (void)state;
    assert_int_equal(report_with_number(7, 2), STATUS_NEWER);
    assert_int_equal(report_with_number(7, 0), STATUS_MALFORMED);
}

TEST(ids_must_pass_their_parsers) {
    (void)state;
    const char *bad[] = {"",          "i-",           "i-0123456",  "i-0123456789ABCDEF0",
                         "../../etc", "i-012345678/", "I-01234567", "i-0123456789abcdef01"};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
        assert_int_equal(report_with_text(1, bad[i], strlen(bad[i])), STATUS_MALFORMED);
    assert_int_equal(report_with_text(1, "i-01234567\0x", 12), STATUS_MALFORMED);
    assert_int_equal(report_with_text(2, "01234567", 8), STATUS_MALFORMED);
    assert_int_equal(report_with_text(2, "", 0), STATUS_MALFORMED);
}

TEST(texts_are_bounded_utf8_without_controls) {
    (void)state;
    const char *bad[] = {"a\nb",     "\x1b[2J",  "\x7f",         "\xc2\x85",
                         "\xff",     "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                         "\xe2\x82", "\x80"};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
        assert_int_equal(report_with_text(6, bad[i], strlen(bad[i])), STATUS_MALFORMED);
    assert_int_equal(report_with_text(6,
                                      "1\0"
                                      "2",
                                      3),
                     STATUS_MALFORMED);
    assert_ok(report_with_text(6, "\xe2\x82\xac \xf0\x9f\x98\x80", 8));
    assert_ok(report_with_text(6, "12345678901234567890123", 23));
    assert_int_equal(report_with_text(6, "123456789012345678901234", 24), STATUS_TOO_LARGE);
}

TEST(further_values_rise_strictly_and_pair_up) {
    (void)state;
    const float values[3] = {1, 2, 3};
    const struct {
        uint32_t numbers[3];
        size_t count;
        size_t value_count;
        enum status status;
    } rows[] = {
        {{0, 1, 255}, 3, 3, STATUS_OK},
        {{0, 1, 256}, 3, 3, STATUS_OUT_OF_RANGE},
        {{0, 0, 1}, 3, 3, STATUS_DUPLICATE},
        {{2, 1, 3}, 3, 3, STATUS_MALFORMED},
        {{0, 1, 2}, 3, 2, STATUS_MALFORMED},
        {{0, 1, 2}, 2, 3, STATUS_MALFORMED},
        {{UINT32_MAX, 0, 0}, 1, 1, STATUS_OUT_OF_RANGE},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        craft_report(&body);
        craft_numbers(&body, 11, rows[i].numbers, rows[i].count);
        craft_floats(&body, 12, values, rows[i].value_count);
        assert_int_equal(decode_report(), rows[i].status);
    }
}

TEST(more_further_values_than_a_dictionary_has_are_refused) {
    (void)state;
    static uint32_t numbers[SERIES_MAX + 1];
    static float values[SERIES_MAX + 1];
    for (uint32_t i = 0; i <= SERIES_MAX; i++) numbers[i] = i;
    craft_report(&body);
    craft_numbers(&body, 11, numbers, SERIES_MAX);
    craft_floats(&body, 12, values, SERIES_MAX);
    assert_ok(decode_report());
    craft_report(&body);
    craft_numbers(&body, 11, numbers, SERIES_MAX + 1);
    craft_floats(&body, 12, values, SERIES_MAX + 1);
    assert_int_equal(decode_report(), STATUS_TOO_LARGE);
}

static enum status report_with_checks(unsigned count, const char *unit, bool same_name) {
    craft_report(&body);
    for (unsigned i = 0; i < count; i++) {
        char name[] = {'c', (char)('a' + (same_name ? 0 : i)), '\0'};
        inner.length = 0;
        craft_text(&inner, 1, name);
        craft_text(&inner, 2, unit);
        craft_message(&body, 13, &inner);
    }
    return decode_report();
}

TEST(checks_are_bounded_and_named_once) {
    (void)state;
    assert_ok(report_with_checks(REPORT_CHECKS_MAX, "", false));
    assert_int_equal(report_with_checks(REPORT_CHECKS_MAX + 1, "", false), STATUS_TOO_LARGE);
    assert_int_equal(report_with_checks(2, "", true), STATUS_DUPLICATE);
    craft_report(&body);
    inner.length = 0;
    craft_message(&body, 13, &inner);
    assert_int_equal(decode_report(), STATUS_MALFORMED); /* nameless */
}

TEST(unit_of_a_check_is_a_unit_name_and_nothing_a_shell_would_read) {
    (void)state;
    assert_ok(report_with_checks(1, "web@1.service", false));
    const char *bad[] = {"-web",
                         "web;reboot",
                         "web service",
                         "$(id)",
                         "../web",
                         ("w\xc3\xa4"
                          "b")};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
        assert_int_equal(report_with_checks(1, bad[i], false), STATUS_MALFORMED);
}

TEST(events_are_bounded) {
    (void)state;
    inner.length = 0;
    craft_number(&inner, 1, 1);
    craft_report(&body);
    for (int i = 0; i < REPORT_EVENTS_MAX; i++) craft_message(&body, 14, &inner);
    assert_ok(decode_report());
    craft_message(&body, 14, &inner);
    assert_int_equal(decode_report(), STATUS_TOO_LARGE);
}

static void add_member(unsigned family, const char *name) {
    inner.length = 0;
    craft_number(&inner, 1, family);
    craft_text(&inner, 2, name);
    craft_message(&body, 6, &inner);
}

static enum status dictionary_of(const uint32_t *number, const uint32_t *name,
                                 const uint32_t *member, size_t count) {
    craft_dictionary(&body);
    craft_text(&body, 5, "disk_used_percent");
    craft_text(&body, 5, "disk_inodes_used_percent");
    add_member(1, "/");
    add_member(1, "/var");
    craft_numbers(&body, 7, number, count);
    craft_numbers(&body, 8, name, count);
    craft_numbers(&body, 9, member, count);
    return decode_dictionary();
}

TEST(dictionary_that_says_a_series_twice_is_refused) {
    (void)state;
    const uint32_t up[] = {0, 1}, zero[] = {0, 0};
    assert_ok(dictionary_of(up, up, zero, 2));
    assert_int_equal(dictionary_of(zero, up, up, 2), STATUS_DUPLICATE);   /* number */
    assert_int_equal(dictionary_of(up, zero, zero, 2), STATUS_DUPLICATE); /* name and member */
}

TEST(dictionary_that_points_nowhere_is_refused) {
    (void)state;
    const uint32_t zero[] = {0}, two[] = {2}, huge[] = {UINT32_MAX}, out[] = {256};
    assert_int_equal(dictionary_of(zero, two, zero, 1), STATUS_MALFORMED);
    assert_int_equal(dictionary_of(zero, zero, huge, 1), STATUS_MALFORMED);
    assert_int_equal(dictionary_of(out, zero, zero, 1), STATUS_OUT_OF_RANGE);
}

TEST(dictionary_needs_generation_family_and_names) {
    (void)state;
    const uint32_t zero[] = {0};
    craft_dictionary(&body);
    craft_number(&body, 4, 0);
    assert_int_equal(decode_dictionary(), STATUS_OUT_OF_RANGE);
    for (unsigned family = 0; family < 6; family++) {
        craft_dictionary(&body);
        craft_text(&body, 5, "x");
        add_member(family, "m");
        craft_numbers(&body, 7, zero, 1);
        craft_numbers(&body, 8, zero, 1);
        craft_numbers(&body, 9, zero, 1);
        assert_int_equal(decode_dictionary(),
                         family >= 1 && family <= 4 ? STATUS_OK : STATUS_MALFORMED);
    }
}

TEST(dictionary_of_more_series_than_256_is_refused) {
    (void)state;
    static uint32_t rising[SERIES_MAX + 1], zero[SERIES_MAX + 1];
    for (uint32_t i = 0; i <= SERIES_MAX; i++) rising[i] = i;
    assert_int_equal(dictionary_of(rising, zero, zero, SERIES_MAX + 1), STATUS_TOO_LARGE);
}

TEST(notice_of_an_unknown_kind_is_unsupported) {
    (void)state;
    craft_report(&body);
    body.length = 0;
    craft_text(&body, 1, "i-0123456789abcdef0");
    craft_text(&body, 2, "01234567-89ab-cdef-0123-456789abcdef");
    assert_int_equal(craft_decode(3, &body), STATUS_OUT_OF_RANGE); /* no sequence */
    craft_number(&body, 3, 1);
    craft_number(&body, 4, 3);
    assert_int_equal(craft_decode(3, &body), STATUS_UNSUPPORTED);
    craft_number(&body, 4, 1);
    assert_ok(craft_decode(3, &body));
}

TEST(envelope_of_an_unknown_kind_is_unsupported_and_an_empty_one_malformed) {
    (void)state;
    inner.length = 0;
    assert_int_equal(craft_decode(9, &inner), STATUS_UNSUPPORTED);
    assert_int_equal(craft_decode_bytes((const uint8_t *)"", 0), STATUS_MALFORMED);
}

TEST(every_cut_of_a_report_is_refused) {
    (void)state;
    craft_report(&body);
    envelope.length = 0;
    craft_message(&envelope, 1, &body);
    assert_ok(craft_decode_bytes(envelope.bytes, envelope.length));
    for (size_t length = 0; length < envelope.length; length++)
        assert_int_not_equal(craft_decode_bytes(envelope.bytes, length), STATUS_OK);
}

TEST(message_of_one_byte_too_many_is_refused) {
    (void)state;
    static uint8_t zeroes[WIRE_MESSAGE_MAX + 1];
    assert_int_equal(craft_decode_bytes(zeroes, sizeof zeroes), STATUS_TOO_LARGE);
}

/* F31: whatever 16 KiB are made of, the arena's 256 KiB are all that is used. */
static void assert_amplification_is_bounded(unsigned field, unsigned wire_type,
                                            size_t inner_bytes) {
    craft_report(&body);
    while (body.length + 4 + inner_bytes < WIRE_MESSAGE_MAX - 8) {
        craft_varint(&body, field << 3 | wire_type);
        craft_varint(&body, inner_bytes);
        for (size_t i = 0; wire_type == 2 && i < inner_bytes; i++) craft_varint(&body, 0);
    }
    assert_int_not_equal(decode_report(), STATUS_OK);
    assert_true(craft_arena_used() <= WIRE_ARENA_BYTES);
}

TEST(empty_sub_messages_cannot_amplify) {
    (void)state;
    assert_amplification_is_bounded(13, 2, 0);
    assert_amplification_is_bounded(14, 2, 0);
}

TEST(unknown_fields_cannot_amplify) {
    (void)state;
    craft_report(&body);
    while (body.length < WIRE_MESSAGE_MAX - 16) craft_number(&body, 15, 0);
    enum status status = decode_report();
    assert_true(status == STATUS_OK || status == STATUS_NO_MEMORY);
    assert_true(craft_arena_used() <= WIRE_ARENA_BYTES);
}

TEST(small_packed_numbers_cannot_amplify) {
    (void)state;
    static uint32_t zeroes[16000];
    craft_report(&body);
    craft_numbers(&body, 11, zeroes, ARRAY_LENGTH(zeroes));
    assert_int_not_equal(decode_report(), STATUS_OK);
    assert_true(craft_arena_used() <= WIRE_ARENA_BYTES);
}

TEST(deep_nesting_is_only_bytes) {
    (void)state;
    static struct craft deep[2];
    unsigned at = 0;
    deep[at].length = 0;
    while (deep[at].length < 15000) {
        deep[1 - at].length = 0;
        craft_message(&deep[1 - at], 13, &deep[at]);
        at = 1 - at;
    }
    assert_int_not_equal(craft_decode(1, &deep[at]), STATUS_OK);
}

TEST(arena_too_small_is_said_so) {
    (void)state;
    static uint8_t small[256];
    static struct wire_message message;
    struct wire_arena arena = {.bytes = small, .capacity = sizeof small};
    craft_report(&body);
    envelope.length = 0;
    craft_message(&envelope, 1, &body);
    assert_int_equal(wire_decode(&arena, envelope.bytes, envelope.length, &message),
                     STATUS_NO_MEMORY);
}
