/* The embedded store. A batch is one savepoint inside a group's transaction on intents.db, whose
 * commit is the moment of durability. Event rows go into the forward table in the same transaction
 * and are moved to history.db between groups. Everything here runs on the store's thread. */
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aggregator/store/audit.h"
#include "aggregator/store/backend.h"
#include "aggregator/store/sqlite_schema.h"
#include "common/base/text.h"
#include "common/sys/clock.h"
#include "common/sys/error.h"
#include "common/sys/file.h"
#include "common/sys/log.h"

#define FORWARD_EVERY_MS 1000
#define EXPIRE_EVERY_MS  600000
#define REOPEN_EVERY_MS  5000
#define START_NUMBER_SQL                                                                           \
    "SELECT 1 + coalesce(max(CAST(substr(writer, length(?1) + 2) AS INTEGER)), 0) FROM audit"      \
    " WHERE writer LIKE ?1 || '/%'"

struct sqlite_store {
    struct store_options options; /* strings owned */
    sqlite3 *database;            /* NULL while suspect: closed after an I/O error */
    struct schema schema;
    int lock_file;
    struct audit_key *key;
    struct audit_chain chain; /* ours, since this start */
    int64_t signed_count;     /* rows under the newest signed head */
    bool head_signed;         /* at least once since the start */
    bool forward_waiting;
    int64_t copied; /* forward rows up to it are in history.db, maybe not yet safely */
    struct boot_time forwarded, expired, signed_at, reopened;
    enum status said_status;                         /* of the trouble that the log knows of */
    bool forward_failed, head_failed, commit_failed; /* said once in the log */
};

/* --- writing --- */

static int put_row(struct sqlite_store *s, sqlite3_stmt *statement,
                   const struct record_operation *o) {
    (void)s;
    sqlite3_bind_text(statement, 1, o->partition, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, o->sort, -1, SQLITE_STATIC);
    if (o->item != NULL) sqlite3_bind_text(statement, 3, o->item, -1, SQLITE_STATIC);
    int result = sqlite3_step(statement);
    sqlite3_reset(statement);
    return result;
}

static int forward_row(struct sqlite_store *s, const struct record_operation *o) {
    sqlite3_stmt *statement = s->schema.forward;
    sqlite3_bind_int(statement, 1, (int)o->table);
    sqlite3_bind_text(statement, 2, o->partition, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 3, o->sort, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 4, o->item, -1, SQLITE_STATIC);
    int result = sqlite3_step(statement);
    sqlite3_reset(statement);
    s->forward_waiting = true;
    return result;
}

static int append_audit(struct sqlite_store *s, const struct record_operation *o) {
    sqlite3_stmt *statement = s->schema.append_audit;
    uint8_t hash[AUDIT_HASH_BYTES];
    audit_hash(s->chain.head, s->chain.writer, s->chain.count + 1, o->item, hash);
    sqlite3_bind_text(statement, 1, s->chain.writer, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, s->chain.count + 1);
    sqlite3_bind_text(statement, 3, o->item, -1, SQLITE_STATIC);
    sqlite3_bind_blob(statement, 4, hash, sizeof hash, SQLITE_STATIC);
    int result = sqlite3_step(statement);
    sqlite3_reset(statement);
    if (result != SQLITE_DONE) return result;
    s->chain.count++;
    memcpy(s->chain.head, hash, sizeof hash);
    return result;
}

static int run_operation(struct sqlite_store *s, const struct record_operation *o) {
    const struct schema_table *table = &s->schema.tables[o->table];
    switch (o->kind) {
    case RECORD_PUT: return table->forwarded ? forward_row(s, o) : put_row(s, table->put, o);
    case RECORD_PUT_NEW:
        /* Event rows are never rewritten by key: their sort key is a time that we chose. */
        return table->forwarded ? forward_row(s, o) : put_row(s, table->put_new, o);
    case RECORD_APPEND_AUDIT: return append_audit(s, o);
    case RECORD_DELETE: return table->forwarded ? SQLITE_MISUSE : put_row(s, table->delete, o);
    }
    return SQLITE_MISUSE;
}

static enum status execute(struct sqlite_store *s, const char *sql) {
    return schema_status(sqlite3_exec(s->database, sql, NULL, NULL, NULL));
}

