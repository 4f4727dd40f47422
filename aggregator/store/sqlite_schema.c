/* Opening the embedded store's two files: versions, checks, tables, statements. Store's thread, or
 * the opener's before that thread starts. */
#include "aggregator/store/sqlite_schema.h"

#include <ctype.h>
#include <string.h>

#include "common/base/text.h"
#include "common/sys/file.h"

#define BUSY_TIMEOUT_MS 5000
#define SQL_SIZE        1024

enum status schema_status(int result) {
    switch (result & 0xff) {
    case SQLITE_OK:
    case SQLITE_DONE:
    case SQLITE_ROW: return STATUS_OK;
    case SQLITE_FULL: return STATUS_NO_SPACE;
    case SQLITE_READONLY: return STATUS_READ_ONLY;
    case SQLITE_PERM:
    case SQLITE_AUTH: return STATUS_DENIED;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return STATUS_BUSY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return STATUS_CORRUPT;
    case SQLITE_NOMEM: return STATUS_NO_MEMORY;
    case SQLITE_CONSTRAINT: return STATUS_EXISTS;
    case SQLITE_TOOBIG: return STATUS_TOO_LARGE;
    case SQLITE_MISUSE:
    case SQLITE_INTERNAL: return STATUS_INTERNAL;
    default: return STATUS_IO;
    }
}

static enum status say(char *place_out, const char *path, const char *what, enum status status) {
    struct text text = text_over(place_out, 256);
    text_add(&text, path);
    text_add(&text, ": ");
    text_add(&text, what);
    return status;
}

static enum status execute(sqlite3 *database, const char *sql, char *place_out) {
    int result = sqlite3_exec(database, sql, NULL, NULL, NULL);
    if (result == SQLITE_OK) return STATUS_OK;
    return say(place_out, sqlite3_db_filename(database, "main"), sqlite3_errmsg(database),
               schema_status(result));
}

/* First column of the first row of `sql`. */
static enum status ask(sqlite3 *database, const char *sql, int64_t *number_out, char *word_out,
                       size_t word_size) {
    sqlite3_stmt *row;
    int result = sqlite3_prepare_v2(database, sql, -1, &row, NULL);
    if (result != SQLITE_OK) return schema_status(result);
    result = sqlite3_step(row);
    enum status status = result == SQLITE_ROW ? STATUS_OK : schema_status(result);
    if (status == STATUS_OK && number_out != NULL) *number_out = sqlite3_column_int64(row, 0);
    if (status == STATUS_OK && word_out != NULL) {
        struct text text = text_over(word_out, word_size);
        const char *word = (const char *)sqlite3_column_text(row, 0);
        text_add(&text, word == NULL ? "" : word);
    }
    sqlite3_finalize(row);
    return status;
}

static enum status check_version(sqlite3 *database, const char *schema, const char *path,
                                 char *place_out) {
    char sql[SQL_SIZE];
    int64_t version = 0;
    struct text text = text_over(sql, sizeof sql);
    text_add(&text, "PRAGMA ");
    text_add(&text, schema);
    text_add(&text, ".user_version");
    enum status status = ask(database, sql, &version, NULL, 0);
    if (status != STATUS_OK) return say(place_out, path, sqlite3_errmsg(database), status);
    if (version > SCHEMA_VERSION)
        return say(place_out, path,
                   "written by a newer version of ear; install that version, or start with another "
                   "state_directory",
                   STATUS_NEWER);
    return STATUS_OK;
}

static enum status check_pages(sqlite3 *database, const char *schema, const char *path,
                               char *place_out) {
    char sql[SQL_SIZE], answer[160];
    struct text text = text_over(sql, sizeof sql);
    text_add(&text, "PRAGMA ");
    text_add(&text, schema);
    text_add(&text, ".quick_check(1)");
    enum status status = ask(database, sql, NULL, answer, sizeof answer);
    if (status != STATUS_OK) return say(place_out, path, sqlite3_errmsg(database), status);
    return strcmp(answer, "ok") == 0 ? STATUS_OK : say(place_out, path, answer, STATUS_CORRUPT);
}

static enum status check_file(sqlite3 *database, const char *schema, const char *path,
                              char *place_out) {
    enum status status = check_version(database, schema, path, place_out);
    return status == STATUS_OK ? check_pages(database, schema, path, place_out) : status;
}

