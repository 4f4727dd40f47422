/* The fleet for people and machines; pure over a snapshot. */
#include "aggregator/report/fleet_report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/report/chart.h"
#include "common/base/json_write.h"

static bool is_problem(const struct member_summary *m) {
    return m->state != MEMBER_HEALTHY && m->state != MEMBER_RESTING;
}

static bool is_shown(const struct member_summary *m, const struct fleet_filter *filter) {
    static const struct {
        const char *word;
        enum member_state state;
    } words[] = {{"unhealthy", MEMBER_UNHEALTHY},
                 {"predicted", MEMBER_PREDICTED},
                 {"silent", MEMBER_SILENT},
                 {"recovering", MEMBER_RECOVERING}};
    if (filter->zone[0] != '\0') {
        /* "1b" names the zone as status prints it, "eu-west-1b" in full. */
        size_t zone = strlen(m->facts.availability_zone), wanted = strlen(filter->zone);
        if (wanted > zone || strcmp(m->facts.availability_zone + zone - wanted, filter->zone) != 0)
            return false;
    }
    if (filter->hide_healthy && !is_problem(m)) return false;
    if (m->prediction.confidence < filter->confidence_min) return false;
    if (filter->only[0] == '\0') return true;
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
        if (strcmp(words[i].word, filter->only) == 0) return m->state == words[i].state;
    return false;
}

static int by_name(const void *left, const void *right) {
    const struct member_summary *const *a = left, *const *b = right;
    int order = strcmp((*a)->facts.name, (*b)->facts.name);
    return order != 0 ? order : strcmp((*a)->facts.id.text, (*b)->facts.id.text);
}

static int by_zone(const void *left, const void *right) {
    const struct member_summary *const *a = left, *const *b = right;
    int order = strcmp((*a)->facts.availability_zone, (*b)->facts.availability_zone);
    return order != 0 ? order : by_name(left, right);
}

/* The members to show in the wanted order; heap array of borrowed pointers. */
static enum status select_members(const struct fleet_snapshot *snapshot,
                                  const struct fleet_filter *filter,
                                  const struct member_summary ***members_out, size_t *count_out) {
    const struct member_summary **members = calloc(snapshot->count + 1, sizeof(void *));
    size_t count = 0;
    if (members == NULL) return STATUS_NO_MEMORY;
    for (size_t i = 0; i < snapshot->count; i++)
        if (is_shown(&snapshot->members[i], filter)) members[count++] = &snapshot->members[i];
    if (filter->sort == FLEET_SORT_NAME) qsort(members, count, sizeof *members, by_name);
    if (filter->sort == FLEET_SORT_ZONE) qsort(members, count, sizeof *members, by_zone);
    *members_out = members;
    *count_out = count;
    return STATUS_OK;
}

static const struct table_column status_columns[] = {{"instance_id", "INSTANCE"},
                                                     {"name", "NAME"},
                                                     {"az", "AZ"},
                                                     {"state", "STATE"},
                                                     {"risk", "RISK"},
                                                     {"why", "WHY"},
                                                     {"next", "NEXT"}};

static void add_status_row(struct table *table, const struct member_summary *m) {
    table_text(table, m->facts.id.text);
    table_text(table, m->facts.name[0] == '\0' ? "-" : m->facts.name);
    table_text(table, m->facts.availability_zone);
    table_text(table, member_state_name(m->state));
    if (m->prediction.at.ms == 0)
        table_nothing(table);
    else
        table_number(table, (double)m->prediction.confidence, 2);
    table_text(table, m->why);
    table_text(table, m->next);
}

static const char *automation_word(const struct fleet_snapshot *s) {
    if (s->paused) return "PAUSED";
    return s->dry_run ? "DRY RUN" : "ON";
}

static void add_count(struct text *out, const char *word, size_t count) {
    text_add(out, "   ");
    text_add(out, word);
    text_add(out, " ");
    text_add_unsigned(out, count);
}

