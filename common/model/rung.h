/* The ladder's rungs, what triggers them and what became of them: the words of RECOVERY 4.2, of the
 * `earctl recover --action` verb and of the recovery-events table. */
#ifndef EAR_COMMON_MODEL_RUNG_H
#define EAR_COMMON_MODEL_RUNG_H

#include "common/base/clock.h"
#include "common/base/id.h"

/* In ladder order: a later rung disrupts more. New rungs keep the order of RECOVERY 4.2. */
enum rung { RUNG_NONE, RUNG_RESTART_SERVICE, RUNG_REBOOT, RUNG_STOP_START, RUNG_COUNT };

enum trigger {
    TRIGGER_HEALTH,     /* "health_check", "app_failure" in the records */
    TRIGGER_PREDICTION, /* "predictive" */
    TRIGGER_OPERATOR,   /* "manual" */
    TRIGGER_COUNT
};

/* Why an incident exists; chooses the first rung (RECOVERY 4.1). */
enum fault_class {
    FAULT_NONE,
    FAULT_SERVICE_DOWN,   /* the agent's own check of a service or endpoint fails */
    FAULT_AGENT_SILENT,   /* silence alone: only raises the question (R7, R8) */
    FAULT_INSTANCE_CHECK, /* EC2 instance status check impaired */
    FAULT_SYSTEM_CHECK,   /* EC2 system status check impaired: AWS recovers first */
    FAULT_PREDICTED,      /* confidence at or above the threshold twice in a row */
    FAULT_REQUESTED,      /* a person asked */
    FAULT_COUNT
};

enum outcome {
    OUTCOME_OPEN,
    OUTCOME_SUCCESS,  /* proven, and healthy for the healthy time */
    OUTCOME_FAILED,   /* the ladder is used up, or a person must look */
    OUTCOME_GONE,     /* the instance was terminated, or lost its tag */
    OUTCOME_RESOLVED, /* the symptom went without an action of ours */
    OUTCOME_UNKNOWN,  /* a prediction we acted on: what would have been is unknown */
    OUTCOME_COUNT
};

const char *rung_name(enum rung rung); /* "restart-service", "reboot", "stop-start" */
enum rung rung_find(const char *name); /* RUNG_NONE when unknown */
/* True for rungs that take the whole instance down: they need two independent signals and budget.
 */
bool rung_disrupts_instance(enum rung rung);
const char *trigger_name(enum trigger trigger);       /* "health", "prediction", "operator" */
const char *fault_class_name(enum fault_class fault); /* "service_down" ... */
const char *outcome_name(enum outcome outcome);

#endif
