/* Reads metric files: bytes through zlib (which passes plain files on), lines, fields. A source
 * belongs to the one thread that opened it. */
#include "aggregator/replay/source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "common/base/text.h"

#define BUFFER_BYTES 65536
#define FIELDS       4

static const char header[] = "instance_id,timestamp,metric,value";

struct source {
    const char *path; /* the caller's */
    gzFile file;
    uint64_t line;
    struct wall_time newest;
    struct source_memory memory;
    size_t from, to; /* unread bytes of the buffer */
    bool ended;
    char buffer[BUFFER_BYTES];
};

struct field {
    const char *at;
    size_t length;
};

static enum status fail(enum status status, const char *what, char problem[SOURCE_PROBLEM_SIZE]) {
    struct text text = text_over(problem, SOURCE_PROBLEM_SIZE);
    text_add(&text, what);
    return status;
}

static enum status split(const char *line, size_t length, struct field fields[FIELDS]) {
    size_t count = 0, from = 0;
    for (size_t i = 0; i <= length; i++) {
        if (i < length && line[i] != ',') continue;
        if (count == FIELDS) return STATUS_MALFORMED;
        fields[count++] = (struct field){line + from, i - from};
        from = i + 1;
    }
    return count == FIELDS ? STATUS_OK : STATUS_MALFORMED;
}

/* Lines of one moment follow each other: the same text is the same time. */
static enum status parse_time(struct field field, struct source_memory *memory) {
    if (field.length == 0 || field.length >= sizeof memory->time_text) return STATUS_MALFORMED;
    if (strlen(memory->time_text) == field.length &&
        memcmp(memory->time_text, field.at, field.length) == 0)
        return STATUS_OK;
    struct wall_time at;
    enum status status = wall_parse(field.at, field.length, &at);
    if (status != STATUS_OK) return status;
    if (at.ms < 0) return STATUS_OUT_OF_RANGE;
    memset(memory->time_text, 0, sizeof memory->time_text);
    memcpy(memory->time_text, field.at, field.length);
    memory->time = at;
    return STATUS_OK;
}

static enum status parse_metric(struct field field, struct source_line *out) {
    if (field.length == 0 || field.length >= sizeof out->name) return STATUS_MALFORMED;
    for (size_t i = 0; i < field.length; i++) {
        char c = field.at[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!word && c != '_' && c != '.' && c != '-') return STATUS_MALFORMED;
    }
    memset(out->name, 0, sizeof out->name);
    memcpy(out->name, field.at, field.length);
    out->known = metric_find(field.at, field.length, &out->metric) == STATUS_OK;
    return STATUS_OK;
}

static enum status parse_value(struct field field, float *value_out) {
    double value;
    enum status status = text_parse_double(field.at, field.length, &value);
    if (status != STATUS_OK) return status;
    if (value > 3e38 || value < -3e38) return STATUS_OUT_OF_RANGE; /* no float */
    *value_out = (float)value;
    return STATUS_OK;
}

enum status source_parse(const char *line, size_t length, struct source_memory *memory,
                         struct source_line *line_out, char problem_out[SOURCE_PROBLEM_SIZE]) {
    struct field fields[FIELDS];
    if (split(line, length, fields) != STATUS_OK)
        return fail(STATUS_MALFORMED, "wanted 4 fields: instance_id,timestamp,metric,value",
                    problem_out);
    enum status status = instance_id_parse(fields[0].at, fields[0].length, &line_out->instance);
    if (status != STATUS_OK) return fail(status, "instance_id is not an instance id", problem_out);
    status = parse_time(fields[1], memory);
    if (status != STATUS_OK) return fail(status, "timestamp is not an RFC 3339 time", problem_out);
    status = parse_metric(fields[2], line_out);
    if (status != STATUS_OK) return fail(status, "metric is not a metric's name", problem_out);
    status = parse_value(fields[3], &line_out->value);
    if (status != STATUS_OK) return fail(status, "value is not a finite number", problem_out);
    line_out->at = memory->time;
    return STATUS_OK;
}

