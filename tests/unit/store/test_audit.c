/* The audit trail: whatever is changed, dropped, reordered or cut must be found (D8). */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aggregator/store/audit.h"
#include "tests/unit/store/store_fixture.h"

#define ROWS 9

static void append(struct store *store, int number) {
    char item[96];
    struct batch *batch = batch_create(1);
    snprintf(item, sizeof item, "{\"timestamp\":\"2026-01-01T00:00:%02dZ\",\"n\":%d}", number,
             number);
    assert_ok(batch_add(batch, RECORD_APPEND_AUDIT, RECORD_AUDIT, "", "", item));
    assert_ok(commit(store, batch));
}

/* A trail of two starts with ROWS rows each. */
static void make_trail(struct fixture *f) {
    fixture_make(f);
    for (int start = 0; start < 2; start++) {
        struct store *store;
        assert_ok(fixture_open(f, &store));
        for (int i = 0; i < ROWS; i++) append(store, i);
        store_destroy(store); /* signs the last head */
    }
}

static struct audit_report verify(struct fixture *f) {
    struct audit_report report;
    char database[400], heads[400], public_key[400];
    snprintf(database, sizeof database, "%s/" STORE_INTENTS_FILE, f->directory);
    snprintf(heads, sizeof heads, "%s/" STORE_HEADS_FILE, f->directory);
    snprintf(public_key, sizeof public_key, "%s.pub", f->key);
    assert_ok(audit_verify(database, heads, public_key, &report));
    return report;
}

static void tamper(struct fixture *f, const char *sql) {
    sqlite3 *database;
    assert_int_equal(sqlite3_open(fixture_file(f, STORE_INTENTS_FILE), &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_true(sqlite3_changes(database) > 0);
    sqlite3_close(database);
}

static void assert_found(const char *sql, const char *where) {
    struct fixture f;
    make_trail(&f);
    assert_true(verify(&f).intact);
    tamper(&f, sql);
    struct audit_report report = verify(&f);
    assert_false(report.intact);
    assert_non_null(strstr(report.place, where));
    fixture_remove(&f);
}

TEST(an_untouched_trail_is_intact) {
    (void)state;
    struct fixture f;
    make_trail(&f);
    struct audit_report report = verify(&f);
    assert_true(report.intact);
    assert_int_equal(report.rows, 2 * ROWS);
    assert_int_equal(report.writers, 2);
    assert_true(report.heads >= 2);
    fixture_remove(&f);
}

TEST(a_changed_row_is_found) {
    (void)state;
    assert_found("UPDATE audit SET item = replace(item, '\"n\":4', '\"n\":5')"
                 " WHERE writer = 'agg-1/1' AND number = 5",
                 "agg-1/1, row 5");
}

TEST(a_dropped_row_is_found) {
    (void)state;
    assert_found("DELETE FROM audit WHERE writer = 'agg-1/2' AND number = 3", "agg-1/2, row 3");
}

TEST(swapped_rows_are_found) {
    (void)state;
    assert_found(
        "UPDATE audit SET item = (SELECT item FROM audit b WHERE b.writer = audit.writer AND"
        " b.number = 13 - audit.number) WHERE writer = 'agg-1/1' AND number IN (6, 7)",
        "agg-1/1, row 6");
}

TEST(a_cut_tail_is_found) {
    (void)state;
    assert_found("DELETE FROM audit WHERE writer = 'agg-1/2' AND number > 7", "cut off");
}

TEST(a_dropped_chain_is_found) {
    (void)state;
    assert_found("DELETE FROM audit WHERE writer = 'agg-1/1'", "cut off");
}

TEST(a_rewritten_tail_is_found_by_its_head) {
    (void)state;
    struct fixture f;
    make_trail(&f);
    /* An intruder who recomputes the chain still cannot sign its head. */
    struct audit_chain chain = {.writer = "agg-1/2"};
    sqlite3 *database;
    assert_int_equal(sqlite3_open(fixture_file(&f, STORE_INTENTS_FILE), &database), SQLITE_OK);
    for (int number = 1; number <= ROWS; number++) {
        char item[32];
        uint8_t hash[AUDIT_HASH_BYTES];
        sqlite3_stmt *row;
        snprintf(item, sizeof item, "{\"forged\":%d}", number);
        audit_hash(chain.head, chain.writer, number, item, hash);
        memcpy(chain.head, hash, sizeof hash);
        sqlite3_prepare_v2(database,
                           "UPDATE audit SET item = ?1, hash = ?2 WHERE writer = 'agg-1/2'"
                           " AND number = ?3",
                           -1, &row, NULL);
        sqlite3_bind_text(row, 1, item, -1, SQLITE_TRANSIENT);
        sqlite3_bind_blob(row, 2, hash, sizeof hash, SQLITE_TRANSIENT);
        sqlite3_bind_int(row, 3, number);
        assert_int_equal(sqlite3_step(row), SQLITE_DONE);
        sqlite3_finalize(row);
    }
    sqlite3_close(database);
    struct audit_report report = verify(&f);
    assert_false(report.intact);
    assert_non_null(strstr(report.place, "differs from its signed head"));
    fixture_remove(&f);
}

TEST(a_forged_head_is_found) {
    (void)state;
    struct fixture f;
    make_trail(&f);
    int fd = open(fixture_file(&f, STORE_HEADS_FILE), O_RDWR);
    char bytes[4096];
    ssize_t length = read(fd, bytes, sizeof bytes - 1);
    assert_true(length > 0);
    bytes[length] = '\0';
    char *count = strstr(bytes, "\"count\":9");
    assert_non_null(count);
    count[8] = '8';
    assert_int_equal(pwrite(fd, bytes, (size_t)length, 0), length);
    close(fd);
    struct audit_report report = verify(&f);
    assert_false(report.intact);
    assert_non_null(strstr(report.place, "signature is not ours"));
    fixture_remove(&f);
}

TEST(a_key_that_others_can_read_is_refused) {
    (void)state;
    struct fixture f;
    struct store *store;
    make_trail(&f);
    assert_int_equal(chmod(f.key, 0644), 0);
    assert_int_equal(fixture_open(&f, &store), STATUS_DENIED);
    assert_non_null(strstr(f.place, "audit.pem"));
    fixture_remove(&f);
}
