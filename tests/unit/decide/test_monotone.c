/* Restrictions only ever restrict: over random cases, adding one never turns a refusal into an act,
 * nor an act into one of a higher rung. */
#include <stdio.h>
#include <string.h>

#include "common/base/prng.h"
#include "tests/unit/decide/case.h"

#define CASES 20000
#define SEED  UINT64_C(20260303)

static bool chance(struct prng *prng, unsigned percent) { return prng_below(prng, 100) < percent; }

static int64_t some_ms(struct prng *prng, int64_t around) {
    return (int64_t)prng_below(prng, (uint64_t)(2 * around));
}

static void random_fleet(struct prng *prng) {
    fleet.members = (uint32_t)prng_below(prng, 300);
    fleet.disruptive_open = (uint32_t)prng_below(prng, 3);
    fleet.disruptive_window = (uint32_t)prng_below(prng, 4);
    fleet.heard = 3 + (uint32_t)prng_below(prng, 20);
    fleet.unexplained = (uint32_t)prng_below(prng, 4);
    fleet.agents_known = 10;
    fleet.agents_explained = chance(prng, 80) ? 10 : 8;
    fleet.up_for.ms = chance(prng, 80) ? 3600000 : some_ms(prng, 600000);
    fleet.scopes[0].state = chance(prng, 90) ? BREAKER_CLOSED : BREAKER_HALF_OPEN;
    fleet.paused = chance(prng, 5);
    fleet.store_usable = chance(prng, 95);
}

static void random_case(struct prng *prng) {
    static void (*const arrange[])(void) = {good,    stopping,  on_broken_host,
                                            service, predicted, steal};
    size_t which = (size_t)prng_below(prng, ARRAY_LENGTH(arrange) + 3);
    if (which < ARRAY_LENGTH(arrange))
        arrange[which]();
    else
        person((enum rung)(RUNG_RESTART_SERVICE + which - ARRAY_LENGTH(arrange)));
    if (chance(prng, 50)) subject.unit = "web.service";
    random_fleet(prng);
    if (chance(prng, 20)) subject.symptom_for.ms = some_ms(prng, 180000);
    if (chance(prng, 20)) facts.launch_time.ms = now.wall.ms - some_ms(prng, 300000);
    if (chance(prng, 20)) subject.since_success.ms = some_ms(prng, 900000);
    if (chance(prng, 20)) subject.checks_age.ms = some_ms(prng, 180000);
    if (chance(prng, 20)) subject.disruptive_recent = (uint32_t)prng_below(prng, 5);
    if (chance(prng, 20)) subject.restarts_recent = (uint32_t)prng_below(prng, 5);
    if (chance(prng, 10)) subject.failed[1 + prng_below(prng, RUNG_COUNT - 1)] = true;
    if (chance(prng, 10)) facts.public_ip[0] = '9';
    if (chance(prng, 10)) policy.dry_run = true;
    if (chance(prng, 10)) policy.enabled[subject.trigger][RUNG_REBOOT] = false;
}

