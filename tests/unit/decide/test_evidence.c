/* What counts as evidence: two independent fresh signals, one of them not ours (R8, R9, DESIGN
 * 5.10); what a prediction may lead to (DESIGN 5.11); the flags of an instance's row (SPEC 30). */
#include <string.h>

#include "tests/unit/decide/case.h"

/* Every mixture of signals, fresh and stale, against plain counting. */
TEST(two_signals_one_from_outside_in_every_mixture) {
    (void)state;
    unsigned acted = 0;
    for (unsigned mix = 0; mix < 1U << 8; mix++) {
        bool silent = mix & 1, fails = mix & 2, predicts = mix & 4, stale = mix & 8;
        bool system = mix & 16, instance = mix & 32, ebs = mix & 64, application = mix & 128;
        good();
        subject.agent_silent = silent;
        subject.agent_speaking = !silent;
        subject.service_failing = fails;
        subject.predicted = predicts;
        checks.system = system ? CHECK_STATUS_IMPAIRED : CHECK_STATUS_OK;
        checks.instance = instance ? CHECK_STATUS_IMPAIRED : CHECK_STATUS_OK;
        checks.attached_ebs = ebs ? CHECK_STATUS_IMPAIRED : CHECK_STATUS_OK;
        checks.application = application ? CHECK_STATUS_IMPAIRED : CHECK_STATUS_OK;
        if (stale) subject.checks_age.ms = 180001;
        /* Silence and a failing check are the same path; a failed system check fails both. */
        unsigned ours = (unsigned)(silent || fails) + (unsigned)predicts;
        unsigned outside = (unsigned)(system || instance) + (unsigned)ebs + (unsigned)application;
        if (stale) outside = 0;
        if (outside >= 1 && ours + outside >= 2) {
            acts(RUNG_REBOOT);
            acted++;
        } else {
            says(DECIDE_REFUSE, "second_signal_missing", stale ? "no fresh EC2 status check" : "");
        }
    }
    assert_true(acted > 0);
}

TEST(only_impaired_is_a_failure) {
    (void)state;
    static const enum check_status harmless[] = {
        CHECK_STATUS_UNKNOWN, CHECK_STATUS_OK, CHECK_STATUS_INSUFFICIENT_DATA,
        CHECK_STATUS_NOT_APPLICABLE, CHECK_STATUS_INITIALIZING};
    for (size_t i = 0; i < ARRAY_LENGTH(harmless); i++) {
        good();
        checks.system = checks.instance = checks.attached_ebs = checks.application = harmless[i];
        says(DECIDE_REFUSE, "second_signal_missing", "1 of 2 signals, 0 from outside");
    }
}

TEST(fresh_checks_are_not_called_stale) {
    (void)state;
    good();
    checks.instance = CHECK_STATUS_OK;
    says(DECIDE_REFUSE, "second_signal_missing", "");
    assert_null(strstr(decision.text, "no fresh"));
}

TEST(an_unknown_launch_time_is_no_young_instance) {
    (void)state;
    good();
    facts.launch_time.ms = 0;
    acts(RUNG_REBOOT);
}

TEST(an_agent_that_neither_speaks_nor_is_silent_says_nothing) {
    (void)state;
    good();
    subject.agent_silent = subject.agent_speaking = false;
    subject.service_failing = true; /* an old word */
    says(DECIDE_REFUSE, "second_signal_missing", "1 of 2 signals, 1 from outside");
}

TEST(a_service_restart_rests_on_the_agents_word_alone) {
    (void)state;
    service();
    acts(RUNG_RESTART_SERVICE);
    subject.checks = NULL; /* status checks were never read */
    acts(RUNG_RESTART_SERVICE);
    subject.facts_age.ms = 300001; /* but consent must be fresh */
    says(DECIDE_REFUSE, "stale_evidence", "");
    service();
    subject.failed[RUNG_RESTART_SERVICE] = true; /* and the next rung needs EC2's word */
    says(DECIDE_REFUSE, "second_signal_missing", "1 of 2 signals, 0 from outside");
    checks.instance = CHECK_STATUS_IMPAIRED;
    acts(RUNG_REBOOT);
}

