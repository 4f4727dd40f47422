/* From the engine's calls to AWS's and back. One heap block lives from the start of a call to its
 * call back; it belongs to whichever of the two is at work. Starts in any thread, ends in the aws
 * thread. */
#include "aggregator/aws/perform.h"

#include <stdlib.h>
#include <string.h>

#include "aggregator/aws/ec2.h"
#include "aggregator/aws/ssm.h"
#include "common/base/text.h"
#include "common/sys/clock.h"

#define DELIVERY_TIMEOUT_S 60
/* AWS's clock stamps commands, ours the intent; an error below 4 min is never learnt (retry.h). */
#define CLOCK_MARGIN_MS (5 * 60 * 1000)
/* The parameter of ssm-documents/restart-services.json that names the unit. */
#define UNIT_PARAMETER "serviceName"

struct performance {
    struct aws *aws;
    struct call call;
    aws_performed *done;
    void *context;
    struct boot_time deadline;
    struct call_result result;
};

static void note(struct performance *performance, const struct aws_result *result) {
    struct call_result *out = &performance->result;
    out->status = result->status;
    aws_copy_cut(out->code, sizeof out->code, result->code);
    aws_copy_cut(out->message, sizeof out->message, result->message);
    aws_copy_cut(out->request_id, sizeof out->request_id, result->request_id);
}

static void finish(struct performance *performance) {
    performance->done(performance->context, &performance->result);
    free(performance);
}

static struct aws_order order_of(struct performance *performance) {
    struct duration left = boot_since(performance->deadline, sys_now().boot);
    if (left.ms < 1) left = duration_ms(1);
    return (struct aws_order){AWS_LANE_RECOVERY, left, performance};
}

/* --- CALL_DESCRIBE: two reads, one after the other --- */

static void on_checks(void *context, const struct aws_result *result,
                      const struct ec2_statuses *answer) {
    struct performance *performance = context;
    struct call_result *out = &performance->result;
    note(performance, result);
    if (answer != NULL) {
        out->status = STATUS_NOT_FOUND;
        for (size_t i = 0; i < answer->count; i++) {
            if (!instance_id_equal(&answer->statuses[i].checks.id, &out->instance)) continue;
            out->checks = answer->statuses[i].checks;
            out->status = STATUS_OK;
        }
    }
    finish(performance);
}

static void read_checks(struct performance *performance) {
    struct aws_order order = order_of(performance);
    const struct ec2_describe_instance_status request = {.ids = &performance->call.instance,
                                                         .id_count = 1};
    enum status status =
        ec2_describe_instance_status(performance->aws, &order, &request, on_checks);
    if (status == STATUS_OK) return;
    performance->result.status = status == STATUS_CLOSED ? STATUS_CANCELLED : status;
    finish(performance);
}

static void on_facts(void *context, const struct aws_result *result,
                     const struct ec2_instances *answer) {
    struct performance *performance = context;
    struct call_result *out = &performance->result;
    note(performance, result);
    if (answer != NULL) {
        out->status = STATUS_NOT_FOUND;
        for (size_t i = 0; i < answer->count; i++) {
            if (!instance_id_equal(&answer->instances[i].facts.id, &out->instance)) continue;
            out->facts = answer->instances[i].facts;
            out->status = STATUS_OK;
        }
    }
    /* A terminated instance is shown for an hour but has no status any more: its facts are the
     * answer. */
    bool gone = out->facts.state == INSTANCE_TERMINATED;
    if (out->status == STATUS_OK && !gone)
        read_checks(performance);
    else
        finish(performance);
}

static enum status describe(struct performance *performance) {
    struct aws_order order = order_of(performance);
    const struct ec2_describe_instances request = {.ids = &performance->call.instance,
                                                   .id_count = 1};
    return ec2_describe_instances(performance->aws, &order, &request, on_facts);
}

/* --- SSM --- */

static enum run_state run_of(enum ssm_status status, const char *details) {
    static const char *const undelivered[] = {"DeliveryTimedOut", "Undeliverable", "Terminated",
                                              "InvalidPlatform", "AccessDenied"};
    for (size_t i = 0; i < ARRAY_LENGTH(undelivered); i++)
        if (strcmp(details, undelivered[i]) == 0) return RUN_UNDELIVERABLE;
    switch (status) {
    case SSM_STATUS_UNKNOWN: return RUN_UNKNOWN;
    case SSM_STATUS_PENDING:
    case SSM_STATUS_DELAYED: return RUN_PENDING;
    case SSM_STATUS_IN_PROGRESS:
    case SSM_STATUS_CANCELLING: return RUN_IN_PROGRESS;
    case SSM_STATUS_SUCCESS: return RUN_SUCCESS;
    case SSM_STATUS_CANCELLED:
    case SSM_STATUS_FAILED: return RUN_FAILED;
    case SSM_STATUS_TIMED_OUT: return RUN_TIMED_OUT;
    }
    return RUN_UNKNOWN;
}

static void note_command(struct call_result *out, const struct ssm_command *command) {
    out->found = true;
    out->run = run_of(command->status, "");
    aws_copy_cut(out->command_id, sizeof out->command_id, command->id);
}

static void on_command(void *context, const struct aws_result *result,
                       const struct ssm_command *answer) {
    struct performance *performance = context;
    note(performance, result);
    if (answer != NULL) note_command(&performance->result, answer);
    finish(performance);
}

