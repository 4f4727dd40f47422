/* What each verb does on the aggregator's side, and what the handlers share. Private to this
 * folder; worker's thread. Each fills the document and gives the exit code. */
#ifndef EAR_AGGREGATOR_CONTROL_HANDLERS_H
#define EAR_AGGREGATOR_CONTROL_HANDLERS_H

#include "aggregator/control/request.h"
#include "aggregator/report/fleet_report.h"
#include "common/sys/exit.h"

#define HANDLERS_WEEK_MS (7LL * 86400000)

/* The fleet and its instances: handlers_fleet.c */
int do_status(struct request *request, struct text *out);
int do_instances(struct request *request, struct text *out);
int do_instance_show(struct request *request, struct text *out);
int do_predictions(struct request *request, struct text *out);
/* What the store keeps: handlers_records.c */
int do_recoveries(struct request *request, struct text *out);
int do_recoveries_show(struct request *request, struct text *out);
int do_report(struct request *request, struct text *out);
int do_audit(struct request *request, struct text *out);
int do_audit_verify(struct request *request, struct text *out);
/* What acts: handlers_act.c */
int do_recover(struct request *request, struct text *out);
int do_acknowledge(struct request *request, struct text *out);
int do_pause(struct request *request, struct text *out);
int do_resume(struct request *request, struct text *out);

/* Heap event of a person, or NULL; request_ask_engine takes it either way. */
struct event *operator_event(enum operator_verb verb);

/* A picture of the fleet from the engine; the caller's, for CLEANUP(snapshot_free). */
int take_snapshot(struct request *request, struct fleet_snapshot **snapshot_out);
void snapshot_free(struct fleet_snapshot **snapshot);
/* The member that the first positional names. */
int find_member(struct request *request, const struct fleet_snapshot *snapshot,
                const struct member_summary **member_out);
/* The worst moments of `span` up to now as at most `size` points, a minute wide at least: peaks do
 * not vanish in a mean. Gives how many; 0 = nothing is known. */
size_t read_series(struct request *request, const struct instance_id *instance, const char *metric,
                   struct duration span, float *values, size_t size);
/* A renderer's status as exit code and message. */
int written(struct request *request, enum status status);

#endif
