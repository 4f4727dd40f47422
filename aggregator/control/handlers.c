/* The table of verbs, and what the handlers share. Reads come from the store, the rows and a
 * snapshot of the engine; whatever acts is an event to the engine, which answers by the same rules
 * as for itself (SPEC 149). Worker's thread. */
#include "aggregator/control/handlers.h"

#include <stdlib.h>
#include <string.h>

#include "common/sys/clock.h"

struct event *operator_event(enum operator_verb verb) {
    struct event *event = calloc(1, sizeof *event);
    if (event == NULL) return NULL;
    event->kind = EVENT_OPERATOR;
    event->operator.verb = verb;
    return event;
}

void snapshot_free(struct fleet_snapshot **snapshot) {
    if (*snapshot == NULL) return;
    free((*snapshot)->members);
    free(*snapshot);
    *snapshot = NULL;
}

/* The engine hears of changes only; when an agent last spoke is the rows' knowledge. */
static void add_last_reports(struct request *request, struct fleet_snapshot *snapshot) {
    struct rows *rows = control_options(request->control)->rows;
    struct rows_snapshot row;
    struct now now = sys_now();
    for (size_t i = 0; i < snapshot->count; i++) {
        struct member_summary *m = &snapshot->members[i];
        if (m->since_report.ms >= 0 && rows_snapshot(rows, &m->facts.id, now, &row) == STATUS_OK &&
            row.since_report.ms >= 0)
            m->since_report = row.since_report;
    }
}

int take_snapshot(struct request *request, struct fleet_snapshot **snapshot_out) {
    struct effect_reply reply = {.token = 0};
    int code = request_ask_engine(request, operator_event(OPERATOR_SNAPSHOT), &reply);
    if (code != 0) return code;
    if (reply.snapshot == NULL)
        return request_fail(request, EXIT_CODE_FAILED, "the engine gave no picture of the fleet",
                            reply.text);
    add_last_reports(request, reply.snapshot);
    *snapshot_out = reply.snapshot;
    return 0;
}

int find_member(struct request *request, const struct fleet_snapshot *snapshot,
                const struct member_summary **member_out) {
    char what[REQUEST_WORD_SIZE + 32], hint[REPORT_HINT_SIZE];
    enum status status = report_find(snapshot, request->first, member_out, hint);
    if (status == STATUS_OK) return 0;
    struct text text = text_over(what, sizeof what);
    text_add(&text, status == STATUS_EXISTS ? "not unique: " : "no such instance: ");
    text_add(&text, request->first);
    return request_fail(request, EXIT_CODE_NOT_FOUND, what, hint);
}

size_t read_series(struct request *request, const struct instance_id *instance, const char *metric,
                   struct duration span, float *values, size_t size) {
    int64_t to = sys_now().wall.ms / 60000 + 1, minutes = span.ms / 60000;
    if (minutes < 1) minutes = 1;
    size_t count = (size_t)minutes < size ? (size_t)minutes : size;
    struct history_point *points = calloc(count, sizeof *points);
    if (points == NULL) return 0;
    enum status status = rows_window(control_options(request->control)->rows, instance, metric,
                                     NULL, to - minutes, to, points, (uint32_t)count);
    bool any = false;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        values[i] = points[i].most;
        any = any || points[i].count > 0;
    }
    free(points);
    return any ? count : 0;
}

int written(struct request *request, enum status status) {
    if (status == STATUS_OK) return 0;
    return request_fail(request, EXIT_CODE_FAILED, "cannot write the answer", status_text(status));
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
    bool page = request->view.format == REPORT_HTML;
    if (page && strcmp(request->verb, "report") != 0)
        return request_fail(request, EXIT_CODE_USAGE, "only `report` is written as HTML", NULL);
    for (size_t i = 0; i < ARRAY_LENGTH(handlers); i++)
        if (strcmp(handlers[i].verb, request->verb) == 0) return handlers[i].run(request, out);
    return request_fail(request, EXIT_CODE_USAGE, "this aggregator does not know the verb",
                        request->verb);
}
