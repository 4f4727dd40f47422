/* EC2's words for states and checks; constant data. */
#include "common/model/instance.h"

#include <string.h>

static const char *const state_names[] = {
    [INSTANCE_STATE_UNKNOWN] = "unknown", [INSTANCE_PENDING] = "pending",
    [INSTANCE_RUNNING] = "running",       [INSTANCE_STOPPING] = "stopping",
    [INSTANCE_STOPPED] = "stopped",       [INSTANCE_SHUTTING_DOWN] = "shutting-down",
    [INSTANCE_TERMINATED] = "terminated",
};

static const char *const check_names[] = {
    [CHECK_STATUS_UNKNOWN] = "unknown",
    [CHECK_STATUS_OK] = "ok",
    [CHECK_STATUS_IMPAIRED] = "impaired",
    [CHECK_STATUS_INSUFFICIENT_DATA] = "insufficient-data",
    [CHECK_STATUS_NOT_APPLICABLE] = "not-applicable",
    [CHECK_STATUS_INITIALIZING] = "initializing",
};

/* Index of `name` in `names`, or 0, which is "unknown" in both tables. */
static size_t find(const char *const *names, size_t count, const char *name) {
    for (size_t i = 1; i < count; i++)
        if (strcmp(names[i], name) == 0) return i;
    return 0;
}

const char *instance_state_name(enum instance_state state) {
    return (size_t)state < ARRAY_LENGTH(state_names) ? state_names[state] : state_names[0];
}

enum instance_state instance_state_find(const char *name) {
    return (enum instance_state)find(state_names, ARRAY_LENGTH(state_names), name);
}

const char *check_status_name(enum check_status status) {
    return (size_t)status < ARRAY_LENGTH(check_names) ? check_names[status] : check_names[0];
}

enum check_status check_status_find(const char *name) {
    return (enum check_status)find(check_names, ARRAY_LENGTH(check_names), name);
}
