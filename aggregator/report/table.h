/* Rows and columns, filled once and written as an aligned table, as JSON or as CSV: the one way all
 * lists of earctl leave. Heap data of one thread. */
#ifndef EAR_AGGREGATOR_REPORT_TABLE_H
#define EAR_AGGREGATOR_REPORT_TABLE_H

#include "common/base/clock.h"
#include "common/base/text.h"

#define TABLE_COLUMNS_MAX 16
#define TABLE_ROWS_MAX    20000

enum report_format { REPORT_TABLE, REPORT_JSON, REPORT_CSV, REPORT_TEXT, REPORT_HTML };

/* How a person sees it. */
struct report_view {
    enum report_format format;
    int32_t utc_offset_minutes; /* of the reader: times in tables are local, in JSON and CSV UTC */
    bool ascii;                 /* the reader's locale is not UTF-8 */
};

struct table_column {
    const char *key;   /* JSON member and CSV heading, snake_case */
    const char *title; /* heading of the table, upper case; NULL = only in JSON and CSV */
};

struct table;

/* `columns` is borrowed for the table's life. `schema` as "ear.instances/1", borrowed. */
enum status table_create(const char *schema, const struct table_column *columns, size_t count,
                         struct table **table_out) MUST_USE;
void table_destroy(struct table *table); /* NULL is fine */
void table_cleanup(struct table **table);

/* Cells fill a row from the left; after the last column the next row begins. A cell that memory or
 * TABLE_ROWS_MAX does not allow marks the table as cut, which takes no more; table_write says so.
 */
void table_text(struct table *table, const char *text);
void table_text_or_nothing(struct table *table, const char *text); /* "" = an empty cell */
void table_integer(struct table *table, int64_t number);
/* `decimals` 0..9; NaN and infinities are empty cells (null). */
void table_number(struct table *table, double number, unsigned decimals);
void table_time(struct table *table, struct wall_time at); /* 0 = empty */
void table_nothing(struct table *table);                   /* an empty cell, null */

size_t table_rows(const struct table *table); /* whole ones */
/* Columns left free before each line of the table form. */
void table_indent(struct table *table, size_t columns);

/* TABLE: heading and aligned columns (by characters), nothing for no rows. JSON:
 * {"schema":..,"rows":[{..}]}. CSV: heading and rows, RFC 4180; text that a spreadsheet would take
 * for a formula has a "'" before it. TEXT and HTML are written as TABLE. Text is made printable
 * (common/base/printable.h) but in JSON, which escapes. */
void table_write(const struct table *table, const struct report_view *view, struct text *out);

/* "2026-03-03 09:12:00" in the reader's zone, or RFC 3339 UTC for JSON and CSV. Adds to `out`. */
void report_time(const struct report_view *view, struct wall_time at, struct text *out);
/* The reader's zone: "UTC", "UTC+01:00". */
void report_zone(const struct report_view *view, struct text *out);

#endif
