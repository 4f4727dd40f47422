/* Text and trees under tests/vectors/proc for the tests of agent/sample. */
#ifndef EAR_TESTS_UNIT_SAMPLE_CAPTURE_H
#define EAR_TESTS_UNIT_SAMPLE_CAPTURE_H

#include <stdio.h>
#include <string.h>

#include "agent/sample/sample.h"
#include "common/sys/file.h"
#include "tests/support/unit.h"

#define CAPTURES     "tests/vectors/proc/"
#define CAPTURE_SIZE 65536

/* The text of "KERNEL/FILE"; static storage until the next call. */
static inline struct scan capture(const char *path) {
    static char bytes[CAPTURE_SIZE];
    char full[256];
    size_t length = 0;
    (void)snprintf(full, sizeof full, CAPTURES "%s", path);
    assert_ok(file_read(full, bytes, sizeof bytes, &length));
    return scan_over(bytes, length);
}

/* A source that reads a captured tree. */
static inline struct source capture_source(const char *kernel) {
    static char text[SOURCE_TEXT_SIZE];
    struct source source = {.text = text};
    (void)snprintf(source.proc_path, sizeof source.proc_path, CAPTURES "%s/proc", kernel);
    (void)snprintf(source.sys_path, sizeof source.sys_path, CAPTURES "%s/sys", kernel);
    return source;
}

#endif
