/* Mounted file systems: space, inodes, and whether one turned read-only. Local file systems only:
 * asking a network mount whose server is away would hang the agent. */
#ifndef EAR_AGENT_SAMPLE_DISK_H
#define EAR_AGENT_SAMPLE_DISK_H

#include "agent/sample/filter.h"
#include "agent/sample/members.h"
#include "agent/sample/source.h"

#define DISK_MOUNTS_MAX 32 /* file systems sampled; each is one, however often it is bound */
#define DISK_PATH_SIZE  SERIES_MEMBER_SIZE

struct disk_mount {
    unsigned major, minor;
    char path[DISK_PATH_SIZE];
    char type[16];
    char device[32];      /* "nvme1n1p1" of a source /dev/nvme1n1p1; "" = other sources */
    bool mount_read_only; /* this mount was asked to be read-only */
    bool super_read_only; /* the file system is, on request or after an error */
};

struct disk_space {
    double used_percent, inodes_used_percent; /* inodes: NaN where the file system counts none */
};

struct disk_state {
    size_t count;
    struct { /* file systems seen writable before */
        unsigned major, minor;
        bool said; /* that it turned read-only */
    } writable[DISK_MOUNTS_MAX];
};

/* mounts_out  up to DISK_MOUNTS_MAX, one per device number (the shortest path wins), in the order
 *             of the file; network, memory and kernel file systems are left out, and mounts whose
 *             path does not fit a series name
 * Returns how many. Pure. Format: proc_pid_mountinfo(5). */
size_t parse_mountinfo(const char *text, size_t length, const struct filter *filter,
                       struct disk_mount mounts_out[static DISK_MOUNTS_MAX]);
/* df's arithmetic: reserved blocks are neither used nor available. In file system units. Pure. */
struct disk_space disk_space_of(uint64_t blocks, uint64_t blocks_idle, uint64_t blocks_available,
                                uint64_t inodes, uint64_t inodes_idle);
/* Whether this mount turned read-only: it was seen writable, or the kernel made the file system
 * read-only below a mount that is not. Remembers. `is_news_out`: the first time that it says so. */
bool disk_turned_read_only(struct disk_state *state, const struct disk_mount *mount,
                           bool *is_news_out);
/* turned  called with each mount that newly turned read-only; NULL = nobody */
void read_disks(struct source *source, struct disk_state *state, const struct filter *filter,
                struct metric_vector *core, struct members *members,
                void (*turned)(void *context, const char *path), void *context);

#endif
