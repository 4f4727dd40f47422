/* The table of ear-aggregator: names that must stay the same, numbers that were decided. */
#include "common/config/aggregator_options.h"
#include "tests/unit/config/tables.h"

static struct aggregator_config config;

static void refuse(const char *file, const char *finding) {
    assert_int_equal(load_text(&aggregator_table, &config, file), STATUS_MALFORMED);
    expect_error(finding);
}

TEST(the_table_is_sound) {
    (void)state;
    check_table(&aggregator_table, &config);
}

/* SPEC rows 69 to 92, with their defaults as written there. */
static const struct {
    const char *variable, *option, *initial;
} spec[] = {
    {"RECOVERY_EVENTS_TABLE", "recovery_events_table", ""},
    {"PREDICTION_EVENTS_TABLE", "prediction_events_table", ""},
    {"INSTANCE_CONFIG_TABLE", "instance_config_table", ""},
    {"SLACK_WEBHOOK_URL", "slack_webhook_url", ""},
    {"SLACK_CHANNEL", "slack_channel", "#general"},
    {"SLACK_USERNAME", "slack_username", "EC2 Auto-Recovery"},
    {"TEAMS_WEBHOOK_URL", "teams_webhook_url", ""},
    {"SNS_TOPIC_ARN", "sns_topic_arn", ""},
    {"NOTIFICATION_ENABLED", "notification_enabled", "true"},
    {"RECOVERY_ENABLED", "recovery_enabled", "true"},
    {"HIGH_CONFIDENCE_THRESHOLD", "high_confidence_threshold", "0.8"},
    {"PREDICTION_LOOKBACK_HOURS", "prediction_lookback_hours", "168"},
    {"MEDIUM_CONFIDENCE_THRESHOLD", "medium_confidence_threshold", "0.6"},
    {"METRIC_NAMESPACE", "metric_namespace", "EC2/AutoRecovery"},
    {"METRIC_RETENTION_DAYS", "metric_retention_days", "7"},
    {"RECOVERY_TIMEOUT_SECONDS", "recovery_timeout", "600s"},
    {"HEALTH_CHECK_RETRY_COUNT", "health_check_retry_count", "3"},
    {"HEALTH_CHECK_RETRY_DELAY", "health_check_retry_delay", "30s"},
    {"CPU_STEAL_WARNING", "thresholds.cpu_steal_warning", "5"},
    {"CPU_STEAL_CRITICAL", "thresholds.cpu_steal_critical", "10"},
    {"IOWAIT_WARNING", "thresholds.iowait_warning", "20"},
    {"IOWAIT_CRITICAL", "thresholds.iowait_critical", "40"},
    {"MEMORY_SATURATION_WARNING", "thresholds.memory_saturation_warning", "85"},
    {"MEMORY_SATURATION_CRITICAL", "thresholds.memory_saturation_critical", "95"},
    {"DISK_USAGE_WARNING", "thresholds.disk_usage_warning", "80"},
    {"DISK_USAGE_CRITICAL", "thresholds.disk_usage_critical", "90"},
    {"NETWORK_DROP_WARNING", "thresholds.network_drop_warning", "10"},
    {"CPU_CREDIT_BALANCE_WARNING", "thresholds.cpu_credit_balance_warning", "100"},
    {"DISK_QUEUE_DEPTH_WARNING", "thresholds.disk_queue_depth_warning", "10"},
    {"STATUS_CHECK_FAILURE_COUNT", "thresholds.status_check_failure_count", "3"},
    {"AWS_ACCOUNT_ID", "aws_account_id", ""},
    {"AWS_REGION", "aws_region", "us-east-1"},
};

TEST(the_variables_of_the_specification_keep_their_names_and_defaults) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(spec); i++) {
        const struct config_option *row =
            config_find(aggregator_table.options, aggregator_table.option_count, spec[i].option);
        if (row == NULL) fail_msg("%s is missing", spec[i].option);
        assert_non_null(row->environment);
        assert_string_equal(row->environment, spec[i].variable);
        assert_string_equal(row->initial, spec[i].initial);
    }
}

