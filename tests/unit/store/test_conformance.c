/* What every kind of store must do alike: each case runs over memory and over SQLite. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/store/store_fixture.h"

typedef void (*behaviour)(struct store *store);

static void on_every_kind(behaviour check) {
    struct fixture fixture;
    struct store *store;
    assert_ok(store_open_memory(&store));
    check(store);
    store_destroy(store);
    fixture_make(&fixture);
    assert_ok(fixture_open(&fixture, &store));
    check(store);
    store_destroy(store);
    fixture_remove(&fixture);
}

static void assert_rows(struct store *store, enum record_table table, const char *partition,
                        size_t count, const char *first_item) {
    struct record *records;
    size_t found = rows_of(store, table, partition, &records);
    assert_int_equal(found, count);
    if (first_item != NULL) assert_string_equal(records[0].item, first_item);
    store_records_free(records, found);
}

static void puts_and_replaces(struct store *store) {
    assert_ok(put(store, RECORD_META, "pause", "", "{\"a\":1}"));
    assert_ok(put(store, RECORD_META, "pause", "", "{\"a\":2}"));
    assert_rows(store, RECORD_META, "pause", 1, "{\"a\":2}");
    assert_rows(store, RECORD_META, "other", 0, NULL);
    assert_rows(store, RECORD_INTENTS, "pause", 0, NULL);
}
TEST(put_writes_and_replaces_one_row) {
    (void)state;
    on_every_kind(puts_and_replaces);
}

static void finds_by_beginning(struct store *store) {
    static const char *const keys[] = {"seen/", "seen/a", "seen/b", "seenb", "see", "Seen/c"};
    for (size_t i = 0; i < 6; i++) assert_ok(put(store, RECORD_META, keys[i], "", "{}"));
    struct store_query query = {.table = RECORD_META, .limit = 10, .prefix = true};
    snprintf(query.partition, sizeof query.partition, "seen/");
    struct record *records;
    size_t count = 0;
    assert_ok(store_read(store, &query, &records, &count));
    assert_int_equal(count, 3);
    assert_string_equal(records[2].partition, "seen/b");
    store_records_free(records, count);
    query.prefix = false;
    assert_ok(store_read(store, &query, &records, &count));
    assert_int_equal(count, 1);
    store_records_free(records, count);
}
TEST(rows_are_found_by_the_beginning_of_their_partition) {
    (void)state;
    on_every_kind(finds_by_beginning);
}

static void keeps_batches_whole(struct store *store) {
    assert_ok(put(store, RECORD_INTENTS, "act-1", "", "{}"));
    struct batch *batch = batch_create(8);
    assert_ok(batch_add(batch, RECORD_PUT, RECORD_META, "half", "", "{}"));
    assert_ok(batch_add(batch, RECORD_APPEND_AUDIT, RECORD_AUDIT, "", "", "{\"n\":1}"));
    assert_ok(batch_add(batch, RECORD_PUT_NEW, RECORD_INTENTS, "act-1", "", "{\"second\":true}"));
    assert_string_equal(status_name(commit(store, batch)), "exists");
    assert_rows(store, RECORD_META, "half", 0, NULL);
    assert_rows(store, RECORD_AUDIT, "", 0, NULL);
    assert_rows(store, RECORD_INTENTS, "act-1", 1, "{}");
}
TEST(a_conflict_leaves_nothing_of_the_batch) {
    (void)state;
    on_every_kind(keeps_batches_whole);
}

static void refuses_the_same_key_twice(struct store *store) {
    struct batch *batch = batch_create(8);
    assert_ok(batch_add(batch, RECORD_PUT_NEW, RECORD_INTENTS, "act-2", "", "{}"));
    assert_ok(batch_add(batch, RECORD_PUT_NEW, RECORD_INTENTS, "act-2", "", "{}"));
    assert_string_equal(status_name(commit(store, batch)), "exists");
    assert_rows(store, RECORD_INTENTS, "act-2", 0, NULL);
}
TEST(one_batch_cannot_claim_a_key_twice) {
    (void)state;
    on_every_kind(refuses_the_same_key_twice);
}

static void deletes(struct store *store) {
    assert_ok(put(store, RECORD_OUTBOX, "n1", "", "{}"));
    for (int again = 0; again < 2; again++) {
        struct batch *batch = batch_create(9);
        assert_ok(batch_add(batch, RECORD_DELETE, RECORD_OUTBOX, "n1", NULL, NULL));
        assert_ok(commit(store, batch));
    }
    assert_rows(store, RECORD_OUTBOX, "n1", 0, NULL);
}
TEST(delete_removes_and_forgives_absence) {
    (void)state;
    on_every_kind(deletes);
}

static void queries_ranges(struct store *store) {
    static const char *const times[] = {"2026-01-02T00:00:00.000Z", "2026-01-01T00:00:00.000Z",
                                        "2026-01-03T00:00:00.000Z"};
    for (size_t i = 0; i < 3; i++)
        assert_ok(
            put(store, RECORD_RECOVERY_EVENTS, i == 2 ? "i-2" : "i-1", times[i], times[i] + 8));
    struct store_query query = {.table = RECORD_RECOVERY_EVENTS, .limit = 10, .newest_first = true};
    struct record *records;
    size_t count;
    assert_ok(store_read(store, &query, &records, &count));
    assert_int_equal(count, 3);
    assert_string_equal(records[0].partition, "i-2");
    assert_string_equal(records[2].sort, times[1]);
    store_records_free(records, count);
    query.newest_first = false;
    query.limit = 1;
    strcpy(query.from, "2026-01-01T12:00:00.000Z");
    assert_ok(store_read(store, &query, &records, &count));
    assert_int_equal(count, 1);
    assert_string_equal(records[0].sort, times[0]);
    store_records_free(records, count);
    strcpy(query.to, "2026-01-01T13:00:00.000Z");
    assert_ok(store_read(store, &query, &records, &count));
    assert_int_equal(count, 0);
    store_records_free(records, count);
}
TEST(queries_take_ranges_order_and_limit) {
    (void)state;
    on_every_kind(queries_ranges);
}

static void keeps_audit_order(struct store *store) {
    for (int i = 0; i < 12; i++) {
        char item[64];
        snprintf(item, sizeof item, "{\"timestamp\":\"2026-01-01T00:00:%02dZ\"}", i);
        struct batch *batch = batch_create(1);
        assert_ok(batch_add(batch, RECORD_APPEND_AUDIT, RECORD_AUDIT, "", "", item));
        assert_ok(commit(store, batch));
    }
    struct record *records;
    assert_int_equal(rows_of(store, RECORD_AUDIT, "", &records), 12);
    assert_string_equal(records[11].item, "{\"timestamp\":\"2026-01-01T00:00:11Z\"}");
    store_records_free(records, 12);
}
TEST(audit_rows_come_back_in_order) {
    (void)state;
    on_every_kind(keeps_audit_order);
}

TEST(a_batch_refuses_what_does_not_fit_and_stays_as_it_was) {
    (void)state;
    struct batch *batch = batch_create(1);
    char long_key[RECORD_KEY_SIZE + 2], *long_item = malloc(RECORD_ITEM_SIZE + 1);
    memset(long_key, 'k', sizeof long_key - 1);
    long_key[sizeof long_key - 1] = '\0';
    memset(long_item, ' ', RECORD_ITEM_SIZE);
    long_item[RECORD_ITEM_SIZE] = '\0';
    assert_int_equal(batch_add(batch, RECORD_PUT, RECORD_META, long_key, "", "{}"),
                     STATUS_TOO_LARGE);
    assert_int_equal(batch_add(batch, RECORD_PUT, RECORD_META, "k", "", long_item),
                     STATUS_TOO_LARGE);
    assert_int_equal(batch->count, 0);
    for (size_t i = 0; i < BATCH_OPERATIONS_MAX; i++)
        assert_ok(batch_add(batch, RECORD_DELETE, RECORD_META, "k", "", NULL));
    assert_int_equal(batch_add(batch, RECORD_DELETE, RECORD_META, "k", "", NULL), STATUS_FULL);
    free(long_item);
    batch_destroy(batch);
}
