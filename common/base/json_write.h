/* Writes JSON into bounded text: objects, arrays and escaped strings; commas are its own business.
 * A document that did not fit leaves `text->truncated` set, and the caller must not use it. */
#ifndef EAR_COMMON_BASE_JSON_WRITE_H
#define EAR_COMMON_BASE_JSON_WRITE_H

#include "common/base/text.h"

struct json_writer {
    struct text *text; /* borrowed for the life of the writer */
    bool need_comma;
};

struct json_writer json_writer_over(struct text *text);
/* `key` is NULL inside arrays and for the outermost value. */
void json_open_object(struct json_writer *json, const char *key);
void json_close_object(struct json_writer *json);
void json_open_array(struct json_writer *json, const char *key);
void json_close_array(struct json_writer *json);
/* Control characters, quotes and backslashes are escaped; bytes that are not UTF-8 become U+FFFD. A
 * NULL string is written as null. */
void json_string(struct json_writer *json, const char *key, const char *value);
void json_string_bytes(struct json_writer *json, const char *key, const char *value, size_t length);
void json_integer(struct json_writer *json, const char *key, int64_t value);
/* `decimals` 0..9 digits after the point; NaN and infinities as null. */
void json_fixed(struct json_writer *json, const char *key, double value, unsigned decimals);
void json_float(struct json_writer *json, const char *key, float value);
void json_bool(struct json_writer *json, const char *key, bool value);
void json_null(struct json_writer *json, const char *key);
/* `value` is a complete JSON value that the caller vouches for. */
void json_raw(struct json_writer *json, const char *key, const char *value);

#endif
