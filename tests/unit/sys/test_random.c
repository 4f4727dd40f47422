/* Random bytes are all written, and differ. */
#include <string.h>

#include "common/sys/clock.h"
#include "common/sys/random.h"
#include "tests/support/unit.h"

TEST(all_bytes_are_filled_and_no_more) {
    (void)state;
    static uint8_t bytes[70001], again[70001]; /* beyond one getrandom's usual size */
    assert_ok(sys_random(bytes, sizeof bytes - 1));
    assert_int_equal(bytes[70000], 0);
    assert_ok(sys_random(again, sizeof again - 1));
    assert_memory_not_equal(bytes, again, 70000);
    size_t zeros = 0;
    for (size_t i = 69000; i < 70000; i++) zeros += bytes[i] == 0;
    assert_true(zeros < 50); /* four are expected; fifty never happen */
    assert_ok(sys_random(bytes, 0));
}

TEST(the_two_clocks_are_read_together_and_go_forward) {
    (void)state;
    struct now first = sys_now(), second = sys_now();
    assert_true(first.boot.ms > 0 && second.boot.ms >= first.boot.ms);
    assert_true(first.wall.ms > 1700000000000); /* after 2023: wall time, not boot time */
    assert_true(first.boot.ms < first.wall.ms);
}
