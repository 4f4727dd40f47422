/* Watched services; their state is the sampler's. */
#include "agent/sample/service.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/text.h"

static uint64_t parse_soft_limit(struct scan line) {
    uint64_t limit;
    return scan_unsigned(&line, &limit) ? limit : SERVICE_NO_LIMIT; /* "unlimited" */
}

void parse_limits(const char *text, size_t length, struct service_limits *limits_out) {
    struct service_limits limits = {SERVICE_NO_LIMIT, SERVICE_NO_LIMIT, SERVICE_NO_LIMIT};
    struct {
        const char *name;
        uint64_t *value;
    } const rows[] = {{"Max open files", &limits.open_files},
                      {"Max processes", &limits.processes},
                      {"Max address space", &limits.address_space}};
    struct scan rest = scan_over(text, length), line;
    while (scan_line(&rest, &line))
        for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
            if (scan_starts(&line, rows[i].name)) {
                line.at += strlen(rows[i].name);
                *rows[i].value = parse_soft_limit(line);
            }
    *limits_out = limits;
}

static double share(double used, uint64_t limit) {
    if (limit == 0 || limit == UINT64_MAX) return (double)NAN;
    return 100.0 * used / (double)limit;
}

static double worse(double a, double b) { return isnan(a) || b > a ? b : a; }

double service_memory_percent(const struct service_usage *usage, const struct cgroup_usage *group,
                              bool own_group, uint64_t machine_bytes) {
    double resident = (double)usage->resident_bytes;
    double in_group = own_group && group->has_memory ? (double)group->memory_bytes : resident;
    double percent = worse(share(in_group, group->memory_limit), usage->address_space_percent);
    percent = worse(percent, share(resident, machine_bytes));
    return percent > 100 ? 100 : percent;
}

double service_threads_percent(const struct service_usage *usage, const struct cgroup_usage *group,
                               bool own_group) {
    double threads = (double)usage->threads;
    double in_group = own_group && group->has_tasks ? (double)group->tasks : threads;
    double percent =
        worse(share(in_group, group->tasks_limit), share(threads, usage->processes_limit));
    return percent > 100 ? 100 : percent;
}

static bool same(const struct service_process *a, const struct service_process *b) {
    return a->pid == b->pid && a->start_ticks == b->start_ticks;
}

bool service_restarted(struct service *service, const struct service_process *main) {
    if (main->pid == 0) return false;
    bool restarted = service->main.pid != 0 && !same(&service->main, main);
    service->main = *main;
    return restarted;
}

void service_see(struct service *service, const struct process_stat *process) {
    const struct service_options *options = &service->options;
    if (options->process[0] == '\0' || strcmp(options->process, process->comm) != 0) return;
    if (process->state == 'Z' || service->finding_count == PROCESS_MATCHES_MAX) return;
    service->finding[service->finding_count++] =
        (struct service_process){process->pid, process->start_ticks};
}

void service_round_over(struct service *service) {
    memcpy(service->found, service->finding, service->finding_count * sizeof service->found[0]);
    service->found_count = service->finding_count;
    service->finding_count = 0;
}

/* The group of a unit, or of "template@name.service", whose slice has the template's name. */
static bool find_unit_group(struct source *source, const char *unit,
                            char path_out[static CGROUP_PATH_SIZE]) {
    static const char *const controllers[] = {"memory", "pids", "systemd"};
    char folder[SOURCE_PATH_SIZE], slice[160] = "";
    const char *at = strchr(unit, '@');
    if (at != NULL) {
        /* A dash in a slice's name parts levels, so systemd writes the template's as \x2d. */
        if (memchr(unit, '-', (size_t)(at - unit)) != NULL) return false;
        (void)snprintf(slice, sizeof slice, "/system-%.*s.slice", (int)(at - unit), unit);
    }
    int length = snprintf(path_out, CGROUP_PATH_SIZE, "/system.slice%s/%s", slice, unit);
    if (length < 0 || length >= CGROUP_PATH_SIZE) return false;
    for (size_t i = 0; i < ARRAY_LENGTH(controllers); i++)
        if (cgroup_folder(source, controllers[i], path_out, folder)) return true;
    return false;
}

