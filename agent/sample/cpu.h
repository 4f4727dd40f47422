/* CPU time from /proc/stat, by telegraf's and so the CloudWatch agent's arithmetic: guest time is
 * part of user, shares are of all time that passed. */
#ifndef EAR_AGENT_SAMPLE_CPU_H
#define EAR_AGENT_SAMPLE_CPU_H

#include "agent/sample/source.h"
#include "common/model/metric.h"

#define CPU_CORES_MAX                                                                              \
    1024 /* the largest EC2 instance has 1,920 threads; the first 1,024 are seen */

/* Ticks since boot, in the order of the file. A column an old kernel lacks is 0. */
struct cpu_ticks {
    uint64_t user, nice, system, idle, iowait, irq, softirq, steal, guest, guest_nice;
};

/* One reading of /proc/stat. */
struct cpu_reading {
    struct cpu_ticks all;
    uint64_t forks;
    uint64_t blocked;
    bool has_forks, has_blocked;
    unsigned core_count;
};

struct cpu_core {
    uint64_t busy, all;
};

/* Memory between samples; zeroes = none yet. `present`, `cores` as the last reading. */
struct cpu_state {
    struct cpu_ticks before;
    bool known;
    unsigned core_count;
    struct cpu_core cores[CPU_CORES_MAX];
    struct cpu_core cores_before[CPU_CORES_MAX];
};

/* text   the bytes of /proc/stat
 * cores  CPU_CORES_MAX places for the lines "cpuN", in their order
 * STATUS_MALFORMED when the first line is not the sum of all cores. Pure. */
enum status parse_cpu(const char *text, size_t length, struct cpu_reading *reading_out,
                      struct cpu_core *cores) MUST_USE;
/* Sets the shares since the last reading; nothing on the first one and when time fell (a CPU was
 * taken out). Pure. */
void cpu_shares(struct cpu_state *state, const struct cpu_reading *reading,
                struct metric_vector *core);
/* Reads, and leaves forks and blocked processes in *reading_out; false when there is no file. */
bool read_cpu(struct source *source, struct cpu_state *state, struct cpu_reading *reading_out,
              struct metric_vector *core);

#endif
