/* The week as one HTML file: no script, no outside reference, prints to A4. Everything that came
 * from outside goes through chart_escape. */
#include <math.h>

#include "aggregator/report/chart.h"
#include "aggregator/report/fleet_report.h"
#include "aggregator/report/week.h"

static const char head[] =
    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
    "'unsafe-inline'\"><meta name=\"viewport\" content=\"width=device-width\">"
    "<title>ear report</title>\n<style>\n"
    "body{font:14px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;"
    "color:#1b1f24;background:#fff}\n"
    "h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem;border-bottom:1px solid #ccd}\n"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.25rem .5rem;"
    "border-bottom:1px solid #e4e7ec;vertical-align:top}td.n,th.n{text-align:right}\n"
    ".figures{display:flex;flex-wrap:wrap;gap:1.5rem}.figures "
    "b{display:block;font-size:1.6rem}"
    ".figures small{display:block;color:#667}\n"
    "svg{width:100%;height:auto;margin:.5rem 0}svg text{font:11px system-ui,sans-serif;fill:#444}\n"
    "svg .line{fill:none;stroke:#1f6feb;stroke-width:2;stroke-linecap:round}svg "
    ".limit{stroke:#b42318;"
    "stroke-dasharray:4 3}\n.state{font-weight:600}\n"
    "@media print{body{margin:0;max-width:none}h2{break-after:avoid}svg,tr{break-inside:avoid}}\n"
    "@page{size:A4;margin:15mm}\n</style></head><body>\n";

static void cell(struct text *out, const char *value) {
    text_add(out, "<td>");
    chart_escape(out, value);
    text_add(out, "</td>");
}

static void number_cell(struct text *out, double value, unsigned decimals) {
    text_add(out, "<td class=\"n\">");
    if (!isnan(value)) text_add_fixed(out, value, decimals);
    text_add(out, "</td>");
}

static void time_cell(struct text *out, const struct report_view *view, struct wall_time at) {
    text_add(out, "<td>");
    report_time(view, at, out);
    text_add(out, "</td>");
}

/* When the failure was expected: the interval. */
static void window_cell(struct text *out, const struct report_view *view,
                        const struct week_prediction *p) {
    text_add(out, "<td>");
    if (p->earliest.ms != 0 && p->latest.ms != 0) {
        report_time(view, p->earliest, out);
        text_add(out, " to ");
        report_time(view, p->latest, out);
    }
    text_add(out, "</td>");
}

static void heading(struct text *out, const char *title, const char *const *columns, size_t count) {
    text_add(out, "<h2>");
    text_add(out, title);
    text_add(out, "</h2>\n<table><thead><tr>");
    for (size_t i = 0; i < count; i++) {
        text_add(out, "<th scope=\"col\">");
        text_add(out, columns[i]);
        text_add(out, "</th>");
    }
    text_add(out, "</tr></thead><tbody>\n");
}

static void end_table(struct text *out, bool empty, size_t columns) {
    if (empty) {
        text_add(out, "<tr><td colspan=\"");
        text_add_unsigned(out, columns);
        text_add(out, "\">none</td></tr>");
    }
    text_add(out, "</tbody></table>\n");
}

static void number_or_dash(struct text *out, double value, unsigned decimals) {
    if (isnan(value))
        text_add(out, "&ndash;");
    else
        text_add_fixed(out, value, decimals);
}

static void write_figures(const struct week *week, struct text *out) {
    struct week_total_row rows[WEEK_TOTAL_ROWS];
    week_total_rows(week, rows);
    text_add(out, "<div class=\"figures\">");
    for (size_t i = 0; i < WEEK_TOTAL_ROWS; i++) {
        text_add(out, "<div><b>");
        number_or_dash(out, rows[i].now, rows[i].decimals);
        text_add(out, "</b>");
        text_add(out, rows[i].title);
        text_add(out, "<small>before: ");
        number_or_dash(out, rows[i].before, rows[i].decimals);
        text_add(out, "</small></div>\n");
    }
    text_add(out, "</div>\n");
}

static void write_top(const struct week *week, const struct report_view *view, struct text *out) {
    text_add(out, "<h1>ear: automatic recovery</h1><p>");
    report_time(view, week->from, out);
    text_add(out, " to ");
    report_time(view, week->to, out);
    text_add(out, " ");
    report_zone(view, out);
    text_add(out, ". Automation was ");
    text_add(out, week->fleet->paused ? "paused" : week->fleet->dry_run ? "in dry run" : "on");
    text_add(out, " at the end.</p>\n");
    if (week->unreadable > 0) {
        text_add(out, "<p>");
        text_add_unsigned(out, week->unreadable);
        text_add(out, " stored rows could not be read.</p>\n");
    }
    write_figures(week, out);
}

static void write_attention(const struct week *week, struct text *out) {
    static const char *const columns[] = {"Instance", "What"};
    heading(out, "Attention", columns, ARRAY_LENGTH(columns));
    for (size_t i = 0; i < week->attention_count; i++) {
        text_add(out, "<tr>");
        cell(out, week->attention[i].instance_id);
        cell(out, week->attention[i].text);
        text_add(out, "</tr>\n");
    }
    end_table(out, week->attention_count == 0, ARRAY_LENGTH(columns));
}

