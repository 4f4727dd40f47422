#include "aggregator/expiry.h"

#include "tests/support/unit.h"

#define DAY INT64_C(86400000)

static enum expiry_stage watch(int64_t left_ms, enum expiry_stage stage) {
    const struct wall_time now = {INT64_C(1790000000000)};
    expiry_watch("/tmp/server.pem", (struct wall_time){now.ms + left_ms}, now, &stage);
    return stage;
}

TEST(stages_come_at_seven_three_and_one_day_and_at_the_end) {
    (void)state;
    assert_int_equal(watch(7 * DAY + 1, EXPIRY_FAR), EXPIRY_FAR);
    assert_int_equal(watch(7 * DAY, EXPIRY_FAR), EXPIRY_7_DAYS);
    assert_int_equal(watch(3 * DAY, EXPIRY_7_DAYS), EXPIRY_3_DAYS);
    assert_int_equal(watch(1 * DAY, EXPIRY_3_DAYS), EXPIRY_1_DAY);
    assert_int_equal(watch(0, EXPIRY_1_DAY), EXPIRY_PASSED);
    assert_int_equal(watch(-DAY, EXPIRY_FAR), EXPIRY_PASSED);
}

TEST(stage_that_was_said_stays_when_the_clock_goes_back) {
    (void)state;
    assert_int_equal(watch(30 * DAY, EXPIRY_3_DAYS), EXPIRY_3_DAYS);
}
