/* Short forms for writing a table; for the .c files that hold one. `S` names the struct. */
#ifndef EAR_COMMON_CONFIG_ROWS_H
#define EAR_COMMON_CONFIG_ROWS_H

#include "common/config/option.h"

#define MILLISECOND 1.0
#define SECOND      1000.0
#define MINUTE      (60.0 * SECOND)
#define HOUR        (60.0 * MINUTE)
#define DAY         (24.0 * HOUR)

/* The trailing arguments are further members: .help (always), .reloadable, .environment, ... */
#define BOOLEAN(field, initial_, ...)                                                              \
    { .name = #field, CONFIG_BOOLEAN_(S, field), .initial = (initial_), __VA_ARGS__ }
#define RANGED_(kind, field, initial_, low, high, ...)                                             \
    {                                                                                              \
        .name = #field, CONFIG_##kind##_(S, field), .initial = (initial_), .minimum = (low),       \
        .maximum = (high), __VA_ARGS__                                                             \
    }
#define INTEGER(...)  RANGED_(INTEGER, __VA_ARGS__)
#define NUMBER(...)   RANGED_(NUMBER, __VA_ARGS__)
#define PERCENT(...)  RANGED_(PERCENT, __VA_ARGS__)
#define DURATION(...) RANGED_(DURATION, __VA_ARGS__)
/* `least` bytes to what the field holds. */
#define STRING(field, initial_, least, ...)                                                        \
    RANGED_(STRING, field, initial_, least, (double)(sizeof(((S *)0)->field) - 1), __VA_ARGS__)
#define PATH(field, initial_, least, ...)                                                          \
    RANGED_(PATH, field, initial_, least, (double)(sizeof(((S *)0)->field) - 1), __VA_ARGS__)
#define ENUM(field, initial_, words_, ...)                                                         \
    {                                                                                              \
        .name = #field, CONFIG_ENUM_(S, field), .initial = (initial_), .words = (words_),          \
        __VA_ARGS__                                                                                \
    }
#define SET(field, initial_, words_, ...)                                                          \
    { .name = #field, CONFIG_SET_(S, field), .initial = (initial_), .words = (words_), __VA_ARGS__ }
#define STRINGS(field, initial_, ...)                                                              \
    RANGED_(STRINGS, field, initial_, 0, CONFIG_STRINGS_MAX, __VA_ARGS__)
#define OBJECTS(field, count_field, rows, most, ...)                                               \
    { .name = #field, CONFIG_OBJECTS_(S, field, count_field, rows), .maximum = (most), __VA_ARGS__ }

#endif
