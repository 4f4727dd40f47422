/* Streams: slopes, concordance, highs, gaps, clock steps. */
#include <math.h>

#include "aggregator/predict/stream.h"
#include "tests/support/unit.h"

#define MINUTE_MS 60000LL
#define HOUR_MS   3600000LL

static const struct duration day = {24 * HOUR_MS};
static const int64_t start_ms = 1772000000LL / 86400 * 86400 * 1000; /* a midnight */

static void feed_line(struct predict_stream *stream, int64_t from_minute, int64_t minutes,
                      double level, double a_minute) {
    for (int64_t i = 0; i < minutes; i++) {
        float value = (float)(level + a_minute * (double)i);
        predict_update(stream, day, (struct wall_time){start_ms + (from_minute + i) * MINUTE_MS},
                       value, value);
    }
}

static struct wall_time minute(int64_t number) {
    return (struct wall_time){start_ms + number * MINUTE_MS};
}

TEST(a_ramp_gives_its_slope_in_every_window) {
    (void)state;
    struct predict_stream stream;
    predict_stream_init(&stream);
    feed_line(&stream, 0, 600, 10, 0.1);
    for (unsigned i = 0; i < PREDICT_WINDOWS; i++) {
        struct predict_trend trend = predict_trend_at(&stream, day, i, minute(600));
        assert_true(trend.points >= PREDICT_POINTS_LEAST);
        assert_true(fabs((double)trend.slope * (double)MINUTE_MS - 0.1) < 0.001);
        assert_true(trend.concordance > 0.999F);
    }
}

TEST(a_constant_has_no_slope_and_no_concordance) {
    (void)state;
    struct predict_stream stream;
    predict_stream_init(&stream);
    feed_line(&stream, 0, 600, 42, 0);
    struct predict_trend trend = predict_trend_at(&stream, day, 1, minute(600));
    assert_true(trend.slope <= 0 && trend.slope >= 0);
    assert_true(trend.concordance <= 0 && trend.concordance >= 0);
    assert_true(fabs((double)predict_level(&stream, (struct duration){10 * MINUTE_MS}) - 42) <
                1e-5);
}

TEST(one_spike_moves_neither_slope_nor_level) {
    (void)state;
    struct predict_stream stream;
    predict_stream_init(&stream);
    feed_line(&stream, 0, 110, 20, 0);
    feed_line(&stream, 110, 2, 95, 0);
    feed_line(&stream, 112, 9, 20, 0);
    struct predict_trend trend = predict_trend_at(&stream, day, 1, minute(121));
    assert_true(fabs((double)trend.slope) * (double)HOUR_MS < 0.5);
    assert_true(fabs((double)predict_level(&stream, (struct duration){10 * MINUTE_MS}) - 20) <
                1e-5);
}

TEST(the_past_high_leaves_the_newest_hours_out) {
    (void)state;
    struct predict_stream stream;
    predict_stream_init(&stream);
    feed_line(&stream, 0, 40 * 60, 30, 0);
    feed_line(&stream, 40 * 60, 180, 80, 0);
    assert_true(fabs((double)predict_past_high(&stream, day, minute(43 * 60)) - 30) < 1e-4);
    feed_line(&stream, 43 * 60, 13 * 60, 80, 0);
    assert_true(fabs((double)predict_past_high(&stream, day, minute(56 * 60)) - 80) < 1e-4);
}

TEST(a_peak_that_turned_back_counts_at_once) {
    (void)state;
    struct predict_stream stream;
    predict_stream_init(&stream);
    feed_line(&stream, 0, 40 * 60, 30, 0);
    feed_line(&stream, 40 * 60, 60, 70, 0);
    feed_line(&stream, 41 * 60, 30, 30, 0);
    assert_true(predict_past_high(&stream, day, minute(41 * 60 + 30)) > 69);
}

TEST(a_peak_that_ended_in_silence_does_not_count) {
    (void)state;
    struct predict_stream stream;
    predict_stream_init(&stream);
    feed_line(&stream, 0, 40 * 60, 30, 0);
    feed_line(&stream, 40 * 60, 60, 70, 0);
    feed_line(&stream, 41 * 60 + 40, 24 * 60, 30, 0);
    assert_true(predict_past_high(&stream, day, minute(65 * 60)) < 31);
}

