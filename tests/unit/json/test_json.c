/* The strict JSON reader: what it takes, and above all what it refuses (SAFETY 5.2). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json/json.h"
#include "tests/support/unit.h"

static enum status parse(const char *text, struct json_doc **doc_out) {
    return json_parse(text, strlen(text), JSON_BYTES_MAX, doc_out);
}

static void refuses(const char *text, const char *status) {
    struct json_doc *doc = NULL;
    enum status got = parse(text, &doc);
    if (strcmp(status_name(got), status) != 0) print_error("input: %s\n", text);
    assert_string_equal(status_name(got), status);
    assert_null(doc);
}

static void accepts(const char *text) {
    struct json_doc *doc = NULL;
    if (parse(text, &doc) != STATUS_OK) print_error("input: %s\n", text);
    assert_non_null(doc);
    json_destroy(doc);
}

TEST(typed_members_are_read) {
    (void)state;
    struct json_doc *doc = NULL;
    assert_ok(parse(
        "{\"s\":\"a\\u00e9\\n\",\"n\":-1.5e2,\"i\":42,\"b\":true,\"o\":{\"x\":[1,2,3]}}", &doc));
    const struct json_value *root = json_root(doc);
    char text[16];
    double number = 0;
    int64_t whole = 0;
    bool flag = false;
    assert_ok(json_get_string(root, "s", text, sizeof text));
    assert_string_equal(text, "a\xC3\xA9\n");
    assert_ok(json_get_number(root, "n", -1000, 0, &number));
    assert_true(number == -150.0);
    assert_ok(json_get_integer(root, "i", 0, 42, &whole));
    assert_int_equal(whole, 42);
    assert_ok(json_get_bool(root, "b", &flag));
    assert_true(flag);
    const struct json_value *array = json_path(root, "o", "x", NULL);
    assert_int_equal(json_length(array), 3);
    double sum = 0;
    for (const struct json_value *v = json_first(array); v != NULL; v = json_next(v)) {
        assert_ok(json_as_number(v, 0, 10, &number));
        sum += number;
    }
    assert_true(sum == 6.0);
    json_destroy(doc);
}

TEST(members_of_an_object_are_walked_with_their_keys) {
    (void)state;
    struct json_doc *doc = NULL;
    assert_ok(parse("{\"b\":1,\"a\":2}", &doc));
    const struct json_value *member = json_first(json_root(doc));
    assert_string_equal(json_key(member), "b");
    member = json_next(member);
    assert_string_equal(json_key(member), "a");
    assert_null(json_next(member));
    json_destroy(doc);
}

TEST(absent_and_null_members_are_not_found) {
    (void)state;
    struct json_doc *doc = NULL;
    assert_ok(parse("{\"null\":null}", &doc));
    char text[4] = "x";
    assert_int_equal(json_get_string(json_root(doc), "null", text, sizeof text), STATUS_NOT_FOUND);
    assert_int_equal(json_get_string(json_root(doc), "none", text, sizeof text), STATUS_NOT_FOUND);
    assert_int_equal(json_get_string(json_path(json_root(doc), "a", "b", NULL), "c", text, 4),
                     STATUS_NOT_FOUND);
    assert_string_equal(text, "x");
    json_destroy(doc);
}

TEST(keys_are_compared_with_their_case) {
    (void)state;
    struct json_doc *doc = NULL;
    assert_ok(parse("{\"Status\":\"ok\",\"status\":\"no\"}", &doc));
    char text[4];
    assert_ok(json_get_string(json_root(doc), "status", text, sizeof text));
    assert_string_equal(text, "no");
    assert_null(json_get(json_root(doc), "STATUS"));
    json_destroy(doc);
}

TEST(another_type_is_malformed) {
    (void)state;
    struct json_doc *doc = NULL;
    assert_ok(parse("{\"s\":\"1\",\"n\":1,\"b\":1,\"a\":{},\"o\":[]}", &doc));
    const struct json_value *root = json_root(doc), *value = NULL;
    char text[4];
    double number = 0;
    bool flag = false;
    assert_int_equal(json_get_number(root, "s", 0, 9, &number), STATUS_MALFORMED);
    assert_int_equal(json_get_string(root, "n", text, sizeof text), STATUS_MALFORMED);
    assert_int_equal(json_get_bool(root, "b", &flag), STATUS_MALFORMED);
    assert_int_equal(json_get_array(root, "a", &value), STATUS_MALFORMED);
    assert_int_equal(json_get_object(root, "o", &value), STATUS_MALFORMED);
    json_destroy(doc);
}

TEST(strings_that_do_not_fit_are_refused_not_cut) {
    (void)state;
    struct json_doc *doc = NULL;
    assert_ok(parse("{\"s\":\"abcd\"}", &doc));
    char text[5];
    assert_int_equal(json_get_string(json_root(doc), "s", text, 4), STATUS_TOO_LARGE);
    assert_ok(json_get_string(json_root(doc), "s", text, 5));
    assert_string_equal(text, "abcd");
    json_destroy(doc);
}

TEST(numbers_outside_their_range_are_refused) {
    (void)state;
    struct json_doc *doc = NULL;
    assert_ok(parse("{\"n\":10,\"half\":0.5,\"big\":9007199254740994}", &doc));
    double number = 0;
    int64_t whole = 0;
    assert_int_equal(json_get_number(json_root(doc), "n", 0, 9.99, &number), STATUS_OUT_OF_RANGE);
    assert_int_equal(json_get_integer(json_root(doc), "n", 11, 20, &whole), STATUS_OUT_OF_RANGE);
    assert_int_equal(json_get_integer(json_root(doc), "half", 0, 20, &whole), STATUS_MALFORMED);
    assert_int_equal(json_get_integer(json_root(doc), "big", 0, INT64_MAX, &whole),
                     STATUS_OUT_OF_RANGE);
    json_destroy(doc);
}

TEST(trailing_bytes_are_refused) {
    (void)state;
    refuses("{} x", "malformed");
    refuses("{}{}", "malformed");
    refuses("1 2", "malformed");
    accepts("{} \r\n\t");
    struct json_doc *doc = NULL;
    assert_int_equal(json_parse("{}\0{}", 5, JSON_BYTES_MAX, &doc), STATUS_MALFORMED);
    assert_int_equal(json_parse("{}\0", 3, JSON_BYTES_MAX, &doc), STATUS_MALFORMED);
}

TEST(empty_and_cut_documents_are_refused) {
    (void)state;
    static const char whole[] = "{\"a\":[1,true,null,\"\\u00e9\"],\"b\":{\"c\":-0.5e-3}}";
    struct json_doc *doc = NULL;
    for (size_t length = 0; length < sizeof whole - 1; length++)
        assert_int_equal(json_parse(whole, length, JSON_BYTES_MAX, &doc), STATUS_MALFORMED);
    accepts(whole);
}

TEST(repeated_keys_are_refused_at_every_depth) {
    (void)state;
    refuses("{\"a\":1,\"a\":1}", "duplicate");
    refuses("[{\"b\":{\"x\":1,\"y\":2,\"x\":3}}]", "duplicate");
    refuses("{\"a\":1,\"\\u0061\":1}", "duplicate");
    accepts("{\"a\":{\"a\":1},\"b\":{\"a\":1}}");
}

TEST(many_members_are_checked_quickly) {
    (void)state;
    size_t capacity = JSON_BYTES_MAX, length = 0;
    char *text = malloc(capacity);
    assert_non_null(text);
    text[length++] = '{';
    for (int i = 0; length + 32 < capacity; i++)
        length += (size_t)snprintf(text + length, capacity - length, "%s\"%d\":0", i ? "," : "", i);
    text[length++] = '}';
    struct json_doc *doc = NULL;
    assert_ok(json_parse(text, length, JSON_BYTES_MAX, &doc));
    json_destroy(doc);
    free(text);
}

TEST(numbers_that_are_not_finite_are_refused) {
    (void)state;
    refuses("[1e400]", "out_of_range");
    refuses("{\"deep\":{\"x\":-1e999}}", "out_of_range");
    refuses("[NaN]", "malformed");
    refuses("[Infinity]", "malformed");
}

TEST(numbers_in_other_forms_are_refused) {
    (void)state;
    static const char *const bad[] = {"01", "1.", ".5", "+1", "-", "1e", "0x10", "1.2.3", "--1"};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) refuses(bad[i], "malformed");
    accepts("[0,-0,0.5,1E+2,10]");
}

TEST(escaped_nul_is_refused) {
    (void)state;
    refuses("{\"a\":\"b\\u0000c\"}", "malformed");
    refuses("{\"a\\u0000\":1}", "malformed");
    accepts("{\"a\":\"\\\\u0000\"}");
}

TEST(foreign_output_keeps_its_place_for_nul) {
    (void)state;
    static const char text[] = "{\"o\":\"a\\u0000b\\\\u0000\"}";
    struct json_doc *doc = NULL;
    assert_ok(json_parse_foreign(text, sizeof text - 1, JSON_BYTES_MAX, &doc));
    assert_string_equal(json_text(json_get(json_root(doc), "o")), "a\xEF\xBF\xBD"
                                                                  "b\\u0000");
    json_destroy(doc);
}

TEST(bad_strings_are_refused) {
    (void)state;
    refuses("\"a\nb\"", "malformed");
    refuses("\"\\x41\"", "malformed");
    refuses("\"\\u12g4\"", "malformed");
    refuses("\"\\ud800\"", "malformed");
    refuses("\"\\udc00\\ud800\"", "malformed");
    refuses("\"\xC0\x80\"", "malformed");
    refuses("\"\xED\xA0\x80\"", "malformed");
    refuses("\"\xF4\x90\x80\x80\"", "malformed");
    refuses("\"\xE2\x82\"", "malformed");
    accepts("\"\\ud83d\\ude00 \xF0\x9F\x98\x80 \xE2\x82\xAC\"");
}

TEST(deep_nesting_is_refused) {
    (void)state;
    char text[2 * (JSON_DEPTH_MAX + 1) + 1];
    memset(text, '[', JSON_DEPTH_MAX);
    memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
    text[2 * JSON_DEPTH_MAX] = '\0';
    accepts(text);
    memset(text, '[', JSON_DEPTH_MAX + 1);
    memset(text + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
    text[2 * (JSON_DEPTH_MAX + 1)] = '\0';
    refuses(text, "too_large");
}

TEST(more_bytes_than_the_limit_are_refused) {
    (void)state;
    struct json_doc *doc = NULL;
    assert_int_equal(json_parse("[1234]", 6, 5, &doc), STATUS_TOO_LARGE);
    assert_ok(json_parse("[1234]", 6, 6, &doc));
    json_destroy(doc);
}

TEST(other_words_and_comments_are_refused) {
    (void)state;
    refuses("{\"a\":tru}", "malformed");
    refuses("{\"a\":1} // x", "malformed");
    refuses("{'a':1}", "malformed");
    refuses("{\"a\":1,}", "malformed");
    refuses("[1,]", "malformed");
    refuses("]", "malformed");
    refuses("\xEF\xBB\xBF{}", "malformed");
}
