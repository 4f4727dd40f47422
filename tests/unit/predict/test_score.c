/* The score: what it says of plain stories, and what must hold for every input. */
#include <math.h>
#include <string.h>

#include "aggregator/predict/predict.h"
#include "common/base/prng.h"
#include "tests/support/unit.h"

#define MINUTE_MS 60000LL
#define HOUR      60LL /* minutes */

static const int64_t start_ms = 1772000000LL / 86400 * 86400 * 1000;

struct host {
    struct predict_settings settings;
    struct predict_row row;
    struct prediction last;
    struct wall_time at;
    struct prng prng;
};

static struct host *host(void) {
    static struct host one; /* each case is a process of its own */
    one = (struct host){.settings = predict_settings_default(), .prng = prng_seeded(7)};
    predict_row_init(&one.row);
    one.at = (struct wall_time){start_ms};
    return &one;
}

static void check_prediction(const struct prediction *prediction) {
    assert_true(isfinite(prediction->confidence));
    assert_true(prediction->confidence >= 0 && prediction->confidence <= 1);
    assert_true(prediction->reason_count <= PREDICTION_REASONS_MAX);
    double sum = 0;
    for (unsigned i = 0; i < prediction->reason_count; i++) {
        assert_true(prediction->reasons[i].text[0] != '\0');
        assert_non_null(memchr(prediction->reasons[i].text, '\0', PREDICTION_REASON_SIZE));
        assert_true(prediction->reasons[i].share > 0);
        if (i > 0) assert_true(prediction->reasons[i].share <= prediction->reasons[i - 1].share);
        sum += (double)prediction->reasons[i].share;
    }
    if (prediction->reason_count > 0) assert_true(fabs(sum - 1) < 1e-4);
    if (!prediction->has_time) return;
    assert_true(prediction->earliest.ms <= prediction->likely.ms);
    assert_true(prediction->likely.ms <= prediction->latest.ms);
    assert_true(prediction->earliest.ms >= prediction->at.ms);
}

static void tick(struct host *host, int64_t by_ms) {
    host->at.ms += by_ms;
    if (!predict_due(&host->settings, &host->row, host->at)) return;
    predict_close(&host->settings, &host->row, host->at);
    predict_score(&host->settings, &host->row, host->at, &host->last);
    check_prediction(&host->last);
}

static double noise(struct host *host, double size) {
    return size * (prng_unit(&host->prng) - 0.5);
}

static void usual(struct host *host, enum metric metric, enum metric story, double value) {
    if (metric != story) predict_observe(&host->row, metric, (float)value);
}

/* An ordinary minute: a quiet host with a little noise, and one metric as the story says. */
static void minute(struct host *host, enum metric metric, double value) {
    predict_arrive(&host->settings, &host->row, host->at, 60000);
    usual(host, METRIC_MEM_USED, metric, 50 + noise(host, 2));
    usual(host, METRIC_DISK_USED, metric, 40 + noise(host, 0.1));
    usual(host, METRIC_FD_USED, metric, 10 + noise(host, 2));
    usual(host, METRIC_CPU_STEAL, metric, 0.3 + noise(host, 0.4));
    usual(host, METRIC_NET_DROPS, metric, 0);
    predict_observe(&host->row, metric, (float)value);
    tick(host, MINUTE_MS);
}

static void quiet(struct host *host, int64_t minutes) {
    for (int64_t i = 0; i < minutes; i++) minute(host, METRIC_SWAP_USED, 1);
}

/* One metric runs from `from` to `to`; gives the largest confidence seen. */
static float run_line(struct host *host, enum metric metric, double from, double to,
                      int64_t minutes) {
    float most = 0;
    for (int64_t i = 0; i < minutes; i++) {
        minute(host, metric, from + (to - from) * (double)i / (double)minutes);
        if (host->last.confidence > most) most = host->last.confidence;
    }
    return most;
}

TEST(a_quiet_host_is_never_suspected) {
    (void)state;
    struct host *h = host();
    for (int64_t i = 0; i < 3 * 24 * HOUR; i++) {
        minute(h, METRIC_SWAP_USED, 1);
        assert_true(h->last.confidence < 0.3F);
    }
}

TEST(a_disk_that_fills_is_foretold_with_kind_time_and_reason) {
    (void)state;
    struct host *h = host();
    quiet(h, 36 * HOUR);
    /* 40 to 76 % of a line that meets 100 % after 10 h. */
    (void)run_line(h, METRIC_DISK_USED, 40, 76, 6 * HOUR);
    assert_true(h->last.confidence >= 0.8F);
    assert_int_equal(h->last.kind, FAILURE_DISK_FILL);
    assert_true(h->last.has_time);
    double wrong_h = fabs((double)(h->last.likely.ms - h->at.ms) / 3.6e6 - 4);
    assert_true(wrong_h < 1);
    assert_int_equal(h->last.reasons[0].metric, METRIC_DISK_USED);
    assert_non_null(strstr(h->last.reasons[0].text, "disk_used_percent"));
    assert_non_null(strstr(h->last.reasons[0].text, "%/h"));
}