static void add_head(const struct fleet_snapshot *s, struct text *out) {
    char span[CLOCK_RFC3339_SIZE];
    size_t counts[MEMBER_STATE_COUNT] = {0};
    for (size_t i = 0; i < s->count; i++) counts[s->members[i].state]++;
    text_add(out, "AUTOMATIC RECOVERY: ");
    text_add(out, automation_word(s));
    text_add(out, "   at once ");
    text_add_unsigned(out, s->disruptive_open);
    text_add(out, "/");
    text_add_unsigned(out, s->disruptive_limit);
    text_add(out, "   this hour ");
    text_add_unsigned(out, s->disruptive_last_hour);
    text_add(out, "/");
    text_add_unsigned(out, s->disruptive_hour_limit);
    text_add(out, s->breaker_open ? "   breaker OPEN" : "   breaker closed");
    text_add(out, "   aggregator up ");
    text_add(out, duration_format(s->up_for, span));
    text_add(out, "\nFleet ");
    text_add_unsigned(out, s->count);
    add_count(out, "healthy", counts[MEMBER_HEALTHY]);
    add_count(out, "predicted", counts[MEMBER_PREDICTED]);
    add_count(out, "unhealthy", counts[MEMBER_UNHEALTHY]);
    add_count(out, "silent", counts[MEMBER_SILENT]);
    add_count(out, "recovering", counts[MEMBER_RECOVERING] + counts[MEMBER_RESTING]);
    add_count(out, "unknown", counts[MEMBER_UNKNOWN]);
    text_add(out, "   ");
    text_add(out, s->region);
    text_add(out, "   prediction day ");
    text_add(out, duration_format(s->prediction_day, span));
    text_add(out, "\n");
}

static void add_brake(struct text *out, bool on, const char *word, const char *reason) {
    if (!on) return;
    text_add(out, word);
    text_add(out, ": ");
    text_add(out, reason);
    text_add(out, "\n");
}

static void add_brakes(const struct fleet_snapshot *s, struct text *out) {
    add_brake(out, s->paused, "PAUSED", s->pause_reason);
    add_brake(out, !s->store_usable, "STORE",
              "cannot be written: nothing is done until it can; watching goes on");
    add_brake(out, s->self_suspect, "OBSERVE ONLY", s->self_reason);
    add_brake(out, s->warming_up, "WARMING UP", s->warmup_reason);
    add_brake(out, s->breaker_open, "STORM BREAKER", s->breaker_reason);
}

static void json_brake(struct json_writer *json, const char *key, bool on, const char *reason) {
    json_open_object(json, key);
    json_bool(json, "on", on);
    json_string(json, "reason", on ? reason : "");
    json_close_object(json);
}

static void add_time_json(struct json_writer *json, const char *key, struct wall_time at) {
    char text[CLOCK_RFC3339_SIZE];
    json_string(json, key, at.ms == 0 ? NULL : wall_format(at, text));
}

void report_prediction_json(struct json_writer *json, const char *key, const struct prediction *p) {
    if (p->at.ms == 0) {
        json_null(json, key);
        return;
    }
    json_open_object(json, key);
    json_fixed(json, "confidence", (double)p->confidence, 3);
    json_string(json, "kind", failure_kind_name(p->kind));
    add_time_json(json, "at", p->at);
    if (p->has_time) {
        add_time_json(json, "earliest", p->earliest);
        add_time_json(json, "likely", p->likely);
        add_time_json(json, "latest", p->latest);
    }
    json_open_array(json, "reasons");
    for (size_t i = 0; i < p->reason_count && i < PREDICTION_REASONS_MAX; i++) {
        json_open_object(json, NULL);
        json_string(json, "text", p->reasons[i].text);
        json_fixed(json, "share", (double)p->reasons[i].share, 3);
        json_string(json, "metric", metric_row(p->reasons[i].metric)->name);
        json_string(json, "member", p->reasons[i].member);
        json_close_object(json);
    }
    json_close_array(json);
    json_close_object(json);
}

static void member_json(struct json_writer *json, const struct member_summary *m) {
    json_open_object(json, NULL);
    json_string(json, "instance_id", m->facts.id.text);
    json_string(json, "name", m->facts.name);
    json_string(json, "az", m->facts.availability_zone);
    json_string(json, "type", m->facts.type);
    json_string(json, "ec2_state", instance_state_name(m->facts.state));
    json_bool(json, "opted_in", m->facts.opted_in);
    json_string(json, "state", member_state_name(m->state));
    add_time_json(json, "state_since", m->state_since);
    json_string(json, "why", m->why);
    json_string(json, "next", m->next);
    json_string(json, "system_status", check_status_name(m->checks.system));
    json_string(json, "instance_status", check_status_name(m->checks.instance));
    add_time_json(json, "launch_time", m->facts.launch_time);
    json_string(json, "boot_id", m->boot.text);
    json_string(json, "agent_version", m->agent_version);
    if (m->since_report.ms < 0)
        json_null(json, "since_report_ms");
    else
        json_integer(json, "since_report_ms", m->since_report.ms);
    json_open_array(json, "checks");
    for (size_t i = 0; i < m->check_count && i < REPORT_CHECKS_MAX; i++) {
        json_open_object(json, NULL);
        json_string(json, "name", m->agent_checks[i].name);
        json_string(json, "unit", m->agent_checks[i].unit);
        json_string(json, "state", check_state_name(m->agent_checks[i].state));
        json_string(json, "detail", m->agent_checks[i].detail);
        json_close_object(json);
    }
    json_close_array(json);
    report_prediction_json(json, "prediction", &m->prediction);
    json_string(json, "incident", m->incident.text);
    json_string(json, "rung", rung_name(m->rung));
    json_integer(json, "recoveries_24h", m->recoveries_24h);
    json_close_object(json);
}

