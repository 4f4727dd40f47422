/* Verifies the audit trail from the outside: its own read-only connection, no store, no engine. */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/store/audit.h"
#include "aggregator/store/audit_private.h"
#include "common/base/text.h"
#include "common/json/json.h"

#define HEAD_LINE_MAX 1024
#define WRITERS_MAX   100000 /* one chain a start: bounds the walk, not a fleet */

/* Where the walk stands. */
struct walk {
    sqlite3 *database;
    struct audit_report *report;
};

static void fault(struct audit_report *report, const char *writer, int64_t number,
                  const char *what) {
    if (report->place[0] != '\0') return;
    struct text text = text_over(report->place, sizeof report->place);
    text_add(&text, "writer ");
    text_add(&text, writer);
    text_add(&text, ", row ");
    text_add_integer(&text, number);
    text_add(&text, ": ");
    text_add(&text, what);
    report->intact = false;
}

/* Walks one writer's rows in order; the chain's end is left in `chain`. */
static enum status walk_rows(struct walk *walk, struct audit_chain *chain) {
    static const char sql[] =
        "SELECT number, item, hash FROM audit WHERE writer = ?1 ORDER BY number";
    sqlite3_stmt *rows;
    if (sqlite3_prepare_v2(walk->database, sql, -1, &rows, NULL) != SQLITE_OK)
        return STATUS_CORRUPT;
    sqlite3_bind_text(rows, 1, chain->writer, -1, SQLITE_STATIC);
    int step;
    while ((step = sqlite3_step(rows)) == SQLITE_ROW) {
        int64_t number = sqlite3_column_int64(rows, 0);
        const char *item = (const char *)sqlite3_column_text(rows, 1);
        const void *stored = sqlite3_column_blob(rows, 2);
        uint8_t hash[AUDIT_HASH_BYTES];
        if (number != chain->count + 1) {
            fault(walk->report, chain->writer, chain->count + 1, "missing");
            break;
        }
        audit_hash(chain->head, chain->writer, number, item == NULL ? "" : item, hash);
        if (stored == NULL || sqlite3_column_bytes(rows, 2) != AUDIT_HASH_BYTES ||
            memcmp(stored, hash, sizeof hash) != 0) {
            fault(walk->report, chain->writer, number, "changed, or out of order");
            break;
        }
        memcpy(chain->head, hash, sizeof hash);
        chain->count = number;
        walk->report->rows++;
    }
    sqlite3_finalize(rows);
    return step == SQLITE_ROW || step == SQLITE_DONE ? STATUS_OK : STATUS_CORRUPT;
}

static enum status walk_writers(struct walk *walk) {
    sqlite3_stmt *writers;
    if (sqlite3_prepare_v2(walk->database, "SELECT DISTINCT writer FROM audit LIMIT ?1", -1,
                           &writers, NULL) != SQLITE_OK)
        return STATUS_CORRUPT;
    sqlite3_bind_int(writers, 1, WRITERS_MAX);
    enum status status = STATUS_OK;
    int step = SQLITE_DONE;
    while (status == STATUS_OK && (step = sqlite3_step(writers)) == SQLITE_ROW) {
        struct audit_chain chain = {.count = 0};
        const char *writer = (const char *)sqlite3_column_text(writers, 0);
        if (writer == NULL || text_copy(chain.writer, sizeof chain.writer, writer) != STATUS_OK) {
            fault(walk->report, "?", 0, "a writer's name is not in form");
            continue;
        }
        status = walk_rows(walk, &chain);
        walk->report->writers++;
    }
    sqlite3_finalize(writers);
    return status != STATUS_OK || step == SQLITE_DONE ? status : STATUS_CORRUPT;
}

/* The stored hash of one row, as hexadecimal; false when the row is not there. */
static bool hash_of_row(struct walk *walk, const char *writer, int64_t number,
                        char hex_out[AUDIT_HASH_BYTES * 2 + 1]) {
    sqlite3_stmt *row;
    bool found = false;
    if (sqlite3_prepare_v2(walk->database,
                           "SELECT hash FROM audit WHERE writer = ?1 AND number = ?2", -1, &row,
                           NULL) != SQLITE_OK)
        return false;
    sqlite3_bind_text(row, 1, writer, -1, SQLITE_STATIC);
    sqlite3_bind_int64(row, 2, number);
    if (sqlite3_step(row) == SQLITE_ROW && sqlite3_column_bytes(row, 0) == AUDIT_HASH_BYTES) {
        struct text text = text_over(hex_out, AUDIT_HASH_BYTES * 2 + 1);
        text_add_hex(&text, sqlite3_column_blob(row, 0), AUDIT_HASH_BYTES);
        found = true;
    }
    sqlite3_finalize(row);
    return found;
}

