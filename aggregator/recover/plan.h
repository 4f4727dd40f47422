/* The plans' tables; private to this folder. */
#ifndef EAR_AGGREGATOR_RECOVER_PLAN_H
#define EAR_AGGREGATOR_RECOVER_PLAN_H

#include "aggregator/recover/recover.h"
#include "common/base/text.h"

extern const recover_table recover_restart_service;
extern const recover_table recover_reboot;
/* One table a leg: stop, stop by force, start. */
extern const recover_table recover_stop_start[RECOVER_LEG_COUNT];

/* recover_classify.c: what the event means to the run in its present state. */
enum recover_input recover_classify(const struct recover_policy *policy,
                                    const struct recover_run *run,
                                    const struct recover_event *event);
/* Whether the evidence proves the rung's effect; `reason` says what is still missing. */
bool recover_proven(const struct recover_run *run, const struct recover_evidence *evidence,
                    struct text *reason);
/* Whether the instance is well now, whatever proves the rung. */
bool recover_well(const struct recover_run *run, const struct recover_evidence *evidence);

/* recover_act.c: carries out a cell's action. */
void recover_act(const struct recover_policy *policy, struct recover_run *run,
                 const struct recover_cell *cell, const struct recover_event *event,
                 struct recover_effects *effects);

#endif
