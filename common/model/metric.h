/* The core vector: the scalars every report carries, in a fixed order that is part of the wire
 * contract. Names and units follow the CloudWatch agent where it has the metric. Families (mounts,
 * devices, interfaces, services) stand here by their worst member; the members themselves travel as
 * further series (common/model/series.h).
 *
 * Rules: append only, never reorder, never reuse; at most METRIC_MAX rows, because presence is a
 * 64-bit mask. */
#ifndef EAR_COMMON_MODEL_METRIC_H
#define EAR_COMMON_MODEL_METRIC_H

#include "common/base/status.h"

#define METRIC_MAX 64

enum metric_unit {
    METRIC_UNIT_PERCENT, /* 0..100 */
    METRIC_UNIT_BYTES,
    METRIC_UNIT_BYTES_PER_SECOND,
    METRIC_UNIT_PER_SECOND,
    METRIC_UNIT_MILLISECONDS,
    METRIC_UNIT_SECONDS,
    METRIC_UNIT_COUNT,
    METRIC_UNIT_NONE,
};

/* How values of one prediction step or one minute join: the level, or its worst moment. */
enum metric_join {
    METRIC_JOIN_MEAN,
    METRIC_JOIN_MAX,
    METRIC_JOIN_MIN,
};

/* Which family a worst member comes from; METRIC_MEMBER_NONE for plain scalars. */
enum metric_member {
    METRIC_MEMBER_NONE,
    METRIC_MEMBER_MOUNT,
    METRIC_MEMBER_DEVICE,
    METRIC_MEMBER_INTERFACE,
    METRIC_MEMBER_SERVICE,
    METRIC_MEMBER_COUNT
};

