/* Each rule of decide: what it lets through, what it stops, and the numbers it names. */
#include <string.h>

#include "tests/unit/decide/case.h"

TEST(the_good_cases_act) {
    (void)state;
    good();
    acts(RUNG_REBOOT);
    assert_non_null(strstr(decision.text, "agent silent, EC2 instance check impaired"));
    assert_non_null(strstr(decision.skipped, "restart-service: "));
    service();
    acts(RUNG_RESTART_SERVICE);
    predicted();
    acts(RUNG_RESTART_SERVICE);
    person(RUNG_REBOOT);
    acts(RUNG_REBOOT);
}

TEST(store_pause_and_switch_refuse) {
    (void)state;
    good();
    fleet.store_usable = false;
    says(DECIDE_REFUSE, "store_unusable", "store");
    good();
    policy.recovery_enabled = false;
    says(DECIDE_REFUSE, "recovery_disabled", "RECOVERY_ENABLED=false");
    good();
    fleet.paused = true;
    fleet.pause_reason = "by alice";
    says(DECIDE_REFUSE, "paused", "by alice");
}

TEST(consent_is_the_exact_tag_read_fresh) {
    (void)state;
    good();
    facts.opted_in = false;
    says(DECIDE_REFUSE, "not_opted_in", "AutoRecovery=enabled");
    good();
    subject.facts = NULL;
    says(DECIDE_REFUSE, "not_opted_in", "EC2");
    good();
    subject.facts_age.ms = 300001;
    says(DECIDE_REFUSE, "stale_evidence", "5m");
    subject.will_read = true;
    acts(RUNG_REBOOT);
}

TEST(flags_of_the_row_bind_by_rung) {
    (void)state;
    good();
    subject.flags.readable = false;
    says(DECIDE_REFUSE, "flag_off", "cannot be read");
    good();
    subject.flags.recovery_enabled = false;
    says(DECIDE_REFUSE, "flag_off", "recovery_enabled");
    good();
    subject.flags.monitoring_enabled = false;
    says(DECIDE_REFUSE, "flag_off", "monitoring_enabled");
    good();
    subject.flags.auto_restart = false;
    says(DECIDE_REFUSE, "flag_off", "auto_restart");
    service();
    subject.flags.auto_restart = false;
    acts(RUNG_RESTART_SERVICE);
    subject.flags.app_level_recovery = false;
    says(DECIDE_REFUSE, "flag_off", "app_level_recovery");
    good();
    subject.flags.quarantine = true;
    says(DECIDE_REFUSE, "quarantined", "release");
}

TEST(a_stop_by_a_person_is_left_alone) {
    (void)state;
    good();
    facts.state = INSTANCE_STOPPED;
    memcpy(facts.state_reason, "Client.UserInitiatedShutdown", 29);
    says(DECIDE_REFUSE, "deliberate_stop", "Client.UserInitiatedShutdown");
    facts.state_reason[0] = '\0';
    says(DECIDE_REFUSE, "not_running", "stopped");
}

TEST(traps_of_stop_and_start_refuse_that_rung) {
    (void)state;
    good();
    subject.failed[RUNG_REBOOT] = true;
    acts(RUNG_STOP_START);
    facts.instance_store_root = true;
    says(DECIDE_REFUSE, "instance_store_root", "instance-store");
    facts.instance_store_root = false;
    memcpy(facts.autoscaling_group, "web-asg", 8);
    says(DECIDE_REFUSE, "autoscaling_member", "web-asg");
    facts.autoscaling_group[0] = '\0';
    memcpy(facts.tenancy, "host", 5);
    says(DECIDE_REFUSE, "dedicated_host", "Dedicated Host");
    memcpy(facts.tenancy, "default", 8);
    memcpy(facts.public_ip, "203.0.113.9", 12);
    says(DECIDE_REFUSE, "public_ip_changes", "203.0.113.9");
    policy.public_ip_may_change = true;
    acts(RUNG_STOP_START);
    facts.spot = true;
    says(DECIDE_REFUSE, "spot", "Spot");
    facts.spot = false;
    facts.managed_by_service = true;
    says(DECIDE_REFUSE, "managed_by_service", "manages");
}

TEST(group_members_may_be_rebooted) {
    (void)state;
    good();
    memcpy(facts.autoscaling_group, "web-asg", 8);
    acts(RUNG_REBOOT);
}

