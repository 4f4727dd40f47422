/* The cases that the tests of the rules start from; the tests spoil them. */
#include "tests/unit/decide/case.h"

#include <string.h>

struct instance_facts facts;
struct instance_checks checks;
struct decide_policy policy;
struct decide_fleet fleet;
struct decide_case subject;
struct decide_decision decision;
const struct now now = {{5000000}, {INT64_C(1772524800000)}};

void good(void) {
    policy = decide_policy_default();
    policy.dry_run = false;
    for (enum rung rung = RUNG_RESTART_SERVICE; rung < RUNG_COUNT; rung++) {
        policy.enabled[TRIGGER_HEALTH][rung] = true;
        policy.enabled[TRIGGER_PREDICTION][rung] = true;
    }
    facts = (struct instance_facts){.state = INSTANCE_RUNNING,
                                    .opted_in = true,
                                    .launch_time = {now.wall.ms - 86400000},
                                    .tenancy = "default"};
    checks = (struct instance_checks){
        .state = INSTANCE_RUNNING, .system = CHECK_STATUS_OK, .instance = CHECK_STATUS_IMPAIRED};
    fleet = (struct decide_fleet){.store_usable = true,
                                  .pause_reason = "",
                                  .up_for = {3600000},
                                  .agents_known = 10,
                                  .agents_explained = 10,
                                  .heard = 10,
                                  .aws_heard = {1000},
                                  .members = 10,
                                  .scope_count = 1};
    fleet.scopes[0] = (struct breaker_verdict){.members = 10, .limit = 3};
    subject = (struct decide_case){.facts = &facts,
                                   .facts_age = {100},
                                   .checks = &checks,
                                   .checks_age = {100},
                                   .flags = decide_flags_default(),
                                   .trigger = TRIGGER_HEALTH,
                                   .fault = FAULT_INSTANCE_CHECK,
                                   .agent_known = true,
                                   .agent_silent = true,
                                   .silent_for = {300000},
                                   .boot_known = true,
                                   .unit = "",
                                   .service = "",
                                   .symptom_for = {300000},
                                   .impaired_for = {-1},
                                   .since_success = {-1}};
}

void service(void) {
    good();
    checks.instance = CHECK_STATUS_OK;
    subject.fault = FAULT_SERVICE_DOWN;
    subject.agent_silent = false;
    subject.agent_speaking = subject.service_failing = true;
    subject.unit = "web.service";
}

void predicted(void) {
    good();
    checks.instance = CHECK_STATUS_OK;
    subject.trigger = TRIGGER_PREDICTION;
    subject.fault = FAULT_PREDICTED;
    subject.agent_silent = false;
    subject.agent_speaking = subject.predicted = true;
    subject.confidence = 0.9F;
    subject.kind = FAILURE_MEMORY_LEAK;
    subject.service = "leaky.service";
}

void person(enum rung rung) {
    good();
    checks.instance = CHECK_STATUS_OK;
    subject.agent_silent = false;
    subject.agent_speaking = true;
    subject.trigger = TRIGGER_OPERATOR;
    subject.fault = FAULT_REQUESTED;
    subject.requested = rung;
}

void stopping(void) {
    good();
    subject.failed[RUNG_REBOOT] = true;
}

void on_broken_host(void) {
    good();
    subject.fault = FAULT_SYSTEM_CHECK;
    checks.system = CHECK_STATUS_IMPAIRED;
    subject.impaired_for.ms = 3600000;
}

void steal(void) {
    predicted();
    subject.kind = FAILURE_CPU_STEAL;
    subject.service = "";
    retirement_in(86400000);
}

void retirement_in(int64_t ms) {
    checks.event_count = 1;
    checks.events[0] =
        (struct scheduled_event){.code = "instance-retirement", .not_before = {now.wall.ms + ms}};
}

void acts(enum rung rung) {
    decide(&policy, &fleet, &subject, now, &decision);
    assert_string_equal(decision.rule, "act");
    assert_int_equal(decision.kind, DECIDE_ACT);
    assert_int_equal(decision.rung, rung);
}

void says(enum decide_kind kind, const char *rule, const char *numbers) {
    decide(&policy, &fleet, &subject, now, &decision);
    assert_string_equal(decision.rule, rule);
    assert_int_equal(decision.kind, kind);
    if (strstr(decision.text, numbers) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", numbers, decision.text);
}