/* A failing service's unit is what a restart restarts: without one nothing can be restarted. */
TEST(first_rung_by_fault) {
    (void)state;
    static const struct {
        enum fault_class fault;
        const char *unit;
        enum rung first, second, third;
    } faults[] = {
        {FAULT_SERVICE_DOWN, "web.service", RUNG_RESTART_SERVICE, RUNG_REBOOT, RUNG_STOP_START},
        {FAULT_SERVICE_DOWN, "", RUNG_REBOOT, RUNG_STOP_START, RUNG_NONE},
        {FAULT_SERVICE_DOWN, NULL, RUNG_REBOOT, RUNG_STOP_START, RUNG_NONE},
        {FAULT_INSTANCE_CHECK, "", RUNG_REBOOT, RUNG_STOP_START, RUNG_NONE},
        {FAULT_SYSTEM_CHECK, "web.service", RUNG_STOP_START, RUNG_NONE, RUNG_NONE},
        {FAULT_AGENT_SILENT, "web.service", RUNG_NONE, RUNG_NONE, RUNG_NONE},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(faults); i++) {
        good();
        subject.fault = faults[i].fault;
        subject.unit = faults[i].unit;
        const enum rung wanted[] = {faults[i].first, faults[i].second, faults[i].third, RUNG_NONE};
        for (size_t step = 0; step < ARRAY_LENGTH(wanted); step++) {
            decide(&policy, &fleet, &subject, now, &decision);
            assert_int_equal(decision.rung, wanted[step]);
            if (wanted[step] == RUNG_NONE) {
                assert_string_equal(decision.rule, "no_rung_fits");
                assert_int_equal(decision.kind, step == 0 ? DECIDE_REFUSE : DECIDE_ASK);
                break;
            }
            /* Every rung passed over is named with its reason (DESIGN 5.12). */
            for (enum rung rung = RUNG_RESTART_SERVICE; rung < wanted[step]; rung++)
                assert_non_null(strstr(decision.skipped, rung_name(rung)));
            subject.failed[wanted[step]] = true;
        }
    }
}

/* The rung by kind with and without a service behind it, when AWS agrees. */
TEST(rung_by_kind_of_prediction) {
    (void)state;
    static const struct {
        enum failure_kind kind;
        enum rung with_service, without;
    } kinds[] = {
        {FAILURE_NONE, RUNG_REBOOT, RUNG_REBOOT},
        {FAILURE_MEMORY_LEAK, RUNG_RESTART_SERVICE, RUNG_REBOOT},
        {FAILURE_DISK_FILL, RUNG_NONE, RUNG_NONE},
        {FAILURE_INODE_EXHAUSTION, RUNG_NONE, RUNG_NONE},
        {FAILURE_FD_EXHAUSTION, RUNG_RESTART_SERVICE, RUNG_REBOOT},
        {FAILURE_PROCESS_EXHAUSTION, RUNG_RESTART_SERVICE, RUNG_REBOOT},
        {FAILURE_CPU_STEAL, RUNG_STOP_START, RUNG_STOP_START},
        {FAILURE_IO_DEGRADATION, RUNG_REBOOT, RUNG_REBOOT},
        {FAILURE_SWAP_THRASH, RUNG_REBOOT, RUNG_REBOOT},
        {FAILURE_NET_DROPS, RUNG_REBOOT, RUNG_REBOOT},
        {FAILURE_CREDIT_DEPLETION, RUNG_REBOOT, RUNG_REBOOT},
        {FAILURE_AGENT_SILENCE, RUNG_REBOOT, RUNG_REBOOT},
    };
    assert_int_equal(ARRAY_LENGTH(kinds), FAILURE_KIND_COUNT);
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++)
        for (unsigned named = 0; named < 2; named++) {
            enum rung wanted = named == 1 ? kinds[i].with_service : kinds[i].without;
            predicted();
            subject.kind = kinds[i].kind;
            subject.service = named == 1 ? "leaky.service" : "";
            /* Without a fact of AWS only the restart is possible. */
            decide(&policy, &fleet, &subject, now, &decision);
            assert_int_equal(decision.kind,
                             wanted == RUNG_RESTART_SERVICE ? DECIDE_ACT : DECIDE_REFUSE);
            assert_int_equal(decision.rung, wanted);
            if (wanted != RUNG_RESTART_SERVICE)
                assert_string_equal(decision.rule,
                                    wanted == RUNG_NONE ? "no_rung_fits" : "second_signal_missing");
            checks.application = CHECK_STATUS_IMPAIRED;
            decide(&policy, &fleet, &subject, now, &decision);
            assert_int_equal(decision.kind, wanted == RUNG_NONE ? DECIDE_REFUSE : DECIDE_ACT);
        }
}