TEST(a_saw_tooth_that_always_turned_back_is_no_leak) {
    (void)state;
    struct host *h = host();
    for (int tooth = 0; tooth < 10; tooth++) {
        float most = run_line(h, METRIC_SERVICE_FD_USED, 20, 85, 6 * HOUR);
        if (tooth >= 5) assert_true(most < 0.8F);
    }
}

TEST(a_step_to_a_new_level_is_no_leak) {
    (void)state;
    struct host *h = host();
    quiet(h, 48 * HOUR);
    float most = run_line(h, METRIC_CONNTRACK_USED, 35, 35.01, 12 * HOUR);
    assert_true(most < 0.8F);
}

TEST(steal_that_grows_and_stays_is_foretold) {
    (void)state;
    struct host *h = host();
    quiet(h, 36 * HOUR);
    (void)run_line(h, METRIC_CPU_STEAL, 1, 30, 3 * HOUR);
    assert_true(h->last.confidence >= 0.8F);
    assert_int_equal(h->last.kind, FAILURE_CPU_STEAL);
}

TEST(credits_that_run_down_are_foretold) {
    (void)state;
    struct host *h = host();
    for (int64_t i = 0; i < 36 * HOUR; i++) minute(h, METRIC_CPU_CREDIT_BALANCE, 280);
    (void)run_line(h, METRIC_CPU_CREDIT_BALANCE, 280, 80, 5 * HOUR);
    assert_true(h->last.confidence >= 0.8F);
    assert_int_equal(h->last.kind, FAILURE_CREDIT_DEPLETION);
    assert_null(strstr(h->last.reasons[0].text, "-80"));
}

TEST(loss_of_reports_that_grows_is_foretold_and_one_gap_is_not) {
    (void)state;
    struct host *h = host();
    quiet(h, 30 * HOUR);
    for (int64_t i = 0; i < 3 * HOUR; i++) tick(h, MINUTE_MS);
    assert_true(h->last.confidence < 0.5F);
    quiet(h, 6 * HOUR);
    for (int64_t i = 0; i < 90; i++) {
        if (i % 4 == 0)
            minute(h, METRIC_SWAP_USED, 1);
        else
            tick(h, MINUTE_MS);
    }
    assert_true(h->last.confidence >= 0.8F);
    assert_int_equal(h->last.kind, FAILURE_AGENT_SILENCE);
}

TEST(in_the_first_day_a_host_trend_stays_below_the_threshold) {
    (void)state;
    struct host *h = host();
    quiet(h, 8 * HOUR);
    float most = run_line(h, METRIC_FD_USED, 10, 70, 6 * HOUR);
    assert_true(most < 0.8F);
}

TEST(a_leaking_service_is_foretold_and_named_on_a_day_of_ten_minutes) {
    (void)state;
    struct host *h = host();
    h->settings.day = (struct duration){600000};
    h->settings.step = (struct duration){1000};
    float at_85 = 0;
    for (int64_t second = 0; second < 150; second++) {
        float used = second < 60 ? 15 : 15 + (float)(second - 60);
        predict_arrive(&h->settings, &h->row, h->at, 1000);
        predict_observe(&h->row, METRIC_SERVICE_MEMORY_USED, used);
        predict_observe_member(&h->row, h->at, METRIC_SERVICE_MEMORY_USED, "leaky.service", used);
        predict_observe_member(&h->row, h->at, METRIC_SERVICE_MEMORY_USED, "calm.service", 12);
        tick(h, 1000);
        if (used <= 85) at_85 = h->last.confidence;
    }
    assert_true(at_85 >= 0.8F);
    assert_int_equal(h->last.kind, FAILURE_MEMORY_LEAK);
    assert_string_equal(h->last.reasons[0].member, "leaky.service");
}

static float leak_of_a_service(struct host *h, int64_t seconds) {
    float most = 0;
    for (int64_t second = 0; second < seconds; second++) {
        float used = second < 60 ? 15 : 15 + (float)(second - 60);
        predict_arrive(&h->settings, &h->row, h->at, 1000);
        predict_observe_member(&h->row, h->at, METRIC_SERVICE_MEMORY_USED, "leaky.service", used);
        tick(h, 1000);
        if (used <= 85 && h->last.confidence > most) most = h->last.confidence;
    }
    return most;
}

TEST(what_our_own_restart_ended_does_not_hide_the_next_leak) {
    (void)state;
    struct host *h = host();
    h->settings.day = (struct duration){600000};
    h->settings.step = (struct duration){1000};
    assert_true(leak_of_a_service(h, 140) >= 0.8F);
    predict_acted(&h->settings, &h->row, h->at);
    predict_score(&h->settings, &h->row, h->at, &h->last);
    assert_true(h->last.confidence < 0.8F);
    assert_true(leak_of_a_service(h, 140) >= 0.8F);
}

