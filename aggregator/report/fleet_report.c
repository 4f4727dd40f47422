/* The fleet for people and machines; pure over a snapshot. */
#include "aggregator/report/fleet_report.h"

#include <stdlib.h>
#include <string.h>

#include "aggregator/report/fleet_json.h"
#include "common/base/printable.h"

static bool has_state(const struct member_summary *m, const char *wanted) {
    static const struct {
        const char *word;
        enum member_state state;
    } words[] = {{"unhealthy", MEMBER_UNHEALTHY},   {"predicted", MEMBER_PREDICTED},
                 {"silent", MEMBER_SILENT},         {"unknown", MEMBER_UNKNOWN},
                 {"recovering", MEMBER_RECOVERING}, {"recovering", MEMBER_RESTING}};
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
        if (m->state == words[i].state && strcmp(words[i].word, wanted) == 0) return true;
    return false;
}

/* "1b" names the zone as status prints it, "eu-west-1b" in full. */
static bool is_in_zone(const struct member_summary *m, const char *wanted) {
    const char *zone = m->facts.availability_zone;
    return strcmp(zone, wanted) == 0 || strcmp(report_short_zone(zone), wanted) == 0;
}

/* Everything but `hide_healthy`. */
static bool is_wanted(const struct member_summary *m, const struct fleet_filter *filter) {
    if (filter->zone[0] != '\0' && !is_in_zone(m, filter->zone)) return false;
    if (m->prediction.confidence < filter->confidence_min) return false;
    return filter->only[0] == '\0' || has_state(m, filter->only);
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

/* The members to show in the wanted order, and how many healthy ones are hidden; heap array of
 * borrowed pointers. */
static enum status select_members(const struct fleet_snapshot *snapshot,
                                  const struct fleet_filter *filter,
                                  const struct member_summary ***members_out, size_t *count_out,
                                  size_t *hidden_out) {
    const struct member_summary **members = calloc(snapshot->count + 1, sizeof(void *));
    size_t count = 0, hidden = 0;
    if (members == NULL) return STATUS_NO_MEMORY;
    for (size_t i = 0; i < snapshot->count; i++) {
        const struct member_summary *m = &snapshot->members[i];
        if (!is_wanted(m, filter)) continue;
        if (filter->hide_healthy && !report_is_problem(m))
            hidden++;
        else
            members[count++] = m;
    }
    if (filter->sort == FLEET_SORT_NAME) qsort(members, count, sizeof *members, by_name);
    if (filter->sort == FLEET_SORT_ZONE) qsort(members, count, sizeof *members, by_zone);
    *members_out = members;
    *count_out = count;
    *hidden_out = hidden;
    return STATUS_OK;
}

const char *report_short_zone(const char *zone) {
    const char *dash = strrchr(zone, '-');
    return dash == NULL ? zone : dash + 1;
}

static const char *zone_word(const struct member_summary *m, const struct report_view *view) {
    const char *zone = m->facts.availability_zone;
    return view->format == REPORT_CSV || view->format == REPORT_JSON ? zone
                                                                     : report_short_zone(zone);
}

static const struct table_column status_columns[] = {{"instance_id", "INSTANCE"},
                                                     {"name", "NAME"},
                                                     {"az", "AZ"},
                                                     {"state", "STATE"},
                                                     {"risk", "RISK"},
                                                     {"why", "WHY"},
                                                     {"next", "NEXT"}};

static void add_status_row(struct table *table, const struct member_summary *m,
                           const struct report_view *view) {
    table_text(table, m->facts.id.text);
    table_text_or_nothing(table, m->facts.name);
    table_text_or_nothing(table, zone_word(m, view));
    table_text(table, member_state_name(m->state));
    if (m->prediction.at.ms == 0)
        table_nothing(table);
    else
        table_number(table, (double)m->prediction.confidence, 2);
    table_text_or_nothing(table, m->why);
    table_text_or_nothing(table, m->next);
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

#define ZONES_SHOWN 6

/* "a:15 b:14": how the fleet lies over the zones, in the order of the members; more zones than fit
 * are not shown. */
static void add_zones(const struct fleet_snapshot *s, struct text *out) {
    const char *zones[ZONES_SHOWN];
    size_t counts[ZONES_SHOWN] = {0}, count = 0;
    for (size_t i = 0; i < s->count; i++) {
        const char *zone = report_short_zone(s->members[i].facts.availability_zone);
        size_t z = 0;
        while (z < count && strcmp(zones[z], zone) != 0) z++;
        if (z == ZONES_SHOWN) continue;
        if (z == count) zones[count++] = zone;
        counts[z]++;
    }
    for (size_t z = 0; z < count; z++) {
        text_add(out, " ");
        printable_add(out, zones[z][0] == '\0' ? "?" : zones[z], false);
        text_add(out, ":");
        text_add_unsigned(out, counts[z]);
    }
}

static void add_automation(const struct fleet_snapshot *s, struct text *out) {
    char span[CLOCK_RFC3339_SIZE];
    text_add(out, "AUTOMATIC RECOVERY: ");
    text_add(out, automation_word(s));
    text_add(out, "   budget ");
    text_add_unsigned(out, s->disruptive_last_hour);
    text_add(out, "/");
    text_add_unsigned(out, s->disruptive_hour_limit);
    text_add(out, " this hour, ");
    text_add_unsigned(out, s->disruptive_open);
    text_add(out, "/");
    text_add_unsigned(out, s->disruptive_limit);
    text_add(out, " at once   breaker ");
    text_add(out, s->breaker_open ? "OPEN" : "closed");
    text_add(out, "   aggregator up ");
    text_add(out, duration_format(s->up_for, span));
    text_add(out, ", prediction day ");
    text_add(out, duration_format(s->prediction_day, span));
    text_add(out, "\n");
}

static void add_head(const struct fleet_snapshot *s, struct text *out) {
    size_t counts[MEMBER_STATE_COUNT] = {0};
    for (size_t i = 0; i < s->count; i++) counts[s->members[i].state]++;
    add_automation(s, out);
    text_add(out, "Fleet ");
    text_add_unsigned(out, s->count);
    add_count(out, "healthy", counts[MEMBER_HEALTHY]);
    add_count(out, "predicted", counts[MEMBER_PREDICTED]);
    add_count(out, "unhealthy", counts[MEMBER_UNHEALTHY]);
    add_count(out, "silent", counts[MEMBER_SILENT]);
    add_count(out, "recovering", counts[MEMBER_RECOVERING] + counts[MEMBER_RESTING]);
    add_count(out, "unknown", counts[MEMBER_UNKNOWN]);
    text_add(out, "   ");
    text_add(out, s->region);
    add_zones(s, out);
    text_add(out, "\n");
}

static void add_brake(struct text *out, bool on, const char *word, const char *reason) {
    if (!on) return;
    text_add(out, word);
    text_add(out, ": ");
    printable_add(out, reason, false);
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

/* A table over the selected members. */
static enum status write_members(const struct member_summary **members, size_t count,
                                 const char *schema, size_t indent,
                                 const struct table_column *columns, size_t column_count,
                                 void (*add)(struct table *, const struct member_summary *,
                                             const struct report_view *),
                                 const struct report_view *view, struct text *out) {
    struct table *table CLEANUP(table_cleanup) = NULL;
    enum status status = table_create(schema, columns, column_count, &table);
    if (status != STATUS_OK) return status;
    for (size_t i = 0; i < count; i++) add(table, members[i], view);
    table_indent(table, indent);
    table_write(table, view, out);
    return STATUS_OK;
}

enum status report_status(const struct fleet_snapshot *s, const struct fleet_filter *filter,
                          const struct report_view *view, struct text *out) {
    const struct member_summary **members;
    size_t count, hidden;
    struct fleet_filter wanted = *filter;
    if (view->format == REPORT_JSON || view->format == REPORT_CSV) wanted.hide_healthy = false;
    enum status status = select_members(s, &wanted, &members, &count, &hidden);
    if (status != STATUS_OK) return status;
    if (view->format == REPORT_JSON) {
        fleet_json_status(s, members, count, out);
    } else {
        bool people = view->format != REPORT_CSV;
        if (people) add_head(s, out);
        if (people) add_brakes(s, out);
        if (people && count > 0) text_add(out, "\n");
        status = write_members(members, count, "ear.status/1", 2, status_columns,
                               ARRAY_LENGTH(status_columns), add_status_row, view, out);
        if (people && hidden > 0) {
            text_add_unsigned(out, hidden);
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

static void add_instance_row(struct table *table, const struct member_summary *m,
                             const struct report_view *view) {
    char span[CLOCK_RFC3339_SIZE];
    table_text(table, m->facts.id.text);
    table_text_or_nothing(table, m->facts.name);
    table_text_or_nothing(table, zone_word(m, view));
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
    table_text_or_nothing(table, m->agent_version);
    table_integer(table, m->recoveries_24h);
    table_time(table, m->facts.launch_time);
}

enum status report_instances(const struct fleet_snapshot *s, const struct fleet_filter *filter,
                             const struct report_view *view, struct text *out) {
    const struct member_summary **members;
    size_t count, hidden;
    enum status status = select_members(s, filter, &members, &count, &hidden);
    if (status != STATUS_OK) return status;
    status = write_members(members, count, "ear.instances/1", 0, instance_columns,
                           ARRAY_LENGTH(instance_columns), add_instance_row, view, out);
    free(members);
    return status;
}

static const struct table_column prediction_columns[] = {
    {"instance_id", "INSTANCE"}, {"name", "NAME"},
    {"confidence", "RISK"},      {"kind", "KIND"},
    {"likely", "LIKELY AT"},     {"earliest", "EARLIEST"},
    {"latest", "LATEST"},        {"reason", "REASON"}};

static void add_prediction_row(struct table *table, const struct member_summary *m,
                               const struct report_view *view) {
    const struct prediction *p = &m->prediction;
    (void)view; /* times are cells, which know how to show themselves */
    table_text(table, m->facts.id.text);
    table_text_or_nothing(table, m->facts.name);
    table_number(table, (double)p->confidence, 2);
    table_text_or_nothing(table, p->kind == FAILURE_NONE ? "" : failure_kind_name(p->kind));
    table_time(table, p->has_time ? p->likely : (struct wall_time){0});
    table_time(table, p->has_time ? p->earliest : (struct wall_time){0});
    table_time(table, p->has_time ? p->latest : (struct wall_time){0});
    table_text_or_nothing(table, p->reason_count > 0 ? p->reasons[0].text : "");
}

static int by_risk(const void *left, const void *right) {
    const struct member_summary *const *a = left, *const *b = right;
    float x = (*a)->prediction.confidence, y = (*b)->prediction.confidence;
    return x < y ? 1 : x > y ? -1 : by_name(left, right);
}

enum status report_predictions(const struct fleet_snapshot *s, const struct fleet_filter *filter,
                               const struct report_view *view, struct text *out) {
    const struct member_summary **members;
    size_t count, hidden;
    enum status status = select_members(s, filter, &members, &count, &hidden);
    if (status != STATUS_OK) return status;
    size_t scored = 0;
    for (size_t i = 0; i < count; i++)
        if (members[i]->prediction.at.ms != 0) members[scored++] = members[i];
    count = scored;
    qsort(members, count, sizeof *members, by_risk);
    status = write_members(members, count, "ear.predictions/1", 0, prediction_columns,
                           ARRAY_LENGTH(prediction_columns), add_prediction_row, view, out);
    if (count == 0 && (view->format == REPORT_TABLE || view->format == REPORT_TEXT))
        text_add(out, "no prediction at or above this confidence\n");
    free(members);
    return status;
}