static bool find_group(struct source *source, const struct service_options *options,
                       char path_out[static CGROUP_PATH_SIZE]) {
    if (options->cgroup[0] != '\0')
        return text_copy(path_out, CGROUP_PATH_SIZE, options->cgroup) == STATUS_OK;
    return options->unit[0] != '\0' && find_unit_group(source, options->unit, path_out);
}

static size_t pids_of_group(struct source *source, const char *group,
                            uint64_t pids_out[static PROCESS_MATCHES_MAX]) {
    static const char *const controllers[] = {"pids", "memory", "systemd"};
    char folder[SOURCE_PATH_SIZE], path[SOURCE_PATH_SIZE + 16];
    struct scan text, line;
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(controllers) && count == 0; i++) {
        if (!cgroup_folder(source, controllers[i], group, folder)) continue;
        (void)snprintf(path, sizeof path, "%s/cgroup.procs", folder);
        if (!source_read_path(source, SOURCE_ROOT_SYS, path, &text)) continue;
        while (count < PROCESS_MATCHES_MAX && scan_line(&text, &line))
            if (scan_unsigned(&line, &pids_out[count])) count++;
    }
    return count;
}

static size_t pid_of_file(const char *path, uint64_t pids_out[static PROCESS_MATCHES_MAX]) {
    char buffer[32];
    size_t length;
    if (path[0] == '\0' || file_read(path, buffer, sizeof buffer, &length) != STATUS_OK) return 0;
    struct scan text = scan_over(buffer, length), line;
    return scan_line(&text, &line) && scan_unsigned(&line, &pids_out[0]) && pids_out[0] > 0 ? 1 : 0;
}

static double descriptors_percent(struct source *source, uint64_t pid, uint64_t limit) {
    char name[64], path[SOURCE_PATH_SIZE];
    struct stat entry;
    (void)snprintf(name, sizeof name, "self/../%llu/fd", (unsigned long long)pid);
    if (limit == 0 || limit == SERVICE_NO_LIMIT ||
        !source_path(source, SOURCE_ROOT_PROC, name, path) || stat(path, &entry) != 0)
        return (double)NAN;
    /* Linux 6.2 and later give the count as the size, to everybody. */
    uint64_t count = S_ISDIR(entry.st_mode) && entry.st_size > 0 ? (uint64_t)entry.st_size : 0;
    if (count == 0) {
        DIR *folder = opendir(path);
        if (folder == NULL) return (double)NAN;
        const struct dirent *fd;
        while (count < SERVICE_FD_COUNT_MAX && (fd = readdir(folder)) != NULL)
            count += fd->d_name[0] != '.';
        (void)closedir(folder);
    }
    return 100.0 * (double)count / (double)limit;
}

static void add_process(struct source *source, const struct process_stat *process,
                        struct service_usage *usage) {
    struct service_limits limits = {SERVICE_NO_LIMIT, SERVICE_NO_LIMIT, SERVICE_NO_LIMIT};
    struct scan text;
    if (source_read_process(source, process->pid, "limits", &text))
        parse_limits(text.at, scan_length(&text), &limits);
    usage->process_count++;
    usage->resident_bytes += process->resident_pages * (uint64_t)sysconf(_SC_PAGESIZE);
    usage->threads += process->threads;
    usage->address_space_percent = worse(
        usage->address_space_percent, share((double)process->virtual_bytes, limits.address_space));
    usage->descriptors_percent = worse(
        usage->descriptors_percent, descriptors_percent(source, process->pid, limits.open_files));
    bool is_older = usage->main.pid == 0 || process->start_ticks < usage->main.start_ticks;
    if (!is_older) return;
    usage->main = (struct service_process){process->pid, process->start_ticks};
    usage->processes_limit = limits.processes;
}

