/* The option table of ear-aggregator. Constant data. Defaults of the brakes: DESIGN 5.9; of the
 * names: SPEC rows 69 to 92. */
#include "common/config/aggregator_options.h"

#include <string.h>

#include "common/config/check.h"
#include "common/config/rows.h"

static const char *const log_formats[] = {"json", "text", NULL};
static const char *const log_levels[] = {"debug", "info", "warning", "error", NULL};
static const char *const rungs[] = {"restart-service", "reboot", "stop-start", NULL};

#define S    struct aggregator_config
#define LIVE .reloadable = true

static const struct config_option rows[] = {
    STRING(project_name, "ec2-auto-recovery", 1, .check = config_check_name,
           .help = "Prefix of tables, documents and event sources."),
    PATH(state_directory, "/var/lib/ear-aggregator", 1,
         .help = "Where history, intents and audit are kept. One aggregator at a time."),
    PATH(pause_file, "/var/lib/ear-aggregator/pause", 1,
         .help = "While this file exists, or cannot be looked for, ear is paused."),
    PATH(control_socket, "/run/ear-aggregator/control.sock", 1, .help = "Where earctl connects."),
    STRING(control_group, "ear", 0, .check = config_check_name,
           .help = "Members may read over the control socket. Empty: root and the owner only."),
    STRING(operators_group, "ear-operators", 0, .check = config_check_name,
           .help = "Members may act over the control socket. Empty: root and the owner only."),
    ENUM(log_format, "json", log_formats, LIVE, .help = "Form of log lines."),
    ENUM(log_level, "info", log_levels, LIVE, .help = "Least level that is logged."),
    STRING(dashboard_url, "", 0, .check = config_check_url,
           .help = "Address of the page, linked in notifications. Empty: no link."),
    DURATION(audit_checkpoint_interval, "1m", 1 * SECOND, 1 * DAY,
             .help = "How often the head of the audit chain is signed."),

    STRING(listen_address, "0.0.0.0:7443", 1, .check = config_check_listen_address,
           .help = "Where agents connect. Port 0: the system chooses."),
    PATH(certificate_file, "", 0, LIVE, .help = "Certificate of the aggregator, PEM."),
    PATH(key_file, "", 0, LIVE, .help = "Private key of the certificate, PEM."),
    PATH(ca_file, "", 0, LIVE,
         .help = "Certificate of the authority that agents must be signed by, PEM."),
    INTEGER(io_threads, "0", 0, 64, .unit = "threads",
            .help = "Threads that serve agents. 0: as many as processors, at most 4."),
    INTEGER(agents_max, "20000", 1, 100000, .unit = "agents",
            .help = "Instances that are kept. Further ones are refused, and an alarm says so."),
    INTEGER(connections_max, "20500", 1, 200000, .unit = "connections",
            .help = "Connections of agents, handshakes included."),
    DURATION(report_interval, "10s", 1 * SECOND, 1 * HOUR, LIVE,
             .help = "How often agents are asked to report."),
    DURATION(handshake_timeout, "10s", 1 * SECOND, 1 * MINUTE,
             .help = "A connection whose handshake is not done by then is closed."),
    INTEGER(handshakes_max, "16", 1, 1024, .unit = "handshakes",
            .help = "Handshakes in progress in each thread. Others wait."),
    INTEGER(agent_reports_per_minute, "600", 1, 60000, .unit = "reports",
            .help = "Reports of one agent in a minute, replay included. Beyond that its connection "
                    "is read more slowly."),
    DURATION(agent_read_timeout, "10s", 1 * SECOND, 5 * MINUTE,
             .help = "Time for a message once its first byte has come, and for an acknowledgement "
                     "to leave."),
    INTEGER(agent_idle_intervals, "3", 1, 1000, .unit = "intervals",
            .help = "A connection without a report for so many intervals is closed."),

    INTEGER(metric_retention_days, "7", 1, 366, .unit = "days",
            .environment = "METRIC_RETENTION_DAYS", .help = "Length of the history."),
    DURATION(prediction_step, "60s", 1 * SECOND, 1 * HOUR,
             .help = "Each instance is scored once a step, on the mean and extreme of the step."),
    DURATION(prediction_day, "24h", 60 * SECOND, 7 * DAY,
             .help =
                 "Time scale of the predictor. Its horizon, windows and seasons follow from it; "
                 "drills shorten it."),
    INTEGER(prediction_lookback_hours, "168", 1, 8784, .unit = "hours",
            .environment = "PREDICTION_LOOKBACK_HOURS",
            .help = "Not used yet: the windows follow from prediction_day."),
    NUMBER(high_confidence_threshold, "0.8", 0, 1, LIVE, .environment = "HIGH_CONFIDENCE_THRESHOLD",
           .help = "Confidence from which a prediction is high: it opens an incident."),
    NUMBER(medium_confidence_threshold, "0.6", 0, 1, LIVE,
           .environment = "MEDIUM_CONFIDENCE_THRESHOLD",
           .help = "Confidence from which a prediction is medium: it is recorded."),
    INTEGER(prediction_evaluations, "2", 1, 100, LIVE, .unit = "evaluations",
            .help = "High evaluations in a row before an incident opens."),

    PERCENT(thresholds.cpu_steal_warning, "5", 0, 100, LIVE, .environment = "CPU_STEAL_WARNING",
            .help = "CPU time taken by other guests, percent."),
    PERCENT(thresholds.cpu_steal_critical, "10", 0, 100, LIVE, .environment = "CPU_STEAL_CRITICAL",
            .help = "CPU time taken by other guests, percent."),
    PERCENT(thresholds.iowait_warning, "20", 0, 100, LIVE, .environment = "IOWAIT_WARNING",
            .help = "CPU time spent waiting for disks, percent."),
    PERCENT(thresholds.iowait_critical, "40", 0, 100, LIVE, .environment = "IOWAIT_CRITICAL",
            .help = "CPU time spent waiting for disks, percent."),
    PERCENT(thresholds.memory_saturation_warning, "85", 0, 100, LIVE,
            .environment = "MEMORY_SATURATION_WARNING", .help = "Memory in use, percent."),
    PERCENT(thresholds.memory_saturation_critical, "95", 0, 100, LIVE,
            .environment = "MEMORY_SATURATION_CRITICAL", .help = "Memory in use, percent."),
    PERCENT(thresholds.disk_usage_warning, "80", 0, 100, LIVE, .environment = "DISK_USAGE_WARNING",
            .help = "Space in use of a file system, percent."),
    PERCENT(thresholds.disk_usage_critical, "90", 0, 100, LIVE,
            .environment = "DISK_USAGE_CRITICAL",
            .help = "Space in use of a file system, percent."),
    NUMBER(thresholds.network_drop_warning, "10", 0, 1e9, LIVE, .unit = "packets a minute",
           .environment = "NETWORK_DROP_WARNING", .help = "Packets dropped by an interface."),
    NUMBER(thresholds.cpu_credit_balance_warning, "100", 0, 1e6, LIVE, .unit = "credits",
           .environment = "CPU_CREDIT_BALANCE_WARNING",
           .help = "CPU credits left to a burstable instance."),
    NUMBER(thresholds.disk_queue_depth_warning, "10", 0, 1e6, LIVE, .unit = "requests",
           .environment = "DISK_QUEUE_DEPTH_WARNING", .help = "Requests that wait in a device."),
    INTEGER(thresholds.status_check_failure_count, "3", 1, 100, LIVE, .unit = "failures",
            .environment = "STATUS_CHECK_FAILURE_COUNT",
            .help = "Failed EC2 status checks in a row that make an instance unhealthy."),

    STRING(aws_region, "us-east-1", 1, .check = config_check_region, .environment = "AWS_REGION",
           .help = "The region whose instances are watched."),
    STRING(aws_account_id, "", 0, .check = config_check_account, .environment = "AWS_ACCOUNT_ID",
           .help = "The account. Empty: asked of STS at start."),
    STRING(aws_endpoint_url, "", 0, .check = config_check_url, .environment = "AWS_ENDPOINT_URL",
           .help = "Sends all AWS calls to this address instead. Empty: to AWS."),
    STRING(metric_namespace, "EC2/AutoRecovery", 1, .environment = "METRIC_NAMESPACE",
           .help = "Not used yet: no metrics are sent to CloudWatch."),
    STRING(recovery_events_table, "", 0, .check = config_check_name,
           .environment = "RECOVERY_EVENTS_TABLE",
           .help = "Table of recoveries. Empty: project_name and -recovery-events."),
    STRING(prediction_events_table, "", 0, .check = config_check_name,
           .environment = "PREDICTION_EVENTS_TABLE",
           .help = "Table of predictions. Empty: project_name and -prediction-events."),
    STRING(instance_config_table, "", 0, .check = config_check_name,
           .environment = "INSTANCE_CONFIG_TABLE",
           .help = "Table of settings of instances. Empty: project_name and -instance-config."),
    DURATION(status_poll_interval, "60s", 1 * SECOND, 1 * HOUR, LIVE,
             .help = "How often EC2 status checks are read."),
    DURATION(inventory_poll_interval, "60s", 1 * SECOND, 1 * HOUR, LIVE,
             .help = "How often the list of instances and their tags is read."),
    DURATION(clock_skew_max, "60s", 1 * SECOND, 5 * MINUTE, LIVE,
             .help = "When our clock differs so much from that of AWS, ear observes only."),

    BOOLEAN(recovery_enabled, "true", LIVE, .environment = "RECOVERY_ENABLED",
            .help = "False means paused: nothing new is started."),
    BOOLEAN(dry_run, "true", LIVE,
            .help = "Records what would be done, and does nothing. The rungs below act only when "
                    "this is false."),
    BOOLEAN(public_ip_may_change, "false", LIVE,
            .help =
                "Whether stop-start may be done to an instance with a public IPv4 address, which "
                "changes unless it is an Elastic IP."),
    SET(enabled_rungs_health, "", rungs, LIVE,
        .help = "What may be done about an instance or service that is not healthy."),
    SET(enabled_rungs_prediction, "", rungs, LIVE,
        .help = "What may be done about a prediction of high confidence."),

    INTEGER(heartbeat_intervals, "3", 1, 1000, .unit = "intervals",
            .help = "An agent is silent when no report came for so many report intervals."),
    DURATION(status_max_age, "3m", 1 * SECOND, 1 * HOUR, LIVE,
             .help = "An EC2 status check older than this is no evidence."),
    DURATION(inventory_max_age, "5m", 1 * SECOND, 1 * HOUR, LIVE,
             .help = "A list of instances older than this is no ground to act on."),
    INTEGER(health_check_retry_count, "3", 1, 100, LIVE, .unit = "tries",
            .environment = "HEALTH_CHECK_RETRY_COUNT",
            .help = "Checks after an action before it counts as not having helped."),
    DURATION(health_check_retry_delay, "30s", 1 * SECOND, 1 * HOUR, LIVE,
             .environment = "HEALTH_CHECK_RETRY_DELAY", .help = "Pause between those checks."),
    DURATION(aws_hold_time, "10m", 1 * SECOND, 1 * DAY, LIVE,
             .help = "After a failed system status check, AWS's own recovery has so long."),
    DURATION(minimum_instance_age, "5m", 1 * SECOND, 1 * DAY, LIVE,
             .help = "Nothing is done to an instance launched less than this ago."),
    PERCENT(self_suspicion_percent, "80", 1, 100, LIVE,
            .help =
                "When fewer of the agents heard in the last hour spoke in the last interval, the "
                "fault may be ours: ear observes only."),

    INTEGER(max_disruptive_concurrent_count, "3", 1, 1000, LIVE, .unit = "actions",
            .help = "Disruptive actions at once that are never exceeded, however large the fleet."),
    PERCENT(max_disruptive_concurrent_percent, "2", 0, 100, LIVE,
            .help = "Disruptive actions at once, as a share of the fleet. One is always allowed."),
    INTEGER(max_disruptive_per_hour_count, "2", 1, 10000, LIVE, .unit = "actions",
            .help = "Disruptive actions in a budget window that are always allowed."),
    PERCENT(max_disruptive_per_hour_percent, "5", 0, 100, LIVE,
            .help = "Disruptive actions in a budget window, as a share of the fleet."),
    DURATION(budget_window, "1h", 1 * SECOND, 1 * DAY, LIVE,
             .help = "The hour of max_disruptive_per_hour; drills shorten it."),
    INTEGER(breaker_count, "3", 1, 100000, LIVE, .unit = "instances",
            .help = "The storm breaker never trips at so few newly unhealthy instances."),
    PERCENT(breaker_percent, "20", 0, 100, LIVE,
            .help = "The storm breaker trips when more of a fleet or zone turn unhealthy."),
    DURATION(breaker_window, "5m", 1 * SECOND, 1 * DAY, LIVE,
             .help = "Instances count as newly unhealthy for so long."),
    DURATION(breaker_cooldown, "10m", 1 * SECOND, 1 * DAY, LIVE,
             .help =
                 "After the storm breaker tripped nothing starts for so long; then one action."),
    DURATION(warmup, "10m", 1 * SECOND, 1 * DAY, LIVE,
             .help = "After a start or resume silence means nothing for so long."),
    PERCENT(warmup_agents_percent, "90", 0, 100, LIVE,
            .help = "And until so many of the known agents have reported."),
    DURATION(healthy_time, "5m", 1 * SECOND, 1 * DAY, LIVE,
             .help = "Healthy for so long means recovered."),
    DURATION(rest_after_success, "15m", 1 * SECOND, 7 * DAY, LIVE,
             .help = "After a success the instance is left alone for so long."),
    INTEGER(max_disruptive_per_day, "3", 1, 1000, LIVE, .unit = "recoveries",
            .help = "Disruptive recoveries of one instance in a flap window; then a person is "
                    "asked."),
    DURATION(flap_window, "24h", 1 * SECOND, 30 * DAY, LIVE,
             .help = "The day of max_disruptive_per_day; drills shorten it."),
    INTEGER(service_restarts_max, "3", 1, 1000, LIVE, .unit = "restarts",
            .help = "Restarts of one service in their window; then the next rung."),
    INTEGER(service_restarts_concurrent, "10", 1, 1000, LIVE, .unit = "restarts",
            .help = "Service restarts at once, over the whole fleet."),
    DURATION(service_restarts_window, "30m", 1 * SECOND, 7 * DAY, LIVE,
             .help = "Window of service_restarts_max."),

    DURATION(recovery_timeout, "600s", 1 * SECOND, 1 * DAY, LIVE,
             .environment = "RECOVERY_TIMEOUT_SECONDS",
             .help = "Time-out of each rung that has none of its own."),
    DURATION(restart_service_timeout, "5m", 1 * SECOND, 1 * DAY, LIVE,
             .help = "Time for the restart of a service, from the call to its result."),
    DURATION(reboot_timeout, "0s", 0, 1 * DAY, LIVE,
             .help = "Time for a reboot, to a new boot id. 0s: recovery_timeout."),
    DURATION(stop_timeout, "0s", 0, 1 * DAY, LIVE,
             .help = "Time for an instance to be stopped. 0s: recovery_timeout."),
    DURATION(start_timeout, "0s", 0, 1 * DAY, LIVE,
             .help = "Time for an instance to be running. 0s: recovery_timeout."),
    DURATION(proof_timeout, "0s", 0, 1 * DAY, LIVE,
             .help = "Time for the proof after a rung: checks, endpoint, agent. 0s: "
                     "recovery_timeout."),
    DURATION(signature_window, "15m", 1 * SECOND, 1 * HOUR, LIVE,
             .help = "A call whose answer was lost may land for so long. AWS: 15 minutes; only a "
                     "drill against a double may shorten it."),
    DURATION(settle_time, "60s", 1 * SECOND, 1 * HOUR, LIVE,
             .help = "Pause after that, before the world is believed."),
    DURATION(store_hold_time, "60s", 1 * SECOND, 1 * HOUR, LIVE,
             .help = "While the store cannot be written nothing starts; it is tried again so "
                     "often, at least every 30 s."),

    BOOLEAN(notification_enabled, "true", LIVE, .environment = "NOTIFICATION_ENABLED",
            .help = "Whether notifications are sent. They are recorded in any case."),
    STRING(slack_webhook_url, "", 0, LIVE, .secret = true, .environment = "SLACK_WEBHOOK_URL",
           .check = config_check_url, .help = "Webhook of Slack. Empty: none."),
    PATH(slack_webhook_url_file, "", 0, LIVE,
         .help = "File of mode 0600 that holds slack_webhook_url."),
    STRING(slack_channel, "#general", 0, LIVE, .environment = "SLACK_CHANNEL",
           .help = "Channel asked of Slack. Webhooks of Slack apps have their own."),
    STRING(slack_username, "EC2 Auto-Recovery", 0, LIVE, .environment = "SLACK_USERNAME",
           .help = "Name shown in Slack."),
    STRING(teams_webhook_url, "", 0, LIVE, .secret = true, .environment = "TEAMS_WEBHOOK_URL",
           .check = config_check_url, .help = "Not used yet: nothing is sent to Teams."),
    PATH(teams_webhook_url_file, "", 0, LIVE,
         .help = "Not used yet: file of mode 0600 that holds teams_webhook_url."),
    STRING(sns_topic_arn, "", 0, LIVE, .check = config_check_arn, .environment = "SNS_TOPIC_ARN",
           .help = "SNS topic. Empty: none."),
    DURATION(notify_deadline, "10s", 1 * SECOND, 5 * MINUTE, LIVE,
             .help = "Time for one try to deliver a notification."),
    DURATION(notify_give_up, "24h", 1 * SECOND, 30 * DAY, LIVE,
             .help = "A notification that could not be delivered by then is kept as dead."),
    BOOLEAN(notify_allow_loopback, "false", LIVE,
            .help = "For tests: webhooks may be http and lead to this host."),
};
#undef S

