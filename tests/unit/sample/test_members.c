/* The dictionary of further series. */
#include <math.h>
#include <stdlib.h>

#include "agent/sample/members.h"
#include "tests/unit/sample/capture.h"

struct fixture {
    struct members members;
    struct series_value values[SERIES_MAX];
    uint16_t count;
    unsigned lost;
    char last_lost[SERIES_MEMBER_SIZE];
};

static struct fixture *fixture_create(void) { return calloc(1, sizeof(struct fixture)); }

static void on_lost(void *context, const struct series_name *name) {
    struct fixture *f = context;
    f->lost++;
    (void)snprintf(f->last_lost, sizeof f->last_lost, "%s", name->member);
}

static void put(struct fixture *f, const char *member, double value) {
    members_put(&f->members, METRIC_MEMBER_MOUNT, "disk_used_percent", member, NULL, value);
}

static void end(struct fixture *f) { members_end(&f->members, f->values, &f->count, on_lost, f); }

TEST(numbers_stay_and_the_generation_rises_only_with_a_change) {
    (void)state;
    struct fixture *f = fixture_create();
    members_begin(&f->members);
    put(f, "/", 10);
    put(f, "/var", 20);
    end(f);
    assert_int_equal(f->members.dictionary.generation, 1);
    assert_int_equal(f->members.dictionary.count, 2);
    members_begin(&f->members);
    put(f, "/var", 21);
    put(f, "/", 11);
    end(f);
    assert_int_equal(f->members.dictionary.generation, 1);
    assert_int_equal(f->values[1].number, 1);
    assert_true(f->values[1].value == 21.0F);
    members_begin(&f->members);
    put(f, "/home", 1);
    end(f);
    assert_int_equal(f->members.dictionary.generation, 2);
    assert_int_equal(f->members.dictionary.count, 3);
    free(f);
}

TEST(a_series_is_lost_after_it_stayed_away_and_its_number_is_free_again) {
    (void)state;
    struct fixture *f = fixture_create();
    members_begin(&f->members);
    put(f, "/", 10);
    put(f, "/mnt", 20);
    end(f);
    for (int i = 0; i < MEMBERS_PATIENCE; i++) {
        assert_int_equal(f->lost, 0);
        members_begin(&f->members);
        put(f, "/", 10);
        end(f);
    }
    assert_int_equal(f->lost, 1);
    assert_string_equal(f->last_lost, "/mnt");
    assert_int_equal(f->members.dictionary.count, 1);
    assert_int_equal(f->members.dictionary.generation, 2);
    members_begin(&f->members);
    put(f, "/new", 5);
    end(f);
    assert_int_equal(f->values[0].number, 1);
    free(f);
}

TEST(another_volume_behind_a_name_changes_the_dictionary) {
    (void)state;
    struct fixture *f = fixture_create();
    static const char *const volumes[] = {"vol-00000001", "vol-00000002"};
    for (unsigned i = 0; i < 2; i++) {
        members_begin(&f->members);
        members_put(&f->members, METRIC_MEMBER_DEVICE, "diskio_await_ms", "nvme1n1", volumes[i], 1);
        end(f);
        assert_int_equal(f->members.dictionary.generation, i + 1);
        assert_string_equal(f->members.dictionary.names[0].volume, volumes[i]);
    }
    assert_int_equal(f->members.dictionary.count, 1);
    free(f);
}

TEST(values_that_are_no_numbers_are_left_out) {
    (void)state;
    struct fixture *f = fixture_create();
    members_begin(&f->members);
    put(f, "/", (double)NAN);
    put(f, "/var", (double)INFINITY);
    put(f, "/huge", 1e300); /* no float holds it */
    put(f, "", 1);
    end(f);
    assert_int_equal(f->count, 0);
    assert_int_equal(f->members.dictionary.count, 0);
    free(f);
}

TEST(the_table_is_bounded_in_count_and_in_bytes) {
    (void)state;
    struct fixture *f = fixture_create();
    char member[SERIES_MEMBER_SIZE];
    members_begin(&f->members);
    for (int i = 0; i < 2 * SERIES_MAX; i++) {
        (void)snprintf(member, sizeof member, "/%d", i);
        put(f, member, 1);
    }
    end(f);
    assert_true(f->members.refused > 0);
    assert_true(f->members.text_bytes <= MEMBERS_TEXT_MAX);
    assert_int_equal(f->members.refused + f->count, 2 * SERIES_MAX);
    memset(member, 'x', sizeof member); /* a name too long for its field */
    char long_name[SERIES_MEMBER_SIZE + 8];
    memset(long_name, 'y', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    uint64_t refused = f->members.refused;
    put(f, long_name, 1);
    assert_int_equal(f->members.refused, refused + 1);
    free(f);
}

TEST(worst_keeps_the_largest_and_skips_unknowns) {
    (void)state;
    struct metric_vector core = {0};
    members_worst(&core, METRIC_DISK_USED, (double)NAN);
    assert_false(metric_has(&core, METRIC_DISK_USED));
    members_worst(&core, METRIC_DISK_USED, 5);
    members_worst(&core, METRIC_DISK_USED, 3);
    members_worst(&core, METRIC_DISK_USED, (double)NAN);
    assert_true(core.values[METRIC_DISK_USED] == 5.0F);
}