/* One batch, whole or not at all, inside the group's transaction. */
static enum status write_batch(struct sqlite_store *s, const struct batch *batch) {
    struct audit_chain before = s->chain;
    enum status status = execute(s, "SAVEPOINT batch");
    if (status != STATUS_OK) return status;
    for (size_t i = 0; i < batch->count && status == STATUS_OK; i++) {
        const struct record_operation *o = &batch->operations[i];
        ASSERT((o->kind == RECORD_APPEND_AUDIT) == (o->table == RECORD_AUDIT));
        status = schema_status(run_operation(s, o));
    }
    if (status != STATUS_OK) {
        s->chain = before;
        /* A failed statement may have rolled the whole transaction back: then there is none. */
        if (!sqlite3_get_autocommit(s->database)) (void)execute(s, "ROLLBACK TO batch");
    }
    if (!sqlite3_get_autocommit(s->database)) (void)execute(s, "RELEASE batch");
    return status;
}

/* --- opening, and opening again after an I/O error --- */

static enum status choose_start_number(struct sqlite_store *s) {
    sqlite3_stmt *row;
    int result = sqlite3_prepare_v2(s->database, START_NUMBER_SQL, -1, &row, NULL);
    if (result != SQLITE_OK) return schema_status(result);
    sqlite3_bind_text(row, 1, s->options.writer, -1, SQLITE_STATIC);
    result = sqlite3_step(row);
    int64_t number = result == SQLITE_ROW ? sqlite3_column_int64(row, 0) : 0;
    sqlite3_finalize(row);
    if (result != SQLITE_ROW) return schema_status(result);
    struct text text = text_over(s->chain.writer, sizeof s->chain.writer);
    text_add(&text, s->options.writer);
    text_add(&text, "/");
    text_add_integer(&text, number);
    s->chain.count = 0;
    memset(s->chain.head, 0, sizeof s->chain.head);
    s->signed_count = 0;
    s->head_signed = false;
    return STATUS_OK;
}

static enum status open_database(struct sqlite_store *s, char *place_out) {
    enum status status = schema_open(&s->options, &s->database, &s->schema, place_out);
    if (status != STATUS_OK) return status;
    /* Each opening starts a chain of its own: what was written before an error is not assumed. */
    status = choose_start_number(s);
    s->forward_waiting = true;
    s->copied = 0;
    return status;
}

static void sign_head(struct sqlite_store *s, struct now now) {
    char path[FILE_PATH_SIZE];
    struct text text = text_over(path, sizeof path);
    text_add(&text, s->options.directory);
    text_add(&text, "/" STORE_HEADS_FILE);
    s->signed_at = now.boot;
    if (s->head_signed && s->signed_count == s->chain.count) return;
    enum status status =
        text.truncated ? STATUS_TOO_LARGE : audit_sign_head(s->key, path, &s->chain, now.wall);
    if (status == STATUS_OK) {
        s->signed_count = s->chain.count;
        s->head_signed = true;
    } else if (!s->head_failed) {
        log_event(LOG_LEVEL_ERROR, "audit.head_failed", log_string("file", path),
                  log_status("status", status),
                  log_string("instead", "rows are chained; their head is signed at the next try"));
    }
    s->head_failed = status != STATUS_OK;
}

/* After SQLITE_IOERR nothing about the file's state is believed (F5: a failed fsync may have
 * dropped pages): close it, and open it again, with its checks, not more often than every 5 s. The
 * chain ends here: what was durable of it is signed, or a cut of its tail would never show. */
static void suspect(struct sqlite_store *s) {
    sign_head(s, sys_now());
    schema_close(s->database, &s->schema);
    s->database = NULL;
}

static enum status ensure_open(struct sqlite_store *s) {
    char place[256] = "";
    struct boot_time now = sys_now().boot;
    if (s->database != NULL) return STATUS_OK;
    if (boot_since(now, s->reopened).ms < REOPEN_EVERY_MS) return STATUS_IO;
    s->reopened = now;
    enum status status = open_database(s, place);
    /* Corrupt, newer: no later try will find it better; a start of the program says what to do. */
    if (status != STATUS_OK && status != s->said_status)
        log_event(LOG_LEVEL_ERROR, "store.cannot_be_opened", log_string("place", place),
                  log_status("status", status),
                  log_string("instead", "nothing is started; it is tried again"));
    if (status != STATUS_OK) s->said_status = status;
    return status;
}

