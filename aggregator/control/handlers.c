/* What each verb does on the aggregator's side. Reads come from the store, the rows and a snapshot
 * of the engine; whatever acts is an event to the engine, which answers by the same rules as for
 * itself (SPEC 149). Worker's thread. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/control/request.h"
#include "aggregator/report/fleet_report.h"
#include "aggregator/report/week.h"
#include "aggregator/store/audit.h"
#include "common/base/json_write.h"
#include "common/sys/clock.h"

#define WEEK_MS           (7LL * 86400000)
#define SERIES_POINTS     48
#define CHARTED_INSTANCES 6
#define USAGE             2
#define NOT_PERMITTED     4
#define NO_SUCH           5

static int fail(struct request *request, int code, const char *what, const char *detail) {
    struct text text = text_over(request->message, sizeof request->message);
    text_add(&text, what);
    if (detail != NULL && detail[0] != '\0') {
        text_add(&text, ": ");
        text_add(&text, detail);
    }
    return code;
}

static struct event *operator_event(enum operator_verb verb) {
    struct event *event = calloc(1, sizeof *event);
    if (event == NULL) return NULL;
    event->kind = EVENT_OPERATOR;
    event->operator.verb = verb;
    return event;
}

/* --- snapshots --- */

static void free_snapshot(struct fleet_snapshot **snapshot) {
    if (*snapshot == NULL) return;
    free((*snapshot)->members);
    free(*snapshot);
}

static int take_snapshot(struct request *request, struct fleet_snapshot **snapshot_out) {
    struct effect_reply reply = {.token = 0};
    int code = request_ask_engine(request, operator_event(OPERATOR_SNAPSHOT), &reply);
    if (code != 0) return code;
    if (reply.snapshot == NULL) return fail(request, 1, "the engine gave no snapshot", reply.text);
    *snapshot_out = reply.snapshot;
    return 0;
}

static int read_filter(struct request *request, struct fleet_filter *filter) {
    char sort[16];
    double least = 0;
    if (request_text(request, "az", filter->zone, sizeof filter->zone) != STATUS_OK ||
        request_text(request, "only", filter->only, sizeof filter->only) != STATUS_OK ||
        request_text(request, "sort", sort, sizeof sort) != STATUS_OK ||
        request_number(request, "min-confidence", 0, 1, 0, &least) != STATUS_OK)
        return USAGE;
    filter->confidence_min = (float)least;
    filter->sort = strcmp(sort, "name") == 0 ? FLEET_SORT_NAME
                   : strcmp(sort, "az") == 0 ? FLEET_SORT_ZONE
                                             : FLEET_SORT_RISK;
    return 0;
}

typedef enum status (*fleet_writer)(const struct fleet_snapshot *, const struct fleet_filter *,
                                    const struct report_view *, struct text *);

static int write_fleet(struct request *request, struct text *out, fleet_writer write,
                       struct fleet_filter filter) {
    struct fleet_snapshot *snapshot CLEANUP(free_snapshot) = NULL;
    int code = read_filter(request, &filter);
    if (code == 0) code = take_snapshot(request, &snapshot);
    if (code != 0) return code;
    enum status status = write(snapshot, &filter, &request->view, out);
    if (status != STATUS_OK) return fail(request, 1, "cannot write", status_text(status));
    return request_flag(request, "exit-code") ? report_exit_code(snapshot) : 0;
}

static int do_status(struct request *request, struct text *out) {
    struct fleet_filter filter = {.hide_healthy = !request_flag(request, "all")};
    return write_fleet(request, out, report_status, filter);
}

static int do_instances(struct request *request, struct text *out) {
    return write_fleet(request, out, report_instances, (struct fleet_filter){.zone = ""});
}

static int do_predictions(struct request *request, struct text *out) {
    return write_fleet(request, out, report_predictions, (struct fleet_filter){.zone = ""});
}

static int find_member(struct request *request, const struct fleet_snapshot *snapshot,
                       const struct member_summary **member_out) {
    char hint[192];
    enum status status = report_find(snapshot, request->first, member_out, hint);
    if (status == STATUS_OK) return 0;
    char what[REQUEST_WORD_SIZE + 32];
    struct text text = text_over(what, sizeof what);
    text_add(&text, status == STATUS_EXISTS ? "not unique: " : "no such instance: ");
    text_add(&text, request->first);
    return fail(request, NO_SUCH, what, hint);
}

