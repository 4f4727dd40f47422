/* One run with a hand on its clock, its evidence and the answers it gets. */
#include "tests/unit/recover/rig.h"

#include <string.h>

struct recover_policy policy;
struct recover_run run;
struct recover_effects effects;
struct recover_evidence evidence;
struct now now;

const struct instance_id box = {"i-0123456789abcdef0"};
const struct record_id incident = {"INC-01ARZ3NDEKTSV4RRFFQ69G5FAV"};

void begin(enum rung rung) {
    policy = recover_policy_default();
    now = (struct now){{1000000}, {INT64_C(1772524800000)}};
    evidence = (struct recover_evidence){.state = INSTANCE_RUNNING,
                                         .launch_time = {1000},
                                         .agent_speaking = true,
                                         .boot = {"00000000-0000-4000-8000-000000000001"},
                                         .service_ok = false};
    recover_begin(&run, rung, &box, &incident, 1,
                  rung == RUNG_RESTART_SERVICE ? "web.service" : "");
}

void feed(enum recover_event_kind kind) {
    struct recover_event event = {.kind = kind, .evidence = evidence, .reason = "rule", .now = now};
    recover_step(&policy, &run, &event, &effects);
}

struct call_result answer_to(const struct call *call, enum status status) {
    return (struct call_result){.kind = call->kind,
                                .action = call->action,
                                .instance = call->instance,
                                .serial = call->serial,
                                .status = status};
}

void result(const struct call_result *value) {
    struct recover_event event = {
        .kind = RECOVER_EVENT_RESULT, .result = value, .evidence = evidence, .now = now};
    recover_step(&policy, &run, &event, &effects);
}

struct call the_call(void) {
    for (size_t i = 0; i < effects.count; i++)
        if (effects.effects[i].kind == RECOVER_EFFECT_CALL) return effects.effects[i].call;
    fail_msg("no call in state %s", recover_state_name(run.state));
    return (struct call){0};
}

bool has(enum recover_effect_kind kind) {
    for (size_t i = 0; i < effects.count; i++)
        if (effects.effects[i].kind == kind) return true;
    return false;
}

void reads(void) {
    struct call call = the_call();
    assert_int_equal(call.kind, CALL_DESCRIBE);
    struct call_result ok = answer_to(&call, STATUS_OK);
    result(&ok);
}

struct call until_called(enum rung rung) {
    begin(rung);
    feed(RECOVER_EVENT_BEGIN);
    reads();
    assert_true(has(RECOVER_EFFECT_ASK));
    feed(RECOVER_EVENT_ALLOWED);
    assert_true(has(RECOVER_EFFECT_INTEND) && !has(RECOVER_EFFECT_CALL));
    feed(RECOVER_EVENT_DURABLE);
    assert_int_equal(run.state, RECOVER_CALLING);
    return the_call();
}

void answers(enum status status) {
    struct call call = the_call();
    struct call_result value = answer_to(&call, status);
    result(&value);
}

void later(struct duration by) {
    now.boot.ms += by.ms;
    now.wall.ms += by.ms;
    feed(RECOVER_EVENT_TICK);
}

void comes_up_anew(void) {
    evidence = (struct recover_evidence){.state = INSTANCE_RUNNING,
                                         .launch_time = {2000},
                                         .facts_after_call = true,
                                         .checks_ok = true,
                                         .agent_speaking = true,
                                         .boot = {"00000000-0000-4000-8000-000000000002"},
                                         .service_ok = true};
}

void goes_down(enum instance_state to) {
    evidence.state = to;
    evidence.facts_after_call = true;
    evidence.checks_ok = evidence.agent_speaking = evidence.service_ok = false;
}

struct call until_stop_called(void) {
    struct call call = until_called(RUNG_STOP_START);
    assert_int_equal(call.kind, CALL_STOP);
    return call;
}

struct call until_force_called(void) {
    (void)until_stop_called();
    answers(STATUS_OK);
    goes_down(INSTANCE_STOPPING);
    later(policy.stop_timeout);
    assert_int_equal(run.leg, RECOVER_LEG_FORCE);
    feed(RECOVER_EVENT_ALLOWED);
    feed(RECOVER_EVENT_DURABLE);
    assert_int_equal(the_call().kind, CALL_STOP_FORCE);
    return the_call();
}

struct call until_start_called(void) {
    (void)until_stop_called();
    answers(STATUS_OK);
    goes_down(INSTANCE_STOPPED);
    later(duration_s(1));
    assert_int_equal(run.leg, RECOVER_LEG_START);
    feed(RECOVER_EVENT_ALLOWED);
    feed(RECOVER_EVENT_DURABLE);
    assert_int_equal(the_call().kind, CALL_START);
    return the_call();
}
