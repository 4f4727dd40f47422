/* Control groups, versions 1 and 2: the limits above a group, and what it uses. */
#ifndef EAR_AGENT_SAMPLE_CGROUP_H
#define EAR_AGENT_SAMPLE_CGROUP_H

#include "agent/sample/source.h"

#define CGROUP_PATH_SIZE 256
#define CGROUP_DEPTH_MAX 16 /* levels whose limits are looked at */
#define CGROUP_NO_LIMIT  UINT64_MAX

struct cgroup_usage {
    uint64_t memory_bytes; /* without file cache that is easily dropped */
    uint64_t memory_limit; /* the smallest of the group and those above; CGROUP_NO_LIMIT = none */
    uint64_t tasks, tasks_limit;
    bool has_memory, has_tasks;
};

/* Finds the group of a process: the line of the controller (version 1), else that of version 2,
 * which starts "0::". STATUS_NOT_FOUND. Pure. Format: cgroups(7). */
enum status parse_process_cgroup(const char *text, size_t length, const char *controller,
                                 char path_out[static CGROUP_PATH_SIZE]) MUST_USE;
/* A limit as version 1 writes "none": 2^63 rounded down to a page. Pure. */
uint64_t cgroup_limit(uint64_t number);
/* `path` starts with "/"; "/" is the root group, which has no limit. */
struct cgroup_usage read_cgroup(struct source *source, const char *path);
/* The folder of a group below sys_path, for one controller; false when there is none. */
bool cgroup_folder(struct source *source, const char *controller, const char *path,
                   char folder_out[static SOURCE_PATH_SIZE]);
/* OOM kills below this group since it was made. */
bool read_cgroup_oom_kills(struct source *source, const char *path, uint64_t *kills_out);

#endif
