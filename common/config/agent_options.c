/* The option table of ear-agent. Constant data. */
#include "common/config/agent_options.h"

#include <string.h>

#include "common/config/check.h"
#include "common/config/rows.h"

static const char *const log_formats[] = {"json", "text", NULL};
static const char *const log_levels[] = {"debug", "info", "warning", "error", NULL};
static const char *const check_types[] = {"http", "tcp", "process", "unit", NULL};

#define S struct agent_service
static const struct config_option service_rows[] = {
    STRING(name, "", 0, .check = config_check_name,
           .help = "Name in series and reports. Empty: the unit, else the process."),
    STRING(unit, "", 0, .check = config_check_unit,
           .help = "The systemd unit; its cgroup holds the processes that are added up."),
    STRING(process, "", 0, .check = config_check_command,
           .help = "The processes of this command name."),
    PATH(pid_file, "", 0, .help = "A file that holds the number of the main process."),
    PATH(cgroup, "", 0, .help = "A control group, as /system.slice/nginx.service."),
};
#undef S

#define S struct agent_check
static const struct config_option check_rows[] = {
    STRING(name, NULL, 1, .check = config_check_name, .help = "Name in reports. Unique."),
    ENUM(type, NULL, check_types, .help = "How it checks."),
    STRING(target, NULL, 1,
           .help = "What it checks. For http an address, for tcp HOST:PORT, for process a command "
                   "name, for unit a systemd unit that must be active."),
    STRING(unit, "", 0, .check = config_check_unit,
           .help = "The systemd unit that a failure restarts. Empty: a failure is reported only."),
    DURATION(interval, "10s", 1 * SECOND, 1 * HOUR, .help = "Time from check to check."),
    DURATION(timeout, "5s", 100 * MILLISECOND, 1 * MINUTE,
             .help = "A check without a result by then has failed. At most the interval."),
    INTEGER(rise, "2", 1, 100, .unit = "results",
            .help = "Good results in a row that make it good."),
    INTEGER(fall, "3", 1, 100, .unit = "results", .help = "Bad results in a row that make it bad."),
    DURATION(grace, "60s", 0, 1 * HOUR,
             .help = "After the start of the agent and after an action of ear, bad results do not "
                     "count for so long."),
    INTEGER(expect_status, "200", 100, 599, .help = "The HTTP status that is good. http only."),
};
#undef S

#define S struct agent_config
static const struct config_option rows[] = {
    STRING(aggregator_address, "", 0, .check = config_check_agent_address,
           .help = "Where the aggregator listens. Empty: sample, but report nowhere."),
    STRING(instance_id, "", 0, .check = config_check_instance_id,
           .help =
               "This instance. It must be set: the instance metadata service is not asked yet."),
    PATH(certificate_file, "", 0, .reloadable = true,
         .help = "Certificate of this agent, PEM. Its name is the instance id."),
    PATH(key_file, "", 0, .reloadable = true, .help = "Private key of the certificate, PEM."),
    PATH(ca_file, "", 0, .reloadable = true,
         .help = "Certificate of the authority that the aggregator must be signed by, PEM."),
    STRING(server_name, "", 0, .check = config_check_host,
           .help = "Name that the certificate of the aggregator must hold. Empty: the host of "
                   "aggregator_address."),
    DURATION(report_timeout, "10s", 1 * SECOND, 5 * MINUTE, .reloadable = true,
             .help = "Time from sending a report to its acknowledgement. Then the connection is "
                     "given up and dialled again."),
    DURATION(redial_min, "1s", 100 * MILLISECOND, 1 * HOUR, .reloadable = true,
             .help = "Shortest pause before dialling again. Pauses double, each with full jitter."),
    DURATION(redial_max, "60s", 100 * MILLISECOND, 1 * HOUR, .reloadable = true,
             .help = "Longest pause before dialling again."),
    DURATION(stop_timeout, "5s", 0, 1 * MINUTE, .reloadable = true,
             .help = "How long a stop waits for the acknowledgement of the last report."),
    INTEGER(replay_ring_reports, "360", 1, 100000, .unit = "reports",
            .help = "Reports kept in memory until they are acknowledged. The oldest go first."),
    DURATION(sample_interval, "10s", 1 * SECOND, 1 * HOUR, .reloadable = true,
             .help = "Time from sample to sample."),
    PATH(proc_path, "/proc", 1, .help = "Where procfs is mounted."),
    PATH(sys_path, "/sys", 1, .help = "Where sysfs is mounted."),
    PATH(root_path, "/", 1, .help = "The root that mount points are looked up below."),
    PATH(scope_cgroup, "", 0,
         .help = "A control group whose limits stand for the machine's, inside a container. Empty: "
                 "the whole machine."),
    STRINGS(mounts_include, "", .reloadable = true,
            .help = "Mount points to watch. Empty: all that hold a disk file system."),
    STRINGS(mounts_exclude, "", .reloadable = true,
            .help = "Mount points not to watch. A trailing * stands for any rest."),
    STRINGS(devices_exclude, "loop*,ram*,zram*,sr*,fd*", .reloadable = true,
            .help = "Block devices not to watch. A trailing * stands for any rest."),
    STRINGS(interfaces_exclude, "lo,veth*,docker*,br-*", .reloadable = true,
            .help = "Network interfaces not to watch. A trailing * stands for any rest."),
    OBJECTS(services, service_count, service_rows, AGENT_SERVICES_MAX, .reloadable = true,
            .help = "Services whose memory, descriptors and threads are watched."),
    OBJECTS(checks, check_count, check_rows, AGENT_CHECKS_MAX, .reloadable = true,
            .help = "Checks of the application."),
    PATH(status_file, "/run/ear-agent/status.json", 0,
         .help = "File rewritten after each cycle, read by ear-agent --status. Empty: none."),
    ENUM(log_format, "json", log_formats, .reloadable = true, .help = "Form of log lines."),
    ENUM(log_level, "info", log_levels, .reloadable = true, .help = "Least level that is logged."),
};
#undef S