/* The worst moments of each point: peaks must not vanish in a mean. */
static size_t read_series(struct request *request, const struct instance_id *instance,
                          const char *metric, struct duration since, float *values, size_t count) {
    struct history_point *points = calloc(count, sizeof *points);
    int64_t to = sys_now().wall.ms / 60000 + 1, from = to - since.ms / 60000;
    if (points == NULL) return 0;
    enum status status = rows_window(control_options(request->control)->rows, instance, metric,
                                     NULL, from, to, points, (uint32_t)count);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) values[i] = points[i].most;
    free(points);
    return status == STATUS_OK ? count : 0;
}

static int do_instance_show(struct request *request, struct text *out) {
    static const enum metric shown[] = {METRIC_CPU_USER,  METRIC_MEM_USED,
                                        METRIC_DISK_USED, METRIC_DISKIO_AWAIT,
                                        METRIC_FD_USED,   METRIC_SERVICE_MEMORY_USED};
    struct fleet_snapshot *snapshot CLEANUP(free_snapshot) = NULL;
    const struct member_summary *member;
    struct report_series series[ARRAY_LENGTH(shown) + 1];
    float values[ARRAY_LENGTH(shown) + 1][SERIES_POINTS];
    char wanted[40];
    struct duration since;
    size_t count = 0;
    if (request_duration(request, "since", duration_ms(WEEK_MS), &since) != STATUS_OK ||
        request_text(request, "metric", wanted, sizeof wanted) != STATUS_OK)
        return USAGE;
    int code = take_snapshot(request, &snapshot);
    if (code == 0) code = find_member(request, snapshot, &member);
    if (code != 0) return code;
    for (size_t i = 0; i < ARRAY_LENGTH(shown); i++) {
        const char *metric = wanted[0] != '\0' ? wanted : metric_row(shown[i])->name;
        size_t points =
            read_series(request, &member->facts.id, metric, since, values[count], SERIES_POINTS);
        if (points > 0) series[count] = (struct report_series){metric, values[count], points};
        count += points > 0;
        if (wanted[0] != '\0') break;
    }
    enum status status = report_instance(member, series, count, &request->view, out);
    if (status != STATUS_OK) return fail(request, 1, "cannot write", status_text(status));
    return request_flag(request, "exit-code") ? report_member_exit_code(member) : 0;
}

/* --- the store --- */

/* Rows of one read; zeroes = none. */
struct rows_read {
    struct record *records;
    size_t count;
};

static void free_rows(struct rows_read *rows) { store_records_free(rows->records, rows->count); }

static int read_rows(struct request *request, enum record_table table, struct wall_time from,
                     bool newest_first, size_t limit, struct rows_read *rows_out) {
    struct store_query query = {.table = table, .newest_first = newest_first, .limit = limit};
    if (from.ms > 0) wall_format_ms(from, query.from);
    enum status status = store_read(control_options(request->control)->store, &query,
                                    &rows_out->records, &rows_out->count);
    if (status == STATUS_OK) return 0;
    return fail(request, 1, "the store cannot be read", status_text(status));
}

static int since_option(struct request *request, struct wall_time *from_out) {
    struct duration since;
    if (request_duration(request, "since", duration_ms(WEEK_MS), &since) != STATUS_OK) return USAGE;
    *from_out = wall_add(sys_now().wall, duration_ms(-since.ms));
    if (from_out->ms < 1) from_out->ms = 1;
    return 0;
}

static int do_recoveries(struct request *request, struct text *out) {
    struct rows_read rows CLEANUP(free_rows) = {.count = 0};
    struct wall_time from;
    char status_word[24];
    if (request_text(request, "status", status_word, sizeof status_word) != STATUS_OK) return USAGE;
    int code = since_option(request, &from);
    if (code == 0)
        code = read_rows(request, RECORD_RECOVERY_EVENTS, from, false, STORE_QUERY_ROWS_MAX, &rows);
    if (code != 0) return code;
    enum status status =
        report_recoveries(rows.records, rows.count, status_word, &request->view, out);
    return status == STATUS_OK ? 0 : fail(request, 1, "cannot write", status_text(status));
}

