/* One run with a hand on its clock, its evidence and the answers it gets. begin() resets it all. */
#ifndef EAR_TESTS_UNIT_RECOVER_RIG_H
#define EAR_TESTS_UNIT_RECOVER_RIG_H

#include "aggregator/recover/recover.h"
#include "tests/support/unit.h"

extern struct recover_policy policy;
extern struct recover_run run;
extern struct recover_effects effects; /* of the last step */
extern struct recover_evidence evidence;
extern struct now now;
extern const struct instance_id box;
extern const struct record_id incident;

void begin(enum rung rung);
void feed(enum recover_event_kind kind);
/* An answer to `call` that the run waits for, when it was the last. */
struct call_result answer_to(const struct call *call, enum status status);
void result(const struct call_result *value);
/* The call of the last step; fails the case when there was none. */
struct call the_call(void);
bool has(enum recover_effect_kind kind);
/* Answers the last step's call. */
void answers(enum status status);
/* The last step's call is a read; it succeeds. */
void reads(void);
/* Time passes, then a tick. */
void later(struct duration by);

/* What the world shows: after a reboot or a start that worked, or while the instance goes down. */
void comes_up_anew(void);
void goes_down(enum instance_state to);

/* Drives a new run until the call that changes something is out; answers that call. */
struct call until_called(enum rung rung);
struct call until_stop_called(void);
struct call until_force_called(void);
struct call until_start_called(void);

#endif
