/* What `earctl status`, `instances`, `instance show` and `predictions` print, from a snapshot. */
#ifndef EAR_AGGREGATOR_REPORT_FLEET_REPORT_H
#define EAR_AGGREGATOR_REPORT_FLEET_REPORT_H

#include "aggregator/report/table.h"
#include "common/model/fleet.h"

#define REPORT_HINT_SIZE 256

/* Which members a list shows. Zeroes = all. */
struct fleet_filter {
    char zone[24];
    char only[16];     /* "unhealthy", "predicted", "silent", "recovering", "unknown"; "" = any */
    bool hide_healthy; /* status without --all: says how many it hid */
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

/* "1b" of "eu-west-1b". Borrowed from `zone`. */
const char *report_short_zone(const char *zone);

/* The member named by id, or by Name tag when just one has it. STATUS_NOT_FOUND, or STATUS_EXISTS
 * when the name is not unique; `hint_out[REPORT_HINT_SIZE]` then holds the nearest name, or the
 * ids. */
enum status report_find(const struct fleet_snapshot *snapshot, const char *name,
                        const struct member_summary **member_out, char *hint_out) MUST_USE;

/* Whether people should look: neither healthy nor resting after a success of ours. */
bool report_is_problem(const struct member_summary *member);
/* Worst state of the fleet as INTERFACES 2.3's exit code: 0, 3 (not healthy) or 10 (predicted). */
int report_exit_code(const struct fleet_snapshot *snapshot);
int report_member_exit_code(const struct member_summary *member);

/* A prediction as a JSON object; null when there is none. */
struct json_writer;
void report_prediction_json(struct json_writer *json, const char *key,
                            const struct prediction *prediction);

/* The engine's answer to a person as JSON: {"schema":"ear.reply/1","exit":6,"lines":[...]}. */
void report_reply_json(int exit_code, const char *text, struct text *out);

#endif
