/* The order of the rules, and the three ways to ask them; pure. Rules that hold for good come
 * first; dry run comes last, so that a dry run says what would really have been done. */
#include "aggregator/decide/decide.h"

#include "aggregator/decide/rules.h"

static void ask_store(const struct decide_view *view, struct decide_verdict *verdict) {
    text_add(verdict->text, view->fleet->store_usable ? "store writes" : "store cannot be written");
    if (!view->fleet->store_usable) verdict->kind = DECIDE_REFUSE;
}

static void ask_enabled(const struct decide_view *view, struct decide_verdict *verdict) {
    text_add(verdict->text, "RECOVERY_ENABLED=");
    text_add(verdict->text, view->policy->recovery_enabled ? "true" : "false");
    if (!view->policy->recovery_enabled) verdict->kind = DECIDE_REFUSE;
}

static void ask_pause(const struct decide_view *view, struct decide_verdict *verdict) {
    text_add(verdict->text, view->fleet->paused ? view->fleet->pause_reason : "not paused");
    if (view->fleet->paused) verdict->kind = DECIDE_REFUSE;
}

static const char *flag_off(const struct decide_flags *flags, enum rung rung) {
    if (!flags->readable) return "the instance's configuration row cannot be read";
    if (!flags->recovery_enabled) return "recovery_enabled is false";
    if (!flags->monitoring_enabled) return "monitoring_enabled is false";
    if (rung == RUNG_RESTART_SERVICE && !flags->app_level_recovery)
        return "app_level_recovery is false";
    if (rung_disrupts_instance(rung) && !flags->auto_restart) return "auto_restart is false";
    return NULL;
}

static void ask_flags(const struct decide_view *view, struct decide_verdict *verdict) {
    const char *off = flag_off(&view->subject->flags, view->rung);
    text_add(verdict->text, off == NULL ? "the instance's flags allow it" : off);
    if (off != NULL) verdict->kind = DECIDE_REFUSE;
}

static void ask_quarantine(const struct decide_view *view, struct decide_verdict *verdict) {
    if (!view->subject->flags.quarantine) return;
    verdict->kind = DECIDE_REFUSE;
    text_add(verdict->text, "in quarantine: only release is allowed");
}

/* Rights or input are wrong: trying again for ever helps nobody. */
static void ask_errors(const struct decide_view *view, struct decide_verdict *verdict) {
    if (view->subject->errors == 0) return;
    text_add_unsigned(verdict->text, view->subject->errors);
    text_add(verdict->text, " calls could not be made");
    if (view->subject->errors >= 3) verdict->kind = DECIDE_ASK;
}

static bool any_failed(const struct decide_case *subject) {
    for (enum rung rung = RUNG_RESTART_SERVICE; rung < RUNG_COUNT; rung++)
        if (subject->failed[rung]) return true;
    return subject->fault == FAULT_SERVICE_DOWN && subject->restarts_recent > 0;
}

static void ask_ladder(const struct decide_view *view, struct decide_verdict *verdict) {
    if (view->rung != RUNG_NONE) {
        text_add(verdict->text, rung_name(view->rung));
        return;
    }
    verdict->kind = any_failed(view->subject) ? DECIDE_ASK : DECIDE_REFUSE;
    (void)decide_ladder(view->policy, view->subject, verdict->text);
}

static void ask_rung(const struct decide_view *view, struct decide_verdict *verdict) {
    const struct decide_case *subject = view->subject;
    if (subject->trigger == TRIGGER_OPERATOR || view->rung == RUNG_NONE) return;
    bool enabled = view->policy->enabled[subject->trigger][view->rung];
    text_add(verdict->text, rung_name(view->rung));
    text_add(verdict->text, enabled ? " is enabled for " : " is not enabled for ");
    text_add(verdict->text, trigger_name(subject->trigger));
    if (!enabled) verdict->kind = DECIDE_REFUSE;
}

/* Binds a person too: in dry run no call changes anything, ever (invariant 13). */
static void ask_dry_run(const struct decide_view *view, struct decide_verdict *verdict) {
    if (!view->policy->dry_run) return;
    verdict->kind = DECIDE_REFUSE;
    text_add(verdict->text, "would ");
    text_add(verdict->text, rung_name(view->rung));
}

