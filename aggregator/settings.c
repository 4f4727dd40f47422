/* The table of who gets which setting; pure. */
#include "aggregator/settings.h"

#include <string.h>

#include "common/base/text.h"

struct predict_settings settings_predict(const struct aggregator_config *config) {
    const struct aggregator_thresholds *t = &config->thresholds;
    struct predict_settings s = predict_settings_default();
    s.day = config->prediction_day;
    s.step = config->prediction_step;
    s.high_confidence = (float)config->high_confidence_threshold;
    s.medium_confidence = (float)config->medium_confidence_threshold;
    s.steal_warning = (float)t->cpu_steal_warning;
    s.steal_critical = (float)t->cpu_steal_critical;
    s.iowait_warning = (float)t->iowait_warning;
    s.iowait_critical = (float)t->iowait_critical;
    s.memory_warning = (float)t->memory_saturation_warning;
    s.memory_critical = (float)t->memory_saturation_critical;
    s.disk_warning = (float)t->disk_usage_warning;
    s.disk_critical = (float)t->disk_usage_critical;
    s.drops_warning_per_min = (float)t->network_drop_warning;
    s.credits_warning = (float)t->cpu_credit_balance_warning;
    s.queue_warning = (float)t->disk_queue_depth_warning;
    return s;
}

struct rows_options settings_rows(const struct aggregator_config *config, uint64_t fence) {
    struct rows_options options = rows_options_default();
    options.state_directory = config->state_directory;
    options.instances_max = (uint32_t)config->agents_max;
    options.retention_days = (uint32_t)config->metric_retention_days;
    options.heartbeat_intervals = (uint32_t)config->heartbeat_intervals;
    options.fence = fence;
    options.predict = true;
    options.settings = settings_predict(config);
    return options;
}

/* "0.0.0.0:7443" or "[::]:7443". */
static enum status split_address(const char *address, char *host_out, uint16_t *port_out) {
    const char *colon = strrchr(address, ':');
    int64_t port;
    if (colon == NULL || text_parse_integer(colon + 1, strlen(colon + 1), &port) != STATUS_OK ||
        port < 0 || port > UINT16_MAX)
        return STATUS_MALFORMED;
    size_t length = (size_t)(colon - address);
    if (length >= 2 && address[0] == '[' && address[length - 1] == ']') {
        address++;
        length -= 2;
    }
    *port_out = (uint16_t)port;
    return text_copy_bytes(host_out, 64, address, length);
}

/* At most so many messages a second: the setting is a minute's. */
static unsigned per_second(int64_t per_minute) {
    return per_minute <= 60 ? 1 : (unsigned)((per_minute + 59) / 60);
}

enum status settings_ingest(const struct aggregator_config *config, char *host_out,
                            struct ingest_options *options_out) {
    struct ingest_options options = ingest_options_default();
    enum status status = split_address(config->listen_address, host_out, &options.port);
    if (status != STATUS_OK) return status;
    options.address = host_out;
    options.certificate_file = config->certificate_file;
    options.key_file = config->key_file;
    options.ca_file = config->ca_file;
    options.threads =
        config->io_threads > INGEST_THREADS_MAX ? INGEST_THREADS_MAX : (unsigned)config->io_threads;
    options.handshake_timeout = config->handshake_timeout;
    options.io_timeout = config->agent_read_timeout;
    options.idle_intervals = (unsigned)config->agent_idle_intervals;
    options.handshakes_max = (unsigned)config->handshakes_max;
    options.connections_max = (unsigned)config->connections_max;
    options.rate_per_s = per_second(config->agent_reports_per_minute);
    *options_out = options;
    return STATUS_OK;
}

struct notify_options settings_notify(const struct aggregator_config *config, uint64_t seed) {
    return (struct notify_options){.enabled = config->notification_enabled,
                                   .slack_url = config->slack_webhook_url,
                                   .slack_channel = config->slack_channel,
                                   .slack_username = config->slack_username,
                                   .sns_topic_arn = config->sns_topic_arn,
                                   .deadline = config->notify_deadline,
                                   .give_up = config->notify_give_up,
                                   .allow_loopback = config->notify_allow_loopback,
                                   .seed = seed};
}