/* One restriction by number; false when there is no such number. */
static bool restrict_one(unsigned which) {
    switch (which) {
    case 0: fleet.store_usable = false; return true;
    case 1: policy.recovery_enabled = false; return true;
    case 2: fleet.paused = true; return true;
    case 3: facts.opted_in = false; return true;
    case 4: subject.facts_age.ms += 300000; return true;
    case 5: facts.state = INSTANCE_STOPPING; return true;
    case 6: subject.flags.quarantine = true; return true;
    case 7: subject.flags.readable = false; return true;
    case 8: subject.flags.recovery_enabled = false; return true;
    case 9: subject.flags.monitoring_enabled = false; return true;
    case 10: subject.flags.app_level_recovery = false; return true;
    case 11: subject.flags.auto_restart = false; return true;
    case 12: subject.errors += 3; return true;
    case 13: fleet.skew_known = true, fleet.skew.ms = -70000; return true;
    case 14: fleet.unexplained++; return true;
    case 15: fleet.aws_heard.ms = -1; return true;
    case 16: fleet.up_for.ms /= 2; return true;
    case 17: fleet.agents_explained -= 2; return true;
    case 18: fleet.scopes[0].state = BREAKER_OPEN; return true;
    case 19: fleet.scopes[0].probing = true; return true;
    case 20: facts.managed_by_service = true; return true;
    case 21: facts.spot = true; return true;
    case 22: memcpy(facts.autoscaling_group, "asg", 4); return true;
    case 23: facts.instance_store_root = true; return true;
    case 24: memcpy(facts.tenancy, "host", 5); return true;
    case 25: memcpy(facts.public_ip, "203.0.113.9", 12); return true;
    case 26: subject.boot_known = false; return true;
    case 27: facts.launch_time.ms += 200000; return true;
    case 28: subject.symptom_for.ms /= 3; return true;
    case 29: subject.checks_age.ms += 100000; return true;
    case 30: checks.system = checks.instance = CHECK_STATUS_OK; return true;
    case 31: subject.agent_silent = subject.agent_speaking = false; return true;
    case 32: subject.predicted = false; return true;
    case 33: subject.prediction_age.ms += 300001; return true;
    case 34: subject.since_success.ms = 0, subject.success_disruptive = true; return true;
    case 35: subject.disruptive_recent++; return true;
    case 36: fleet.disruptive_window++; return true;
    case 37: fleet.disruptive_open++, fleet.restarts_open++; return true;
    case 38: fleet.members /= 2; return true;
    case 39: memset(policy.enabled, 0, sizeof policy.enabled); return true;
    case 40: policy.dry_run = true; return true;
    case 41:
        if (subject.impaired_for.ms >= 0) subject.impaired_for.ms /= 12;
        return true;
    case 42:
        checks.event_count = 1;
        checks.events[0] =
            (struct scheduled_event){.code = "system-reboot", .not_before = {now.wall.ms - 1000}};
        return true;
    case 43:
        fleet.scope_count = 2;
        fleet.scopes[1] = (struct breaker_verdict){.zone = "a", .state = BREAKER_OPEN};
        return true;
    default: return false;
    }
}

#define RESTRICTIONS 44

static struct decide_decision decided(void) {
    struct decide_decision made;
    decide(&policy, &fleet, &subject, now, &made);
    return made;
}

TEST(a_restriction_never_turns_a_refusal_into_an_act) {
    (void)state;
    struct prng prng = prng_seeded(SEED);
    unsigned acted = 0, stopped[RESTRICTIONS] = {0};
    assert_false(restrict_one(RESTRICTIONS));
    for (unsigned i = 0; i < CASES; i++) {
        random_case(&prng);
        struct decide_decision before = decided();
        unsigned which = (unsigned)prng_below(&prng, RESTRICTIONS);
        assert_true(restrict_one(which));
        struct decide_decision after = decided();
        if (before.kind == DECIDE_ACT) acted++;
        if (before.kind == DECIDE_ACT && after.kind != DECIDE_ACT) stopped[which]++;
        if (after.kind != DECIDE_ACT) continue;
        if (before.kind != DECIDE_ACT || after.rung != before.rung)
            fail_msg("seed %llu case %u: restriction %u turned %s (%s) into %s",
                     (unsigned long long)SEED, i, which, before.rule, before.text, after.rule);
    }
    /* Neither side is empty: cases act, and every restriction bites somewhere. */
    assert_in_range(acted, CASES / 10, CASES * 9 / 10);
    for (unsigned k = 0; k < RESTRICTIONS; k++)
        if (stopped[k] == 0 && k != 38) fail_msg("restriction %u never stopped anything", k);
}

/* The same facts, the same answer, and the pre-flight list agrees with the decision. */
TEST(the_first_objection_of_the_list_is_the_decision) {
    (void)state;
    struct prng prng = prng_seeded(SEED + 1);
    for (unsigned i = 0; i < CASES / 4; i++) {
        random_case(&prng);
        if (chance(&prng, 50)) (void)restrict_one((unsigned)prng_below(&prng, RESTRICTIONS));
        struct decide_decision once = decided(), twice = decided();
        assert_memory_equal(&once, &twice, sizeof once);
        struct decide_checks list;
        decide_all(&policy, &fleet, &subject, now, &list);
        const char *first = "act";
        for (size_t k = list.count; k > 0; k--)
            if (list.checks[k - 1].kind != DECIDE_ACT) first = list.checks[k - 1].rule;
        assert_string_equal(once.rule, first);
        assert_int_equal(once.rung, list.rung);
    }
}
