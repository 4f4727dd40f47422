/* Reads DescribeInstances answers, page by page. The array belongs to the answer; the rest lives
 * for one call. Runs in the aws thread. */
#include <stdlib.h>
#include <string.h>

#include "aggregator/aws/ec2_decode.h"
#include "aggregator/aws/xml.h"
#include "common/base/text.h"

#define FIRST_CAPACITY 64U

enum field {
    FIELD_INSTANCE = 1,
    FIELD_ID,
    FIELD_IMAGE,
    FIELD_STATE,
    FIELD_REASON,
    FIELD_LAUNCHED,
    FIELD_ZONE,
    FIELD_TENANCY,
    FIELD_TYPE,
    FIELD_SUBNET,
    FIELD_VPC,
    FIELD_PRIVATE_IP,
    FIELD_PUBLIC_IP,
    FIELD_LIFECYCLE,
    FIELD_ROOT_TYPE,
    FIELD_OPERATOR,
    FIELD_TAG,
    FIELD_TAG_KEY,
    FIELD_TAG_VALUE,
    FIELD_NEXT_TOKEN,
};

#define ITEM "reservationSet/item/instancesSet/item"
static const struct aws_xml_path paths[] = {
    {ITEM, FIELD_INSTANCE},
    {ITEM "/instanceId", FIELD_ID},
    {ITEM "/imageId", FIELD_IMAGE},
    {ITEM "/instanceState/name", FIELD_STATE},
    {ITEM "/stateReason/code", FIELD_REASON},
    {ITEM "/launchTime", FIELD_LAUNCHED},
    {ITEM "/placement/availabilityZone", FIELD_ZONE},
    {ITEM "/placement/tenancy", FIELD_TENANCY},
    {ITEM "/instanceType", FIELD_TYPE},
    {ITEM "/subnetId", FIELD_SUBNET},
    {ITEM "/vpcId", FIELD_VPC},
    {ITEM "/privateIpAddress", FIELD_PRIVATE_IP},
    {ITEM "/ipAddress", FIELD_PUBLIC_IP},
    {ITEM "/instanceLifecycle", FIELD_LIFECYCLE},
    {ITEM "/rootDeviceType", FIELD_ROOT_TYPE},
    {ITEM "/operator/managed", FIELD_OPERATOR},
    {ITEM "/tagSet/item", FIELD_TAG},
    {ITEM "/tagSet/item/key", FIELD_TAG_KEY},
    {ITEM "/tagSet/item/value", FIELD_TAG_VALUE},
    {"nextToken", FIELD_NEXT_TOKEN},
};
static const struct aws_xml_schema schema = {"DescribeInstancesResponse", paths,
                                             ARRAY_LENGTH(paths)};

struct page {
    struct ec2_instances *answer;
    struct ec2_instance instance; /* the one being read */
    char key[256];                /* of the tag being read */
    char value[260];
    char *token_out;
};

static enum status append(struct ec2_instances *answer, const struct ec2_instance *instance) {
    if (answer->count >= EC2_INSTANCES_MAX) return STATUS_TOO_LARGE;
    if (answer->count == answer->capacity) {
        size_t capacity = answer->capacity > 0 ? 2 * answer->capacity : FIRST_CAPACITY;
        struct ec2_instance *instances = realloc(answer->instances, capacity * sizeof *instances);
        if (instances == NULL) return STATUS_NO_MEMORY;
        answer->instances = instances;
        answer->capacity = capacity;
    }
    answer->instances[answer->count++] = *instance;
    return STATUS_OK;
}

static void end_tag(struct page *page) {
    struct ec2_instance *instance = &page->instance;
    struct instance_facts *facts = &instance->facts;
    if (strcmp(page->key, "Name") == 0) aws_copy_cut(facts->name, sizeof facts->name, page->value);
    if (strcmp(page->key, "AutoRecovery") == 0) {
        aws_copy_cut(instance->auto_recovery, sizeof instance->auto_recovery, page->value);
        facts->opted_in = strcmp(page->value, "enabled") == 0;
    }
    if (strcmp(page->key, "aws:autoscaling:groupName") == 0)
        aws_copy_cut(facts->autoscaling_group, sizeof facts->autoscaling_group, page->value);
}

static enum status on_begin(void *context, int id) {
    struct page *page = context;
    if (id == FIELD_INSTANCE) page->instance = (struct ec2_instance){0};
    if (id == FIELD_TAG) page->key[0] = page->value[0] = '\0';
    return STATUS_OK;
}

static enum status end_instance(struct page *page) {
    /* An answer that does not say which instance it speaks of is not understood. */
    if (page->instance.facts.id.text[0] == '\0') return STATUS_MALFORMED;
    return append(page->answer, &page->instance);
}

#define COPY(field) aws_copy_cut((field), sizeof(field), text)

static enum status on_end(void *context, int id, const char *text, size_t length) {
    struct page *page = context;
    struct ec2_instance *instance = &page->instance;
    struct instance_facts *facts = &instance->facts;
    switch ((enum field)id) {
    case FIELD_INSTANCE: return end_instance(page);
    case FIELD_ID: return instance_id_parse(text, length, &facts->id);
    case FIELD_IMAGE: COPY(facts->image_id); break;
    case FIELD_STATE: facts->state = instance_state_find(text); break;
    case FIELD_REASON: COPY(facts->state_reason); break;
    case FIELD_LAUNCHED: return aws_xml_time(text, length, &facts->launch_time);
    case FIELD_ZONE: COPY(facts->availability_zone); break;
    case FIELD_TENANCY: COPY(facts->tenancy); break;
    case FIELD_TYPE: COPY(facts->type); break;
    case FIELD_SUBNET: COPY(facts->subnet_id); break;
    case FIELD_VPC: COPY(instance->vpc); break;
    case FIELD_PRIVATE_IP: COPY(facts->private_ip); break;
    case FIELD_PUBLIC_IP: COPY(facts->public_ip); break;
    case FIELD_LIFECYCLE: facts->spot = strcmp(text, "spot") == 0; break;
    case FIELD_ROOT_TYPE:
        instance->root_is_known = true;
        facts->instance_store_root = strcmp(text, "instance-store") == 0;
        break;
    case FIELD_OPERATOR: facts->managed_by_service = strcmp(text, "true") == 0; break;
    case FIELD_TAG: end_tag(page); break;
    case FIELD_TAG_KEY: COPY(page->key); break;
    case FIELD_TAG_VALUE: COPY(page->value); break;
    case FIELD_NEXT_TOKEN: return text_copy(page->token_out, AWS_PAGE_TOKEN_SIZE, text);
    }
    return STATUS_OK;
}

enum status ec2_decode_instances(const char *body, size_t length, void *answer, char *token_out) {
    struct ec2_instances *instances = answer;
    size_t before = instances->count;
    token_out[0] = '\0';
    struct page page = {.answer = instances, .token_out = token_out};
    const struct aws_xml_handler handler = {&page, on_begin, on_end};
    enum status status = aws_xml_parse(body, length, &schema, &handler);
    if (status != STATUS_OK) instances->count = before;
    return status == STATUS_OUT_OF_RANGE ? STATUS_MALFORMED : status;
}

void ec2_release_instances(void *answer) {
    struct ec2_instances *instances = answer;
    free(instances->instances);
    *instances = (struct ec2_instances){0};
}
