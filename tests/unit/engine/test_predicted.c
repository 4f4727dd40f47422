/* What the store keeps of a prediction when it closes. */
#include <string.h>

#include "tests/support/unit.h"
#include "tests/unit/engine/rig.h"

static void predict_leak(struct rig *rig) {
    rig_predict(rig, 0, 0.9F, FAILURE_MEMORY_LEAK, "leaky.service");
    rig_predict(rig, 0, 0.9F, FAILURE_MEMORY_LEAK, "leaky.service");
}

/* The newest prediction-events row that became durable. */
static const char *last_row(const struct rig *rig) {
    for (size_t i = rig->record_count; i-- > 0;)
        if (rig->records[i].table == RECORD_PREDICTION_EVENTS) return rig->records[i].item;
    return "";
}

TEST(closed_prediction_keeps_what_was_predicted) {
    (void)state;
    struct rig *rig = rig_create(3);
    predict_leak(rig);
    rig_predict(rig, 0, 0.1F, FAILURE_NONE, "");
    const char *row = last_row(rig);
    assert_non_null(strstr(row, "\"outcome\":\"resolved\""));
    assert_non_null(strstr(row, "\"confidence\":\"high\""));
    assert_non_null(strstr(row, "\"failure_type\":\"memory_leak\""));
    assert_non_null(strstr(row, "leaky.service"));
    rig_destroy(rig);
}

TEST(score_that_falls_during_our_own_restart_leaves_the_outcome_unknown) {
    (void)state;
    struct rig *rig = rig_create(3);
    predict_leak(rig);
    rig_describe(rig, 0, INSTANCE_RUNNING, 0, CHECK_STATUS_OK);
    struct call_result result = rig_result(rig_last(rig, CALL_RUN_DOCUMENT), STATUS_OK);
    memcpy(result.command_id, "11111111-1111-1111-1111-111111111111", 37);
    rig_answer(rig, &result);
    rig_predict(rig, 0, 0.1F, FAILURE_NONE, "");
    assert_non_null(strstr(last_row(rig), "\"outcome\":\"unknown\""));
    assert_non_null(strstr(last_row(rig), "\"failure_type\":\"memory_leak\""));
    rig_destroy(rig);
}