static void fault(struct config_load *load, const char *option, const char *sentence) {
    struct text out = config_fault(load, CONFIG_ERROR, option);
    text_add(&out, sentence);
}

static void check_levels(const struct aggregator_config *config, struct config_load *load) {
    const struct aggregator_thresholds *t = &config->thresholds;
    const struct {
        const char *option;
        double warning, critical;
    } pairs[] = {
        {"thresholds.cpu_steal_warning", t->cpu_steal_warning, t->cpu_steal_critical},
        {"thresholds.iowait_warning", t->iowait_warning, t->iowait_critical},
        {"thresholds.memory_saturation_warning", t->memory_saturation_warning,
         t->memory_saturation_critical},
        {"thresholds.disk_usage_warning", t->disk_usage_warning, t->disk_usage_critical},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(pairs); i++)
        if (pairs[i].warning > pairs[i].critical)
            fault(load, pairs[i].option, "above the critical level of the same");
    if (config->medium_confidence_threshold > config->high_confidence_threshold)
        fault(load, "medium_confidence_threshold", "above high_confidence_threshold");
}

static void check_link(const struct aggregator_config *config, struct config_load *load) {
    bool certificate = config->certificate_file[0] != '\0';
    if (certificate != (config->key_file[0] != '\0') || certificate != (config->ca_file[0] != '\0'))
        fault(load, "certificate_file",
              "certificate_file, key_file and ca_file belong together; one of them is not set");
    if (config->agents_max > config->connections_max)
        fault(load, "agents_max", "above connections_max");
}