TEST(each_fact_of_aws_may_stand_beside_a_prediction) {
    (void)state;
    for (unsigned fact = 0; fact < 5; fact++) {
        steal();
        checks.event_count = 0;
        says(DECIDE_REFUSE, "second_signal_missing", "prediction");
        if (fact == 0) checks.system = CHECK_STATUS_IMPAIRED;
        if (fact == 1) checks.instance = CHECK_STATUS_IMPAIRED;
        if (fact == 2) checks.attached_ebs = CHECK_STATUS_IMPAIRED;
        if (fact == 3) checks.application = CHECK_STATUS_IMPAIRED;
        if (fact == 4) retirement_in(86400000);
        acts(RUNG_STOP_START);
        subject.checks_age.ms = 180001; /* stale facts are none */
        says(DECIDE_REFUSE, "second_signal_missing", "no fresh EC2 status check");
        subject.checks = NULL;
        says(DECIDE_REFUSE, "second_signal_missing", "no fresh EC2 status check");
    }
}

/* A retirement is a reason only together with a prediction: alone it is a matter of its own. */
TEST(a_retirement_is_no_signal_of_a_failure) {
    (void)state;
    stopping();
    checks.instance = CHECK_STATUS_OK;
    retirement_in(86400000);
    says(DECIDE_REFUSE, "second_signal_missing", "1 of 2 signals, 0 from outside");
    steal();
    memcpy(checks.events[0].code, "instance-stop", 14);
    acts(RUNG_STOP_START);
    memcpy(checks.events[0].code, "instance-reboot", 16);
    says(DECIDE_REFUSE, "scheduled_event", "instance-reboot");
}

TEST(rungs_of_predictions_are_enabled_apart) {
    (void)state;
    predicted();
    memset(policy.enabled[TRIGGER_PREDICTION], 0, sizeof policy.enabled[TRIGGER_PREDICTION]);
    says(DECIDE_REFUSE, "rung_disabled", "restart-service is not enabled for prediction");
    policy.enabled[TRIGGER_PREDICTION][RUNG_RESTART_SERVICE] = true;
    memset(policy.enabled[TRIGGER_HEALTH], 0, sizeof policy.enabled[TRIGGER_HEALTH]);
    acts(RUNG_RESTART_SERVICE);
    steal();
    policy.enabled[TRIGGER_PREDICTION][RUNG_STOP_START] = false;
    says(DECIDE_REFUSE, "rung_disabled", "stop-start is not enabled for prediction");
}

static void set_readable(bool on) { subject.flags.readable = on; }
static void set_recovery(bool on) { subject.flags.recovery_enabled = on; }
static void set_monitoring(bool on) { subject.flags.monitoring_enabled = on; }
static void set_app(bool on) { subject.flags.app_level_recovery = on; }
static void set_auto(bool on) { subject.flags.auto_restart = on; }

/* SPEC 30 and DESIGN 5.8: which rung each flag takes away when it is false. */
TEST(each_flag_off_and_on_for_each_rung) {
    (void)state;
    static const struct {
        void (*set)(bool on);
        const char *name;
        bool restart, reboot, stop_start; /* taken away */
    } flags[] = {
        {set_readable, "cannot be read", true, true, true},
        {set_recovery, "recovery_enabled", true, true, true},
        {set_monitoring, "monitoring_enabled", true, true, true},
        {set_app, "app_level_recovery", true, false, false},
        {set_auto, "auto_restart", false, true, true},
    };
    static void (*const arrange[])(void) = {service, good, stopping};
    static const enum rung rungs[] = {RUNG_RESTART_SERVICE, RUNG_REBOOT, RUNG_STOP_START};
    for (size_t i = 0; i < ARRAY_LENGTH(flags); i++) {
        const bool taken[] = {flags[i].restart, flags[i].reboot, flags[i].stop_start};
        for (size_t r = 0; r < ARRAY_LENGTH(rungs); r++) {
            arrange[r]();
            flags[i].set(false);
            if (taken[r])
                says(DECIDE_REFUSE, "flag_off", flags[i].name);
            else
                acts(rungs[r]);
            flags[i].set(true);
            acts(rungs[r]);
            subject.flags.quarantine = true;
            says(DECIDE_REFUSE, "quarantined", "");
        }
    }
}

