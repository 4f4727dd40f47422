/* Deadlines: never early, at most a tick late, whatever is moved and however long we slept. */
#include "tests/support/unit.h"

#include "aggregator/ingest/wheel.h"
#include "common/base/prng.h"

static struct wheel wheel;

static struct boot_time at(int64_t ms) { return (struct boot_time){ms}; }

TEST(node_comes_after_its_time_and_within_a_tick) {
    (void)state;
    struct wheel_node node = {0};
    wheel_init(&wheel, at(1000));
    wheel_schedule(&wheel, &node, at(5000));
    assert_null(wheel_expire(&wheel, at(4999)));
    assert_ptr_equal(wheel_expire(&wheel, at(5000 + WHEEL_TICK_MS)), &node);
    assert_null(wheel_expire(&wheel, at(9000)));
}

TEST(sooner_moves_and_later_is_ignored) {
    (void)state;
    struct wheel_node node = {0};
    wheel_init(&wheel, at(0));
    wheel_schedule(&wheel, &node, at(5000));
    wheel_schedule(&wheel, &node, at(9000));
    assert_int_equal(node.at.ms, 5000);
    wheel_schedule(&wheel, &node, at(2000));
    assert_ptr_equal(wheel_expire(&wheel, at(2100)), &node);
    assert_int_equal(wheel.count, 0);
}

TEST(cancelled_node_does_not_come) {
    (void)state;
    struct wheel_node node = {0};
    wheel_init(&wheel, at(0));
    wheel_schedule(&wheel, &node, at(100));
    wheel_cancel(&wheel, &node);
    wheel_cancel(&wheel, &node);
    assert_null(wheel_expire(&wheel, at(100000)));
    assert_int_equal(wheel_wait_ms(&wheel, at(100000)), -1);
}

TEST(deadline_beyond_the_horizon_comes_in_its_round) {
    (void)state;
    struct wheel_node node = {0};
    wheel_init(&wheel, at(0));
    wheel_schedule(&wheel, &node, at(900000));
    for (int64_t now = 0; now < 900000; now += 500) assert_null(wheel_expire(&wheel, at(now)));
    assert_ptr_equal(wheel_expire(&wheel, at(900000 + WHEEL_TICK_MS)), &node);
}

TEST(after_a_long_sleep_everything_due_comes) {
    (void)state;
    static struct wheel_node nodes[2000];
    wheel_init(&wheel, at(0));
    for (int i = 0; i < 2000; i++) wheel_schedule(&wheel, &nodes[i], at(10 + i * 37));
    int count = 0;
    while (wheel_expire(&wheel, at(10000000)) != NULL) count++;
    assert_int_equal(count, 2000);
}

TEST(wait_never_passes_a_deadline_and_random_orders_hold) {
    (void)state;
    static struct wheel_node nodes[200];
    struct prng prng = prng_seeded(7);
    int64_t now = 12345;
    wheel_init(&wheel, at(now));
    for (int round = 0; round < 20000; round++) {
        struct wheel_node *node = &nodes[prng_below(&prng, 200)];
        if (node->next == NULL)
            wheel_schedule(&wheel, node, at(now + (int64_t)prng_below(&prng, 200000)));
        int wait = wheel_wait_ms(&wheel, at(now));
        assert_true(wait == -1 || (wait >= 1 && wait <= 16 * WHEEL_TICK_MS));
        now += (int64_t)prng_below(&prng, 300);
        for (struct wheel_node *due; (due = wheel_expire(&wheel, at(now))) != NULL;)
            assert_true(due->at.ms <= now);
        for (int i = 0; i < 200; i++)
            assert_true(nodes[i].next == NULL || nodes[i].at.ms > now - 2 * WHEEL_TICK_MS);
    }
}