static void check_webhook(const struct aggregator_config *config, struct config_load *load,
                          const char *option, const char *url) {
    if (strncmp(url, "http://", 7) == 0 && !config->notify_allow_loopback)
        fault(load, option, "must be an https address");
}

static void check_brakes(const struct aggregator_config *config, struct config_load *load) {
    if (config->status_poll_interval.ms > config->status_max_age.ms)
        fault(load, "status_poll_interval",
              "longer than status_max_age: no status check would ever be evidence");
    if (config->inventory_poll_interval.ms > config->inventory_max_age.ms)
        fault(load, "inventory_poll_interval",
              "longer than inventory_max_age: no list would ever be a ground to act on");
    if (config->dry_run &&
        (config->enabled_rungs_health != 0 || config->enabled_rungs_prediction != 0)) {
        struct text out = config_fault(load, CONFIG_WARNING, "dry_run");
        text_add(&out, "true, so the enabled rungs only say what they would do");
    }
}

static void name_table(const struct aggregator_config *config, struct config_load *load,
                       const char *option, char name[static AGGREGATOR_TABLE_SIZE],
                       const char *suffix) {
    if (name[0] != '\0') return;
    struct text text = text_over(name, AGGREGATOR_TABLE_SIZE);
    text_add(&text, config->project_name);
    text_add(&text, suffix);
    if (text.truncated) fault(load, option, "longer than 255 bytes");
}

