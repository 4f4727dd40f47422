/* One sample of the machine: the core vector by the worst member of each family, and the members
 * themselves. All memory is taken when the sampler is made; a sample takes none. */
#ifndef EAR_AGENT_SAMPLE_SAMPLE_H
#define EAR_AGENT_SAMPLE_SAMPLE_H

#include "agent/sample/filter.h"
#include "agent/sample/service.h"
#include "common/base/clock.h"
#include "common/model/report.h"

struct sampler;

struct sampler_options {
    char proc_path[SOURCE_PATH_SIZE];    /* "/proc" */
    char sys_path[SOURCE_PATH_SIZE];     /* "/sys" */
    char root_path[SOURCE_PATH_SIZE];    /* "/": what mount points are below */
    char scope_cgroup[CGROUP_PATH_SIZE]; /* group whose limits stand for the machine's; empty = none
                                          */
    struct filter mounts, devices, interfaces;
    size_t service_count;
    struct service_options services[SERVICE_MAX];
    unsigned scan_max; /* processes looked at in one sample; 0 = as process.h says */
};

struct sample {
    struct metric_vector core;
    uint16_t further_count, event_count;
    struct series_value further[SERIES_MAX];
    struct agent_event events[REPORT_EVENTS_MAX]; /* more in one sample are dropped */
    double elapsed_s; /* since the sample before; 0 = first, which has no rates */
};

/* options  copied. STATUS_NO_MEMORY, STATUS_OUT_OF_RANGE (more than SERVICE_MAX services). */
enum status sampler_create(const struct sampler_options *options,
                           struct sampler **sampler_out) MUST_USE;
void sampler_destroy(struct sampler *sampler);
/* Takes on other options and keeps the counters; services that stay keep their state. */
enum status sampler_reload(struct sampler *sampler, const struct sampler_options *options) MUST_USE;

/* Reads everything once; what cannot be read is left out of the sample. One thread. */
void sampler_take(struct sampler *sampler, struct now now, struct sample *sample_out);
/* The names behind the numbers of the newest sample; borrowed until the next sampler_take(). */
const struct series_dictionary *sampler_dictionary(const struct sampler *sampler);
/* This boot, read now. STATUS_NOT_FOUND, STATUS_MALFORMED. */
enum status sampler_boot_id(struct sampler *sampler, struct boot_id *boot_out) MUST_USE;
/* A file that went missing since it was last asked, with the metrics that go without it; NULL when
 * there is none. Each file is named once. Static storage. */
const char *sampler_missing(struct sampler *sampler, const char **metrics_out);
/* Members that did not fit the dictionary so far. */
uint64_t sampler_refused(const struct sampler *sampler);
/* Whether each process was looked at at least once: then services by name are known. */
bool sampler_knows_processes(const struct sampler *sampler);

#endif
