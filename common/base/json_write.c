/* JSON output over bounded text; pure. */
#include "common/base/json_write.h"

#include <math.h>
#include <string.h>

struct json_writer json_writer_over(struct text *text) {
    return (struct json_writer){text, false};
}

/* Length of the UTF-8 sequence at `bytes`, or 0 when it is not one (RFC 3629 table 3-7). */
static size_t utf8_length(const uint8_t *bytes, size_t length) {
    uint8_t first = bytes[0];
    size_t wanted = first < 0x80                    ? 1
                    : first >= 0xc2 && first < 0xe0 ? 2
                    : (first & 0xf0) == 0xe0        ? 3
                    : first >= 0xf0 && first < 0xf5 ? 4
                                                    : 0;
    if (wanted == 0 || wanted > length) return 0;
    for (size_t i = 1; i < wanted; i++)
        if ((bytes[i] & 0xc0) != 0x80) return 0;
    bool overlong = (first == 0xe0 && bytes[1] < 0xa0) || (first == 0xf0 && bytes[1] < 0x90);
    bool surrogate = first == 0xed && bytes[1] >= 0xa0;
    bool beyond = first == 0xf4 && bytes[1] >= 0x90;
    return overlong || surrogate || beyond ? 0 : wanted;
}

static void add_escaped(struct text *text, uint8_t character) {
    static const char digits[] = "0123456789abcdef";
    switch (character) {
    case '"': text_add(text, "\\\""); return;
    case '\\': text_add(text, "\\\\"); return;
    case '\n': text_add(text, "\\n"); return;
    case '\r': text_add(text, "\\r"); return;
    case '\t': text_add(text, "\\t"); return;
    default: break;
    }
    text_add(text, "\\u00");
    text_add_character(text, digits[character >> 4]);
    text_add_character(text, digits[character & 15]);
}

static void add_quoted(struct text *text, const char *value, size_t length) {
    const uint8_t *bytes = (const uint8_t *)value;
    text_add_character(text, '"');
    for (size_t i = 0; i < length;) {
        size_t sequence = utf8_length(bytes + i, length - i);
        if (sequence == 0) {
            text_add(text, "\xef\xbf\xbd");
            i++;
        } else if (sequence == 1 &&
                   (bytes[i] < 0x20 || bytes[i] == 0x7f || bytes[i] == '"' || bytes[i] == '\\')) {
            add_escaped(text, bytes[i++]);
        } else {
            text_add_bytes(text, value + i, sequence);
            i += sequence;
        }
    }
    text_add_character(text, '"');
}

/* What stands before each value: the comma and, inside an object, its key. */
static void begin(struct json_writer *json, const char *key) {
    if (json->need_comma) text_add_character(json->text, ',');
    json->need_comma = true;
    if (key == NULL) return;
    add_quoted(json->text, key, strlen(key));
    text_add_character(json->text, ':');
}

static void open(struct json_writer *json, const char *key, char bracket) {
    begin(json, key);
    text_add_character(json->text, bracket);
    json->need_comma = false;
}

static void close(struct json_writer *json, char bracket) {
    text_add_character(json->text, bracket);
    json->need_comma = true;
}

void json_open_object(struct json_writer *json, const char *key) { open(json, key, '{'); }
void json_close_object(struct json_writer *json) { close(json, '}'); }
void json_open_array(struct json_writer *json, const char *key) { open(json, key, '['); }
void json_close_array(struct json_writer *json) { close(json, ']'); }

void json_string_bytes(struct json_writer *json, const char *key, const char *value,
                       size_t length) {
    begin(json, key);
    add_quoted(json->text, value, length);
}

void json_string(struct json_writer *json, const char *key, const char *value) {
    if (value == NULL)
        json_null(json, key);
    else
        json_string_bytes(json, key, value, strlen(value));
}

void json_integer(struct json_writer *json, const char *key, int64_t value) {
    begin(json, key);
    text_add_integer(json->text, value);
}

void json_fixed(struct json_writer *json, const char *key, double value, unsigned decimals) {
    if (!isfinite(value)) {
        json_null(json, key);
        return;
    }
    begin(json, key);
    text_add_fixed(json->text, value, decimals);
}

void json_float(struct json_writer *json, const char *key, float value) {
    if (!isfinite(value)) {
        json_null(json, key);
        return;
    }
    begin(json, key);
    text_add_float(json->text, value);
}

void json_bool(struct json_writer *json, const char *key, bool value) {
    json_raw(json, key, value ? "true" : "false");
}

void json_null(struct json_writer *json, const char *key) { json_raw(json, key, "null"); }

void json_raw(struct json_writer *json, const char *key, const char *value) {
    begin(json, key);
    text_add(json->text, value);
}
