/* Every rule by its name: a case that may act stops acting when this one thing is spoilt, and says
 * so with its numbers. A rule of the table without a row here fails the test. */
#include <string.h>

#include "aggregator/decide/rules.h"
#include "tests/unit/decide/case.h"

static void store_fails(void) { fleet.store_usable = false; }
static void switched_off(void) { policy.recovery_enabled = false; }
static void paused(void) {
    fleet.paused = true;
    fleet.pause_reason = "paused by alice since 08:12";
}
static void tag_removed(void) { facts.opted_in = false; }
static void facts_old(void) { subject.facts_age.ms = 400000; }
static void shut_down_by_a_person(void) {
    facts.state = INSTANCE_STOPPED;
    memcpy(facts.state_reason, "Client.UserInitiatedShutdown", 29);
}
static void still_pending(void) { facts.state = INSTANCE_PENDING; }
static void in_quarantine(void) { subject.flags.quarantine = true; }
static void row_unreadable(void) { subject.flags.readable = false; }
static void no_rights(void) { subject.errors = 3; }
static void only_silent(void) { subject.fault = FAULT_AGENT_SILENT; }
static void clock_off(void) {
    fleet.skew_known = true;
    fleet.skew.ms = 61000;
}
static void many_silent(void) { fleet.unexplained = 3; }
static void just_started(void) { fleet.up_for.ms = 60000; }
static void storm(void) {
    fleet.scopes[0].state = BREAKER_OPEN;
    fleet.scopes[0].newly_unhealthy = 5;
}
static void managed(void) { facts.managed_by_service = true; }
static void spot(void) { facts.spot = true; }
static void in_a_group(void) { memcpy(facts.autoscaling_group, "web-asg", 8); }
static void ephemeral_root(void) { facts.instance_store_root = true; }
static void dedicated(void) { memcpy(facts.tenancy, "host", 5); }
static void public_address(void) { memcpy(facts.public_ip, "203.0.113.9", 12); }
static void never_spoke(void) { subject.boot_known = false; }
static void maintenance(void) {
    checks.event_count = 1;
    checks.events[0] = (struct scheduled_event){.code = "system-maintenance",
                                                .not_before = {now.wall.ms + 3600000}};
}
static void launched_now(void) { facts.launch_time.ms = now.wall.ms - 30000; }
static void host_broke_now(void) { subject.impaired_for.ms = 120000; }
static void trouble_began(void) { subject.symptom_for.ms = 30000; }
static void ec2_sees_nothing(void) { checks.instance = CHECK_STATUS_OK; }
static void succeeded_lately(void) { subject.since_success.ms = 300000; }
static void third_of_the_day(void) { subject.disruptive_recent = 3; }
static void hour_used_up(void) { fleet.disruptive_window = 2; }
static void another_open(void) { fleet.disruptive_open = 1; }
static void rung_off(void) { policy.enabled[TRIGGER_HEALTH][RUNG_REBOOT] = false; }
static void dry(void) { policy.dry_run = true; }

