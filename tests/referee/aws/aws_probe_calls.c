/* aws_probe's calls: requests from arguments, answers to JSON. Call backs run in the aws thread. */
#include <string.h>

#include "aggregator/aws/ec2.h"
#include "aggregator/aws/sns.h"
#include "aggregator/aws/ssm.h"
#include "aggregator/aws/sts.h"
#include "tests/referee/aws/aws_probe.h"

#define ARGUMENTS_MAX 128

static void add_instance(struct json_writer *json, const struct ec2_instance *instance) {
    const struct instance_facts *facts = &instance->facts;
    json_open_object(json, NULL);
    json_string(json, "id", facts->id.text);
    json_string(json, "name", facts->name);
    json_string(json, "auto_recovery", instance->auto_recovery);
    json_bool(json, "opted_in", facts->opted_in);
    json_string(json, "asg", facts->autoscaling_group);
    json_string(json, "state", instance_state_name(facts->state));
    json_string(json, "state_reason", facts->state_reason);
    json_integer(json, "launched_ms", facts->launch_time.ms);
    json_string(json, "zone", facts->availability_zone);
    json_string(json, "type", facts->type);
    json_string(json, "tenancy", facts->tenancy);
    json_string(json, "image", facts->image_id);
    json_string(json, "subnet", facts->subnet_id);
    json_string(json, "vpc", instance->vpc);
    json_string(json, "private_ip", facts->private_ip);
    json_string(json, "public_ip", facts->public_ip);
    json_bool(json, "spot", facts->spot);
    json_bool(json, "root_is_ebs", instance->root_is_known && !facts->instance_store_root);
    json_bool(json, "operator_managed", facts->managed_by_service);
    json_close_object(json);
}

static void on_instances(void *context, const struct aws_result *result,
                         const struct ec2_instances *answer) {
    struct text text;
    struct json_writer json = probe_begin(context, result, &text);
    if (answer != NULL) {
        json_open_array(&json, "answer");
        for (size_t i = 0; i < answer->count; i++) add_instance(&json, &answer->instances[i]);
        json_close_array(&json);
    }
    probe_end(context, &json);
}

static void add_check(struct json_writer *json, const char *key, enum check_status check,
                      struct wall_time since) {
    json_open_object(json, key);
    json_string(json, "check", check_status_name(check));
    json_integer(json, "impaired_since_ms", since.ms);
    json_close_object(json);
}

static void add_status(struct json_writer *json, const struct ec2_status *status) {
    const struct instance_checks *checks = &status->checks;
    json_open_object(json, NULL);
    json_string(json, "id", checks->id.text);
    json_string(json, "zone", status->zone);
    json_string(json, "state", instance_state_name(checks->state));
    add_check(json, "system", checks->system, checks->system_since);
    add_check(json, "instance", checks->instance, checks->instance_since);
    add_check(json, "ebs", checks->attached_ebs, status->ebs_since);
    add_check(json, "application", checks->application, status->application_since);
    json_integer(json, "events_left_out", status->events_left_out);
    json_open_array(json, "events");
    for (size_t i = 0; i < checks->event_count; i++) {
        const struct scheduled_event *event = &checks->events[i];
        json_open_object(json, NULL);
        json_string(json, "id", event->id);
        json_string(json, "code", event->code);
        json_string(json, "description", status->descriptions[i]);
        json_integer(json, "not_before_ms", event->not_before.ms);
        json_integer(json, "not_after_ms", event->not_after.ms);
        json_integer(json, "deadline_ms", status->deadlines[i].ms);
        json_close_object(json);
    }
    json_close_array(json);
    json_close_object(json);
}

static void on_statuses(void *context, const struct aws_result *result,
                        const struct ec2_statuses *answer) {
    struct text text;
    struct json_writer json = probe_begin(context, result, &text);
    if (answer != NULL) {
        json_open_array(&json, "answer");
        for (size_t i = 0; i < answer->count; i++) add_status(&json, &answer->statuses[i]);
        json_close_array(&json);
    }
    probe_end(context, &json);
}

static void on_reboot(void *context, const struct aws_result *result) {
    struct text text;
    struct json_writer json = probe_begin(context, result, &text);
    probe_end(context, &json);
}

static void on_change(void *context, const struct aws_result *result,
                      const struct ec2_state_change *answer) {
    struct text text;
    struct json_writer json = probe_begin(context, result, &text);
    if (answer != NULL) {
        json_open_object(&json, "answer");
        json_string(&json, "id", answer->id.text);
        json_string(&json, "previous", instance_state_name(answer->previous));
        json_string(&json, "current", instance_state_name(answer->current));
        json_close_object(&json);
    }
    probe_end(context, &json);
}

static void add_command(struct json_writer *json, const char *key,
                        const struct ssm_command *command) {
    json_open_object(json, key);
    json_string(json, "id", command->id);
    json_string(json, "document", command->document);
    json_string(json, "comment", command->comment);
    json_string(json, "status", ssm_status_name(command->status));
    json_integer(json, "requested_ms", command->requested.ms);
    json_integer(json, "expires_ms", command->expires.ms);
    json_string(json, "first_id", command->first_id.text);
    json_integer(json, "id_count", (int64_t)command->id_count);
    json_close_object(json);
}

