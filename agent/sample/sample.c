/* The sampler: owns the scratch buffer, the counters and the dictionary. One thread. */
#include "agent/sample/sample.h"

#include <stdlib.h>
#include <string.h>

#include "agent/sample/cpu.h"
#include "agent/sample/disk.h"
#include "agent/sample/diskio.h"
#include "agent/sample/memory.h"
#include "agent/sample/network.h"
#include "agent/sample/own.h"
#include "agent/sample/pressure.h"
#include "agent/sample/uptime.h"
#include "common/base/text.h"

struct sampler {
    struct sampler_options options;
    struct source source;
    struct boot_time taken_at; /* of the sample before; 0 = none */
    struct cpu_state cpu;
    struct memory_state memory;
    struct disk_state disk;
    struct diskio_state diskio;
    struct network_state network;
    struct process_state process;
    struct counter own_cpu_us, scope_oom_kills;
    struct service services[SERVICE_MAX];
    struct members members;
    char text[SOURCE_TEXT_SIZE];
};

/* Where events of the sample under way go. */
struct gathering {
    struct sampler *sampler;
    struct sample *sample;
    struct wall_time at;
};

/* Without the slash at its end, so that "/" becomes "". */
static enum status set_root(char target[static SOURCE_PATH_SIZE], const char *path) {
    enum status status = text_copy(target, SOURCE_PATH_SIZE, path);
    size_t length = strlen(target);
    while (length > 0 && target[length - 1] == '/') target[--length] = '\0';
    return status;
}

static const struct service *find_service(const struct sampler *sampler, size_t count,
                                          const struct service_options *options) {
    for (size_t i = 0; i < count; i++)
        if (memcmp(&sampler->services[i].options, options, sizeof *options) == 0)
            return &sampler->services[i];
    return NULL;
}

static enum status set_paths(struct source *source, const struct sampler_options *options) {
    enum status status = set_root(source->proc_path, options->proc_path);
    if (status == STATUS_OK) status = set_root(source->sys_path, options->sys_path);
    if (status == STATUS_OK) status = set_root(source->root_path, options->root_path);
    return status;
}

enum status sampler_reload(struct sampler *sampler, const struct sampler_options *options) {
    if (options->service_count > SERVICE_MAX) return STATUS_OUT_OF_RANGE;
    struct source paths = sampler->source;
    enum status status = set_paths(&paths, options);
    if (status != STATUS_OK) return status;
    struct service *services = calloc(SERVICE_MAX, sizeof *services);
    if (services == NULL) return STATUS_NO_MEMORY;
    for (size_t i = 0; i < options->service_count; i++) {
        const struct service *kept =
            find_service(sampler, sampler->options.service_count, &options->services[i]);
        if (kept != NULL)
            services[i] = *kept;
        else
            services[i].options = options->services[i];
    }
    memcpy(sampler->services, services, sizeof sampler->services);
    free(services);
    sampler->source = paths;
    sampler->options = *options;
    return STATUS_OK;
}

enum status sampler_create(const struct sampler_options *options, struct sampler **sampler_out) {
    struct sampler *sampler = calloc(1, sizeof *sampler);
    if (sampler == NULL) return STATUS_NO_MEMORY;
    sampler->source.text = sampler->text;
    enum status status = sampler_reload(sampler, options);
    if (status != STATUS_OK) {
        sampler_destroy(sampler);
        return status;
    }
    *sampler_out = sampler;
    return STATUS_OK;
}

void sampler_destroy(struct sampler *sampler) {
    if (sampler == NULL) return;
    process_state_fini(&sampler->process);
    free(sampler);
}

static void add_event(struct gathering *g, enum agent_event_kind kind, const char *member,
                      const char *detail) {
    if (g->sample->event_count == REPORT_EVENTS_MAX) return;
    struct agent_event *event = &g->sample->events[g->sample->event_count++];
    *event = (struct agent_event){.kind = kind, .at = g->at};
    struct text name = text_over(event->member, sizeof event->member);
    struct text what = text_over(event->detail, sizeof event->detail);
    text_add(&name, member);
    text_add(&what, detail);
}

static void on_read_only(void *context, const char *path) {
    add_event(context, AGENT_EVENT_READ_ONLY_REMOUNT, path, "mount turned read-only");
}

static void on_service_restart(void *context, const char *name) {
    add_event(context, AGENT_EVENT_SERVICE_RESTARTED, name, "its main process is another one");
}

static void on_lost_series(void *context, const struct series_name *name) {
    add_event(context, AGENT_EVENT_SERIES_LOST, name->member, name->name);
}

static void on_process(void *context, const struct process_stat *process) {
    const struct gathering *g = context;
    for (size_t i = 0; i < g->sampler->options.service_count; i++)
        service_see(&g->sampler->services[i], process);
}

static void on_round_over(void *context) {
    const struct gathering *g = context;
    for (size_t i = 0; i < g->sampler->options.service_count; i++)
        service_round_over(&g->sampler->services[i]);
}

