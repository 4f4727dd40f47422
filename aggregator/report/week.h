/* The week's report: one data object, filled from the store, a snapshot and the history, and
 * written as text, JSON, CSV or one self-contained HTML file with inline SVG charts (no script,
 * prints to A4). All formats show the same totals (INTERFACES 8). */
#ifndef EAR_AGGREGATOR_REPORT_WEEK_H
#define EAR_AGGREGATOR_REPORT_WEEK_H

#include "aggregator/report/recoveries.h"
#include "common/model/fleet.h"

#define WEEK_CHART_POINTS 336 /* half-hours of seven days */
#define WEEK_CHARTS_MAX   24
#define WEEK_RULES_MAX    32
#define WEEK_ACTIONS_MAX  16

struct week_chart {
    char instance_id[24], name[INSTANCE_NAME_SIZE], metric[40], unit[16];
    float values[WEEK_CHART_POINTS]; /* NaN = nothing said */
    double limit;                    /* NaN = none */
};

struct week_action {
    char action[40];
    uint32_t tried, succeeded, failed, open;
};

struct week_rule {
    char rule[32];
    uint32_t refused;
};

struct week_prediction {
    char instance_id[24], kind[32], label[16];
    struct wall_time at;
    double score;
    char factors[256], window[64], outcome[24];
};

/* About 60 KiB and the arrays below: heap. */
struct week {
    struct wall_time from, to;
    const struct fleet_snapshot *fleet; /* borrowed */
    struct recovery *recoveries;        /* owned, newest first */
    size_t recovery_count, unreadable;
    struct week_prediction *predictions; /* owned, newest first */
    size_t prediction_count;
    uint32_t automatic, by_person; /* recoveries by who started them */
    double median_s, p95_s;        /* of ended recoveries; NaN = none ended */
    size_t action_count;
    struct week_action actions[WEEK_ACTIONS_MAX];
    size_t rule_count;
    struct week_rule rules[WEEK_RULES_MAX];
    size_t chart_count;
    struct week_chart charts[WEEK_CHARTS_MAX];
};

/* Stored rows (oldest first) of the time [from, to]. `fleet` is borrowed for the week's life. */
enum status week_create(struct wall_time from, struct wall_time to,
                        const struct fleet_snapshot *fleet, const struct record *recoveries,
                        size_t recovery_count, const struct record *predictions,
                        size_t prediction_count, const struct record *audit, size_t audit_count,
                        struct week **week_out) MUST_USE;
void week_destroy(struct week *week); /* NULL is fine */
void week_cleanup(struct week **week);

/* A place for the next chart, all NaN, or NULL when there are WEEK_CHARTS_MAX. */
struct week_chart *week_add_chart(struct week *week, const struct instance_facts *facts,
                                  enum metric metric, double limit);

void week_write(const struct week *week, const struct report_view *view, struct text *out);
void week_write_html(const struct week *week, const struct report_view *view, struct text *out);

#endif
