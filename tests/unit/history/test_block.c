/* The open block: joining, order, room for further series. */
#include <math.h>
#include <string.h>

#include "aggregator/history/history.h"
#include "tests/support/unit.h"

static const int64_t start = 29520000; /* a multiple of 120 */

static struct metric_vector vector(enum metric metric, double value) {
    struct metric_vector core = {0};
    metric_set(&core, metric, value);
    return core;
}

static void append(struct history_block *block, int64_t minute, enum metric metric, double value) {
    struct metric_vector core = vector(metric, value);
    assert_ok(history_append(block, minute, &core));
}

static void near_to(float value, double wanted) {
    assert_true(fabs((double)value - wanted) < 1e-4);
}

static struct series_name name_of(const char *name, const char *member) {
    struct series_name series = {.family = METRIC_MEMBER_SERVICE};
    memcpy(series.name, name, strlen(name));
    memcpy(series.member, member, strlen(member));
    return series;
}

TEST(values_of_a_minute_join_as_their_metric_says) {
    (void)state;
    static struct history_block block;
    history_init(&block);
    for (int i = 1; i <= 3; i++) {
        append(&block, start + 5, METRIC_CPU_USER, 10 * i);
        append(&block, start + 5, METRIC_DISK_USED, 50 - i);
        append(&block, start + 5, METRIC_MEM_AVAILABLE, 100 + i);
    }
    near_to(block.core_cells[5][METRIC_CPU_USER], 20);
    near_to(block.core_cells[5][METRIC_DISK_USED], 49);
    near_to(block.core_cells[5][METRIC_MEM_AVAILABLE], 101);
    assert_true(isnan(block.core_cells[5][METRIC_SWAP_USED]));
    assert_true(isnan(block.core_cells[4][METRIC_CPU_USER]));
}

TEST(a_minute_after_the_block_asks_for_sealing_and_changes_nothing) {
    (void)state;
    static struct history_block block;
    history_init(&block);
    append(&block, start + 119, METRIC_CPU_USER, 7);
    struct metric_vector core = vector(METRIC_CPU_USER, 9);
    assert_int_equal(history_append(&block, start + 120, &core), STATUS_AGAIN);
    near_to(block.core_cells[119][METRIC_CPU_USER], 7);
    history_restart(&block, start + 120);
    assert_ok(history_append(&block, start + 120, &core));
    near_to(block.core_cells[0][METRIC_CPU_USER], 9);
    assert_true(isnan(block.core_cells[119][METRIC_CPU_USER]));
}

TEST(a_clock_stepped_back_stays_within_the_block) {
    (void)state;
    static struct history_block block;
    history_init(&block);
    append(&block, start + 50, METRIC_CPU_USER, 10);
    append(&block, start - 5000, METRIC_CPU_USER, 20);
    append(&block, start + 50, METRIC_CPU_USER, 30);
    near_to(block.core_cells[0][METRIC_CPU_USER], 20);
    assert_int_equal(block.start, start);
    assert_true(!isnan(block.core_cells[50][METRIC_CPU_USER]));
}

TEST(further_series_get_columns_by_name_and_member) {
    (void)state;
    static struct history_block block;
    static struct history_column columns[2];
    static float cells[HISTORY_MINUTES * 2];
    uint32_t a = 9, b = 9, again = 9;
    history_init(&block);
    struct series_name web = name_of("service_memory_used_percent", "web");
    struct series_name db = name_of("service_memory_used_percent", "db");
    struct series_name third = name_of("service_memory_used_percent", "x");
    assert_int_equal(history_further(&block, &web, &a), STATUS_FULL);
    history_give_room(&block, columns, cells, 2);
    assert_ok(history_further(&block, &web, &a));
    assert_ok(history_further(&block, &db, &b));
    assert_ok(history_further(&block, &web, &again));
    assert_true(a == 0 && b == 1 && again == 0);
    assert_int_equal(history_further(&block, &third, &a), STATUS_FULL);
    append(&block, start + 1, METRIC_CPU_USER, 1);
    history_append_further(&block, b, 30);
    history_append_further(&block, b, 40);
    history_append_further(&block, b, NAN);
    float values[HISTORY_MINUTES];
    assert_ok(history_peek(&block, "service_memory_used_percent", "db", values));
    near_to(values[1], 40); /* the worst moment, as the core metric joins */
    assert_int_equal(history_peek(&block, "service_memory_used_percent", "nobody", values),
                     STATUS_NOT_FOUND);
    assert_int_equal(history_peek(&block, "no_such", NULL, values), STATUS_NOT_FOUND);
}

TEST(more_room_keeps_what_was_there) {
    (void)state;
    static struct history_block block;
    static struct history_column few[1], many[3];
    static float few_cells[HISTORY_MINUTES], many_cells[HISTORY_MINUTES * 3];
    uint32_t a;
    history_init(&block);
    history_give_room(&block, few, few_cells, 1);
    struct series_name web = name_of("service_fd_used_percent", "web");
    assert_ok(history_further(&block, &web, &a));
    append(&block, start + 3, METRIC_CPU_USER, 1);
    history_append_further(&block, a, 12);
    history_give_room(&block, many, many_cells, 3);
    float values[HISTORY_MINUTES];
    assert_ok(history_peek(&block, "service_fd_used_percent", "web", values));
    near_to(values[3], 12);
    assert_true(isnan(values[4]));
}