static void fill(struct duration *own, struct duration general) {
    if (own->ms == 0) *own = general;
}

static void finish(void *target, struct config_load *load) {
    struct aggregator_config *config = target;
    check_levels(config, load);
    check_link(config, load);
    check_brakes(config, load);
    check_webhook(config, load, "slack_webhook_url", config->slack_webhook_url);
    check_webhook(config, load, "teams_webhook_url", config->teams_webhook_url);
    if (config->teams_webhook_url[0] != '\0') {
        struct text out = config_fault(load, CONFIG_WARNING, "teams_webhook_url");
        text_add(&out, "not used yet: nothing is sent to Teams");
    }
    name_table(config, load, "recovery_events_table", config->recovery_events_table,
               "-recovery-events");
    name_table(config, load, "prediction_events_table", config->prediction_events_table,
               "-prediction-events");
    name_table(config, load, "instance_config_table", config->instance_config_table,
               "-instance-config");
    fill(&config->reboot_timeout, config->recovery_timeout);
    fill(&config->stop_timeout, config->recovery_timeout);
    fill(&config->start_timeout, config->recovery_timeout);
    fill(&config->proof_timeout, config->recovery_timeout);
}

const struct config_table aggregator_table = {.program = "ear-aggregator",
                                              .options = rows,
                                              .option_count = ARRAY_LENGTH(rows),
                                              .struct_size = sizeof(struct aggregator_config),
                                              .finish = finish};
