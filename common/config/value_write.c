/* Describes, writes and compares the typed fields of a configuration. Pure. */
#include <string.h>

#include "common/config/findings.h"
#include "common/config/value.h"

#define FRACTION_DIGITS 6 /* of printed numbers; every default and bound fits */

static const void *field_in(const struct config_option *option, const void *base) {
    return (const char *)base + option->offset;
}

static void add_number(struct text *out, double number) {
    char digits[48];
    struct text fixed = text_over(digits, sizeof digits);
    text_add_fixed(&fixed, number, FRACTION_DIGITS);
    while (digits[fixed.length - 1] == '0') fixed.length--; /* "0.800000" is 0.8 */
    if (digits[fixed.length - 1] == '.') fixed.length--;
    text_add_bytes(out, digits, fixed.length);
}

static const struct {
    const char *name;
    int64_t ms;
} units[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};

void config_duration_write(struct duration span, struct text *out) {
    size_t i = 0;
    while (i + 1 < ARRAY_LENGTH(units) && (span.ms == 0 || span.ms % units[i].ms != 0)) i++;
    if (span.ms == 0) i = 3; /* "0s" */
    text_add_integer(out, span.ms / units[i].ms);
    text_add(out, units[i].name);
}

static void add_range(const struct config_option *option, const char *what, struct text *out) {
    text_add(out, what);
    text_add(out, " from ");
    bool duration = option->type == CONFIG_DURATION;
    for (int i = 0; i < 2; i++) {
        double bound = i == 0 ? option->minimum : option->maximum;
        if (duration)
            config_duration_write(duration_ms((int64_t)bound), out);
        else
            add_number(out, bound);
        if (i == 0) text_add(out, " to ");
    }
    if (option->unit == NULL || option->unit[0] == '\0') return;
    text_add(out, " ");
    text_add(out, option->unit);
}

static void add_lengths(const struct config_option *option, const char *what, struct text *out) {
    text_add(out, what);
    text_add(out, option->minimum > 0 ? " of 1 to " : " of at most ");
    add_number(out, option->maximum);
    text_add(out, " bytes without control characters");
}

static void add_words(const struct config_option *option, const char *what, struct text *out) {
    text_add(out, what);
    for (size_t i = 0; option->words[i] != NULL; i++) {
        text_add(out, i == 0 ? " " : ", ");
        config_quote(out, option->words[i], strlen(option->words[i]));
    }
}

static void add_text_allowed(const struct config_option *option, const char *what,
                             struct text *out) {
    /* The check describes itself when it refuses; no check lets this pass. */
    const char *wanted = option->check == NULL ? NULL : option->check("\x01");
    if (wanted != NULL)
        text_add(out, wanted);
    else
        add_lengths(option, what, out);
}

void config_value_allowed(const struct config_option *option, struct text *out) {
    switch (option->type) {
    case CONFIG_BOOLEAN: text_add(out, "true or false"); return;
    case CONFIG_INTEGER: add_range(option, "a whole number", out); return;
    case CONFIG_NUMBER: add_range(option, "a number", out); return;
    case CONFIG_PERCENT: add_range(option, "a percentage", out); return;
    case CONFIG_DURATION: add_range(option, "a duration", out); return;
    case CONFIG_STRING: add_text_allowed(option, "a string", out); return;
    case CONFIG_PATH: add_lengths(option, "an absolute path", out); return;
    case CONFIG_ENUM: add_words(option, "one of", out); return;
    case CONFIG_SET: add_words(option, "a list, each at most once, of", out); return;
    case CONFIG_STRINGS:
    case CONFIG_OBJECTS:
        text_add(out, "a list of at most ");
        add_number(out, option->maximum);
        text_add(out, option->type == CONFIG_OBJECTS ? " objects" : " different strings");
        if (option->type == CONFIG_OBJECTS) return;
        text_add(out, ", each ");
        if (option->check != NULL)
            text_add(out, option->check("\x01"));
        else
            text_add(out, "1 to 127 bytes without control characters");
        return;
    }
}

void config_value_found(const struct config_option *option, const struct config_value *value,
                        struct text *out) {
    if (option != NULL && option->secret && value->kind != CONFIG_VALUE_OTHER) {
        text_add(out, "a value (secret, not shown)");
        return;
    }
    switch (value->kind) {
    case CONFIG_VALUE_STRING:
    case CONFIG_VALUE_WORD: config_quote(out, value->text, value->length); return;
    case CONFIG_VALUE_NUMBER:
        if (value->length <= CONFIG_FINDING_VALUE_BYTES)
            text_add_bytes(out, value->text, value->length);
        else
            text_add(out, "a very long number");
        return;
    case CONFIG_VALUE_BOOLEAN:
    case CONFIG_VALUE_OTHER: text_add_bytes(out, value->text, value->length); return;
    }
}

