/* AWS that does not answer: one alarm, no call, and word when it is back (R12, F11). */
#include "tests/support/unit.h"
#include "tests/unit/engine/rig.h"

/* Ticks alone: no inventory, no status checks. */
static void silence(struct rig *rig, unsigned seconds) {
    struct event tick = {.kind = EVENT_TICK};
    for (unsigned i = 0; i < seconds; i++) {
        rig->now.boot.ms += 1000;
        rig->now.wall.ms += 1000;
        rig_event(rig, &tick);
    }
}

TEST(aws_away_for_the_maximum_age_is_told_once_and_its_return_too) {
    (void)state;
    struct rig *rig = rig_create(3);
    silence(rig, 250); /* inventory_max_age is five minutes, the last answer up to 30 s old */
    assert_int_equal(rig_rows(rig, RECORD_OUTBOX, "self.aws_away"), 0);
    silence(rig, 700);
    assert_int_equal(rig_rows(rig, RECORD_OUTBOX, "self.aws_away"), 1);
    assert_int_equal(rig_rows(rig, RECORD_AUDIT, "AWS has not answered for"), 1);
    rig_status(rig);
    silence(rig, 2);
    assert_int_equal(rig_rows(rig, RECORD_OUTBOX, "self.aws_back"), 1);
    assert_int_equal(rig_mutations(rig), 0);
    rig_destroy(rig);
}

TEST(answers_in_time_alarm_nobody) {
    (void)state;
    struct rig *rig = rig_create(3);
    rig_wait(rig, 900);
    assert_int_equal(rig_rows(rig, RECORD_OUTBOX, "self.aws"), 0);
    rig_destroy(rig);
}
