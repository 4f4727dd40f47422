/* Words of the events; constant data. */
#include "common/model/event.h"

const char *event_kind_name(enum event_kind kind) {
    static const char *const names[EVENT_KIND_COUNT] = {
        [EVENT_TICK] = "tick",
        [EVENT_AGENT_SEEN] = "agent_seen",
        [EVENT_AGENT_SILENT] = "agent_silent",
        [EVENT_AGENT_CHECK] = "agent_check",
        [EVENT_AGENT_EVENT] = "agent_event",
        [EVENT_AGENT_NOTICE] = "agent_notice",
        [EVENT_AGENT_REFUSED] = "agent_refused",
        [EVENT_PREDICTION] = "prediction",
        [EVENT_INVENTORY] = "inventory",
        [EVENT_STATUS_CHECKS] = "status_checks",
        [EVENT_CALL_DONE] = "call_done",
        [EVENT_BATCH_DONE] = "batch_done",
        [EVENT_PAUSE_FILE] = "pause_file",
        [EVENT_OPERATOR] = "operator",
        [EVENT_CLOCK_SKEW] = "clock_skew",
    };
    return (unsigned)kind < EVENT_KIND_COUNT ? names[kind] : "unknown";
}