TEST(scheduled_events_stand_down_but_a_retirement_does_not_hinder_a_stop) {
    (void)state;
    good();
    checks.event_count = 1;
    checks.events[0] =
        (struct scheduled_event){.code = "system-reboot", .not_before = {now.wall.ms + 86400000}};
    says(DECIDE_REFUSE, "scheduled_event", "system-reboot");
    memcpy(checks.events[0].code, "instance-retirement", 20);
    says(DECIDE_REFUSE, "scheduled_event", "instance-retirement");
    subject.failed[RUNG_REBOOT] = true;
    acts(RUNG_STOP_START);
    service();
    checks.event_count = 1;
    checks.events[0] = (struct scheduled_event){.code = "instance-retirement",
                                                .not_before = {now.wall.ms + 86400000}};
    acts(RUNG_RESTART_SERVICE);
    checks.events[0].not_before.ms = now.wall.ms - 1000;
    checks.events[0].not_after.ms = now.wall.ms + 1000;
    says(DECIDE_REFUSE, "scheduled_event", "instance-retirement");
}

TEST(young_instances_wait) {
    (void)state;
    good();
    facts.launch_time.ms = now.wall.ms - 60000;
    says(DECIDE_WAIT, "too_young", "1m");
    assert_int_equal(decision.until.ms, now.boot.ms + 240000);
    facts.launch_time.ms = now.wall.ms + 86400000; /* our clock or theirs is wrong */
    says(DECIDE_WAIT, "too_young", "");
    assert_true(decision.until.ms <= now.boot.ms + policy.minimum_instance_age.ms);
}

TEST(two_fresh_signals_one_from_outside) {
    (void)state;
    good();
    checks.instance = CHECK_STATUS_OK;
    says(DECIDE_REFUSE, "second_signal_missing", "1 of 2 signals, 0 from outside");
    good();
    subject.agent_silent = false;
    subject.agent_speaking = true;
    says(DECIDE_REFUSE, "second_signal_missing", "1 of 2 signals, 1 from outside");
    good();
    subject.checks_age.ms = 180001;
    says(DECIDE_REFUSE, "second_signal_missing", "no fresh EC2 status check");
    good();
    checks.system = CHECK_STATUS_IMPAIRED; /* fails the instance check too: one signal */
    subject.agent_silent = false;
    subject.agent_speaking = true;
    says(DECIDE_REFUSE, "second_signal_missing", "1 of 2");
    good();
    checks.instance = CHECK_STATUS_INSUFFICIENT_DATA;
    says(DECIDE_REFUSE, "second_signal_missing", "1 of 2");
}

TEST(reboot_needs_a_boot_id_to_be_proven_by) {
    (void)state;
    good();
    subject.boot_known = false;
    says(DECIDE_REFUSE, "boot_id_unknown", "proven");
}

TEST(trouble_must_last_and_aws_goes_first) {
    (void)state;
    good();
    subject.symptom_for.ms = 60000;
    says(DECIDE_WAIT, "confirming", "1m");
    assert_int_equal(decision.until.ms, now.boot.ms + 120000);
    good();
    subject.fault = FAULT_SYSTEM_CHECK;
    checks.system = CHECK_STATUS_IMPAIRED;
    subject.impaired_for.ms = 300000;
    says(DECIDE_WAIT, "aws_recovers_first", "10m");
    assert_int_equal(decision.until.ms, now.boot.ms + 300000);
    subject.impaired_for.ms = 600000;
    acts(RUNG_STOP_START); /* a reboot stays on the same host */
}

TEST(self_suspicion_stops_ec2_rungs_and_a_silent_aws_stops_all) {
    (void)state;
    good();
    fleet.unexplained = 2;
    says(DECIDE_REFUSE, "self_suspicion", "8 of 10");
    fleet.unexplained = 1;
    acts(RUNG_REBOOT);
    fleet.heard = 11;
    fleet.unexplained = 2; /* 9 of 11 = 81.8 % */
    acts(RUNG_REBOOT);
    service();
    fleet.unexplained = 9;
    acts(RUNG_RESTART_SERVICE);
    fleet.aws_heard.ms = -1;
    says(DECIDE_REFUSE, "self_suspicion", "not answered yet");
    fleet.aws_heard.ms = 300001;
    says(DECIDE_REFUSE, "self_suspicion", "5m");
}

TEST(warm_up_is_time_and_agents) {
    (void)state;
    good();
    fleet.up_for.ms = 100000;
    says(DECIDE_WAIT, "warm_up", "1m40s of 10m");
    fleet.up_for.ms = 600000;
    fleet.agents_explained = 8;
    says(DECIDE_REFUSE, "warm_up", "8 of 10");
    fleet.agents_explained = 9;
    acts(RUNG_REBOOT);
    service();
    fleet.up_for.ms = 0;
    acts(RUNG_RESTART_SERVICE);
}

