/* Looks for a live process of a command name, some hundred entries of /proc at a time. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "agent/health/probe.h"
#include "common/base/text.h"
#include "common/sys/file.h"

#define STAT_SIZE 1024 /* of /proc/PID/stat; some 350 are usual */

/* "PID (COMM) STATE ...": the last ')' ends the name. A dead process that waits for its parent is
 * not running. */
static bool is_live(const char *stat, const char *command) {
    const char *open = strchr(stat, '('), *close = strrchr(stat, ')');
    if (open == NULL || close == NULL || close < open || close[1] != ' ') return false;
    size_t length = (size_t)(close - open) - 1;
    if (close[2] == 'Z' || close[2] == 'X') return false;
    return strlen(command) == length && memcmp(open + 1, command, length) == 0;
}

static bool matches(const struct probe_world *world, uint64_t pid, const char *command) {
    char path[FILE_PATH_SIZE], stat[STAT_SIZE];
    size_t length;
    /* "self/.." leads to the real folder where proc_path is made of links. */
    (void)snprintf(path, sizeof path, "%s/self/../%llu/stat", world->proc_path,
                   (unsigned long long)pid);
    return file_read(path, stat, sizeof stat, &length) == STATUS_OK && is_live(stat, command);
}

static enum status open_folder(struct probe *probe, const struct probe_world *world) {
    char path[FILE_PATH_SIZE];
    (void)snprintf(path, sizeof path, "%s/self/..", world->proc_path);
    probe->folder = opendir(path);
    if (probe->folder != NULL) return STATUS_OK;
    return probe_say(probe, STATUS_NOT_FOUND, "no process table to look at");
}

enum status probe_step_process(struct probe *probe, const struct health_check *check,
                               const struct probe_world *world) {
    if (probe->last_pid != 0 && matches(world, probe->last_pid, check->target)) return STATUS_OK;
    probe->last_pid = 0;
    if (probe->folder == NULL) {
        enum status status = open_folder(probe, world);
        if (status != STATUS_OK) return status;
    }
    for (unsigned i = 0; i < PROBE_SCAN_STEP; i++) {
        const struct dirent *entry = readdir(probe->folder);
        if (entry == NULL) return probe_say(probe, STATUS_NOT_FOUND, "no such process");
        int64_t pid;
        if (text_parse_integer(entry->d_name, strlen(entry->d_name), &pid) != STATUS_OK ||
            pid <= 0 || !matches(world, (uint64_t)pid, check->target))
            continue;
        probe->last_pid = (uint64_t)pid;
        return STATUS_OK;
    }
    return STATUS_AGAIN;
}
