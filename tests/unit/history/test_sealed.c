/* Sealed blocks: round trip within half a code, refusals of anything damaged. */
#include <math.h>
#include <string.h>

#include "aggregator/history/history.h"
#include "common/base/hash.h"
#include "common/base/prng.h"
#include "tests/support/unit.h"

static const int64_t start = 29520000;
static const struct instance_id instance = {"i-0123456789abcdef0"};

static struct history_block block;
static struct history_column columns[HISTORY_FURTHER_MAX];
static float cells[HISTORY_MINUTES * HISTORY_FURTHER_MAX];
static uint8_t bytes[HISTORY_BYTES_MAX];

static float wave(int64_t minute) { return (float)(50 + 40 * ((double)(minute % 17) / 17)); }

static size_t filled(void) {
    uint32_t column;
    size_t length = 0;
    struct series_name name = {
        .family = METRIC_MEMBER_MOUNT, .name = "disk_used_percent", .member = "/var"};
    history_init(&block);
    history_give_room(&block, columns, cells, HISTORY_FURTHER_MAX);
    assert_ok(history_further(&block, &name, &column));
    for (int64_t i = 0; i < HISTORY_MINUTES; i++) {
        if (i == 60) continue; /* a missed minute */
        struct metric_vector core = {0};
        metric_set(&core, METRIC_MEM_USED, (double)wave(i));
        metric_set(&core, METRIC_NET_RX_BYTES, 1e9 * (double)i);
        assert_ok(history_append(&block, start + i, &core));
        history_append_further(&block, column, wave(i) / 2);
    }
    assert_ok(history_encode(&block, &instance, bytes, sizeof bytes, &length));
    return length;
}

TEST(a_block_comes_back_within_half_a_code) {
    (void)state;
    struct history_sealed sealed;
    size_t length = filled();
    float values[HISTORY_MINUTES];
    assert_ok(history_open(bytes, length, &sealed));
    assert_int_equal(sealed.start, start);
    assert_int_equal(sealed.column_count, 3);
    assert_string_equal(sealed.instance.text, instance.text);
    assert_ok(history_find(&sealed, "mem_used_percent", NULL, values));
    assert_true(isnan(values[60]));
    for (int64_t i = 0; i < HISTORY_MINUTES; i++)
        if (i != 60) assert_true(fabs((double)(values[i] - wave(i))) < 40.0 / 65534);
    assert_ok(history_find(&sealed, "disk_used_percent", "/var", values));
    assert_true(fabs((double)(values[7] - wave(7) / 2)) < 20.0 / 65534);
    assert_int_equal(history_find(&sealed, "disk_used_percent", "", values), STATUS_NOT_FOUND);
    assert_int_equal(history_find(&sealed, "disk_used_percent", "/", values), STATUS_NOT_FOUND);
    struct history_column column;
    history_read(&sealed, 2, &column, values);
    assert_true(column.further);
    assert_string_equal(column.member, "/var");
    assert_true(length < 900); /* 252 bytes a column */
}

TEST(a_constant_column_takes_no_codes) {
    (void)state;
    size_t length = 0;
    struct history_sealed sealed;
    float values[HISTORY_MINUTES];
    struct metric_vector core = {0};
    metric_set(&core, METRIC_SWAP_USED, 3.25);
    history_init(&block);
    for (int64_t i = 0; i < HISTORY_MINUTES; i++)
        assert_ok(history_append(&block, start + i, &core));
    assert_ok(history_encode(&block, &instance, bytes, sizeof bytes, &length));
    assert_true(length < 80);
    assert_ok(history_open(bytes, length, &sealed));
    assert_ok(history_find(&sealed, "swap_used_percent", NULL, values));
    for (size_t i = 0; i < HISTORY_MINUTES; i++)
        assert_true(values[i] >= 3.25F && values[i] <= 3.25F);
}

TEST(an_empty_block_is_a_valid_one) {
    (void)state;
    size_t length = 0;
    struct history_sealed sealed;
    history_init(&block);
    history_restart(&block, start);
    assert_ok(history_encode(&block, &instance, bytes, sizeof bytes, &length));
    assert_ok(history_open(bytes, length, &sealed));
    assert_int_equal(sealed.column_count, 0);
}

TEST(the_widest_range_stays_finite) {
    (void)state;
    size_t length = 0;
    struct history_sealed sealed;
    float values[HISTORY_MINUTES];
    history_init(&block);
    for (int64_t i = 0; i < HISTORY_MINUTES; i++) {
        struct metric_vector core = {0};
        metric_set(&core, METRIC_LOAD1, i % 2 ? 3.4028e38 : -3.4028e38);
        assert_ok(history_append(&block, start + i, &core));
    }
    assert_ok(history_encode(&block, &instance, bytes, sizeof bytes, &length));
    assert_ok(history_open(bytes, length, &sealed));
    assert_ok(history_find(&sealed, "load1", NULL, values));
    for (size_t i = 0; i < HISTORY_MINUTES; i++) assert_true(isfinite(values[i]));
}

TEST(too_little_room_is_said) {
    (void)state;
    size_t length = filled(), unused = 0;
    assert_int_equal(history_encode(&block, &instance, bytes, length - 1, &unused),
                     STATUS_TOO_LARGE);
    assert_int_equal(history_encode(&block, &instance, bytes, 10, &unused), STATUS_TOO_LARGE);
    assert_ok(history_encode(&block, &instance, bytes, length, &unused));
}

TEST(every_cut_and_every_flipped_byte_is_refused) {
    (void)state;
    struct history_sealed sealed;
    size_t length = filled();
    for (size_t cut = 0; cut < length; cut++)
        assert_int_not_equal(history_open(bytes, cut, &sealed), STATUS_OK);
    for (size_t i = 0; i < length; i++) {
        bytes[i] ^= 0x40;
        assert_int_not_equal(history_open(bytes, length, &sealed), STATUS_OK);
        bytes[i] ^= 0x40;
    }
    assert_ok(history_open(bytes, length, &sealed));
}

TEST(a_newer_version_is_named_as_such) {
    (void)state;
    struct history_sealed sealed;
    size_t length = filled();
    bytes[4] = 2;
    assert_int_equal(history_open(bytes, length, &sealed), STATUS_NEWER);
    assert_int_equal(history_open((const uint8_t *)"PNG.", 4, &sealed), STATUS_MALFORMED);
}

static void reseal(size_t length) {
    uint32_t crc = hash_crc32c(0, bytes, length - 4);
    for (size_t i = 0; i < 4; i++) bytes[length - 4 + i] = (uint8_t)(crc >> (8 * i));
}

TEST(lies_under_a_right_checksum_are_refused_or_harmless) {
    (void)state;
    struct prng prng = prng_seeded(11);
    size_t length = filled();
    for (int round = 0; round < 20000; round++) {
        struct history_sealed sealed;
        struct history_column column;
        float values[HISTORY_MINUTES];
        size_t at = prng_below(&prng, round % 2 ? length - 4 : 80);
        uint8_t kept = bytes[at];
        bytes[at] = (uint8_t)prng_next(&prng);
        reseal(length);
        if (history_open(bytes, length, &sealed) == STATUS_OK)
            for (uint32_t i = 0; i < sealed.column_count; i++)
                history_read(&sealed, i, &column, values);
        bytes[at] = kept;
    }
}
