/* What every table must hold. */
#ifndef EAR_TESTS_UNIT_CONFIG_TABLES_H
#define EAR_TESTS_UNIT_CONFIG_TABLES_H

#include <string.h>

#include "common/config/value.h"
#include "tests/unit/config/loading.h"

static inline void check_row(const struct config_option *row, bool element) {
    if (row->help == NULL || row->help[strlen(row->help) - 1] != '.')
        fail_msg("%s: help is no sentence", row->name);
    if (strlen(row->name) >= CONFIG_NAME_SIZE) fail_msg("%s: name too long", row->name);
    for (const char *c = row->name; *c != '\0'; c++)
        if (!((*c >= 'a' && *c <= 'z') || *c == '_' || *c == '.'))
            fail_msg("%s: not snake case", row->name);
    if (row->type == CONFIG_OBJECTS) {
        if (row->maximum * (double)row->element_size != (double)row->size)
            fail_msg("%s: maximum is not the length of the array", row->name);
        return;
    }
    if (row->initial == NULL && !element) fail_msg("%s: no default", row->name);
    /* That the default fits is asserted by config_begin(). */
}

static inline void check_table(const struct config_table *table, void *target) {
    assert_in_range(table->option_count, 1, CONFIG_OPTIONS_MAX);
    for (size_t i = 0; i < table->option_count; i++) {
        const struct config_option *row = &table->options[i];
        check_row(row, false);
        if (row->offset + row->size > table->struct_size) fail_msg("%s: outside", row->name);
        if (row->element_count > CONFIG_ELEMENT_OPTIONS_MAX) fail_msg("%s: too many", row->name);
        for (size_t j = 0; j < row->element_count; j++) check_row(&row->element[j], true);
        for (size_t j = 0; j < i; j++) {
            const struct config_option *other = &table->options[j];
            if (strcmp(other->name, row->name) == 0) fail_msg("%s: twice", row->name);
            if (row->offset < other->offset + other->size &&
                other->offset < row->offset + row->size)
                fail_msg("%s and %s share a field", row->name, other->name);
            if (row->environment != NULL && other->environment != NULL &&
                strcmp(row->environment, other->environment) == 0)
                fail_msg("%s: the variable of %s too", row->name, other->name);
        }
    }
    assert_ok(load_text(table, target, "{}"));
    assert_int_equal(load.findings.count, 0);
}

#endif