/* One line for each time of trouble, not for each batch. */
static void say_commit(struct sqlite_store *s, enum status status) {
    char path[FILE_PATH_SIZE];
    bool failed = status != STATUS_OK;
    if (failed == s->commit_failed) return;
    s->commit_failed = failed;
    s->said_status = status;
    struct text text = text_over(path, sizeof path);
    text_add(&text, s->options.directory);
    text_add(&text, "/" STORE_INTENTS_FILE);
    if (failed)
        log_event(LOG_LEVEL_ERROR, "store.cannot_be_written", log_string("file", path),
                  log_status("status", status), log_string("reason", status_text(status)),
                  log_string("instead", "nothing is started; watching goes on, and it is tried "
                                        "again"));
    else
        log_event(LOG_LEVEL_INFO, "store.works_again", log_string("file", path));
}

static void fail_all(struct backend_commit *commits, size_t count, enum status status) {
    for (size_t i = 0; i < count; i++) commits[i].status = status;
}

/* The outcome of the whole group; that of each batch stands in its commit. */
static enum status commit_group(struct sqlite_store *s, struct backend_commit *commits,
                                size_t count) {
    enum status status = ensure_open(s);
    if (status == STATUS_OK) status = execute(s, "BEGIN IMMEDIATE");
    if (status != STATUS_OK) {
        fail_all(commits, count, status);
        if (s->database != NULL && (status == STATUS_IO || status == STATUS_CORRUPT)) suspect(s);
        return status;
    }
    struct audit_chain before = s->chain;
    for (size_t i = 0; i < count; i++) {
        commits[i].status = write_batch(s, commits[i].batch);
        if (sqlite3_get_autocommit(s->database)) { /* the transaction is gone, with all in it */
            status = commits[i].status;
            break;
        }
    }
    if (status == STATUS_OK) status = execute(s, "COMMIT");
    if (status == STATUS_OK) return status;
    s->chain = before;
    fail_all(commits, count, status);
    if (!sqlite3_get_autocommit(s->database)) (void)execute(s, "ROLLBACK");
    if (status == STATUS_IO || status == STATUS_CORRUPT) suspect(s);
    return status;
}

static void sqlite_commit(void *self, struct backend_commit *commits, size_t count) {
    say_commit(self, commit_group(self, commits, count));
}

/* --- reading --- */

static void compose_select(const struct schema_table *table, enum record_table number,
                           const struct store_query *query, char *sql, size_t size) {
    struct text text = text_over(sql, size);
    text_add(&text, "SELECT p, s, item FROM (SELECT ");
    text_add(&text, table->partition_column);
    text_add(&text, " AS p, ");
    text_add(&text, table->sort_column);
    text_add(&text, " AS s, item FROM ");
    text_add(&text, table->name);
    if (table->forwarded) { /* rows on their way to history.db count; UNION drops doubles */
        text_add(&text,
                 " UNION SELECT partition, sort, item FROM main.forward WHERE record_table = ");
        text_add_unsigned(&text, (uint64_t)number);
    }
    text_add(&text, ") WHERE (?1 = '' OR p = ?1 OR ?5 AND substr(p, 1, length(?1)) = ?1)"
                    " AND (?2 = '' OR s >= ?2) AND (?3 = '' OR s <= ?3) ORDER BY s ");
    text_add(&text, query->newest_first ? "DESC, p DESC" : "ASC, p ASC");
    text_add(&text, " LIMIT ?4");
    ASSERT(!text.truncated);
}

static const char audit_sql_oldest[] =
    "SELECT writer, printf('%012d', number), item FROM audit WHERE (?1 = '' OR writer = ?1)"
    " AND (?2 = '' OR json_extract(item, '$.timestamp') >= ?2)"
    " AND (?3 = '' OR json_extract(item, '$.timestamp') <= ?3)"
    " ORDER BY json_extract(item, '$.timestamp'), number LIMIT ?4";
static const char audit_sql_newest[] =
    "SELECT writer, printf('%012d', number), item FROM audit WHERE (?1 = '' OR writer = ?1)"
    " AND (?2 = '' OR json_extract(item, '$.timestamp') >= ?2)"
    " AND (?3 = '' OR json_extract(item, '$.timestamp') <= ?3)"
    " ORDER BY json_extract(item, '$.timestamp') DESC, number DESC LIMIT ?4";

