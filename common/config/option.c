/* Looking options up by name, and guessing which one was meant; pure. */
#include "common/config/option.h"

#include <string.h>

#define NEAR_CHANGES_MAX 2

const struct config_option *config_find(const struct config_option *options, size_t count,
                                        const char *name) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(options[i].name, name) == 0) return &options[i];
    return NULL;
}

bool config_is_group(const struct config_option *options, size_t count, const char *name) {
    size_t length = strlen(name);
    for (size_t i = 0; i < count; i++)
        if (strncmp(options[i].name, name, length) == 0 && options[i].name[length] == '.')
            return true;
    return false;
}

static unsigned least(unsigned a, unsigned b) { return a < b ? a : b; }

unsigned config_distance(const char *a, const char *b, unsigned limit) {
    size_t rows = strlen(a), columns = strlen(b);
    if (rows >= CONFIG_NAME_SIZE || columns >= CONFIG_NAME_SIZE) return limit + 1;
    /* Optimal string alignment; three rows of the table are enough. */
    unsigned table[3][CONFIG_NAME_SIZE];
    for (size_t j = 0; j <= columns; j++) table[0][j] = (unsigned)j;
    for (size_t i = 1; i <= rows; i++) {
        unsigned *row = table[i % 3], *above = table[(i + 2) % 3], *two_above = table[(i + 1) % 3];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= columns; j++) {
            unsigned change = above[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = least(change, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], two_above[j - 2] + 1);
        }
    }
    return least(table[rows % 3][columns], limit + 1);
}

const char *config_nearest(const struct config_option *options, size_t count, const char *name) {
    const char *nearest = NULL;
    unsigned best = least(NEAR_CHANGES_MAX, (unsigned)((strlen(name) - (name[0] != '\0')) / 2));
    for (size_t i = 0; i < count && name[0] != '\0'; i++) {
        unsigned changes = config_distance(options[i].name, name, NEAR_CHANGES_MAX);
        if (changes > best || (nearest != NULL && changes == best)) continue;
        best = changes;
        nearest = options[i].name;
    }
    return nearest;
}
