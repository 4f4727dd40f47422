/* The week's report: one data object, filled from the store, a snapshot and the history, and
 * written as text, JSON, CSV or one self-contained HTML file with inline SVG charts (no script,
 * prints to A4). All formats show the same totals, with the week before beside (INTERFACES 8). */
#ifndef EAR_AGGREGATOR_REPORT_WEEK_H
#define EAR_AGGREGATOR_REPORT_WEEK_H

#include "aggregator/report/recoveries.h"
#include "common/model/fleet.h"

#define WEEK_CHART_POINTS  336 /* half-hours of seven days */
#define WEEK_CHARTS_MAX    24
#define WEEK_RULES_MAX     64
#define WEEK_ACTIONS_MAX   16
#define WEEK_ATTENTION_MAX 32
#define WEEK_FLAPS         3                    /* recoveries of one instance that deserve a look */
#define WEEK_SILENT_MS     (60LL * 60LL * 1000) /* silence that does */

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
    struct wall_time earliest, likely, latest; /* of the failure; 0 = not said */
    double score;                              /* NaN = not said */
    char factors[256], outcome[24];
};

struct week_attention {
    char instance_id[24];
    char text[160];
};

struct week_totals {
    uint32_t recoveries, automatic, by_person; /* recoveries by who started them */
    uint32_t succeeded, failed;
    uint32_t predictions;
    uint32_t refusals;      /* decisions not to act */
    double median_s, p95_s; /* of ended recoveries; NaN = none ended */
};

/* About 60 KiB and the arrays below: heap. */
struct week {
    struct wall_time from, to;
    const struct fleet_snapshot *fleet; /* borrowed */
    struct week_totals now, before;     /* [from, to], and as long before */
    struct recovery *recoveries;        /* owned, newest first; the week's own */
    size_t recovery_count, unreadable;
    struct week_prediction *predictions; /* owned, newest first; the week's own */
    size_t prediction_count;
    size_t action_count;
    struct week_action actions[WEEK_ACTIONS_MAX];
    size_t rule_count;
    struct week_rule rules[WEEK_RULES_MAX];
    size_t attention_count;
    struct week_attention attention[WEEK_ATTENTION_MAX];
    size_t chart_count;
    struct week_chart charts[WEEK_CHARTS_MAX];
};

/* Stored rows, oldest first, of [from - (to - from), to]. `fleet` is borrowed for the week's life.
 */
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

/* The totals as rows of numbers, so that no format leaves one out. */
struct week_total_row {
    const char *key, *title; /* "median_s", "median, seconds" */
    double now, before;      /* NaN = nothing to say */
    unsigned decimals;
};
#define WEEK_TOTAL_ROWS 10
void week_total_rows(const struct week *week, struct week_total_row rows_out[WEEK_TOTAL_ROWS]);

enum status week_write(const struct week *week, const struct report_view *view,
                       struct text *out) MUST_USE;
void week_write_html(const struct week *week, const struct report_view *view, struct text *out);

#endif
