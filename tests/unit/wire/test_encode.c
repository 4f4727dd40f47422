/* What the encoder refuses to say, and that what it says comes back. */
#include "tests/support/unit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/base/prng.h"
#include "common/wire/wire.h"

static struct report report;
static struct series_dictionary dictionary;
static struct wire_message message;
static uint8_t buffer[WIRE_MESSAGE_MAX], arena_bytes[WIRE_ARENA_BYTES];
static size_t length;

static const struct instance_id instance = {"i-0123456789abcdef0"};
static const struct boot_id boot = {"01234567-89ab-cdef-0123-456789abcdef"};

static void make_report(void) {
    memset(&report, 0, sizeof report);
    report.instance = instance;
    report.boot = boot;
    report.sequence = 1;
    report.interval_ms = 10000;
    report.sampled_at.ms = 1772525520123;
}

static enum status encode(void) {
    return wire_encode_report(&report, buffer, sizeof buffer, &length);
}

static enum status decode(void) {
    struct wire_arena arena = {.bytes = arena_bytes, .capacity = sizeof arena_bytes};
    return wire_decode(&arena, buffer, length, &message);
}

TEST(values_that_could_not_be_read_back_are_not_written) {
    (void)state;
    make_report();
    assert_ok(encode());
    report.core.present = 1;
    report.core.values[0] = NAN;
    assert_int_equal(encode(), STATUS_OUT_OF_RANGE);
    make_report();
    report.core.present = UINT64_C(1) << METRIC_COUNT;
    assert_int_equal(encode(), STATUS_OUT_OF_RANGE);
    make_report();
    report.sequence = 0;
    assert_int_equal(encode(), STATUS_OUT_OF_RANGE);
    make_report();
    report.interval_ms = 999;
    assert_int_equal(encode(), STATUS_OUT_OF_RANGE);
    make_report();
    strcpy(report.instance.text, "i-xyz");
    assert_int_equal(encode(), STATUS_MALFORMED);
    make_report();
    strcpy(report.agent_version, "1\n2");
    assert_int_equal(encode(), STATUS_MALFORMED);
    make_report();
    memset(report.agent_version, 'x', sizeof report.agent_version); /* no NUL */
    assert_int_equal(encode(), STATUS_MALFORMED);
    make_report();
    report.check_count = REPORT_CHECKS_MAX + 1;
    assert_int_equal(encode(), STATUS_TOO_LARGE);
    make_report();
    report.event_count = 1;
    report.events[0].kind = AGENT_EVENT_COUNT;
    assert_int_equal(encode(), STATUS_OUT_OF_RANGE);
}

TEST(buffer_too_small_is_said_so_and_not_overrun) {
    (void)state;
    make_report();
    assert_ok(encode());
    size_t needed = length;
    memset(buffer, 0xaa, sizeof buffer);
    assert_int_equal(wire_encode_report(&report, buffer, needed - 1, &length), STATUS_TOO_LARGE);
    assert_int_equal(buffer[0], 0xaa);
    assert_ok(wire_encode_report(&report, buffer, needed, &length));
}

static void make_dictionary(unsigned count, size_t member_bytes) {
    memset(&dictionary, 0, sizeof dictionary);
    dictionary.generation = 1;
    dictionary.count = (uint16_t)count;
    for (unsigned i = 0; i < count; i++) {
        struct series_name *series = &dictionary.names[i];
        series->number = (uint16_t)i;
        series->family = METRIC_MEMBER_DEVICE;
        snprintf(series->name, sizeof series->name, "diskio_measure_%u", i % 8);
        snprintf(series->member, sizeof series->member, "%0*u", (int)member_bytes, i / 8);
        strcpy(series->volume, "vol-0123456789abcdef0");
    }
}

static enum status encode_dictionary(void) {
    return wire_encode_dictionary(&instance, &boot, 7, &dictionary, buffer, sizeof buffer, &length);
}

TEST(full_dictionary_fits_because_names_and_members_stand_once) {
    (void)state;
    make_dictionary(SERIES_MAX, SERIES_MEMBER_SIZE - 1);
    assert_ok(encode_dictionary());
    assert_true(length < WIRE_MESSAGE_MAX / 2);
    assert_ok(decode());
    assert_int_equal(message.of.dictionary.count, SERIES_MAX);
    assert_memory_equal(&message.of.dictionary.names[255].member, dictionary.names[255].member,
                        SERIES_MEMBER_SIZE);
}

