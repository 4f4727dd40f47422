/* Configuration to parts; no data of its own. */
#include "agent/setup.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/text.h"

_Static_assert(AGENT_SERVICES_MAX <= SERVICE_MAX, "every configured service has a place");
_Static_assert(AGENT_CHECKS_MAX <= HEALTH_CHECKS_MAX, "every configured check has a place");
_Static_assert(CONFIG_STRINGS_MAX <= FILTER_NAMES_MAX, "every configured name has a place");
_Static_assert(CONFIG_STRINGS_ITEM_SIZE <= FILTER_NAME_SIZE, "every configured name fits");

/* Sizes of the targets are at least those of the configuration, but for the names that setup_load()
 * has refused. */
static void copy(char *target, size_t capacity, const char *source) {
    struct text text = text_over(target, capacity);
    text_add(&text, source);
}

static size_t copy_names(char names[][FILTER_NAME_SIZE], const struct config_strings *strings) {
    for (size_t i = 0; i < strings->count; i++) copy(names[i], FILTER_NAME_SIZE, strings->items[i]);
    return strings->count;
}

static void setup_service(const struct agent_service *service, struct service_options *out) {
    copy(out->name, sizeof out->name, service->name);
    copy(out->unit, sizeof out->unit, service->unit);
    copy(out->process, sizeof out->process, service->process);
    copy(out->pid_file, sizeof out->pid_file, service->pid_file);
    copy(out->cgroup, sizeof out->cgroup, service->cgroup);
}

void setup_sampler(const struct agent_config *config, struct sampler_options *options_out) {
    struct sampler_options *out = options_out;
    memset(out, 0, sizeof *out); /* compared by bytes on a reload */
    copy(out->proc_path, sizeof out->proc_path, config->proc_path);
    copy(out->sys_path, sizeof out->sys_path, config->sys_path);
    copy(out->root_path, sizeof out->root_path, config->root_path);
    copy(out->scope_cgroup, sizeof out->scope_cgroup, config->scope_cgroup);
    out->mounts.include_count = copy_names(out->mounts.include, &config->mounts_include);
    out->mounts.exclude_count = copy_names(out->mounts.exclude, &config->mounts_exclude);
    out->devices.exclude_count = copy_names(out->devices.exclude, &config->devices_exclude);
    out->interfaces.exclude_count =
        copy_names(out->interfaces.exclude, &config->interfaces_exclude);
    out->service_count = config->service_count;
    for (size_t i = 0; i < config->service_count; i++)
        setup_service(&config->services[i], &out->services[i]);
}

static enum health_kind kind_of(enum agent_check_type type) {
    switch (type) {
    case AGENT_CHECK_HTTP: return HEALTH_HTTP;
    case AGENT_CHECK_TCP: return HEALTH_TCP;
    case AGENT_CHECK_PROCESS: return HEALTH_PROCESS;
    case AGENT_CHECK_UNIT: return HEALTH_UNIT;
    }
    return HEALTH_HTTP;
}

static void setup_check(const struct agent_check *check, struct health_check *out) {
    *out = (struct health_check){.kind = kind_of(check->type),
                                 .interval = check->interval,
                                 .timeout = check->timeout,
                                 .grace = check->grace,
                                 .rise = (uint32_t)check->rise,
                                 .fall = (uint32_t)check->fall,
                                 .expect_status = (int)check->expect_status};
    copy(out->name, sizeof out->name, check->name);
    copy(out->unit, sizeof out->unit, check->unit);
    copy(out->target, sizeof out->target, check->target);
}

size_t setup_checks(const struct agent_config *config, struct health_check *checks_out) {
    for (size_t i = 0; i < config->check_count; i++)
        setup_check(&config->checks[i], &checks_out[i]);
    return config->check_count;
}

const char *setup_bus_socket(void) {
    static const char prefix[] = "unix:path=";
    const char *address = getenv("DBUS_SYSTEM_BUS_ADDRESS");
    if (address == NULL || strncmp(address, prefix, sizeof prefix - 1) != 0) return NULL;
    return address + sizeof prefix - 1;
}

const char *setup_not_configured(const struct agent_config *config) {
    if (config->aggregator_address[0] == '\0') return "aggregator_address is not set";
    /* Instance metadata will fill it in. */
    if (config->instance_id[0] == '\0') return "instance_id is not set";
    return NULL;
}

struct agent_settings setup_agent(const struct agent_config *config) {
    return (struct agent_settings){.interval = config->sample_interval,
                                   .stop_timeout = config->stop_timeout,
                                   .reporting = setup_not_configured(config) == NULL};
}

static const char *or_null(const char *text) { return text[0] == '\0' ? NULL : text; }

struct link_options setup_link(const struct agent_config *config) {
    struct link_options options = link_options_default();
    options.url = config->aggregator_address;
    options.certificate_file = or_null(config->certificate_file);
    options.key_file = or_null(config->key_file);
    options.ca_file = or_null(config->ca_file);
    options.server_name = or_null(config->server_name);
    options.dial_min = config->redial_min;
    options.dial_max = config->redial_max;
    options.ack_timeout = config->report_timeout;
    return options;
}

static void fault(struct config_load *load, size_t index, const char *key, const char *text) {
    struct text out = config_fault(load, CONFIG_ERROR, "checks");
    text_add(&out, "object ");
    text_add_unsigned(&out, index + 1);
    text_add(&out, ": ");
    text_add(&out, key);
    text_add(&out, text);
}

/* What only the parts know: names that must fit a report, addresses that can be checked. */
static enum status inspect(const struct agent_config *config, struct config_load *load) {
    bool right = config->sample_interval.ms <= AGENT_INTERVAL_MS_MAX;
    if (!right) {
        struct text out = config_fault(load, CONFIG_ERROR, "sample_interval");
        text_add(&out, "longer than the 5m that a report may say");
    }
    for (size_t i = 0; i < config->check_count; i++) {
        const struct agent_check *check = &config->checks[i];
        struct health_check part;
        setup_check(check, &part);
        const char *reason = health_fault(&part);
        if (reason != NULL) fault(load, i, "target: ", reason);
        bool long_name = strlen(check->name) >= CHECK_NAME_SIZE;
        bool long_unit = strlen(check->unit) >= UNIT_NAME_SIZE;
        if (long_name) fault(load, i, "name: ", "longer than 47 bytes");
        if (long_unit) fault(load, i, "unit: ", "longer than 63 bytes");
        right = right && reason == NULL && !long_name && !long_unit;
    }
    return right ? STATUS_OK : STATUS_MALFORMED;
}

enum status setup_load(const char *path, struct agent_config *config_out,
                       struct config_load **load_out) {
    enum status status = config_load_agent(path, config_out, load_out);
    return status != STATUS_OK ? status : inspect(config_out, *load_out);
}

enum status setup_reload(const char *path, const struct agent_config *current,
                         struct agent_config *config_out, struct config_load **load_out) {
    enum status status = config_reload_agent(path, current, config_out, load_out);
    return status != STATUS_OK ? status : inspect(config_out, *load_out);
}
