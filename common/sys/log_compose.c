/* Turns an event into one line of JSON or of key=value. Pure but for its place in sys; any thread.
 *
 * A line never exceeds LOG_LINE_BYTES_MAX: each field is tried on the room that is left, and the
 * first that does not fit ends the list with "truncated". */
#include <string.h>

#include "common/base/json_write.h"
#include "common/base/text.h"
#include "common/sys/log.h"

#define END_ROOM      32 /* for `,"truncated":true}` or ` truncated=true` and the newline */
#define KEY_BYTES_MAX 64
/* A cut value and its mark, before escaping. */
#define VALUE_SIZE (LOG_FIELD_BYTES_MAX + 8)

static const char *const level_names[] = {"debug", "info", "warning", "error"};

const char *log_level_name(enum log_level level) { return level_names[level]; }

/* The value cut to LOG_FIELD_BYTES_MAX, at the start of an UTF-8 character, marked with "...". */
static size_t cut(const char *bytes, size_t length, char value[static VALUE_SIZE]) {
    if (length <= LOG_FIELD_BYTES_MAX) {
        if (length > 0) memcpy(value, bytes, length);
        return length;
    }
    size_t keep = LOG_FIELD_BYTES_MAX;
    while (keep > LOG_FIELD_BYTES_MAX - 4 && ((unsigned char)bytes[keep] & 0xc0) == 0x80) keep--;
    memcpy(value, bytes, keep);
    memcpy(value + keep, "...", 3);
    return keep + 3;
}

static void put_value(struct json_writer *json, const char *key, const struct log_field *field) {
    char value[VALUE_SIZE];
    switch (field->kind) {
    case LOG_KIND_END: break;
    case LOG_KIND_STRING:
        if (field->value.string == NULL)
            json_null(json, key);
        else
            json_string_bytes(json, key, value, cut(field->value.string, field->length, value));
        break;
    case LOG_KIND_INTEGER: json_integer(json, key, field->value.integer); break;
    case LOG_KIND_UNSIGNED: {
        struct text digits = text_over(value, sizeof value);
        text_add_unsigned(&digits, field->value.number_unsigned);
        json_raw(json, key, value);
        break;
    }
    case LOG_KIND_NUMBER: json_fixed(json, key, field->value.number, 6); break;
    case LOG_KIND_BOOLEAN: json_bool(json, key, field->value.boolean); break;
    }
}

static void put_key(char key[static KEY_BYTES_MAX], const struct log_field *field) {
    struct text text = text_over(key, KEY_BYTES_MAX);
    text_add(&text, field->key);
    text_add(&text, field->suffix);
}

/* Letters, digits and a few signs need no quotes in key=value. */
static bool is_plain(const char *value, size_t length) {
    for (size_t i = 0; i < length; i++) {
        char c = value[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!word && strchr("._-+/:@%", c) == NULL) return false;
    }
    return length > 0;
}

/* ` key=value`: a value is written as in JSON, its quotes left off where nothing needs them. */
static void put_pair(struct text *line, const char *key, const struct log_field *field) {
    if (line->length > 0) text_add(line, " ");
    text_add(line, key);
    text_add(line, "=");
    size_t start = line->length;
    struct json_writer json = json_writer_over(line);
    put_value(&json, NULL, field);
    size_t length = line->length - start;
    bool quoted = field->kind == LOG_KIND_STRING && length >= 2 && line->data[start] == '"';
    if (line->truncated || !quoted || !is_plain(line->data + start + 1, length - 2)) return;
    memmove(line->data + start, line->data + start + 1, length - 2);
    line->length -= 2;
    line->data[line->length] = '\0';
}

/* Adds one field, or leaves the line as it was and says no. */
static bool put_field(struct json_writer *json, enum log_format format,
                      const struct log_field *field) {
    struct text *line = json->text;
    size_t before = line->length;
    char key[KEY_BYTES_MAX];
    put_key(key, field);
    if (format == LOG_FORMAT_JSON)
        put_value(json, key, field);
    else
        put_pair(line, key, field);
    if (!line->truncated) return true;
    line->length = before;
    line->data[before] = '\0';
    line->truncated = false;
    return false;
}

size_t log_compose(char *line, enum log_format format, struct wall_time at, enum log_level level,
                   const char *event, const struct log_field *fields) {
    char time[CLOCK_RFC3339_SIZE];
    struct text text = text_over(line, LOG_LINE_BYTES_MAX - END_ROOM);
    struct json_writer json = json_writer_over(&text);
    const struct log_field head[] = {log_string("time", wall_format_ms(at, time)),
                                     log_string("level", log_level_name(level)),
                                     log_string("event", event)};
    if (format == LOG_FORMAT_JSON) json_open_object(&json, NULL);
    bool whole = true;
    for (size_t i = 0; i < ARRAY_LENGTH(head); i++)
        whole = put_field(&json, format, &head[i]) && whole;
    size_t count = 0;
    while (whole && fields[count].kind != LOG_KIND_END) {
        whole = count < LOG_FIELDS_MAX && put_field(&json, format, &fields[count]);
        count++;
    }
    text.capacity = LOG_LINE_BYTES_MAX;
    if (format == LOG_FORMAT_JSON) {
        if (!whole) json_bool(&json, "truncated", true);
        json_close_object(&json);
    } else if (!whole) {
        text_add(&text, " truncated=true");
    }
    text_add(&text, "\n");
    ASSERT(!text.truncated);
    return text.length;
}
