/* Seeds of the simulator under every fault the world has; each case prints the seed that fails. Run
 * one seed again: EAR_SIM_SEED=n EAR_SIM_LOG=1 build/dev/tests/bin/test_engine_invariants one_seed
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/sim/engine/world.h"
#include "tests/support/unit.h"

#define MINUTES 30

static struct world_report total;

static void run(uint64_t seed) {
    struct world_report report;
    world_run(seed, MINUTES, &report);
    if (report.violation[0] != '\0') {
        fprintf(stderr, "EAR_SIM_SEED=%llu: %s\n", (unsigned long long)seed, report.violation);
        fail_msg("an invariant was broken");
    }
    total.calls += report.calls;
    total.reboots += report.reboots;
    total.stops += report.stops;
    total.starts += report.starts;
    total.restarts += report.restarts;
    total.crashes += report.crashes;
    total.incidents += report.incidents;
    total.storms += report.storms;
    total.successes += report.successes;
}

/* A run that reached nothing proves nothing. */
static void block(uint64_t first, unsigned count) {
    for (uint64_t seed = first; seed < first + count; seed++) run(seed);
    fprintf(stderr,
            "seeds %llu..%llu: %u incidents, %u calls (%u restarts, %u reboots, %u stops, %u "
            "starts landed), %u successes, %u crashes, %u storms\n",
            (unsigned long long)first, (unsigned long long)first + count - 1, total.incidents,
            total.calls, total.restarts, total.reboots, total.stops, total.starts, total.successes,
            total.crashes, total.storms);
    assert_true(total.restarts > 0 && total.reboots > 0 && total.stops > 0 && total.starts > 0);
    assert_true(total.successes > 0 && total.crashes > 0 && total.storms > 0);
}

TEST(seeds_0_to_99_hold_the_invariants) {
    (void)state;
    block(0, 100);
}

TEST(seeds_100_to_199_hold_the_invariants) {
    (void)state;
    block(100, 100);
}

TEST(seeds_200_to_299_hold_the_invariants) {
    (void)state;
    block(200, 100);
}

TEST(same_seed_gives_the_same_trace) {
    (void)state;
    for (uint64_t seed = 1000; seed < 1004; seed++) {
        struct world_report first, second;
        world_run(seed, MINUTES, &first);
        world_run(seed, MINUTES, &second);
        assert_true(first.hash == second.hash);
    }
}

/* More by hand: EAR_SIM_FIRST=n EAR_SIM_COUNT=m. */
TEST(further_seeds_hold_the_invariants) {
    (void)state;
    const char *first = getenv("EAR_SIM_FIRST"), *count = getenv("EAR_SIM_COUNT");
    block(first == NULL ? 300 : strtoull(first, NULL, 10),
          count == NULL ? 100 : (unsigned)strtoul(count, NULL, 10));
}

TEST(one_seed) {
    (void)state;
    const char *text = getenv("EAR_SIM_SEED");
    run(text == NULL ? 4711 : strtoull(text, NULL, 10));
}
