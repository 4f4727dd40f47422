/* The fleet that the report's tests look at. */
#include "tests/unit/report/sample.h"

#include <stdio.h>
#include <string.h>

static void fill_member(struct member_summary *m, const char *id, const char *name, const char *az,
                        enum member_state state) {
    memset(m, 0, sizeof *m);
    snprintf(m->facts.id.text, sizeof m->facts.id.text, "%s", id);
    snprintf(m->facts.name, sizeof m->facts.name, "%s", name);
    snprintf(m->facts.availability_zone, sizeof m->facts.availability_zone, "%s", az);
    snprintf(m->facts.type, sizeof m->facts.type, "m6i.large");
    snprintf(m->agent_version, sizeof m->agent_version, "0.1.0");
    m->facts.state = INSTANCE_RUNNING;
    m->facts.opted_in = true;
    m->facts.launch_time.ms = SAMPLE_AT_MS - 86400000;
    m->checks.system = m->checks.instance = CHECK_STATUS_OK;
    m->since_report = duration_ms(6000);
    m->state = state;
    m->state_since.ms = SAMPLE_AT_MS - 190000;
}

static void predict(struct member_summary *m) {
    struct prediction *p = &m->prediction;
    p->at.ms = SAMPLE_AT_MS;
    p->confidence = 0.91F;
    p->kind = FAILURE_DISK_FILL;
    p->has_time = true;
    p->earliest.ms = SAMPLE_AT_MS + 5 * 3600000LL;
    p->likely.ms = SAMPLE_AT_MS + 6 * 3600000LL;
    p->latest.ms = SAMPLE_AT_MS + 7 * 3600000LL;
    p->reason_count = 1;
    snprintf(p->reasons[0].text, sizeof p->reasons[0].text, "/var grows 1.9 GB/h");
    snprintf(p->reasons[0].member, sizeof p->reasons[0].member, "/var");
    p->reasons[0].share = 1.0F;
    p->reasons[0].metric = METRIC_DISK_USED;
}

void sample_fill(struct sample_fleet *f) {
    memset(f, 0, sizeof *f);
    struct member_summary *m = f->members;
    fill_member(&m[0], "i-0a1b2c3d4e5f60718", "db-1", "eu-west-1b", MEMBER_UNHEALTHY);
    snprintf(m[0].why, sizeof m[0].why, "instance check impaired 3m10s");
    snprintf(m[0].next, sizeof m[0].next, "reboot in 50s");
    m[0].checks.instance = CHECK_STATUS_IMPAIRED;
    snprintf(m[0].incident.text, sizeof m[0].incident.text, "INC-01JZX4N0C9K3T7Q2V5W8Y1B4D6");
    fill_member(&m[1], "i-0b2c3d4e5f6071829", "web-7", "eu-west-1a", MEMBER_PREDICTED);
    snprintf(m[1].why, sizeof m[1].why, "/var full in ~6h");
    m[1].check_count = 1;
    m[1].agent_checks[0] = (struct check_result){
        .name = "front", .unit = "web.service", .state = CHECK_PASSING, .detail = "status 200"};
    predict(&m[1]);
    fill_member(&m[2], "i-0d4e5f60718293041", "cache-2", "eu-west-1a", MEMBER_SILENT);
    m[2].since_report = duration_ms(2 * 3600000);
    fill_member(&m[3], "i-0c3d4e5f607182930", "batch-3", "eu-west-1a", MEMBER_HEALTHY);
    struct fleet_snapshot *s = &f->snapshot;
    s->at.ms = SAMPLE_AT_MS;
    s->up_for = duration_s(3 * 86400);
    s->store_usable = true;
    s->disruptive_limit = 1;
    s->disruptive_hour_limit = 5;
    s->disruptive_last_hour = 1;
    s->prediction_day = duration_s(86400);
    snprintf(s->region, sizeof s->region, "eu-west-1");
    snprintf(s->account, sizeof s->account, "123456789012");
    s->count = SAMPLE_MEMBERS;
    s->members = f->members;
}

struct record sample_row(const char *partition, const char *sort, const char *item) {
    struct record row = {.item = (char *)item};
    snprintf(row.partition, sizeof row.partition, "%s", partition);
    snprintf(row.sort, sizeof row.sort, "%s", sort);
    return row;
}
