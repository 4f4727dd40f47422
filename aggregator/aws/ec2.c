/* EC2's calls: from request structs to form bodies. Encodes in the caller's thread; keeps no state.
 */
#include "aggregator/aws/ec2.h"

#include "aggregator/aws/ec2_decode.h"
#include "aggregator/aws/operation.h"
#include "common/base/text.h"

#define PAGE_SIZE_MIN 5U
#define PAGE_SIZE_MAX 1000U

static void begin(struct aws_query *query, enum aws_call call) {
    const struct aws_call_row *row = aws_call_row(call);
    aws_query_init(query, row->operation, aws_service_row(row->service)->version);
}

static void add_ids(struct aws_query *query, const struct instance_id *ids, size_t count) {
    for (size_t i = 0; i < count; i++)
        aws_query_add_item(query, "InstanceId", i + 1, "", ids[i].text);
}

static bool is_page_size(unsigned size) {
    return size == 0 || (size >= PAGE_SIZE_MIN && size <= PAGE_SIZE_MAX);
}

/* AWS refuses MaxResults beside instance ids. */
static void add_page_size(struct aws_query *query, unsigned size, size_t id_count) {
    if (id_count == 0) aws_query_add_integer(query, "MaxResults", size > 0 ? size : PAGE_SIZE_MAX);
}

static enum status add_filter(struct aws_query *query, const struct ec2_filter *filter,
                              size_t number) {
    if (filter->value_count < 1 || filter->value_count > EC2_VALUES_MAX) return STATUS_OUT_OF_RANGE;
    aws_query_add_item(query, "Filter", number, "Name", filter->name);
    for (size_t i = 0; i < filter->value_count; i++) {
        char suffix[16];
        struct text text = text_over(suffix, sizeof suffix);
        text_add(&text, "Value.");
        text_add_unsigned(&text, i + 1);
        aws_query_add_item(query, "Filter", number, suffix, filter->values[i]);
    }
    return STATUS_OK;
}

static void deliver_instances(aws_done *done, void *context, const struct aws_result *result,
                              const void *answer) {
    ((ec2_instances_done *)done)(context, result, answer);
}

static const struct aws_operation describe_instances = {
    AWS_EC2_DESCRIBE_INSTANCES, sizeof(struct ec2_instances), ec2_decode_instances,
    ec2_release_instances, deliver_instances};

enum status ec2_describe_instances(struct aws *aws, const struct aws_order *order,
                                   const struct ec2_describe_instances *request,
                                   ec2_instances_done *done) {
    if (request->id_count > EC2_IDS_MAX || request->filter_count > EC2_FILTERS_MAX ||
        !is_page_size(request->page_size))
        return STATUS_OUT_OF_RANGE;
    struct aws_query query;
    begin(&query, describe_instances.call);
    for (size_t i = 0; i < request->filter_count; i++) {
        enum status status = add_filter(&query, &request->filters[i], i + 1);
        if (status != STATUS_OK) {
            aws_query_fini(&query);
            return status;
        }
    }
    add_ids(&query, request->ids, request->id_count);
    add_page_size(&query, request->page_size, request->id_count);
    return aws_submit(aws, &describe_instances, order, &query, false, (aws_done *)done);
}

static void deliver_statuses(aws_done *done, void *context, const struct aws_result *result,
                             const void *answer) {
    ((ec2_statuses_done *)done)(context, result, answer);
}

static const struct aws_operation describe_instance_status = {
    AWS_EC2_DESCRIBE_INSTANCE_STATUS, sizeof(struct ec2_statuses), ec2_decode_statuses,
    ec2_release_statuses, deliver_statuses};

enum status ec2_describe_instance_status(struct aws *aws, const struct aws_order *order,
                                         const struct ec2_describe_instance_status *request,
                                         ec2_statuses_done *done) {
    if (request->id_count > EC2_IDS_MAX || !is_page_size(request->page_size))
        return STATUS_OUT_OF_RANGE;
    struct aws_query query;
    begin(&query, describe_instance_status.call);
    aws_query_add_bool(&query, "IncludeAllInstances", true);
    add_ids(&query, request->ids, request->id_count);
    add_page_size(&query, request->page_size, request->id_count);
    return aws_submit(aws, &describe_instance_status, order, &query, false, (aws_done *)done);
}

static void deliver_reboot(aws_done *done, void *context, const struct aws_result *result,
                           const void *answer) {
    (void)answer;
    ((ec2_reboot_done *)done)(context, result);
}

static const struct aws_operation reboot_instances = {AWS_EC2_REBOOT_INSTANCES, 1,
                                                      ec2_decode_reboot, NULL, deliver_reboot};

/* An empty id would address nothing, and no parameter at all is AWS's to interpret. */
static bool has_id(const struct instance_id *id) { return id->text[0] != '\0'; }

enum status ec2_reboot_instances(struct aws *aws, const struct aws_order *order,
                                 const struct ec2_reboot_instances *request,
                                 ec2_reboot_done *done) {
    if (!has_id(&request->id)) return STATUS_OUT_OF_RANGE;
    struct aws_query query;
    begin(&query, reboot_instances.call);
    add_ids(&query, &request->id, 1);
    if (request->dry_run) aws_query_add_bool(&query, "DryRun", true);
    return aws_submit(aws, &reboot_instances, order, &query, request->dry_run, (aws_done *)done);
}

static void deliver_change(aws_done *done, void *context, const struct aws_result *result,
                           const void *answer) {
    ((ec2_state_change_done *)done)(context, result, answer);
}

static const struct aws_operation stop_instances = {
    AWS_EC2_STOP_INSTANCES, sizeof(struct ec2_state_change), ec2_decode_stop, NULL, deliver_change};

enum status ec2_stop_instances(struct aws *aws, const struct aws_order *order,
                               const struct ec2_stop_instances *request,
                               ec2_state_change_done *done) {
    if (!has_id(&request->id)) return STATUS_OUT_OF_RANGE;
    struct aws_query query;
    begin(&query, stop_instances.call);
    add_ids(&query, &request->id, 1);
    if (request->force) aws_query_add_bool(&query, "Force", true);
    if (request->skip_os_shutdown) aws_query_add_bool(&query, "SkipOsShutdown", true);
    if (request->dry_run) aws_query_add_bool(&query, "DryRun", true);
    return aws_submit(aws, &stop_instances, order, &query, request->dry_run, (aws_done *)done);
}

static const struct aws_operation start_instances = {AWS_EC2_START_INSTANCES,
                                                     sizeof(struct ec2_state_change),
                                                     ec2_decode_start, NULL, deliver_change};

enum status ec2_start_instances(struct aws *aws, const struct aws_order *order,
                                const struct ec2_start_instances *request,
                                ec2_state_change_done *done) {
    if (!has_id(&request->id)) return STATUS_OUT_OF_RANGE;
    struct aws_query query;
    begin(&query, start_instances.call);
    add_ids(&query, &request->id, 1);
    if (request->dry_run) aws_query_add_bool(&query, "DryRun", true);
    return aws_submit(aws, &start_instances, order, &query, request->dry_run, (aws_done *)done);
}