static int hex_digit(char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool signature_is_good(EVP_PKEY *public_key, const char *bytes, size_t length,
                              const char *hex) {
    uint8_t signature[AUDIT_SIGNATURE_BYTES];
    if (strlen(hex) != sizeof signature * 2) return false;
    for (size_t i = 0; i < sizeof signature; i++) {
        int high = hex_digit(hex[2 * i]), low = hex_digit(hex[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        signature[i] = (uint8_t)(high << 4 | low);
    }
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good =
        context != NULL && EVP_DigestVerifyInit(context, NULL, NULL, NULL, public_key) == 1 &&
        EVP_DigestVerify(context, signature, sizeof signature, (const uint8_t *)bytes, length) == 1;
    EVP_MD_CTX_free(context);
    return good;
}

/* One line of the file of heads, against the rows and the key. */
static void check_head(struct walk *walk, EVP_PKEY *public_key, const char *line, size_t length) {
    struct json_doc *doc CLEANUP(json_cleanup) = NULL;
    char writer[AUDIT_WRITER_SIZE] = "?", head[AUDIT_HASH_BYTES * 2 + 1], time[CLOCK_RFC3339_SIZE];
    char signature[AUDIT_SIGNATURE_BYTES * 2 + 1], signed_text[AUDIT_HEAD_SIZE];
    char stored[AUDIT_HASH_BYTES * 2 + 1];
    int64_t count = 0;
    if (json_parse(line, length, HEAD_LINE_MAX, &doc) != STATUS_OK ||
        json_get_string(json_root(doc), "writer", writer, sizeof writer) != STATUS_OK ||
        json_get_integer(json_root(doc), "count", 0, INT64_C(1) << 53, &count) != STATUS_OK ||
        json_get_string(json_root(doc), "head", head, sizeof head) != STATUS_OK ||
        json_get_string(json_root(doc), "time", time, sizeof time) != STATUS_OK ||
        json_get_string(json_root(doc), "signature", signature, sizeof signature) != STATUS_OK) {
        fault(walk->report, writer, count, "a signed head is not in form");
        return;
    }
    size_t signed_length = audit_head_text(signed_text, writer, count, head, time);
    if (!signature_is_good(public_key, signed_text, signed_length, signature)) {
        fault(walk->report, writer, count, "the head's signature is not ours");
        return;
    }
    walk->report->heads++;
    if (count == 0) return;
    if (!hash_of_row(walk, writer, count, stored))
        fault(walk->report, writer, count, "cut off: a signed head covers it");
    else if (strcmp(stored, head) != 0)
        fault(walk->report, writer, count, "differs from its signed head");
}

static enum status check_heads(struct walk *walk, const char *heads_file, EVP_PKEY *public_key) {
    FILE *file = fopen(heads_file, "re");
    char line[HEAD_LINE_MAX];
    if (file == NULL) return STATUS_NOT_FOUND;
    while (fgets(line, sizeof line, file) != NULL) {
        size_t length = strlen(line);
        /* The last line may be torn by a crash in the middle of its write: it was never relied on.
         */
        if (length == 0 || line[length - 1] != '\n') break;
        check_head(walk, public_key, line, length - 1);
    }
    enum status status = ferror(file) ? STATUS_IO : STATUS_OK;
    (void)fclose(file); /* read only: nothing to lose */
    return status;
}

enum status audit_verify(const char *database, const char *heads_file, const char *public_key_file,
                         struct audit_report *report_out) {
    struct audit_report report = {.intact = true};
    struct walk walk = {.report = &report};
    FILE *pem = fopen(public_key_file, "re");
    if (pem == NULL) return STATUS_NOT_FOUND;
    EVP_PKEY *public_key = PEM_read_PUBKEY(pem, NULL, NULL, NULL);
    (void)fclose(pem); /* read only */
    if (public_key == NULL) return STATUS_MALFORMED;
    enum status status = STATUS_CORRUPT;
    if (sqlite3_open_v2(database, &walk.database, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK) {
        sqlite3_busy_timeout(walk.database, 5000);
        status = check_heads(&walk, heads_file, public_key);
        if (status == STATUS_OK) status = walk_writers(&walk);
    }
    sqlite3_close(walk.database);
    EVP_PKEY_free(public_key);
    if (status == STATUS_OK) *report_out = report;
    return status;
}
