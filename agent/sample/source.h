/* Where the collectors read: the roots of /proc and /sys, one scratch buffer, and the memory of
 * which files are missing, so that each is said once. */
#ifndef EAR_AGENT_SAMPLE_SOURCE_H
#define EAR_AGENT_SAMPLE_SOURCE_H

#include "agent/sample/scan.h"
#include "common/sys/file.h"

/* Bytes of one file that are looked at; /proc/stat of a machine of 896 cores has about 100 KiB
 * before its last line that matters. Untouched pages cost no memory. */
#define SOURCE_TEXT_SIZE (160 * 1024)
#define SOURCE_PATH_SIZE 512

/* enumerator, root, path, metrics that go without it */
#define SOURCE_TABLE(X)                                                                            \
    X(STAT, PROC, "stat", "cpu, forks, blocked processes")                                         \
    X(LOADAVG, PROC, "loadavg", "load, processes")                                                 \
    X(MEMINFO, PROC, "meminfo", "memory, swap")                                                    \
    X(VMSTAT, PROC, "vmstat", "faults, OOM kills")                                                 \
    X(PRESSURE_CPU, PROC, "pressure/cpu", "CPU pressure")                                          \
    X(PRESSURE_MEMORY, PROC, "pressure/memory", "memory pressure")                                 \
    X(PRESSURE_IO, PROC, "pressure/io", "I/O pressure")                                            \
    X(MOUNTINFO, PROC, "self/mountinfo", "mounts")                                                 \
    X(MOUNTINFO_INIT, PROC, "1/mountinfo", "mounts")                                               \
    X(DISKSTATS, PROC, "diskstats", "devices")                                                     \
    X(NET_DEV, PROC, "net/dev", "interfaces")                                                      \
    X(NET_SNMP, PROC, "net/snmp", "TCP retransmits")                                               \
    X(CONNTRACK_COUNT, PROC, "sys/net/netfilter/nf_conntrack_count", "connection tracking")        \
    X(CONNTRACK_MAX, PROC, "sys/net/netfilter/nf_conntrack_max", "connection tracking")            \
    X(FILE_NR, PROC, "sys/fs/file-nr", "descriptors")                                              \
    X(UPTIME, PROC, "uptime", "uptime")                                                            \
    X(BOOT_ID, PROC, "sys/kernel/random/boot_id", "boot id")                                       \
    X(OWN_STATM, PROC, "self/statm", "own memory")                                                 \
    X(PROCESSES, PROC, "self/..", "zombies, services by process name")                             \
    X(SCOPE, SYS, "fs/cgroup", "the limits of scope_cgroup")

enum source_root { SOURCE_ROOT_PROC, SOURCE_ROOT_SYS };
enum source_file {
#define SOURCE_ENUMERATOR(upper, root, path, metrics) SOURCE_##upper,
    SOURCE_TABLE(SOURCE_ENUMERATOR)
#undef SOURCE_ENUMERATOR
        SOURCE_COUNT
};

struct source {
    char proc_path[SOURCE_PATH_SIZE]; /* "/proc", no slash at the end */
    char sys_path[SOURCE_PATH_SIZE];
    char root_path[SOURCE_PATH_SIZE]; /* what mount points are below; "" = "/" */
    uint32_t missing;                 /* bit n: file n was missing at the last reading */
    uint32_t said;                    /* bit n: source_news() named it */
    char *text;                       /* SOURCE_TEXT_SIZE bytes, the sampler's */
};

/* Reads a known file whole into source->text; a longer file is cut after its last whole line.
 * text_out  borrowed until the next read
 * False when it cannot be read, which source_news() will name once. */
bool source_read(struct source *source, enum source_file file, struct scan *text_out);
/* Reads PATH below a root, formed as root + "/" + path; nothing is said when it is missing. */
bool source_read_path(struct source *source, enum source_root root, const char *path,
                      struct scan *text_out);
/* "PROC/self/../PID/NAME", which also finds processes younger than a proc_path made of links. */
bool source_read_process(struct source *source, uint64_t pid, const char *name,
                         struct scan *text_out);
/* The first number of a small file, "max" included as UINT64_MAX. */
bool source_read_number(struct source *source, enum source_root root, const char *path,
                        uint64_t *number_out);
/* Writes root + "/" + path; false when it does not fit. */
bool source_path(const struct source *source, enum source_root root, const char *path,
                 char target[static SOURCE_PATH_SIZE]);
/* Marks a file as missing, or present again, for files read in another way. */
void source_mark(struct source *source, enum source_file file, bool present);
/* The next file that went missing and was not named yet; NULL when there is none. */
const char *source_news(struct source *source, const char **metrics_out);

#endif
