/* Handshakes of one source. */
#include "tests/support/unit.h"

#include <string.h>

#include "aggregator/ingest/source.h"

static struct source_table table;
static const struct boot_time now = {5000};

static const uint8_t *source(uint32_t number) {
    static uint8_t bytes[SOURCE_BYTES];
    memcpy(bytes + 12, &number, sizeof number);
    return bytes;
}

TEST(source_has_its_burst_and_others_theirs) {
    (void)state;
    table = (struct source_table){.seed = 1};
    for (int i = 0; i < 3; i++) {
        assert_true(source_may(&table, source(1), 2, 3, now));
        source_take(&table, source(1), 2, 3, now);
    }
    assert_false(source_may(&table, source(1), 2, 3, now));
    assert_true(source_may(&table, source(2), 2, 3, now));
    assert_true(source_may(&table, source(1), 2, 3, (struct boot_time){5500}));
}

TEST(asking_takes_nothing_and_rate_0_is_no_limit) {
    (void)state;
    table = (struct source_table){.seed = 1};
    for (int i = 0; i < 100; i++) assert_true(source_may(&table, source(1), 2, 1, now));
    for (int i = 0; i < 100; i++) source_take(&table, source(1), 0, 1, now);
    assert_true(source_may(&table, source(1), 0, 1, now));
    assert_true(source_may(&table, source(1), 2, 1, now));
}

TEST(seed_decides_who_shares_a_place) {
    (void)state;
    unsigned together = 0;
    for (uint64_t seed = 1; seed <= 2000; seed++) {
        table = (struct source_table){.seed = seed * 0x9e3779b97f4a7c15u};
        source_take(&table, source(1), 1, 1, now);
        together += !source_may(&table, source(2), 1, 1, now);
    }
    assert_in_range(together, 0, 20); /* 2000 / 512 expected */
}