static enum status run_document(struct performance *performance,
                                const struct aws_perform_options *options) {
    if (performance->call.unit[0] == '\0') return STATUS_OUT_OF_RANGE;
    struct aws_order order = order_of(performance);
    const struct ssm_parameter parameter = {UNIT_PARAMETER, {performance->call.unit}, 1};
    unsigned timeout_s = options->delivery_timeout_s;
    const struct ssm_send_command request = {.document = options->document,
                                             .document_version = options->document_version,
                                             .ids = &performance->call.instance,
                                             .id_count = 1,
                                             .parameters = &parameter,
                                             .parameter_count = 1,
                                             .delivery_timeout_s =
                                                 timeout_s > 0 ? timeout_s : DELIVERY_TIMEOUT_S,
                                             .comment = performance->call.action.text};
    return ssm_send_command(performance->aws, &order, &request, on_command);
}

static void on_commands(void *context, const struct aws_result *result,
                        const struct ssm_commands *answer) {
    struct performance *performance = context;
    const struct ssm_command *newest = NULL;
    note(performance, result);
    for (size_t i = 0; answer != NULL && i < answer->count; i++) {
        const struct ssm_command *command = &answer->commands[i];
        if (strcmp(command->comment, performance->call.action.text) != 0) continue;
        if (newest == NULL || command->requested.ms > newest->requested.ms) newest = command;
    }
    if (newest != NULL) note_command(&performance->result, newest);
    finish(performance);
}

static enum status find_run(struct performance *performance,
                            const struct aws_perform_options *options) {
    if (performance->call.action.text[0] == '\0') return STATUS_OUT_OF_RANGE;
    struct aws_order order = order_of(performance);
    int64_t skew_ms = aws_clock_skew_ms(performance->aws, AWS_SERVICE_SSM);
    int64_t since_ms = performance->call.since.ms + skew_ms - CLOCK_MARGIN_MS;
    const struct ssm_list_commands request = {.document = options->document,
                                              .invoked_after = {since_ms > 0 ? since_ms : 0},
                                              .id = performance->call.instance};
    return ssm_list_commands(performance->aws, &order, &request, on_commands);
}

static void on_invocation(void *context, const struct aws_result *result,
                          const struct ssm_invocation *answer) {
    struct performance *performance = context;
    struct call_result *out = &performance->result;
    note(performance, result);
    if (answer != NULL) {
        out->run = run_of(answer->status, answer->status_details);
        out->response_code = answer->response_code;
        aws_copy_cut(out->output, sizeof out->output, answer->output);
    }
    finish(performance);
}

static enum status poll_run(struct performance *performance) {
    if (performance->call.command_id[0] == '\0') return STATUS_OUT_OF_RANGE;
    struct aws_order order = order_of(performance);
    const struct ssm_get_command_invocation request = {.command_id = performance->call.command_id,
                                                       .id = performance->call.instance};
    return ssm_get_command_invocation(performance->aws, &order, &request, on_invocation);
}

/* --- EC2's changes --- */

static void on_reboot(void *context, const struct aws_result *result) {
    struct performance *performance = context;
    note(performance, result);
    finish(performance);
}

/* An answer about another instance proves nothing about ours. */
static void on_change(void *context, const struct aws_result *result,
                      const struct ec2_state_change *answer) {
    struct performance *performance = context;
    struct call_result *out = &performance->result;
    note(performance, result);
    if (answer != NULL && !instance_id_equal(&answer->id, &performance->call.instance))
        out->status = STATUS_UNKNOWN_OUTCOME;
    finish(performance);
}

static enum status reboot(struct performance *performance) {
    struct aws_order order = order_of(performance);
    const struct ec2_reboot_instances request = {.id = performance->call.instance};
    return ec2_reboot_instances(performance->aws, &order, &request, on_reboot);
}

static enum status stop(struct performance *performance, bool force) {
    struct aws_order order = order_of(performance);
    const struct ec2_stop_instances request = {.id = performance->call.instance, .force = force};
    return ec2_stop_instances(performance->aws, &order, &request, on_change);
}

static enum status start(struct performance *performance) {
    struct aws_order order = order_of(performance);
    const struct ec2_start_instances request = {.id = performance->call.instance};
    return ec2_start_instances(performance->aws, &order, &request, on_change);
}

static enum status begin(struct performance *performance,
                         const struct aws_perform_options *options) {
    switch (performance->call.kind) {
    case CALL_DESCRIBE: return describe(performance);
    case CALL_RUN_DOCUMENT: return run_document(performance, options);
    case CALL_FIND_RUN: return find_run(performance, options);
    case CALL_POLL_RUN: return poll_run(performance);
    case CALL_REBOOT: return reboot(performance);
    case CALL_STOP: return stop(performance, false);
    case CALL_STOP_FORCE: return stop(performance, true);
    case CALL_START: return start(performance);
    case CALL_COUNT: break;
    }
    return STATUS_OUT_OF_RANGE;
}

enum status aws_perform(struct aws *aws, const struct aws_perform_options *options,
                        const struct call *call, aws_performed *done, void *context) {
    if (call->instance.text[0] == '\0') return STATUS_OUT_OF_RANGE;
    struct performance *performance = calloc(1, sizeof *performance);
    if (performance == NULL) return STATUS_NO_MEMORY;
    performance->aws = aws;
    performance->call = *call;
    performance->done = done;
    performance->context = context;
    performance->deadline = boot_add(sys_now().boot, call->deadline);
    performance->result = (struct call_result){.kind = call->kind,
                                               .action = call->action,
                                               .instance = call->instance,
                                               .serial = call->serial,
                                               .response_code = -1};
    memcpy(performance->result.command_id, call->command_id, sizeof call->command_id);
    enum status status = begin(performance, options);
    /* Once a call is out, the block is its call back's, which may have run already. */
    if (status != STATUS_OK) free(performance);
    return status;
}
