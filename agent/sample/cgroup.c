/* Control groups; no state. A machine may mount version 2, version 1 a controller, or both. */
#include "agent/sample/cgroup.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/text.h"

enum status parse_process_cgroup(const char *text, size_t length, const char *controller,
                                 char path_out[static CGROUP_PATH_SIZE]) {
    struct scan rest = scan_over(text, length), line, number, controllers, one;
    struct scan unified = {NULL, NULL};
    while (scan_line(&rest, &line)) {
        if (!scan_until(&line, ':', &number) || !scan_until(&line, ':', &controllers)) continue;
        if (scan_length(&controllers) == 0) unified = line;
        while (scan_until(&controllers, ',', &one))
            if (scan_equals(&one, controller)) return scan_copy(&line, path_out, CGROUP_PATH_SIZE);
        if (scan_equals(&controllers, controller))
            return scan_copy(&line, path_out, CGROUP_PATH_SIZE);
    }
    if (unified.at == NULL) return STATUS_NOT_FOUND;
    return scan_copy(&unified, path_out, CGROUP_PATH_SIZE);
}

uint64_t cgroup_limit(uint64_t number) {
    return number >= (UINT64_C(1) << 62) ? CGROUP_NO_LIMIT : number;
}

static bool exists(const struct source *source, const char *path) {
    char full[SOURCE_PATH_SIZE];
    return source_path(source, SOURCE_ROOT_SYS, path, full) && access(full, F_OK) == 0;
}

static bool is_unified(const struct source *source) {
    return exists(source, "fs/cgroup/cgroup.controllers");
}

bool cgroup_folder(struct source *source, const char *controller, const char *path,
                   char folder_out[static SOURCE_PATH_SIZE]) {
    const char *middle = is_unified(source) ? "" : controller;
    const char *slash = middle[0] == '\0' ? "" : "/";
    int length = snprintf(folder_out, SOURCE_PATH_SIZE, "fs/cgroup%s%s%s", slash, middle, path);
    return length > 0 && length < SOURCE_PATH_SIZE && exists(source, folder_out);
}

static bool read_in(struct source *source, const char *folder, const char *name,
                    uint64_t *number_out) {
    char path[SOURCE_PATH_SIZE];
    int length = snprintf(path, sizeof path, "%s/%s", folder, name);
    return length > 0 && length < SOURCE_PATH_SIZE &&
           source_read_number(source, SOURCE_ROOT_SYS, path, number_out);
}

static bool read_row(struct source *source, const char *folder, const char *name, const char *key,
                     uint64_t *number_out) {
    char path[SOURCE_PATH_SIZE];
    struct scan text;
    int length = snprintf(path, sizeof path, "%s/%s", folder, name);
    return length > 0 && length < SOURCE_PATH_SIZE &&
           source_read_path(source, SOURCE_ROOT_SYS, path, &text) &&
           scan_find_unsigned(text.at, scan_length(&text), key, number_out);
}

/* The smallest limit of the group and of all above it. */
static uint64_t smallest_limit(struct source *source, const char *controller, const char *path,
                               const char *name) {
    char at[CGROUP_PATH_SIZE], folder[SOURCE_PATH_SIZE];
    uint64_t smallest = CGROUP_NO_LIMIT, limit;
    if (text_copy(at, sizeof at, path) != STATUS_OK) return smallest;
    for (unsigned level = 0; level < CGROUP_DEPTH_MAX && at[0] != '\0'; level++) {
        if (cgroup_folder(source, controller, at, folder) &&
            read_in(source, folder, name, &limit) && cgroup_limit(limit) < smallest)
            smallest = cgroup_limit(limit);
        *strrchr(at, '/') = '\0';
    }
    return smallest;
}

static void read_memory_usage(struct source *source, const char *path, struct cgroup_usage *usage) {
    char folder[SOURCE_PATH_SIZE];
    bool unified = is_unified(source);
    uint64_t cache = 0;
    if (!cgroup_folder(source, "memory", path, folder)) return;
    usage->has_memory = read_in(
        source, folder, unified ? "memory.current" : "memory.usage_in_bytes", &usage->memory_bytes);
    if (read_row(source, folder, "memory.stat", unified ? "inactive_file" : "total_inactive_file",
                 &cache))
        usage->memory_bytes -= cache < usage->memory_bytes ? cache : usage->memory_bytes;
    usage->memory_limit =
        smallest_limit(source, "memory", path, unified ? "memory.max" : "memory.limit_in_bytes");
}

struct cgroup_usage read_cgroup(struct source *source, const char *path) {
    char folder[SOURCE_PATH_SIZE];
    struct cgroup_usage usage = {.memory_limit = CGROUP_NO_LIMIT, .tasks_limit = CGROUP_NO_LIMIT};
    if (path[0] != '/') return usage;
    read_memory_usage(source, path, &usage);
    if (!cgroup_folder(source, "pids", path, folder)) return usage;
    usage.has_tasks = read_in(source, folder, "pids.current", &usage.tasks);
    usage.tasks_limit = smallest_limit(source, "pids", path, "pids.max");
    return usage;
}

bool read_cgroup_oom_kills(struct source *source, const char *path, uint64_t *kills_out) {
    char folder[SOURCE_PATH_SIZE];
    const char *file = is_unified(source) ? "memory.events" : "memory.oom_control";
    return cgroup_folder(source, "memory", path, folder) &&
           read_row(source, folder, file, "oom_kill", kills_out);
}
