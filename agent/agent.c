/* The agent's step; pure, the state is the caller's. */
#include "agent/agent.h"

static struct duration bounded_interval(int64_t ms) {
    if (ms < AGENT_INTERVAL_MS_MIN) ms = AGENT_INTERVAL_MS_MIN;
    if (ms > AGENT_INTERVAL_MS_MAX) ms = AGENT_INTERVAL_MS_MAX;
    return duration_ms(ms);
}

static void apply(struct agent *agent, const struct agent_settings *settings) {
    agent->interval_configured = bounded_interval(settings->interval.ms);
    agent->interval = agent->interval_configured;
    agent->stop_timeout = settings->stop_timeout;
    agent->reporting = settings->reporting;
}

void agent_init(struct agent *agent, const struct agent_settings *settings, const struct ring *ring,
                struct now now) {
    *agent = (struct agent){.ring = *ring, .next_sample = now.boot};
    agent->sequence = now.boot.ms > 0 ? (uint64_t)now.boot.ms : 0;
    apply(agent, settings);
}

static struct agent_effect *add(struct agent_effects *out, enum agent_effect_kind kind) {
    ASSERT(out->count < AGENT_EFFECTS_MAX);
    struct agent_effect *effect = &out->effects[out->count++];
    *effect = (struct agent_effect){.kind = kind};
    return effect;
}

static void leave(struct agent *agent, struct agent_effects *out) {
    if (agent->gone) return;
    agent->gone = true;
    (void)add(out, AGENT_EFFECT_EXIT);
}

static void send_notice(struct agent *agent, struct agent_effects *out) {
    struct agent_effect *effect = add(out, AGENT_EFFECT_SEND_NOTICE);
    effect->sequence = ++agent->sequence;
    effect->notice = agent->notice;
    agent->outstanding = AGENT_REQUEST_NOTICE;
    agent->outstanding_sequence = effect->sequence;
    agent->notice_sent = true;
}

static void send_dictionary(struct agent *agent, struct agent_effects *out) {
    add(out, AGENT_EFFECT_SEND_DICTIONARY)->sequence = agent->sequence;
    agent->outstanding = AGENT_REQUEST_DICTIONARY;
    agent->dictionary_known = agent->dictionary_now;
}

static void send_report(struct agent *agent, struct agent_effects *out) {
    const uint8_t *bytes;
    const struct ring_slot *slot = ring_front(&agent->ring, &bytes);
    if (slot == NULL) return;
    struct agent_effect *effect = add(out, AGENT_EFFECT_SEND_REPORT);
    effect->sequence = slot->sequence;
    effect->bytes = bytes;
    effect->length = slot->length;
    agent->outstanding = AGENT_REQUEST_REPORT;
    agent->outstanding_sequence = slot->sequence;
}

/* What goes out next, one at a time: who stops says so first; a dictionary goes before the reports
 * that refer to it. */
static void send_next(struct agent *agent, struct boot_time now, struct agent_effects *out) {
    if (!agent->connected || agent->outstanding != AGENT_REQUEST_NONE || agent->gone) return;
    if (now.ms < agent->retry_at.ms) return;
    agent->retry_at = (struct boot_time){0};
    if (agent->stopping) {
        if (!agent->notice_sent)
            send_notice(agent, out);
        else
            leave(agent, out);
        return;
    }
    if (agent->dictionary_now != 0 && agent->dictionary_known != agent->dictionary_now)
        send_dictionary(agent, out);
    else
        send_report(agent, out);
}

/* Missed samples are not made up for. The first pause is random within the interval, so that
 * machines that boot together do not report together for ever. */
static void take_sample(struct agent *agent, const struct agent_input *in,
                        struct agent_effects *out) {
    bool is_first = agent->last_sample.ms == 0;
    int64_t pause = agent->interval.ms;
    if (is_first && pause > AGENT_INTERVAL_MS_MIN) {
        uint64_t range = (uint64_t)(pause - AGENT_INTERVAL_MS_MIN) + 1;
        pause = AGENT_INTERVAL_MS_MIN + (int64_t)(in->random % range);
    }
    agent->last_sample = in->now.boot;
    agent->next_sample = boot_add(agent->next_sample, duration_ms(pause));
    if (agent->next_sample.ms <= in->now.boot.ms)
        agent->next_sample = boot_add(in->now.boot, duration_ms(pause));
    add(out, AGENT_EFFECT_SAMPLE)->sequence = agent->sequence + 1;
}

static void on_timer(struct agent *agent, const struct agent_input *in, struct agent_effects *out) {
    if (agent->stopping) {
        if (in->now.boot.ms >= agent->stop_at.ms) leave(agent, out);
        return;
    }
    if (in->now.boot.ms >= agent->next_sample.ms) take_sample(agent, in, out);
}

