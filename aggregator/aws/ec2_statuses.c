/* Reads DescribeInstanceStatus answers, page by page. The array belongs to the answer; the rest
 * lives for one call. Runs in the aws thread. */
#include <stdlib.h>
#include <string.h>

#include "aggregator/aws/ec2_decode.h"
#include "aggregator/aws/xml.h"
#include "common/base/text.h"

#define FIRST_CAPACITY 64U

enum field {
    FIELD_INSTANCE = 1,
    FIELD_ID,
    FIELD_ZONE,
    FIELD_STATE,
    FIELD_SYSTEM,
    FIELD_SYSTEM_SINCE,
    FIELD_CHECK,
    FIELD_CHECK_SINCE,
    FIELD_EBS,
    FIELD_EBS_SINCE,
    FIELD_APPLICATION,
    FIELD_APPLICATION_SINCE,
    FIELD_EVENT,
    FIELD_EVENT_ID,
    FIELD_EVENT_CODE,
    FIELD_EVENT_DESCRIPTION,
    FIELD_EVENT_NOT_BEFORE,
    FIELD_EVENT_NOT_AFTER,
    FIELD_EVENT_DEADLINE,
    FIELD_NEXT_TOKEN,
};

#define ITEM  "instanceStatusSet/item"
#define SINCE "/details/item/impairedSince"
static const struct aws_xml_path paths[] = {
    {ITEM, FIELD_INSTANCE},
    {ITEM "/instanceId", FIELD_ID},
    {ITEM "/availabilityZone", FIELD_ZONE},
    {ITEM "/instanceState/name", FIELD_STATE},
    {ITEM "/systemStatus/status", FIELD_SYSTEM},
    {ITEM "/systemStatus" SINCE, FIELD_SYSTEM_SINCE},
    {ITEM "/instanceStatus/status", FIELD_CHECK},
    {ITEM "/instanceStatus" SINCE, FIELD_CHECK_SINCE},
    {ITEM "/attachedEbsStatus/status", FIELD_EBS},
    {ITEM "/attachedEbsStatus" SINCE, FIELD_EBS_SINCE},
    {ITEM "/applicationStatus/status", FIELD_APPLICATION},
    {ITEM "/applicationStatus" SINCE, FIELD_APPLICATION_SINCE},
    {ITEM "/eventsSet/item", FIELD_EVENT},
    {ITEM "/eventsSet/item/instanceEventId", FIELD_EVENT_ID},
    {ITEM "/eventsSet/item/code", FIELD_EVENT_CODE},
    {ITEM "/eventsSet/item/description", FIELD_EVENT_DESCRIPTION},
    {ITEM "/eventsSet/item/notBefore", FIELD_EVENT_NOT_BEFORE},
    {ITEM "/eventsSet/item/notAfter", FIELD_EVENT_NOT_AFTER},
    {ITEM "/eventsSet/item/notBeforeDeadline", FIELD_EVENT_DEADLINE},
    {"nextToken", FIELD_NEXT_TOKEN},
};
static const struct aws_xml_schema schema = {"DescribeInstanceStatusResponse", paths,
                                             ARRAY_LENGTH(paths)};

struct page {
    struct ec2_statuses *answer;
    struct ec2_status status;
    struct scheduled_event event; /* the one being read, and what the model leaves out of it */
    char description[160];
    struct wall_time deadline;
    char *token_out;
};

static enum status append(struct ec2_statuses *answer, const struct ec2_status *status) {
    if (answer->count >= EC2_INSTANCES_MAX) return STATUS_TOO_LARGE;
    if (answer->count == answer->capacity) {
        size_t capacity = answer->capacity > 0 ? 2 * answer->capacity : FIRST_CAPACITY;
        struct ec2_status *statuses = realloc(answer->statuses, capacity * sizeof *statuses);
        if (statuses == NULL) return STATUS_NO_MEMORY;
        answer->statuses = statuses;
        answer->capacity = capacity;
    }
    answer->statuses[answer->count++] = *status;
    return STATUS_OK;
}

