/* Sets the typed fields of a configuration from text. Pure; the struct is the caller's. */
#include "common/config/value.h"

#include <string.h>

#define CONFIG_TEXT_SIZE 4096 /* of the longest string option, NUL included */

static void *field_of(const struct config_option *option, void *base) {
    return (char *)base + option->offset;
}

static bool within(const struct config_option *option, double number) {
    return number >= option->minimum && number <= option->maximum;
}

static bool is_word(const struct config_value *value, const char *word) {
    size_t length = strlen(word);
    if (value->length != length) return false;
    for (size_t i = 0; i < length; i++) {
        char c = value->text[i];
        if (c >= 'A' && c <= 'Z') c = (char)(c - 'A' + 'a');
        if (c != word[i]) return false;
    }
    return true;
}

static bool set_boolean(void *field, const struct config_value *value) {
    static const char *const words[][4] = {{"false", "0", "no", "off"}, {"true", "1", "yes", "on"}};
    /* A file has true and false, and nothing else that means them. */
    size_t known = value->kind == CONFIG_VALUE_BOOLEAN ? 1 : 4;
    if (value->kind != CONFIG_VALUE_BOOLEAN && value->kind != CONFIG_VALUE_WORD) return false;
    for (size_t truth = 0; truth < 2; truth++)
        for (size_t i = 0; i < known; i++)
            if (is_word(value, words[truth][i])) {
                *(bool *)field = truth == 1;
                return true;
            }
    return false;
}

static bool is_numeric(const struct config_value *value) {
    return value->kind == CONFIG_VALUE_NUMBER || value->kind == CONFIG_VALUE_WORD;
}

static bool set_integer(const struct config_option *option, void *field,
                        const struct config_value *value) {
    int64_t number;
    if (!is_numeric(value) || text_parse_integer(value->text, value->length, &number) != STATUS_OK)
        return false;
    if (!within(option, (double)number)) return false;
    *(int64_t *)field = number;
    return true;
}

static bool set_number(const struct config_option *option, void *field,
                       const struct config_value *value) {
    double number;
    if (!is_numeric(value) || text_parse_double(value->text, value->length, &number) != STATUS_OK)
        return false;
    if (!within(option, number)) return false;
    *(double *)field = number;
    return true;
}

/* As a number; a text may end in "%". */
static bool set_percent(const struct config_option *option, void *field,
                        const struct config_value *value) {
    struct config_value number = *value;
    bool is_text = value->kind == CONFIG_VALUE_STRING || value->kind == CONFIG_VALUE_WORD;
    if (is_text && value->length > 0 && value->text[value->length - 1] == '%') {
        number.kind = CONFIG_VALUE_WORD;
        number.length--;
    }
    return set_number(option, field, &number);
}

static const struct {
    const char *name;
    int64_t ms;
} units[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};

/* The number and the unit; no unit means seconds, except in a string of a file. */
static bool parse_duration(const struct config_value *value, int64_t *ms_out) {
    size_t digits = 0;
    while (digits < value->length && value->text[digits] >= '0' && value->text[digits] <= '9')
        digits++;
    int64_t number;
    if (digits == 0 || text_parse_integer(value->text, digits, &number) != STATUS_OK) return false;
    struct config_value rest = {.text = value->text + digits, .length = value->length - digits};
    int64_t unit = rest.length == 0 && value->kind != CONFIG_VALUE_STRING ? 1000 : 0;
    for (size_t i = 0; i < ARRAY_LENGTH(units); i++)
        if (rest.length == strlen(units[i].name) &&
            memcmp(rest.text, units[i].name, rest.length) == 0)
            unit = units[i].ms;
    if (unit == 0 || number > INT64_MAX / unit) return false;
    *ms_out = number * unit;
    return true;
}

static bool set_duration(const struct config_option *option, void *field,
                         const struct config_value *value) {
    int64_t ms;
    if (!is_numeric(value) && value->kind != CONFIG_VALUE_STRING) return false;
    if (!parse_duration(value, &ms) || !within(option, (double)ms)) return false;
    *(struct duration *)field = duration_ms(ms);
    return true;
}

/* No control characters (a line of a log, a header, a unit name must not be forged), and UTF-8 is
 * the reader's business. */
