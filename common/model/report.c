/* Words of what agents say; constant data. */
#include "common/model/report.h"

const char *check_state_name(enum check_state state) {
    switch (state) {
    case CHECK_UNKNOWN: return "unknown";
    case CHECK_PASSING: return "passing";
    case CHECK_FAILING: return "failing";
    }
    return "unknown";
}

const char *agent_event_name(enum agent_event_kind kind) {
    static const char *const names[AGENT_EVENT_COUNT] = {
        [AGENT_EVENT_OOM_KILL] = "oom_kill",
        [AGENT_EVENT_IO_ERROR] = "io_error",
        [AGENT_EVENT_READ_ONLY_REMOUNT] = "read_only_remount",
        [AGENT_EVENT_FILE_SYSTEM_ERROR] = "file_system_error",
        [AGENT_EVENT_DEVICE_TIMEOUT] = "device_timeout",
        [AGENT_EVENT_HUNG_TASK] = "hung_task",
        [AGENT_EVENT_MACHINE_CHECK] = "machine_check",
        [AGENT_EVENT_LINK_DOWN] = "link_down",
        [AGENT_EVENT_SERVICE_RESTARTED] = "service_restarted",
        [AGENT_EVENT_SPOT_INTERRUPTION] = "spot_interruption",
        [AGENT_EVENT_REBALANCE] = "rebalance",
        [AGENT_EVENT_MAINTENANCE] = "maintenance",
        [AGENT_EVENT_SERIES_LOST] = "series_lost",
    };
    return (unsigned)kind < AGENT_EVENT_COUNT ? names[kind] : "unknown";
}

const char *notice_kind_name(enum notice_kind kind) {
    switch (kind) {
    case NOTICE_STOPPING: return "stopping";
    case NOTICE_UPGRADING: return "upgrading";
    case NOTICE_COUNT: break;
    }
    return "unknown";
}
