/* Rules about the one instance: consent, its state, the traps of RECOVERY 4.3, evidence. Pure. */
#include <string.h>

#include "aggregator/decide/rules.h"

void decide_add_duration(struct text *text, struct duration span) {
    char buffer[CLOCK_RFC3339_SIZE];
    text_add(text, duration_format(span, buffer));
}

static bool disrupts(const struct decide_view *view) { return rung_disrupts_instance(view->rung); }

static bool stops(const struct decide_view *view) { return view->rung == RUNG_STOP_START; }

void decide_ask_opt_in(const struct decide_view *view, struct decide_verdict *verdict) {
    const struct instance_facts *facts = view->subject->facts;
    if (facts == NULL) {
        verdict->kind = view->subject->will_read ? DECIDE_ACT : DECIDE_REFUSE;
        text_add(verdict->text, "EC2 has not told us of this instance");
        return;
    }
    text_add(verdict->text, facts->opted_in ? "tag AutoRecovery=enabled"
                                            : "tag AutoRecovery=enabled is not there");
    if (!facts->opted_in) verdict->kind = DECIDE_REFUSE;
}

void decide_ask_fresh(const struct decide_view *view, struct decide_verdict *verdict) {
    const struct decide_case *subject = view->subject;
    text_add(verdict->text, "facts read ");
    decide_add_duration(verdict->text, subject->facts_age);
    text_add(verdict->text, " ago, at most ");
    decide_add_duration(verdict->text, view->policy->inventory_max_age);
    bool stale = subject->facts == NULL || subject->facts_age.ms < 0 ||
                 subject->facts_age.ms > view->policy->inventory_max_age.ms;
    if (stale && !subject->will_read) verdict->kind = DECIDE_REFUSE;
}

/* Client.*: a person or the guest stopped it (RECOVERY 4.3). */
static bool stopped_by_client(const struct instance_facts *facts) {
    bool down = facts->state == INSTANCE_STOPPED || facts->state == INSTANCE_STOPPING;
    return down && strncmp(facts->state_reason, "Client.", 7) == 0;
}

void decide_ask_stopped(const struct decide_view *view, struct decide_verdict *verdict) {
    const struct instance_facts *facts = view->subject->facts;
    if (facts == NULL || view->subject->own_stop || !stopped_by_client(facts)) return;
    verdict->kind = DECIDE_REFUSE;
    text_add(verdict->text, "stopped from inside or by a person: ");
    text_add(verdict->text, facts->state_reason);
}

void decide_ask_running(const struct decide_view *view, struct decide_verdict *verdict) {
    const struct instance_facts *facts = view->subject->facts;
    if (facts == NULL || view->subject->own_stop) return;
    text_add(verdict->text, "state ");
    text_add(verdict->text, instance_state_name(facts->state));
    if (facts->state != INSTANCE_RUNNING) verdict->kind = DECIDE_REFUSE;
}

void decide_ask_managed(const struct decide_view *view, struct decide_verdict *verdict) {
    const struct instance_facts *facts = view->subject->facts;
    if (facts == NULL || !facts->managed_by_service) return;
    verdict->kind = DECIDE_REFUSE;
    text_add(verdict->text, "an AWS service manages this instance");
}

void decide_ask_spot(const struct decide_view *view, struct decide_verdict *verdict) {
    const struct instance_facts *facts = view->subject->facts;
    if (facts == NULL || !facts->spot || !disrupts(view)) return;
    verdict->kind = DECIDE_REFUSE;
    text_add(verdict->text, "a Spot instance is never rebooted or stopped");
}

void decide_ask_group(const struct decide_view *view, struct decide_verdict *verdict) {
    const struct instance_facts *facts = view->subject->facts;
    if (facts == NULL || facts->autoscaling_group[0] == '\0' || !stops(view)) return;
    verdict->kind = DECIDE_REFUSE;
    text_add(verdict->text, "member of ");
    text_add(verdict->text, facts->autoscaling_group);
    text_add(verdict->text, ": a stop would make the group replace and terminate it");
}

void decide_ask_root(const struct decide_view *view, struct decide_verdict *verdict) {
    const struct instance_facts *facts = view->subject->facts;
    if (facts == NULL || !stops(view)) return;
    text_add(verdict->text, facts->instance_store_root ? "an instance-store root cannot be stopped"
                                                       : "root volume is EBS");
    if (facts->instance_store_root) verdict->kind = DECIDE_REFUSE;
}

