/* One instance for people and machines; pure over its summary. */
#include <math.h>
#include <string.h>

#include "aggregator/report/chart.h"
#include "aggregator/report/fleet_json.h"
#include "aggregator/report/fleet_report.h"
#include "common/base/json_write.h"
#include "common/base/printable.h"

static void add_check_line(struct text *out, const struct check_result *check) {
    text_add(out, "  check ");
    printable_add(out, check->name, false);
    text_add(out, " ");
    text_add(out, check_state_name(check->state));
    if (check->unit[0] != '\0') {
        text_add(out, ", restarts ");
        printable_add(out, check->unit, false);
    }
    if (check->detail[0] != '\0') {
        text_add(out, " (");
        printable_add(out, check->detail, false);
        text_add(out, ")");
    }
    text_add(out, "\n");
}

static void add_prediction_lines(const struct prediction *p, const struct report_view *view,
                                 struct text *out) {
    text_add(out, "Confidence ");
    text_add_fixed(out, (double)p->confidence, 2);
    if (p->kind != FAILURE_NONE) {
        text_add(out, ", ");
        text_add(out, failure_kind_name(p->kind));
    }
    if (p->has_time) {
        text_add(out, ", failure between ");
        report_time(view, p->earliest, out);
        text_add(out, " and ");
        report_time(view, p->latest, out);
        text_add(out, ", most likely ");
        report_time(view, p->likely, out);
    }
    text_add(out, "\n");
    for (size_t i = 0; i < p->reason_count && i < PREDICTION_REASONS_MAX; i++) {
        text_add(out, "  factor ");
        printable_add(out, p->reasons[i].text, false);
        text_add(out, " (");
        text_add_fixed(out, (double)p->reasons[i].share * 100.0, 0);
        text_add(out, " %)\n");
    }
}

static void add_series_line(const struct report_series *series, bool ascii, struct text *out) {
    double last = NAN;
    for (size_t i = 0; i < series->count; i++)
        if (!isnan(series->values[i])) last = (double)series->values[i];
    if (isnan(last)) return;
    text_add(out, "  ");
    printable_add(out, series->metric, false);
    for (size_t i = strlen(series->metric); i < 28; i++) text_add(out, " ");
    chart_sparkline(series->values, series->count, ascii, out);
    text_add(out, "  ");
    text_add_fixed(out, last, 1);
    text_add(out, "\n");
}

static void add_member_head(const struct member_summary *m, struct text *out) {
    char span[CLOCK_RFC3339_SIZE];
    printable_add(out, m->facts.name[0] == '\0' ? "(no name)" : m->facts.name, false);
    text_add(out, "  ");
    text_add(out, m->facts.id.text);
    text_add(out, "  ");
    printable_add(out, m->facts.type, false);
    text_add(out, "  ");
    printable_add(out, m->facts.availability_zone, false);
    text_add(out, "  agent ");
    printable_add(out, m->agent_version[0] == '\0' ? "none" : m->agent_version, false);
    text_add(out, "  last report ");
    text_add(out, m->since_report.ms < 0 ? "never" : duration_format(m->since_report, span));
    text_add(out, m->since_report.ms < 0 ? "\n" : " ago\n");
}

static void add_state_lines(const struct member_summary *m, const struct report_view *view,
                            struct text *out) {
    text_add(out, "State ");
    text_add(out, member_state_name(m->state));
    if (m->state_since.ms != 0) {
        text_add(out, " since ");
        report_time(view, m->state_since, out);
    }
    text_add(out, m->why[0] == '\0' ? "" : ": ");
    printable_add(out, m->why, false);
    text_add(out, "\nEC2 ");
    text_add(out, instance_state_name(m->facts.state));
    text_add(out, ", system check ");
    text_add(out, check_status_name(m->checks.system));
    text_add(out, ", instance check ");
    text_add(out, check_status_name(m->checks.instance));
    if (m->facts.launch_time.ms != 0) {
        text_add(out, ", launched ");
        report_time(view, m->facts.launch_time, out);
    }
    text_add(out, "\n");
}

static void write_json(const struct member_summary *m, const struct report_series *series,
                       size_t series_count, struct text *out) {
    struct json_writer writer = json_writer_over(out), *json = &writer;
    json_open_object(json, NULL);
    json_string(json, "schema", "ear.instance/1");
    fleet_json_member(json, m);
    json_open_array(json, "series");
    for (size_t i = 0; i < series_count; i++) {
        json_open_object(json, NULL);
        json_string(json, "metric", series[i].metric);
        json_open_array(json, "most");
        for (size_t p = 0; p < series[i].count; p++) json_float(json, NULL, series[i].values[p]);
        json_close_array(json);
        json_close_object(json);
    }
    json_close_array(json);
    json_close_object(json);
    text_add(out, "\n");
}

enum status report_instance(const struct member_summary *m, const struct report_series *series,
                            size_t series_count, const struct report_view *view, struct text *out) {
    if (view->format == REPORT_JSON) {
        write_json(m, series, series_count, out);
        return STATUS_OK;
    }
    if (view->format == REPORT_CSV) { /* the row of `earctl instances` */
        struct fleet_snapshot alone = {.count = 1, .members = (struct member_summary *)m};
        return report_instances(&alone, &(struct fleet_filter){.zone = ""}, view, out);
    }
    add_member_head(m, out);
    add_state_lines(m, view, out);
    for (size_t i = 0; i < m->check_count && i < REPORT_CHECKS_MAX; i++)
        add_check_line(out, &m->agent_checks[i]);
    if (m->prediction.at.ms != 0) add_prediction_lines(&m->prediction, view, out);
    for (size_t i = 0; i < series_count; i++) add_series_line(&series[i], view->ascii, out);
    text_add(out, "Recoveries in 24 h ");
    text_add_unsigned(out, m->recoveries_24h);
    if (m->incident.text[0] != '\0') {
        text_add(out, ", open incident ");
        text_add(out, m->incident.text);
    }
    text_add(out, "\nNext  ");
    printable_add(out, m->next[0] == '\0' ? "nothing" : m->next, false);
    text_add(out, "\n");
    return STATUS_OK;
}
