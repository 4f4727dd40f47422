/* A start from a store that has run for years: the engine reads what it needs, and nothing else. */
#include <stdio.h>
#include <string.h>

#include "aggregator/engine/restore.h"
#include "common/sys/clock.h"
#include "tests/unit/store/store_fixture.h"

static void ignore(void *arg, uint64_t batch_id, enum status status) {
    (void)arg;
    (void)batch_id;
    assert_int_equal(status, STATUS_OK);
}

static void put_many(struct store *store, const char *name, size_t count) {
    for (size_t i = 0; i < count;) {
        struct batch *batch = batch_create(1);
        assert_non_null(batch);
        for (size_t k = 0; k < BATCH_OPERATIONS_MAX && i < count; k++, i++) {
            char key[RECORD_KEY_SIZE];
            snprintf(key, sizeof key, "%s%zu", name, i);
            assert_ok(batch_add(batch, RECORD_PUT, RECORD_META, key, "", "{}"));
        }
        assert_ok(store_submit(store, batch, ignore, NULL));
    }
}

static struct engine *restore(struct store *store, uint32_t *unreadable) {
    struct engine_options options = engine_options_default();
    struct engine *engine = NULL;
    options.instances_max = 4;
    assert_ok(engine_restore(store, &options, 1, sys_now(), &engine, unreadable));
    return engine;
}

TEST(ten_thousand_dead_letters_do_not_pause_a_start) {
    (void)state;
    struct fixture f;
    struct store *store;
    uint32_t unreadable = 0;
    fixture_make(&f);
    assert_ok(fixture_open(&f, &store));
    put_many(store, "dead-letter/", STORE_QUERY_ROWS_MAX + 1);
    engine_destroy(restore(store, &unreadable));
    assert_int_equal(unreadable, 0);
    /* The switch is found among them. */
    assert_ok(put(store, RECORD_META, "pause", "", "{\"paused\":\"perhaps\"}"));
    engine_destroy(restore(store, &unreadable));
    assert_int_equal(unreadable, 1);
    store_destroy(store);
    fixture_remove(&f);
}
