/* What an event means to a run in its present state: the input that the table is asked for. Pure.
 */
#include <string.h>

#include "aggregator/recover/plan.h"

static bool passed(struct boot_time at, struct now now) {
    return at.ms != 0 && now.boot.ms >= at.ms;
}

/* A lost call can land no more: its signature is dead and what it did would be visible (R3). */
static bool window_over(const struct recover_policy *policy, const struct recover_run *run,
                        struct now now) {
    return now.boot.ms >= run->called_at.ms + policy->signature_window.ms + policy->settle_time.ms;
}

enum call_kind recover_call_kind(const struct recover_run *run) {
    switch (run->rung) {
    case RUNG_RESTART_SERVICE: return CALL_RUN_DOCUMENT;
    case RUNG_REBOOT: return CALL_REBOOT;
    case RUNG_STOP_START: break;
    case RUNG_NONE:
    case RUNG_COUNT: ASSERT(!"a rung"); break;
    }
    switch (run->leg) {
    case RECOVER_LEG_FIRST: return CALL_STOP;
    case RECOVER_LEG_FORCE: return CALL_STOP_FORCE;
    case RECOVER_LEG_START: return CALL_START;
    case RECOVER_LEG_COUNT: break;
    }
    return CALL_STOP;
}

static bool new_boot(const struct recover_run *run, const struct recover_evidence *evidence) {
    return evidence->boot.text[0] != '\0' && !boot_id_equal(&evidence->boot, &run->boot_before);
}

static bool launched_anew(const struct recover_run *run, const struct recover_evidence *evidence) {
    return evidence->facts_after_call && evidence->state == INSTANCE_RUNNING &&
           evidence->launch_time.ms != run->launch_before.ms;
}

static bool wants(bool holds, const char *what, struct text *reason) {
    if (holds) return true;
    if (reason->length > 0) text_add(reason, ", ");
    text_add(reason, what);
    return false;
}

bool recover_proven(const struct recover_run *run, const struct recover_evidence *evidence,
                    struct text *reason) {
    bool proven = true;
    bool whole = rung_disrupts_instance(run->rung);
    if (run->rung == RUNG_STOP_START)
        proven &= wants(launched_anew(run, evidence), "no new launch time", reason);
    /* An agent that never spoke before cannot be asked for. */
    bool agent = run->rung != RUNG_STOP_START || run->boot_before.text[0] != '\0';
    if (whole && agent) proven &= wants(new_boot(run, evidence), "no new boot id", reason);
    if (agent) proven &= wants(evidence->agent_speaking, "agent is silent", reason);
    if (whole) proven &= wants(evidence->checks_ok, "EC2 checks are not ok", reason);
    proven &= wants(evidence->service_ok, "a health check does not pass", reason);
    return proven;
}

bool recover_well(const struct recover_run *run, const struct recover_evidence *evidence) {
    char unused[RECOVER_REASON_SIZE];
    struct text text = text_over(unused, sizeof unused);
    return recover_proven(run, evidence, &text);
}

/* What we stopped must be started: there the reading goes on for as long as it takes. */
static bool give_up_reading(const struct recover_policy *policy, const struct recover_run *run) {
    return run->read_tries >= policy->tries_max && !run->stop_acted;
}

/* One odd answer must not make us abandon what we stopped: there the engine's word counts, which
 * rests on two inventories or on the state `terminated`, and comes as RECOVER_EVENT_GONE. */
static bool believes_gone(const struct recover_run *run) { return !run->stop_acted; }

static enum recover_input read_result(const struct recover_policy *policy,
                                      const struct recover_run *run,
                                      const struct call_result *result,
                                      const struct recover_evidence *evidence) {
    if (result->status == STATUS_OK) {
        bool stop_start = run->rung == RUNG_STOP_START;
        if (stop_start && run->leg == RECOVER_LEG_FORCE && evidence->state == INSTANCE_STOPPED)
            return RECOVER_IN_STOPPED;
        bool up = evidence->state == INSTANCE_RUNNING || evidence->state == INSTANCE_PENDING;
        if (stop_start && run->leg == RECOVER_LEG_START && up) return RECOVER_IN_ACCEPTED;
        return RECOVER_IN_READ;
    }
    if (result->status == STATUS_NOT_FOUND)
        return believes_gone(run) ? RECOVER_IN_GONE : RECOVER_IN_READ_FAILED;
    if (status_class(result->status) != STATUS_CLASS_RETRY) return RECOVER_IN_ERROR;
    return give_up_reading(policy, run) ? RECOVER_IN_ERROR : RECOVER_IN_READ_FAILED;
}

