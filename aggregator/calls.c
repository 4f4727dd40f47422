/* From struct call to a typed AWS call, and from its answer to EVENT_CALL_DONE. The open call's
 * struct travels through the aws thread as the call back's context and is freed there. */
#include "aggregator/calls.h"

#include <stdlib.h>
#include <string.h>

#include "aggregator/aws/ec2.h"
#include "aggregator/aws/ssm.h"
#include "common/sys/clock.h"

/* Earlier commands than the engine's own `since` are looked at too: the skew may not be learnt yet.
 */
#define FIND_MARGIN_MS       300000
#define DELIVERY_TIMEOUT_MIN 30

/* One call under way. */
struct open_call {
    struct calls *calls;
    struct call call;
    struct boot_time ends; /* the deadline holds for all its reads together */
    struct call_result result;
};

static void finish(struct open_call *open, const struct aws_result *result) {
    struct event *event = calloc(1, sizeof *event);
    open->result.status = result->status;
    /* A local fault has no HTTP status; a 5xx or a page of somebody else's is no word of AWS. */
    bool http = result->http > 0 && result->http < 500;
    open->result.answered = result->status == STATUS_OK || (http && result->code[0] != '\0');
    aws_copy_cut(open->result.code, sizeof open->result.code, result->code);
    aws_copy_cut(open->result.message, sizeof open->result.message, result->message);
    aws_copy_cut(open->result.request_id, sizeof open->result.request_id, result->request_id);
    if (event != NULL) {
        event->kind = EVENT_CALL_DONE;
        event->instance = open->call.instance;
        event->call = open->result;
        /* A full queue drops the event; the run's own deadline then counts the answer as lost. */
        (void)open->calls->post(open->calls->context, event);
    }
    free(open);
}

static struct aws_order order_of(struct open_call *open) {
    struct duration left = boot_since(open->ends, sys_now().boot);
    return (struct aws_order){AWS_LANE_RECOVERY, left.ms < 1 ? duration_ms(1) : left, open};
}

/* --- reading one instance: facts, then checks --- */

static void take_checks(void *context, const struct aws_result *result,
                        const struct ec2_statuses *answer) {
    struct open_call *open = context;
    if (answer != NULL && answer->count == 1)
        open->result.checks = answer->statuses[0].checks;
    else
        open->result.checks.id = open->call.instance; /* not said: unknown, not failing */
    finish(open, result);
}

static void take_facts(void *context, const struct aws_result *result,
                       const struct ec2_instances *answer) {
    struct open_call *open = context;
    struct aws_result outcome = *result;
    if (answer == NULL || answer->count != 1) {
        if (answer != NULL) outcome.status = STATUS_NOT_FOUND;
        finish(open, &outcome);
        return;
    }
    open->result.facts = answer->instances[0].facts;
    struct aws_order order = order_of(open);
    struct ec2_describe_instance_status request = {.ids = &open->call.instance, .id_count = 1};
    outcome.status = ec2_describe_instance_status(open->calls->aws, &order, &request, take_checks);
    if (outcome.status != STATUS_OK) finish(open, &outcome);
}

static enum status describe(struct open_call *open) {
    struct aws_order order = order_of(open);
    struct ec2_describe_instances request = {.ids = &open->call.instance, .id_count = 1};
    return ec2_describe_instances(open->calls->aws, &order, &request, take_facts);
}

/* --- SSM --- */

static enum run_state run_of(enum ssm_status status) {
    switch (status) {
    case SSM_STATUS_UNKNOWN: return RUN_UNKNOWN;
    case SSM_STATUS_PENDING:
    case SSM_STATUS_DELAYED: return RUN_PENDING;
    case SSM_STATUS_IN_PROGRESS:
    case SSM_STATUS_CANCELLING: return RUN_IN_PROGRESS;
    case SSM_STATUS_SUCCESS: return RUN_SUCCESS;
    case SSM_STATUS_TIMED_OUT: return RUN_TIMED_OUT;
    case SSM_STATUS_CANCELLED:
    case SSM_STATUS_FAILED: return RUN_FAILED;
    }
    return RUN_UNKNOWN;
}

static void take_command(void *context, const struct aws_result *result,
                         const struct ssm_command *answer) {
    struct open_call *open = context;
    if (answer != NULL) {
        aws_copy_cut(open->result.command_id, sizeof open->result.command_id, answer->id);
        open->result.run = run_of(answer->status);
    }
    finish(open, result);
}

