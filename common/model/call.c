/* Words and classes of the calls; constant data. */
#include "common/model/call.h"

static const struct {
    const char *name, *operation;
    bool mutates;
} rows[CALL_COUNT] = {
    [CALL_DESCRIBE] = {"describe", "ec2:DescribeInstances", false},
    [CALL_RUN_DOCUMENT] = {"run_document", "ssm:SendCommand", true},
    [CALL_FIND_RUN] = {"find_run", "ssm:ListCommands", false},
    [CALL_POLL_RUN] = {"poll_run", "ssm:GetCommandInvocation", false},
    [CALL_REBOOT] = {"reboot", "ec2:RebootInstances", true},
    [CALL_STOP] = {"stop", "ec2:StopInstances", true},
    [CALL_STOP_FORCE] = {"stop_force", "ec2:StopInstances", true},
    [CALL_START] = {"start", "ec2:StartInstances", true},
};

const char *call_kind_name(enum call_kind kind) {
    return (unsigned)kind < CALL_COUNT ? rows[kind].name : "unknown";
}

const char *call_operation(enum call_kind kind) {
    return (unsigned)kind < CALL_COUNT ? rows[kind].operation : "unknown";
}

bool call_mutates(enum call_kind kind) {
    ASSERT((unsigned)kind < CALL_COUNT);
    return rows[kind].mutates;
}

const char *run_state_name(enum run_state state) {
    switch (state) {
    case RUN_UNKNOWN: return "unknown";
    case RUN_PENDING: return "pending";
    case RUN_IN_PROGRESS: return "in_progress";
    case RUN_SUCCESS: return "success";
    case RUN_FAILED: return "failed";
    case RUN_TIMED_OUT: return "timed_out";
    case RUN_UNDELIVERABLE: return "undeliverable";
    }
    return "unknown";
}