static enum status end_instance(struct page *page) {
    if (page->status.checks.id.text[0] == '\0') return STATUS_MALFORMED;
    return append(page->answer, &page->status);
}

/* Finished events stay visible for a week; their description then begins so. */
static bool is_over(const char *description) {
    return strncmp(description, "[Completed]", 11) == 0 ||
           strncmp(description, "[Canceled]", 10) == 0;
}

/* One instance of many events must not cost the whole fleet its answer: the rest is counted. */
static void end_event(struct page *page) {
    struct ec2_status *status = &page->status;
    if (is_over(page->description)) return;
    if (status->checks.event_count >= INSTANCE_EVENTS_MAX) {
        status->events_left_out++;
        return;
    }
    size_t at = status->checks.event_count++;
    status->checks.events[at] = page->event;
    status->deadlines[at] = page->deadline;
    memcpy(status->descriptions[at], page->description, sizeof page->description);
}

static void begin_event(struct page *page) {
    page->event = (struct scheduled_event){0};
    page->deadline = (struct wall_time){0};
    memset(page->description, 0, sizeof page->description);
}

static enum status on_begin(void *context, int id) {
    struct page *page = context;
    if (id == FIELD_INSTANCE) page->status = (struct ec2_status){0};
    if (id == FIELD_EVENT) begin_event(page);
    return STATUS_OK;
}

#define COPY(field) aws_copy_cut((field), sizeof(field), text)

static enum status on_end(void *context, int id, const char *text, size_t length) {
    struct page *page = context;
    struct ec2_status *status = &page->status;
    struct instance_checks *checks = &status->checks;
    struct scheduled_event *event = &page->event;
    switch ((enum field)id) {
    case FIELD_INSTANCE: return end_instance(page);
    case FIELD_ID: return instance_id_parse(text, length, &checks->id);
    case FIELD_ZONE: COPY(status->zone); break;
    case FIELD_STATE: checks->state = instance_state_find(text); break;
    case FIELD_SYSTEM: checks->system = check_status_find(text); break;
    case FIELD_SYSTEM_SINCE: return aws_xml_time(text, length, &checks->system_since);
    case FIELD_CHECK: checks->instance = check_status_find(text); break;
    case FIELD_CHECK_SINCE: return aws_xml_time(text, length, &checks->instance_since);
    case FIELD_EBS: checks->attached_ebs = check_status_find(text); break;
    case FIELD_EBS_SINCE: return aws_xml_time(text, length, &status->ebs_since);
    case FIELD_APPLICATION: checks->application = check_status_find(text); break;
    case FIELD_APPLICATION_SINCE: return aws_xml_time(text, length, &status->application_since);
    case FIELD_EVENT: end_event(page); break;
    case FIELD_EVENT_ID: COPY(event->id); break;
    case FIELD_EVENT_CODE: COPY(event->code); break;
    case FIELD_EVENT_DESCRIPTION: COPY(page->description); break;
    case FIELD_EVENT_NOT_BEFORE: return aws_xml_time(text, length, &event->not_before);
    case FIELD_EVENT_NOT_AFTER: return aws_xml_time(text, length, &event->not_after);
    case FIELD_EVENT_DEADLINE: return aws_xml_time(text, length, &page->deadline);
    case FIELD_NEXT_TOKEN: return text_copy(page->token_out, AWS_PAGE_TOKEN_SIZE, text);
    }
    return STATUS_OK;
}

enum status ec2_decode_statuses(const char *body, size_t length, void *answer, char *token_out) {
    struct ec2_statuses *statuses = answer;
    size_t before = statuses->count;
    token_out[0] = '\0';
    struct page page = {.answer = statuses, .token_out = token_out};
    const struct aws_xml_handler handler = {&page, on_begin, on_end};
    enum status status = aws_xml_parse(body, length, &schema, &handler);
    if (status != STATUS_OK) statuses->count = before;
    return status == STATUS_OUT_OF_RANGE ? STATUS_MALFORMED : status;
}

void ec2_release_statuses(void *answer) {
    struct ec2_statuses *statuses = answer;
    free(statuses->statuses);
    *statuses = (struct ec2_statuses){0};
}