static bool is_clean(const char *text, size_t length) {
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f) return false;
    return true;
}

/* Copies a text that fits the row's bounds and check; `size` bytes at `target`. */
static bool copy_checked(const struct config_option *option, char *target, size_t size,
                         const struct config_value *value, double minimum, double maximum) {
    char text[CONFIG_TEXT_SIZE];
    if (value->kind != CONFIG_VALUE_STRING && value->kind != CONFIG_VALUE_WORD) return false;
    if ((double)value->length < minimum || (double)value->length > maximum) return false;
    if (!is_clean(value->text, value->length) || value->length >= size) return false;
    if (text_copy_bytes(text, sizeof text, value->text, value->length) != STATUS_OK) return false;
    bool path = option->type == CONFIG_PATH;
    if (path && text[0] != '/' && text[0] != '\0') return false;
    if (option->check != NULL && text[0] != '\0' && option->check(text) != NULL) return false;
    /* Bytes behind the text are set too, so that equal configurations are equal bytes. */
    memset(target, 0, size);
    memcpy(target, text, value->length);
    return true;
}

/* The place of the word, or -1. */
static int find_word(const struct config_option *option, const struct config_value *value) {
    if (value->kind != CONFIG_VALUE_STRING && value->kind != CONFIG_VALUE_WORD) return -1;
    for (int i = 0; option->words[i] != NULL; i++)
        if (strlen(option->words[i]) == value->length &&
            memcmp(option->words[i], value->text, value->length) == 0)
            return i;
    return -1;
}

static bool set_enum(const struct config_option *option, void *field,
                     const struct config_value *value) {
    int word = find_word(option, value);
    if (word < 0) return false;
    *(unsigned *)field = (unsigned)word;
    return true;
}

void config_value_clear(const struct config_option *option, void *base) {
    memset(field_of(option, base), 0, option->size);
}

bool config_value_append(const struct config_option *option, void *base,
                         const struct config_value *value) {
    void *field = field_of(option, base);
    if (option->type == CONFIG_SET) {
        int word = find_word(option, value);
        if (word < 0 || (*(unsigned *)field & 1U << word) != 0) return false;
        *(unsigned *)field |= 1U << word;
        return true;
    }
    struct config_strings *list = field;
    if ((double)list->count >= option->maximum || list->count >= CONFIG_STRINGS_MAX) return false;
    if (!copy_checked(option, list->items[list->count], CONFIG_STRINGS_ITEM_SIZE, value, 1,
                      CONFIG_STRINGS_ITEM_SIZE - 1))
        return false;
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i], list->items[list->count]) == 0) return false;
    list->count++;
    return true;
}

/* "a,b": the blanks around an item do not count. */
static bool set_list(const struct config_option *option, void *base,
                     const struct config_value *value) {
    if (value->kind != CONFIG_VALUE_WORD) return false;
    config_value_clear(option, base);
    const char *at = value->text, *end = at + value->length;
    while (at < end) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        const char *stop = comma == NULL ? end : comma;
        const char *last = stop;
        while (at < last && *at == ' ') at++;
        while (last > at && last[-1] == ' ') last--;
        struct config_value item = {CONFIG_VALUE_WORD, at, (size_t)(last - at)};
        if (!config_value_append(option, base, &item)) return false;
        at = comma == NULL ? end : comma + 1;
        if (comma != NULL && at == end) return false; /* "a," */
    }
    return true;
}

bool config_value_set(const struct config_option *option, void *base,
                      const struct config_value *value) {
    void *field = field_of(option, base);
    switch (option->type) {
    case CONFIG_BOOLEAN: return set_boolean(field, value);
    case CONFIG_INTEGER: return set_integer(option, field, value);
    case CONFIG_NUMBER: return set_number(option, field, value);
    case CONFIG_PERCENT: return set_percent(option, field, value);
    case CONFIG_DURATION: return set_duration(option, field, value);
    case CONFIG_STRING:
    case CONFIG_PATH:
        return copy_checked(option, field, option->size, value, option->minimum, option->maximum);
    case CONFIG_ENUM: return set_enum(option, field, value);
    case CONFIG_SET:
    case CONFIG_STRINGS: return set_list(option, base, value);
    case CONFIG_OBJECTS: return false;
    }
    return false;
}