TEST(the_variables_of_the_specification_are_taken_as_written_there) {
    (void)state;
    const char *const variables[] = {"RECOVERY_TIMEOUT_SECONDS=900",
                                     "HEALTH_CHECK_RETRY_DELAY=15",
                                     "HIGH_CONFIDENCE_THRESHOLD=0.85",
                                     "CPU_STEAL_WARNING=7.5",
                                     "NOTIFICATION_ENABLED=false",
                                     "RECOVERY_ENABLED=FALSE",
                                     "RECOVERY_EVENTS_TABLE=x-recovery-events",
                                     "AWS_REGION=eu-central-1",
                                     "SLACK_WEBHOOK_URL=",
                                     NULL};
    config_begin(&load, &aggregator_table, &config);
    config_apply_environment(&load, variables);
    assert_ok(config_finish(&load));
    assert_int_equal(config.recovery_timeout.ms, 900000);
    assert_int_equal(config.health_check_retry_delay.ms, 15000);
    assert_true(config.high_confidence_threshold == 0.85);
    assert_true(config.thresholds.cpu_steal_warning == 7.5);
    assert_false(config.notification_enabled);
    assert_false(config.recovery_enabled);
    assert_string_equal(config.recovery_events_table, "x-recovery-events");
    assert_string_equal(config.prediction_events_table, "ec2-auto-recovery-prediction-events");
    assert_string_equal(config.aws_region, "eu-central-1");
}

TEST(a_fresh_installation_only_watches) {
    (void)state;
    assert_ok(load_text(&aggregator_table, &config, "{}"));
    assert_true(config.dry_run);
    assert_int_equal(config.enabled_rungs_health, 0);
    assert_int_equal(config.enabled_rungs_prediction, 0);
    assert_false(config.notify_allow_loopback);
}

TEST(the_brakes_have_the_decided_numbers) {
    (void)state;
    assert_ok(load_text(&aggregator_table, &config, "{}"));
    assert_int_equal(config.max_disruptive_concurrent_count, 3);
    assert_true(config.max_disruptive_concurrent_percent == 2.0);
    assert_int_equal(config.max_disruptive_per_hour_count, 2);
    assert_true(config.max_disruptive_per_hour_percent == 5.0);
    assert_int_equal(config.breaker_count, 3);
    assert_true(config.breaker_percent == 20.0);
    assert_int_equal(config.breaker_window.ms, 300000);
    assert_int_equal(config.breaker_cooldown.ms, 600000);
    assert_int_equal(config.healthy_time.ms, 300000);
    assert_int_equal(config.rest_after_success.ms, 900000);
    assert_int_equal(config.max_disruptive_per_day, 3);
    assert_int_equal(config.service_restarts_max, 3);
    assert_int_equal(config.service_restarts_concurrent, 10);
    assert_false(config.public_ip_may_change);
    assert_int_equal(config.service_restarts_window.ms, 1800000);
    assert_int_equal(config.warmup.ms, 600000);
    assert_true(config.warmup_agents_percent == 90.0);
    assert_true(config.self_suspicion_percent == 80.0);
    assert_int_equal(config.heartbeat_intervals, 3);
    assert_int_equal(config.status_max_age.ms, 180000);
    assert_int_equal(config.inventory_max_age.ms, 300000);
    assert_int_equal(config.aws_hold_time.ms, 600000);
    assert_int_equal(config.signature_window.ms, 900000);
    assert_int_equal(config.prediction_day.ms, 86400000);
}

TEST(every_time_of_deciding_and_recovering_can_be_a_second) {
    (void)state;
    static const char *const names[] = {"breaker_window",
                                        "breaker_cooldown",
                                        "healthy_time",
                                        "rest_after_success",
                                        "warmup",
                                        "flap_window",
                                        "budget_window",
                                        "service_restarts_window",
                                        "status_max_age",
                                        "inventory_max_age",
                                        "status_poll_interval",
                                        "inventory_poll_interval",
                                        "restart_service_timeout",
                                        "reboot_timeout",
                                        "stop_timeout",
                                        "start_timeout",
                                        "proof_timeout",
                                        "aws_hold_time",
                                        "signature_window",
                                        "settle_time",
                                        "minimum_instance_age",
                                        "recovery_timeout",
                                        "health_check_retry_delay",
                                        "prediction_step",
                                        "store_hold_time",
                                        "notify_deadline",
                                        "audit_checkpoint_interval",
                                        "report_interval"};
    char file[4096];
    struct text text = text_over(file, sizeof file);
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        text_add(&text, i == 0 ? "{\"" : ", \"");
        text_add(&text, names[i]);
        text_add(&text, "\": \"1s\"");
    }
    text_add(&text, ", \"prediction_day\": \"60s\"}");
    assert_ok(load_text(&aggregator_table, &config, file));
    assert_int_equal(config.reboot_timeout.ms, 1000);
    refuse("{\"healthy_time\": 0}",
           "a.json:1: healthy_time: found 0; allowed: a duration from 1s to 1d");
    refuse("{\"prediction_day\": \"59s\"}",
           "a.json:1: prediction_day: found \"59s\"; allowed: a duration from 1m to 7d");
}

