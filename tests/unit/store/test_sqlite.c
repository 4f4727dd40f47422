/* What only the embedded store has: files, versions, locks, faults of the disk. */
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/sys/clock.h"
#include "tests/unit/store/store_fixture.h"

static void run_sql(const char *file, const char *sql) {
    sqlite3 *database;
    assert_int_equal(sqlite3_open(file, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(database);
}

TEST(rows_are_there_after_reopening) {
    (void)state;
    struct fixture f;
    struct store *store;
    struct record *records;
    fixture_make(&f);
    assert_ok(fixture_open(&f, &store));
    assert_ok(put(store, RECORD_INCIDENTS, "INC-1", "", "{\"rung\":\"reboot\"}"));
    assert_ok(put(store, RECORD_PREDICTION_EVENTS, "i-1", "2026-01-01T00:00:00.000Z", "{}"));
    store_destroy(store);
    assert_ok(fixture_open(&f, &store));
    assert_int_equal(rows_of(store, RECORD_INCIDENTS, "INC-1", &records), 1);
    store_records_free(records, 1);
    assert_int_equal(rows_of(store, RECORD_PREDICTION_EVENTS, "", &records), 1);
    store_records_free(records, 1);
    store_destroy(store);
    fixture_remove(&f);
}

TEST(event_tables_carry_the_specified_names) {
    (void)state;
    struct fixture f;
    struct store *store;
    fixture_make(&f);
    assert_ok(fixture_open(&f, &store));
    assert_ok(put(store, RECORD_RECOVERY_EVENTS, "i-1", "2026-01-01T00:00:00.000Z", "{}"));
    store_destroy(store); /* moves event rows on its way out */
    run_sql(fixture_file(&f, STORE_HISTORY_FILE),
            "SELECT instance_id, timestamp, item FROM \"ec2-auto-recovery-recovery-events\";"
            "SELECT instance_id, timestamp FROM \"ec2-auto-recovery-prediction-events\"");
    run_sql(fixture_file(&f, STORE_INTENTS_FILE),
            "SELECT instance_id FROM \"ec2-auto-recovery-instance-config\"");
    sqlite3 *database;
    sqlite3_stmt *row;
    sqlite3_open(fixture_file(&f, STORE_HISTORY_FILE), &database);
    sqlite3_prepare_v2(database, "SELECT count(*) FROM \"ec2-auto-recovery-recovery-events\"", -1,
                       &row, NULL);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    assert_int_equal(sqlite3_column_int(row, 0), 1);
    sqlite3_finalize(row);
    sqlite3_close(database);
    fixture_remove(&f);
}

TEST(a_second_aggregator_is_refused) {
    (void)state;
    struct fixture f;
    struct store *store, *second;
    fixture_make(&f);
    assert_ok(fixture_open(&f, &store));
    assert_int_equal(fixture_open(&f, &second), STATUS_BUSY);
    assert_non_null(strstr(f.place, "store.lock: held by another aggregator"));
    store_destroy(store);
    assert_ok(fixture_open(&f, &store));
    store_destroy(store);
    fixture_remove(&f);
}

TEST(a_newer_file_is_refused_and_named) {
    (void)state;
    struct fixture f;
    struct store *store;
    fixture_make(&f);
    assert_ok(fixture_open(&f, &store));
    store_destroy(store);
    run_sql(fixture_file(&f, STORE_HISTORY_FILE), "PRAGMA user_version = 999");
    assert_int_equal(fixture_open(&f, &store), STATUS_NEWER);
    assert_non_null(strstr(f.place, "history.db: written by a newer version"));
    fixture_remove(&f);
}

TEST(a_damaged_file_is_found_and_can_be_set_aside) {
    (void)state;
    struct fixture f;
    struct store *store;
    fixture_make(&f);
    assert_ok(fixture_open(&f, &store));
    assert_ok(put(store, RECORD_META, "a", "", "{}"));
    store_destroy(store);
    int fd = open(fixture_file(&f, STORE_INTENTS_FILE), O_WRONLY);
    char junk[2048];
    memset(junk, 0x5a, sizeof junk);
    assert_int_equal(pwrite(fd, junk, sizeof junk, 4096 - 1024), sizeof junk);
    close(fd);
    assert_int_equal(fixture_open(&f, &store), STATUS_CORRUPT);
    assert_non_null(strstr(f.place, "intents.db"));
    assert_ok(store_set_aside(f.directory, (struct wall_time){1767323045000}));
    assert_int_equal(access(fixture_file(&f, STORE_INTENTS_FILE ".corrupt-20260102T030405Z"), F_OK),
                     0);
    assert_ok(fixture_open(&f, &store));
    store_destroy(store);
    fixture_remove(&f);
}

TEST(a_folder_that_cannot_be_made_is_named) {
    (void)state;
    struct fixture f;
    struct store *store;
    fixture_make(&f);
    snprintf(f.directory, sizeof f.directory, "%s/none/store", f.root);
    assert_int_equal(fixture_open(&f, &store), STATUS_NOT_FOUND);
    assert_non_null(strstr(f.place, "/none/store"));
    snprintf(f.directory, sizeof f.directory, "%s/store", f.root);
    fixture_remove(&f);
}

/* A limit on file size stands in for a full disk: SQLite's writes fail in the same place. */
TEST(a_full_disk_refuses_the_batch_and_recovers) {
    (void)state;
    struct fixture f;
    struct store *store;
    struct rlimit old, limit;
    char item[4096];
    fixture_make(&f);
    assert_ok(fixture_open(&f, &store));
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    limit = old;
    limit.rlim_cur = 64 * 1024;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    memset(item, ' ', sizeof item - 1);
    item[sizeof item - 1] = '\0';
    enum status status = STATUS_OK;
    int written = 0;
    for (; written < 64 && status == STATUS_OK; written++) {
        char key[16];
        snprintf(key, sizeof key, "k%d", written);
        status = put(store, RECORD_META, key, "", item);
    }
    assert_true(status == STATUS_NO_SPACE || status == STATUS_IO);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    store_destroy(store);
    assert_ok(fixture_open(&f, &store)); /* the rows acknowledged before are all there */
    struct record *records;
    assert_int_equal(rows_of(store, RECORD_META, "", &records), written - 1);
    store_records_free(records, (size_t)written - 1);
    store_destroy(store);
    fixture_remove(&f);
}

/* A head that the file of heads holds: of the first chain, over so many rows. */
static bool has_head(const struct fixture *f, int count) {
    char wanted[64], line[1024];
    bool found = false;
    snprintf(wanted, sizeof wanted, "{\"writer\":\"agg-1/1\",\"count\":%d,", count);
    FILE *file = fopen(fixture_file(f, STORE_HEADS_FILE), "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL)
        found = found || strncmp(line, wanted, strlen(wanted)) == 0;
    fclose(file);
    return found;
}

TEST(the_chain_that_a_disk_fault_ends_is_signed) {
    (void)state;
    struct fixture f;
    struct store *store;
    struct rlimit old, limit;
    char item[4096];
    fixture_make(&f);
    assert_ok(fixture_open(&f, &store));
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    limit = old;
    limit.rlim_cur = 256 * 1024;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    snprintf(item, sizeof item, "{\"text\":\"%3000s\"}", "");
    enum status status = STATUS_OK;
    int written = 0;
    for (; written < 256 && status == STATUS_OK; written++) {
        struct batch *batch = batch_create(1);
        assert_non_null(batch);
        assert_ok(batch_add(batch, RECORD_APPEND_AUDIT, RECORD_AUDIT, "", "", item));
        status = commit(store, batch);
    }
    assert_int_equal(status, STATUS_IO);
    assert_true(written > 2);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_true(has_head(&f, written - 1));
    store_destroy(store);
    fixture_remove(&f);
}

TEST(foreign_table_names_are_refused) {
    (void)state;
    struct fixture f;
    struct store *store;
    fixture_make(&f);
    struct store_options options = {
        .directory = f.directory, .audit_key_file = f.key, .writer = "a", .checkpoint = {1000}};
    options.table_names[RECORD_RECOVERY_EVENTS] = "x\"; DROP TABLE y; --";
    assert_int_equal(store_open_sqlite(&options, &store, f.place), STATUS_MALFORMED);
    options.table_names[RECORD_RECOVERY_EVENTS] = "prod-recovery-events";
    assert_ok(store_open_sqlite(&options, &store, f.place));
    store_destroy(store);
    run_sql(fixture_file(&f, STORE_HISTORY_FILE), "SELECT timestamp FROM \"prod-recovery-events\"");
    fixture_remove(&f);
}

static int number_of(const char *file, const char *sql) {
    sqlite3 *database;
    sqlite3_stmt *row;
    assert_int_equal(sqlite3_open(file, &database), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(database, sql, -1, &row, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    int number = sqlite3_column_int(row, 0);
    sqlite3_finalize(row);
    sqlite3_close(database);
    return number;
}

#define FORWARD_COUNT "SELECT count(*) FROM forward"
#define HISTORY_COUNT "SELECT count(*) FROM \"ec2-auto-recovery-recovery-events\""

TEST(a_later_versions_event_rows_are_left_to_it) {
    (void)state;
    struct fixture f;
    struct store *store;
    fixture_make(&f);
    assert_ok(fixture_open(&f, &store));
    store_destroy(store);
    run_sql(
        fixture_file(&f, STORE_INTENTS_FILE),
        "INSERT INTO forward (record_table, partition, sort, item) VALUES (99, 'a', 'b', '{}')");
    assert_ok(fixture_open(&f, &store));
    assert_ok(put(store, RECORD_RECOVERY_EVENTS, "i-1", "2026-01-01T00:00:00.000Z", "{}"));
    store_destroy(store);
    assert_int_equal(number_of(fixture_file(&f, STORE_HISTORY_FILE), HISTORY_COUNT), 1);
    assert_int_equal(number_of(fixture_file(&f, STORE_INTENTS_FILE), FORWARD_COUNT), 1);
    assert_int_equal(
        number_of(fixture_file(&f, STORE_INTENTS_FILE), "SELECT record_table FROM forward"), 99);
    fixture_remove(&f);
}

/* Until the file is synced a row must not leave the place where it is safe. */
TEST(event_rows_stay_while_a_reader_keeps_the_log_from_being_synced) {
    (void)state;
    struct fixture f;
    struct store *store;
    sqlite3 *reader;
    fixture_make(&f);
    assert_ok(fixture_open(&f, &store));
    assert_int_equal(sqlite3_open(fixture_file(&f, STORE_HISTORY_FILE), &reader), SQLITE_OK);
    assert_int_equal(sqlite3_exec(reader, "BEGIN; " HISTORY_COUNT, NULL, NULL, NULL), SQLITE_OK);
    assert_ok(put(store, RECORD_RECOVERY_EVENTS, "i-1", "2026-01-01T00:00:00.000Z", "{}"));
    store_destroy(store); /* tries to move them on its way out */
    assert_int_equal(number_of(fixture_file(&f, STORE_INTENTS_FILE), FORWARD_COUNT), 1);
    sqlite3_close(reader);
    assert_ok(fixture_open(&f, &store));
    store_destroy(store);
    assert_int_equal(number_of(fixture_file(&f, STORE_INTENTS_FILE), FORWARD_COUNT), 0);
    assert_int_equal(number_of(fixture_file(&f, STORE_HISTORY_FILE), HISTORY_COUNT), 1);
    fixture_remove(&f);
}

/* An item whose member `key` is a time so many days ago. */
static const char *aged(const char *text, const char *key, int days) {
    static char item[256];
    char time[CLOCK_RFC3339_SIZE];
    wall_format_ms(wall_add(sys_now().wall, duration_s(-(int64_t)days * 86400)), time);
    snprintf(item, sizeof item, "{%s\"%s\":\"%s\"}", text, key, time);
    return item;
}

static void assert_only(struct store *store, enum record_table table, const char *const *keys) {
    struct record *records;
    size_t count = rows_of(store, table, "", &records);
    size_t wanted = 0;
    while (keys[wanted] != NULL) wanted++;
    assert_int_equal(count, wanted);
    for (size_t i = 0; i < count; i++) {
        bool found = false;
        for (size_t k = 0; k < wanted; k++)
            found = found || strcmp(records[i].partition, keys[k]) == 0;
        assert_true(found);
    }
    store_records_free(records, count);
}

TEST(what_is_over_leaves_by_age_and_nothing_else) {
    (void)state;
    struct fixture f;
    struct store *store;
    fixture_make(&f);
    assert_ok(fixture_open(&f, &store));
    assert_ok(put(store, RECORD_META, "dead-letter/old", "slack", aged("", "buried", 31)));
    assert_ok(put(store, RECORD_META, "dead-letter/new", "slack", aged("", "buried", 29)));
    assert_ok(put(store, RECORD_META, "dead-letter/odd", "slack", "no JSON"));
    assert_ok(put(store, RECORD_META, "acknowledged/i-1", "", aged("", "acknowledged", 91)));
    assert_ok(put(store, RECORD_META, "acknowledged/i-2", "", aged("", "acknowledged", 89)));
    assert_ok(put(store, RECORD_META, "claim/INC-1/reboot/1", "", aged("", "claimed", 91)));
    assert_ok(put(store, RECORD_META, "claim/INC-2/reboot/1", "", aged("", "claimed", 89)));
    assert_ok(put(store, RECORD_META, "pause", "", aged("", "since", 900)));
    assert_ok(put(store, RECORD_META, "probe", "", "{}"));
    assert_ok(put(store, RECORD_INCIDENTS, "INC-old", "closed", aged("", "changed", 91)));
    assert_ok(put(store, RECORD_INCIDENTS, "INC-new", "closed", aged("", "changed", 89)));
    assert_ok(put(store, RECORD_INCIDENTS, "INC-open", "open", aged("", "changed", 900)));
    assert_ok(
        put(store, RECORD_INTENTS, "ACT-old", "a", aged("\"status\":\"done\",", "settled", 91)));
    assert_ok(
        put(store, RECORD_INTENTS, "ACT-new", "a", aged("\"status\":\"done\",", "settled", 89)));
    assert_ok(
        put(store, RECORD_INTENTS, "ACT-open", "a", aged("\"status\":\"open\",", "settled", 900)));
    assert_ok(
        put(store, RECORD_INTENTS, "ACT-empty", "a", "{\"status\":\"done\",\"settled\":\"\"}"));
    assert_ok(put(store, RECORD_INTENTS, "ACT-odd", "a", "no JSON"));
    store_destroy(store);
    assert_ok(fixture_open(&f, &store));
    assert_ok(put(store, RECORD_OUTBOX, "a", "", "{}")); /* housekeeping runs after each group */
    assert_ok(put(store, RECORD_OUTBOX, "b", "", "{}"));
    assert_only(store, RECORD_META,
                (const char *const[]){"dead-letter/new", "dead-letter/odd", "acknowledged/i-2",
                                      "claim/INC-2/reboot/1", "pause", "probe", NULL});
    assert_only(store, RECORD_INCIDENTS, (const char *const[]){"INC-new", "INC-open", NULL});
    assert_only(store, RECORD_INTENTS,
                (const char *const[]){"ACT-new", "ACT-open", "ACT-empty", "ACT-odd", NULL});
    store_destroy(store);
    fixture_remove(&f);
}

TEST(expired_predictions_are_deleted) {
    (void)state;
    struct fixture f;
    struct store *store;
    struct record *records;
    fixture_make(&f);
    assert_ok(fixture_open(&f, &store));
    assert_ok(put(store, RECORD_PREDICTION_EVENTS, "i-1", "2020-01-01T00:00:00.000Z",
                  "{\"ttl\":1577923200}"));
    assert_ok(put(store, RECORD_PREDICTION_EVENTS, "i-1", "2020-01-02T00:00:00.000Z",
                  "{\"ttl\":99999999999}"));
    store_destroy(store);
    assert_ok(fixture_open(&f, &store));
    assert_ok(put(store, RECORD_META, "a", "", "{}")); /* housekeeping runs after each group */
    assert_ok(put(store, RECORD_META, "b", "", "{}"));
    assert_int_equal(rows_of(store, RECORD_PREDICTION_EVENTS, "", &records), 1);
    assert_string_equal(records[0].item, "{\"ttl\":99999999999}");
    store_records_free(records, 1);
    store_destroy(store);
    fixture_remove(&f);
}