TEST(a_wrong_clock_only_watches) {
    (void)state;
    service();
    fleet.skew_known = true;
    fleet.skew.ms = 60000;
    acts(RUNG_RESTART_SERVICE);
    fleet.skew.ms = -60001;
    says(DECIDE_REFUSE, "clock_skew", "-60001 ms");
}

TEST(open_breaker_refuses_and_half_open_lets_one_through) {
    (void)state;
    service();
    fleet.scopes[0].state = BREAKER_OPEN;
    fleet.scopes[0].newly_unhealthy = 6;
    says(DECIDE_REFUSE, "breaker_open", "6 newly unhealthy of 10, limit 3");
    fleet.scopes[0].state = BREAKER_HALF_OPEN;
    acts(RUNG_RESTART_SERVICE);
    fleet.scopes[0].probing = true;
    says(DECIDE_REFUSE, "breaker_open", "half_open");
    fleet.scopes[0].state = BREAKER_CLOSED;
    fleet.scope_count = 2;
    fleet.scopes[1] = (struct breaker_verdict){.zone = "eu-west-1a", .state = BREAKER_OPEN};
    says(DECIDE_REFUSE, "breaker_open", "eu-west-1a");
}

TEST(rest_after_success_binds_disruption_and_predictions) {
    (void)state;
    good();
    subject.since_success.ms = 60000;
    says(DECIDE_WAIT, "cool_down", "15m");
    assert_int_equal(decision.until.ms, now.boot.ms + 840000);
    service();
    subject.since_success.ms = 60000;
    acts(RUNG_RESTART_SERVICE);
    subject.success_disruptive = true;
    says(DECIDE_WAIT, "cool_down", "15m");
    predicted();
    subject.since_success.ms = 60000;
    says(DECIDE_WAIT, "cool_down", "15m");
}

TEST(three_recoveries_in_a_day_then_a_person) {
    (void)state;
    good();
    subject.disruptive_recent = 2;
    acts(RUNG_REBOOT);
    subject.disruptive_recent = 3;
    says(DECIDE_ASK, "daily_limit", "3 of 3");
}

TEST(three_restarts_then_the_next_rung) {
    (void)state;
    service();
    subject.restarts_recent = 3;
    says(DECIDE_REFUSE, "second_signal_missing", "1 of 2");
    assert_int_equal(decision.rung, RUNG_REBOOT);
    assert_non_null(strstr(decision.skipped, "restarted too often lately"));
    checks.application = CHECK_STATUS_IMPAIRED;
    acts(RUNG_REBOOT);
}

TEST(budgets_count_open_and_recent_actions) {
    (void)state;
    good();
    fleet.disruptive_open = 1;
    says(DECIDE_REFUSE, "budget_concurrent", "1 of 1 disruptive actions open");
    good();
    fleet.disruptive_window = 2;
    says(DECIDE_REFUSE, "budget_hour", "2 of 2 disruptive actions in 1h0m for 10 instances");
    service();
    fleet.disruptive_open = 9;
    fleet.restarts_open = 9;
    acts(RUNG_RESTART_SERVICE);
    fleet.restarts_open = 10;
    says(DECIDE_REFUSE, "budget_concurrent", "10 of 10 service restarts open");
}

TEST(used_up_ladder_asks_a_person) {
    (void)state;
    good();
    subject.failed[RUNG_REBOOT] = subject.failed[RUNG_STOP_START] = true;
    says(DECIDE_ASK, "no_rung_fits", "tried, failed its proof");
    good();
    subject.fault = FAULT_AGENT_SILENT;
    says(DECIDE_REFUSE, "no_rung_fits", "silence alone");
    good();
    subject.errors = 3;
    says(DECIDE_ASK, "calls_fail", "3 calls");
}

TEST(rungs_are_enabled_by_name_for_each_trigger) {
    (void)state;
    good();
    policy.enabled[TRIGGER_HEALTH][RUNG_REBOOT] = false;
    says(DECIDE_REFUSE, "rung_disabled", "reboot is not enabled for health");
    predicted();
    policy.enabled[TRIGGER_PREDICTION][RUNG_RESTART_SERVICE] = false;
    says(DECIDE_REFUSE, "rung_disabled", "not enabled for prediction");
    person(RUNG_REBOOT);
    memset(policy.enabled, 0, sizeof policy.enabled);
    acts(RUNG_REBOOT);
}

TEST(dry_run_says_what_it_would_do_only_when_all_else_allows_it) {
    (void)state;
    good();
    policy.dry_run = true;
    says(DECIDE_REFUSE, "dry_run", "would reboot");
    fleet.disruptive_open = 1;
    says(DECIDE_REFUSE, "budget_concurrent", "");
    person(RUNG_REBOOT);
    policy.dry_run = true;
    says(DECIDE_REFUSE, "dry_run", "would reboot");
    struct decide_policy fresh = decide_policy_default();
    assert_true(fresh.dry_run);
    for (enum rung rung = RUNG_RESTART_SERVICE; rung < RUNG_COUNT; rung++)
        assert_false(fresh.enabled[TRIGGER_HEALTH][rung]);
}