TEST(the_past_high_is_remembered_for_days_and_then_forgotten) {
    (void)state;
    struct predict_stream stream;
    predict_stream_init(&stream);
    feed_line(&stream, 0, 180, 90, 0);
    feed_line(&stream, 180, 6 * 24 * 60, 30, 0);
    assert_true(predict_past_high(&stream, day, minute(180 + 6 * 24 * 60)) > 89);
    feed_line(&stream, 180 + 6 * 24 * 60, 4 * 24 * 60, 30, 0);
    assert_true(predict_past_high(&stream, day, minute(180 + 10 * 24 * 60)) < 31);
}

TEST(there_is_no_past_high_before_there_is_a_past) {
    (void)state;
    struct predict_stream stream;
    predict_stream_init(&stream);
    feed_line(&stream, 0, 60, 30, 0);
    assert_true(isinf(predict_past_high(&stream, day, minute(60))));
}

TEST(a_trend_older_than_its_window_says_nothing) {
    (void)state;
    struct predict_stream stream;
    predict_stream_init(&stream);
    feed_line(&stream, 0, 240, 10, 0.1);
    assert_int_equal(predict_trend_at(&stream, day, 0, minute(240 + 31 + 3)).points, 0);
    assert_true(predict_trend_at(&stream, day, 2, minute(240 + 31 + 3)).points > 0);
}

TEST(a_clock_stepped_back_begins_the_windows_anew) {
    (void)state;
    struct predict_stream stream;
    predict_stream_init(&stream);
    feed_line(&stream, 600, 240, 50, 0.1);
    feed_line(&stream, 0, 60, 20, 0);
    struct predict_trend trend = predict_trend_at(&stream, day, 0, minute(60));
    assert_true(trend.slope <= 0 && trend.slope >= 0);
    assert_true(isfinite(predict_level(&stream, (struct duration){10 * MINUTE_MS})));
}

TEST(a_gap_of_weeks_is_one_step_of_bounded_work) {
    (void)state;
    struct predict_stream stream;
    predict_stream_init(&stream);
    feed_line(&stream, 0, 300, 50, 0);
    feed_line(&stream, 60LL * 24 * 365 * 50, 3, 20, 0); /* fifty years on */
    assert_true(isinf(predict_past_high(&stream, day, minute(60LL * 24 * 365 * 50 + 3))));
}

TEST(values_that_are_not_finite_are_ignored) {
    (void)state;
    struct predict_stream stream;
    predict_stream_init(&stream);
    feed_line(&stream, 0, 60, 5, 0);
    predict_update(&stream, day, minute(60), NAN, NAN);
    predict_update(&stream, day, minute(61), INFINITY, INFINITY);
    assert_true(fabs((double)stream.last - 5) < 1e-6);
    struct predict_gather gather;
    predict_gather_clear(&gather);
    predict_gather_add(&gather, NAN);
    assert_int_equal(gather.count, 0);
}

TEST(a_rise_that_levels_off_has_a_slowing_rate_and_a_line_has_none) {
    (void)state;
    struct predict_stream cache, leak;
    predict_stream_init(&cache);
    predict_stream_init(&leak);
    for (int64_t i = 0; i < 30 * 60; i++) {
        float value = (float)(40 + 50 * (1 - pow(2.718281828, -(double)i / 600)));
        predict_update(&cache, day, minute(i), value, value);
    }
    feed_line(&leak, 0, 30 * 60, 20, 0.03);
    double rate = (double)predict_slowing(&cache, day) * (double)HOUR_MS;
    assert_true(rate > 0.07 && rate < 0.13); /* made with a tenth an hour */
    assert_true((double)predict_slowing(&leak, day) * (double)HOUR_MS < 0.005);
}

TEST(a_day_of_ten_minutes_behaves_as_one_of_24_hours) {
    (void)state;
    struct predict_stream stream;
    struct duration short_day = {600000};
    predict_stream_init(&stream);
    for (int64_t second = 0; second < 300; second++) {
        float value = (float)(10 + 0.2 * (double)second);
        predict_update(&stream, short_day, (struct wall_time){start_ms + second * 1000}, value,
                       value);
    }
    struct predict_trend trend =
        predict_trend_at(&stream, short_day, 1, (struct wall_time){start_ms + 300000});
    assert_true(fabs((double)trend.slope * 1000 - 0.2) < 0.01);
}