static void status_json(const struct fleet_snapshot *s, const struct member_summary **members,
                        size_t count, struct text *out) {
    struct json_writer writer = json_writer_over(out), *json = &writer;
    json_open_object(json, NULL);
    json_string(json, "schema", "ear.status/1");
    add_time_json(json, "at", s->at);
    json_string(json, "automation", s->paused ? "paused" : s->dry_run ? "dry-run" : "on");
    json_string(json, "region", s->region);
    json_string(json, "account", s->account);
    json_integer(json, "up_ms", s->up_for.ms);
    json_integer(json, "prediction_day_ms", s->prediction_day.ms);
    json_bool(json, "store_usable", s->store_usable);
    json_brake(json, "paused", s->paused, s->pause_reason);
    json_brake(json, "warming_up", s->warming_up, s->warmup_reason);
    json_brake(json, "observe_only", s->self_suspect, s->self_reason);
    json_brake(json, "breaker", s->breaker_open, s->breaker_reason);
    json_open_object(json, "budget");
    json_integer(json, "open", s->disruptive_open);
    json_integer(json, "limit", s->disruptive_limit);
    json_integer(json, "last_hour", s->disruptive_last_hour);
    json_integer(json, "hour_limit", s->disruptive_hour_limit);
    json_close_object(json);
    json_integer(json, "fleet", (int64_t)s->count);
    json_open_array(json, "members");
    for (size_t i = 0; i < count; i++) member_json(json, members[i]);
    json_close_array(json);
    json_close_object(json);
    text_add(out, "\n");
}

/* A table over the selected members. */
static enum status write_members(const struct member_summary **members, size_t count,
                                 const char *schema, const struct table_column *columns,
                                 size_t column_count,
                                 void (*add)(struct table *, const struct member_summary *),
                                 const struct report_view *view, struct text *out) {
    struct table *table CLEANUP(table_cleanup) = NULL;
    enum status status = table_create(schema, columns, column_count, &table);
    if (status != STATUS_OK) return status;
    for (size_t i = 0; i < count; i++) add(table, members[i]);
    table_write(table, view, out);
    return STATUS_OK;
}

enum status report_status(const struct fleet_snapshot *s, const struct fleet_filter *filter,
                          const struct report_view *view, struct text *out) {
    const struct member_summary **members;
    size_t count;
    struct fleet_filter wanted = *filter;
    if (view->format == REPORT_JSON || view->format == REPORT_CSV) wanted.hide_healthy = false;
    enum status status = select_members(s, &wanted, &members, &count);
    if (status != STATUS_OK) return status;
    if (view->format == REPORT_JSON) {
        status_json(s, members, count, out);
    } else {
        bool people = view->format != REPORT_CSV;
        if (people) add_head(s, out);
        if (people) add_brakes(s, out);
        if (people && count > 0) text_add(out, "\n");
        status = write_members(members, count, "ear.status/1", status_columns,
                               ARRAY_LENGTH(status_columns), add_status_row, view, out);
        if (people && wanted.hide_healthy && s->count > count) {
            text_add_unsigned(out, s->count - count);
            text_add(out, " healthy instances hidden (--all)\n");
        }
    }
    free(members);
    return status;
}

static const struct table_column instance_columns[] = {{"instance_id", "INSTANCE"},
                                                       {"name", "NAME"},
                                                       {"az", "AZ"},
                                                       {"type", "TYPE"},
                                                       {"ec2_state", "EC2"},
                                                       {"state", "STATE"},
                                                       {"risk", "RISK"},
                                                       {"last_report", "REPORT"},
                                                       {"agent", "AGENT"},
                                                       {"recoveries_24h", "24H"},
                                                       {"launch_time", "LAUNCHED"}};

