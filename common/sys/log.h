/* The program's log: one line for each change of state, on stderr, from any thread.
 *
 *     log_event(LOG_LEVEL_INFO, "link.connected", log_string("peer", name), log_duration("after",
 * d));
 *
 * gives one of
 *     {"time":"2026-03-03T08:12:00.123Z","level":"info","event":"link.connected","peer":"a","after_ms":9}
 *     time=2026-03-03T08:12:00.123Z level=info event=link.connected peer=a after_ms=9
 *
 * Values are data: there is no format string, control characters are escaped, long values are cut.
 */
#ifndef EAR_COMMON_SYS_LOG_H
#define EAR_COMMON_SYS_LOG_H

#include "common/base/clock.h"

#define LOG_FIELD_BYTES_MAX                                                                        \
    256 /* of one string value before escaping; more is cut and ends in "..." */
#define LOG_LINE_BYTES_MAX                                                                         \
    4096                  /* of one line, newline included: PIPE_BUF, so lines never interleave */
#define LOG_FIELDS_MAX 32 /* of one event; later ones are left out and "truncated" says so */

/* Not LOG_INFO and kin: those belong to <syslog.h>. */
enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };
enum log_format { LOG_FORMAT_JSON, LOG_FORMAT_TEXT };

enum log_kind {
    LOG_KIND_END, /* ends the list of log_event() */
    LOG_KIND_STRING,
    LOG_KIND_INTEGER,
    LOG_KIND_UNSIGNED,
    LOG_KIND_NUMBER,
    LOG_KIND_BOOLEAN,
};

/* Built by the functions below on the caller's stack; keys and strings are borrowed for the call.
 */
struct log_field {
    enum log_kind kind;
    const char *key;
    const char *suffix; /* appended to the key: the unit; "" = none */
    union {
        const char *string;
        int64_t integer;
        uint64_t number_unsigned;
        double number;
        bool boolean;
    } value;
    size_t length; /* bytes of `string` */
};

/* NULL is written as null. */
struct log_field log_string(const char *key, const char *string);
/* `length` bytes from outside; need not be UTF-8 or end in NUL. */
struct log_field log_bytes(const char *key, const char *bytes, size_t length);
struct log_field log_integer(const char *key, int64_t number);
struct log_field log_unsigned(const char *key, uint64_t number);
/* Written with six decimals at most. */
struct log_field log_number(const char *key, double number);
struct log_field log_boolean(const char *key, bool boolean);
/* Written in milliseconds, "_ms" added to the key. */
struct log_field log_duration(const char *key, struct duration span);
/* Written by name: "timeout". */
struct log_field log_status(const char *key, enum status status);
/* Written as the system's English text of an errno value; kept in static storage. */
struct log_field log_errno(const char *key, int error);

/* Until called: JSON, from info on, descriptor 2. Call before threads start, and again on a reload.
 */
void log_configure(enum log_format format, enum log_level least);
/* Where lines go, for tests; the caller keeps the descriptor open. */
void log_set_descriptor(int fd);
/* Whether a line of this level would be written: guards costly fields. */
bool log_wants(enum log_level level);
/* Lines lost since start because the descriptor did not take them (a full pipe, a closed journal).
 */
uint64_t log_lost(void);

/* level, "event.name", then fields. One write(2); never fails the caller. Any thread. */
#define log_event(level, ...) log_write((level), LOG_LIST(__VA_ARGS__, {.kind = LOG_KIND_END}))
#define LOG_LIST(event, ...)                                                                       \
    (event), (const struct log_field[]) { __VA_ARGS__ }
void log_write(enum log_level level, const char *event, const struct log_field *fields);

/* Puts the line that log_write would write, newline included, into `line[LOG_LINE_BYTES_MAX]`;
 * gives its length. For tests and for callers with their own sink. */
size_t log_compose(char *line, enum log_format format, struct wall_time at, enum log_level level,
                   const char *event, const struct log_field *fields);

/* "json", "text"; "debug", "info", "warning", "error". Static storage. */
const char *log_level_name(enum log_level level);

#endif