/* Whether a call that ended so may nevertheless have taken effect. A 5xx may come after the effect.
 */
static bool may_have_landed(enum status status) {
    return status == STATUS_UNKNOWN_OUTCOME || status == STATUS_TIMEOUT ||
           status == STATUS_CLOSED || status == STATUS_UNAVAILABLE || status == STATUS_CANCELLED;
}

static enum recover_input call_answer(const struct recover_policy *policy,
                                      const struct recover_run *run,
                                      const struct call_result *result) {
    if (result->status == STATUS_OK) return RECOVER_IN_ACCEPTED;
    if (may_have_landed(result->status)) return RECOVER_IN_LOST;
    bool ec2 = result->kind != CALL_RUN_DOCUMENT;
    if (result->status == STATUS_NOT_FOUND && ec2) {
        if (believes_gone(run)) return RECOVER_IN_GONE;
        return run->tries < policy->tries_max ? RECOVER_IN_RETRY : RECOVER_IN_ERROR;
    }
    if (result->status == STATUS_REFUSED || result->status == STATUS_NO_CAPACITY ||
        result->status == STATUS_NOT_FOUND)
        return RECOVER_IN_REJECTED;
    if (status_class(result->status) != STATUS_CLASS_RETRY) return RECOVER_IN_ERROR;
    return run->tries < policy->tries_max ? RECOVER_IN_RETRY : RECOVER_IN_ERROR;
}

static enum recover_input look_result(const struct recover_policy *policy,
                                      const struct recover_run *run,
                                      const struct call_result *result, struct now now) {
    if (result->status == STATUS_OK) {
        if (result->found) return RECOVER_IN_FOUND;
        return window_over(policy, run, now) ? RECOVER_IN_NEVER : RECOVER_IN_ABSENT;
    }
    return status_class(result->status) == STATUS_CLASS_RETRY ? RECOVER_IN_READ_FAILED
                                                              : RECOVER_IN_ERROR;
}

static enum recover_input run_result(const struct call_result *result) {
    /* Right after SendCommand the invocation may not be there yet (aws-facts 3.7). */
    if (result->status == STATUS_NOT_FOUND) return RECOVER_IN_RUN_OPEN;
    if (result->status != STATUS_OK) return RECOVER_IN_READ_FAILED;
    switch (result->run) {
    case RUN_UNKNOWN:
    case RUN_PENDING:
    case RUN_IN_PROGRESS: return RECOVER_IN_RUN_OPEN;
    case RUN_SUCCESS: return RECOVER_IN_RUN_DONE;
    case RUN_FAILED:
    case RUN_TIMED_OUT:
    case RUN_UNDELIVERABLE: return RECOVER_IN_RUN_FAILED;
    }
    return RECOVER_IN_RUN_OPEN;
}

static enum recover_input stopping(const struct recover_policy *policy,
                                   const struct recover_run *run,
                                   const struct recover_evidence *evidence, struct now now) {
    if (!evidence->facts_after_call) return RECOVER_IN_NONE;
    if (evidence->state == INSTANCE_STOPPED) return RECOVER_IN_STOPPED;
    if (run->dark && evidence->state == INSTANCE_RUNNING && window_over(policy, run, now))
        return RECOVER_IN_NEVER;
    return RECOVER_IN_NONE;
}

static enum recover_input proving(const struct recover_policy *policy,
                                  const struct recover_run *run,
                                  const struct recover_evidence *evidence, struct now now) {
    if (recover_well(run, evidence)) return RECOVER_IN_PROVEN;
    bool start = run->rung == RUNG_STOP_START && run->leg == RECOVER_LEG_START;
    if (!start || !evidence->facts_after_call || evidence->state != INSTANCE_STOPPED)
        return RECOVER_IN_NONE;
    /* The start never landed, or EC2 gave it up again. */
    bool settled = now.boot.ms >= run->called_at.ms + policy->settle_time.ms;
    bool over = run->dark ? window_over(policy, run, now) : settled;
    return over ? RECOVER_IN_STOPPED : RECOVER_IN_NONE;
}