static enum status sqlite_read(void *self, const struct store_query *query,
                               struct record **records_out, size_t *count_out) {
    struct sqlite_store *s = self;
    char sql[1024];
    enum status status = ensure_open(s);
    if (status != STATUS_OK) return status;
    const char *chosen = query->newest_first ? audit_sql_newest : audit_sql_oldest;
    if (query->table != RECORD_AUDIT) {
        compose_select(&s->schema.tables[query->table], query->table, query, sql, sizeof sql);
        chosen = sql;
    }
    sqlite3_stmt *rows;
    int result = sqlite3_prepare_v2(s->database, chosen, -1, &rows, NULL);
    if (result != SQLITE_OK) return schema_status(result);
    sqlite3_bind_text(rows, 1, query->partition, -1, SQLITE_STATIC);
    sqlite3_bind_text(rows, 2, query->from, -1, SQLITE_STATIC);
    sqlite3_bind_text(rows, 3, query->to, -1, SQLITE_STATIC);
    sqlite3_bind_int64(rows, 4, (int64_t)query->limit);
    if (query->table != RECORD_AUDIT) sqlite3_bind_int(rows, 5, query->prefix);
    struct record_list list = {.count = 0};
    while (status == STATUS_OK && (result = sqlite3_step(rows)) == SQLITE_ROW)
        status = record_list_add(&list, (const char *)sqlite3_column_text(rows, 0),
                                 (const char *)sqlite3_column_text(rows, 1),
                                 (const char *)sqlite3_column_text(rows, 2));
    sqlite3_finalize(rows);
    if (status == STATUS_OK) status = schema_status(result);
    if (status != STATUS_OK) {
        store_records_free(list.rows, list.count);
        return status;
    }
    *records_out = list.rows;
    *count_out = list.count;
    return STATUS_OK;
}

/* --- housekeeping --- */

/* " AND record_table IN (...)": a later version's rows are left to it. */
static void add_forwarded_tables(const struct sqlite_store *s, struct text *text) {
    const char *before = " AND record_table IN (";
    for (unsigned i = 0; i < RECORD_TABLE_COUNT; i++) {
        if (!s->schema.tables[i].forwarded) continue;
        text_add(text, before);
        text_add_unsigned(text, i);
        before = ", ";
    }
    text_add(text, ")");
}

static enum status copy_forward(struct sqlite_store *s, int64_t *last_out) {
    char sql[256];
    sqlite3_stmt *rows;
    struct text text = text_over(sql, sizeof sql);
    text_add(&text, "SELECT number, record_table, partition, sort, item FROM main.forward"
                    " WHERE number > ");
    text_add_integer(&text, s->copied);
    add_forwarded_tables(s, &text);
    text_add(&text, " ORDER BY number");
    ASSERT(!text.truncated);
    int result = sqlite3_prepare_v2(s->database, sql, -1, &rows, NULL);
    if (result != SQLITE_OK) return schema_status(result);
    enum status status = STATUS_OK;
    while (status == STATUS_OK && (result = sqlite3_step(rows)) == SQLITE_ROW) {
        int table = sqlite3_column_int(rows, 1);
        ASSERT(table >= 0 && table < RECORD_TABLE_COUNT); /* the query asked for these */
        sqlite3_stmt *put = s->schema.tables[table].put;
        for (int i = 0; i < 3; i++)
            sqlite3_bind_value(put, i + 1, sqlite3_column_value(rows, i + 2));
        status = schema_status(sqlite3_step(put));
        sqlite3_reset(put);
        *last_out = sqlite3_column_int64(rows, 0);
    }
    sqlite3_finalize(rows);
    return status == STATUS_OK ? schema_status(result) : status;
}

/* Whether all of history.db's log is in the file, and synced. Waits for nobody: somebody who reads
 * an older state of the file keeps the log, and it is tried again. */
static enum status sync_history(struct sqlite_store *s) {
    int in_log = 0, written = 0;
    int result =
        sqlite3_wal_checkpoint_v2(s->database, "h", SQLITE_CHECKPOINT_PASSIVE, &in_log, &written);
    if (result != SQLITE_OK) return schema_status(result);
    return in_log == written ? STATUS_OK : STATUS_BUSY;
}

/* Moves event rows to history.db. Its commit is not yet safe against loss of power (NORMAL), so the
 * checkpoint, which syncs, comes before the rows leave the forward table. */
static enum status move_forward(struct sqlite_store *s) {
    char sql[256];
    int64_t last = s->copied;
    enum status status = execute(s, "BEGIN");
    if (status == STATUS_OK) status = copy_forward(s, &last);
    if (status == STATUS_OK) status = execute(s, "COMMIT");
    if (status != STATUS_OK) {
        if (!sqlite3_get_autocommit(s->database)) (void)execute(s, "ROLLBACK");
        return status;
    }
    if (last == 0) return STATUS_OK;
    s->copied = last;
    status = sync_history(s);
    if (status != STATUS_OK) return status;
    struct text text = text_over(sql, sizeof sql);
    text_add(&text, "DELETE FROM main.forward WHERE number <= ");
    text_add_integer(&text, last);
    add_forwarded_tables(s, &text);
    ASSERT(!text.truncated);
    return execute(s, sql);
}

