/* Processes; the state, with its open folder, is the sampler's. */
#include "agent/sample/process.h"

#include <string.h>

#include "common/base/text.h"

enum status parse_process_stat(const char *text, size_t length, struct process_stat *process_out) {
    struct process_stat p = {0};
    struct scan rest = scan_over(text, length), pid, word;
    const char *close = NULL;
    for (const char *at = rest.end; at > rest.at && close == NULL; at--)
        if (at[-1] == ')') close = at - 1;
    if (!scan_until(&rest, '(', &pid) || close == NULL || close < rest.at) return STATUS_MALFORMED;
    struct scan comm = {rest.at, close};
    if (scan_length(&comm) >= PROCESS_COMM_SIZE) comm.end = comm.at + PROCESS_COMM_SIZE - 1;
    if (!scan_unsigned(&pid, &p.pid) || scan_copy(&comm, p.comm, sizeof p.comm) != STATUS_OK)
        return STATUS_MALFORMED;
    rest = (struct scan){close + 1, rest.end};
    if (!scan_word(&rest, &word) || scan_length(&word) != 1) return STATUS_MALFORMED;
    p.state = *word.at;
    /* Columns 4 to 19 lie between the state and num_threads (20), one more before starttime (22).
     */
    if (!scan_skip(&rest, 16) || !scan_unsigned(&rest, &p.threads) || !scan_skip(&rest, 1) ||
        !scan_unsigned(&rest, &p.start_ticks) || !scan_unsigned(&rest, &p.virtual_bytes) ||
        !scan_unsigned(&rest, &p.resident_pages))
        return STATUS_MALFORMED;
    *process_out = p;
    return STATUS_OK;
}

enum status parse_loadavg(const char *text, size_t length, double *load1_out, uint64_t *tasks_out) {
    struct scan rest = scan_over(text, length), running;
    double load1;
    uint64_t tasks;
    struct scan word;
    if (!scan_double(&rest, &load1) || load1 < 0 || !scan_skip(&rest, 2) ||
        !scan_word(&rest, &word) || !scan_until(&word, '/', &running) ||
        !scan_unsigned(&word, &tasks))
        return STATUS_MALFORMED;
    *load1_out = load1;
    *tasks_out = tasks;
    return STATUS_OK;
}

enum status parse_file_nr(const char *text, size_t length, double *percent_out) {
    struct scan rest = scan_over(text, length), line;
    uint64_t allocated, spare, limit;
    if (!scan_line(&rest, &line) || !scan_unsigned(&line, &allocated) ||
        !scan_unsigned(&line, &spare) || !scan_unsigned(&line, &limit) || limit == 0)
        return STATUS_MALFORMED;
    uint64_t used = allocated > spare ? allocated - spare : 0;
    *percent_out = 100.0 * (double)used / (double)limit;
    return STATUS_OK;
}

bool read_process_stat(struct source *source, uint64_t pid, struct process_stat *process_out) {
    struct scan text;
    return source_read_process(source, pid, "stat", &text) &&
           parse_process_stat(text.at, scan_length(&text), process_out) == STATUS_OK;
}

static void end_round(struct process_state *state, const struct process_visitor *visitor) {
    (void)closedir(state->folder);
    state->folder = NULL;
    state->zombies = state->zombies_so_far;
    state->zombies_known = true;
    if (visitor != NULL) visitor->round_over(visitor->context);
}

static bool start_round(struct source *source, struct process_state *state) {
    char path[SOURCE_PATH_SIZE];
    state->zombies_so_far = 0;
    /* See source_read_process() for the "..". */
    if (source_path(source, SOURCE_ROOT_PROC, "self/..", path)) state->folder = opendir(path);
    source_mark(source, SOURCE_PROCESSES, state->folder != NULL);
    return state->folder != NULL;
}

static void scan_processes(struct source *source, struct process_state *state, unsigned scan_max,
                           const struct process_visitor *visitor) {
    if (state->folder == NULL && !start_round(source, state)) return;
    for (unsigned i = 0; i < scan_max; i++) {
        const struct dirent *entry = readdir(state->folder);
        if (entry == NULL) {
            end_round(state, visitor);
            return;
        }
        int64_t pid;
        struct process_stat process;
        if (text_parse_integer(entry->d_name, strlen(entry->d_name), &pid) != STATUS_OK ||
            pid <= 0 || !read_process_stat(source, (uint64_t)pid, &process))
            continue;
        state->zombies_so_far += process.state == 'Z';
        if (visitor != NULL) visitor->seen(visitor->context, &process);
    }
}

void read_processes(struct source *source, struct process_state *state,
                    const struct cpu_reading *cpu, double elapsed_s, unsigned scan_max,
                    const struct process_visitor *visitor, struct metric_vector *core) {
    struct scan text;
    double load1, descriptors;
    uint64_t tasks;
    if (cpu != NULL && cpu->has_blocked)
        metric_set(core, METRIC_PROCESSES_BLOCKED, (double)cpu->blocked);
    if (cpu != NULL && cpu->has_forks)
        metric_set(core, METRIC_PROCESSES_FORKS,
                   counter_rate(&state->forks, cpu->forks, elapsed_s));
    else
        counter_forget(&state->forks);
    if (source_read(source, SOURCE_LOADAVG, &text) &&
        parse_loadavg(text.at, scan_length(&text), &load1, &tasks) == STATUS_OK) {
        metric_set(core, METRIC_LOAD1, load1);
        metric_set(core, METRIC_PROCESSES_TOTAL, (double)tasks);
    }
    if (source_read(source, SOURCE_FILE_NR, &text) &&
        parse_file_nr(text.at, scan_length(&text), &descriptors) == STATUS_OK)
        metric_set(core, METRIC_FD_USED, descriptors);
    scan_processes(source, state, scan_max, visitor);
    if (state->zombies_known) metric_set(core, METRIC_PROCESSES_ZOMBIES, state->zombies);
}

void process_state_fini(struct process_state *state) {
    if (state->folder != NULL) (void)closedir(state->folder);
    state->folder = NULL;
}
