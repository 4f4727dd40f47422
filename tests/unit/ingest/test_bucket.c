/* An agent's rate. */
#include "tests/support/unit.h"

#include "aggregator/ingest/bucket.h"

static struct boot_time at(int64_t ms) { return (struct boot_time){ms}; }

TEST(rested_bucket_gives_its_burst_and_then_the_rate) {
    (void)state;
    struct bucket bucket = {0};
    for (int i = 0; i < 10; i++) assert_int_equal(bucket_take(&bucket, 2, 10, at(1000)), 0);
    assert_int_equal(bucket_take(&bucket, 2, 10, at(1000)), 500);
    assert_int_equal(bucket_take(&bucket, 2, 10, at(1499)), 1);
    assert_int_equal(bucket_take(&bucket, 2, 10, at(1500)), 0);
    assert_int_equal(bucket_take(&bucket, 2, 10, at(1500)), 500);
}

TEST(long_rest_fills_it_and_not_more) {
    (void)state;
    struct bucket bucket = {0};
    for (int i = 0; i < 10; i++) (void)bucket_take(&bucket, 2, 10, at(1000));
    for (int i = 0; i < 10; i++)
        assert_int_equal(bucket_take(&bucket, 2, 10, at(INT64_MAX / 2)), 0);
    assert_true(bucket_take(&bucket, 2, 10, at(INT64_MAX / 2)) > 0);
}

TEST(over_an_hour_the_rate_holds) {
    (void)state;
    struct bucket bucket = {0};
    int taken = 0;
    for (int64_t ms = 1000; ms < 3601000; ms += 7)
        taken += bucket_take(&bucket, 2, 10, at(ms)) == 0;
    assert_in_range(taken, 7190, 7215);
}
