/* Words of the ladder; constant data. */
#include "common/model/rung.h"

#include <string.h>

static const char *const rung_names[RUNG_COUNT] = {
    [RUNG_NONE] = "none",
    [RUNG_RESTART_SERVICE] = "restart-service",
    [RUNG_REBOOT] = "reboot",
    [RUNG_STOP_START] = "stop-start",
};

const char *rung_name(enum rung rung) {
    return (unsigned)rung < RUNG_COUNT ? rung_names[rung] : "unknown";
}

enum rung rung_find(const char *name) {
    for (size_t i = 1; i < RUNG_COUNT; i++)
        if (strcmp(rung_names[i], name) == 0) return (enum rung)i;
    return RUNG_NONE;
}

bool rung_disrupts_instance(enum rung rung) { return rung >= RUNG_REBOOT; }

const char *trigger_name(enum trigger trigger) {
    static const char *const names[TRIGGER_COUNT] = {
        [TRIGGER_HEALTH] = "health",
        [TRIGGER_PREDICTION] = "prediction",
        [TRIGGER_OPERATOR] = "operator",
    };
    return (unsigned)trigger < TRIGGER_COUNT ? names[trigger] : "unknown";
}

const char *fault_class_name(enum fault_class fault) {
    static const char *const names[FAULT_COUNT] = {
        [FAULT_NONE] = "none",
        [FAULT_SERVICE_DOWN] = "service_down",
        [FAULT_AGENT_SILENT] = "agent_silent",
        [FAULT_INSTANCE_CHECK] = "instance_check",
        [FAULT_SYSTEM_CHECK] = "system_check",
        [FAULT_PREDICTED] = "predicted",
        [FAULT_REQUESTED] = "requested",
    };
    return (unsigned)fault < FAULT_COUNT ? names[fault] : "unknown";
}

const char *outcome_name(enum outcome outcome) {
    static const char *const names[OUTCOME_COUNT] = {
        [OUTCOME_OPEN] = "open", [OUTCOME_SUCCESS] = "success",   [OUTCOME_FAILED] = "failed",
        [OUTCOME_GONE] = "gone", [OUTCOME_RESOLVED] = "resolved", [OUTCOME_UNKNOWN] = "unknown",
    };
    return (unsigned)outcome < OUTCOME_COUNT ? names[outcome] : "unknown";
}
