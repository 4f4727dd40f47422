/* See rig.h. */
#include "tests/unit/engine/rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/text.h"
#include "tests/support/unit.h"

#define WALL_0 INT64_C(1772524800000) /* 2026-03-03T08:00:00Z */

static enum check_status impaired[1024];
static size_t fleet;

struct instance_id rig_id(size_t number) {
    struct instance_id id = {{0}};
    snprintf(id.text, sizeof id.text, "i-%017zx", number + 1);
    return id;
}

struct instance_facts rig_facts(size_t number) {
    struct instance_facts facts = {.id = rig_id(number),
                                   .state = INSTANCE_RUNNING,
                                   .opted_in = true,
                                   .launch_time = {WALL_0 - 86400000},
                                   .availability_zone = "eu-west-1a",
                                   .tenancy = "default"};
    snprintf(facts.name, sizeof facts.name, "web-%zu", number);
    return facts;
}

struct instance_checks rig_checks(size_t number, enum check_status instance) {
    return (struct instance_checks){.id = rig_id(number),
                                    .state = INSTANCE_RUNNING,
                                    .system = CHECK_STATUS_OK,
                                    .instance = instance};
}

static void keep(struct rig *rig) {
    for (size_t i = 0; i < rig->output->record_count; i++) {
        const struct engine_record *from = &rig->output->records[i];
        assert_true(rig->record_count < RIG_RECORDS_MAX);
        struct rig_record *to = &rig->records[rig->record_count++];
        *to = (struct rig_record){.kind = from->kind, .table = from->table};
        memcpy(to->partition, from->partition, sizeof to->partition);
        memcpy(to->sort, from->sort, sizeof to->sort);
        to->item = from->item == NULL ? NULL : strdup(from->item);
    }
}

static void run_effects(struct rig *rig, bool at_once) {
    for (size_t i = 0; i < rig->output->effect_count; i++) {
        const struct effect *effect = &rig->output->effects[i];
        if (engine_effect_at_once(effect) != at_once) continue;
        switch (effect->kind) {
        case EFFECT_CALL:
            assert_true(rig->call_count < RIG_CALLS_MAX);
            rig->calls[rig->call_count++] = effect->call;
            break;
        case EFFECT_REPLY:
            rig->reply = effect->reply;
            rig->reply_count++;
            break;
        case EFFECT_PAUSE_FILE:
            rig->pause_files++;
            rig->pause_file = effect->present;
            break;
        case EFFECT_POLL: rig->polls++; break;
        case EFFECT_LOG:
        case EFFECT_NOTIFY:
        case EFFECT_KIND_COUNT: break;
        }
    }
}

void rig_event(struct rig *rig, const struct event *event) {
    engine_step(rig->engine, event, rig->now, rig->output);
    bool more = rig->output->more;
    uint64_t batch = rig->output->batch;
    run_effects(rig, true);
    if (batch == 0) {
        run_effects(rig, false);
    } else if (rig->hold) {
        rig->held_batch = batch;
    } else {
        if (rig->store == STATUS_OK) {
            keep(rig);
            run_effects(rig, false);
        }
        struct event done = {.kind = EVENT_BATCH_DONE, .batch = batch, .status = rig->store};
        rig_event(rig, &done);
    }
    if (!more) return;
    struct event tick = {.kind = EVENT_TICK};
    rig_event(rig, &tick);
}

void rig_status(struct rig *rig) {
    struct instance_checks *checks = calloc(fleet, sizeof *checks);
    for (size_t i = 0; i < fleet; i++) checks[i] = rig_checks(i, impaired[i]);
    struct event event = {.kind = EVENT_STATUS_CHECKS, .count = fleet, .checks = checks};
    rig_event(rig, &event);
    free(checks);
}

static void inventory(struct rig *rig) {
    struct instance_facts *facts = calloc(fleet, sizeof *facts);
    for (size_t i = 0; i < fleet; i++) facts[i] = rig_facts(i);
    struct event event = {.kind = EVENT_INVENTORY, .count = fleet, .facts = facts};
    rig_event(rig, &event);
    free(facts);
}

void rig_wait(struct rig *rig, unsigned seconds) {
    struct event tick = {.kind = EVENT_TICK};
    for (unsigned i = 0; i < seconds; i++) {
        rig->now.boot.ms += 1000;
        rig->now.wall.ms += 1000;
        rig_event(rig, &tick);
        if (rig->now.boot.ms / 1000 % 30 == 0) rig_status(rig);
    }
}

void rig_check(struct rig *rig, size_t number, enum check_state state) {
    struct event event = {.kind = EVENT_AGENT_CHECK, .instance = rig_id(number)};
    event.agent.check =
        (struct check_result){.name = "http", .unit = "web.service", .state = state};
    snprintf(event.agent.check.detail, sizeof event.agent.check.detail, "connection refused");
    rig_event(rig, &event);
}

void rig_silent(struct rig *rig, size_t number) {
    struct event event = {.kind = EVENT_AGENT_SILENT, .instance = rig_id(number)};
    event.agent.silent_for = duration_s(30);
    rig_event(rig, &event);
}