/* `always` is what docs/recovery.md promises: the rule binds a rung under way, too. */
static const struct {
    const char *rule;
    void (*arrange)(void);
    enum rung rung;
    void (*spoil)(void);
    enum decide_kind kind;
    bool always;
    const char *numbers;
} rows[] = {
    {"store_unusable", good, RUNG_REBOOT, store_fails, DECIDE_REFUSE, true,
     "store cannot be written"},
    {"recovery_disabled", good, RUNG_REBOOT, switched_off, DECIDE_REFUSE, true,
     "RECOVERY_ENABLED=false"},
    {"paused", good, RUNG_REBOOT, paused, DECIDE_REFUSE, true, "paused by alice since 08:12"},
    {"not_opted_in", good, RUNG_REBOOT, tag_removed, DECIDE_REFUSE, true,
     "tag AutoRecovery=enabled is not there"},
    {"stale_evidence", good, RUNG_REBOOT, facts_old, DECIDE_REFUSE, true,
     "facts read 6m40s ago, at most 5m"},
    {"deliberate_stop", good, RUNG_REBOOT, shut_down_by_a_person, DECIDE_REFUSE, true,
     "Client.UserInitiatedShutdown"},
    {"not_running", good, RUNG_REBOOT, still_pending, DECIDE_REFUSE, true, "state pending"},
    {"quarantined", good, RUNG_REBOOT, in_quarantine, DECIDE_REFUSE, true,
     "in quarantine: only release is allowed"},
    {"flag_off", good, RUNG_REBOOT, row_unreadable, DECIDE_REFUSE, true,
     "configuration row cannot be read"},
    {"calls_fail", good, RUNG_REBOOT, no_rights, DECIDE_ASK, false, "3 calls could not be made"},
    {"no_rung_fits", good, RUNG_REBOOT, only_silent, DECIDE_REFUSE, false, "silence alone"},
    {"clock_skew", good, RUNG_REBOOT, clock_off, DECIDE_REFUSE, true,
     "61000 ms off AWS's, at most 1m"},
    {"self_suspicion", good, RUNG_REBOOT, many_silent, DECIDE_REFUSE, false,
     "7 of 10 agents heard lately speak or are explained, more than 80 % wanted"},
    {"warm_up", good, RUNG_REBOOT, just_started, DECIDE_WAIT, false,
     "up for 1m0s of 10m0s, 10 of 10 agents heard or explained, 90 % wanted"},
    {"breaker_open", good, RUNG_REBOOT, storm, DECIDE_REFUSE, false,
     "fleet: 5 newly unhealthy of 10, limit 3, open"},
    {"managed_by_service", good, RUNG_REBOOT, managed, DECIDE_REFUSE, false, "AWS service manages"},
    {"spot", good, RUNG_REBOOT, spot, DECIDE_REFUSE, false, "Spot"},
    {"autoscaling_member", stopping, RUNG_STOP_START, in_a_group, DECIDE_REFUSE, false,
     "member of web-asg"},
    {"instance_store_root", stopping, RUNG_STOP_START, ephemeral_root, DECIDE_REFUSE, false,
     "an instance-store root cannot be stopped"},
    {"dedicated_host", stopping, RUNG_STOP_START, dedicated, DECIDE_REFUSE, false,
     "on a Dedicated Host"},
    {"public_ip_changes", stopping, RUNG_STOP_START, public_address, DECIDE_REFUSE, false,
     "public IPv4 203.0.113.9 changes"},
    {"boot_id_unknown", good, RUNG_REBOOT, never_spoke, DECIDE_REFUSE, false,
     "no boot id is known"},
    {"scheduled_event", good, RUNG_REBOOT, maintenance, DECIDE_REFUSE, false,
     "system-maintenance at 2026-03-03T09:00:00Z"},
    {"too_young", good, RUNG_REBOOT, launched_now, DECIDE_WAIT, false,
     "launched 30s ago, at least 5m"},
    {"aws_recovers_first", on_broken_host, RUNG_STOP_START, host_broke_now, DECIDE_WAIT, false,
     "system check failed 2m0s ago; AWS's own recovery has 10m"},
    {"confirming", good, RUNG_REBOOT, trouble_began, DECIDE_WAIT, false,
     "trouble lasts 30s, confirmed after 3m"},
    {"second_signal_missing", good, RUNG_REBOOT, ec2_sees_nothing, DECIDE_REFUSE, false,
     "1 of 2 signals, 0 from outside our own path: agent silent"},
    {"cool_down", good, RUNG_REBOOT, succeeded_lately, DECIDE_WAIT, false,
     "last success 5m0s ago, rest 15m"},
    {"daily_limit", good, RUNG_REBOOT, third_of_the_day, DECIDE_ASK, false,
     "3 of 3 recoveries of this instance in 1d"},
    {"budget_hour", good, RUNG_REBOOT, hour_used_up, DECIDE_REFUSE, false,
     "2 of 2 disruptive actions in 1h0m for 10 instances"},
    {"budget_concurrent", good, RUNG_REBOOT, another_open, DECIDE_REFUSE, false,
     "1 of 1 disruptive actions open"},
    {"rung_disabled", good, RUNG_REBOOT, rung_off, DECIDE_REFUSE, false,
     "reboot is not enabled for health"},
    {"dry_run", good, RUNG_REBOOT, dry, DECIDE_REFUSE, true, "would reboot"},
};

