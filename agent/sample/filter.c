/* Lists of names; pure. */
#include "agent/sample/filter.h"

#include <string.h>

static bool matches(const char *pattern, const char *name) {
    size_t length = strlen(pattern);
    if (length > 0 && pattern[length - 1] == '*') return strncmp(pattern, name, length - 1) == 0;
    return strcmp(pattern, name) == 0;
}

bool filter_wants(const struct filter *filter, const char *name) {
    for (size_t i = 0; i < filter->exclude_count; i++)
        if (matches(filter->exclude[i], name)) return false;
    for (size_t i = 0; i < filter->include_count; i++)
        if (matches(filter->include[i], name)) return true;
    return filter->include_count == 0;
}