/* Moves the unread bytes to the front and reads more behind them. */
static enum status refill(struct source *source, char problem[SOURCE_PROBLEM_SIZE]) {
    memmove(source->buffer, source->buffer + source->from, source->to - source->from);
    source->to -= source->from;
    source->from = 0;
    int got = gzread(source->file, source->buffer + source->to,
                     (unsigned)(sizeof source->buffer - source->to));
    int code = Z_OK;
    const char *message = gzerror(source->file, &code);
    if (got < 0 || (code != Z_OK && code != Z_STREAM_END)) {
        const char *why = code == Z_ERRNO ? strerror(errno) : message;
        return fail(code == Z_ERRNO ? STATUS_IO : STATUS_CORRUPT, why, problem);
    }
    source->to += (size_t)got;
    source->ended = got == 0;
    return STATUS_OK;
}

/* The next line without its end. STATUS_NOT_FOUND at the end. */
static enum status next_line(struct source *source, const char **line_out, size_t *length_out,
                             char problem[SOURCE_PROBLEM_SIZE]) {
    size_t scanned = 0;
    for (;;) {
        size_t waiting = source->to - source->from;
        const char *start = source->buffer + source->from;
        const char *end =
            waiting > scanned ? memchr(start + scanned, '\n', waiting - scanned) : NULL;
        if (!end && source->ended && waiting == 0) return STATUS_NOT_FOUND;
        if (end || source->ended) {
            size_t length = end ? (size_t)(end - start) : waiting;
            source->from += length + (end ? 1 : 0);
            source->line++;
            if (length > 0 && start[length - 1] == '\r') length--;
            if (length > SOURCE_LINE_MAX) return fail(STATUS_TOO_LARGE, "line too long", problem);
            *line_out = start;
            *length_out = length;
            return STATUS_OK;
        }
        scanned = waiting;
        if (waiting > SOURCE_LINE_MAX + 1) {
            source->line++;
            return fail(STATUS_TOO_LARGE, "line too long", problem);
        }
        enum status status = refill(source, problem);
        if (status != STATUS_OK) {
            source->line++;
            return status;
        }
    }
}

static enum status read_header(struct source *source, char problem[SOURCE_PROBLEM_SIZE]) {
    const char *line = NULL;
    size_t length = 0;
    enum status status = next_line(source, &line, &length, problem);
    if (status == STATUS_NOT_FOUND) {
        source->line = 1;
        return fail(STATUS_MALFORMED, "empty: wanted the header instance_id,timestamp,metric,value",
                    problem);
    }
    if (status != STATUS_OK) return status;
    if (length == sizeof header - 1 && memcmp(line, header, length) == 0) return STATUS_OK;
    return fail(STATUS_MALFORMED, "wanted the header instance_id,timestamp,metric,value", problem);
}

enum status source_open(const char *path, struct source **source_out,
                        char problem_out[SOURCE_PROBLEM_SIZE]) {
    struct source *source = calloc(1, sizeof *source);
    if (!source) return fail(STATUS_NO_MEMORY, status_text(STATUS_NO_MEMORY), problem_out);
    source->path = path;
    errno = 0;
    source->file = gzopen(path, "rb");
    if (!source->file) {
        enum status status = errno == ENOENT ? STATUS_NOT_FOUND : STATUS_IO;
        (void)fail(status, errno ? strerror(errno) : "out of memory", problem_out);
        free(source);
        return status;
    }
    *source_out = source;
    return read_header(source, problem_out);
}

void source_close(struct source *source) {
    if (!source) return;
    (void)gzclose(source->file); /* read only: nothing can be lost */
    free(source);
}

enum status source_next(struct source *source, struct source_line *line_out,
                        char problem_out[SOURCE_PROBLEM_SIZE]) {
    const char *line = NULL;
    size_t length = 0;
    enum status status = next_line(source, &line, &length, problem_out);
    if (status != STATUS_OK) return status;
    status = source_parse(line, length, &source->memory, line_out, problem_out);
    if (status != STATUS_OK) return status;
    if (line_out->at.ms < source->newest.ms)
        return fail(STATUS_MALFORMED, "timestamp runs back: a file must be ordered by time",
                    problem_out);
    source->newest = line_out->at;
    return STATUS_OK;
}

uint64_t source_line_number(const struct source *source) { return source->line; }

const char *source_path(const struct source *source) { return source->path; }
