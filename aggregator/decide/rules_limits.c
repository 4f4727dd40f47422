/* Rules about the fleet and ourselves: breaker, self-suspicion, warm-up, clock, rest, budgets.
 * Pure.
 */
#include "aggregator/decide/rules.h"

static bool disrupts(const struct decide_view *view) { return rung_disrupts_instance(view->rung); }

static void add_of(struct text *text, uint32_t part, const char *between, uint32_t whole) {
    text_add_unsigned(text, part);
    text_add(text, between);
    text_add_unsigned(text, whole);
}

static void add_scope(struct text *text, const struct breaker_verdict *scope) {
    text_add(text, scope->zone[0] == '\0' ? "fleet" : scope->zone);
    text_add(text, ": ");
    add_of(text, scope->newly_unhealthy, " newly unhealthy of ", scope->members);
    text_add(text, ", limit ");
    text_add_unsigned(text, scope->limit);
    text_add(text, ", ");
    text_add(text, breaker_state_name(scope->state));
}

void decide_ask_breaker(const struct decide_view *view, struct decide_verdict *verdict) {
    for (size_t i = 0; i < view->fleet->scope_count && i < DECIDE_SCOPES_MAX; i++) {
        const struct breaker_verdict *scope = &view->fleet->scopes[i];
        if (i > 0) text_add(verdict->text, "; ");
        add_scope(verdict->text, scope);
        if (scope->state == BREAKER_CLOSED) continue;
        if (scope->state == BREAKER_HALF_OPEN && !scope->probing) continue;
        verdict->kind = DECIDE_REFUSE;
        return;
    }
}

static bool aws_away(const struct decide_view *view) {
    struct duration heard = view->fleet->aws_heard;
    return heard.ms < 0 || heard.ms > view->policy->inventory_max_age.ms;
}

/* Before silence is believed: AWS answers us, and the agents that spoke lately speak (R12). One
 * agent alone never makes us doubt ourselves, or a fleet of three could never be served. */
void decide_ask_self(const struct decide_view *view, struct decide_verdict *verdict) {
    const struct decide_fleet *fleet = view->fleet;
    if (aws_away(view)) {
        verdict->kind = DECIDE_REFUSE;
        text_add(verdict->text, "AWS ");
        if (fleet->aws_heard.ms < 0) {
            text_add(verdict->text, "has not answered yet");
            return;
        }
        text_add(verdict->text, "last answered ");
        decide_add_duration(verdict->text, fleet->aws_heard);
        text_add(verdict->text, " ago");
        return;
    }
    uint32_t speaking = fleet->heard > fleet->unexplained ? fleet->heard - fleet->unexplained : 0;
    add_of(verdict->text, speaking, " of ", fleet->heard);
    text_add(verdict->text, " agents heard lately speak or are explained, more than ");
    text_add_fixed(verdict->text, view->policy->self_suspicion_percent, 0);
    text_add(verdict->text, " % wanted");
    if (!disrupts(view) || fleet->unexplained < 2) return;
    double wanted = view->policy->self_suspicion_percent / 100.0 * (double)fleet->heard;
    if (!((double)speaking > wanted)) verdict->kind = DECIDE_REFUSE;
}

/* R13: binds what could rest on silence; an agent that speaks and says that its service is down
 * needs no warm-up. */
void decide_ask_warm_up(const struct decide_view *view, struct decide_verdict *verdict) {
    if (!disrupts(view)) return;
    const struct decide_fleet *fleet = view->fleet;
    struct duration wanted = view->policy->warmup;
    text_add(verdict->text, "up for ");
    decide_add_duration(verdict->text, fleet->up_for);
    text_add(verdict->text, " of ");
    decide_add_duration(verdict->text, wanted);
    text_add(verdict->text, ", ");
    add_of(verdict->text, fleet->agents_explained, " of ", fleet->agents_known);
    text_add(verdict->text, " agents heard or explained, ");
    text_add_fixed(verdict->text, view->policy->warmup_agents_percent, 0);
    text_add(verdict->text, " % wanted");
    if (fleet->up_for.ms < wanted.ms) {
        verdict->kind = DECIDE_WAIT;
        verdict->until = boot_add(view->now.boot, duration_ms(wanted.ms - fleet->up_for.ms));
        return;
    }
    double share = view->policy->warmup_agents_percent / 100.0 * (double)fleet->agents_known;
    if ((double)fleet->agents_explained < share) verdict->kind = DECIDE_REFUSE;
}