const struct decide_rule decide_rules[] = {
    {"store_unusable", DECIDE_BINDS_ALWAYS, ask_store},
    {"recovery_disabled", DECIDE_BINDS_ALWAYS, ask_enabled},
    {"paused", DECIDE_BINDS_ALWAYS, ask_pause},
    {"not_opted_in", DECIDE_BINDS_ALWAYS, decide_ask_opt_in},
    {"stale_evidence", DECIDE_BINDS_ALWAYS, decide_ask_fresh},
    {"deliberate_stop", DECIDE_BINDS_ALWAYS, decide_ask_stopped},
    {"not_running", DECIDE_BINDS_ALWAYS, decide_ask_running},
    {"quarantined", DECIDE_BINDS_ALWAYS, ask_quarantine},
    {"flag_off", DECIDE_BINDS_ALWAYS, ask_flags},
    {"calls_fail", DECIDE_BINDS_START, ask_errors},
    {"no_rung_fits", DECIDE_BINDS_START, ask_ladder},
    {"clock_skew", DECIDE_BINDS_ALWAYS, decide_ask_skew},
    {"self_suspicion", DECIDE_BINDS_START, decide_ask_self},
    {"warm_up", DECIDE_BINDS_START, decide_ask_warm_up},
    {"breaker_open", DECIDE_BINDS_START, decide_ask_breaker},
    {"managed_by_service", DECIDE_BINDS_START, decide_ask_managed},
    {"spot", DECIDE_BINDS_START, decide_ask_spot},
    {"autoscaling_member", DECIDE_BINDS_START, decide_ask_group},
    {"instance_store_root", DECIDE_BINDS_START, decide_ask_root},
    {"dedicated_host", DECIDE_BINDS_START, decide_ask_tenancy},
    {"public_ip_changes", DECIDE_BINDS_START, decide_ask_public_ip},
    {"boot_id_unknown", DECIDE_BINDS_START, decide_ask_boot},
    {"scheduled_event", DECIDE_BINDS_START, decide_ask_event},
    {"too_young", DECIDE_BINDS_START, decide_ask_age},
    {"aws_recovers_first", DECIDE_BINDS_START, decide_ask_aws},
    {"confirming", DECIDE_BINDS_START, decide_ask_confirm},
    {"second_signal_missing", DECIDE_BINDS_START, decide_ask_signals},
    {"cool_down", DECIDE_BINDS_START, decide_ask_rest},
    {"daily_limit", DECIDE_BINDS_START, decide_ask_daily},
    {"budget_hour", DECIDE_BINDS_START, decide_ask_window},
    {"budget_concurrent", DECIDE_BINDS_START, decide_ask_concurrent},
    {"rung_disabled", DECIDE_BINDS_START, ask_rung},
    {"dry_run", DECIDE_BINDS_ALWAYS, ask_dry_run},
};
const size_t decide_rule_count = ARRAY_LENGTH(decide_rules);
_Static_assert(ARRAY_LENGTH(decide_rules) <= DECIDE_RULES_MAX, "every rule has a place");

static void run_rules(const struct decide_view *view, enum decide_binding least,
                      struct decide_decision *out) {
    out->kind = DECIDE_ACT;
    out->rule = "act";
    for (size_t i = 0; i < decide_rule_count; i++) {
        if (decide_rules[i].binding < least) continue;
        struct text text = text_over(out->text, sizeof out->text);
        struct decide_verdict verdict = {.kind = DECIDE_ACT, .text = &text};
        decide_rules[i].ask(view, &verdict);
        if (verdict.kind == DECIDE_ACT) continue;
        out->kind = verdict.kind;
        out->until = verdict.until;
        out->rule = decide_rules[i].name;
        return;
    }
    struct text text = text_over(out->text, sizeof out->text);
    (void)decide_count_signals(view->policy, view->subject, view->now, &text);
}

void decide(const struct decide_policy *policy, const struct decide_fleet *fleet,
            const struct decide_case *subject, struct now now, struct decide_decision *out) {
    *out = (struct decide_decision){0};
    struct text skipped = text_over(out->skipped, sizeof out->skipped);
    struct decide_view view = {.policy = policy, .fleet = fleet, .subject = subject, .now = now};
    view.rung = decide_ladder(policy, subject, &skipped);
    out->rung = view.rung;
    run_rules(&view, DECIDE_BINDS_START, out);
}

void decide_continue(const struct decide_policy *policy, const struct decide_fleet *fleet,
                     const struct decide_case *subject, enum rung rung, struct now now,
                     struct decide_decision *out) {
    *out = (struct decide_decision){.rung = rung};
    struct decide_view view = {
        .policy = policy, .fleet = fleet, .subject = subject, .rung = rung, .now = now};
    run_rules(&view, DECIDE_BINDS_ALWAYS, out);
}

void decide_all(const struct decide_policy *policy, const struct decide_fleet *fleet,
                const struct decide_case *subject, struct now now, struct decide_checks *out) {
    out->count = 0;
    char skipped[DECIDE_TEXT_SIZE];
    struct text passed = text_over(skipped, sizeof skipped);
    struct decide_view view = {.policy = policy, .fleet = fleet, .subject = subject, .now = now};
    view.rung = decide_ladder(policy, subject, &passed);
    out->rung = view.rung;
    for (size_t i = 0; i < decide_rule_count; i++) {
        struct decide_check *check = &out->checks[out->count];
        struct text text = text_over(check->text, sizeof check->text);
        struct decide_verdict verdict = {.kind = DECIDE_ACT, .text = &text};
        decide_rules[i].ask(&view, &verdict);
        /* A rule with nothing to say does not apply. */
        if (verdict.kind == DECIDE_ACT && text.length == 0) continue;
        check->rule = decide_rules[i].name;
        check->kind = verdict.kind;
        out->count++;
    }
}

const char *decide_kind_name(enum decide_kind kind) {
    switch (kind) {
    case DECIDE_ACT: return "act";
    case DECIDE_WAIT: return "wait";
    case DECIDE_REFUSE: return "refuse";
    case DECIDE_ASK: return "ask";
    }
    return "unknown";
}

/* Settings are decimal, scores floats: the float nearest to a threshold counts as at it (0.8f is
 * 0.80000001, 0.7f is 0.69999999). */
#define FLOAT_SLACK 1e-7

bool decide_confidence(const struct decide_policy *policy, struct decide_hysteresis *hysteresis,
                       float confidence) {
    double value = (double)confidence;
    if (!(value >= 0 && value <= 1)) value = 0;
    if (hysteresis->open) {
        if (value >= policy->medium - FLOAT_SLACK) return false;
        *hysteresis = (struct decide_hysteresis){0};
        return true;
    }
    if (value < policy->high - FLOAT_SLACK) {
        hysteresis->in_a_row = 0;
        return false;
    }
    hysteresis->in_a_row++;
    if (hysteresis->in_a_row < policy->evaluations) return false;
    hysteresis->open = true;
    return true;
}
