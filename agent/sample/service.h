/* Watched services: how near their processes are to their own limits, and whether they started
 * anew. The processes are those of the first of cgroup, unit, pid_file, process that leads to any;
 * memory and threads are added up, descriptors and address space count by the worst process. */
#ifndef EAR_AGENT_SAMPLE_SERVICE_H
#define EAR_AGENT_SAMPLE_SERVICE_H

#include "agent/sample/cgroup.h"
#include "agent/sample/members.h"
#include "agent/sample/process.h"

#define SERVICE_MAX          16
#define SERVICE_NAME_SIZE    SERIES_MEMBER_SIZE
#define SERVICE_FD_COUNT_MAX 65536 /* descriptors counted one by one on kernels before 6.2 */
#define SERVICE_NO_LIMIT     UINT64_MAX

struct service_options {
    char name[SERVICE_NAME_SIZE]; /* in series and events */
    char unit[128];               /* systemd unit in system.slice; empty = none */
    char process[PROCESS_COMM_SIZE];
    char pid_file[256];
    char cgroup[CGROUP_PATH_SIZE]; /* starts with "/" */
};

struct service_process { /* names one process for ever */
    uint64_t pid, start_ticks;
};

struct service {
    struct service_options options;
    struct service_process main; /* the oldest process, or the one that was; pid 0 = never seen */
    bool is_up;                  /* some process was there at the last reading */
    size_t found_count;          /* by name, in the last whole round over the processes */
    struct service_process found[PROCESS_MATCHES_MAX];
    size_t finding_count; /* in the round under way */
    struct service_process finding[PROCESS_MATCHES_MAX];
};

struct service_limits { /* soft limits; SERVICE_NO_LIMIT = unlimited */
    uint64_t open_files, processes, address_space;
};

/* What the processes of one service use. */
struct service_usage {
    size_t process_count;
    struct service_process main;
    uint64_t resident_bytes, threads;
    double address_space_percent; /* worst process against its RLIMIT_AS; NaN = no limit */
    double descriptors_percent;   /* worst process against its RLIMIT_NOFILE; NaN = not known */
    uint64_t processes_limit;     /* RLIMIT_NPROC of the main process */
};

/* Pure. Format: proc_pid_limits(5). */
void parse_limits(const char *text, size_t length, struct service_limits *limits_out);
/* Percent of memory, the worst of: group or resident memory against the group's limit, address
 * space against RLIMIT_AS, resident memory against the machine's. NaN = nothing known. Pure.
 * own_group  the group holds this service only, so the group's own count is used */
double service_memory_percent(const struct service_usage *usage, const struct cgroup_usage *group,
                              bool own_group, uint64_t machine_bytes);
double service_threads_percent(const struct service_usage *usage, const struct cgroup_usage *group,
                               bool own_group);
/* Whether the service was started anew: the main process that was known is not the oldest now.
 * Remembers. No process at all is not a restart; the next one that comes is. Pure. */
bool service_restarted(struct service *service, const struct service_process *main);

/* For the round over all processes: remembers those of a watched name. */
void service_see(struct service *service, const struct process_stat *process);
void service_round_over(struct service *service);

/* restarted  called when the service was started anew; NULL = nobody */
void read_service(struct source *source, struct service *service, uint64_t machine_bytes,
                  struct metric_vector *core, struct members *members,
                  void (*restarted)(void *context, const char *name), void *context);

#endif
