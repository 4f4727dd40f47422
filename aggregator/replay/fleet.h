/* The instances of a replay: one prediction row each, stepped by the data's clock. Private to
 * aggregator/replay. */
#ifndef EAR_AGGREGATOR_REPLAY_FLEET_H
#define EAR_AGGREGATOR_REPLAY_FLEET_H

#include <stdio.h>

#include "aggregator/predict/predict.h"

#define FLEET_INSTANCES_MAX 20000
#define FLEET_GAP_DAYS_MAX  31 /* a longer time without any sample gets no rows */

struct fleet;

/* out  where rows go; borrowed */
enum status fleet_create(const struct predict_settings *settings, FILE *out,
                         struct fleet **fleet_out) MUST_USE;
void fleet_destroy(struct fleet *fleet);
/* Moves the clock to `at`, scoring every instance at each step's end on the way. Never back. */
void fleet_advance(struct fleet *fleet, struct wall_time at);
/* Notes a value of the clock's moment; given twice for one metric, the larger one counts, so that
 * the order of files changes nothing. STATUS_FULL, STATUS_NO_MEMORY. */
enum status fleet_note(struct fleet *fleet, const struct instance_id *instance, enum metric metric,
                       float value) MUST_USE;
/* Notes that an instance reported, whatever it said. */
enum status fleet_arrive(struct fleet *fleet, const struct instance_id *instance) MUST_USE;
size_t fleet_count(const struct fleet *fleet);
uint64_t fleet_scores(const struct fleet *fleet);

#endif