/* Deletes prediction-events whose `ttl` (epoch seconds) has passed, as DynamoDB does by itself. */
static enum status expire_predictions(struct sqlite_store *s, struct now now) {
    char sql[512];
    struct text text = text_over(sql, sizeof sql);
    text_add(&text, "DELETE FROM ");
    text_add(&text, s->schema.tables[RECORD_PREDICTION_EVENTS].name);
    text_add(&text, " WHERE CAST(json_extract(item, '$.ttl') AS INTEGER) < ");
    text_add_integer(&text, now.wall.ms / 1000);
    ASSERT(!text.truncated);
    return execute(s, sql);
}

/* What is over and need not be kept. A row without the time, or with an item that cannot be read,
 * stays: a person may have to look at it. */
struct aging {
    enum record_table table;
    const char *which; /* SQL */
    const char *time;  /* SQL over a readable item; NULL or empty = stays */
    int days;
};

static const struct aging agings[] = {
    {RECORD_META, "id >= 'dead-letter/' AND id < 'dead-letter0'",
     "coalesce(json_extract(item, '$.buried'), json_extract(item, '$.notification.time'))", 30},
    {RECORD_META, "id >= 'acknowledged/' AND id < 'acknowledged0'",
     "json_extract(item, '$.acknowledged')", 90},
    {RECORD_META, "id >= 'claim/' AND id < 'claim0'", "json_extract(item, '$.claimed')", 90},
    {RECORD_INCIDENTS, "sort = 'closed'", "json_extract(item, '$.changed')", 90},
    {RECORD_INTENTS, "1",
     "CASE json_extract(item, '$.status') WHEN 'open' THEN NULL"
     " ELSE json_extract(item, '$.settled') END",
     90},
};

static enum status expire_aged(struct sqlite_store *s, const struct aging *aging, struct now now) {
    char sql[1024], before[CLOCK_RFC3339_SIZE];
    struct text text = text_over(sql, sizeof sql);
    wall_format_ms(wall_add(now.wall, duration_s(-(int64_t)aging->days * 86400)), before);
    text_add(&text, "DELETE FROM ");
    text_add(&text, s->schema.tables[aging->table].name);
    text_add(&text, " WHERE ");
    text_add(&text, aging->which);
    text_add(&text, " AND nullif(CASE WHEN json_valid(item) THEN ");
    text_add(&text, aging->time);
    text_add(&text, " END, '') < '");
    text_add(&text, before);
    text_add(&text, "'");
    ASSERT(!text.truncated);
    return execute(s, sql);
}

static void expire(struct sqlite_store *s, struct now now) {
    enum status status = expire_predictions(s, now);
    for (size_t i = 0; i < ARRAY_LENGTH(agings) && status == STATUS_OK; i++)
        status = expire_aged(s, &agings[i], now);
    if (status != STATUS_OK)
        log_event(LOG_LEVEL_WARNING, "store.expire_failed", log_status("status", status),
                  log_string("instead", "what is over stays until the next try"));
}

static void forward_now(struct sqlite_store *s, struct now now) {
    s->forwarded = now.boot;
    enum status status = move_forward(s);
    s->forward_waiting = status != STATUS_OK;
    if (status == STATUS_BUSY) return; /* a reader; they are served from where they are */
    if (status != STATUS_OK && !s->forward_failed)
        log_event(LOG_LEVEL_ERROR, "store.forward_failed", log_status("status", status),
                  log_string("instead", "event rows stay in intents.db and are served from there"));
    s->forward_failed = status != STATUS_OK;
}

static void sqlite_idle(void *self, struct now now) {
    struct sqlite_store *s = self;
    if (s->database == NULL) return;
    if (s->forward_waiting && boot_since(now.boot, s->forwarded).ms >= FORWARD_EVERY_MS)
        forward_now(s, now);
    if (boot_since(now.boot, s->signed_at).ms >= s->options.checkpoint.ms) sign_head(s, now);
    if (boot_since(now.boot, s->expired).ms >= EXPIRE_EVERY_MS) {
        s->expired = now.boot;
        expire(s, now);
    }
}

/* --- life --- */

