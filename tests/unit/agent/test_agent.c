/* The agent's step, by tables of inputs and the effects they must have. */
#include <string.h>

#include "agent/agent.h"
#include "tests/support/unit.h"

#define START_MS    100000
#define INTERVAL_MS 10000
#define RING_BYTES  4096
#define RING_SLOTS  4

/* One word for each effect: S ample, D ictionary, R eport, N otice, G race, E xit. */
static const char letters[] = {
    [AGENT_EFFECT_SAMPLE] = 'S',      [AGENT_EFFECT_SEND_DICTIONARY] = 'D',
    [AGENT_EFFECT_SEND_REPORT] = 'R', [AGENT_EFFECT_SEND_NOTICE] = 'N',
    [AGENT_EFFECT_GRACE] = 'G',       [AGENT_EFFECT_EXIT] = 'E'};

struct fixture {
    struct agent agent;
    struct agent_effects effects;
    uint8_t bytes[RING_BYTES];
    struct ring_slot slots[RING_SLOTS];
    char said[AGENT_EFFECTS_MAX + 1];
};

static void begin(struct fixture *f) {
    struct ring ring;
    struct agent_settings settings = {{INTERVAL_MS}, {5000}, true};
    memset(f, 0, sizeof *f);
    ring_init(&ring, f->bytes, sizeof f->bytes, f->slots, RING_SLOTS);
    agent_init(&f->agent, &settings, &ring, (struct now){{START_MS}, {1}});
}

/* Steps, and gives the effects as letters. */
static const char *step(struct fixture *f, struct agent_input input, int64_t ms) {
    input.now = (struct now){{ms}, {ms}};
    agent_step(&f->agent, &input, &f->effects);
    size_t i = 0;
    for (; i < f->effects.count; i++) f->said[i] = letters[f->effects.effects[i].kind];
    f->said[i] = '\0';
    return f->said;
}

static const char *of(struct fixture *f, enum agent_input_kind kind, int64_t ms) {
    return step(f, (struct agent_input){.kind = kind}, ms);
}

static const char *sampled(struct fixture *f, uint32_t generation, int64_t ms) {
    static const uint8_t bytes[] = "report";
    return step(f,
                (struct agent_input){.kind = AGENT_INPUT_SAMPLED,
                                     .bytes = bytes,
                                     .length = sizeof bytes,
                                     .dictionary_generation = generation},
                ms);
}

static const char *acked(struct fixture *f, struct ack ack, int64_t ms) {
    return step(f, (struct agent_input){.kind = AGENT_INPUT_ACK, .ack = ack}, ms);
}

/* Connected, dictionary 1 known, no report outstanding. */
static void settle(struct fixture *f) {
    begin(f);
    assert_string_equal(of(f, AGENT_INPUT_TIMER, START_MS), "S");
    assert_string_equal(sampled(f, 1, START_MS), "");
    assert_string_equal(of(f, AGENT_INPUT_CONNECTED, START_MS), "D");
    assert_string_equal(acked(f, (struct ack){0}, START_MS), "R");
    assert_string_equal(acked(f, (struct ack){.sequence = f->agent.sequence}, START_MS), "");
}

TEST(the_first_sample_is_due_at_once_and_numbers_start_at_the_time_since_boot) {
    (void)state;
    struct fixture f;
    begin(&f);
    assert_int_equal(agent_due(&f.agent).ms, START_MS);
    assert_string_equal(of(&f, AGENT_INPUT_TIMER, START_MS), "S");
    assert_int_equal(f.effects.effects[0].sequence, START_MS + 1);
    assert_string_equal(sampled(&f, 1, START_MS), "");
    assert_int_equal(f.agent.sequence, START_MS + 1);
}

TEST(the_second_sample_comes_at_a_random_time_within_the_interval) {
    (void)state;
    static const struct {
        uint64_t random;
        int64_t pause_ms;
    } rows[] = {{0, 1000}, {9000, 10000}, {9001, 1000}, {4000, 5000}};
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct fixture f;
        begin(&f);
        (void)step(&f, (struct agent_input){.kind = AGENT_INPUT_TIMER, .random = rows[i].random},
                   START_MS);
        assert_int_equal(agent_due(&f.agent).ms, START_MS + rows[i].pause_ms);
    }
}

TEST(samples_keep_their_pace_and_missed_ones_are_not_made_up_for) {
    (void)state;
    struct fixture f;
    settle(&f);
    int64_t due = agent_due(&f.agent).ms;
    assert_string_equal(of(&f, AGENT_INPUT_TIMER, due - 1), "");
    assert_string_equal(of(&f, AGENT_INPUT_TIMER, due + 300), "S");
    assert_int_equal(agent_due(&f.agent).ms, due + INTERVAL_MS);
    assert_string_equal(of(&f, AGENT_INPUT_TIMER, due + 100 * INTERVAL_MS), "S"); /* it slept */
    assert_string_equal(of(&f, AGENT_INPUT_TIMER, due + 100 * INTERVAL_MS + 1), "");
}

