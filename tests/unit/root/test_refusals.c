#include "aggregator/refusals.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/unit.h"

static struct refusals make(void) {
    struct refusals refusals = {.lines = 0};
    pthread_mutex_init(&refusals.lock, NULL);
    return refusals;
}

static struct ingest_refusal refusal(const char *name, const char *address) {
    struct ingest_refusal one = {.reason = INGEST_REASON_CERTIFICATE};
    strcpy(one.peer_name, name);
    strcpy(one.address, address);
    strcpy(one.detail, "certificate has expired");
    return one;
}

static struct boot_time at_s(int64_t s) { return (struct boot_time){s * 1000}; }

TEST(same_peer_from_another_port_is_said_once_in_ten_minutes) {
    (void)state;
    struct refusals refusals = make();
    struct ingest_refusal first = refusal("i-1", "10.0.0.1:4000");
    struct ingest_refusal again = refusal("i-1", "10.0.0.1:4001");
    uint32_t repeats = 9;
    assert_true(refusals_say(&refusals, &first, at_s(5), &repeats));
    assert_int_equal(repeats, 0);
    assert_false(refusals_say(&refusals, &again, at_s(6), &repeats));
    assert_false(refusals_say(&refusals, &again, at_s(604), &repeats));
    assert_true(refusals_say(&refusals, &again, at_s(605), &repeats));
    assert_int_equal(repeats, 2);
    assert_false(refusals_say(&refusals, &first, at_s(606), &repeats));
}

TEST(another_peer_name_or_reason_is_said_at_once) {
    (void)state;
    struct refusals refusals = make();
    struct ingest_refusal one = refusal("i-1", "10.0.0.1:4000");
    uint32_t repeats;
    assert_true(refusals_say(&refusals, &one, at_s(1), &repeats));
    one.reason = INGEST_REASON_MALFORMED;
    assert_true(refusals_say(&refusals, &one, at_s(1), &repeats));
    one = refusal("i-2", "10.0.0.1:4000");
    assert_true(refusals_say(&refusals, &one, at_s(1), &repeats));
    one = refusal("i-1", "10.0.0.2:4000");
    assert_true(refusals_say(&refusals, &one, at_s(1), &repeats));
}

TEST(flood_of_new_names_is_held_to_sixty_lines_a_minute) {
    (void)state;
    struct refusals refusals = make();
    unsigned said = 0;
    uint32_t repeats;
    for (int i = 0; i < 10000; i++) {
        char name[16];
        snprintf(name, sizeof name, "i-%d", i);
        struct ingest_refusal one = refusal(name, "10.0.0.1:1");
        said += refusals_say(&refusals, &one, at_s(100 + i % 60), &repeats);
    }
    assert_in_range(said, 1, 60);
    struct ingest_refusal later = refusal("i-later", "10.0.0.1:1");
    assert_true(refusals_say(&refusals, &later, at_s(200), &repeats));
}
