/* recoveries, report, audit: rows of the store, rendered. Worker's thread; a read waits for the
 * store's own. */
#include <string.h>

#include "aggregator/control/handlers.h"
#include "aggregator/report/week.h"
#include "aggregator/store/audit.h"
#include "common/base/json_write.h"
#include "common/base/printable.h"
#include "common/sys/clock.h"

#define CHARTED_INSTANCES 6

/* Rows of one read; zeroes = none. */
struct rows_read {
    struct record *records;
    size_t count;
};

static void free_rows(struct rows_read *rows) { store_records_free(rows->records, rows->count); }

static void reverse(struct rows_read *rows) {
    for (size_t i = 0; i < rows->count / 2; i++) {
        struct record row = rows->records[i];
        rows->records[i] = rows->records[rows->count - 1 - i];
        rows->records[rows->count - 1 - i] = row;
    }
}

/* Rows from `from` on (0 = all). Where there are more than one read gives, the newest are taken,
 * and the message says so. */
static int read_rows(struct request *request, enum record_table table, struct wall_time from,
                     bool newest_first, struct rows_read *rows_out) {
    struct store_query query = {
        .table = table, .newest_first = true, .limit = STORE_QUERY_ROWS_MAX};
    if (from.ms > 0) wall_format_ms(from, query.from);
    enum status status = store_read(control_options(request->control)->store, &query,
                                    &rows_out->records, &rows_out->count);
    if (status != STATUS_OK)
        return request_fail(request, EXIT_CODE_FAILED, "the store cannot be read",
                            status_text(status));
    if (rows_out->count == query.limit)
        (void)request_fail(request, 0, "only the newest 10,000 rows are shown",
                           record_table_name(table));
    if (!newest_first) reverse(rows_out);
    return 0;
}

static int since_option(struct request *request, struct wall_time *from_out) {
    struct duration since;
    if (request_duration(request, "since", duration_ms(HANDLERS_WEEK_MS), &since) != STATUS_OK)
        return EXIT_CODE_USAGE;
    *from_out = wall_add(sys_now().wall, duration_ms(-since.ms));
    if (from_out->ms < 1) from_out->ms = 1;
    return 0;
}

int do_recoveries(struct request *request, struct text *out) {
    struct rows_read rows CLEANUP(free_rows) = {.count = 0};
    struct wall_time from;
    char wanted[24];
    if (request_text(request, "status", wanted, sizeof wanted) != STATUS_OK) return EXIT_CODE_USAGE;
    int code = since_option(request, &from);
    if (code == 0) code = read_rows(request, RECORD_RECOVERY_EVENTS, from, false, &rows);
    if (code != 0) return code;
    return written(request,
                   report_recoveries(rows.records, rows.count, wanted, &request->view, out));
}

int do_recoveries_show(struct request *request, struct text *out) {
    struct rows_read rows CLEANUP(free_rows) = {.count = 0};
    int code = read_rows(request, RECORD_RECOVERY_EVENTS, (struct wall_time){0}, false, &rows);
    if (code != 0) return code;
    enum status status =
        report_recovery(rows.records, rows.count, request->first, &request->view, out);
    if (status == STATUS_NOT_FOUND)
        return request_fail(request, EXIT_CODE_NOT_FOUND, "no such recovery", request->first);
    return written(request, status);
}

int do_audit(struct request *request, struct text *out) {
    struct rows_read rows CLEANUP(free_rows) = {.count = 0};
    struct wall_time from;
    int code = since_option(request, &from);
    if (code == 0) code = read_rows(request, RECORD_AUDIT, from, true, &rows);
    if (code != 0) return code;
    return written(request, report_audit(rows.records, rows.count, &request->view, out));
}

static void write_verdict_json(const struct audit_report *report, struct text *out) {
    struct json_writer json = json_writer_over(out);
    json_open_object(&json, NULL);
    json_string(&json, "schema", "ear.audit-verify/1");
    json_bool(&json, "intact", report->intact);
    json_integer(&json, "rows", report->rows);
    json_integer(&json, "chains", report->writers);
    json_integer(&json, "signed_heads", report->heads);
    json_string(&json, "fault", report->place);
    json_close_object(&json);
    text_add(out, "\n");
}

