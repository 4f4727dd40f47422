/* Who speaks for an instance. */
#include "tests/support/unit.h"

#include <stdio.h>
#include <string.h>

#include "aggregator/ingest/registry.h"

static struct registry *registry;
static struct registry_place place;
static struct bucket bucket;

static struct identity identity_of(unsigned number, const char *of_account) {
    struct identity identity = {0};
    snprintf(identity.instance.text, sizeof identity.instance.text, "i-%08x", number);
    strcpy(identity.account, of_account);
    return identity;
}

static enum status enter(unsigned number, const char *of_account, uint64_t connection) {
    struct identity identity = identity_of(number, of_account);
    return registry_enter(registry, &identity, connection, &place);
}

static void leave(unsigned number, uint64_t connection) {
    struct identity identity = identity_of(number, "");
    registry_leave(registry, &identity.instance, connection, &bucket);
}

TEST(newer_connection_names_the_older) {
    (void)state;
    assert_ok(registry_create(&registry));
    assert_ok(enter(1, "", 10));
    assert_int_equal(place.older, 0);
    assert_ok(enter(1, "", 11));
    assert_int_equal(place.older, 10);
    leave(1, 10); /* the older goes late: the newer still speaks */
    assert_ok(enter(1, "", 12));
    assert_int_equal(place.older, 11);
    leave(1, 12);
    assert_ok(enter(1, "", 13));
    assert_int_equal(place.older, 0);
    registry_destroy(registry);
}

TEST(number_rises_with_each_entry) {
    (void)state;
    assert_ok(registry_create(&registry));
    for (uint64_t i = 1; i <= 100; i++) {
        assert_ok(enter((unsigned)i % 3, "", 1000 - i));
        assert_int_equal(place.number, i);
    }
    registry_destroy(registry);
}

TEST(rate_is_kept_while_the_agent_is_away) {
    (void)state;
    assert_ok(registry_create(&registry));
    assert_ok(enter(1, "", 10));
    bucket = (struct bucket){7, {99}};
    leave(1, 10);
    bucket = (struct bucket){0};
    assert_ok(enter(1, "", 11));
    assert_int_equal(place.bucket.milli, 7);
    registry_destroy(registry);
}

TEST(second_account_is_refused_and_so_is_the_first_from_then_on) {
    (void)state;
    assert_ok(registry_create(&registry));
    assert_ok(enter(1, "111111111111", 10));
    assert_ok(enter(1, "", 11)); /* not stated is no contradiction */
    assert_int_equal(enter(1, "222222222222", 12), STATUS_IDENTITY);
    assert_int_equal(place.older, 11);
    assert_string_equal(place.account, "111111111111");
    assert_int_equal(enter(1, "111111111111", 13), STATUS_IDENTITY);
    assert_int_equal(place.older, 0);
    assert_ok(enter(2, "222222222222", 14));
    registry_destroy(registry);
}

TEST(more_instances_than_are_remembered_forget_the_absent_first) {
    (void)state;
    assert_ok(registry_create(&registry));
    assert_ok(enter(1, "", 1));
    for (unsigned i = 2; i < 3 * REGISTRY_INSTANCES_MAX; i++) {
        assert_ok(enter(i, "", i));
        leave(i, i);
    }
    assert_ok(enter(1, "", 5));
    assert_int_equal(place.older, 1);
    registry_destroy(registry);
}

TEST(more_instances_connected_than_the_bound_are_refused) {
    (void)state;
    assert_ok(registry_create(&registry));
    unsigned i = 1;
    while (i < 4 * REGISTRY_INSTANCES_MAX && enter(i, "", i) == STATUS_OK) i++;
    assert_in_range(i, REGISTRY_INSTANCES_MAX, 2 * REGISTRY_INSTANCES_MAX);
    assert_int_equal(enter(i, "", i), STATUS_FULL);
    assert_ok(enter(1, "", 9999999)); /* those known still come again */
    registry_destroy(registry);
}
