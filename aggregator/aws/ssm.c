/* SSM's calls: from request structs to JSON bodies. Encodes in the caller's thread; keeps no state.
 */
#include "aggregator/aws/ssm.h"

#include <string.h>

#include "aggregator/aws/operation.h"
#include "aggregator/aws/ssm_decode.h"
#include "common/base/json_write.h"

#define BODY_SIZE     (64U * 1024U) /* SendCommand's parameters may not exceed it either */
#define PAGE_SIZE_MAX 50U

static void add_ids(struct json_writer *json, const struct instance_id *ids, size_t count) {
    json_open_array(json, "InstanceIds");
    for (size_t i = 0; i < count; i++) json_string(json, NULL, ids[i].text);
    json_close_array(json);
}

static void add_parameters(struct json_writer *json, const struct ssm_send_command *request) {
    if (request->parameter_count == 0) return;
    json_open_object(json, "Parameters");
    for (size_t i = 0; i < request->parameter_count; i++) {
        const struct ssm_parameter *parameter = &request->parameters[i];
        json_open_array(json, parameter->name);
        for (size_t v = 0; v < parameter->value_count; v++)
            json_string(json, NULL, parameter->values[v]);
        json_close_array(json);
    }
    json_close_object(json);
}

/* Hands the finished text over as a request body. */
static struct aws_query body_of(const struct text *text) {
    struct aws_query body = {0};
    aws_query_add_raw(&body, text->data, text->length);
    if (text->truncated) body.status = STATUS_TOO_LARGE;
    return body;
}

static void deliver_command(aws_done *done, void *context, const struct aws_result *result,
                            const void *answer) {
    ((ssm_command_done *)done)(context, result, answer);
}

static const struct aws_operation send_command = {AWS_SSM_SEND_COMMAND, sizeof(struct ssm_command),
                                                  ssm_decode_command, NULL, deliver_command};

static bool are_parameters_valid(const struct ssm_send_command *request) {
    if (request->parameter_count > SSM_PARAMETERS_MAX) return false;
    for (size_t i = 0; i < request->parameter_count; i++) {
        size_t values = request->parameters[i].value_count;
        if (values < 1 || values > SSM_VALUES_MAX) return false;
    }
    return true;
}

static bool is_send_command_valid(const struct ssm_send_command *request) {
    unsigned timeout_s = request->delivery_timeout_s;
    bool timeout =
        timeout_s == 0 || (timeout_s >= SSM_TIMEOUT_MIN_S && timeout_s <= SSM_TIMEOUT_MAX_S);
    bool comment = request->comment == NULL || strlen(request->comment) <= SSM_COMMENT_MAX;
    return request->document != NULL && request->id_count >= 1 &&
           request->id_count <= SSM_IDS_MAX && timeout && comment && are_parameters_valid(request);
}

enum status ssm_send_command(struct aws *aws, const struct aws_order *order,
                             const struct ssm_send_command *request, ssm_command_done *done) {
    if (!is_send_command_valid(request)) return STATUS_OUT_OF_RANGE;
    char bytes[BODY_SIZE];
    struct text text = text_over(bytes, sizeof bytes);
    struct json_writer json = json_writer_over(&text);
    json_open_object(&json, NULL);
    json_string(&json, "DocumentName", request->document);
    if (request->document_version != NULL)
        json_string(&json, "DocumentVersion", request->document_version);
    add_ids(&json, request->ids, request->id_count);
    add_parameters(&json, request);
    if (request->delivery_timeout_s > 0)
        json_integer(&json, "TimeoutSeconds", request->delivery_timeout_s);
    if (request->comment != NULL) json_string(&json, "Comment", request->comment);
    json_close_object(&json);
    struct aws_query body = body_of(&text);
    return aws_submit(aws, &send_command, order, &body, false, (aws_done *)done);
}

static void deliver_invocation(aws_done *done, void *context, const struct aws_result *result,
                               const void *answer) {
    ((ssm_invocation_done *)done)(context, result, answer);
}

static const struct aws_operation get_command_invocation = {
    AWS_SSM_GET_COMMAND_INVOCATION, sizeof(struct ssm_invocation), ssm_decode_invocation,
    ssm_release_invocation, deliver_invocation};

enum status ssm_get_command_invocation(struct aws *aws, const struct aws_order *order,
                                       const struct ssm_get_command_invocation *request,
                                       ssm_invocation_done *done) {
    if (request->command_id == NULL || request->id.text[0] == '\0') return STATUS_OUT_OF_RANGE;
    char bytes[1024];
    struct text text = text_over(bytes, sizeof bytes);
    struct json_writer json = json_writer_over(&text);
    json_open_object(&json, NULL);
    json_string(&json, "CommandId", request->command_id);
    json_string(&json, "InstanceId", request->id.text);
    if (request->plugin != NULL) json_string(&json, "PluginName", request->plugin);
    json_close_object(&json);
    struct aws_query body = body_of(&text);
    return aws_submit(aws, &get_command_invocation, order, &body, false, (aws_done *)done);
}

static void deliver_commands(aws_done *done, void *context, const struct aws_result *result,
                             const void *answer) {
    ((ssm_commands_done *)done)(context, result, answer);
}

static const struct aws_operation list_commands = {AWS_SSM_LIST_COMMANDS,
                                                   sizeof(struct ssm_commands), ssm_decode_commands,
                                                   ssm_release_commands, deliver_commands};

static void add_filter(struct json_writer *json, const char *key, const char *value) {
    json_open_object(json, NULL);
    json_string(json, "key", key);
    json_string(json, "value", value);
    json_close_object(json);
}

static void add_filters(struct json_writer *json, const struct ssm_list_commands *request) {
    char after[CLOCK_RFC3339_SIZE];
    if (request->document == NULL && request->invoked_after.ms == 0) return;
    json_open_array(json, "Filters");
    if (request->document != NULL) add_filter(json, "DocumentName", request->document);
    if (request->invoked_after.ms != 0)
        add_filter(json, "InvokedAfter", wall_format(request->invoked_after, after));
    json_close_array(json);
}

enum status ssm_list_commands(struct aws *aws, const struct aws_order *order,
                              const struct ssm_list_commands *request, ssm_commands_done *done) {
    if (request->page_size > PAGE_SIZE_MAX) return STATUS_OUT_OF_RANGE;
    char bytes[2048];
    struct text text = text_over(bytes, sizeof bytes);
    struct json_writer json = json_writer_over(&text);
    json_open_object(&json, NULL);
    if (request->id.text[0] != '\0') json_string(&json, "InstanceId", request->id.text);
    json_integer(&json, "MaxResults", request->page_size > 0 ? request->page_size : PAGE_SIZE_MAX);
    add_filters(&json, request);
    json_close_object(&json);
    struct aws_query body = body_of(&text);
    return aws_submit(aws, &list_commands, order, &body, false, (aws_done *)done);
}
