/* Deadlines of condition variables. */
#include "common/sys/clock.h"
#include "tests/support/unit.h"

static int64_t ns_between(struct timespec from, struct timespec to) {
    return ((int64_t)to.tv_sec - from.tv_sec) * 1000000000 + to.tv_nsec - from.tv_nsec;
}

TEST(a_deadline_lies_a_span_ahead_and_is_normal) {
    (void)state;
    static const int64_t spans[] = {1, 999, 1000, 1999, 86400000};
    for (size_t i = 0; i < ARRAY_LENGTH(spans); i++) {
        struct timespec before = sys_deadline(duration_ms(0));
        struct timespec at = sys_deadline(duration_ms(spans[i]));
        struct timespec after = sys_deadline(duration_ms(0));
        assert_true(at.tv_nsec >= 0 && at.tv_nsec < 1000000000);
        assert_true(ns_between(before, at) >= spans[i] * 1000000);
        assert_true(ns_between(after, at) <= spans[i] * 1000000);
    }
}

TEST(a_negative_span_is_now) {
    (void)state;
    struct timespec before = sys_deadline(duration_ms(0));
    struct timespec at = sys_deadline(duration_ms(-5000));
    assert_true(ns_between(before, at) >= 0);
}