void decide_ask_skew(const struct decide_view *view, struct decide_verdict *verdict) {
    if (!view->fleet->skew_known) return;
    int64_t skew = view->fleet->skew.ms;
    text_add(verdict->text, "our clock is ");
    text_add_integer(verdict->text, skew);
    text_add(verdict->text, " ms off AWS's, at most ");
    decide_add_duration(verdict->text, view->policy->clock_skew_max);
    if (skew > view->policy->clock_skew_max.ms || skew < -view->policy->clock_skew_max.ms)
        verdict->kind = DECIDE_REFUSE;
}

/* R14. Service restarts have their own count (DESIGN 5.9), so a check that fails again right after
 * a restart may be answered by the next restart; a prediction may not. */
void decide_ask_rest(const struct decide_view *view, struct decide_verdict *verdict) {
    const struct decide_case *subject = view->subject;
    if (subject->since_success.ms < 0) return;
    bool binds =
        disrupts(view) || subject->success_disruptive || subject->trigger == TRIGGER_PREDICTION;
    if (!binds) return;
    struct duration rest = view->policy->rest_after_success;
    text_add(verdict->text, "last success ");
    decide_add_duration(verdict->text, subject->since_success);
    text_add(verdict->text, " ago, rest ");
    decide_add_duration(verdict->text, rest);
    if (subject->since_success.ms >= rest.ms) return;
    verdict->kind = DECIDE_WAIT;
    verdict->until = boot_add(view->now.boot, duration_ms(rest.ms - subject->since_success.ms));
}

void decide_ask_daily(const struct decide_view *view, struct decide_verdict *verdict) {
    if (!disrupts(view)) return;
    uint32_t most = view->policy->max_disruptive_per_day;
    add_of(verdict->text, view->subject->disruptive_recent, " of ", most);
    text_add(verdict->text, " recoveries of this instance in ");
    decide_add_duration(verdict->text, view->policy->flap_window);
    if (view->subject->disruptive_recent >= most) verdict->kind = DECIDE_ASK;
}

void decide_ask_window(const struct decide_view *view, struct decide_verdict *verdict) {
    if (!disrupts(view)) return;
    uint32_t limit = decide_limit_window(view->policy, view->fleet->members);
    add_of(verdict->text, view->fleet->disruptive_window, " of ", limit);
    text_add(verdict->text, " disruptive actions in ");
    decide_add_duration(verdict->text, view->policy->budget_window);
    text_add(verdict->text, " for ");
    text_add_unsigned(verdict->text, view->fleet->members);
    text_add(verdict->text, " instances");
    if (view->fleet->disruptive_window >= limit) verdict->kind = DECIDE_REFUSE;
}

void decide_ask_concurrent(const struct decide_view *view, struct decide_verdict *verdict) {
    const struct decide_fleet *fleet = view->fleet;
    bool whole = disrupts(view);
    uint32_t open = whole ? fleet->disruptive_open : fleet->restarts_open;
    uint32_t limit = whole ? decide_limit_concurrent(view->policy, fleet->members)
                           : view->policy->max_restarts_concurrent;
    add_of(verdict->text, open, " of ", limit);
    text_add(verdict->text, whole ? " disruptive actions open" : " service restarts open");
    if (open >= limit) verdict->kind = DECIDE_REFUSE;
}
