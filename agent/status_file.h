/* The agent's state as a small JSON file, rewritten each cycle, and its reader (`--status`). */
#ifndef EAR_AGENT_STATUS_FILE_H
#define EAR_AGENT_STATUS_FILE_H

#include <stdio.h>

#include "common/model/report.h"

#define STATUS_FILE_SIZE 12288 /* bytes; 16 checks of 300 bytes and the rest */
/* Cycles a running agent may be late with its file before it counts as stalled. */
#define STATUS_FILE_LATE_CYCLES 3

struct status_file {
    const char *path; /* "" = none */
    bool stopping;
    struct wall_time started_at, now;
    const char *instance;       /* "" = not known */
    const char *not_configured; /* why nothing is reported; NULL = configured */
    const char *connection;     /* "connected", "connecting: ...", "not configured" */
    struct duration interval;
    uint64_t sequence, acked;
    struct wall_time acked_at;
    size_t waiting;   /* reports not acknowledged yet */
    uint64_t dropped; /* reports that had to go */
    uint16_t check_count;
    const struct check_result *checks;
};

/* Replaces the file as one step. STATUS_OK without a path. */
enum status status_file_write(const struct status_file *status) MUST_USE;

/* Prints what the file at `path` says, or, when its writer is gone, that it is stopped. The first
 * four members are those of amazon-cloudwatch-agent-ctl: status, starttime, configstatus, version.
 * Gives whether an agent is running and configured, and every check that has a state is passing. */
bool status_file_print(const char *path, struct wall_time now, FILE *out);

#endif
