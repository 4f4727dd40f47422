/* The strict reader: what it takes, what it refuses, and at which line. */
#include <stdio.h>
#include <string.h>

#include "common/base/text.h"
#include "common/config/config_json.h"
#include "tests/support/unit.h"

static struct config_json json;
static char shape[4096]; /* the tokens read, one letter each, keys and values after it */

/* Reads all of it into `shape`. */
static enum status read_bytes(const char *bytes, size_t length) {
    static const char letters[] = "{}[]ksntf0.";
    struct text out = text_over(shape, sizeof shape);
    struct config_token token;
    config_json_begin(&json, bytes, length);
    for (;;) {
        enum status status = config_json_next(&json, &token);
        if (status != STATUS_OK) return status;
        if (token.kind == CONFIG_TOKEN_END) return STATUS_OK;
        text_add_character(&out, letters[token.kind]);
        text_add_bytes(&out, token.text, token.length);
    }
}

static void expect(const char *text, const char *wanted) {
    assert_ok(read_bytes(text, strlen(text)));
    assert_string_equal(shape, wanted);
}

static void refuse_bytes(const char *text, size_t length, unsigned line, const char *problem) {
    if (read_bytes(text, length) == STATUS_OK) fail_msg("taken: %s", text);
    assert_string_equal(json.problem, problem);
    assert_int_equal(json.problem_line, line);
    struct config_token token;
    assert_int_equal(config_json_next(&json, &token), STATUS_MALFORMED); /* and stays refused */
}

static void refuse(const char *text, unsigned line, const char *problem) {
    refuse_bytes(text, strlen(text), line, problem);
}

TEST(all_kinds_of_tokens) {
    (void)state;
    expect("{\"a\": [1, -2.5e+3, \"x\", true, false, null, {}], \"b\": []}",
           "{ka[n1n-2.5e+3sxtf0{}]kb[]}");
    expect(" 5 ", "n5");
    expect("\"top\"", "stop");
}

TEST(comments_go_to_the_end_of_the_line) {
    (void)state;
    expect("// first\n{ // open\n\"a\" // key\n: // colon\n1 // one\n, // comma\n\"b\":2\n// }\n} "
           "// end",
           "{kan1kbn2}");
    expect("{\"a\":\"// not a comment\"}", "{kas// not a comment}");
    expect("{}//", "{}");
}

TEST(tokens_know_their_line) {
    (void)state;
    struct config_token token;
    const char *text = "{\n\n\"a\":\n1,\r\n// x\n\"b\": [2]}";
    static const unsigned lines[] = {1, 3, 4, 6, 6, 6, 6, 6};
    config_json_begin(&json, text, strlen(text));
    for (size_t i = 0; i < ARRAY_LENGTH(lines); i++) {
        assert_ok(config_json_next(&json, &token));
        if (i < 7) assert_int_equal(token.line, lines[i]);
    }
}