static void add_instance_row(struct table *table, const struct member_summary *m) {
    char span[CLOCK_RFC3339_SIZE];
    table_text(table, m->facts.id.text);
    table_text(table, m->facts.name[0] == '\0' ? "-" : m->facts.name);
    table_text(table, m->facts.availability_zone);
    table_text(table, m->facts.type);
    table_text(table, instance_state_name(m->facts.state));
    table_text(table, member_state_name(m->state));
    if (m->prediction.at.ms == 0)
        table_nothing(table);
    else
        table_number(table, (double)m->prediction.confidence, 2);
    if (m->since_report.ms < 0)
        table_text(table, "never");
    else
        table_text(table, duration_format(m->since_report, span));
    table_text(table, m->agent_version[0] == '\0' ? "-" : m->agent_version);
    table_integer(table, m->recoveries_24h);
    table_time(table, m->facts.launch_time);
}

enum status report_instances(const struct fleet_snapshot *s, const struct fleet_filter *filter,
                             const struct report_view *view, struct text *out) {
    const struct member_summary **members;
    size_t count;
    enum status status = select_members(s, filter, &members, &count);
    if (status != STATUS_OK) return status;
    status = write_members(members, count, "ear.instances/1", instance_columns,
                           ARRAY_LENGTH(instance_columns), add_instance_row, view, out);
    free(members);
    return status;
}

static const struct table_column prediction_columns[] = {
    {"instance_id", "INSTANCE"}, {"name", "NAME"},
    {"confidence", "RISK"},      {"kind", "KIND"},
    {"likely", "LIKELY AT"},     {"earliest", "EARLIEST"},
    {"latest", "LATEST"},        {"reason", "REASON"}};

static void add_prediction_row(struct table *table, const struct member_summary *m) {
    const struct prediction *p = &m->prediction;
    table_text(table, m->facts.id.text);
    table_text(table, m->facts.name[0] == '\0' ? "-" : m->facts.name);
    table_number(table, (double)p->confidence, 2);
    table_text(table, p->kind == FAILURE_NONE ? "-" : failure_kind_name(p->kind));
    table_time(table, p->has_time ? p->likely : (struct wall_time){0});
    table_time(table, p->has_time ? p->earliest : (struct wall_time){0});
    table_time(table, p->has_time ? p->latest : (struct wall_time){0});
    table_text(table, p->reason_count > 0 ? p->reasons[0].text : "-");
}

static int by_risk(const void *left, const void *right) {
    const struct member_summary *const *a = left, *const *b = right;
    float x = (*a)->prediction.confidence, y = (*b)->prediction.confidence;
    return x < y ? 1 : x > y ? -1 : by_name(left, right);
}

enum status report_predictions(const struct fleet_snapshot *s, const struct fleet_filter *filter,
                               const struct report_view *view, struct text *out) {
    const struct member_summary **members;
    size_t count;
    enum status status = select_members(s, filter, &members, &count);
    if (status != STATUS_OK) return status;
    qsort(members, count, sizeof *members, by_risk);
    status = write_members(members, count, "ear.predictions/1", prediction_columns,
                           ARRAY_LENGTH(prediction_columns), add_prediction_row, view, out);
    if (count == 0 && view->format == REPORT_TABLE)
        text_add(out, "no prediction at or above this confidence\n");
    free(members);
    return status;
}