/* C7: whatever else is wrong, one more symptom never makes it look better. */
TEST(a_further_symptom_never_lowers_the_confidence) {
    (void)state;
    static const enum metric metrics[] = {METRIC_DISK_USED, METRIC_MEM_USED,  METRIC_FD_USED,
                                          METRIC_CPU_STEAL, METRIC_NET_DROPS, METRIC_SWAP_USED};
    static const double tops[] = {85, 92, 80, 20, 60, 50};
    static struct predict_row rows[1 << 6]; /* one for each set of symptoms */
    struct predict_settings settings = predict_settings_default();
    float confidence[1 << 6];
    for (unsigned set = 0; set < 1U << 6; set++) {
        predict_row_init(&rows[set]);
        struct wall_time at = {start_ms};
        for (int64_t i = 0; i < 30 * HOUR; i++, at.ms += MINUTE_MS) {
            predict_arrive(&settings, &rows[set], at, 60000);
            for (unsigned m = 0; m < 6; m++) {
                double grown = i < 26 * HOUR ? 0 : (double)(i - 26 * HOUR) / (4 * HOUR);
                double value = set >> m & 1 ? 5 + (tops[m] - 5) * grown : 5;
                predict_observe(&rows[set], metrics[m], (float)value);
            }
        }
        struct prediction prediction;
        predict_score(&settings, &rows[set], at, &prediction);
        confidence[set] = prediction.confidence;
    }
    for (unsigned set = 0; set < 1U << 6; set++)
        for (unsigned m = 0; m < 6; m++)
            if ((set >> m & 1) == 0) assert_true(confidence[set | 1U << m] >= confidence[set]);
    assert_true(confidence[63] > 0.9F && confidence[0] < 0.1F);
}

TEST(a_lower_threshold_setting_never_lowers_the_confidence) {
    (void)state;
    struct host *h = host();
    quiet(h, 30 * HOUR);
    (void)run_line(h, METRIC_MEM_USED, 52, 90, 4 * HOUR);
    float before = h->last.confidence;
    h->settings.memory_warning = 60;
    h->settings.memory_critical = 80;
    predict_score(&h->settings, &h->row, h->at, &h->last);
    assert_true(h->last.confidence > before);
}

TEST(every_strange_input_gives_a_finite_score) {
    (void)state;
    struct host *h = host();
    for (int64_t i = 0; i < 20000; i++) {
        predict_arrive(&h->settings, &h->row, h->at, i % 5 ? 60000 : 0);
        for (unsigned m = 0; m < METRIC_COUNT; m++) {
            uint64_t dice = prng_below(&h->prng, 12);
            float value = dice == 0   ? NAN
                          : dice == 1 ? INFINITY
                          : dice == 2 ? -3e38F
                          : dice == 3 ? 3e38F
                          : dice == 4 ? 0
                                      : (float)(prng_unit(&h->prng) * 100);
            if (dice < 11) predict_observe(&h->row, (enum metric)m, value);
        }
        uint64_t step = prng_below(&h->prng, 100);
        int64_t by_ms = step == 0   ? 25 * HOUR * MINUTE_MS /* a 25-hour gap */
                        : step == 1 ? -3 * HOUR * MINUTE_MS /* a clock step */
                                    : 30000;
        tick(h, by_ms);
    }
}

TEST(a_score_uses_nothing_later_than_its_time) {
    (void)state;
    static struct predict_row one, two;
    struct predict_settings settings = predict_settings_default();
    predict_row_init(&one);
    predict_row_init(&two);
    for (int64_t i = 0; i < 40 * HOUR; i++) {
        struct wall_time at = {start_ms + i * MINUTE_MS};
        struct predict_row *const both[] = {&one, &two};
        for (unsigned r = 0; r < 2; r++) {
            predict_arrive(&settings, both[r], at, 60000);
            /* They differ in the last minute only, which no closed step holds. */
            bool last = i == 40 * HOUR - 1;
            predict_observe(both[r], METRIC_MEM_USED, last && r ? 99 : (float)(20 + i % 50));
        }
    }
    struct prediction a, b;
    struct wall_time now = {start_ms + (40 * HOUR - 1) * MINUTE_MS};
    predict_score(&settings, &one, now, &a);
    predict_score(&settings, &two, now, &b);
    assert_memory_equal(&a, &b, sizeof a);
}

TEST(members_beyond_the_bound_are_refused_and_stale_ones_replaced) {
    (void)state;
    struct host *h = host();
    for (unsigned i = 0; i < PREDICT_MEMBERS_MAX + 5; i++) {
        char name[] = {(char)('a' + i), '\0'};
        predict_observe_member(&h->row, h->at, METRIC_SERVICE_MEMORY_USED, name, 10);
    }
    assert_int_equal(h->row.member_count, PREDICT_MEMBERS_MAX);
    h->at.ms += 1000;
    predict_observe_member(&h->row, h->at, METRIC_SERVICE_MEMORY_USED, "late", 10);
    assert_string_equal(h->row.members[0].name, "late");
}

TEST(members_of_metrics_the_model_does_not_read_are_ignored) {
    (void)state;
    struct host *h = host();
    predict_observe_member(&h->row, h->at, METRIC_NET_DROPS, "eth0", 10);
    predict_observe_member(&h->row, h->at, METRIC_DISK_USED, "/var", NAN);
    predict_observe_member(&h->row, h->at, METRIC_DISK_USED, "", 10);
    assert_int_equal(h->row.member_count, 0);
}