static enum status attach(sqlite3 *database, const char *path, char *place_out) {
    sqlite3_stmt *statement;
    int result = sqlite3_prepare_v2(database, "ATTACH ?1 AS h", -1, &statement, NULL);
    if (result == SQLITE_OK) {
        sqlite3_bind_text(statement, 1, path, -1, SQLITE_STATIC);
        result = sqlite3_step(statement);
        sqlite3_finalize(statement);
    }
    return result == SQLITE_DONE
               ? STATUS_OK
               : say(place_out, path, sqlite3_errmsg(database), schema_status(result));
}

static enum status open_files(const struct store_options *options, sqlite3 **database_out,
                              char *place_out) {
    char intents[FILE_PATH_SIZE], history[FILE_PATH_SIZE];
    struct text text = text_over(intents, sizeof intents);
    text_add(&text, options->directory);
    text_add(&text, "/" STORE_INTENTS_FILE);
    struct text other = text_over(history, sizeof history);
    text_add(&other, options->directory);
    text_add(&other, "/" STORE_HISTORY_FILE);
    if (text.truncated || other.truncated)
        return say(place_out, options->directory, "path too long", STATUS_TOO_LARGE);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    int result = sqlite3_open_v2(intents, database_out, flags, NULL);
    if (result != SQLITE_OK)
        return say(place_out, intents, sqlite3_errmsg(*database_out), schema_status(result));
    sqlite3_busy_timeout(*database_out, BUSY_TIMEOUT_MS);
    /* The first file is checked before the second is attached: attaching reads the first's schema,
     * and would blame the wrong file. */
    enum status status = check_file(*database_out, "main", intents, place_out);
    if (status == STATUS_OK) status = attach(*database_out, history, place_out);
    return status == STATUS_OK ? check_file(*database_out, "h", history, place_out) : status;
}

/* DynamoDB's rule for table names; also what makes quoting safe. */
static bool is_table_name(const char *name) {
    size_t length = strlen(name);
    if (length < 3 || length >= SCHEMA_TABLE_NAME_SIZE) return false;
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)name[i]) && strchr("_.-", name[i]) == NULL) return false;
    return true;
}

static enum status name_table(const struct store_options *options, enum record_table table,
                              struct schema_table *row, char *place_out) {
    char plain[SCHEMA_TABLE_NAME_SIZE];
    struct text text = text_over(plain, sizeof plain);
    if (options->table_names[table] != NULL) {
        text_add(&text, options->table_names[table]);
    } else {
        text_add(&text, "ec2-auto-recovery-");
        text_add(&text, record_table_name(table));
    }
    if (text.truncated || !is_table_name(plain))
        return say(place_out, plain, "not a table name: 3 to 255 of A-Z a-z 0-9 _ . -",
                   STATUS_MALFORMED);
    bool spec = table == RECORD_RECOVERY_EVENTS || table == RECORD_PREDICTION_EVENTS;
    row->forwarded = spec;
    row->partition_column = spec || table == RECORD_INSTANCE_CONFIG ? "instance_id" : "id";
    row->sort_column = spec ? "timestamp" : "sort";
    text = text_over(row->name, sizeof row->name);
    text_add(&text, spec ? "h.\"" : "main.\"");
    text_add(&text, plain);
    text_add(&text, "\"");
    return STATUS_OK;
}

static enum status create_table(sqlite3 *database, const struct schema_table *table,
                                char *place_out) {
    char sql[SQL_SIZE];
    struct text text = text_over(sql, sizeof sql);
    text_add(&text, "CREATE TABLE IF NOT EXISTS ");
    text_add(&text, table->name);
    text_add(&text, " (");
    text_add(&text, table->partition_column);
    text_add(&text, " TEXT NOT NULL, ");
    text_add(&text, table->sort_column);
    text_add(&text, " TEXT NOT NULL, item TEXT NOT NULL, PRIMARY KEY (");
    text_add(&text, table->partition_column);
    text_add(&text, ", ");
    text_add(&text, table->sort_column);
    text_add(&text, ")) WITHOUT ROWID");
    ASSERT(!text.truncated);
    return execute(database, sql, place_out);
}