TEST(the_dictionary_goes_before_the_reports_that_need_it) {
    (void)state;
    struct fixture f;
    settle(&f);
    assert_string_equal(sampled(&f, 2, START_MS + 1), "D");
    assert_string_equal(acked(&f, (struct ack){0}, START_MS + 2), "R");
    assert_string_equal(acked(&f, (struct ack){.sequence = f.agent.sequence}, START_MS + 3), "");
    assert_string_equal(sampled(&f, 2, START_MS + 4), "R");
}

TEST(one_request_is_outstanding_at_a_time) {
    (void)state;
    struct fixture f;
    settle(&f);
    assert_string_equal(sampled(&f, 1, START_MS + 1), "R");
    uint64_t first = f.agent.sequence;
    assert_string_equal(sampled(&f, 1, START_MS + 2), "");
    assert_string_equal(acked(&f, (struct ack){.sequence = first}, START_MS + 3), "R");
    assert_int_equal(f.effects.effects[0].sequence, first + 1);
    assert_int_equal(f.agent.acked, first);
}

TEST(a_lost_ack_sends_the_same_bytes_and_number_again) {
    (void)state;
    struct fixture f;
    settle(&f);
    assert_string_equal(sampled(&f, 1, START_MS + 1), "R");
    struct agent_effect first = f.effects.effects[0];
    assert_string_equal(of(&f, AGENT_INPUT_LOST, START_MS + 2), "");
    assert_string_equal(of(&f, AGENT_INPUT_CONNECTED, START_MS + 3), "D");
    assert_string_equal(acked(&f, (struct ack){0}, START_MS + 4), "R");
    assert_int_equal(f.effects.effects[0].sequence, first.sequence);
    assert_int_equal(f.effects.effects[0].length, first.length);
    assert_memory_equal(f.effects.effects[0].bytes, "report", 7);
}

TEST(a_report_that_was_not_taken_is_kept_and_tried_again_after_a_pause) {
    (void)state;
    struct fixture f;
    settle(&f);
    f.agent.next_sample.ms = START_MS + INTERVAL_MS;
    assert_string_equal(sampled(&f, 1, START_MS + 1), "R");
    uint64_t number = f.agent.sequence;
    assert_string_equal(acked(&f, (struct ack){.sequence = number - 1}, START_MS + 2), "");
    assert_int_equal(agent_due(&f.agent).ms, START_MS + 2 + AGENT_RETRY_MS);
    assert_string_equal(of(&f, AGENT_INPUT_TIMER, START_MS + 1 + AGENT_RETRY_MS), "");
    assert_string_equal(of(&f, AGENT_INPUT_TIMER, START_MS + 2 + AGENT_RETRY_MS), "R");
    assert_int_equal(f.effects.effects[0].sequence, number);
}

TEST(what_could_not_be_sent_is_tried_again_after_a_pause) {
    (void)state;
    struct fixture f;
    begin(&f);
    (void)of(&f, AGENT_INPUT_TIMER, START_MS);
    (void)sampled(&f, 1, START_MS);
    assert_string_equal(of(&f, AGENT_INPUT_CONNECTED, START_MS), "D");
    assert_string_equal(of(&f, AGENT_INPUT_FAILED, START_MS), "");
    assert_string_equal(of(&f, AGENT_INPUT_TIMER, START_MS + AGENT_RETRY_MS), "SD");
}

TEST(a_late_ack_is_nothing) {
    (void)state;
    struct fixture f;
    settle(&f);
    assert_string_equal(sampled(&f, 1, START_MS + 1), "R");
    (void)of(&f, AGENT_INPUT_LOST, START_MS + 2);
    assert_string_equal(acked(&f, (struct ack){.sequence = f.agent.sequence}, START_MS + 3), "");
    assert_int_equal(f.agent.ring.count, 1);
}

TEST(an_ack_for_a_report_that_was_pushed_out_drops_no_other) {
    (void)state;
    struct fixture f;
    settle(&f);
    assert_string_equal(sampled(&f, 1, START_MS + 1), "R");
    uint64_t sent = f.agent.sequence;
    for (int i = 0; i < RING_SLOTS; i++) assert_string_equal(sampled(&f, 1, START_MS + 2), "");
    assert_int_equal(f.agent.ring.dropped, 1);
    assert_string_equal(acked(&f, (struct ack){.sequence = sent}, START_MS + 3), "R");
    assert_int_equal(f.effects.effects[0].sequence, sent + 1);
    assert_int_equal(f.agent.ring.count, RING_SLOTS);
}

TEST(directives_ask_for_the_dictionary_and_for_grace) {
    (void)state;
    struct fixture f;
    settle(&f);
    (void)sampled(&f, 1, START_MS + 1);
    struct ack ack = {.sequence = f.agent.sequence, .directives = ACK_DIRECTIVE_SEND_DICTIONARY};
    assert_string_equal(acked(&f, ack, START_MS + 2), "D");
    /* Asked again in the answer to the dictionary itself: no circle. */
    assert_string_equal(acked(&f, ack, START_MS + 3), "");
    (void)sampled(&f, 1, START_MS + 4);
    ack = (struct ack){.sequence = f.agent.sequence, .directives = ACK_DIRECTIVE_GRACE};
    assert_string_equal(acked(&f, ack, START_MS + 5), "G");
}

