/* Reading below proc_path and sys_path; the sampler's thread, no allocation. */
#include "agent/sample/source.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

_Static_assert(SOURCE_COUNT <= 32, "missing files are a 32-bit mask");

static const struct {
    enum source_root root;
    const char *path;
    const char *metrics;
} files[SOURCE_COUNT] = {
#define SOURCE_ROW(upper, root, path, metrics)                                                     \
    [SOURCE_##upper] = {SOURCE_ROOT_##root, path, metrics},
    SOURCE_TABLE(SOURCE_ROW)
#undef SOURCE_ROW
};

bool source_path(const struct source *source, enum source_root root, const char *path,
                 char target[static SOURCE_PATH_SIZE]) {
    const char *base = root == SOURCE_ROOT_PROC ? source->proc_path : source->sys_path;
    int length = snprintf(target, SOURCE_PATH_SIZE, "%s/%s", base, path);
    return length > 0 && length < SOURCE_PATH_SIZE;
}

/* Reads until the buffer is full or the file ends; -1 when not even one read went well. */
static ssize_t read_up_to(int fd, char *buffer, size_t capacity) {
    size_t length = 0;
    while (length < capacity) {
        ssize_t got = read(fd, buffer + length, capacity - length);
        if (got < 0) return length > 0 ? (ssize_t)length : -1;
        if (got == 0) break;
        length += (size_t)got;
    }
    return (ssize_t)length;
}

/* Drops what stands behind the last newline of a text that was cut. */
static size_t whole_lines(const char *text, size_t length) {
    while (length > 0 && text[length - 1] != '\n') length--;
    return length;
}

static bool read_file(struct source *source, const char *path, struct scan *text_out) {
    int fd CLEANUP(file_close) = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return false;
    ssize_t got = read_up_to(fd, source->text, SOURCE_TEXT_SIZE);
    if (got < 0) return false;
    size_t length = (size_t)got;
    if (length == SOURCE_TEXT_SIZE) length = whole_lines(source->text, length);
    *text_out = scan_over(source->text, length);
    return true;
}

bool source_read_path(struct source *source, enum source_root root, const char *path,
                      struct scan *text_out) {
    char full[SOURCE_PATH_SIZE];
    return source_path(source, root, path, full) && read_file(source, full, text_out);
}

void source_mark(struct source *source, enum source_file file, bool present) {
    uint32_t bit = UINT32_C(1) << file;
    if (present)
        source->missing &= ~bit;
    else
        source->missing |= bit;
}

bool source_read(struct source *source, enum source_file file, struct scan *text_out) {
    bool present = source_read_path(source, files[file].root, files[file].path, text_out);
    source_mark(source, file, present);
    return present;
}

bool source_read_process(struct source *source, uint64_t pid, const char *name,
                         struct scan *text_out) {
    char path[SOURCE_PATH_SIZE];
    /* A proc_path made of links names "self" but not each new process; ".." of the link's target is
     * the real folder. */
    (void)snprintf(path, sizeof path, "self/../%llu/%s", (unsigned long long)pid, name);
    return source_read_path(source, SOURCE_ROOT_PROC, path, text_out);
}

bool source_read_number(struct source *source, enum source_root root, const char *path,
                        uint64_t *number_out) {
    struct scan text, line, word;
    if (!source_read_path(source, root, path, &text) || !scan_line(&text, &line)) return false;
    struct scan peek = line;
    if (scan_word(&peek, &word) && scan_equals(&word, "max")) {
        *number_out = UINT64_MAX;
        return true;
    }
    return scan_unsigned(&line, number_out);
}

const char *source_news(struct source *source, const char **metrics_out) {
    for (unsigned file = 0; file < SOURCE_COUNT; file++) {
        uint32_t bit = UINT32_C(1) << file;
        if ((source->missing & ~source->said & bit) == 0) continue;
        source->said |= bit;
        *metrics_out = files[file].metrics;
        return files[file].path;
    }
    return NULL;
}