TEST(rungs_without_a_time_out_take_the_general_one) {
    (void)state;
    assert_ok(load_text(&aggregator_table, &config,
                        "{\"recovery_timeout\": \"7m\", \"stop_timeout\": \"3m\"}"));
    assert_int_equal(config.reboot_timeout.ms, 420000);
    assert_int_equal(config.stop_timeout.ms, 180000);
    assert_int_equal(config.restart_service_timeout.ms, 300000);
}

TEST(rungs_are_enabled_by_name) {
    (void)state;
    assert_ok(load_text(&aggregator_table, &config,
                        "{\"dry_run\": false, \"enabled_rungs_health\": [\"restart-service\", "
                        "\"stop-start\"], \"enabled_rungs_prediction\": [\"reboot\"]}"));
    assert_int_equal(config.enabled_rungs_health,
                     AGGREGATOR_RUNG_RESTART_SERVICE | AGGREGATOR_RUNG_STOP_START);
    assert_int_equal(config.enabled_rungs_prediction, AGGREGATOR_RUNG_REBOOT);
    assert_int_equal(load_text(&aggregator_table, &config, "{\"enabled_rungs_health\": [\"all\"]}"),
                     STATUS_MALFORMED);
    assert_int_equal(load_text(&aggregator_table, &config, "{\"enabled_rungs_health\": [\"*\"]}"),
                     STATUS_MALFORMED);
}

TEST(enabled_rungs_in_a_dry_run_are_a_warning) {
    (void)state;
    assert_ok(load_text(&aggregator_table, &config, "{\"enabled_rungs_health\": [\"reboot\"]}"));
    expect_finding(CONFIG_WARNING,
                   "dry_run: true, so the enabled rungs only say what they would do");
}

TEST(options_that_contradict_each_other_are_refused) {
    (void)state;
    refuse("{\"medium_confidence_threshold\": 0.9}",
           "a.json:1: medium_confidence_threshold: above high_confidence_threshold");
    refuse("{\"thresholds\": {\"iowait_warning\": 50}}",
           "a.json:1: thresholds.iowait_warning: above the critical level of the same");
    refuse("{\"status_poll_interval\": \"10m\"}",
           "a.json:1: status_poll_interval: longer than status_max_age: no status check would ever "
           "be evidence");
    refuse("{\"ca_file\": \"/a\"}",
           "certificate_file: certificate_file, key_file and ca_file belong together; one of them "
           "is not set");
}

TEST(a_webhook_of_teams_is_accepted_with_a_warning_that_it_is_not_used) {
    (void)state;
    assert_ok(load_private(&aggregator_table, &config,
                           "{\"teams_webhook_url\": \"https://example.com/x\"}", true));
    expect_finding(CONFIG_WARNING,
                   "a.json:1: teams_webhook_url: not used yet: nothing is sent to Teams");
}

TEST(webhooks_are_https_unless_a_test_allows_loopback) {
    (void)state;
    assert_int_equal(load_private(&aggregator_table, &config,
                                  "{\"slack_webhook_url\": \"http://127.0.0.1:1/x\"}", true),
                     STATUS_MALFORMED);
    expect_error("a.json:1: slack_webhook_url: must be an https address");
    assert_ok(load_private(&aggregator_table, &config,
                           "{\"slack_webhook_url\": \"http://127.0.0.1:1/x\", "
                           "\"notify_allow_loopback\": true}",
                           true));
}