/* enumerator, wire name, unit, join, family, help */
#define METRIC_TABLE(X)                                                                            \
    X(CPU_USER, "cpu_usage_user", PERCENT, MEAN, NONE, "CPU time in user mode")                    \
    X(CPU_SYSTEM, "cpu_usage_system", PERCENT, MEAN, NONE, "CPU time in the kernel")               \
    X(CPU_IOWAIT, "cpu_usage_iowait", PERCENT, MEAN, NONE, "CPU idle while I/O was outstanding")   \
    X(CPU_STEAL, "cpu_usage_steal", PERCENT, MEAN, NONE, "CPU time the hypervisor gave away")      \
    X(MEM_USED, "mem_used_percent", PERCENT, MEAN, NONE, "memory not available to programs")       \
    X(SWAP_USED, "swap_used_percent", PERCENT, MEAN, NONE, "swap in use")                          \
    X(DISK_USED, "disk_used_percent", PERCENT, MAX, MOUNT, "space used, fullest mount")            \
    X(DISK_INODES_USED, "disk_inodes_used_percent", PERCENT, MAX, MOUNT,                           \
      "inodes used, worst mount")                                                                  \
    X(DISKIO_AWAIT, "diskio_await_ms", MILLISECONDS, MEAN, DEVICE, "mean time of one request")     \
    X(DISKIO_QUEUE, "diskio_queue_depth", COUNT, MEAN, DEVICE, "mean requests in flight")          \
    X(NET_RX_BYTES, "net_rx_bytes_per_s", BYTES_PER_SECOND, MEAN, NONE,                            \
      "received, all interfaces")                                                                  \
    X(NET_TX_BYTES, "net_tx_bytes_per_s", BYTES_PER_SECOND, MEAN, NONE, "sent, all interfaces")    \
    X(NET_DROPS, "net_drops_per_s", PER_SECOND, MEAN, INTERFACE,                                   \
      "packets dropped, worst interface")                                                          \
    X(PROCESSES_TOTAL, "processes_total", COUNT, MEAN, NONE, "processes and threads")              \
    X(FD_USED, "fd_used_percent", PERCENT, MAX, NONE,                                              \
      "file descriptors used of the system's limit")                                               \
    X(CPU_CREDIT_BALANCE, "cpu_credit_balance", COUNT, MEAN, NONE,                                 \
      "burst credits (from CloudWatch)")                                                           \
    X(CPU_NICE, "cpu_usage_nice", PERCENT, MEAN, NONE, "CPU time of niced programs")               \
    X(CPU_SOFTIRQ, "cpu_usage_softirq", PERCENT, MEAN, NONE, "CPU time in soft interrupts")        \
    X(CPU_BUSIEST, "cpu_usage_busiest", PERCENT, MAX, NONE, "busy share of the busiest core")      \
    X(LOAD1, "load1", NONE, MEAN, NONE, "load average over one minute")                            \
    X(MEM_AVAILABLE, "mem_available", BYTES, MIN, NONE, "memory available without swapping")       \
    X(MEM_CACHED, "mem_cached", BYTES, MEAN, NONE, "page cache")                                   \
    X(MEM_MAJOR_FAULTS, "mem_major_faults_per_s", PER_SECOND, MEAN, NONE,                          \
      "faults that read a disk")                                                                   \
    X(MEM_OOM_KILLS, "mem_oom_kills", COUNT, MAX, NONE,                                            \
      "processes killed for memory since the last sample")                                         \
    X(PRESSURE_CPU, "pressure_cpu_some", PERCENT, MEAN, NONE,                                      \
      "PSI: some task waited for CPU, 10 s")                                                       \
    X(PRESSURE_MEMORY, "pressure_memory_full", PERCENT, MEAN, NONE,                                \
      "PSI: all tasks waited for memory, 10 s")                                                    \
    X(PRESSURE_IO, "pressure_io_full", PERCENT, MEAN, NONE, "PSI: all tasks waited for I/O, 10 s") \
    X(DISK_READ_ONLY, "disk_read_only", COUNT, MAX, MOUNT, "mounts that turned read-only")         \
    X(DISKIO_UTILIZATION, "diskio_utilization_percent", PERCENT, MEAN, DEVICE,                     \
      "time with a request in flight")                                                             \
    X(DISKIO_READ_BYTES, "diskio_read_bytes_per_s", BYTES_PER_SECOND, MEAN, NONE,                  \
      "read, all devices")                                                                         \
    X(DISKIO_WRITE_BYTES, "diskio_write_bytes_per_s", BYTES_PER_SECOND, MEAN, NONE,                \
      "written, all devices")                                                                      \
    X(NET_RX_PACKETS, "net_rx_packets_per_s", PER_SECOND, MEAN, NONE, "packets received")          \
    X(NET_TX_PACKETS, "net_tx_packets_per_s", PER_SECOND, MEAN, NONE, "packets sent")              \
    X(NET_ERRORS, "net_errors_per_s", PER_SECOND, MEAN, INTERFACE,                                 \
      "packet errors, worst interface")                                                            \
    X(TCP_RETRANSMITS, "tcp_retransmits_per_s", PER_SECOND, MEAN, NONE, "TCP segments sent again") \
    X(CONNTRACK_USED, "conntrack_used_percent", PERCENT, MAX, NONE, "connection tracking table")   \
    X(PROCESSES_BLOCKED, "processes_blocked", COUNT, MAX, NONE, "processes waiting for I/O")       \
    X(PROCESSES_ZOMBIES, "processes_zombies", COUNT, MAX, NONE, "dead processes not yet reaped")   \
    X(PROCESSES_FORKS, "processes_forks_per_s", PER_SECOND, MEAN, NONE, "processes started")       \
    X(SERVICE_MEMORY_USED, "service_memory_used_percent", PERCENT, MAX, SERVICE,                   \
      "memory against the service's own limit")                                                    \
    X(SERVICE_FD_USED, "service_fd_used_percent", PERCENT, MAX, SERVICE,                           \
      "descriptors against the service's own limit")                                               \
    X(SERVICE_THREADS_USED, "service_threads_used_percent", PERCENT, MAX, SERVICE,                 \
      "threads against the service's own limit")                                                   \
    X(SERVICE_RESTARTS, "service_restarts", COUNT, MAX, SERVICE,                                   \
      "service restarts since the last sample")                                                    \
    X(UPTIME, "uptime_s", SECONDS, MAX, NONE, "time since boot")                                   \
    X(AGENT_RSS, "agent_rss", BYTES, MAX, NONE, "the agent's own resident memory")                 \
    X(AGENT_CPU, "agent_cpu_percent", PERCENT, MEAN, NONE, "the agent's own CPU time, of one core")

enum metric {
#define METRIC_ENUMERATOR(upper, name, unit, join, member, help) METRIC_##upper,
    METRIC_TABLE(METRIC_ENUMERATOR)
#undef METRIC_ENUMERATOR
        METRIC_COUNT
};

struct metric_row {
    const char *name;
    enum metric_unit unit;
    enum metric_join join;
    enum metric_member member;
    const char *help;
};

/* The row of a metric; `metric` < METRIC_COUNT. Static storage. */
const struct metric_row *metric_row(enum metric metric);
/* By wire name of `length` bytes; STATUS_NOT_FOUND. */
enum status metric_find(const char *name, size_t length, enum metric *metric_out) MUST_USE;
/* "%", "bytes", "bytes/s" ... for people. Static storage. */
const char *metric_unit_text(enum metric_unit unit);

/* The core vector with its presence mask: bit m set = values[m] is a finite number. */
struct metric_vector {
    uint64_t present;
    float values[METRIC_COUNT];
};

static inline bool metric_has(const struct metric_vector *vector, enum metric metric) {
    return (vector->present >> metric & 1) != 0;
}
/* Sets a value; a value that is not finite clears the metric instead. */
void metric_set(struct metric_vector *vector, enum metric metric, double value);

#endif