static size_t place_of(const char *rule) {
    for (size_t i = 0; i < decide_rule_count; i++)
        if (strcmp(decide_rules[i].name, rule) == 0) return i;
    fail_msg("there is no rule %s", rule);
    return 0;
}

TEST(every_rule_of_the_table_has_a_case_here_and_none_twice) {
    (void)state;
    unsigned cases[DECIDE_RULES_MAX] = {0};
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) cases[place_of(rows[i].rule)]++;
    for (size_t i = 0; i < decide_rule_count; i++)
        if (cases[i] != 1) fail_msg("%s has %u cases", decide_rules[i].name, cases[i]);
}

TEST(each_rule_acts_without_and_objects_with_its_trouble) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        rows[i].arrange();
        acts(rows[i].rung);
        rows[i].spoil();
        says(rows[i].kind, rows[i].rule, rows[i].numbers);
        if (rows[i].kind == DECIDE_WAIT)
            assert_true(decision.until.ms > now.boot.ms);
        else
            assert_int_equal(decision.until.ms, 0);
    }
}

/* A rule that objected only because another one does would not be needed. The stop by a person is
 * the more telling half of "not running". */
TEST(each_rule_objects_alone) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        rows[i].arrange();
        rows[i].spoil();
        struct decide_checks list;
        decide_all(&policy, &fleet, &subject, now, &list);
        for (size_t k = 0; k < list.count; k++) {
            if (list.checks[k].kind == DECIDE_ACT || strcmp(list.checks[k].rule, rows[i].rule) == 0)
                continue;
            bool twin = strcmp(rows[i].rule, "deliberate_stop") == 0 &&
                        strcmp(list.checks[k].rule, "not_running") == 0;
            if (!twin) fail_msg("%s objects to what %s is for", list.checks[k].rule, rows[i].rule);
        }
    }
}

TEST(of_two_rules_the_earlier_one_answers) {
    (void)state;
    unsigned pairs = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        for (size_t k = 0; k < ARRAY_LENGTH(rows); k++) {
            if (rows[i].arrange != rows[k].arrange) continue;
            if (place_of(rows[i].rule) >= place_of(rows[k].rule)) continue;
            rows[i].arrange();
            rows[k].spoil();
            rows[i].spoil();
            says(rows[i].kind, rows[i].rule, rows[i].numbers);
            pairs++;
        }
    assert_true(pairs > 300);
}

TEST(a_rung_under_way_is_bound_by_the_rules_that_bind_always_and_no_others) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        rows[i].arrange();
        decide_continue(&policy, &fleet, &subject, rows[i].rung, now, &decision);
        assert_string_equal(decision.rule, "act");
        rows[i].spoil();
        decide_continue(&policy, &fleet, &subject, rows[i].rung, now, &decision);
        assert_string_equal(decision.rule, rows[i].always ? rows[i].rule : "act");
        assert_int_equal(decision.kind, rows[i].always ? rows[i].kind : DECIDE_ACT);
        assert_int_equal(decision.rung, rows[i].rung);
    }
}

/* What binds a person too (SPEC 149). Age, confirmation and the list of rungs do not: the person is
 * the confirmation. */
TEST(a_person_is_freed_from_four_rules_only) {
    (void)state;
    static const char *const freed[] = {"too_young", "confirming", "rung_disabled",
                                        "second_signal_missing"};
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        bool health = strcmp(rows[i].rule, "aws_recovers_first") == 0 ||
                      strcmp(rows[i].rule, "no_rung_fits") == 0;
        if (health) continue; /* of a fault, and a wish has none */
        person(rows[i].rung);
        acts(rows[i].rung);
        rows[i].spoil();
        bool free = false;
        for (size_t k = 0; k < ARRAY_LENGTH(freed); k++)
            free = free || strcmp(freed[k], rows[i].rule) == 0;
        if (free)
            acts(rows[i].rung);
        else
            says(rows[i].kind, rows[i].rule, "");
    }
}

