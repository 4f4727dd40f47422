/* Processes: how many, in which state, by which name. */
#ifndef EAR_AGENT_SAMPLE_PROCESS_H
#define EAR_AGENT_SAMPLE_PROCESS_H

#include <dirent.h>

#include "agent/sample/counter.h"
#include "agent/sample/cpu.h"

#define PROCESS_COMM_SIZE   16
#define PROCESS_MATCHES_MAX 64 /* processes of one name that are added up */
/* Entries of /proc looked at in one sample: so many for each second since the last one (each costs
 * some 8 us), at most the second number, which also holds for a first sample. */
#define PROCESS_SCAN_PER_SECOND 32
#define PROCESS_SCAN_MAX        256

struct process_stat { /* of /proc/PID/stat */
    uint64_t pid;
    char comm[PROCESS_COMM_SIZE];
    char state; /* 'R', 'S', 'D', 'Z' ... */
    uint64_t threads;
    uint64_t start_ticks; /* since boot: with the pid, names one process for ever */
    uint64_t virtual_bytes, resident_pages;
};

struct process_state {
    struct counter forks;
    DIR *folder; /* the round that is under way; NULL = none */
    unsigned zombies_so_far;
    unsigned zombies; /* of the last whole round */
    bool zombies_known;
};

/* Wants to know each process that a round sees. */
struct process_visitor {
    void (*seen)(void *context, const struct process_stat *process);
    void (*round_over)(void *context);
    void *context;
};

/* The command name may hold blanks and parentheses: the last ')' ends it. Pure. Format:
 * proc_pid_stat(5). */
enum status parse_process_stat(const char *text, size_t length,
                               struct process_stat *process_out) MUST_USE;
/* load1 and the number of processes and threads. Pure. */
enum status parse_loadavg(const char *text, size_t length, double *load1_out,
                          uint64_t *tasks_out) MUST_USE;
/* Share of the system's descriptor limit, percent. Pure. */
enum status parse_file_nr(const char *text, size_t length, double *percent_out) MUST_USE;

/* cpu      what /proc/stat said in this sample; NULL = it was missing
 * scan_max entries of /proc looked at now: a round over a full machine takes several samples, so
 *          that none of them is long; the zombies of the last whole round are reported */
void read_processes(struct source *source, struct process_state *state,
                    const struct cpu_reading *cpu, double elapsed_s, unsigned scan_max,
                    const struct process_visitor *visitor, struct metric_vector *core);
bool read_process_stat(struct source *source, uint64_t pid, struct process_stat *process_out);
void process_state_fini(struct process_state *state);

#endif