void decide_ask_tenancy(const struct decide_view *view, struct decide_verdict *verdict) {
    const struct instance_facts *facts = view->subject->facts;
    if (facts == NULL || !stops(view) || strcmp(facts->tenancy, "host") != 0) return;
    verdict->kind = DECIDE_REFUSE;
    text_add(verdict->text, "on a Dedicated Host: a start may not find its place again");
}

void decide_ask_public_ip(const struct decide_view *view, struct decide_verdict *verdict) {
    const struct instance_facts *facts = view->subject->facts;
    if (facts == NULL || !stops(view) || facts->public_ip[0] == '\0') return;
    text_add(verdict->text, "public IPv4 ");
    text_add(verdict->text, facts->public_ip);
    text_add(verdict->text, " changes unless it is an Elastic IP");
    if (!view->policy->public_ip_may_change) verdict->kind = DECIDE_REFUSE;
}

bool decide_event_retires(const struct scheduled_event *event) {
    return strcmp(event->code, "instance-retirement") == 0 ||
           strcmp(event->code, "instance-stop") == 0;
}

/* A retirement is a reason to act; other events stand an EC2-level rung down, and a service restart
 * only while they last (R16, DESIGN 5.16). */
void decide_ask_event(const struct decide_view *view, struct decide_verdict *verdict) {
    const struct instance_checks *checks = view->subject->checks;
    if (checks == NULL) return;
    for (size_t i = 0; i < checks->event_count && i < INSTANCE_EVENTS_MAX; i++) {
        const struct scheduled_event *event = &checks->events[i];
        if (stops(view) && decide_event_retires(event)) continue;
        bool under_way = event->not_before.ms <= view->now.wall.ms &&
                         (event->not_after.ms == 0 || view->now.wall.ms <= event->not_after.ms);
        if (!disrupts(view) && !under_way) continue;
        char when[CLOCK_RFC3339_SIZE];
        verdict->kind = DECIDE_REFUSE;
        text_add(verdict->text, event->code);
        text_add(verdict->text, " at ");
        text_add(verdict->text, wall_format(event->not_before, when));
        return;
    }
}

void decide_ask_age(const struct decide_view *view, struct decide_verdict *verdict) {
    const struct instance_facts *facts = view->subject->facts;
    if (facts == NULL || facts->launch_time.ms == 0 || !disrupts(view)) return;
    if (view->subject->trigger == TRIGGER_OPERATOR) return;
    struct duration age = wall_since(view->now.wall, facts->launch_time);
    struct duration wanted = view->policy->minimum_instance_age;
    text_add(verdict->text, "launched ");
    decide_add_duration(verdict->text, age);
    text_add(verdict->text, " ago, at least ");
    decide_add_duration(verdict->text, wanted);
    if (age.ms >= wanted.ms) return;
    verdict->kind = DECIDE_WAIT;
    /* A launch time ahead of our clock must not become a wait without end. */
    int64_t left = wanted.ms - age.ms > wanted.ms ? wanted.ms : wanted.ms - age.ms;
    verdict->until = boot_add(view->now.boot, duration_ms(left));
}

/* A reboot is proven by a new boot id alone (R2): without an old one it cannot be. */
void decide_ask_boot(const struct decide_view *view, struct decide_verdict *verdict) {
    if (view->rung != RUNG_REBOOT || view->subject->boot_known) return;
    verdict->kind = DECIDE_REFUSE;
    text_add(verdict->text, "no boot id is known, so a reboot could not be proven");
}

void decide_ask_confirm(const struct decide_view *view, struct decide_verdict *verdict) {
    const struct decide_case *subject = view->subject;
    if (!disrupts(view) || subject->trigger == TRIGGER_OPERATOR) return;
    struct duration wanted = view->policy->confirm_time;
    text_add(verdict->text, "trouble lasts ");
    decide_add_duration(verdict->text, subject->symptom_for);
    text_add(verdict->text, ", confirmed after ");
    decide_add_duration(verdict->text, wanted);
    if (subject->symptom_for.ms >= wanted.ms) return;
    verdict->kind = DECIDE_WAIT;
    verdict->until = boot_add(view->now.boot, duration_ms(wanted.ms - subject->symptom_for.ms));
}

