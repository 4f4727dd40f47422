/* Pauses between attempts: bounded, growing, spread. */
#include "tests/support/unit.h"

#include "agent/link/pace.h"

static const struct duration least = {1000}, most = {60000};

TEST(every_pause_lies_between_the_two_settings) {
    (void)state;
    struct prng prng = prng_seeded(1);
    for (unsigned failures = 0; failures < 100; failures++) {
        struct duration pause = pace_next(&prng, failures, least, most);
        assert_in_range(pause.ms, 1000, 60000);
    }
}

TEST(first_pause_is_short_and_the_ceiling_doubles) {
    (void)state;
    struct prng prng = prng_seeded(2);
    for (int i = 0; i < 1000; i++) {
        assert_in_range(pace_next(&prng, 0, least, most).ms, 1000, 2000);
        assert_in_range(pace_next(&prng, 1, least, most).ms, 1000, 4000);
        assert_in_range(pace_next(&prng, 4, least, most).ms, 1000, 32000);
    }
}

TEST(a_fleet_is_spread_over_the_whole_span) {
    (void)state;
    unsigned tenths[10] = {0};
    for (uint64_t agent = 0; agent < 10000; agent++) {
        struct prng prng = prng_seeded(agent);
        int64_t pause = pace_next(&prng, 10, least, most).ms;
        tenths[(pause - 1000) * 10 / 59001]++;
    }
    for (int i = 0; i < 10; i++) assert_in_range(tenths[i], 850, 1150);
}

TEST(equal_settings_give_that_pause) {
    (void)state;
    struct prng prng = prng_seeded(3);
    assert_int_equal(pace_next(&prng, 5, least, least).ms, 1000);
}