static void add_check_line(struct text *out, const struct check_result *check) {
    text_add(out, "  check ");
    text_add(out, check->name);
    text_add(out, " ");
    text_add(out, check_state_name(check->state));
    if (check->unit[0] != '\0') {
        text_add(out, ", restarts ");
        text_add(out, check->unit);
    }
    if (check->detail[0] != '\0') {
        text_add(out, " (");
        text_add(out, check->detail);
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
        text_add(out, p->reasons[i].text);
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
    text_add(out, series->metric);
    for (size_t i = strlen(series->metric); i < 28; i++) text_add(out, " ");
    chart_sparkline(series->values, series->count, ascii, out);
    text_add(out, "  ");
    text_add_fixed(out, last, 1);
    text_add(out, "\n");
}

static void add_member_head(const struct member_summary *m, struct text *out) {
    char span[CLOCK_RFC3339_SIZE];
    text_add(out, m->facts.name[0] == '\0' ? "(no name)" : m->facts.name);
    text_add(out, "  ");
    text_add(out, m->facts.id.text);
    text_add(out, "  ");
    text_add(out, m->facts.type);
    text_add(out, "  ");
    text_add(out, m->facts.availability_zone);
    text_add(out, "  agent ");
    text_add(out, m->agent_version[0] == '\0' ? "none" : m->agent_version);
    text_add(out, "  last report ");
    text_add(out, m->since_report.ms < 0 ? "never" : duration_format(m->since_report, span));
    text_add(out, m->since_report.ms < 0 ? "\n" : " ago\n");
}

enum status report_instance(const struct member_summary *m, const struct report_series *series,
                            size_t series_count, const struct report_view *view, struct text *out) {
    if (view->format == REPORT_JSON) {
        struct json_writer json = json_writer_over(out);
        member_json(&json, m);
        text_add(out, "\n");
        return STATUS_OK;
    }
    add_member_head(m, out);
    text_add(out, "State ");
    text_add(out, member_state_name(m->state));
    if (m->state_since.ms != 0) {
        text_add(out, " since ");
        report_time(view, m->state_since, out);
    }
    text_add(out, m->why[0] == '\0' ? "" : ": ");
    text_add(out, m->why);
    text_add(out, "\nEC2 ");
    text_add(out, instance_state_name(m->facts.state));
    text_add(out, ", system check ");
    text_add(out, check_status_name(m->checks.system));
    text_add(out, ", instance check ");
    text_add(out, check_status_name(m->checks.instance));
    text_add(out, ", launched ");
    report_time(view, m->facts.launch_time, out);
    text_add(out, "\n");
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
    text_add(out, m->next[0] == '\0' ? "nothing" : m->next);
    text_add(out, "\n");
    return STATUS_OK;
}

/* Edit distance of two short words, bounded; for hints only. */
static size_t distance(const char *a, const char *b) {
    size_t row[INSTANCE_NAME_SIZE + 1], length = strlen(b);
    if (length >= INSTANCE_NAME_SIZE || strlen(a) >= INSTANCE_NAME_SIZE) return SIZE_MAX;
    for (size_t j = 0; j <= length; j++) row[j] = j;
    for (size_t i = 1; a[i - 1] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= length; j++) {
            size_t least = diagonal + (a[i - 1] != b[j - 1]);
            if (row[j] + 1 < least) least = row[j] + 1;
            if (row[j - 1] + 1 < least) least = row[j - 1] + 1;
            diagonal = row[j];
            row[j] = least;
        }
    }
    return row[length];
}

static void hint_nearest(const struct fleet_snapshot *s, const char *name, char *hint_out) {
    struct text hint = text_over(hint_out, 192);
    const char *nearest = NULL;
    size_t least = strlen(name) / 2 + 1;
    for (size_t i = 0; i < s->count; i++) {
        const char *const words[] = {s->members[i].facts.name, s->members[i].facts.id.text};
        for (size_t w = 0; w < 2; w++) {
            size_t d = words[w][0] == '\0' ? SIZE_MAX : distance(name, words[w]);
            if (d >= least) continue;
            least = d;
            nearest = words[w];
        }
    }
    if (nearest == NULL) return;
    text_add(&hint, "did you mean ");
    text_add(&hint, nearest);
    text_add(&hint, "?");
}

enum status report_find(const struct fleet_snapshot *s, const char *name,
                        const struct member_summary **member_out, char *hint_out) {
    const struct member_summary *found = NULL;
    struct text hint = text_over(hint_out, 192);
    size_t count = 0;
    for (size_t i = 0; i < s->count; i++) {
        const struct member_summary *m = &s->members[i];
        if (strcmp(m->facts.id.text, name) == 0) {
            *member_out = m;
            return STATUS_OK;
        }
        if (m->facts.name[0] == '\0' || strcmp(m->facts.name, name) != 0) continue;
        found = m;
        text_add(&hint, count++ == 0 ? "several have this name: " : ", ");
        text_add(&hint, m->facts.id.text);
    }
    if (count > 1) return STATUS_EXISTS;
    hint_out[0] = '\0';
    if (count == 0) {
        hint_nearest(s, name, hint_out);
        return STATUS_NOT_FOUND;
    }
    *member_out = found;
    return STATUS_OK;
}

int report_member_exit_code(const struct member_summary *m) {
    if (m->state == MEMBER_PREDICTED) return 10;
    return is_problem(m) ? 3 : 0;
}

int report_exit_code(const struct fleet_snapshot *s) {
    int worst = 0;
    for (size_t i = 0; i < s->count; i++) {
        int code = report_member_exit_code(&s->members[i]);
        if (code == 3) return 3;
        if (code == 10) worst = 10;
    }
    return worst;
}
