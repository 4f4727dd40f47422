/* The one table writer. Columns are aligned by characters, not bytes. */
#include "aggregator/report/table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/json_write.h"

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
    bool cut;
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

static void add_cell(struct table *table, enum cell_kind kind, const char *text,
                     struct wall_time at) {
    if (table->count == table->capacity) {
        size_t capacity = table->capacity == 0 ? 256 : table->capacity * 2;
        struct cell *cells = NULL;
        if (table->count / table->column_count < TABLE_ROWS_MAX)
            cells = realloc(table->cells, capacity * sizeof *cells);
        if (cells == NULL) {
            table->cut = true;
            return;
        }
        table->cells = cells;
        table->capacity = capacity;
    }
    struct cell cell = {.kind = kind, .at = at, .text = text == NULL ? NULL : strdup(text)};
    if (text != NULL && cell.text == NULL) table->cut = true;
    if (text != NULL && cell.text == NULL) cell.kind = CELL_NOTHING;
    table->cells[table->count++] = cell;
}

void table_text(struct table *table, const char *text) {
    add_cell(table, CELL_TEXT, text, (struct wall_time){0});
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

size_t table_rows(const struct table *table) { return table->count / table->column_count; }

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

/* What stands in a cell of a table or CSV. Control characters become "?". */
static void add_plain(const struct cell *cell, const struct report_view *view, struct text *out) {
    switch (cell->kind) {
    case CELL_NOTHING:
        if (view->format != REPORT_CSV) text_add(out, "-");
        return;
    case CELL_TIME: report_time(view, cell->at, out); return;
    case CELL_TEXT:
    case CELL_NUMBER:
        for (const char *c = cell->text; *c != '\0'; c++)
            text_add_character(out, (unsigned char)*c < 0x20 || *c == 0x7f ? '?' : *c);
        return;
    }
}

/* Characters of UTF-8 text: bytes that are not continuation bytes. */
static size_t characters(const char *text) {
    size_t count = 0;
    for (; *text != '\0'; text++) count += ((unsigned char)*text & 0xc0) != 0x80;
    return count;
}

static void pad(struct text *out, size_t from, size_t to) {
    for (; from < to; from++) text_add_character(out, ' ');
}

static void write_table(const struct table *table, const struct report_view *view,
                        struct text *out) {
    size_t widths[TABLE_COLUMNS_MAX] = {0}, last = 0;
    char buffer[1024];
    for (size_t c = 0; c < table->column_count; c++) {
        if (table->columns[c].title == NULL) continue;
        widths[c] = characters(table->columns[c].title);
        last = c;
    }
    for (size_t i = 0; i < table->count; i++) {
        struct text text = text_over(buffer, sizeof buffer);
        add_plain(&table->cells[i], view, &text);
        size_t width = characters(buffer), c = i % table->column_count;
        if (width > widths[c]) widths[c] = width;
    }
    for (size_t row = 0; row <= table_rows(table); row++) {
        for (size_t c = 0; c < table->column_count; c++) {
            const struct table_column *column = &table->columns[c];
            if (column->title == NULL) continue;
            struct text text = text_over(buffer, sizeof buffer);
            const struct cell *cell =
                row == 0 ? NULL : &table->cells[(row - 1) * table->column_count + c];
            if (cell == NULL)
                text_add(&text, column->title);
            else
                add_plain(cell, view, &text);
            bool right = cell != NULL && cell->kind == CELL_NUMBER;
            if (right) pad(out, characters(buffer), widths[c]);
            text_add(out, buffer);
            if (c == last) break;
            if (!right) pad(out, characters(buffer), widths[c]);
            text_add(out, "  ");
        }
        text_add(out, "\n");
    }
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
    char buffer[1024];
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