static int do_recoveries_show(struct request *request, struct text *out) {
    struct rows_read rows CLEANUP(free_rows) = {.count = 0};
    int code = read_rows(request, RECORD_RECOVERY_EVENTS, (struct wall_time){0}, false,
                         STORE_QUERY_ROWS_MAX, &rows);
    if (code != 0) return code;
    enum status status =
        report_recovery(rows.records, rows.count, request->first, &request->view, out);
    if (status == STATUS_NOT_FOUND)
        return fail(request, NO_SUCH, "no such recovery", request->first);
    return status == STATUS_OK ? 0 : fail(request, 1, "cannot write", status_text(status));
}

static int do_audit(struct request *request, struct text *out) {
    struct rows_read rows CLEANUP(free_rows) = {.count = 0};
    struct wall_time from;
    int code = since_option(request, &from);
    if (code == 0) code = read_rows(request, RECORD_AUDIT, from, true, STORE_QUERY_ROWS_MAX, &rows);
    if (code != 0) return code;
    enum status status = report_audit(rows.records, rows.count, &request->view, out);
    return status == STATUS_OK ? 0 : fail(request, 1, "cannot write", status_text(status));
}

static void write_verdict(const struct request *request, const struct audit_report *report,
                          struct text *out) {
    if (request->view.format == REPORT_JSON) {
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
    text_add(out, report->place);
    text_add(out, "\n");
}

static int do_audit_verify(struct request *request, struct text *out) {
    const struct control_options *o = control_options(request->control);
    struct audit_report report;
    enum status status =
        audit_verify(o->audit_database, o->audit_heads, o->audit_public_key, &report);
    if (status == STATUS_NOT_FOUND)
        return fail(request, 1, "nothing to verify yet: no head has been signed", o->audit_heads);
    if (status != STATUS_OK) return fail(request, 1, "cannot verify", status_text(status));
    write_verdict(request, &report, out);
    return report.intact ? 0 : 1;
}

/* --- the week --- */

static void chart_member(struct request *request, struct week *week,
                         const struct member_summary *member, enum metric metric) {
    float values[WEEK_CHART_POINTS];
    size_t points = read_series(request, &member->facts.id, metric_row(metric)->name,
                                duration_ms(WEEK_MS), values, WEEK_CHART_POINTS);
    bool any = false;
    for (size_t i = 0; i < points; i++) any = any || values[i] == values[i];
    if (!any) return;
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

static int do_report(struct request *request, struct text *out) {
    struct fleet_snapshot *snapshot CLEANUP(free_snapshot) = NULL;
    struct rows_read recoveries CLEANUP(free_rows) = {.count = 0};
    struct rows_read predictions CLEANUP(free_rows) = {.count = 0};
    struct rows_read audit CLEANUP(free_rows) = {.count = 0};
    struct week *week CLEANUP(week_cleanup) = NULL;
    struct wall_time to = sys_now().wall, from = wall_add(to, duration_ms(-WEEK_MS));
    size_t most = STORE_QUERY_ROWS_MAX;
    int code = take_snapshot(request, &snapshot);
    if (code == 0)
        code = read_rows(request, RECORD_RECOVERY_EVENTS, from, false, most, &recoveries);
    if (code == 0)
        code = read_rows(request, RECORD_PREDICTION_EVENTS, from, false, most, &predictions);
    if (code == 0) code = read_rows(request, RECORD_AUDIT, from, false, most, &audit);
    if (code != 0) return code;
    enum status status =
        week_create(from, to, snapshot, recoveries.records, recoveries.count, predictions.records,
                    predictions.count, audit.records, audit.count, &week);
    if (status != STATUS_OK) return fail(request, 1, "cannot write", status_text(status));
    if (request->view.format == REPORT_HTML) add_charts(request, week);
    week_write(week, &request->view, out);
    return 0;
}

/* --- what acts --- */

static int post_action(struct request *request, struct event *event, struct text *out) {
    struct effect_reply reply = {.token = 0};
    int code = request_ask_engine(request, event, &reply);
    if (code != 0) return code;
    free(reply.snapshot);
    text_add(out, reply.text);
    return reply.exit_code;
}

static int need_operator(struct request *request) {
    if (request->may_act) return 0;
    return fail(request, NOT_PERMITTED, "not permitted: your user may read but not act",
                control_options(request->control)->act_group);
}

static int do_recover(struct request *request, struct text *out) {
    struct fleet_snapshot *snapshot CLEANUP(free_snapshot) = NULL;
    const struct member_summary *member;
    char action[32], reason[160], unit[UNIT_NAME_SIZE];
    if (request_text(request, "action", action, sizeof action) != STATUS_OK ||
        request_text(request, "reason", reason, sizeof reason) != STATUS_OK ||
        request_text(request, "unit", unit, sizeof unit) != STATUS_OK)
        return USAGE;
    enum rung rung = rung_find(action);
    if (rung == RUNG_NONE)
        return fail(request, USAGE, "--action wants restart-service, reboot or stop-start", action);
    if (request_flag(request, "dry-run")) reason[0] = '\0';
    int code = reason[0] == '\0' ? 0 : need_operator(request);
    if (code == 0) code = take_snapshot(request, &snapshot);
    if (code == 0) code = find_member(request, snapshot, &member);
    if (code != 0) return code;
    struct event *event = operator_event(OPERATOR_RECOVER);
    if (event == NULL) return fail(request, 1, "out of memory", NULL);
    event->instance = member->facts.id;
    event->operator.rung = rung;
    memcpy(event->operator.unit, unit, sizeof unit);
    memcpy(event->operator.reason, reason, sizeof reason);
    return post_action(request, event, out);
}

static int do_pause(struct request *request, struct text *out) {
    struct duration span;
    char reason[160];
    if (request_text(request, "reason", reason, sizeof reason) != STATUS_OK ||
        request_duration(request, "for", duration_ms(0), &span) != STATUS_OK)
        return USAGE;
    if (reason[0] == '\0')
        return fail(request, USAGE, "--reason is needed: the audit keeps it", NULL);
    int code = need_operator(request);
    if (code != 0) return code;
    struct event *event = operator_event(OPERATOR_PAUSE);
    if (event == NULL) return fail(request, 1, "out of memory", NULL);
    event->operator.pause_for = span;
    memcpy(event->operator.reason, reason, sizeof reason);
    return post_action(request, event, out);
}

static int do_resume(struct request *request, struct text *out) {
    char reason[160];
    if (request_text(request, "reason", reason, sizeof reason) != STATUS_OK) return USAGE;
    int code = need_operator(request);
    if (code != 0) return code;
    struct event *event = operator_event(OPERATOR_RESUME);
    if (event == NULL) return fail(request, 1, "out of memory", NULL);
    memcpy(event->operator.reason, reason, sizeof reason);
    return post_action(request, event, out);
}

static int do_acknowledge(struct request *request, struct text *out) {
    int code = need_operator(request);
    if (code != 0) return code;
    struct event *event = operator_event(OPERATOR_ACKNOWLEDGE);
    if (event == NULL) return fail(request, 1, "out of memory", NULL);
    enum status status =
        text_copy(event->operator.record.text, sizeof event->operator.record.text, request->first);
    if (status != STATUS_OK) {
        free(event);
        return fail(request, NO_SUCH, "no such recovery", request->first);
    }
    return post_action(request, event, out);
}

static int do_config_show(struct request *request, struct text *out) {
    const struct control_options *o = control_options(request->control);
    o->show_config(o->context, out);
    return 0;
}

static const struct {
    const char *verb;
    int (*run)(struct request *request, struct text *out);
} handlers[] = {
    {"status", do_status},
    {"instances", do_instances},
    {"instance show", do_instance_show},
    {"predictions", do_predictions},
    {"recoveries", do_recoveries},
    {"recoveries show", do_recoveries_show},
    {"recoveries ack", do_acknowledge},
    {"recover", do_recover},
    {"pause", do_pause},
    {"resume", do_resume},
    {"report", do_report},
    {"audit", do_audit},
    {"audit verify", do_audit_verify},
    {"config show", do_config_show},
};

const char *handler_verb(size_t index) {
    return index < ARRAY_LENGTH(handlers) ? handlers[index].verb : NULL;
}

int handle_request(struct request *request, struct text *out) {
    for (size_t i = 0; i < ARRAY_LENGTH(handlers); i++)
        if (strcmp(handlers[i].verb, request->verb) == 0) return handlers[i].run(request, out);
    return fail(request, USAGE, "this aggregator does not know the verb", request->verb);
}
