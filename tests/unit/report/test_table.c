/* The one table writer: alignment, CSV quoting, JSON, bounds. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/report/table.h"
#include "common/json/json.h"
#include "tests/support/unit.h"

static const struct table_column columns[] = {
    {"name", "NAME"}, {"count", "COUNT"}, {"at", "AT"}, {"hidden", NULL}};

static char out_bytes[16384];

static struct table *filled(void) {
    struct table *table;
    assert_ok(table_create("ear.test/1", columns, ARRAY_LENGTH(columns), &table));
    table_text(table, "caf\xc3\xa9");
    table_integer(table, 7);
    table_time(table, (struct wall_time){1772525520000});
    table_text(table, "x");
    table_text(table, "a,\"b\"");
    table_number(table, 1234.5, 1);
    table_nothing(table);
    table_number(table, (double)NAN, 1);
    return table;
}

static const char *written(struct table *table, enum report_format format, int32_t offset) {
    struct text out = text_over(out_bytes, sizeof out_bytes);
    table_write(table, &(struct report_view){.format = format, .utc_offset_minutes = offset}, &out);
    assert_false(out.truncated);
    return out_bytes;
}

TEST(columns_align_by_characters_and_numbers_stand_right) {
    (void)state;
    struct table *table = filled();
    assert_string_equal(written(table, REPORT_TABLE, 0),
                        "NAME   COUNT   AT\n"
                        "caf\xc3\xa9        7  2026-03-03 08:12:00\n"
                        "a,\"b\"  1234.5  -\n");
    table_destroy(table);
}

TEST(times_are_local_for_people_and_utc_for_machines) {
    (void)state;
    struct table *table = filled();
    assert_non_null(strstr(written(table, REPORT_TABLE, 90), "2026-03-03 09:42:00"));
    assert_non_null(strstr(written(table, REPORT_CSV, 90), "2026-03-03T08:12:00Z"));
    assert_non_null(strstr(written(table, REPORT_JSON, 90), "2026-03-03T08:12:00Z"));
    table_destroy(table);
}

TEST(csv_quotes_as_rfc_4180) {
    (void)state;
    struct table *table = filled();
    assert_string_equal(written(table, REPORT_CSV, 0), "name,count,at,hidden\r\n"
                                                       "caf\xc3\xa9,7,2026-03-03T08:12:00Z,x\r\n"
                                                       "\"a,\"\"b\"\"\",1234.5,,\r\n");
    table_destroy(table);
}

TEST(csv_text_is_no_formula) {
    (void)state;
    static const char *const nasty[] = {"=1+1", "+1", "-1", "@SUM(A1)"};
    struct table *table;
    static const struct table_column one[] = {{"a", "A"}};
    assert_ok(table_create("ear.test/1", one, 1, &table));
    for (size_t i = 0; i < ARRAY_LENGTH(nasty); i++) table_text(table, nasty[i]);
    table_number(table, -1.0, 0); /* a number stays one */
    assert_string_equal(written(table, REPORT_CSV, 0),
                        "a\r\n'=1+1\r\n'+1\r\n'-1\r\n'@SUM(A1)\r\n-1\r\n");
    table_destroy(table);
}

TEST(json_reads_back) {
    (void)state;
    struct table *table = filled();
    struct json_doc *doc;
    const char *text = written(table, REPORT_JSON, 0);
    assert_ok(json_parse(text, strlen(text) - 1, sizeof out_bytes, &doc));
    const struct json_value *row = json_first(json_get(json_root(doc), "rows"));
    double number;
    assert_string_equal(json_text(json_get(json_root(doc), "schema")), "ear.test/1");
    assert_ok(json_get_number(row, "count", 0, 100, &number));
    assert_true(number == 7);
    row = json_next(row);
    assert_string_equal(json_text(json_get(row, "name")), "a,\"b\"");
    assert_null(json_get(row, "at"));
    assert_null(json_get(row, "hidden")); /* not a number: null */
    assert_null(json_next(row));
    json_destroy(doc);
    table_destroy(table);
}

TEST(an_empty_table_writes_nothing_for_people) {
    (void)state;
    struct table *table;
    assert_ok(table_create("ear.test/1", columns, ARRAY_LENGTH(columns), &table));
    assert_string_equal(written(table, REPORT_TABLE, 0), "");
    assert_string_equal(written(table, REPORT_CSV, 0), "name,count,at,hidden\r\n");
    assert_string_equal(written(table, REPORT_JSON, 0),
                        "{\"schema\":\"ear.test/1\",\"rows\":[]}\n");
    table_destroy(table);
}

TEST(a_row_that_was_not_finished_is_not_written) {
    (void)state;
    struct table *table = filled();
    table_text(table, "half");
    assert_int_equal(table_rows(table), 2);
    assert_null(strstr(written(table, REPORT_TABLE, 0), "half"));
    assert_null(strstr(written(table, REPORT_JSON, 0), "half"));
    table_destroy(table);
}

TEST(more_rows_than_allowed_are_cut_and_said) {
    (void)state;
    static const struct table_column one[] = {{"a", "A"}};
    struct table *table;
    size_t size = 8U * TABLE_ROWS_MAX;
    char *bytes = malloc(size);
    assert_non_null(bytes);
    assert_ok(table_create("ear.test/1", one, 1, &table));
    for (size_t i = 0; i < TABLE_ROWS_MAX + 5; i++) table_integer(table, 1);
    assert_int_equal(table_rows(table), TABLE_ROWS_MAX);
    struct text out = text_over(bytes, size);
    table_write(table, &(struct report_view){.format = REPORT_TABLE}, &out);
    assert_non_null(strstr(bytes, "(cut: more rows"));
    table_destroy(table);
    free(bytes);
}

TEST(zones_are_named_by_their_offset) {
    (void)state;
    static const struct {
        int32_t minutes;
        const char *word;
    } rows[] = {{0, "UTC"}, {60, "UTC+01:00"}, {-570, "UTC-09:30"}, {765, "UTC+12:45"}};
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct text out = text_over(out_bytes, sizeof out_bytes);
        report_zone(&(struct report_view){.utc_offset_minutes = rows[i].minutes}, &out);
        assert_string_equal(out_bytes, rows[i].word);
    }
}

TEST(lines_may_be_indented) {
    (void)state;
    static const struct table_column one[] = {{"a", "A"}};
    struct table *table;
    assert_ok(table_create("ear.test/1", one, 1, &table));
    table_indent(table, 2);
    table_text(table, "b");
    assert_string_equal(written(table, REPORT_TABLE, 0), "  A\n  b\n");
    table_destroy(table);
}