/* What the evidence alone says. */
static enum recover_input evident(const struct recover_policy *policy,
                                  const struct recover_run *run,
                                  const struct recover_event *event) {
    switch (run->state) {
    case RECOVER_STOPPING: return stopping(policy, run, &event->evidence, event->now);
    case RECOVER_PROVING: return proving(policy, run, &event->evidence, event->now);
    case RECOVER_WATCHING:
        if (!recover_well(run, &event->evidence)) return RECOVER_IN_ILL;
        return event->now.boot.ms - run->healthy_since.ms >= policy->healthy_time.ms
                   ? RECOVER_IN_WELL
                   : RECOVER_IN_NONE;
    case RECOVER_IDLE:
    case RECOVER_READING:
    case RECOVER_ASKING:
    case RECOVER_STORING:
    case RECOVER_CALLING:
    case RECOVER_PAUSING:
    case RECOVER_LOOKING:
    case RECOVER_DARK:
    case RECOVER_RUNNING:
    case RECOVER_ENDED:
    case RECOVER_STATE_COUNT: return RECOVER_IN_NONE;
    }
    return RECOVER_IN_NONE;
}

/* The answer never came: of a read that is a failure, of a call it is unknown. */
static enum recover_input unanswered(const struct recover_policy *policy,
                                     const struct recover_run *run) {
    if (run->state == RECOVER_CALLING) return RECOVER_IN_LOST;
    if (run->state == RECOVER_READING && give_up_reading(policy, run)) return RECOVER_IN_ERROR;
    return RECOVER_IN_READ_FAILED;
}

static enum recover_input tick(const struct recover_policy *policy, const struct recover_run *run,
                               const struct recover_event *event) {
    if (run->serial != 0 && passed(run->answer_by, event->now)) return unanswered(policy, run);
    enum recover_input input = evident(policy, run, event);
    if (input != RECOVER_IN_NONE) return input;
    /* What is proven has no deadline: it stays well or falls back. */
    if (run->state != RECOVER_WATCHING && passed(run->deadline, event->now))
        return RECOVER_IN_TIMEOUT;
    if (run->serial == 0 && passed(run->next_at, event->now)) return RECOVER_IN_PAUSE_OVER;
    return RECOVER_IN_NONE;
}

static enum recover_input result_input(const struct recover_policy *policy,
                                       const struct recover_run *run,
                                       const struct recover_event *event) {
    const struct call_result *result = event->result;
    switch (run->state) {
    case RECOVER_READING: return read_result(policy, run, result, &event->evidence);
    case RECOVER_CALLING: return call_answer(policy, run, result);
    case RECOVER_LOOKING: return look_result(policy, run, result, event->now);
    case RECOVER_RUNNING: return run_result(result);
    case RECOVER_STOPPING:
    case RECOVER_PROVING:
    case RECOVER_WATCHING:
        if (result->status == STATUS_NOT_FOUND && believes_gone(run)) return RECOVER_IN_GONE;
        return evident(policy, run, event);
    case RECOVER_IDLE:
    case RECOVER_ASKING:
    case RECOVER_STORING:
    case RECOVER_PAUSING:
    case RECOVER_DARK:
    case RECOVER_ENDED:
    case RECOVER_STATE_COUNT: return RECOVER_IN_NONE;
    }
    return RECOVER_IN_NONE;
}

enum recover_input recover_classify(const struct recover_policy *policy,
                                    const struct recover_run *run,
                                    const struct recover_event *event) {
    switch (event->kind) {
    case RECOVER_EVENT_BEGIN: return RECOVER_IN_BEGIN;
    case RECOVER_EVENT_ALLOWED: return RECOVER_IN_ALLOWED;
    case RECOVER_EVENT_REFUSED: return RECOVER_IN_REFUSED;
    case RECOVER_EVENT_DURABLE: return RECOVER_IN_DURABLE;
    case RECOVER_EVENT_NOT_DURABLE: return RECOVER_IN_NOT_DURABLE;
    case RECOVER_EVENT_RESULT: return result_input(policy, run, event);
    case RECOVER_EVENT_TICK: return tick(policy, run, event);
    case RECOVER_EVENT_RESTORED: return RECOVER_IN_RESTORED;
    case RECOVER_EVENT_GONE: return RECOVER_IN_GONE;
    case RECOVER_EVENT_KIND_COUNT: return RECOVER_IN_NONE;
    }
    return RECOVER_IN_NONE;
}
