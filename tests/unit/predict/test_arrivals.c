/* Reports that came and did not come. */
#include "aggregator/predict/arrivals.h"
#include "tests/support/unit.h"

#define MINUTE_MS 60000LL

static const struct duration span = {90 * MINUTE_MS};
static const int64_t start_ms = 1772000000000LL;

static struct wall_time minute(int64_t number) {
    return (struct wall_time){start_ms + number * MINUTE_MS};
}

static void feed(struct predict_arrivals *arrivals, int64_t from, int64_t to, int64_t every,
                 uint32_t interval_ms) {
    for (int64_t i = from; i < to; i += every)
        predict_arrivals_add(arrivals, minute(i), interval_ms);
}

TEST(regular_reports_are_no_loss) {
    (void)state;
    struct predict_arrivals arrivals;
    predict_arrivals_init(&arrivals);
    feed(&arrivals, 0, 600, 5, 0);
    struct predict_loss_view view = predict_arrivals_view(&arrivals, span, minute(601));
    assert_int_equal(view.runs, 0);
    assert_true(view.missed_part <= 0);
}

TEST(scattered_loss_is_counted_by_runs_and_part) {
    (void)state;
    struct predict_arrivals arrivals;
    predict_arrivals_init(&arrivals);
    feed(&arrivals, 0, 600, 5, 0);
    for (int64_t i = 600; i < 690; i += 15) { /* one comes, two are missed */
        predict_arrivals_add(&arrivals, minute(i), 0);
        predict_arrivals_add(&arrivals, minute(i + 5), 0);
    }
    struct predict_loss_view view = predict_arrivals_view(&arrivals, span, minute(685));
    assert_true(view.runs >= 5);
    assert_true(view.missed_part > 0.25F && view.missed_part < 0.4F);
}

TEST(one_whole_gap_is_one_run) {
    (void)state;
    struct predict_arrivals arrivals;
    predict_arrivals_init(&arrivals);
    feed(&arrivals, 0, 600, 5, 0);
    struct predict_loss_view open = predict_arrivals_view(&arrivals, span, minute(650));
    assert_int_equal(open.runs, 1);
    assert_true(open.open_missed >= 9);
    feed(&arrivals, 655, 665, 5, 0);
    struct predict_loss_view ended = predict_arrivals_view(&arrivals, span, minute(665));
    assert_int_equal(ended.runs, 1);
    assert_true(ended.longest_part > 0.999F);
}

TEST(a_new_interval_is_learned_and_is_no_loss) {
    (void)state;
    struct predict_arrivals arrivals;
    predict_arrivals_init(&arrivals);
    feed(&arrivals, 0, 120, 1, 0);
    feed(&arrivals, 124, 300, 5, 0);
    struct predict_loss_view view = predict_arrivals_view(&arrivals, span, minute(300));
    assert_int_equal(view.runs, 0);
}

TEST(a_stated_interval_needs_no_learning) {
    (void)state;
    struct predict_arrivals arrivals;
    predict_arrivals_init(&arrivals);
    feed(&arrivals, 0, 60, 1, 60000);
    feed(&arrivals, 60, 400, 5, 300000);
    assert_int_equal(predict_arrivals_view(&arrivals, span, minute(400)).runs, 0);
}

TEST(nothing_is_said_before_enough_reports_came) {
    (void)state;
    struct predict_arrivals arrivals;
    predict_arrivals_init(&arrivals);
    feed(&arrivals, 0, 10, 1, 0);
    assert_int_equal(predict_arrivals_view(&arrivals, span, minute(60)).runs, 0);
}

TEST(a_clock_stepped_back_is_no_loss) {
    (void)state;
    struct predict_arrivals arrivals;
    predict_arrivals_init(&arrivals);
    feed(&arrivals, 0, 200, 1, 60000);
    feed(&arrivals, 0, 200, 1, 60000);
    assert_int_equal(predict_arrivals_view(&arrivals, span, minute(200)).runs, 0);
}