static void add_pids(struct source *source, const uint64_t *pids, size_t count,
                     struct service_usage *usage) {
    struct process_stat process;
    for (size_t i = 0; i < count; i++)
        if (read_process_stat(source, pids[i], &process) && process.state != 'Z')
            add_process(source, &process, usage);
}

/* A number found in an earlier round may meanwhile be another process. */
static void add_found(struct source *source, const struct service *service,
                      struct service_usage *usage) {
    struct process_stat process;
    for (size_t i = 0; i < service->found_count; i++)
        if (read_process_stat(source, service->found[i].pid, &process) && process.state != 'Z' &&
            process.start_ticks == service->found[i].start_ticks)
            add_process(source, &process, usage);
}

static struct service_usage read_usage(struct source *source, const struct service *service,
                                       const char *group) {
    struct service_usage usage = {.address_space_percent = (double)NAN,
                                  .descriptors_percent = (double)NAN,
                                  .processes_limit = SERVICE_NO_LIMIT};
    uint64_t pids[PROCESS_MATCHES_MAX];
    if (group[0] != '\0') add_pids(source, pids, pids_of_group(source, group, pids), &usage);
    if (usage.process_count == 0)
        add_pids(source, pids, pid_of_file(service->options.pid_file, pids), &usage);
    if (usage.process_count == 0) add_found(source, service, &usage);
    return usage;
}

/* The group of a service that has none of its own: that of its main process. */
static struct cgroup_usage read_outer_group(struct source *source, uint64_t pid) {
    struct cgroup_usage usage = {.memory_limit = CGROUP_NO_LIMIT, .tasks_limit = CGROUP_NO_LIMIT};
    char memory[CGROUP_PATH_SIZE] = "", tasks[CGROUP_PATH_SIZE] = "";
    struct scan text;
    if (!source_read_process(source, pid, "cgroup", &text)) return usage;
    bool has_memory =
        parse_process_cgroup(text.at, scan_length(&text), "memory", memory) == STATUS_OK;
    bool has_tasks = parse_process_cgroup(text.at, scan_length(&text), "pids", tasks) == STATUS_OK;
    if (has_memory) usage = read_cgroup(source, memory);
    if (has_tasks) usage.tasks_limit = read_cgroup(source, tasks).tasks_limit;
    return usage;
}

static void put(struct service *service, enum metric metric, double value,
                struct metric_vector *core, struct members *members) {
    members_worst(core, metric, value);
    members_put(members, METRIC_MEMBER_SERVICE, metric_row(metric)->name, service->options.name,
                NULL, value);
}

void read_service(struct source *source, struct service *service, uint64_t machine_bytes,
                  struct metric_vector *core, struct members *members,
                  void (*restarted)(void *context, const char *name), void *context) {
    char group[CGROUP_PATH_SIZE] = "";
    bool own_group = find_group(source, &service->options, group);
    if (!own_group) group[0] = '\0';
    struct service_usage usage = read_usage(source, service, group);
    service->is_up = usage.process_count > 0;
    if (!service->is_up) return;
    struct cgroup_usage limits =
        own_group ? read_cgroup(source, group) : read_outer_group(source, usage.main.pid);
    bool anew = service_restarted(service, &usage.main);
    if (anew && restarted != NULL) restarted(context, service->options.name);
    put(service, METRIC_SERVICE_MEMORY_USED,
        service_memory_percent(&usage, &limits, own_group, machine_bytes), core, members);
    put(service, METRIC_SERVICE_FD_USED, usage.descriptors_percent, core, members);
    put(service, METRIC_SERVICE_THREADS_USED, service_threads_percent(&usage, &limits, own_group),
        core, members);
    put(service, METRIC_SERVICE_RESTARTS, anew ? 1 : 0, core, members);
}
