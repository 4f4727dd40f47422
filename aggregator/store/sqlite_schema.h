/* The embedded store's tables and statements; used by sqlite.c only. */
#ifndef EAR_AGGREGATOR_STORE_SQLITE_SCHEMA_H
#define EAR_AGGREGATOR_STORE_SQLITE_SCHEMA_H

#include <sqlite3.h>

#include "aggregator/store/store.h"

#define SCHEMA_VERSION         1
#define SCHEMA_TABLE_NAME_SIZE 256

/* One table of the store: its SQL name, quoted and qualified, its key columns and statements. */
struct schema_table {
    char name[SCHEMA_TABLE_NAME_SIZE + 16];
    const char *partition_column, *sort_column;
    bool forwarded; /* lives in history.db, and reaches it through the forward table */
    sqlite3_stmt *put, *put_new, *delete; /* owned; NULL for forwarded ones but `put` */
};

struct schema {
    struct schema_table tables[RECORD_TABLE_COUNT];
    sqlite3_stmt *forward, *append_audit;
};

/* Opens both files on one connection (history.db attached as h), creates what is missing, prepares
 * the statements. `place_out[256]` says where and what on failure. */
enum status schema_open(const struct store_options *options, sqlite3 **database_out,
                        struct schema *schema_out, char *place_out) MUST_USE;
void schema_close(sqlite3 *database, struct schema *schema);

/* SQLite's result as our status; extended codes allowed. */
enum status schema_status(int result);

#endif
