/* One value: from text or a token into the typed field, and back into text. */
#ifndef EAR_COMMON_CONFIG_VALUE_H
#define EAR_COMMON_CONFIG_VALUE_H

#include "common/base/json_write.h"
#include "common/config/option.h"

enum config_value_kind {
    CONFIG_VALUE_STRING,  /* a string of a file */
    CONFIG_VALUE_NUMBER,  /* a number of a file, as written */
    CONFIG_VALUE_BOOLEAN, /* true or false of a file */
    CONFIG_VALUE_OTHER,   /* null, an object, a list: `text` says which; fits no scalar */
    CONFIG_VALUE_WORD,    /* a default, a variable, a credential: may be a number, a word, a list */
};

struct config_value {
    enum config_value_kind kind;
    const char *text; /* borrowed for the call; `length` bytes without NUL */
    size_t length;
};

/* Puts a value into the field of `option` in the struct (or element) at `base`. A WORD may also be
 * a SET or STRINGS, its items parted by commas ("" = none). False when it does not fit the row; the
 * field is then as before. OBJECTS is never set here. */
bool config_value_set(const struct config_option *option, void *base,
                      const struct config_value *value);
/* The same for one item of a SET or STRINGS, appended; false too when it is there already. */
bool config_value_append(const struct config_option *option, void *base,
                         const struct config_value *value);
/* Empties a SET or STRINGS. */
void config_value_clear(const struct config_option *option, void *base);

/* "a duration from 1s to 1h": what the row allows. */
void config_value_allowed(const struct config_option *option, struct text *out);
/* `"250ms"`: what was found, or, for a secret row, only that it is secret. */
void config_value_found(const struct config_option *option, const struct config_value *value,
                        struct text *out);

/* Writes the field as JSON that the reader takes back. */
void config_value_write(const struct config_option *option, const void *base,
                        struct json_writer *json, const char *key);
/* Whether the field holds the same in both. */
bool config_value_equal(const struct config_option *option, const void *a, const void *b);

/* "250ms", "90s", "24h", "7d": the largest unit that keeps it whole. */
void config_duration_write(struct duration span, struct text *out);

#endif
