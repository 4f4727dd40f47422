/* Settings of the engine from the configuration. */
#include "aggregator/engine/restore.h"
#include "common/base/text.h"

static uint32_t whole(int64_t value) {
    if (value < 0) return 0;
    return value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

static void enable(bool *rungs, unsigned bits) {
    rungs[RUNG_RESTART_SERVICE] = (bits & AGGREGATOR_RUNG_RESTART_SERVICE) != 0;
    rungs[RUNG_REBOOT] = (bits & AGGREGATOR_RUNG_REBOOT) != 0;
    rungs[RUNG_STOP_START] = (bits & AGGREGATOR_RUNG_STOP_START) != 0;
}

static void fill_evidence(const struct aggregator_config *config, struct decide_policy *policy) {
    policy->high = config->high_confidence_threshold;
    policy->medium = config->medium_confidence_threshold;
    policy->evaluations = whole(config->prediction_evaluations);
    policy->status_max_age = config->status_max_age;
    policy->inventory_max_age = config->inventory_max_age;
    policy->inventory_interval = config->inventory_poll_interval;
    /* A score is made each step; three missed ones make it old. */
    policy->prediction_max_age = duration_ms(3 * config->prediction_step.ms);
    /* RECOVERY 4.1: reboot at 3 x 1 min. */
    policy->confirm_time = duration_ms(config->thresholds.status_check_failure_count *
                                       config->status_poll_interval.ms);
    policy->aws_hold_time = config->aws_hold_time;
    policy->minimum_instance_age = config->minimum_instance_age;
    policy->clock_skew_max = config->clock_skew_max;
    policy->self_suspicion_percent = config->self_suspicion_percent;
}

static void fill_brakes(const struct aggregator_config *config, struct decide_policy *policy) {
    policy->max_disruptive_concurrent_count = whole(config->max_disruptive_concurrent_count);
    policy->max_disruptive_concurrent_percent = config->max_disruptive_concurrent_percent;
    policy->max_disruptive_per_hour_count = whole(config->max_disruptive_per_hour_count);
    policy->max_disruptive_per_hour_percent = config->max_disruptive_per_hour_percent;
    policy->budget_window = config->budget_window;
    policy->breaker_count = whole(config->breaker_count);
    policy->breaker_percent = config->breaker_percent;
    policy->breaker_window = config->breaker_window;
    policy->breaker_cooldown = config->breaker_cooldown;
    policy->warmup = config->warmup;
    policy->warmup_agents_percent = config->warmup_agents_percent;
    policy->rest_after_success = config->rest_after_success;
    policy->max_disruptive_per_day = whole(config->max_disruptive_per_day);
    policy->flap_window = config->flap_window;
    policy->service_restarts_max = whole(config->service_restarts_max);
    policy->max_restarts_concurrent = whole(config->service_restarts_concurrent);
    policy->public_ip_may_change = config->public_ip_may_change;
    policy->service_restarts_window = config->service_restarts_window;
}

static struct duration shorter(struct duration a, struct duration b) { return a.ms < b.ms ? a : b; }

static void fill_recover(const struct aggregator_config *config, struct recover_policy *policy) {
    policy->restart_service_timeout = config->restart_service_timeout;
    policy->reboot_timeout = config->reboot_timeout;
    policy->stop_timeout = config->stop_timeout;
    policy->start_timeout = config->start_timeout;
    policy->proof_timeout = config->proof_timeout;
    policy->healthy_time = config->healthy_time;
    policy->signature_window = config->signature_window;
    policy->settle_time = config->settle_time;
    policy->tries_max = whole(config->health_check_retry_count) + 2;
    policy->retry_pause = shorter(policy->retry_pause, config->health_check_retry_delay);
    /* Short stages (drills) want a closer look. */
    struct duration stage = shorter(config->proof_timeout, config->healthy_time);
    policy->poll_pause = shorter(policy->poll_pause, duration_ms(stage.ms / 5));
    if (policy->poll_pause.ms < 1000) policy->poll_pause = duration_ms(1000);
    if (policy->retry_pause.ms < 1000) policy->retry_pause = duration_ms(1000);
}

void engine_options_from_config(const struct aggregator_config *config,
                                struct engine_options *options) {
    struct decide_policy *policy = &options->decide;
    *policy = decide_policy_default();
    options->recover = recover_policy_default();
    policy->recovery_enabled = config->recovery_enabled;
    policy->dry_run = config->dry_run;
    enable(policy->enabled[TRIGGER_HEALTH], config->enabled_rungs_health);
    enable(policy->enabled[TRIGGER_PREDICTION], config->enabled_rungs_prediction);
    fill_evidence(config, policy);
    fill_brakes(config, policy);
    fill_recover(config, &options->recover);
    options->prediction_day = config->prediction_day;
    options->store_retry = shorter(duration_s(30), config->store_hold_time);
    struct text region = text_over(options->region, sizeof options->region);
    text_add(&region, config->aws_region);
    struct text account = text_over(options->account, sizeof options->account);
    text_add(&account, config->aws_account_id);
    /* A link that does not fit is left out rather than cut. */
    if (text_copy(options->dashboard_url, sizeof options->dashboard_url, config->dashboard_url) !=
        STATUS_OK)
        options->dashboard_url[0] = '\0';
}
