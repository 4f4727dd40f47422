/* STS's calls. Encodes in the caller's thread, decodes in the aws thread; keeps no state. */
#include "aggregator/aws/sts.h"

#include "aggregator/aws/operation.h"
#include "aggregator/aws/xml.h"
#include "common/base/text.h"

enum field { FIELD_ACCOUNT = 1, FIELD_ARN, FIELD_USER_ID };

static enum status on_end(void *context, int id, const char *text, size_t length) {
    struct sts_identity *identity = context;
    switch ((enum field)id) {
    case FIELD_ACCOUNT:
        return text_copy_bytes(identity->account, sizeof identity->account, text, length);
    case FIELD_ARN: return text_copy_bytes(identity->arn, sizeof identity->arn, text, length);
    case FIELD_USER_ID:
        return text_copy_bytes(identity->user_id, sizeof identity->user_id, text, length);
    }
    return STATUS_OK;
}

enum status sts_decode_identity(const char *body, size_t length, void *answer, char *token_out) {
    static const struct aws_xml_path paths[] = {
        {"GetCallerIdentityResult/Account", FIELD_ACCOUNT},
        {"GetCallerIdentityResult/Arn", FIELD_ARN},
        {"GetCallerIdentityResult/UserId", FIELD_USER_ID},
    };
    static const struct aws_xml_schema schema = {"GetCallerIdentityResponse", paths,
                                                 ARRAY_LENGTH(paths)};
    struct sts_identity identity = {0};
    token_out[0] = '\0';
    const struct aws_xml_handler handler = {.context = &identity, .end = on_end};
    enum status status = aws_xml_parse(body, length, &schema, &handler);
    if (status != STATUS_OK) return status;
    if (identity.account[0] == '\0' || identity.arn[0] == '\0') return STATUS_MALFORMED;
    *(struct sts_identity *)answer = identity;
    return STATUS_OK;
}

static void deliver(aws_done *done, void *context, const struct aws_result *result,
                    const void *answer) {
    ((sts_identity_done *)done)(context, result, answer);
}

static const struct aws_operation get_caller_identity = {
    AWS_STS_GET_CALLER_IDENTITY, sizeof(struct sts_identity), sts_decode_identity, NULL, deliver};

enum status sts_get_caller_identity(struct aws *aws, const struct aws_order *order,
                                    sts_identity_done *done) {
    struct aws_query query;
    aws_query_init(&query, "GetCallerIdentity", aws_service_row(AWS_SERVICE_STS)->version);
    return aws_submit(aws, &get_caller_identity, order, &query, false, (aws_done *)done);
}
