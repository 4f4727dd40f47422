/* Memory and swap from /proc/meminfo, faults and OOM kills from /proc/vmstat. */
#ifndef EAR_AGENT_SAMPLE_MEMORY_H
#define EAR_AGENT_SAMPLE_MEMORY_H

#include "agent/sample/counter.h"
#include "agent/sample/source.h"
#include "common/model/metric.h"

struct memory_reading { /* bytes */
    uint64_t total, available, cached, swap_total, swap_free;
};

struct memory_vm {
    uint64_t major_faults, oom_kills;
    bool has_major_faults, has_oom_kills; /* oom_kill is there since Linux 4.13 */
};

struct memory_state {
    struct counter major_faults, oom_kills;
    uint64_t total; /* bytes of the last reading; 0 = unknown: limit of services without one */
};

/* `available` is free + buffers + cached where the kernel has no MemAvailable (before 3.14).
 * STATUS_MALFORMED without MemTotal. Pure. */
enum status parse_meminfo(const char *text, size_t length,
                          struct memory_reading *reading_out) MUST_USE;
void parse_vmstat(const char *text, size_t length, struct memory_vm *vm_out);
/* Sets the levels. Pure. */
void memory_levels(const struct memory_reading *reading, struct metric_vector *core);
/* elapsed_s  since the sample before; 0 = first. */
void read_memory(struct source *source, struct memory_state *state, double elapsed_s,
                 struct metric_vector *core);

#endif
