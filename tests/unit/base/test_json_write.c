/* The writer's output is JSON whatever it is given. */
#include <math.h>
#include <string.h>

#include "common/base/json_write.h"
#include "tests/support/unit.h"

static char storage[512];
static struct text text;
static struct json_writer begin(size_t capacity) {
    text = text_over(storage, capacity);
    return json_writer_over(&text);
}

static const char *written(const char *bytes, size_t length) {
    struct json_writer json = begin(sizeof storage);
    json_string_bytes(&json, NULL, bytes, length);
    return storage;
}

TEST(commas_stand_only_between) {
    (void)state;
    struct json_writer json = begin(sizeof storage);
    json_open_object(&json, NULL);
    json_open_array(&json, "a");
    json_close_array(&json);
    json_open_array(&json, "b");
    json_integer(&json, NULL, 1);
    json_open_object(&json, NULL);
    json_close_object(&json);
    json_null(&json, NULL);
    json_close_array(&json);
    json_bool(&json, "c", true);
    json_string(&json, "d", NULL);
    json_close_object(&json);
    assert_string_equal(storage, "{\"a\":[],\"b\":[1,{},null],\"c\":true,\"d\":null}");
}

TEST(strings_are_escaped) {
    (void)state;
    assert_string_equal(written("a\"b\\c\n\r\t", 8), "\"a\\\"b\\\\c\\n\\r\\t\"");
    assert_string_equal(written("\x00\x01\x1f\x7f", 4), "\"\\u0000\\u0001\\u001f\\u007f\"");
    assert_string_equal(written("gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80", 11),
                        "\"gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80\"");
}

TEST(bytes_that_are_not_utf8_become_the_replacement) {
    (void)state;
#define R "\xef\xbf\xbd"
    assert_string_equal(written("\xff", 1), "\"" R "\"");
    assert_string_equal(written("\xc3", 1), "\"" R "\"");                   /* cut short */
    assert_string_equal(written("\xc0\xaf", 2), "\"" R R "\"");             /* overlong */
    assert_string_equal(written("\xed\xa0\x80", 3), "\"" R R R "\"");       /* surrogate */
    assert_string_equal(written("\xf4\x90\x80\x80", 4), "\"" R R R R "\""); /* past U+10FFFF */
    assert_string_equal(written("\xe2\x82x", 3), "\"" R R "x\"");
#undef R
}

TEST(keys_are_escaped_too) {
    (void)state;
    struct json_writer json = begin(sizeof storage);
    json_open_object(&json, NULL);
    json_integer(&json, "a\"", -1);
    json_close_object(&json);
    assert_string_equal(storage, "{\"a\\\"\":-1}");
}

TEST(numbers_that_json_does_not_know_are_null) {
    (void)state;
    struct json_writer json = begin(sizeof storage);
    json_open_array(&json, NULL);
    json_fixed(&json, NULL, (double)NAN, 2);
    json_float(&json, NULL, INFINITY);
    json_fixed(&json, NULL, 0.5, 2);
    json_float(&json, NULL, 0.1f);
    json_close_array(&json);
    assert_string_equal(storage, "[null,null,0.50,0.1]");
}

TEST(a_document_that_does_not_fit_says_so) {
    (void)state;
    struct json_writer json = begin(10);
    json_string(&json, NULL, "longer than that");
    assert_true(text.truncated);
    assert_int_equal(strlen(storage), 9);
}
