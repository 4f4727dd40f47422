/* Looking options up by name, and guessing which one was meant; pure. */
#include "common/config/option.h"

#include <string.h>

#include "common/base/nearest.h"

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

const char *config_nearest(const struct config_option *options, size_t count, const char *name) {
    struct nearest nearest = nearest_to(name);
    for (size_t i = 0; i < count; i++) nearest_try(&nearest, options[i].name);
    return nearest.found;
}