TEST(without_a_row_the_defaults_of_the_specification_hold) {
    (void)state;
    struct decide_flags flags = decide_flags_default();
    assert_true(flags.readable && flags.recovery_enabled && flags.monitoring_enabled);
    assert_true(flags.app_level_recovery && flags.auto_restart);
    assert_false(flags.quarantine);
}

/* Only what EC2 calls running is touched, except what we stopped ourselves. */
TEST(each_state_of_an_instance) {
    (void)state;
    for (unsigned s = INSTANCE_STATE_UNKNOWN; s <= INSTANCE_TERMINATED; s++) {
        good();
        facts.state = (enum instance_state)s;
        if (s == INSTANCE_RUNNING)
            acts(RUNG_REBOOT);
        else
            says(DECIDE_REFUSE, "not_running", instance_state_name(facts.state));
    }
    good();
    facts.state = INSTANCE_RUNNING; /* a reason of an earlier stop */
    memcpy(facts.state_reason, "Client.UserInitiatedShutdown", 29);
    acts(RUNG_REBOOT);
    facts.state = INSTANCE_STOPPING;
    says(DECIDE_REFUSE, "deliberate_stop", "Client.UserInitiatedShutdown");
}

TEST(what_ec2_never_told_is_never_touched) {
    (void)state;
    good();
    subject.facts = NULL;
    says(DECIDE_REFUSE, "not_opted_in", "EC2 has not told us");
    subject.will_read = true; /* a person's command: the fresh read decides */
    decide(&policy, &fleet, &subject, now, &decision);
    assert_string_not_equal(decision.rule, "not_opted_in");
    subject.facts = &facts;
    facts.opted_in = false;
    says(DECIDE_REFUSE, "not_opted_in", "tag");
}

/* AWS's own recovery is for failed system checks; other trouble does not wait for it. */
TEST(only_a_failed_system_check_waits_for_aws) {
    (void)state;
    good();
    subject.impaired_for.ms = 0;
    acts(RUNG_REBOOT);
    on_broken_host();
    subject.impaired_for.ms = -1; /* it is fine again, the trouble is not over */
    acts(RUNG_STOP_START);
    subject.impaired_for.ms = 0;
    says(DECIDE_WAIT, "aws_recovers_first", "10m");
}

/* A person is asked only when something was tried for this very trouble. */
TEST(restarts_of_another_trouble_are_no_reason_to_ask) {
    (void)state;
    good();
    subject.fault = FAULT_AGENT_SILENT;
    subject.restarts_recent = 2;
    says(DECIDE_REFUSE, "no_rung_fits", "silence alone");
    subject.failed[RUNG_REBOOT] = true;
    says(DECIDE_ASK, "no_rung_fits", "silence alone");
}

/* A service restart stands down only while an event lasts: both ends belong to it. */
TEST(an_event_lasts_from_its_first_to_its_last_millisecond) {
    (void)state;
    static const struct {
        int64_t before, after; /* from now; after 0 = open end */
        bool lasts;
    } spans[] = {
        {1, 1000, false}, {0, 1000, true},    {-1000, 0, true},
        {-1000, 1, true}, {-1000, -1, false}, {-1000, INT64_MIN, true},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(spans); i++) {
        service();
        checks.event_count = 1;
        checks.events[0] = (struct scheduled_event){
            .code = "system-reboot",
            .not_before = {now.wall.ms + spans[i].before},
            .not_after = {spans[i].after == INT64_MIN ? 0 : now.wall.ms + spans[i].after}};
        if (spans[i].lasts)
            says(DECIDE_REFUSE, "scheduled_event", "system-reboot");
        else
            acts(RUNG_RESTART_SERVICE);
    }
}

TEST(the_last_of_several_events_counts_too) {
    (void)state;
    stopping();
    checks.event_count = INSTANCE_EVENTS_MAX;
    for (size_t i = 0; i < INSTANCE_EVENTS_MAX; i++)
        checks.events[i] = (struct scheduled_event){.code = "instance-retirement",
                                                    .not_before = {now.wall.ms + 86400000}};
    acts(RUNG_STOP_START);
    memcpy(checks.events[INSTANCE_EVENTS_MAX - 1].code, "system-maintenance", 19);
    says(DECIDE_REFUSE, "scheduled_event", "system-maintenance");
    checks.event_count = INSTANCE_EVENTS_MAX - 1;
    acts(RUNG_STOP_START);
}