static void on_command(void *context, const struct aws_result *result,
                       const struct ssm_command *answer) {
    struct text text;
    struct json_writer json = probe_begin(context, result, &text);
    if (answer != NULL) add_command(&json, "answer", answer);
    probe_end(context, &json);
}

static void on_commands(void *context, const struct aws_result *result,
                        const struct ssm_commands *answer) {
    struct text text;
    struct json_writer json = probe_begin(context, result, &text);
    if (answer != NULL) {
        json_open_array(&json, "answer");
        for (size_t i = 0; i < answer->count; i++) add_command(&json, NULL, &answer->commands[i]);
        json_close_array(&json);
    }
    probe_end(context, &json);
}

static void on_invocation(void *context, const struct aws_result *result,
                          const struct ssm_invocation *answer) {
    struct text text;
    struct json_writer json = probe_begin(context, result, &text);
    if (answer != NULL) {
        json_open_object(&json, "answer");
        json_string(&json, "command_id", answer->command_id);
        json_string(&json, "id", answer->id.text);
        json_string(&json, "status", ssm_status_name(answer->status));
        json_string(&json, "status_details", answer->status_details);
        json_integer(&json, "response_code", answer->response_code);
        json_string(&json, "output", answer->output);
        json_string(&json, "error_output", answer->error_output);
        json_close_object(&json);
    }
    probe_end(context, &json);
}

static void on_published(void *context, const struct aws_result *result,
                         const struct sns_published *answer) {
    struct text text;
    struct json_writer json = probe_begin(context, result, &text);
    if (answer != NULL) json_string(&json, "answer", answer->message_id);
    probe_end(context, &json);
}

static void on_identity(void *context, const struct aws_result *result,
                        const struct sts_identity *answer) {
    struct text text;
    struct json_writer json = probe_begin(context, result, &text);
    if (answer != NULL) {
        json_open_object(&json, "answer");
        json_string(&json, "account", answer->account);
        json_string(&json, "arn", answer->arn);
        json_string(&json, "user_id", answer->user_id);
        json_close_object(&json);
    }
    probe_end(context, &json);
}

/* All "id=" arguments. They are taken as they stand: the referee also sends odd ones. */
static size_t take_ids(const struct probe *probe, struct instance_id ids[static ARGUMENTS_MAX]) {
    size_t count = 0;
    const char *text = NULL;
    while (count < ARGUMENTS_MAX && (text = probe_argument(probe, "id", count)) != NULL) {
        ids[count] = (struct instance_id){0};
        if (text_copy(ids[count].text, sizeof ids[count].text, text) != STATUS_OK) break;
        count++;
    }
    return count;
}

static struct instance_id take_id(const struct probe *probe) {
    struct instance_id ids[ARGUMENTS_MAX] = {0};
    (void)take_ids(probe, ids); /* none leaves the empty id */
    return ids[0];
}

static bool flag(const struct probe *probe, const char *key) {
    return probe_number(probe, key, 0) != 0;
}

/* "filter=name=value,value": splits in place, into static storage of the arguments. */
static size_t take_filters(const struct probe *probe,
                           struct ec2_filter filters[static EC2_FILTERS_MAX]) {
    static char copies[EC2_FILTERS_MAX][256];
    size_t count = 0;
    const char *text = NULL;
    while (count < EC2_FILTERS_MAX && (text = probe_argument(probe, "filter", count)) != NULL) {
        if (text_copy(copies[count], sizeof copies[count], text) != STATUS_OK) break;
        char *save = NULL;
        filters[count] = (struct ec2_filter){.name = strtok_r(copies[count], "=", &save)};
        char *value = NULL;
        while ((value = strtok_r(NULL, ",", &save)) != NULL &&
               filters[count].value_count < EC2_VALUES_MAX)
            filters[count].values[filters[count].value_count++] = value;
        count++;
    }
    return count;
}

static enum status describe_instances(struct probe *probe) {
    struct instance_id ids[ARGUMENTS_MAX];
    struct ec2_filter filters[EC2_FILTERS_MAX];
    const struct ec2_describe_instances request = {
        .ids = ids,
        .id_count = take_ids(probe, ids),
        .filters = filters,
        .filter_count = take_filters(probe, filters),
        .page_size = (unsigned)probe_number(probe, "page_size", 0)};
    return ec2_describe_instances(probe->aws, &probe->order, &request, on_instances);
}

static enum status describe_instance_status(struct probe *probe) {
    struct instance_id ids[ARGUMENTS_MAX];
    const struct ec2_describe_instance_status request = {
        .ids = ids,
        .id_count = take_ids(probe, ids),
        .page_size = (unsigned)probe_number(probe, "page_size", 0)};
    return ec2_describe_instance_status(probe->aws, &probe->order, &request, on_statuses);
}

