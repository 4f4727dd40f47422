/* Which rung fits the trouble: first by fault class (RECOVERY 4.1), then upwards; each rung passed
 * over leaves its reason. Pure. */
#include <string.h>

#include "aggregator/decide/rules.h"

static bool leaks(enum failure_kind kind) {
    switch (kind) {
    case FAILURE_MEMORY_LEAK:
    case FAILURE_FD_EXHAUSTION:
    case FAILURE_PROCESS_EXHAUSTION: return true;
    case FAILURE_NONE:
    case FAILURE_DISK_FILL:
    case FAILURE_INODE_EXHAUSTION:
    case FAILURE_CPU_STEAL:
    case FAILURE_IO_DEGRADATION:
    case FAILURE_SWAP_THRASH:
    case FAILURE_NET_DROPS:
    case FAILURE_CREDIT_DEPLETION:
    case FAILURE_AGENT_SILENCE:
    case FAILURE_KIND_COUNT: return false;
    }
    return false;
}

static bool has_unit(const struct decide_case *subject) {
    return subject->unit != NULL && subject->unit[0] != '\0';
}

static bool has_service(const struct decide_case *subject) {
    return subject->service != NULL && subject->service[0] != '\0';
}

static const char *restart_misfit(const struct decide_case *subject) {
    switch (subject->fault) {
    case FAULT_SERVICE_DOWN: return has_unit(subject) ? NULL : "the failing check names no unit";
    case FAULT_PREDICTED:
        if (!leaks(subject->kind)) return "a service restart does not help this kind";
        return has_service(subject) ? NULL : "no service stands behind the prediction";
    case FAULT_AGENT_SILENT:
    case FAULT_INSTANCE_CHECK: return "no service is known to be the cause";
    case FAULT_SYSTEM_CHECK: return "the fault is on AWS's side";
    case FAULT_REQUESTED: return has_unit(subject) ? NULL : "no unit was named and none fails";
    case FAULT_NONE:
    case FAULT_COUNT: return "nothing is wrong";
    }
    return "nothing is wrong";
}

static const char *reboot_misfit(const struct decide_case *subject) {
    if (subject->fault == FAULT_SYSTEM_CHECK) return "a reboot stays on the same host";
    if (subject->fault == FAULT_AGENT_SILENT) return "silence alone is no reason (R8)";
    if (subject->fault != FAULT_PREDICTED) return NULL;
    if (subject->kind == FAILURE_CPU_STEAL) return "a reboot stays on the same host";
    bool disk = subject->kind == FAILURE_DISK_FILL || subject->kind == FAILURE_INODE_EXHAUSTION;
    return disk ? "a reboot frees no disk" : NULL;
}

static const char *stop_misfit(const struct decide_case *subject) {
    if (subject->fault == FAULT_AGENT_SILENT) return "silence alone is no reason (R8)";
    if (subject->fault != FAULT_PREDICTED) return NULL;
    bool disk = subject->kind == FAILURE_DISK_FILL || subject->kind == FAILURE_INODE_EXHAUSTION;
    return disk ? "a stop frees no disk" : NULL;
}

static const char *misfit(enum rung rung, const struct decide_case *subject) {
    switch (rung) {
    case RUNG_RESTART_SERVICE: return restart_misfit(subject);
    case RUNG_REBOOT: return reboot_misfit(subject);
    case RUNG_STOP_START: return stop_misfit(subject);
    case RUNG_NONE:
    case RUNG_COUNT: return "no such rung";
    }
    return "no such rung";
}

static void pass_over(struct text *skipped, enum rung rung, const char *why) {
    if (skipped->length > 0) text_add(skipped, "; ");
    text_add(skipped, rung_name(rung));
    text_add(skipped, ": ");
    text_add(skipped, why);
}

enum rung decide_ladder(const struct decide_policy *policy, const struct decide_case *subject,
                        struct text *skipped) {
    if (subject->trigger == TRIGGER_OPERATOR) {
        if (subject->requested != RUNG_RESTART_SERVICE) return subject->requested;
        const char *why = restart_misfit(subject);
        if (why != NULL) pass_over(skipped, RUNG_RESTART_SERVICE, why);
        return why == NULL ? RUNG_RESTART_SERVICE : RUNG_NONE;
    }
    for (enum rung rung = RUNG_RESTART_SERVICE; rung < RUNG_COUNT; rung++) {
        const char *why = misfit(rung, subject);
        if (why == NULL && subject->failed[rung]) why = "tried, failed its proof";
        if (why == NULL && rung == RUNG_RESTART_SERVICE &&
            subject->restarts_recent >= policy->service_restarts_max)
            why = "restarted too often lately";
        if (why == NULL) return rung;
        pass_over(skipped, rung, why);
    }
    return RUNG_NONE;
}
