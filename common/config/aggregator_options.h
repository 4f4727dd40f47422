/* What ear-aggregator can be told. Each field is the option of the same name; units, bounds and
 * reasons are in the table (aggregator_options.c), which is also the manual. */
#ifndef EAR_COMMON_CONFIG_AGGREGATOR_OPTIONS_H
#define EAR_COMMON_CONFIG_AGGREGATOR_OPTIONS_H

#include "common/config/config.h"

#define AGGREGATOR_PATH_SIZE  256
#define AGGREGATOR_NAME_SIZE  128
#define AGGREGATOR_TABLE_SIZE 256 /* DynamoDB: names of 3 to 255 bytes */
#define AGGREGATOR_URL_SIZE   1024

/* Bits of enabled_rungs_health and enabled_rungs_prediction. */
enum aggregator_rung {
    AGGREGATOR_RUNG_RESTART_SERVICE = 1U << 0,
    AGGREGATOR_RUNG_REBOOT = 1U << 1,
    AGGREGATOR_RUNG_STOP_START = 1U << 2,
};

/* Levels of SPEC rows 85 to 91. */
struct aggregator_thresholds {
    double cpu_steal_warning, cpu_steal_critical;                 /* percent */
    double iowait_warning, iowait_critical;                       /* percent */
    double memory_saturation_warning, memory_saturation_critical; /* percent */
    double disk_usage_warning, disk_usage_critical;               /* percent */
    double network_drop_warning;                                  /* packets a minute */
    double cpu_credit_balance_warning;                            /* credits */
    double disk_queue_depth_warning;                              /* requests */
    int64_t status_check_failure_count;                           /* failures in a row */
};

struct aggregator_config {
    /* The program */
    char project_name[64];
    char state_directory[AGGREGATOR_PATH_SIZE];
    char pause_file[AGGREGATOR_PATH_SIZE]; /* its presence means paused */
    char control_socket[108];              /* sun_path holds 108 bytes */
    char control_group[32], operators_group[32];
    unsigned log_format;                     /* as enum log_format of common/sys/log.h */
    unsigned log_level;                      /* as enum log_level */
    char dashboard_url[AGGREGATOR_URL_SIZE]; /* linked in notifications; "" = no link */
    struct duration audit_checkpoint_interval;

    /* Agents */
    char listen_address[AGGREGATOR_PATH_SIZE];
    char certificate_file[AGGREGATOR_PATH_SIZE], key_file[AGGREGATOR_PATH_SIZE];
    char ca_file[AGGREGATOR_PATH_SIZE]; /* that agents' certificates must be signed by */
    int64_t io_threads;                 /* 0 = processors, at most 4 */
    int64_t agents_max;
    int64_t connections_max;
    struct duration report_interval; /* told to agents in acknowledgements */
    struct duration handshake_timeout;
    int64_t handshakes_max; /* a thread */
    int64_t agent_reports_per_minute;
    struct duration agent_read_timeout;
    int64_t agent_idle_intervals;

    /* History and prediction */
    int64_t metric_retention_days;
    struct duration prediction_step, prediction_day;
    int64_t prediction_lookback_hours; /* not used yet, as the two marked so below */
    double high_confidence_threshold, medium_confidence_threshold; /* 0 to 1 */
    int64_t prediction_evaluations; /* in a row before an incident opens */
    struct aggregator_thresholds thresholds;

    /* AWS */
    char aws_region[32];
    char aws_account_id[16];
    char aws_endpoint_url[AGGREGATOR_URL_SIZE];        /* "" = AWS's own */
    char metric_namespace[AGGREGATOR_TABLE_SIZE];      /* not used yet */
    char recovery_events_table[AGGREGATOR_TABLE_SIZE]; /* filled from project_name when empty */
    char prediction_events_table[AGGREGATOR_TABLE_SIZE];
    char instance_config_table[AGGREGATOR_TABLE_SIZE];
    struct duration status_poll_interval, inventory_poll_interval;
    struct duration clock_skew_max;

    /* What may be done at all */
    bool recovery_enabled; /* false = paused */
    bool dry_run;
    bool public_ip_may_change; /* stop-start of an instance with a public IPv4 */
    unsigned enabled_rungs_health, enabled_rungs_prediction; /* enum aggregator_rung */

    /* Evidence */
    int64_t heartbeat_intervals;
    struct duration status_max_age, inventory_max_age;
    int64_t health_check_retry_count;
    struct duration health_check_retry_delay;
    struct duration aws_hold_time;        /* after a failed system check: AWS recovers first */
    struct duration minimum_instance_age; /* since its launch */
    double self_suspicion_percent;

    /* Brakes */
    int64_t max_disruptive_concurrent_count; /* at once min(this, max(1, percent of the fleet)) */
    double max_disruptive_concurrent_percent;
    int64_t max_disruptive_per_hour_count; /* a window max(this, percent of the fleet) */
    double max_disruptive_per_hour_percent;
    struct duration budget_window; /* the hour of the two above */
    int64_t breaker_count;         /* trips above max(this, percent of the scope) newly unhealthy */
    double breaker_percent;
    struct duration breaker_window, breaker_cooldown;
    struct duration warmup;
    double warmup_agents_percent;
    struct duration healthy_time;
    struct duration rest_after_success;
    int64_t max_disruptive_per_day;
    struct duration flap_window; /* the day of the one above */
    int64_t service_restarts_max;
    int64_t service_restarts_concurrent; /* over the fleet */
    struct duration service_restarts_window;

    /* Rungs */
    struct duration recovery_timeout; /* of each rung whose own time-out is not set */
    struct duration restart_service_timeout, reboot_timeout, stop_timeout, start_timeout;
    struct duration proof_timeout;
    struct duration signature_window; /* how long a lost call may still land (SAFETY R3) */
    struct duration settle_time;      /* eventual consistency, after that */
    struct duration store_hold_time;

    /* Notifications */
    bool notification_enabled;
    char slack_webhook_url[AGGREGATOR_URL_SIZE]; /* secret */
    char slack_webhook_url_file[AGGREGATOR_PATH_SIZE];
    char slack_channel[AGGREGATOR_NAME_SIZE], slack_username[AGGREGATOR_NAME_SIZE];
    char teams_webhook_url[AGGREGATOR_URL_SIZE]; /* secret; not used yet */
    char teams_webhook_url_file[AGGREGATOR_PATH_SIZE];
    char sns_topic_arn[AGGREGATOR_TABLE_SIZE];
    struct duration notify_deadline, notify_give_up;
    bool notify_allow_loopback;
};

extern const struct config_table aggregator_table;

#endif