static void write_number(double number, struct json_writer *json, const char *key) {
    char digits[48];
    struct text text = text_over(digits, sizeof digits);
    add_number(&text, number);
    json_raw(json, key, digits);
}

static void write_strings(const struct config_strings *list, struct json_writer *json,
                          const char *key) {
    json_open_array(json, key);
    for (size_t i = 0; i < list->count; i++) json_string(json, NULL, list->items[i]);
    json_close_array(json);
}

static void write_set(const struct config_option *option, unsigned set, struct json_writer *json,
                      const char *key) {
    json_open_array(json, key);
    for (size_t i = 0; option->words[i] != NULL; i++)
        if ((set & 1U << i) != 0) json_string(json, NULL, option->words[i]);
    json_close_array(json);
}

static size_t count_in(const struct config_option *option, const void *base) {
    size_t count;
    memcpy(&count, (const char *)base + option->count_offset, sizeof count);
    return count;
}

static const char *element_in(const struct config_option *option, const void *base, size_t index) {
    return (const char *)base + option->offset + index * option->element_size;
}

static void write_objects(const struct config_option *option, const void *base,
                          struct json_writer *json, const char *key) {
    json_open_array(json, key);
    for (size_t i = 0; i < count_in(option, base); i++) {
        json_open_object(json, NULL);
        for (size_t j = 0; j < option->element_count; j++)
            config_value_write(&option->element[j], element_in(option, base, i), json,
                               option->element[j].name);
        json_close_object(json);
    }
    json_close_array(json);
}

void config_value_write(const struct config_option *option, const void *base,
                        struct json_writer *json, const char *key) {
    const void *field = field_in(option, base);
    char digits[48];
    struct text text = text_over(digits, sizeof digits);
    switch (option->type) {
    case CONFIG_BOOLEAN: json_bool(json, key, *(const bool *)field); return;
    case CONFIG_INTEGER: json_integer(json, key, *(const int64_t *)field); return;
    case CONFIG_NUMBER:
    case CONFIG_PERCENT: write_number(*(const double *)field, json, key); return;
    case CONFIG_DURATION:
        config_duration_write(*(const struct duration *)field, &text);
        json_string(json, key, digits);
        return;
    case CONFIG_STRING:
    case CONFIG_PATH: json_string(json, key, field); return;
    case CONFIG_ENUM: json_string(json, key, option->words[*(const unsigned *)field]); return;
    case CONFIG_SET: write_set(option, *(const unsigned *)field, json, key); return;
    case CONFIG_STRINGS: write_strings(field, json, key); return;
    case CONFIG_OBJECTS: write_objects(option, base, json, key); return;
    }
}

static bool equal_objects(const struct config_option *option, const void *a, const void *b) {
    if (count_in(option, a) != count_in(option, b)) return false;
    for (size_t i = 0; i < count_in(option, a); i++)
        for (size_t j = 0; j < option->element_count; j++)
            if (!config_value_equal(&option->element[j], element_in(option, a, i),
                                    element_in(option, b, i)))
                return false;
    return true;
}

static bool equal_strings(const struct config_strings *a, const struct config_strings *b) {
    if (a->count != b->count) return false;
    for (size_t i = 0; i < a->count; i++)
        if (strcmp(a->items[i], b->items[i]) != 0) return false;
    return true;
}

bool config_value_equal(const struct config_option *option, const void *a, const void *b) {
    const void *one = field_in(option, a), *other = field_in(option, b);
    switch (option->type) {
    case CONFIG_BOOLEAN: return *(const bool *)one == *(const bool *)other;
    case CONFIG_INTEGER: return *(const int64_t *)one == *(const int64_t *)other;
    case CONFIG_NUMBER:
    case CONFIG_PERCENT: return memcmp(one, other, sizeof(double)) == 0;
    case CONFIG_DURATION:
        return ((const struct duration *)one)->ms == ((const struct duration *)other)->ms;
    case CONFIG_STRING:
    case CONFIG_PATH: return strcmp(one, other) == 0;
    case CONFIG_ENUM:
    case CONFIG_SET: return *(const unsigned *)one == *(const unsigned *)other;
    case CONFIG_STRINGS: return equal_strings(one, other);
    case CONFIG_OBJECTS: return equal_objects(option, a, b);
    }
    return false;
}
