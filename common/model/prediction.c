/* Words of predictions; constant data. */
#include "common/model/prediction.h"

#include <string.h>

static const char *const kind_names[FAILURE_KIND_COUNT] = {
    [FAILURE_NONE] = "",
    [FAILURE_MEMORY_LEAK] = "memory_leak",
    [FAILURE_DISK_FILL] = "disk_fill",
    [FAILURE_INODE_EXHAUSTION] = "inode_exhaustion",
    [FAILURE_FD_EXHAUSTION] = "fd_exhaustion",
    [FAILURE_PROCESS_EXHAUSTION] = "process_exhaustion",
    [FAILURE_CPU_STEAL] = "cpu_steal",
    [FAILURE_IO_DEGRADATION] = "io_degradation",
    [FAILURE_SWAP_THRASH] = "swap_thrash",
    [FAILURE_NET_DROPS] = "net_drops",
    [FAILURE_CREDIT_DEPLETION] = "credit_depletion",
    [FAILURE_AGENT_SILENCE] = "agent_silence",
};

const char *failure_kind_name(enum failure_kind kind) {
    return (unsigned)kind < FAILURE_KIND_COUNT ? kind_names[kind] : "";
}

enum failure_kind failure_kind_find(const char *name) {
    for (size_t i = 1; i < FAILURE_KIND_COUNT; i++)
        if (strcmp(kind_names[i], name) == 0) return (enum failure_kind)i;
    return FAILURE_NONE;
}

const char *prediction_label(float confidence, float high, float medium) {
    return confidence >= high ? "high" : confidence >= medium ? "medium" : "low";
}