/* The limits of one group stand for the machine's, as inside a container. */
static void apply_scope(struct sampler *sampler, struct metric_vector *core) {
    const char *group = sampler->options.scope_cgroup;
    char folder[SOURCE_PATH_SIZE];
    uint64_t kills;
    bool present = cgroup_folder(&sampler->source, "memory", group, folder);
    source_mark(&sampler->source, SOURCE_SCOPE, present);
    if (!present) return;
    struct cgroup_usage usage = read_cgroup(&sampler->source, group);
    if (usage.has_memory && usage.memory_limit < sampler->memory.total) {
        double limit = (double)usage.memory_limit, used = (double)usage.memory_bytes;
        if (used > limit) used = limit;
        metric_set(core, METRIC_MEM_USED, limit > 0 ? 100.0 * used / limit : 100.0);
        metric_set(core, METRIC_MEM_AVAILABLE, limit - used);
        sampler->memory.total = usage.memory_limit;
    }
    if (usage.has_tasks) metric_set(core, METRIC_PROCESSES_TOTAL, (double)usage.tasks);
    read_pressure_of(&sampler->source, folder, core);
    if (read_cgroup_oom_kills(&sampler->source, group, &kills))
        metric_set(core, METRIC_MEM_OOM_KILLS, counter_delta(&sampler->scope_oom_kills, kills));
}

/* A service that is looked for by name and not found makes the search a quick one. */
static unsigned scan_max(const struct sampler *sampler, double elapsed_s) {
    if (sampler->options.scan_max > 0) return sampler->options.scan_max;
    for (size_t i = 0; i < sampler->options.service_count; i++)
        if (sampler->services[i].options.process[0] != '\0' && !sampler->services[i].is_up)
            return PROCESS_SCAN_MAX;
    double wanted = elapsed_s * PROCESS_SCAN_PER_SECOND;
    if (elapsed_s <= 0 || wanted > PROCESS_SCAN_MAX) return PROCESS_SCAN_MAX;
    return wanted < PROCESS_SCAN_PER_SECOND ? PROCESS_SCAN_PER_SECOND : (unsigned)wanted;
}

static void take_machine(struct gathering *g) {
    struct sampler *s = g->sampler;
    struct metric_vector *core = &g->sample->core;
    double elapsed = g->sample->elapsed_s;
    struct cpu_reading cpu;
    struct process_visitor visitor = {on_process, on_round_over, g};
    bool has_cpu = read_cpu(&s->source, &s->cpu, &cpu, core);
    read_memory(&s->source, &s->memory, elapsed, core);
    read_pressure(&s->source, core);
    read_disks(&s->source, &s->disk, &s->options.mounts, core, &s->members, on_read_only, g);
    read_diskio(&s->source, &s->diskio, &s->options.devices, elapsed, core, &s->members);
    read_network(&s->source, &s->network, &s->options.interfaces, elapsed, core, &s->members);
    read_processes(&s->source, &s->process, has_cpu ? &cpu : NULL, elapsed, scan_max(s, elapsed),
                   &visitor, core);
    read_uptime(&s->source, core);
    read_own_cost(&s->source, &s->own_cpu_us, elapsed, core);
    if (s->options.scope_cgroup[0] != '\0') apply_scope(s, core);
}

void sampler_take(struct sampler *sampler, struct now now, struct sample *sample_out) {
    struct gathering g = {sampler, sample_out, now.wall};
    *sample_out = (struct sample){0};
    if (sampler->taken_at.ms > 0)
        sample_out->elapsed_s = (double)boot_since(now.boot, sampler->taken_at).ms / 1000.0;
    sampler->taken_at = now.boot;
    members_begin(&sampler->members);
    take_machine(&g);
    for (size_t i = 0; i < sampler->options.service_count; i++)
        read_service(&sampler->source, &sampler->services[i], sampler->memory.total,
                     &sample_out->core, &sampler->members, on_service_restart, &g);
    members_end(&sampler->members, sample_out->further, &sample_out->further_count, on_lost_series,
                &g);
    const struct metric_vector *core = &sample_out->core;
    if (metric_has(core, METRIC_MEM_OOM_KILLS) && core->values[METRIC_MEM_OOM_KILLS] > 0)
        add_event(&g, AGENT_EVENT_OOM_KILL, "", "the kernel killed a process for memory");
}

const struct series_dictionary *sampler_dictionary(const struct sampler *sampler) {
    return &sampler->members.dictionary;
}

enum status sampler_boot_id(struct sampler *sampler, struct boot_id *boot_out) {
    return read_boot_id(&sampler->source, boot_out);
}

const char *sampler_missing(struct sampler *sampler, const char **metrics_out) {
    return source_news(&sampler->source, metrics_out);
}

uint64_t sampler_refused(const struct sampler *sampler) { return sampler->members.refused; }

bool sampler_knows_processes(const struct sampler *sampler) {
    return sampler->process.zombies_known;
}
