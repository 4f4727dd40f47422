/* What `earctl status`, `instances`, `instance show` and `predictions` print, from a snapshot. */
#ifndef EAR_AGGREGATOR_REPORT_FLEET_REPORT_H
#define EAR_AGGREGATOR_REPORT_FLEET_REPORT_H

#include "aggregator/report/table.h"
#include "common/model/fleet.h"

/* Which members a list shows. Zeroes = all. */
struct fleet_filter {
    char zone[24];
    char only[16];        /* "unhealthy", "predicted", "silent", "recovering"; empty = any */
    bool hide_healthy;    /* status without --all: says how many it hid */
    float confidence_min; /* predictions */
    enum { FLEET_SORT_RISK, FLEET_SORT_NAME, FLEET_SORT_ZONE } sort;
};

/* Head with the state of automation and brakes, then the members, problems first. */
enum status report_status(const struct fleet_snapshot *snapshot, const struct fleet_filter *filter,
                          const struct report_view *view, struct text *out) MUST_USE;
enum status report_instances(const struct fleet_snapshot *snapshot,
                             const struct fleet_filter *filter, const struct report_view *view,
                             struct text *out) MUST_USE;
enum status report_predictions(const struct fleet_snapshot *snapshot,
                               const struct fleet_filter *filter, const struct report_view *view,
                               struct text *out) MUST_USE;

/* One series of the last days, for sparklines. */
struct report_series {
    const char *metric;  /* core metric's name */
    const float *values; /* NaN where nothing was said */
    size_t count;
};
/* All that is known of one instance. */
enum status report_instance(const struct member_summary *member, const struct report_series *series,
                            size_t series_count, const struct report_view *view,
                            struct text *out) MUST_USE;

/* The member named by id, or by Name tag when just one has it. STATUS_NOT_FOUND, or STATUS_EXISTS
 * when the name is not unique; `hint_out[192]` then holds the nearest name, or the ids. */
enum status report_find(const struct fleet_snapshot *snapshot, const char *name,
                        const struct member_summary **member_out, char *hint_out) MUST_USE;

/* Worst state of the fleet as INTERFACES 2.3's exit code: 0, 3 (not healthy) or 10 (predicted). */
int report_exit_code(const struct fleet_snapshot *snapshot);
int report_member_exit_code(const struct member_summary *member);

/* "CONFIDENCE", as JSON members: used by status, instance and the week's report. */
struct json_writer;
void report_prediction_json(struct json_writer *json, const char *key,
                            const struct prediction *prediction);

#endif
