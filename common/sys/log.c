/* Composes a line on the stack and writes it with one call. The settings are the program's, atomic;
 * any thread may log. A line that the descriptor does not take is counted, never waited for twice.
 */
#include "common/sys/log.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "common/sys/clock.h"

static atomic_int settings_format = LOG_FORMAT_JSON;
static atomic_int settings_least = LOG_LEVEL_INFO;
static atomic_int settings_fd = STDERR_FILENO;
static atomic_uint_fast64_t lost;

static struct log_field field(const char *key, enum log_kind kind) {
    return (struct log_field){.kind = kind, .key = key, .suffix = ""};
}

struct log_field log_bytes(const char *key, const char *bytes, size_t length) {
    struct log_field made = field(key, LOG_KIND_STRING);
    made.value.string = bytes;
    made.length = length;
    return made;
}

struct log_field log_string(const char *key, const char *string) {
    return log_bytes(key, string, string == NULL ? 0 : strnlen(string, LOG_FIELD_BYTES_MAX + 1));
}

struct log_field log_integer(const char *key, int64_t number) {
    struct log_field made = field(key, LOG_KIND_INTEGER);
    made.value.integer = number;
    return made;
}

struct log_field log_unsigned(const char *key, uint64_t number) {
    struct log_field made = field(key, LOG_KIND_UNSIGNED);
    made.value.number_unsigned = number;
    return made;
}

struct log_field log_number(const char *key, double number) {
    struct log_field made = field(key, LOG_KIND_NUMBER);
    made.value.number = number;
    return made;
}

struct log_field log_boolean(const char *key, bool boolean) {
    struct log_field made = field(key, LOG_KIND_BOOLEAN);
    made.value.boolean = boolean;
    return made;
}

struct log_field log_duration(const char *key, struct duration span) {
    struct log_field made = log_integer(key, span.ms);
    made.suffix = "_ms";
    return made;
}

struct log_field log_status(const char *key, enum status status) {
    return log_string(key, status_name(status));
}

struct log_field log_errno(const char *key, int error) {
    return log_string(key, strerror(error)); /* no locale is ever set: glibc's own constant text */
}

void log_configure(enum log_format format, enum log_level least) {
    atomic_store(&settings_format, (int)format);
    atomic_store(&settings_least, (int)least);
}

void log_set_descriptor(int fd) { atomic_store(&settings_fd, fd); }

bool log_wants(enum log_level level) { return (int)level >= atomic_load(&settings_least); }

uint64_t log_lost(void) { return atomic_load(&lost); }

void log_write(enum log_level level, const char *event, const struct log_field *fields) {
    if (!log_wants(level)) return;
    int saved = errno; /* callers log between a failed call and their look at errno */
    char line[LOG_LINE_BYTES_MAX];
    size_t length = log_compose(line, (enum log_format)atomic_load(&settings_format),
                                sys_now().wall, level, event, fields);
    ssize_t put;
    do put = write(atomic_load(&settings_fd), line, length);
    while (put < 0 && errno == EINTR);
    if (put != (ssize_t)length) atomic_fetch_add(&lost, 1);
    errno = saved;
}