TEST(strings_are_decoded) {
    (void)state;
    expect("\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\u20AC\\ud83d\\ude00\"",
           "sa\"\\/\b\f\n\r\t\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
    expect("\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"", "s\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
}

TEST(a_byte_order_mark_is_skipped) {
    (void)state;
    expect("\xef\xbb\xbf{}", "{}");
}

TEST(commas_and_colons_are_where_they_must_be) {
    (void)state;
    refuse("{\"a\":1,}", 1, "comma before the closing bracket");
    refuse("[1,\n]", 2, "comma before the closing bracket");
    refuse("{\"a\":1 \"b\":2}", 1, "expected a comma or }");
    refuse("[1 2]", 1, "expected a comma or ]");
    refuse("{\"a\" 1}", 1, "expected a colon after the key");
    refuse("{,}", 1, "expected a key in double quotes");
    refuse("[,1]", 1, "expected a value");
    refuse("{\"a\":}", 1, "expected a value");
    refuse("{'a':1}", 1, "expected a key in double quotes");
    refuse("{a:1}", 1, "expected a key in double quotes");
    refuse("{\"a\":1]", 1, "expected a comma or }");
    refuse("]", 1, "expected a value");
}

TEST(a_document_is_one_value) {
    (void)state;
    refuse("", 1, "file holds no value");
    refuse(" \n// nothing\n", 3, "file holds no value");
    refuse("{} {}", 1, "text after the end of the configuration");
    refuse("{}\nx", 2, "text after the end of the configuration");
    refuse("{\"a\":1", 1, "file ends too early");
    refuse("{\n\"a\":", 2, "file ends too early");
    refuse("[", 1, "file ends too early");
    refuse("{} /* c */", 1, "text after the end of the configuration");
}

TEST(words_other_than_three_are_refused) {
    (void)state;
    refuse("{\"a\": yes}", 1, "unquoted word (only true, false and null have no quotes)");
    refuse("True", 1, "unquoted word (only true, false and null have no quotes)");
    refuse("nul", 1, "unquoted word (only true, false and null have no quotes)");
    refuse("NaN", 1, "unquoted word (only true, false and null have no quotes)");
    refuse("truex", 1, "unquoted word (only true, false and null have no quotes)");
}

TEST(numbers_have_the_form_of_json) {
    (void)state;
    static const char *const wrong[] = {"-", "01", "-01", "1.", "1.e5", "1e", "1e+", "-a", "--1"};
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) refuse(wrong[i], 1, "not a number");
    refuse("+1", 1, "expected a value");
    refuse(".5", 1, "expected a value");
    refuse("0x10", 1, "text after the end of the configuration");
    expect("-0.0E-10", "n-0.0E-10");
}

TEST(strings_hold_text_only) {
    (void)state;
    refuse("\"a", 1, "string does not end");
    refuse("\"a\\", 1, "string does not end");
    refuse("\"a\nb\"", 1, "string does not end");
    refuse("\"a\tb\"", 1, "control character in a string");
    refuse("\"\\x41\"", 1, "unknown escape after a backslash");
    refuse("\"\\u12g4\"", 1, "\\u needs four hexadecimal digits");
    refuse("\"\\u00", 1, "\\u needs four hexadecimal digits");
    refuse("\"\\u0000\"", 1, "\\u0000 is not allowed");
    refuse("\"\\ud83d\"", 1, "unpaired surrogate");
    refuse("\"\\ud83dx\"", 1, "unpaired surrogate");
    refuse("\"\\ud83d\\u0041\"", 1, "unpaired surrogate");
    refuse("\"\\ude00\"", 1, "unpaired surrogate");
    refuse_bytes("\"a\0b\"", 5, 1, "control character in a string");
    refuse("\"\xff\"", 1, "not UTF-8");
    refuse("\"\xc3\"", 1, "not UTF-8");
    refuse("\"\xc0\xaf\"", 1, "not UTF-8");
    refuse("\"\xed\xa0\x80\"", 1, "not UTF-8");
    refuse("\"\xf4\x90\x80\x80\"", 1, "not UTF-8");
}

TEST(a_zero_byte_outside_strings_is_refused) {
    (void)state;
    refuse_bytes("{}\0", 3, 1, "text after the end of the configuration");
    refuse_bytes("\0{}", 3, 1, "expected a value");
    refuse_bytes("{\0}", 3, 1, "expected a key in double quotes");
    refuse_bytes("[1\0]", 4, 1, "expected a comma or ]");
}

TEST(the_same_key_twice_is_refused) {
    (void)state;
    refuse("{\"a\":1,\n\"b\":2,\n\"a\":3}", 3, "the same key stands twice in this object");
    refuse("{\"a\":1, \"\\u0061\":3}", 1, "the same key stands twice in this object");
    /* The same name in other objects is another key. */
    expect("{\"a\":{\"a\":1},\"b\":[{\"a\":1},{\"a\":2}]}", "{ka{kan1}kb[{kan1}{kan2}]}");
}

TEST(depth_is_bounded) {
    (void)state;
    expect("[[[[[[[[]]]]]]]]", "[[[[[[[[]]]]]]]]");
    refuse("[[[[[[[[[]]]]]]]]]", 1, "nested deeper than 8 levels");
    refuse("{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}}}}", 1,
           "nested deeper than 8 levels");
}

TEST(strings_are_bounded) {
    (void)state;
    static char text[CONFIG_STRING_BYTES_MAX + 4];
    memset(text, 'a', sizeof text);
    text[0] = '"';
    text[CONFIG_STRING_BYTES_MAX + 1] = '"';
    assert_ok(read_bytes(text, CONFIG_STRING_BYTES_MAX + 2));
    text[CONFIG_STRING_BYTES_MAX + 1] = 'a';
    text[CONFIG_STRING_BYTES_MAX + 2] = '"';
    refuse_bytes(text, CONFIG_STRING_BYTES_MAX + 3, 1, "string is longer than 2048 bytes");
}

TEST(keys_are_bounded) {
    (void)state;
    static char text[CONFIG_KEYS_MAX * 16];
    size_t length = 0;
    for (int i = 0; i <= CONFIG_KEYS_MAX; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "%s\"%d\":1",
                                   i == 0 ? "{" : ",", i);
    refuse_bytes(text, length, 1, "more than 512 keys");
}

TEST(size_is_bounded) {
    (void)state;
    static char text[CONFIG_FILE_BYTES_MAX + 1];
    memset(text, ' ', sizeof text);
    text[0] = '5';
    assert_ok(read_bytes(text, CONFIG_FILE_BYTES_MAX));
    refuse_bytes(text, CONFIG_FILE_BYTES_MAX + 1, 1, "file is larger than 256 KiB");
}

TEST(every_cut_of_a_document_is_refused) {
    (void)state;
    const char *text = "{\"a\":[1,\"\\u00e9\",{\"b\":true}],\"c\":-1.5e3}";
    for (size_t i = 0; i < strlen(text); i++)
        assert_int_equal(read_bytes(text, i), STATUS_MALFORMED);
    assert_ok(read_bytes(text, strlen(text)));
}

TEST(skipping_ends_where_the_value_ends) {
    (void)state;
    const char *text = "{\"a\":[[{\"x\":1}],2],\"b\":3}";
    struct config_token token;
    config_json_begin(&json, text, strlen(text));
    for (int i = 0; i < 3; i++) assert_ok(config_json_next(&json, &token));
    assert_int_equal(token.kind, CONFIG_TOKEN_ARRAY_OPEN);
    assert_ok(config_json_skip(&json));
    assert_ok(config_json_next(&json, &token));
    assert_int_equal(token.kind, CONFIG_TOKEN_KEY);
    assert_string_equal(token.text, "b");
}