static enum status reboot_instances(struct probe *probe) {
    const struct ec2_reboot_instances request = {take_id(probe), flag(probe, "dry_run")};
    return ec2_reboot_instances(probe->aws, &probe->order, &request, on_reboot);
}

static enum status stop_instances(struct probe *probe) {
    const struct ec2_stop_instances request = {.id = take_id(probe),
                                               .force = flag(probe, "force"),
                                               .skip_os_shutdown = flag(probe, "skip"),
                                               .dry_run = flag(probe, "dry_run")};
    return ec2_stop_instances(probe->aws, &probe->order, &request, on_change);
}

static enum status start_instances(struct probe *probe) {
    const struct ec2_start_instances request = {take_id(probe), flag(probe, "dry_run")};
    return ec2_start_instances(probe->aws, &probe->order, &request, on_change);
}

static enum status send_command(struct probe *probe) {
    struct instance_id ids[ARGUMENTS_MAX];
    struct ssm_parameter parameters[SSM_PARAMETERS_MAX];
    size_t count = 0;
    const char *name = NULL;
    while (count < SSM_PARAMETERS_MAX && (name = probe_argument(probe, "parameter", count))) {
        parameters[count] = (struct ssm_parameter){
            .name = name, .values = {probe_argument(probe, "value", count)}, .value_count = 1};
        count++;
    }
    const struct ssm_send_command request = {
        .document = probe_argument(probe, "document", 0),
        .document_version = probe_argument(probe, "document_version", 0),
        .ids = ids,
        .id_count = take_ids(probe, ids),
        .parameters = parameters,
        .parameter_count = count,
        .delivery_timeout_s = (unsigned)probe_number(probe, "delivery_timeout_s", 0),
        .comment = probe_argument(probe, "comment", 0)};
    return ssm_send_command(probe->aws, &probe->order, &request, on_command);
}

static enum status get_command_invocation(struct probe *probe) {
    const struct ssm_get_command_invocation request = {
        .command_id = probe_argument(probe, "command_id", 0),
        .id = take_id(probe),
        .plugin = probe_argument(probe, "plugin", 0)};
    return ssm_get_command_invocation(probe->aws, &probe->order, &request, on_invocation);
}

static enum status list_commands(struct probe *probe) {
    const struct ssm_list_commands request = {
        .document = probe_argument(probe, "document", 0),
        .invoked_after = {probe_number(probe, "invoked_after_ms", 0)},
        .id = take_id(probe),
        .page_size = (unsigned)probe_number(probe, "page_size", 0)};
    return ssm_list_commands(probe->aws, &probe->order, &request, on_commands);
}

static enum status publish(struct probe *probe) {
    struct sns_attribute attributes[SNS_ATTRIBUTES_MAX];
    size_t count = 0;
    const char *name = NULL;
    while (count < SNS_ATTRIBUTES_MAX && (name = probe_argument(probe, "attribute", count))) {
        attributes[count] = (struct sns_attribute){name, probe_argument(probe, "value", count)};
        count++;
    }
    const struct sns_publish request = {.topic_arn = probe_argument(probe, "topic", 0),
                                        .subject = probe_argument(probe, "subject", 0),
                                        .message = probe_argument(probe, "message", 0),
                                        .attributes = attributes,
                                        .attribute_count = count};
    return sns_publish(probe->aws, &probe->order, &request, on_published);
}

static enum status get_caller_identity(struct probe *probe) {
    return sts_get_caller_identity(probe->aws, &probe->order, on_identity);
}

static const struct {
    enum aws_call call;
    enum status (*start)(struct probe *probe);
} calls[] = {
    {AWS_EC2_DESCRIBE_INSTANCES, describe_instances},
    {AWS_EC2_DESCRIBE_INSTANCE_STATUS, describe_instance_status},
    {AWS_EC2_REBOOT_INSTANCES, reboot_instances},
    {AWS_EC2_STOP_INSTANCES, stop_instances},
    {AWS_EC2_START_INSTANCES, start_instances},
    {AWS_SSM_SEND_COMMAND, send_command},
    {AWS_SSM_GET_COMMAND_INVOCATION, get_command_invocation},
    {AWS_SSM_LIST_COMMANDS, list_commands},
    {AWS_SNS_PUBLISH, publish},
    {AWS_STS_GET_CALLER_IDENTITY, get_caller_identity},
};
/* A call that no referee can reach does not compile. */
_Static_assert(ARRAY_LENGTH(calls) == AWS_CALL_COUNT, "every call of the table has a probe");

enum status probe_call(struct probe *probe, const char *name) {
    for (size_t i = 0; i < ARRAY_LENGTH(calls); i++)
        if (strcmp(aws_call_row(calls[i].call)->operation, name) == 0) return calls[i].start(probe);
    if (strcmp(name, "perform") == 0) return probe_perform(probe);
    return STATUS_NOT_FOUND;
}