static void on_sampled(struct agent *agent, const struct agent_input *in) {
    agent->dictionary_now = in->dictionary_generation;
    if (in->length == 0) return;
    agent->sequence++;
    if (!agent->reporting) return;
    ring_push(&agent->ring, agent->sequence, in->bytes, in->length);
}

/* At most one report a second, however often checks change. */
static void on_check_changed(struct agent *agent, struct now now) {
    struct boot_time soonest = boot_add(agent->last_sample, duration_ms(AGENT_INTERVAL_MS_MIN));
    if (soonest.ms < now.boot.ms) soonest = now.boot;
    if (soonest.ms < agent->next_sample.ms) agent->next_sample = soonest;
}

static void on_lost(struct agent *agent) {
    agent->connected = false;
    agent->outstanding = AGENT_REQUEST_NONE;
    agent->dictionary_known = 0;
}

/* The front of the ring is what was sent, unless newer reports have pushed it out meanwhile. */
static void drop_acked(struct agent *agent) {
    const uint8_t *bytes;
    const struct ring_slot *slot = ring_front(&agent->ring, &bytes);
    if (slot != NULL && slot->sequence == agent->outstanding_sequence) ring_pop(&agent->ring);
}

static void on_ack(struct agent *agent, const struct agent_input *in, struct agent_effects *out) {
    const struct ack *ack = &in->ack;
    enum agent_request answered = agent->outstanding;
    if (answered == AGENT_REQUEST_NONE) return; /* late: that request was given up */
    agent->outstanding = AGENT_REQUEST_NONE;
    if (answered == AGENT_REQUEST_REPORT) {
        if (ack->sequence == agent->outstanding_sequence) {
            drop_acked(agent);
            agent->acked = ack->sequence;
            agent->acked_at = in->now.wall;
        } else {
            agent->retry_at = boot_add(in->now.boot, duration_ms(AGENT_RETRY_MS));
        }
    }
    agent->interval =
        ack->interval_ms == 0 ? agent->interval_configured : bounded_interval(ack->interval_ms);
    struct boot_time latest = boot_add(in->now.boot, agent->interval);
    if (latest.ms < agent->next_sample.ms) agent->next_sample = latest;
    if ((ack->directives & ACK_DIRECTIVE_SEND_DICTIONARY) != 0 &&
        answered != AGENT_REQUEST_DICTIONARY)
        agent->dictionary_known = 0;
    if ((ack->directives & ACK_DIRECTIVE_GRACE) != 0) (void)add(out, AGENT_EFFECT_GRACE);
}

/* Nothing left this machine: try again a little later. */
static void on_failed(struct agent *agent, struct now now) {
    if (agent->outstanding == AGENT_REQUEST_DICTIONARY) agent->dictionary_known = 0;
    if (agent->outstanding == AGENT_REQUEST_NOTICE) agent->notice_sent = false;
    agent->outstanding = AGENT_REQUEST_NONE;
    agent->retry_at = boot_add(now.boot, duration_ms(AGENT_RETRY_MS));
}

static void on_reload(struct agent *agent, const struct agent_input *in) {
    apply(agent, &in->settings);
    struct boot_time latest = boot_add(in->now.boot, agent->interval);
    if (latest.ms < agent->next_sample.ms) agent->next_sample = latest;
}

static void on_stop(struct agent *agent, const struct agent_input *in, struct agent_effects *out) {
    if (agent->stopping) return;
    agent->stopping = true;
    agent->notice = in->notice;
    agent->stop_at = boot_add(in->now.boot, agent->stop_timeout);
    if (!agent->connected || agent->stop_timeout.ms <= 0) leave(agent, out);
}

void agent_step(struct agent *agent, const struct agent_input *input,
                struct agent_effects *effects_out) {
    effects_out->count = 0;
    switch (input->kind) {
    case AGENT_INPUT_TIMER: on_timer(agent, input, effects_out); break;
    case AGENT_INPUT_SAMPLED: on_sampled(agent, input); break;
    case AGENT_INPUT_CHECK_CHANGED: on_check_changed(agent, input->now); break;
    case AGENT_INPUT_CONNECTED: agent->connected = true; break;
    case AGENT_INPUT_LOST:
        on_lost(agent);
        if (agent->stopping) leave(agent, effects_out);
        break;
    case AGENT_INPUT_ACK: on_ack(agent, input, effects_out); break;
    case AGENT_INPUT_FAILED: on_failed(agent, input->now); break;
    case AGENT_INPUT_RELOAD: on_reload(agent, input); break;
    case AGENT_INPUT_STOP: on_stop(agent, input, effects_out); break;
    }
    send_next(agent, input->now.boot, effects_out);
}

struct boot_time agent_due(const struct agent *agent) {
    if (agent->gone) return (struct boot_time){INT64_MAX};
    struct boot_time due = agent->stopping ? agent->stop_at : agent->next_sample;
    bool retries = agent->retry_at.ms > 0 && agent->connected;
    return retries && agent->retry_at.ms < due.ms ? agent->retry_at : due;
}