TEST(dictionary_of_256_very_long_members_is_too_large) {
    (void)state;
    make_dictionary(SERIES_MAX, SERIES_MEMBER_SIZE - 1);
    for (unsigned i = 0; i < SERIES_MAX; i++)
        snprintf(dictionary.names[i].member, SERIES_MEMBER_SIZE, "%095u", i);
    assert_int_equal(encode_dictionary(), STATUS_TOO_LARGE);
}

TEST(dictionary_that_says_a_series_twice_is_not_written) {
    (void)state;
    make_dictionary(16, 4);
    dictionary.names[3].number = 2;
    assert_int_equal(encode_dictionary(), STATUS_DUPLICATE);
    make_dictionary(16, 4);
    dictionary.names[8] = dictionary.names[0];
    dictionary.names[8].number = 8;
    strcpy(dictionary.names[8].volume, ""); /* the volume does not make it another series */
    assert_int_equal(encode_dictionary(), STATUS_DUPLICATE);
    make_dictionary(1, 4);
    dictionary.names[0].family = METRIC_MEMBER_NONE;
    assert_int_equal(encode_dictionary(), STATUS_OUT_OF_RANGE);
}

static void randomise(struct prng *prng) {
    make_report();
    report.sequence = prng_next(prng) | 1;
    report.interval_ms = (uint32_t)(1000 + prng_below(prng, 299001));
    report.core.present = prng_next(prng) & ((UINT64_C(1) << METRIC_COUNT) - 1);
    for (unsigned m = 0; m < METRIC_COUNT; m++)
        if (metric_has(&report.core, m))
            report.core.values[m] = (float)(prng_unit(prng) * 1e6 - 5e5);
    for (unsigned n = 0; n < SERIES_MAX; n++)
        if (prng_below(prng, 3) == 0)
            report.further[report.further_count++] =
                (struct series_value){(uint16_t)n, (float)prng_unit(prng)};
    report.check_count = (uint16_t)prng_below(prng, REPORT_CHECKS_MAX + 1);
    for (unsigned i = 0; i < report.check_count; i++) {
        snprintf(report.checks[i].name, CHECK_NAME_SIZE, "check-%u", i);
        report.checks[i].state = (enum check_state)prng_below(prng, 3);
        report.checks[i].failures = (uint32_t)prng_next(prng);
    }
    report.event_count = (uint16_t)prng_below(prng, REPORT_EVENTS_MAX + 1);
    for (unsigned i = 0; i < report.event_count; i++) {
        report.events[i].kind = (enum agent_event_kind)prng_below(prng, AGENT_EVENT_COUNT);
        report.events[i].at.ms = (int64_t)prng_below(prng, 253402300800000u);
    }
}

TEST(any_report_comes_back_as_it_was) {
    (void)state;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        struct prng prng = prng_seeded(seed);
        randomise(&prng);
        enum status status = encode();
        if (!status) status = decode();
        if (status) fail_msg("seed %llu: %s", (unsigned long long)seed, status_name(status));
        const struct report *got = &message.of.report;
        bool same = got->sequence == report.sequence && got->core.present == report.core.present &&
                    memcmp(got->core.values, report.core.values, sizeof report.core.values) == 0 &&
                    got->further_count == report.further_count &&
                    got->check_count == report.check_count &&
                    got->event_count == report.event_count;
        for (unsigned i = 0; same && i < report.further_count; i++)
            same = got->further[i].number == report.further[i].number &&
                   got->further[i].value == report.further[i].value;
        for (unsigned i = 0; same && i < report.check_count; i++)
            same = got->checks[i].state == report.checks[i].state &&
                   got->checks[i].failures == report.checks[i].failures;
        for (unsigned i = 0; same && i < report.event_count; i++)
            same = got->events[i].kind == report.events[i].kind &&
                   got->events[i].at.ms == report.events[i].at.ms;
        if (!same) fail_msg("seed %llu: came back different", (unsigned long long)seed);
    }
}