static void free_options(struct store_options *options) {
    free((char *)options->directory);
    free((char *)options->writer);
    for (size_t i = 0; i < RECORD_TABLE_COUNT; i++) free((char *)options->table_names[i]);
}

static enum status copy_options(const struct store_options *from, struct store_options *to) {
    to->checkpoint = from->checkpoint;
    to->directory = strdup(from->directory);
    to->writer = strdup(from->writer);
    bool good = to->directory != NULL && to->writer != NULL;
    for (size_t i = 0; i < RECORD_TABLE_COUNT && good; i++) {
        if (from->table_names[i] == NULL) continue;
        to->table_names[i] = strdup(from->table_names[i]);
        good = to->table_names[i] != NULL;
    }
    return good ? STATUS_OK : STATUS_NO_MEMORY;
}

static void destroy(struct sqlite_store *s) {
    if (s->database != NULL) schema_close(s->database, &s->schema);
    audit_key_destroy(s->key);
    file_close(&s->lock_file); /* releases the lock */
    free_options(&s->options);
    free(s);
}

static void sqlite_close(void *self) {
    struct sqlite_store *s = self;
    struct now now = sys_now();
    if (s->database != NULL) {
        forward_now(s, now);
        sign_head(s, now);
    }
    destroy(s);
}

static enum status make_directory(const char *path) {
    if (mkdir(path, 0700) == 0 || errno == EEXIST) return STATUS_OK;
    return sys_status(errno);
}

/* One aggregator per store: the lock lives as long as the descriptor (F45). */
static enum status take_lock(struct sqlite_store *s, char *place_out) {
    char path[FILE_PATH_SIZE];
    struct text text = text_over(path, sizeof path), place = text_over(place_out, 256);
    text_add(&text, s->options.directory);
    text_add(&text, "/store.lock");
    text_add(&place, path);
    if (text.truncated) return STATUS_TOO_LARGE;
    s->lock_file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (s->lock_file < 0) return sys_status(errno);
    if (flock(s->lock_file, LOCK_EX | LOCK_NB) == 0) return STATUS_OK;
    text_add(&place, ": held by another aggregator");
    return errno == EWOULDBLOCK ? STATUS_BUSY : sys_status(errno);
}

static enum status open_parts(struct sqlite_store *s, const char *key_file, char *place_out) {
    struct text place = text_over(place_out, 256);
    text_add(&place, s->options.directory);
    enum status status = make_directory(s->options.directory);
    if (status == STATUS_OK) status = take_lock(s, place_out);
    if (status != STATUS_OK) return status;
    status = audit_key_open(key_file, &s->key);
    if (status != STATUS_OK) {
        place = text_over(place_out, 256);
        text_add(&place, key_file);
        text_add(&place, ": ");
        text_add(&place, status_text(status));
        return status;
    }
    return open_database(s, place_out);
}

enum status store_open_sqlite(const struct store_options *options, struct store **store_out,
                              char *place_out) {
    place_out[0] = '\0';
    struct sqlite_store *s = calloc(1, sizeof *s);
    if (s == NULL) return STATUS_NO_MEMORY;
    s->lock_file = -1;
    enum status status = copy_options(options, &s->options);
    if (status == STATUS_OK) status = open_parts(s, options->audit_key_file, place_out);
    struct backend backend = {sqlite_commit, sqlite_read, sqlite_idle, sqlite_close, s};
    if (status == STATUS_OK) status = store_start(&backend, store_out);
    if (status != STATUS_OK) destroy(s);
    return status;
}

enum status store_set_aside(const char *directory, struct wall_time now) {
    static const char *const names[] = {STORE_INTENTS_FILE,        STORE_INTENTS_FILE "-wal",
                                        STORE_INTENTS_FILE "-shm", STORE_HISTORY_FILE,
                                        STORE_HISTORY_FILE "-wal", STORE_HISTORY_FILE "-shm"};
    char from[FILE_PATH_SIZE], to[FILE_PATH_SIZE], stamp[CLOCK_RFC3339_SIZE];
    wall_format_basic(now, stamp);
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        struct text source = text_over(from, sizeof from), target = text_over(to, sizeof to);
        text_add(&source, directory);
        text_add(&source, "/");
        text_add(&source, names[i]);
        text_add(&target, from);
        text_add(&target, ".corrupt-");
        text_add(&target, stamp);
        if (source.truncated || target.truncated) return STATUS_TOO_LARGE;
        if (rename(from, to) != 0 && errno != ENOENT) return sys_status(errno);
    }
    return STATUS_OK;
}
