/* The fleet as JSON; pure over a snapshot. */
#include "aggregator/report/fleet_json.h"

#include <string.h>

#include "aggregator/report/fleet_report.h"
#include "common/base/json_write.h"

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

static void add_checks(struct json_writer *json, const struct member_summary *m) {
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
}

void fleet_json_member(struct json_writer *json, const struct member_summary *m) {
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
    add_checks(json, m);
    report_prediction_json(json, "prediction", &m->prediction);
    json_string(json, "incident", m->incident.text);
    json_string(json, "rung", rung_name(m->rung));
    json_integer(json, "recoveries_24h", m->recoveries_24h);
}

void fleet_json_status(const struct fleet_snapshot *s, const struct member_summary *const *members,
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
    for (size_t i = 0; i < count; i++) {
        json_open_object(json, NULL);
        fleet_json_member(json, members[i]);
        json_close_object(json);
    }
    json_close_array(json);
    json_close_object(json);
    text_add(out, "\n");
}

void report_reply_json(int exit_code, const char *text, struct text *out) {
    struct json_writer json = json_writer_over(out);
    json_open_object(&json, NULL);
    json_string(&json, "schema", "ear.reply/1");
    json_integer(&json, "exit", exit_code);
    json_open_array(&json, "lines");
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        json_string_bytes(&json, NULL, text, length);
        text += length;
        text += *text == '\n';
    }
    json_close_array(&json);
    json_close_object(&json);
    text_add(out, "\n");
}