static enum status prepare(sqlite3 *database, const char *before, const char *name,
                           const char *after, sqlite3_stmt **statement_out, char *place_out) {
    char sql[SQL_SIZE];
    struct text text = text_over(sql, sizeof sql);
    text_add(&text, before);
    text_add(&text, name);
    text_add(&text, after);
    ASSERT(!text.truncated);
    int result =
        sqlite3_prepare_v3(database, sql, -1, SQLITE_PREPARE_PERSISTENT, statement_out, NULL);
    if (result == SQLITE_OK) return STATUS_OK;
    return say(place_out, name, sqlite3_errmsg(database), schema_status(result));
}

static enum status prepare_table(sqlite3 *database, struct schema_table *table, char *place_out) {
    enum status status = prepare(database, "INSERT OR REPLACE INTO ", table->name,
                                 " VALUES (?1, ?2, ?3)", &table->put, place_out);
    if (status == STATUS_OK && !table->forwarded)
        status = prepare(database, "INSERT INTO ", table->name, " VALUES (?1, ?2, ?3)",
                         &table->put_new, place_out);
    if (status != STATUS_OK || table->forwarded) return status;
    char where[128];
    struct text text = text_over(where, sizeof where);
    text_add(&text, " WHERE ");
    text_add(&text, table->partition_column);
    text_add(&text, " = ?1 AND ");
    text_add(&text, table->sort_column);
    text_add(&text, " = ?2");
    return prepare(database, "DELETE FROM ", table->name, where, &table->delete, place_out);
}

static enum status open_tables(const struct store_options *options, sqlite3 *database,
                               struct schema *schema, char *place_out) {
    enum status status = STATUS_OK;
    for (unsigned i = 0; i < RECORD_TABLE_COUNT && status == STATUS_OK; i++) {
        struct schema_table *table = &schema->tables[i];
        status = name_table(options, (enum record_table)i, table, place_out);
        if (status != STATUS_OK || i == RECORD_AUDIT) continue;
        status = create_table(database, table, place_out);
        if (status == STATUS_OK) status = prepare_table(database, table, place_out);
    }
    return status;
}

enum status schema_open(const struct store_options *options, sqlite3 **database_out,
                        struct schema *schema_out, char *place_out) {
    /* Integer keys of forward and audit rise by one; audit's chain is per writer. */
    static const char setup[] =
        "PRAGMA main.journal_mode = WAL; PRAGMA h.journal_mode = WAL;"
        "PRAGMA main.synchronous = FULL; PRAGMA h.synchronous = NORMAL;"
        "PRAGMA main.user_version = 1; PRAGMA h.user_version = 1;"
        "CREATE TABLE IF NOT EXISTS main.forward (number INTEGER PRIMARY KEY AUTOINCREMENT,"
        " record_table INTEGER NOT NULL, partition TEXT NOT NULL, sort TEXT NOT NULL,"
        " item TEXT NOT NULL);"
        "CREATE TABLE IF NOT EXISTS main.audit (writer TEXT NOT NULL, number INTEGER NOT NULL,"
        " item TEXT NOT NULL, hash BLOB NOT NULL, PRIMARY KEY (writer, number)) WITHOUT ROWID;";
    memset(schema_out, 0, sizeof *schema_out);
    *database_out = NULL;
    enum status status = open_files(options, database_out, place_out);
    if (status == STATUS_OK) status = execute(*database_out, setup, place_out);
    if (status == STATUS_OK) status = open_tables(options, *database_out, schema_out, place_out);
    if (status == STATUS_OK)
        status = prepare(*database_out, "INSERT INTO ", "main.forward",
                         " (record_table, partition, sort, item) VALUES (?1, ?2, ?3, ?4)",
                         &schema_out->forward, place_out);
    if (status == STATUS_OK)
        status = prepare(*database_out, "INSERT INTO ", "main.audit", " VALUES (?1, ?2, ?3, ?4)",
                         &schema_out->append_audit, place_out);
    if (status != STATUS_OK) {
        schema_close(*database_out, schema_out);
        *database_out = NULL;
    }
    return status;
}

void schema_close(sqlite3 *database, struct schema *schema) {
    for (size_t i = 0; i < RECORD_TABLE_COUNT; i++) {
        sqlite3_finalize(schema->tables[i].put);
        sqlite3_finalize(schema->tables[i].put_new);
        sqlite3_finalize(schema->tables[i].delete);
    }
    sqlite3_finalize(schema->forward);
    sqlite3_finalize(schema->append_audit);
    memset(schema, 0, sizeof *schema);
    sqlite3_close(database);
}
