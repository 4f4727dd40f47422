/* Names of EC2's enumerations, both ways. Constant; any thread. */
#include <string.h>

#include "aggregator/aws/ec2.h"
#include "aggregator/aws/ec2_names.h"

static const char *const state_names[] = {
    [EC2_STATE_UNKNOWN] = "unknown",       [EC2_STATE_PENDING] = "pending",
    [EC2_STATE_RUNNING] = "running",       [EC2_STATE_SHUTTING_DOWN] = "shutting-down",
    [EC2_STATE_TERMINATED] = "terminated", [EC2_STATE_STOPPING] = "stopping",
    [EC2_STATE_STOPPED] = "stopped",
};

static const char *const check_names[] = {
    [EC2_CHECK_UNKNOWN] = "unknown",
    [EC2_CHECK_OK] = "ok",
    [EC2_CHECK_IMPAIRED] = "impaired",
    [EC2_CHECK_INSUFFICIENT_DATA] = "insufficient-data",
    [EC2_CHECK_NOT_APPLICABLE] = "not-applicable",
    [EC2_CHECK_INITIALIZING] = "initializing",
};

const char *ec2_state_name(enum ec2_state state) {
    ASSERT((size_t)state < ARRAY_LENGTH(state_names));
    return state_names[state];
}

const char *ec2_check_name(enum ec2_check check) {
    ASSERT((size_t)check < ARRAY_LENGTH(check_names));
    return check_names[check];
}

/* Index of the name, 0 ("unknown") when it is none. */
static size_t find(const char *const *names, size_t count, const char *name) {
    for (size_t i = 1; i < count; i++)
        if (strcmp(names[i], name) == 0) return i;
    return 0;
}

enum ec2_state ec2_state_of(const char *name) {
    return (enum ec2_state)find(state_names, ARRAY_LENGTH(state_names), name);
}

enum ec2_check ec2_check_of(const char *name) {
    return (enum ec2_check)find(check_names, ARRAY_LENGTH(check_names), name);
}
