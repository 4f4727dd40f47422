/* Charts: each minute in its point, gaps stay gaps. */
#include <math.h>

#include "aggregator/history/history.h"
#include "tests/support/unit.h"

static const int64_t start = 29520000;

TEST(minutes_fall_into_equally_wide_points) {
    (void)state;
    float values[HISTORY_MINUTES];
    struct history_point points[4];
    struct history_rollup rollup;
    for (size_t i = 0; i < HISTORY_MINUTES; i++) values[i] = (float)i;
    history_rollup_init(&rollup, start, start + 240, points, 4);
    history_rollup_add(&rollup, start, values);
    assert_int_equal(points[0].count, 60);
    assert_int_equal(points[1].count, 60);
    assert_int_equal(points[2].count, 0);
    assert_true(isnan(points[2].mean));
    assert_true(fabs((double)points[1].least - 60) < 1e-6);
    assert_true(fabs((double)points[1].most - 119) < 1e-6);
    assert_true(fabs((double)points[1].mean - 89.5) < 1e-3);
}

TEST(minutes_outside_and_absent_ones_are_passed_over) {
    (void)state;
    float values[HISTORY_MINUTES];
    struct history_point points[10];
    struct history_rollup rollup;
    for (size_t i = 0; i < HISTORY_MINUTES; i++) values[i] = i % 2 ? NAN : 5;
    history_rollup_init(&rollup, start + 50, start + 70, points, 10);
    history_rollup_add(&rollup, start, values);
    history_rollup_add(&rollup, start + 120, values);
    history_rollup_add(&rollup, start - 120, values);
    for (size_t i = 0; i < 10; i++) assert_int_equal(points[i].count, 1);
}

TEST(more_points_than_minutes_leave_holes) {
    (void)state;
    float values[HISTORY_MINUTES];
    struct history_point points[20];
    struct history_rollup rollup;
    unsigned filled = 0;
    for (size_t i = 0; i < HISTORY_MINUTES; i++) values[i] = 1;
    history_rollup_init(&rollup, start, start + 10, points, 20);
    history_rollup_add(&rollup, start, values);
    for (size_t i = 0; i < 20; i++) filled += points[i].count;
    assert_int_equal(filled, 10);
}