TEST(predictions_take_what_fits_their_kind) {
    (void)state;
    predicted();
    subject.service = "";
    says(DECIDE_REFUSE, "second_signal_missing", "prediction");
    predicted();
    subject.kind = FAILURE_DISK_FILL;
    says(DECIDE_REFUSE, "no_rung_fits", "frees no disk");
    predicted();
    subject.kind = FAILURE_CPU_STEAL;
    says(DECIDE_REFUSE, "second_signal_missing", "1 of 2");
    assert_int_equal(decision.rung, RUNG_STOP_START);
    checks.event_count = 1;
    checks.events[0] = (struct scheduled_event){.code = "instance-retirement",
                                                .not_before = {now.wall.ms + 86400000}};
    acts(RUNG_STOP_START);
    subject.prediction_age.ms = 300001;
    says(DECIDE_REFUSE, "second_signal_missing", "1 of 2");
}

TEST(person_is_bound_by_budget_pause_breaker_and_tag) {
    (void)state;
    person(RUNG_REBOOT);
    fleet.disruptive_open = 1;
    says(DECIDE_REFUSE, "budget_concurrent", "");
    person(RUNG_REBOOT);
    fleet.paused = true;
    says(DECIDE_REFUSE, "paused", "");
    person(RUNG_REBOOT);
    fleet.scopes[0].state = BREAKER_OPEN;
    says(DECIDE_REFUSE, "breaker_open", "");
    person(RUNG_REBOOT);
    facts.opted_in = false;
    says(DECIDE_REFUSE, "not_opted_in", "");
    person(RUNG_REBOOT);
    subject.checks_age.ms = 180001; /* even so a person alone is one path */
    acts(RUNG_REBOOT);
    person(RUNG_RESTART_SERVICE);
    says(DECIDE_REFUSE, "no_rung_fits", "no unit");
    subject.unit = "web.service";
    acts(RUNG_RESTART_SERVICE);
}

TEST(a_rung_under_way_is_held_to_consent_and_pause_only) {
    (void)state;
    good();
    fleet.disruptive_open = 5;
    fleet.scopes[0].state = BREAKER_OPEN;
    subject.own_stop = true;
    facts.state = INSTANCE_STOPPED;
    memcpy(facts.state_reason, "Client.UserInitiatedShutdown", 29);
    decide_continue(&policy, &fleet, &subject, RUNG_STOP_START, now, &decision);
    assert_int_equal(decision.kind, DECIDE_ACT);
    fleet.paused = true;
    decide_continue(&policy, &fleet, &subject, RUNG_STOP_START, now, &decision);
    assert_string_equal(decision.rule, "paused");
    fleet.paused = false;
    facts.opted_in = false;
    decide_continue(&policy, &fleet, &subject, RUNG_STOP_START, now, &decision);
    assert_string_equal(decision.rule, "not_opted_in");
}

TEST(preflight_lists_every_rule_that_applies) {
    (void)state;
    person(RUNG_STOP_START);
    facts.instance_store_root = true;
    struct decide_checks list;
    decide_all(&policy, &fleet, &subject, now, &list);
    assert_int_equal(list.rung, RUNG_STOP_START);
    bool root = false, budget = false;
    for (size_t i = 0; i < list.count; i++) {
        if (strcmp(list.checks[i].rule, "instance_store_root") == 0)
            root = list.checks[i].kind == DECIDE_REFUSE;
        if (strcmp(list.checks[i].rule, "budget_hour") == 0)
            budget = list.checks[i].kind == DECIDE_ACT;
    }
    assert_true(root && budget);
}

/* Worse circumstances never turn a refusal into an act. */
TEST(more_trouble_in_the_fleet_never_allows_more) {
    (void)state;
    for (uint32_t open = 0; open < 5; open++)
        for (uint32_t recent = 0; recent < 5; recent++) {
            good();
            fleet.members = 200;
            fleet.disruptive_open = open;
            fleet.disruptive_window = recent;
            decide(&policy, &fleet, &subject, now, &decision);
            bool here = decision.kind == DECIDE_ACT;
            fleet.disruptive_open++;
            decide(&policy, &fleet, &subject, now, &decision);
            assert_true(here || decision.kind != DECIDE_ACT);
            fleet.disruptive_window++;
            decide(&policy, &fleet, &subject, now, &decision);
            assert_true(here || decision.kind != DECIDE_ACT);
        }
}
