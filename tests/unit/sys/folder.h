/* A folder of its own for a case, removed at the end. */
#ifndef EAR_TESTS_UNIT_SYS_FOLDER_H
#define EAR_TESTS_UNIT_SYS_FOLDER_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER_SIZE 128

static inline void folder_make(char folder[static FOLDER_SIZE]) {
    const char *base = getenv("TMPDIR");
    (void)snprintf(folder, FOLDER_SIZE, "%s/ear-test-XXXXXX", base == NULL ? "/tmp" : base);
    if (mkdtemp(folder) == NULL) abort();
}

/* `folder`/`name` in static storage of the calling file. */
static inline const char *folder_path(const char *folder, const char *name) {
    static char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

#endif
