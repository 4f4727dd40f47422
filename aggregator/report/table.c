/* The one table writer. Columns are aligned by characters, not bytes. */
#include "aggregator/report/table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/json_write.h"
#include "common/base/printable.h"

#define CELL_SIZE 2048 /* bytes of a cell as shown; longer ones are cut */

enum cell_kind { CELL_NOTHING, CELL_TEXT, CELL_NUMBER, CELL_TIME };

struct cell {
    enum cell_kind kind;
    char *text; /* owned: the text, or the number's digits */
    struct wall_time at;
};

struct table {
    const char *schema;
    const struct table_column *columns;
    size_t column_count;
    struct cell *cells;
    size_t count, capacity;
    size_t indent;
    bool cut; /* takes no more cells: a row begun is not written */
};

enum status table_create(const char *schema, const struct table_column *columns, size_t count,
                         struct table **table_out) {
    ASSERT(count >= 1 && count <= TABLE_COLUMNS_MAX);
    struct table *table = calloc(1, sizeof *table);
    if (table == NULL) return STATUS_NO_MEMORY;
    *table = (struct table){.schema = schema, .columns = columns, .column_count = count};
    *table_out = table;
    return STATUS_OK;
}

void table_destroy(struct table *table) {
    if (table == NULL) return;
    for (size_t i = 0; i < table->count; i++) free(table->cells[i].text);
    free(table->cells);
    free(table);
}

void table_cleanup(struct table **table) { table_destroy(*table); }

void table_indent(struct table *table, size_t columns) { table->indent = columns; }

static bool make_room(struct table *table) {
    if (table->count < table->capacity) return true;
    size_t capacity = table->capacity == 0 ? 256 : table->capacity * 2;
    struct cell *cells = realloc(table->cells, capacity * sizeof *cells);
    if (cells == NULL) return false;
    table->cells = cells;
    table->capacity = capacity;
    return true;
}

static void add_cell(struct table *table, enum cell_kind kind, const char *text,
                     struct wall_time at) {
    struct cell cell = {.kind = kind, .at = at};
    if (table->cut) return;
    if (text != NULL) cell.text = strdup(text);
    if ((text != NULL && cell.text == NULL) || table_rows(table) >= TABLE_ROWS_MAX ||
        !make_room(table)) {
        free(cell.text);
        table->cut = true;
        return;
    }
    table->cells[table->count++] = cell;
}

void table_text(struct table *table, const char *text) {
    add_cell(table, CELL_TEXT, text, (struct wall_time){0});
}

void table_text_or_nothing(struct table *table, const char *text) {
    if (text[0] == '\0')
        table_nothing(table);
    else
        table_text(table, text);
}

void table_integer(struct table *table, int64_t number) {
    char digits[32];
    struct text text = text_over(digits, sizeof digits);
    text_add_integer(&text, number);
    add_cell(table, CELL_NUMBER, digits, (struct wall_time){0});
}

void table_number(struct table *table, double number, unsigned decimals) {
    char digits[48];
    struct text text = text_over(digits, sizeof digits);
    if (!isfinite(number)) {
        table_nothing(table);
        return;
    }
    text_add_fixed(&text, number, decimals);
    add_cell(table, CELL_NUMBER, digits, (struct wall_time){0});
}

void table_time(struct table *table, struct wall_time at) {
    add_cell(table, at.ms == 0 ? CELL_NOTHING : CELL_TIME, NULL, at);
}

void table_nothing(struct table *table) {
    add_cell(table, CELL_NOTHING, NULL, (struct wall_time){0});
}

size_t table_rows(const struct table *table) {
    ASSERT(table->column_count > 0); /* table_create() took it so */
    return table->count / table->column_count;
}

void report_time(const struct report_view *view, struct wall_time at, struct text *out) {
    char text[CLOCK_RFC3339_SIZE];
    if (view->format == REPORT_JSON || view->format == REPORT_CSV) {
        text_add(out, wall_format(at, text));
        return;
    }
    wall_format(wall_add(at, duration_s((int64_t)view->utc_offset_minutes * 60)), text);
    text[10] = ' ';
    text_add_bytes(out, text, 19);
}

void report_zone(const struct report_view *view, struct text *out) {
    int32_t offset = view->utc_offset_minutes, size = offset < 0 ? -offset : offset;
    const int32_t parts[] = {size / 60, size % 60};
    text_add(out, "UTC");
    if (offset == 0) return;
    text_add(out, offset < 0 ? "-" : "+");
    for (size_t i = 0; i < 2; i++) {
        if (i == 1) text_add(out, ":");
        if (parts[i] < 10) text_add(out, "0");
        text_add_integer(out, parts[i]);
    }
}

/* What stands in a cell of a table or CSV, printable. */
static void add_plain(const struct cell *cell, const struct report_view *view, struct text *out) {
    bool csv = view->format == REPORT_CSV;
    switch (cell->kind) {
    case CELL_NOTHING: text_add(out, csv ? "" : "-"); return;
    case CELL_TIME: report_time(view, cell->at, out); return;
    case CELL_NUMBER: text_add(out, cell->text); return;
    case CELL_TEXT:
        /* A spreadsheet would run a cell that begins so as a formula. */
        if (csv && cell->text[0] != '\0' && strchr("=+-@", cell->text[0]) != NULL)
            text_add(out, "'");
        printable_add(out, cell->text, view->ascii && !csv);
        return;
    }
}