TEST(the_aggregator_may_wish_another_interval_within_bounds) {
    (void)state;
    static const struct {
        uint32_t wished_ms;
        int64_t wanted_ms;
    } rows[] = {{0, 10000}, {2000, 2000}, {1, 1000}, {4000000000U, 300000}};
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct fixture f;
        settle(&f);
        (void)sampled(&f, 1, START_MS + 1);
        struct ack ack = {.sequence = f.agent.sequence, .interval_ms = rows[i].wished_ms};
        (void)acked(&f, ack, START_MS + 2);
        assert_int_equal(f.agent.interval.ms, rows[i].wanted_ms);
        assert_true(agent_due(&f.agent).ms <= START_MS + 2 + rows[i].wanted_ms);
    }
}

TEST(a_changed_check_is_reported_soon_but_not_more_than_once_a_second) {
    (void)state;
    struct fixture f;
    settle(&f);
    f.agent.next_sample.ms = START_MS + INTERVAL_MS;
    (void)of(&f, AGENT_INPUT_CHECK_CHANGED, START_MS + 300);
    assert_int_equal(agent_due(&f.agent).ms, START_MS + 1000);
    assert_string_equal(of(&f, AGENT_INPUT_TIMER, START_MS + 1000), "S");
    (void)of(&f, AGENT_INPUT_CHECK_CHANGED, START_MS + 5000);
    assert_int_equal(agent_due(&f.agent).ms, START_MS + 5000);
}

TEST(a_stop_says_so_and_waits_for_the_answer) {
    (void)state;
    struct fixture f;
    settle(&f);
    struct agent_input stop = {.kind = AGENT_INPUT_STOP, .notice = NOTICE_STOPPING};
    assert_string_equal(step(&f, stop, START_MS + 1), "N");
    assert_int_equal(f.effects.effects[0].notice, NOTICE_STOPPING);
    assert_int_equal(f.effects.effects[0].sequence, START_MS + 2);
    assert_string_equal(step(&f, stop, START_MS + 2), ""); /* asked twice */
    assert_string_equal(acked(&f, (struct ack){0}, START_MS + 3), "E");
    assert_true(agent_due(&f.agent).ms == INT64_MAX);
}

TEST(a_stop_lets_the_request_outstanding_end_first) {
    (void)state;
    struct fixture f;
    settle(&f);
    assert_string_equal(sampled(&f, 1, START_MS + 1), "R");
    assert_string_equal(of(&f, AGENT_INPUT_STOP, START_MS + 2), "");
    assert_string_equal(acked(&f, (struct ack){.sequence = f.agent.sequence}, START_MS + 3), "N");
}

TEST(a_stop_is_bounded_and_does_not_wait_for_nobody) {
    (void)state;
    struct fixture f;
    settle(&f);
    assert_string_equal(of(&f, AGENT_INPUT_STOP, START_MS), "N");
    assert_string_equal(of(&f, AGENT_INPUT_TIMER, START_MS + 4999), "");
    assert_string_equal(of(&f, AGENT_INPUT_TIMER, START_MS + 5000), "E");
    begin(&f); /* never connected */
    assert_string_equal(of(&f, AGENT_INPUT_STOP, START_MS), "E");
    settle(&f); /* lost while it waits */
    assert_string_equal(of(&f, AGENT_INPUT_STOP, START_MS), "N");
    assert_string_equal(of(&f, AGENT_INPUT_LOST, START_MS + 1), "E");
}

TEST(without_an_aggregator_nothing_is_kept) {
    (void)state;
    struct fixture f;
    begin(&f);
    f.agent.reporting = false;
    assert_string_equal(of(&f, AGENT_INPUT_TIMER, START_MS), "S");
    (void)sampled(&f, 1, START_MS);
    assert_int_equal(f.agent.ring.count, 0);
}

TEST(a_report_that_could_not_be_encoded_uses_no_number) {
    (void)state;
    struct fixture f;
    settle(&f);
    uint64_t before = f.agent.sequence;
    struct agent_input input = {.kind = AGENT_INPUT_SAMPLED, .dictionary_generation = 1};
    assert_string_equal(step(&f, input, START_MS + 1), "");
    assert_int_equal(f.agent.sequence, before);
    assert_int_equal(f.agent.ring.count, 0);
}

TEST(a_reload_changes_the_pace) {
    (void)state;
    struct fixture f;
    settle(&f);
    struct agent_input reload = {.kind = AGENT_INPUT_RELOAD, .settings = {{1000}, {5000}, true}};
    (void)step(&f, reload, START_MS + 10);
    assert_true(agent_due(&f.agent).ms <= START_MS + 1010);
    assert_int_equal(f.agent.interval.ms, 1000);
}
