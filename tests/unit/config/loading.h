/* Loads configuration text into a typed struct, for the cases of this folder. */
#ifndef EAR_TESTS_UNIT_CONFIG_LOADING_H
#define EAR_TESTS_UNIT_CONFIG_LOADING_H

#include <string.h>

#include "common/config/config.h"
#include "tests/support/unit.h"

static struct config_load load; /* of the case: each runs in its own process */

static inline enum status load_private(const struct config_table *table, void *target,
                                       const char *file, bool is_private) {
    config_begin(&load, table, target);
    config_apply_file(&load, "a.json", file, strlen(file), is_private);
    return config_finish(&load);
}

static inline enum status load_text(const struct config_table *table, void *target,
                                    const char *file) {
    return load_private(table, target, file, false);
}

/* Whether some finding of this severity is exactly this text; prints all when not. */
static inline void expect_finding(enum config_severity severity, const char *text) {
    for (size_t i = 0; i < load.findings.count; i++)
        if (load.findings.items[i].severity == severity &&
            strcmp(load.findings.items[i].text, text) == 0)
            return;
    for (size_t i = 0; i < load.findings.count; i++)
        print_error("found: %s\n", load.findings.items[i].text);
    fail_msg("not found: %s", text);
}

static inline void expect_error(const char *text) { expect_finding(CONFIG_ERROR, text); }

#endif