static enum status run_document(struct open_call *open) {
    struct aws_order order = order_of(open);
    int64_t deadline_s = open->call.deadline.ms / 1000;
    struct ssm_parameter parameter = {
        .name = "serviceName", .values = {open->call.unit}, .value_count = 1};
    struct ssm_send_command request = {.document = open->calls->document,
                                       .ids = &open->call.instance,
                                       .id_count = 1,
                                       .parameters = &parameter,
                                       .parameter_count = 1,
                                       .delivery_timeout_s = deadline_s < DELIVERY_TIMEOUT_MIN
                                                                 ? DELIVERY_TIMEOUT_MIN
                                                                 : (unsigned)deadline_s,
                                       .comment = open->call.action.text};
    return ssm_send_command(open->calls->aws, &order, &request, take_command);
}

static void take_commands(void *context, const struct aws_result *result,
                          const struct ssm_commands *answer) {
    struct open_call *open = context;
    for (size_t i = 0; answer != NULL && i < answer->count; i++) {
        const struct ssm_command *command = &answer->commands[i];
        if (strcmp(command->comment, open->call.action.text) != 0) continue;
        open->result.found = true;
        aws_copy_cut(open->result.command_id, sizeof open->result.command_id, command->id);
        open->result.run = run_of(command->status);
    }
    finish(open, result);
}

static enum status find_run(struct open_call *open) {
    struct aws_order order = order_of(open);
    /* `since` is our clock; the filter is AWS's. */
    int64_t skew_ms = aws_clock_skew_ms(open->calls->aws, AWS_SERVICE_SSM);
    struct ssm_list_commands request = {
        .document = open->calls->document,
        .invoked_after = wall_add(open->call.since, duration_ms(skew_ms - FIND_MARGIN_MS)),
        .id = open->call.instance};
    return ssm_list_commands(open->calls->aws, &order, &request, take_commands);
}

static void take_invocation(void *context, const struct aws_result *result,
                            const struct ssm_invocation *answer) {
    struct open_call *open = context;
    if (answer != NULL) {
        open->result.run = strcmp(answer->status_details, "Undeliverable") == 0 ||
                                   strcmp(answer->status_details, "DeliveryTimedOut") == 0
                               ? RUN_UNDELIVERABLE
                               : run_of(answer->status);
        open->result.response_code = answer->response_code;
        aws_copy_cut(open->result.output, sizeof open->result.output, answer->output);
    }
    finish(open, result);
}

static enum status poll_run(struct open_call *open) {
    struct aws_order order = order_of(open);
    struct ssm_get_command_invocation request = {.command_id = open->call.command_id,
                                                 .id = open->call.instance};
    return ssm_get_command_invocation(open->calls->aws, &order, &request, take_invocation);
}

/* --- EC2 actions --- */

static void take_reboot(void *context, const struct aws_result *result) { finish(context, result); }

static void take_change(void *context, const struct aws_result *result,
                        const struct ec2_state_change *answer) {
    (void)answer; /* the state is proven by reading it, not by this answer */
    finish(context, result);
}

static enum status reboot(struct open_call *open) {
    struct aws_order order = order_of(open);
    struct ec2_reboot_instances request = {.id = open->call.instance};
    return ec2_reboot_instances(open->calls->aws, &order, &request, take_reboot);
}

static enum status stop(struct open_call *open, bool force) {
    struct aws_order order = order_of(open);
    struct ec2_stop_instances request = {.id = open->call.instance, .force = force};
    return ec2_stop_instances(open->calls->aws, &order, &request, take_change);
}

static enum status start(struct open_call *open) {
    struct aws_order order = order_of(open);
    struct ec2_start_instances request = {.id = open->call.instance};
    return ec2_start_instances(open->calls->aws, &order, &request, take_change);
}

static enum status submit(struct open_call *open) {
    switch (open->call.kind) {
    case CALL_DESCRIBE: return describe(open);
    case CALL_RUN_DOCUMENT: return run_document(open);
    case CALL_FIND_RUN: return find_run(open);
    case CALL_POLL_RUN: return poll_run(open);
    case CALL_REBOOT: return reboot(open);
    case CALL_STOP: return stop(open, false);
    case CALL_STOP_FORCE: return stop(open, true);
    case CALL_START: return start(open);
    case CALL_COUNT: break;
    }
    return STATUS_INTERNAL;
}

enum status calls_submit(struct calls *calls, const struct call *call) {
    struct open_call *open = calloc(1, sizeof *open);
    if (open == NULL) return STATUS_NO_MEMORY;
    open->calls = calls;
    open->call = *call;
    open->result.asked_at = sys_now().boot;
    open->ends = boot_add(open->result.asked_at, call->deadline);
    open->result.kind = call->kind;
    open->result.action = call->action;
    open->result.instance = call->instance;
    open->result.serial = call->serial;
    open->result.response_code = -1;
    enum status status = submit(open);
    if (status != STATUS_OK) free(open);
    return status;
}