static void check_link(const struct agent_config *config, struct config_load *load) {
    if ((config->certificate_file[0] == '\0') != (config->key_file[0] == '\0')) {
        struct text out = config_fault(load, CONFIG_ERROR, "certificate_file");
        text_add(&out, "certificate_file and key_file belong together; one of them is not set");
    }
    bool tls = strncmp(config->aggregator_address, "tls", 3) == 0;
    if (tls && (config->certificate_file[0] == '\0' || config->ca_file[0] == '\0')) {
        struct text out = config_fault(load, CONFIG_ERROR, "aggregator_address");
        text_add(&out, "tls+tcp needs certificate_file, key_file and ca_file");
    }
    if (config->redial_min.ms > config->redial_max.ms) {
        struct text out = config_fault(load, CONFIG_ERROR, "redial_min");
        text_add(&out, "longer than redial_max");
    }
}

static struct text fault_in_list(struct config_load *load, const char *list, size_t index) {
    struct text out = config_fault(load, CONFIG_ERROR, list);
    text_add(&out, "object ");
    text_add_unsigned(&out, index + 1);
    text_add(&out, ": ");
    return out;
}

static void finish_service(struct agent_config *config, size_t index, struct config_load *load) {
    struct agent_service *service = &config->services[index];
    if (service->unit[0] == '\0' && service->process[0] == '\0' && service->pid_file[0] == '\0' &&
        service->cgroup[0] == '\0') {
        struct text out = fault_in_list(load, "services", index);
        text_add(&out, "needs one of unit, process, pid_file, cgroup");
    }
    const char *name = service->unit[0] != '\0' ? service->unit : service->process;
    if (service->name[0] == '\0' &&
        (name[0] == '\0' || text_copy(service->name, sizeof service->name, name) != STATUS_OK)) {
        struct text out = fault_in_list(load, "services", index);
        text_add(&out, "needs a name of at most 63 bytes");
    }
    for (size_t i = 0; i < index; i++)
        if (strcmp(config->services[i].name, service->name) == 0) {
            struct text out = fault_in_list(load, "services", index);
            config_quote(&out, service->name, strlen(service->name));
            text_add(&out, " is the name of another service too");
        }
}

/* What the target of a check of this type must be; NULL = it is. */
static const char *target_fault(const struct agent_check *check) {
    char address[AGENT_ADDRESS_SIZE + sizeof "tcp://"];
    switch (check->type) {
    case AGENT_CHECK_HTTP: return config_check_url(check->target);
    case AGENT_CHECK_PROCESS: return config_check_command(check->target);
    case AGENT_CHECK_UNIT: return config_check_unit(check->target);
    case AGENT_CHECK_TCP: {
        struct text text = text_over(address, sizeof address);
        text_add(&text, "tcp://");
        text_add(&text, check->target);
        return config_check_agent_address(address) == NULL ? NULL : "HOST:PORT";
    }
    }
    return NULL;
}

static void check_check(const struct agent_config *config, size_t index, struct config_load *load) {
    const struct agent_check *check = &config->checks[index];
    const char *wanted = target_fault(check);
    if (wanted != NULL) {
        struct text out = fault_in_list(load, "checks", index);
        text_add(&out, "target: found ");
        config_quote(&out, check->target, strlen(check->target));
        text_add(&out, "; allowed: ");
        text_add(&out, wanted);
    }
    if (check->timeout.ms > check->interval.ms) {
        struct text out = fault_in_list(load, "checks", index);
        text_add(&out, "timeout is longer than interval");
    }
    for (size_t i = 0; i < index; i++)
        if (strcmp(config->checks[i].name, check->name) == 0) {
            struct text out = fault_in_list(load, "checks", index);
            config_quote(&out, check->name, strlen(check->name));
            text_add(&out, " is the name of another check too");
        }
}

static void finish(void *target, struct config_load *load) {
    struct agent_config *config = target;
    check_link(config, load);
    for (size_t i = 0; i < config->service_count; i++) finish_service(config, i, load);
    for (size_t i = 0; i < config->check_count; i++) check_check(config, i, load);
}

const struct config_table agent_table = {.program = "ear-agent",
                                         .options = rows,
                                         .option_count = ARRAY_LENGTH(rows),
                                         .struct_size = sizeof(struct agent_config),
                                         .finish = finish};