static void write_verdict(const struct request *request, const struct audit_report *report,
                          struct text *out) {
    if (request->view.format == REPORT_JSON) {
        write_verdict_json(report, out);
        return;
    }
    text_add(out, report->intact ? "intact: " : "NOT INTACT: ");
    text_add_integer(out, report->rows);
    text_add(out, " rows in ");
    text_add_integer(out, report->writers);
    text_add(out, " chains, ");
    text_add_integer(out, report->heads);
    text_add(out, " signed heads\n");
    if (report->intact) return;
    printable_add(out, report->place, request->view.ascii); /* whoever changed rows chose it */
    text_add(out, "\n");
}

int do_audit_verify(struct request *request, struct text *out) {
    const struct control_options *o = control_options(request->control);
    struct audit_report report;
    enum status status =
        audit_verify(o->audit_database, o->audit_heads, o->audit_public_key, &report);
    if (status == STATUS_NOT_FOUND)
        return request_fail(request, EXIT_CODE_FAILED,
                            "nothing to verify yet: no head has been signed", o->audit_heads);
    if (status != STATUS_OK)
        return request_fail(request, EXIT_CODE_FAILED, "cannot verify", status_text(status));
    write_verdict(request, &report, out);
    return report.intact ? 0 : EXIT_CODE_FAILED;
}

/* --- the week --- */

static void chart_member(struct request *request, struct week *week,
                         const struct member_summary *member, enum metric metric) {
    float values[WEEK_CHART_POINTS];
    size_t points = read_series(request, &member->facts.id, metric_row(metric)->name,
                                duration_ms(HANDLERS_WEEK_MS), values, WEEK_CHART_POINTS);
    if (points != WEEK_CHART_POINTS) return;
    struct week_chart *chart = week_add_chart(week, &member->facts, metric, 90.0);
    if (chart != NULL) memcpy(chart->values, values, sizeof values);
}

/* Charts of the worst instances: those that a reader asks about first. */
static void add_charts(struct request *request, struct week *week) {
    static const enum metric charted[] = {METRIC_MEM_USED, METRIC_DISK_USED, METRIC_CPU_USER,
                                          METRIC_SERVICE_MEMORY_USED};
    for (size_t i = 0; i < week->fleet->count && i < CHARTED_INSTANCES; i++)
        for (size_t m = 0; m < ARRAY_LENGTH(charted); m++)
            chart_member(request, week, &week->fleet->members[i], charted[m]);
}

int do_report(struct request *request, struct text *out) {
    struct fleet_snapshot *snapshot CLEANUP(snapshot_free) = NULL;
    struct rows_read recoveries CLEANUP(free_rows) = {.count = 0};
    struct rows_read predictions CLEANUP(free_rows) = {.count = 0};
    struct rows_read audit CLEANUP(free_rows) = {.count = 0};
    struct week *week CLEANUP(week_cleanup) = NULL;
    struct wall_time to = sys_now().wall, from = wall_add(to, duration_ms(-HANDLERS_WEEK_MS));
    struct wall_time before = wall_add(from, duration_ms(-HANDLERS_WEEK_MS));
    int code = take_snapshot(request, &snapshot);
    if (code == 0) code = read_rows(request, RECORD_RECOVERY_EVENTS, before, false, &recoveries);
    if (code == 0) code = read_rows(request, RECORD_PREDICTION_EVENTS, before, false, &predictions);
    if (code == 0) code = read_rows(request, RECORD_AUDIT, before, false, &audit);
    if (code == 0)
        code = written(request, week_create(from, to, snapshot, recoveries.records,
                                            recoveries.count, predictions.records,
                                            predictions.count, audit.records, audit.count, &week));
    if (code != 0) return code;
    if (request->view.format == REPORT_HTML) add_charts(request, week);
    return written(request, week_write(week, &request->view, out));
}
