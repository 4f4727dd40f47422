/* The generator: known answers and the shape of what it draws. */
#include "common/base/prng.h"
#include "tests/support/unit.h"

TEST(splitmix64_seeds_by_its_known_answers) {
    (void)state;
    /* First outputs of splitmix64 from 1234567 (Vigna's splitmix64.c). */
    struct prng prng = prng_seeded(1234567);
    assert_true(prng.word[0] == 6457827717110365317ULL);
    assert_true(prng.word[1] == 3203168211198807973ULL);
    assert_true(prng.word[2] == 9817491932198370423ULL);
    assert_true(prng.word[3] == 4593380528125082431ULL);
}

TEST(xoshiro256_known_answers) {
    (void)state;
    /* From the state 1, 2, 3, 4 (as in the tests of the rand_xoshiro crate). */
    struct prng prng = {{1, 2, 3, 4}};
    static const uint64_t wanted[] = {11520ULL, 0ULL, 1509978240ULL, 1215971899390074240ULL,
                                      1216172134540287360ULL};
    for (size_t i = 0; i < ARRAY_LENGTH(wanted); i++) assert_true(prng_next(&prng) == wanted[i]);
}

TEST(same_seed_same_numbers) {
    (void)state;
    struct prng a = prng_seeded(5), b = prng_seeded(5), c = prng_seeded(6);
    assert_true(prng_next(&a) == prng_next(&b));
    assert_true(prng_next(&a) != prng_next(&c));
}

TEST(below_stays_below_and_reaches_all) {
    (void)state;
    struct prng prng = prng_seeded(7);
    int seen[7] = {0};
    for (int i = 0; i < 70000; i++) {
        uint64_t drawn = prng_below(&prng, 7);
        assert_true(drawn < 7);
        seen[drawn]++;
    }
    for (int i = 0; i < 7; i++) assert_in_range(seen[i], 9500, 10500);
    assert_true(prng_below(&prng, 1) == 0);
    assert_true(prng_below(&prng, UINT64_MAX) < UINT64_MAX);
}

TEST(unit_is_in_its_half_open_range_with_its_mean) {
    (void)state;
    struct prng prng = prng_seeded(8);
    double sum = 0.0;
    for (int i = 0; i < 100000; i++) {
        double drawn = prng_unit(&prng);
        assert_true(drawn >= 0.0 && drawn < 1.0);
        sum += drawn;
    }
    assert_true(sum > 49500.0 && sum < 50500.0);
}