/* Rules about EC2-level rungs leave a service restart alone, and the traps of stop and start leave
 * a reboot alone: a fleet of Spot instances in groups is still served. */
TEST(rules_bind_only_the_rungs_they_are_for) {
    (void)state;
    static const struct {
        const char *rule;
        bool restart, reboot; /* it binds that rung, too */
    } narrow[] = {
        {"self_suspicion", false, true},
        {"warm_up", false, true},
        {"spot", false, true},
        {"autoscaling_member", false, false},
        {"instance_store_root", false, false},
        {"dedicated_host", false, false},
        {"public_ip_changes", false, false},
        {"boot_id_unknown", false, true},
        {"scheduled_event", false, true},
        {"too_young", false, true},
        {"aws_recovers_first", false, false},
        {"confirming", false, true},
        {"second_signal_missing", false, true},
        {"cool_down", false, true},
        {"daily_limit", false, true},
        {"budget_hour", false, true},
        {"budget_concurrent", false, true},
        {"no_rung_fits", false, true},
        {"rung_disabled", false, true},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        bool restart = true, reboot = true;
        for (size_t k = 0; k < ARRAY_LENGTH(narrow); k++) {
            if (strcmp(narrow[k].rule, rows[i].rule) != 0) continue;
            restart = narrow[k].restart;
            reboot = narrow[k].reboot;
        }
        service();
        rows[i].spoil();
        if (strcmp(rows[i].rule, "no_rung_fits") == 0) subject.fault = FAULT_SERVICE_DOWN;
        if (restart)
            says(rows[i].kind, rows[i].rule, "");
        else
            acts(RUNG_RESTART_SERVICE);
        good();
        rows[i].spoil();
        if (reboot)
            says(rows[i].kind, rows[i].rule, "");
        else
            acts(RUNG_REBOOT);
    }
}

TEST(the_list_holds_no_rule_that_has_nothing_to_say) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        rows[i].arrange();
        rows[i].spoil();
        struct decide_checks list;
        decide_all(&policy, &fleet, &subject, now, &list);
        assert_true(list.count > 5);
        for (size_t k = 0; k < list.count; k++) assert_true(list.checks[k].text[0] != '\0');
    }
}

TEST(oversized_facts_stay_within_their_bounds) {
    (void)state;
    good();
    memset(facts.autoscaling_group, 'g', sizeof facts.autoscaling_group - 1);
    memset(facts.state_reason, 's', sizeof facts.state_reason - 1);
    memset(checks.events[0].code, 'e', sizeof checks.events[0].code - 1);
    checks.event_count = UINT16_MAX; /* more than there is room for */
    fleet.scope_count = SIZE_MAX;
    struct decide_checks list;
    for (enum rung rung = RUNG_RESTART_SERVICE; rung < RUNG_COUNT; rung++) {
        subject.trigger = TRIGGER_OPERATOR;
        subject.fault = FAULT_REQUESTED;
        subject.requested = rung;
        decide_all(&policy, &fleet, &subject, now, &list);
        assert_true(list.count <= DECIDE_RULES_MAX);
        for (size_t i = 0; i < list.count; i++)
            assert_true(strlen(list.checks[i].text) < DECIDE_TEXT_SIZE);
    }
}

TEST(kinds_have_names) {
    (void)state;
    assert_string_equal(decide_kind_name(DECIDE_ACT), "act");
    assert_string_equal(decide_kind_name(DECIDE_WAIT), "wait");
    assert_string_equal(decide_kind_name(DECIDE_REFUSE), "refuse");
    assert_string_equal(decide_kind_name(DECIDE_ASK), "ask");
}
