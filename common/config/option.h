/* One row describes one option; a table of rows makes parser, check, printed configuration, manual
 * page and reload report. A program's table stands beside its typed struct (agent_options.h,
 * aggregator_options.h); common/config/config.h is what programs call. */
#ifndef EAR_COMMON_CONFIG_OPTION_H
#define EAR_COMMON_CONFIG_OPTION_H

#include "common/base/clock.h"

#define CONFIG_OPTIONS_MAX         192 /* rows of one table */
#define CONFIG_ELEMENT_OPTIONS_MAX 24  /* rows of one object in a list */
#define CONFIG_NAME_SIZE           64  /* of an option's full name, NUL included */

enum config_type {
    CONFIG_BOOLEAN,  /* bool */
    CONFIG_INTEGER,  /* int64_t */
    CONFIG_NUMBER,   /* double */
    CONFIG_PERCENT,  /* double, in percent */
    CONFIG_DURATION, /* struct duration; "250ms", "90s", "5m", "24h", "7d" or whole seconds */
    CONFIG_STRING,   /* char[size] */
    CONFIG_PATH,     /* char[size]; absolute, or "" where the minimum length is 0 */
    CONFIG_ENUM,     /* an enum, or unsigned: the place of the word in `words` */
    CONFIG_SET,      /* unsigned: bit n is the word n of `words`; a list in the file */
    CONFIG_STRINGS,  /* struct config_strings */
    CONFIG_OBJECTS,  /* array of structs with its own rows, and a size_t that counts them */
};

#define CONFIG_STRINGS_MAX       16
#define CONFIG_STRINGS_ITEM_SIZE 128

/* A list of strings as a field. */
struct config_strings {
    size_t count;
    char items[CONFIG_STRINGS_MAX][CONFIG_STRINGS_ITEM_SIZE];
};

struct config_option {
    const char *name; /* as in the file; dots stand for nested objects */
    enum config_type type;
    size_t offset; /* of the field in the struct (of the element's struct for rows of an element) */
    size_t size;   /* bytes of the field */
    /* Written as in the environment; NULL means that the option must be given (elements only). */
    const char *initial;
    /* INTEGER, NUMBER, PERCENT: bounds of the value. DURATION: milliseconds. STRING, PATH, STRINGS:
     * bytes of the (each) text. SET, OBJECTS: items. */
    double minimum, maximum;
    const char *unit; /* of INTEGER and NUMBER, for people; "" = none */
    bool reloadable;
    bool secret;              /* never printed; refused in a file that everybody may read */
    const char *environment;  /* variable of this name overrides the files; NULL = none */
    const char *const *words; /* ENUM, SET: ended by NULL */
    /* A further check of STRING, PATH and each of STRINGS: NULL when `text` is right, else what is
     * allowed ("an https address"). NULL = none. */
    const char *(*check)(const char *text);
    /* OBJECTS */
    const struct config_option *element;
    size_t element_count, element_size;
    size_t count_offset; /* of the size_t */
    const char *help;    /* whole sentences, for the manual page */
};

struct config_load; /* config.h */

struct config_table {
    const char *program; /* "ear-agent" */
    const struct config_option *options;
    size_t option_count;
    size_t struct_size;
    /* Checks between options, and fills what follows from others; reports with config_fault(). */
    void (*finish)(void *target, struct config_load *load);
};

/* The row of that name, or NULL. */
const struct config_option *config_find(const struct config_option *options, size_t count,
                                        const char *name);
/* Whether some row's name starts with `name` and a dot. */
bool config_is_group(const struct config_option *options, size_t count, const char *name);
/* The name nearest to `name` (common/base/nearest.h), or NULL when none is near. Also for other
 * words than options. */
const char *config_nearest(const struct config_option *options, size_t count, const char *name);

/* Row builders. `S` is the struct, `field` its member; the type of the field is checked. */
#define CONFIG_FIELD_(S, field, wanted)                                                            \
    .offset = offsetof(S, field) + 0 * sizeof(_Generic(((S *)0)->field, wanted : 0)),              \
    .size = sizeof(((S *)0)->field)
#define CONFIG_BOOLEAN_(S, field)  .type = CONFIG_BOOLEAN, CONFIG_FIELD_(S, field, bool)
#define CONFIG_INTEGER_(S, field)  .type = CONFIG_INTEGER, CONFIG_FIELD_(S, field, int64_t)
#define CONFIG_NUMBER_(S, field)   .type = CONFIG_NUMBER, CONFIG_FIELD_(S, field, double)
#define CONFIG_PERCENT_(S, field)  .type = CONFIG_PERCENT, CONFIG_FIELD_(S, field, double)
#define CONFIG_DURATION_(S, field) .type = CONFIG_DURATION, CONFIG_FIELD_(S, field, struct duration)
#define CONFIG_STRING_(S, field)   .type = CONFIG_STRING, CONFIG_FIELD_(S, field, char *)
#define CONFIG_PATH_(S, field)     .type = CONFIG_PATH, CONFIG_FIELD_(S, field, char *)
#define CONFIG_ENUM_(S, field)     .type = CONFIG_ENUM, CONFIG_FIELD_(S, field, unsigned)
#define CONFIG_SET_(S, field)      .type = CONFIG_SET, CONFIG_FIELD_(S, field, unsigned)
#define CONFIG_STRINGS_(S, field)                                                                  \
    .type = CONFIG_STRINGS, CONFIG_FIELD_(S, field, struct config_strings)
#define CONFIG_OBJECTS_(S, field, count_field, rows)                                               \
    .type = CONFIG_OBJECTS, .offset = offsetof(S, field), .size = sizeof(((S *)0)->field),         \
    .element = (rows), .element_count = ARRAY_LENGTH(rows),                                        \
    .element_size = sizeof(((S *)0)->field[0]),                                                    \
    .count_offset =                                                                                \
        offsetof(S, count_field) + 0 * sizeof(_Generic(((S *)0)->count_field, size_t : 0))

#endif
