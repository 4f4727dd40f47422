/* The two reads of the whole fleet, in the model's arrays. State is one small heap block a read. */
#include <stdlib.h>

#include "aggregator/aws/ec2.h"
#include "aggregator/aws/perform.h"

struct fleet_read {
    aws_inventory_read *inventory_done; /* one of the two */
    aws_checks_read *checks_done;
    void *context;
};

/* Room for `count` items; NULL for 0 or without memory, which *result then says. */
static void *allocate(size_t count, size_t size, struct aws_result *result) {
    void *items = count > 0 ? calloc(count, size) : NULL;
    if (count > 0 && items == NULL) result->status = STATUS_NO_MEMORY;
    return items;
}

static void on_instances(void *context, const struct aws_result *result,
                         const struct ec2_instances *answer) {
    struct fleet_read *read = context;
    struct aws_result own = *result;
    size_t count = answer != NULL ? answer->count : 0;
    struct instance_facts *facts = allocate(count, sizeof *facts, &own);
    for (size_t i = 0; i < count && facts != NULL; i++) facts[i] = answer->instances[i].facts;
    read->inventory_done(read->context, &own, facts, facts != NULL ? count : 0);
    free(read);
}

static void on_statuses(void *context, const struct aws_result *result,
                        const struct ec2_statuses *answer) {
    struct fleet_read *read = context;
    struct aws_result own = *result;
    size_t count = answer != NULL ? answer->count : 0;
    struct instance_checks *checks = allocate(count, sizeof *checks, &own);
    for (size_t i = 0; i < count && checks != NULL; i++) checks[i] = answer->statuses[i].checks;
    read->checks_done(read->context, &own, checks, checks != NULL ? count : 0);
    free(read);
}

enum status aws_read_inventory(struct aws *aws, struct duration deadline, aws_inventory_read *done,
                               void *context) {
    struct fleet_read *read = calloc(1, sizeof *read);
    if (read == NULL) return STATUS_NO_MEMORY;
    *read = (struct fleet_read){.inventory_done = done, .context = context};
    const struct ec2_filter filters[] = {
        {"tag-key", {"AutoRecovery"}, 1},
        {"instance-state-name", {"pending", "running", "shutting-down", "stopping", "stopped"}, 5},
    };
    const struct ec2_describe_instances request = {.filters = filters,
                                                   .filter_count = ARRAY_LENGTH(filters)};
    const struct aws_order order = {AWS_LANE_READ, deadline, read};
    enum status status = ec2_describe_instances(aws, &order, &request, on_instances);
    if (status != STATUS_OK) free(read);
    return status;
}

enum status aws_read_checks(struct aws *aws, struct duration deadline, aws_checks_read *done,
                            void *context) {
    struct fleet_read *read = calloc(1, sizeof *read);
    if (read == NULL) return STATUS_NO_MEMORY;
    *read = (struct fleet_read){.checks_done = done, .context = context};
    const struct ec2_describe_instance_status request = {.page_size = 0};
    const struct aws_order order = {AWS_LANE_READ, deadline, read};
    enum status status = ec2_describe_instance_status(aws, &order, &request, on_statuses);
    if (status != STATUS_OK) free(read);
    return status;
}
