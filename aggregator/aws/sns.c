/* SNS's calls. Encodes in the caller's thread, decodes in the aws thread; keeps no state. */
#include "aggregator/aws/sns.h"

#include <string.h>

#include "aggregator/aws/operation.h"
#include "aggregator/aws/xml.h"
#include "common/base/text.h"

enum field { FIELD_MESSAGE_ID = 1 };

static enum status on_end(void *context, int id, const char *text, size_t length) {
    struct sns_published *answer = context;
    (void)id;
    return text_copy_bytes(answer->message_id, sizeof answer->message_id, text, length);
}

enum status sns_decode_published(const char *body, size_t length, void *answer, char *token_out) {
    static const struct aws_xml_path paths[] = {{"PublishResult/MessageId", FIELD_MESSAGE_ID}};
    static const struct aws_xml_schema schema = {"PublishResponse", paths, ARRAY_LENGTH(paths)};
    struct sns_published published = {0};
    token_out[0] = '\0';
    const struct aws_xml_handler handler = {.context = &published, .end = on_end};
    enum status status = aws_xml_parse(body, length, &schema, &handler);
    if (status != STATUS_OK) return status;
    if (published.message_id[0] == '\0') return STATUS_MALFORMED;
    *(struct sns_published *)answer = published;
    return STATUS_OK;
}

static void deliver(aws_done *done, void *context, const struct aws_result *result,
                    const void *answer) {
    ((sns_published_done *)done)(context, result, answer);
}

static const struct aws_operation publish = {AWS_SNS_PUBLISH, sizeof(struct sns_published),
                                             sns_decode_published, NULL, deliver};

static bool is_subject_valid(const char *subject) {
    if (subject == NULL) return true;
    size_t length = strlen(subject);
    if (length == 0 || length >= SNS_SUBJECT_MAX || subject[0] == ' ') return false;
    for (size_t i = 0; i < length; i++)
        if (subject[i] < ' ' || subject[i] > '~') return false;
    return true;
}

static bool is_valid(const struct sns_publish *request) {
    if (request->topic_arn == NULL || request->message == NULL) return false;
    size_t length = strlen(request->message);
    return length >= 1 && length <= SNS_MESSAGE_BYTES_MAX &&
           request->attribute_count <= SNS_ATTRIBUTES_MAX && is_subject_valid(request->subject);
}

enum status sns_publish(struct aws *aws, const struct aws_order *order,
                        const struct sns_publish *request, sns_published_done *done) {
    if (!is_valid(request)) return STATUS_OUT_OF_RANGE;
    struct aws_query query;
    aws_query_init(&query, "Publish", aws_service_row(AWS_SERVICE_SNS)->version);
    aws_query_add(&query, "TopicArn", request->topic_arn);
    aws_query_add(&query, "Subject", request->subject);
    aws_query_add(&query, "Message", request->message);
    for (size_t i = 0; i < request->attribute_count; i++) {
        const char *prefix = "MessageAttributes.entry";
        aws_query_add_item(&query, prefix, i + 1, "Name", request->attributes[i].name);
        aws_query_add_item(&query, prefix, i + 1, "Value.DataType", "String");
        aws_query_add_item(&query, prefix, i + 1, "Value.StringValue",
                           request->attributes[i].value);
    }
    aws_query_add(&query, "MessageGroupId", request->group_id);
    aws_query_add(&query, "MessageDeduplicationId", request->deduplication_id);
    return aws_submit(aws, &publish, order, &query, false, (aws_done *)done);
}