void decide_ask_aws(const struct decide_view *view, struct decide_verdict *verdict) {
    const struct decide_case *subject = view->subject;
    if (!disrupts(view) || subject->fault != FAULT_SYSTEM_CHECK || subject->impaired_for.ms < 0)
        return;
    struct duration hold = view->policy->aws_hold_time;
    text_add(verdict->text, "system check failed ");
    decide_add_duration(verdict->text, subject->impaired_for);
    text_add(verdict->text, " ago; AWS's own recovery has ");
    decide_add_duration(verdict->text, hold);
    if (subject->impaired_for.ms >= hold.ms) return;
    verdict->kind = DECIDE_WAIT;
    verdict->until = boot_add(view->now.boot, duration_ms(hold.ms - subject->impaired_for.ms));
}

static void count(struct decide_signals *signals, bool outside, struct text *names,
                  const char *name) {
    if (signals->count > 0) text_add(names, ", ");
    text_add(names, name);
    signals->count++;
    if (outside) signals->outside++;
}

static bool checks_fresh(const struct decide_policy *policy, const struct decide_case *subject) {
    return subject->checks != NULL && subject->checks_age.ms >= 0 &&
           subject->checks_age.ms <= policy->status_max_age.ms;
}

static bool retirement_due(const struct decide_case *subject) {
    for (size_t i = 0; i < subject->checks->event_count && i < INSTANCE_EVENTS_MAX; i++)
        if (decide_event_retires(&subject->checks->events[i])) return true;
    return false;
}

struct decide_signals decide_count_signals(const struct decide_policy *policy,
                                           const struct decide_case *subject, struct now now,
                                           struct text *names) {
    (void)now;
    struct decide_signals signals = {0};
    /* The agent's voice and its silence are one path: ours. */
    if (subject->agent_silent)
        count(&signals, false, names, "agent silent");
    else if (subject->agent_speaking && subject->service_failing)
        count(&signals, false, names, "agent's check fails");
    if (subject->predicted && subject->prediction_age.ms >= 0 &&
        subject->prediction_age.ms <= policy->prediction_max_age.ms)
        count(&signals, false, names, "prediction");
    if (subject->trigger == TRIGGER_OPERATOR) count(&signals, true, names, "a person");
    if (!checks_fresh(policy, subject)) return signals;
    const struct instance_checks *checks = subject->checks;
    /* A failed system check also fails the instance check: one signal. */
    if (checks->system == CHECK_STATUS_IMPAIRED)
        count(&signals, true, names, "EC2 system check impaired");
    else if (checks->instance == CHECK_STATUS_IMPAIRED)
        count(&signals, true, names, "EC2 instance check impaired");
    if (checks->attached_ebs == CHECK_STATUS_IMPAIRED)
        count(&signals, true, names, "attached EBS impaired");
    if (checks->application == CHECK_STATUS_IMPAIRED)
        count(&signals, true, names, "application check impaired");
    if (subject->predicted && retirement_due(subject))
        count(&signals, true, names, "retirement scheduled");
    return signals;
}

/* Two, one from outside our own path; a person's word with a fresh read is both (DESIGN 5.11). */
void decide_ask_signals(const struct decide_view *view, struct decide_verdict *verdict) {
    if (!disrupts(view)) return;
    char names[DECIDE_TEXT_SIZE];
    struct text list = text_over(names, sizeof names);
    const struct decide_case *subject = view->subject;
    struct decide_signals signals = decide_count_signals(view->policy, subject, view->now, &list);
    text_add_unsigned(verdict->text, signals.count);
    text_add(verdict->text, " of 2 signals, ");
    text_add_unsigned(verdict->text, signals.outside);
    text_add(verdict->text, " from outside our own path");
    if (signals.count > 0) {
        text_add(verdict->text, ": ");
        text_add(verdict->text, names);
    }
    bool person = subject->trigger == TRIGGER_OPERATOR;
    if (signals.outside >= 1 && (signals.count >= 2 || person)) return;
    verdict->kind = DECIDE_REFUSE;
    if (subject->checks == NULL || !checks_fresh(view->policy, subject))
        text_add(verdict->text, "; no fresh EC2 status check");
}