void rig_seen(struct rig *rig, size_t number, unsigned boot) {
    struct event event = {.kind = EVENT_AGENT_SEEN, .instance = rig_id(number)};
    event.agent.interval_ms = 10000;
    snprintf(event.agent.boot.text, sizeof event.agent.boot.text, "%08x-0000-4000-8000-%012zx",
             boot, number);
    rig_event(rig, &event);
}

void rig_impair(struct rig *rig, size_t number, enum check_status status) {
    (void)rig;
    impaired[number] = status;
}

void rig_predict(struct rig *rig, size_t number, float confidence, enum failure_kind kind,
                 const char *service) {
    struct event event = {.kind = EVENT_PREDICTION, .instance = rig_id(number)};
    struct prediction *prediction = &event.prediction;
    *prediction = (struct prediction){.instance = rig_id(number),
                                      .at = rig->now.wall,
                                      .confidence = confidence,
                                      .kind = kind,
                                      .reason_count = 1};
    prediction->reasons[0].share = 1;
    prediction->reasons[0].metric = METRIC_SERVICE_MEMORY_USED;
    snprintf(prediction->reasons[0].text, PREDICTION_REASON_SIZE, "memory grows");
    snprintf(prediction->reasons[0].member, SERIES_MEMBER_SIZE, "%s", service);
    rig_event(rig, &event);
}

void rig_operator(struct rig *rig, enum operator_verb verb, size_t number, enum rung rung,
                  const char *reason) {
    struct event event = {.kind = EVENT_OPERATOR, .instance = rig_id(number)};
    event.operator.verb = verb;
    event.operator.token = 7;
    event.operator.rung = rung;
    snprintf(event.operator.actor, sizeof event.operator.actor, "alice");
    snprintf(event.operator.reason, sizeof event.operator.reason, "%s", reason);
    rig_event(rig, &event);
}

struct call *rig_last(struct rig *rig, enum call_kind kind) {
    for (size_t i = rig->call_count; i-- > 0;)
        if (rig->calls[i].kind == kind) return &rig->calls[i];
    fail_msg("no call %s", call_kind_name(kind));
    return NULL;
}

struct call_result rig_result(const struct call *call, enum status status) {
    return (struct call_result){.kind = call->kind,
                                .action = call->action,
                                .instance = call->instance,
                                .serial = call->serial,
                                .status = status};
}

void rig_answer(struct rig *rig, const struct call_result *result) {
    struct event event = {.kind = EVENT_CALL_DONE, .instance = result->instance, .call = *result};
    rig->now.boot.ms += 20;
    rig->now.wall.ms += 20;
    rig_event(rig, &event);
}

void rig_describe(struct rig *rig, size_t number, enum instance_state state, int64_t launch_ms,
                  enum check_status status) {
    struct call_result result = rig_result(rig_last(rig, CALL_DESCRIBE), STATUS_OK);
    result.facts = rig_facts(number);
    result.facts.state = state;
    if (launch_ms != 0) result.facts.launch_time.ms = launch_ms;
    result.checks = rig_checks(number, status);
    impaired[number] = status;
    rig_answer(rig, &result);
}

size_t rig_count(const struct rig *rig, enum call_kind kind) {
    size_t count = 0;
    for (size_t i = 0; i < rig->call_count; i++)
        if (rig->calls[i].kind == kind) count++;
    return count;
}

size_t rig_mutations(const struct rig *rig) {
    size_t count = 0;
    for (size_t i = 0; i < rig->call_count; i++)
        if (call_mutates(rig->calls[i].kind)) count++;
    return count;
}

size_t rig_rows(const struct rig *rig, enum record_table table, const char *part) {
    size_t count = 0;
    for (size_t i = 0; i < rig->record_count; i++) {
        const struct rig_record *record = &rig->records[i];
        if (record->table == table && record->item != NULL && strstr(record->item, part) != NULL)
            count++;
    }
    return count;
}

struct rig *rig_create(size_t instances) {
    struct rig *rig = calloc(1, sizeof *rig);
    fleet = instances;
    for (size_t i = 0; i < ARRAY_LENGTH(impaired); i++) impaired[i] = CHECK_STATUS_OK;
    rig->options = engine_options_default();
    rig->options.instances_max = 1024;
    rig->options.decide.dry_run = false;
    for (enum rung rung = RUNG_RESTART_SERVICE; rung < RUNG_COUNT; rung++) {
        rig->options.decide.enabled[TRIGGER_HEALTH][rung] = true;
        rig->options.decide.enabled[TRIGGER_PREDICTION][rung] = rung == RUNG_RESTART_SERVICE;
    }
    rig->now = (struct now){{1000000}, {WALL_0}};
    rig->engine = engine_init(calloc(1, engine_size(1024)), &rig->options, rig->now);
    rig->output = calloc(1, sizeof *rig->output);
    engine_restored(rig->engine, rig->now);
    struct event file = {.kind = EVENT_PAUSE_FILE};
    rig_event(rig, &file);
    inventory(rig);
    for (size_t i = 0; i < instances; i++) rig_seen(rig, i, 1);
    for (size_t i = 0; i < instances; i++) rig_check(rig, i, CHECK_PASSING);
    rig_wait(rig, 660);
    return rig;
}

void rig_destroy(struct rig *rig) {
    for (size_t i = 0; i < rig->record_count; i++) free(rig->records[i].item);
    free(rig->engine);
    free(rig->output);
    free(rig);
}