static void pad(struct text *out, size_t from, size_t to) {
    for (; from < to; from++) text_add_character(out, ' ');
}

/* Widths of the columns that are shown; gives the last one. */
static size_t measure(const struct table *table, const struct report_view *view,
                      size_t widths[static TABLE_COLUMNS_MAX]) {
    char buffer[CELL_SIZE];
    size_t last = 0;
    for (size_t c = 0; c < table->column_count; c++) {
        widths[c] = 0;
        if (table->columns[c].title == NULL) continue;
        widths[c] = printable_width(table->columns[c].title);
        last = c;
    }
    for (size_t i = 0; i < table_rows(table) * table->column_count; i++) {
        struct text text = text_over(buffer, sizeof buffer);
        add_plain(&table->cells[i], view, &text);
        size_t width = printable_width(buffer), c = i % table->column_count;
        if (width > widths[c]) widths[c] = width;
    }
    return last;
}

/* One line; `cells` NULL = the headings. Nothing stands behind the last column's text. */
static void write_line(const struct table *table, const struct cell *cells, size_t last,
                       const size_t *widths, const struct report_view *view, struct text *out) {
    char buffer[CELL_SIZE];
    pad(out, 0, table->indent);
    for (size_t c = 0; c <= last; c++) {
        if (table->columns[c].title == NULL) continue;
        struct text text = text_over(buffer, sizeof buffer);
        if (cells == NULL)
            text_add(&text, table->columns[c].title);
        else
            add_plain(&cells[c], view, &text);
        size_t width = printable_width(buffer);
        bool right = cells != NULL && cells[c].kind == CELL_NUMBER;
        if (right) pad(out, width, widths[c]);
        text_add(out, buffer);
        if (c == last) break;
        if (!right) pad(out, width, widths[c]);
        text_add(out, "  ");
    }
    text_add(out, "\n");
}

static void write_table(const struct table *table, const struct report_view *view,
                        struct text *out) {
    size_t widths[TABLE_COLUMNS_MAX];
    size_t last = measure(table, view, widths);
    write_line(table, NULL, last, widths, view, out);
    for (size_t row = 0; row < table_rows(table); row++)
        write_line(table, &table->cells[row * table->column_count], last, widths, view, out);
}

static void write_json(const struct table *table, struct text *out) {
    struct json_writer json = json_writer_over(out);
    char text[CLOCK_RFC3339_SIZE];
    json_open_object(&json, NULL);
    json_string(&json, "schema", table->schema);
    if (table->cut) json_bool(&json, "cut", true);
    json_open_array(&json, "rows");
    for (size_t i = 0; i < table_rows(table) * table->column_count; i++) {
        size_t c = i % table->column_count;
        const struct cell *cell = &table->cells[i];
        const char *key = table->columns[c].key;
        if (c == 0) json_open_object(&json, NULL);
        switch (cell->kind) {
        case CELL_NOTHING: json_null(&json, key); break;
        case CELL_TEXT: json_string(&json, key, cell->text); break;
        case CELL_NUMBER: json_raw(&json, key, cell->text); break;
        case CELL_TIME: json_string(&json, key, wall_format(cell->at, text)); break;
        }
        if (c + 1 == table->column_count) json_close_object(&json);
    }
    json_close_array(&json);
    json_close_object(&json);
    text_add(out, "\n");
}

static void write_csv(const struct table *table, const struct report_view *view, struct text *out) {
    char buffer[CELL_SIZE];
    for (size_t c = 0; c < table->column_count; c++) {
        if (c > 0) text_add(out, ",");
        text_add(out, table->columns[c].key);
    }
    text_add(out, "\r\n");
    for (size_t i = 0; i < table_rows(table) * table->column_count; i++) {
        struct text text = text_over(buffer, sizeof buffer);
        add_plain(&table->cells[i], view, &text);
        if (i % table->column_count > 0) text_add(out, ",");
        bool quoted = strpbrk(buffer, ",\"") != NULL;
        if (quoted) text_add(out, "\"");
        for (const char *c = buffer; *c != '\0'; c++) {
            if (*c == '"') text_add(out, "\"");
            text_add_character(out, *c);
        }
        if (quoted) text_add(out, "\"");
        if ((i + 1) % table->column_count == 0) text_add(out, "\r\n");
    }
}

void table_write(const struct table *table, const struct report_view *view, struct text *out) {
    switch (view->format) {
    case REPORT_JSON: write_json(table, out); return;
    case REPORT_CSV: write_csv(table, view, out); return;
    case REPORT_TABLE:
    case REPORT_TEXT:
    case REPORT_HTML:
        if (table_rows(table) > 0) write_table(table, view, out);
        if (table->cut) text_add(out, "(cut: more rows than can be shown)\n");
        return;
    }
}
