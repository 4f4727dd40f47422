/* The history of recoveries: rows of the recovery-events table read back, joined by workflow. */
#ifndef EAR_AGGREGATOR_REPORT_RECOVERIES_H
#define EAR_AGGREGATOR_REPORT_RECOVERIES_H

#include "aggregator/report/table.h"
#include "common/model/record.h"

/* One row of recovery-events (SPEC 21, 28), attributes as aggregator/engine/rows.c writes them.
 * Missing ones are empty. */
struct recovery_row {
    char workflow_id[64], instance_id[24], event_type[24], status[24], action[40], step[24];
    char actor[64], unit[64], cause[192], evidence[288], result[288];
    struct wall_time at;
    struct wall_time started; /* of the action's start row */
};

/* One workflow: its first row, and the last one so far. An incident may climb over several actions:
 * it has ended when its last row says so. */
struct recovery {
    struct recovery_row start, last;
    size_t row_count;
    bool ended; /* success or failed */
};

/* Seconds from its first start to its last end; NaN while it is open. */
double recovery_took_s(const struct recovery *recovery);

/* STATUS_MALFORMED names the member in `place_out[64]`. */
enum status recovery_row_read(const struct record *record, struct recovery_row *row_out,
                              char *place_out) MUST_USE;

/* Joins rows (oldest first) into workflows, newest start first. Heap, freed by the caller. Rows
 * that cannot be read are counted in `*unreadable_out`, never dropped in silence. */
enum status recoveries_join(const struct record *records, size_t count,
                            struct recovery **recoveries_out, size_t *recovery_count_out,
                            size_t *unreadable_out) MUST_USE;

/* `earctl recoveries`: one line a workflow; only those of status `wanted`, when that is not empty.
 */
enum status report_recoveries(const struct record *records, size_t count, const char *wanted,
                              const struct report_view *view, struct text *out) MUST_USE;

/* `earctl recoveries show ID`: each row of one workflow in order. STATUS_NOT_FOUND. */
enum status report_recovery(const struct record *records, size_t count, const char *workflow_id,
                            const struct report_view *view, struct text *out) MUST_USE;

/* `earctl audit`: the trail in the order given; JSON is the rows as they were written, one a line.
 */
enum status report_audit(const struct record *records, size_t count, const struct report_view *view,
                         struct text *out) MUST_USE;

#endif