static void write_fleet(const struct week *week, struct text *out) {
    static const char *const columns[] = {"Instance", "Name", "Zone", "State", "Risk", "Why"};
    heading(out, "Fleet now", columns, ARRAY_LENGTH(columns));
    for (size_t i = 0; i < week->fleet->count; i++) {
        const struct member_summary *m = &week->fleet->members[i];
        text_add(out, "<tr>");
        cell(out, m->facts.id.text);
        cell(out, m->facts.name);
        cell(out, m->facts.availability_zone);
        text_add(out, "<td class=\"state\">");
        text_add(out, member_state_name(m->state));
        text_add(out, "</td>");
        number_cell(out, m->prediction.at.ms == 0 ? NAN : (double)m->prediction.confidence, 2);
        cell(out, m->why);
        text_add(out, "</tr>\n");
    }
    end_table(out, week->fleet->count == 0, ARRAY_LENGTH(columns));
}

static void write_recoveries(const struct week *week, const struct report_view *view,
                             struct text *out) {
    static const char *const columns[] = {"Started", "Instance", "Trigger", "Action",
                                          "Status",  "Seconds",  "Cause",   "Result"};
    heading(out, "Recoveries", columns, ARRAY_LENGTH(columns));
    for (size_t i = 0; i < week->recovery_count; i++) {
        const struct recovery *r = &week->recoveries[i];
        text_add(out, "<tr>");
        time_cell(out, view, r->start.started);
        cell(out, r->start.instance_id);
        cell(out, r->start.event_type);
        cell(out, r->last.action);
        cell(out, r->last.status);
        number_cell(out, recovery_took_s(r), 1);
        cell(out, r->start.cause);
        cell(out, r->last.result);
        text_add(out, "</tr>\n");
    }
    end_table(out, week->recovery_count == 0, ARRAY_LENGTH(columns));
}

static void write_predictions(const struct week *week, const struct report_view *view,
                              struct text *out) {
    static const char *const columns[] = {"Said at", "Instance", "Kind",   "Confidence",
                                          "Failure", "Reasons",  "Outcome"};
    heading(out, "Predictions", columns, ARRAY_LENGTH(columns));
    for (size_t i = 0; i < week->prediction_count; i++) {
        const struct week_prediction *p = &week->predictions[i];
        text_add(out, "<tr>");
        time_cell(out, view, p->at);
        cell(out, p->instance_id);
        cell(out, p->kind);
        number_cell(out, p->score, 2);
        window_cell(out, view, p);
        cell(out, p->factors);
        cell(out, p->outcome);
        text_add(out, "</tr>\n");
    }
    end_table(out, week->prediction_count == 0, ARRAY_LENGTH(columns));
}

static void write_counts(const struct week *week, struct text *out) {
    static const char *const actions[] = {"Action", "Tried", "Succeeded", "Failed", "Open"};
    static const char *const rules[] = {"Rule", "Decisions not to act"};
    heading(out, "Actions", actions, ARRAY_LENGTH(actions));
    for (size_t i = 0; i < week->action_count; i++) {
        const struct week_action *a = &week->actions[i];
        text_add(out, "<tr>");
        cell(out, a->action);
        number_cell(out, a->tried, 0);
        number_cell(out, a->succeeded, 0);
        number_cell(out, a->failed, 0);
        number_cell(out, a->open, 0);
        text_add(out, "</tr>\n");
    }
    end_table(out, week->action_count == 0, ARRAY_LENGTH(actions));
    heading(out, "Decisions not to act", rules, ARRAY_LENGTH(rules));
    for (size_t i = 0; i < week->rule_count; i++) {
        text_add(out, "<tr>");
        cell(out, week->rules[i].rule);
        number_cell(out, week->rules[i].refused, 0);
        text_add(out, "</tr>\n");
    }
    end_table(out, week->rule_count == 0, ARRAY_LENGTH(rules));
}

static void write_charts(const struct week *week, const struct report_view *view,
                         struct text *out) {
    char from[48], to[48];
    struct text from_text = text_over(from, sizeof from), to_text = text_over(to, sizeof to);
    report_time(view, week->from, &from_text);
    report_time(view, week->to, &to_text);
    text_add(out, "<h2>The week in charts</h2>\n");
    if (week->chart_count == 0) text_add(out, "<p>No history yet.</p>\n");
    for (size_t i = 0; i < week->chart_count; i++) {
        const struct week_chart *c = &week->charts[i];
        char title[256];
        struct text text = text_over(title, sizeof title);
        text_add(&text, c->name[0] == '\0' ? c->instance_id : c->name);
        text_add(&text, ": ");
        text_add(&text, c->metric);
        struct chart chart = {
            .title = title, .unit = c->unit, .from = from, .to = to, .limit = c->limit};
        if (c->unit[0] == '%') chart.high = 100.0;
        chart_svg(&chart, c->values, WEEK_CHART_POINTS, out);
    }
}

void week_write_html(const struct week *week, const struct report_view *view, struct text *out) {
    text_add(out, head);
    write_top(week, view, out);
    write_attention(week, out);
    write_recoveries(week, view, out);
    write_predictions(week, view, out);
    write_counts(week, out);
    write_charts(week, view, out);
    write_fleet(week, out);
    text_add(out, "</body></html>\n");
}
