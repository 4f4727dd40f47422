/* Bytes made by the protocol buffer compiler (tests/vectors/wire): read for ever, and written the
 * same where the encoder can say the same. */
#include "tests/support/unit.h"

#include <stdio.h>
#include <string.h>

#include "common/wire/wire.h"

static uint8_t arena_bytes[WIRE_ARENA_BYTES];
static struct wire_message message;
static uint8_t golden[WIRE_MESSAGE_MAX], again[WIRE_MESSAGE_MAX];

static size_t load(const char *name) {
    char path[256];
    snprintf(path, sizeof path, "tests/vectors/wire/%s.bin", name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t length = fread(golden, 1, sizeof golden, file);
    fclose(file);
    return length;
}

static size_t decode(const char *name) {
    struct wire_arena arena = {.bytes = arena_bytes, .capacity = sizeof arena_bytes};
    size_t length = load(name);
    assert_ok(wire_decode(&arena, golden, length, &message));
    assert_string_equal(message.instance.text, "i-0123456789abcdef0");
    assert_string_equal(message.boot.text, "01234567-89ab-cdef-0123-456789abcdef");
    return length;
}

TEST(plain_report_is_read_and_written_back) {
    (void)state;
    size_t length = decode("report_plain"), written;
    const struct report *report = &message.of.report;
    assert_int_equal(message.kind, WIRE_REPORT);
    assert_int_equal(report->sequence, 42);
    assert_int_equal(report->sampled_at.ms, 1772525520123);
    assert_int_equal(report->interval_ms, 10000);
    assert_string_equal(report->agent_version, "0.1.0");
    assert_true(report->core.present == 0xfffff);
    assert_true(report->core.values[METRIC_MEM_USED] == 61.5f);
    assert_true(report->core.values[METRIC_LOAD1] == 0.75f);
    assert_int_equal(report->check_count + report->event_count + report->further_count, 0);
    assert_ok(wire_encode_report(report, again, sizeof again, &written));
    assert_int_equal(written, length);
    assert_memory_equal(again, golden, length);
    /* DESIGN 6: about 250 bytes for 20 metrics. */
    assert_true(written < 250);
}

TEST(full_report_is_read_and_written_back) {
    (void)state;
    size_t length = decode("report_full"), written;
    const struct report *report = &message.of.report;
    assert_true(report->sequence == UINT64_MAX);
    assert_true(metric_has(&report->core, METRIC_CPU_USER));
    assert_false(metric_has(&report->core, METRIC_CPU_SYSTEM));
    assert_true(report->core.values[METRIC_AGENT_RSS] == -1.5f);
    assert_int_equal(report->further_count, 3);
    assert_int_equal(report->further[2].number, 255);
    assert_int_equal(report->check_count, 3);
    assert_string_equal(report->checks[0].unit, "web@1.service");
    assert_int_equal(report->checks[0].state, CHECK_FAILING);
    assert_string_equal(report->checks[1].name, "gr\xc3\xb6\xc3\x9f"
                                                "e");
    assert_int_equal(report->checks[2].state, CHECK_UNKNOWN);
    assert_int_equal(report->event_count, 2);
    assert_int_equal(report->events[0].kind, AGENT_EVENT_OOM_KILL);
    assert_int_equal(report->events[1].kind, AGENT_EVENT_SERIES_LOST);
    assert_ok(wire_encode_report(report, again, sizeof again, &written));
    assert_int_equal(written, length);
    assert_memory_equal(again, golden, length);
}

TEST(report_of_a_newer_peer_loses_only_what_is_unknown) {
    (void)state;
    decode("report_newer_peer");
    const struct report *report = &message.of.report;
    assert_true(report->core.present == 3);
    assert_true(report->core.values[1] == 2.0f);
    assert_int_equal(report->event_count, 1);
    assert_int_equal(report->events[0].kind, AGENT_EVENT_LINK_DOWN);
    assert_int_equal(report->check_count, 1);
    assert_int_equal(report->checks[0].state, CHECK_UNKNOWN);
}

TEST(dictionary_is_read_and_written_back) {
    (void)state;
    size_t length = decode("dictionary"), written;
    const struct series_dictionary *dictionary = &message.of.dictionary;
    assert_int_equal(message.kind, WIRE_DICTIONARY);
    assert_int_equal(message.sequence, 42);
    assert_int_equal(dictionary->generation, 3);
    assert_int_equal(dictionary->count, 3);
    assert_string_equal(dictionary->names[1].name, "diskio_await_ms");
    assert_string_equal(dictionary->names[1].volume, "vol-0fedcba9876543210");
    assert_int_equal(dictionary->names[2].number, 255);
    assert_int_equal(dictionary->names[2].family, METRIC_MEMBER_MOUNT);
    assert_string_equal(dictionary->names[2].name, "disk_used_percent");
    assert_string_equal(dictionary->names[2].member, "/srv/data");
    assert_ok(wire_encode_dictionary(&message.instance, &message.boot, message.sequence, dictionary,
                                     again, sizeof again, &written));
    assert_int_equal(written, length);
    assert_memory_equal(again, golden, length);
}

TEST(notice_is_read_and_written_back) {
    (void)state;
    size_t length = decode("notice_stopping"), written;
    assert_int_equal(message.kind, WIRE_NOTICE);
    assert_int_equal(message.of.notice.kind, NOTICE_STOPPING);
    assert_int_equal(message.of.notice.sequence, 42);
    assert_ok(wire_encode_notice(&message.of.notice, again, sizeof again, &written));
    assert_int_equal(written, length);
    assert_memory_equal(again, golden, length);
}

TEST(ack_is_read_and_written_back_in_an_agents_small_arena) {
    (void)state;
    struct wire_arena arena = {.bytes = arena_bytes, .capacity = WIRE_ACK_ARENA_BYTES};
    struct ack ack;
    size_t length = load("ack"), written;
    assert_ok(wire_decode_ack(&arena, golden, length, &ack));
    assert_int_equal(ack.sequence, 42);
    assert_int_equal(ack.interval_ms, 10000);
    assert_int_equal(ack.config_version, 7);
    assert_int_equal(ack.directives, ACK_DIRECTIVE_SEND_DICTIONARY | ACK_DIRECTIVE_GRACE);
    assert_true(ack.fence == UINT64_MAX);
    assert_string_equal(ack.redirect, "tls+tcp://10.0.0.9:7443");
    assert_ok(wire_encode_ack(&ack, again, sizeof again, &written));
    assert_int_equal(written, length);
    assert_memory_equal(again, golden, length);
    assert_true(written <= WIRE_ACK_MAX);
}

TEST(empty_ack_says_nothing) {
    (void)state;
    struct wire_arena arena = {.bytes = arena_bytes, .capacity = WIRE_ACK_ARENA_BYTES};
    struct ack ack = {.sequence = 9};
    size_t length = load("ack_empty");
    assert_ok(wire_decode_ack(&arena, golden, length, &ack));
    assert_int_equal(ack.sequence, 0);
    assert_string_equal(ack.redirect, "");
}

TEST(ack_is_not_taken_from_an_agent_nor_a_report_from_an_aggregator) {
    (void)state;
    struct wire_arena arena = {.bytes = arena_bytes, .capacity = sizeof arena_bytes};
    struct ack ack;
    size_t length = load("ack");
    assert_int_equal(wire_decode(&arena, golden, length, &message), STATUS_MALFORMED);
    length = load("report_plain");
    assert_int_equal(wire_decode_ack(&arena, golden, length, &ack), STATUS_MALFORMED);
}
