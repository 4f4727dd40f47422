/* The error table and the readers of the three error forms. Constant data; any thread. */
#include "aggregator/aws/error.h"

#include <string.h>

#include "aggregator/aws/xml.h"
#include "common/base/text.h"
#include "common/json/json.h"

/* A longer body is no AWS error. */
#define ERROR_BYTES_MAX (64U * 1024U)

struct error_row {
    const char *code;
    enum status status;
    enum aws_error_kind kind;
};

/* aws-facts 2.4 (throttling, transient, skew) and 3.4 (meaning), 3.7, 3.12. LimitExceededException
 * is a quota, not a rate, for the calls that create; none of ours does. */
static const struct error_row rows[] = {
    {"Throttling", STATUS_THROTTLED, AWS_ERROR_THROTTLED},
    {"ThrottlingException", STATUS_THROTTLED, AWS_ERROR_THROTTLED},
    {"ThrottledException", STATUS_THROTTLED, AWS_ERROR_THROTTLED},
    {"Throttled", STATUS_THROTTLED, AWS_ERROR_THROTTLED},
    {"RequestThrottledException", STATUS_THROTTLED, AWS_ERROR_THROTTLED},
    {"RequestThrottled", STATUS_THROTTLED, AWS_ERROR_THROTTLED},
    {"TooManyRequestsException", STATUS_THROTTLED, AWS_ERROR_THROTTLED},
    {"ProvisionedThroughputExceededException", STATUS_THROTTLED, AWS_ERROR_THROTTLED},
    {"TransactionInProgressException", STATUS_THROTTLED, AWS_ERROR_THROTTLED},
    {"RequestLimitExceeded", STATUS_THROTTLED, AWS_ERROR_THROTTLED},
    {"BandwidthLimitExceeded", STATUS_THROTTLED, AWS_ERROR_THROTTLED},
    {"LimitExceededException", STATUS_THROTTLED, AWS_ERROR_THROTTLED},
    {"SlowDown", STATUS_THROTTLED, AWS_ERROR_THROTTLED},
    {"EC2ThrottledException", STATUS_THROTTLED, AWS_ERROR_THROTTLED},
    {"KMSThrottling", STATUS_THROTTLED, AWS_ERROR_THROTTLED},
    {"OverLimit", STATUS_THROTTLED, AWS_ERROR_THROTTLED},
    /* Both lists of botocore hold it; the earlier request may still take effect. */
    {"PriorRequestNotComplete", STATUS_UNAVAILABLE, AWS_ERROR_TRANSIENT},
    {"RequestTimeout", STATUS_UNAVAILABLE, AWS_ERROR_TRANSIENT},
    {"RequestTimeoutException", STATUS_UNAVAILABLE, AWS_ERROR_TRANSIENT},
    {"IDPCommunicationError", STATUS_UNAVAILABLE, AWS_ERROR_TRANSIENT},
    {"InternalError", STATUS_UNAVAILABLE, AWS_ERROR_TRANSIENT},
    {"InternalFailure", STATUS_UNAVAILABLE, AWS_ERROR_TRANSIENT},
    {"InternalServerError", STATUS_UNAVAILABLE, AWS_ERROR_TRANSIENT},
    {"Unavailable", STATUS_UNAVAILABLE, AWS_ERROR_TRANSIENT},
    {"ServiceUnavailable", STATUS_UNAVAILABLE, AWS_ERROR_TRANSIENT},
    {"ServiceUnavailableException", STATUS_UNAVAILABLE, AWS_ERROR_TRANSIENT},

    {"RequestTimeTooSkewed", STATUS_EXPIRED, AWS_ERROR_SKEW},
    {"RequestExpired", STATUS_EXPIRED, AWS_ERROR_SKEW},
    {"RequestInTheFuture", STATUS_EXPIRED, AWS_ERROR_SKEW},
    {"InvalidSignatureException", STATUS_DENIED, AWS_ERROR_SKEW},
    {"SignatureDoesNotMatch", STATUS_DENIED, AWS_ERROR_SKEW},
    {"AuthFailure", STATUS_DENIED, AWS_ERROR_SKEW},
    {"ExpiredToken", STATUS_EXPIRED, AWS_ERROR_EXPIRED},
    {"ExpiredTokenException", STATUS_EXPIRED, AWS_ERROR_EXPIRED},

    {"UnauthorizedOperation", STATUS_DENIED, AWS_ERROR_FINAL},
    {"AccessDenied", STATUS_DENIED, AWS_ERROR_FINAL},
    {"AccessDeniedException", STATUS_DENIED, AWS_ERROR_FINAL},
    {"AuthorizationError", STATUS_DENIED, AWS_ERROR_FINAL},
    {"KMSAccessDenied", STATUS_DENIED, AWS_ERROR_FINAL},
    {"OptInRequired", STATUS_DENIED, AWS_ERROR_FINAL},
    /* A rotated key file holds another key by now. */
    {"InvalidClientTokenId", STATUS_DENIED, AWS_ERROR_EXPIRED},
    {"UnrecognizedClientException", STATUS_DENIED, AWS_ERROR_EXPIRED},
    {"MissingAuthenticationToken", STATUS_DENIED, AWS_ERROR_FINAL},
    {"MissingAuthenticationTokenException", STATUS_DENIED, AWS_ERROR_FINAL},
    {"IncompleteSignature", STATUS_DENIED, AWS_ERROR_FINAL},

    {"InsufficientInstanceCapacity", STATUS_NO_CAPACITY, AWS_ERROR_FINAL},
    {"InsufficientHostCapacity", STATUS_NO_CAPACITY, AWS_ERROR_FINAL},
    {"InsufficientCapacity", STATUS_NO_CAPACITY, AWS_ERROR_FINAL},
    {"UnfulfillableCapacity", STATUS_NO_CAPACITY, AWS_ERROR_FINAL},
    {"ReservationCapacityExceeded", STATUS_NO_CAPACITY, AWS_ERROR_FINAL},
    {"InstanceLimitExceeded", STATUS_NO_CAPACITY, AWS_ERROR_FINAL},
    {"VcpuLimitExceeded", STATUS_NO_CAPACITY, AWS_ERROR_FINAL},
    {"InsufficientFreeAddressesInSubnet", STATUS_NO_CAPACITY, AWS_ERROR_FINAL},
    {"MaxSpotInstanceCountExceeded", STATUS_NO_CAPACITY, AWS_ERROR_FINAL},
    {"AttachmentLimitExceeded", STATUS_NO_CAPACITY, AWS_ERROR_FINAL},
    {"ConcurrentSnapshotLimitExceeded", STATUS_NO_CAPACITY, AWS_ERROR_FINAL},
    {"SnapshotCreationPerVolumeRateExceeded", STATUS_NO_CAPACITY, AWS_ERROR_FINAL},

    {"IncorrectInstanceState", STATUS_REFUSED, AWS_ERROR_FINAL},
    {"IncorrectState", STATUS_REFUSED, AWS_ERROR_FINAL},
    {"IncorrectModificationState", STATUS_REFUSED, AWS_ERROR_FINAL},
    {"VolumeInUse", STATUS_REFUSED, AWS_ERROR_FINAL},
    {"OperationNotPermitted", STATUS_REFUSED, AWS_ERROR_FINAL},
    {"UnsupportedOperation", STATUS_UNSUPPORTED, AWS_ERROR_FINAL},
    {"Unsupported", STATUS_UNSUPPORTED, AWS_ERROR_FINAL},
    {"UnsupportedPlatformType", STATUS_UNSUPPORTED, AWS_ERROR_FINAL},
    {"UnknownOperationException", STATUS_UNSUPPORTED, AWS_ERROR_FINAL},
    {"InvalidAction", STATUS_UNSUPPORTED, AWS_ERROR_FINAL},
    {"UnknownParameter", STATUS_UNSUPPORTED, AWS_ERROR_FINAL},
    /* Ours is not installed there, which says nothing about the instance: it is not "not found". */
    {"InvalidDocument", STATUS_UNSUPPORTED, AWS_ERROR_FINAL},
    {"InvalidDocumentVersion", STATUS_UNSUPPORTED, AWS_ERROR_FINAL},

    {"InvalidInstanceId", STATUS_NOT_FOUND, AWS_ERROR_FINAL}, /* SSM: not a managed instance */
    {"InvocationDoesNotExist", STATUS_NOT_FOUND, AWS_ERROR_FINAL},
    {"InvalidCommandId", STATUS_NOT_FOUND, AWS_ERROR_FINAL},
    {"ParameterNotFound", STATUS_NOT_FOUND, AWS_ERROR_FINAL},
    {"NotFound", STATUS_NOT_FOUND, AWS_ERROR_FINAL},
    {"NotFoundException", STATUS_NOT_FOUND, AWS_ERROR_FINAL},
    {"ResourceNotFoundException", STATUS_NOT_FOUND, AWS_ERROR_FINAL},

    {"DependencyViolation", STATUS_EXISTS, AWS_ERROR_FINAL},
    {"InvalidGroup.Duplicate", STATUS_EXISTS, AWS_ERROR_FINAL},
    {"InvalidAMIName.Duplicate", STATUS_EXISTS, AWS_ERROR_FINAL},
    {"Resource.AlreadyAssociated", STATUS_EXISTS, AWS_ERROR_FINAL},
    {"DocumentAlreadyExists", STATUS_EXISTS, AWS_ERROR_FINAL},
    {"DuplicateDocumentContent", STATUS_EXISTS, AWS_ERROR_FINAL},

    {"IdempotentParameterMismatch", STATUS_INTERNAL, AWS_ERROR_FINAL}, /* a token of ours reused */
    {"InvalidParameter", STATUS_MALFORMED, AWS_ERROR_FINAL},
    {"InvalidParameters", STATUS_MALFORMED, AWS_ERROR_FINAL},
    {"InvalidParameterValue", STATUS_MALFORMED, AWS_ERROR_FINAL},
    {"InvalidParameterCombination", STATUS_MALFORMED, AWS_ERROR_FINAL},
    {"ParameterValueInvalid", STATUS_MALFORMED, AWS_ERROR_FINAL},
    {"MissingParameter", STATUS_MALFORMED, AWS_ERROR_FINAL},
    {"ValidationError", STATUS_MALFORMED, AWS_ERROR_FINAL},
    {"ValidationException", STATUS_MALFORMED, AWS_ERROR_FINAL},
    {"SerializationException", STATUS_MALFORMED, AWS_ERROR_FINAL},
};

static bool ends_with(const char *text, const char *suffix) {
    size_t length = strlen(text), tail = strlen(suffix);
    return length >= tail && strcmp(text + length - tail, suffix) == 0;
}

static struct aws_judgement judge_by_http(int http) {
    if (http == 429) return (struct aws_judgement){STATUS_THROTTLED, AWS_ERROR_THROTTLED};
    if (http >= 500) return (struct aws_judgement){STATUS_UNAVAILABLE, AWS_ERROR_TRANSIENT};
    enum status status = STATUS_REFUSED;
    if (http == 401 || http == 403) status = STATUS_DENIED;
    if (http == 404) status = STATUS_NOT_FOUND;
    return (struct aws_judgement){status, AWS_ERROR_FINAL};
}

struct aws_judgement aws_error_judge(const char *code, int http) {
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        if (strcmp(rows[i].code, code) == 0)
            return (struct aws_judgement){rows[i].status, rows[i].kind};
    /* EC2 has some hundred of these: InvalidVolume.NotFound, InvalidAMIID.Malformed, ... */
    if (ends_with(code, ".NotFound"))
        return (struct aws_judgement){STATUS_NOT_FOUND, AWS_ERROR_FINAL};
    if (ends_with(code, ".Malformed"))
        return (struct aws_judgement){STATUS_MALFORMED, AWS_ERROR_FINAL};
    return judge_by_http(http);
}

void aws_copy_cut(char *target, size_t capacity, const char *source) {
    size_t length = strnlen(source, capacity);
    if (length >= capacity) {
        length = capacity - 1;
        while (length > 0 && ((unsigned char)source[length] & 0xC0U) == 0x80U) length--;
    }
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)source[i];
        target[i] = c < 0x20 || c == 0x7F ? ' ' : (char)c;
    }
    target[length] = '\0';
}

/* "Client.RequestLimitExceeded" and "Server.InternalError" are the codes without their prefix. */
static void set_code(struct aws_error *error, const char *code) {
    if (strncmp(code, "Client.", 7) == 0 || strncmp(code, "Server.", 7) == 0) code += 7;
    aws_copy_cut(error->code, sizeof error->code, code);
}

enum { FIELD_CODE = 1, FIELD_MESSAGE, FIELD_REQUEST_ID };

static enum status on_xml_field(void *context, int id, const char *text, size_t length) {
    struct aws_error *error = context;
    (void)length;
    if (id == FIELD_CODE) set_code(error, text);
    if (id == FIELD_MESSAGE) aws_copy_cut(error->message, sizeof error->message, text);
    if (id == FIELD_REQUEST_ID) aws_copy_cut(error->request_id, sizeof error->request_id, text);
    return STATUS_OK;
}

static enum status parse_xml(const char *body, size_t length, struct aws_error *error) {
    static const struct aws_xml_path paths[] = {
        {"Errors/Error/Code", FIELD_CODE},       /* EC2 */
        {"Errors/Error/Message", FIELD_MESSAGE}, /* */
        {"RequestID", FIELD_REQUEST_ID},         /* */
        {"Error/Code", FIELD_CODE},              /* the other query services */
        {"Error/Message", FIELD_MESSAGE},        /* */
        {"RequestId", FIELD_REQUEST_ID},         /* */
    };
    static const struct aws_xml_schema schema = {NULL, paths, ARRAY_LENGTH(paths)};
    const struct aws_xml_handler handler = {.context = error, .end = on_xml_field};
    return aws_xml_parse(body, length, &schema, &handler);
}

/* "com.amazonaws.ssm#InvalidDocument:http://..." is InvalidDocument. */
static void set_json_code(struct aws_error *error, const char *type) {
    char cut[256];
    aws_copy_cut(cut, sizeof cut, type);
    cut[strcspn(cut, ":")] = '\0';
    const char *hash = strrchr(cut, '#');
    set_code(error, hash != NULL ? hash + 1 : cut);
}

static enum status parse_json(const char *body, size_t length, const char *type_header,
                              struct aws_error *error) {
    struct json_doc *doc CLEANUP(json_cleanup) = NULL;
    enum status status = json_parse_foreign(body, length, ERROR_BYTES_MAX, &doc);
    if (status != STATUS_OK) {
        /* The header alone is enough: some errors have no body. */
        if (type_header != NULL && length == 0) set_json_code(error, type_header);
        return status;
    }
    const struct json_value *root = json_root(doc);
    const char *type = json_text(json_get(root, "__type"));
    if (type == NULL) type = type_header;
    if (type != NULL) set_json_code(error, type);
    const char *message = json_text(json_get(root, "message"));
    if (message == NULL) message = json_text(json_get(root, "Message"));
    if (message != NULL) aws_copy_cut(error->message, sizeof error->message, message);
    return STATUS_OK;
}

enum status aws_error_parse(enum aws_protocol protocol, const char *body, size_t length,
                            const char *type_header, struct aws_error *error_out) {
    struct aws_error error = {0};
    enum status status = STATUS_MALFORMED;
    if (length <= ERROR_BYTES_MAX)
        status = protocol == AWS_PROTOCOL_JSON ? parse_json(body, length, type_header, &error)
                                               : parse_xml(body, length, &error);
    /* SignatureDoesNotMatch goes on to quote the whole canonical request, session token included.
     */
    char *quoted = strstr(error.message, "The Canonical String");
    if (quoted != NULL) *quoted = '\0';
    /* Half an error is none: a code from a truncated body is not believed. */
    if (status != STATUS_OK && length > 0) error = (struct aws_error){0};
    *error_out = error;
    return error.code[0] != '\0' ? STATUS_OK : STATUS_MALFORMED;
}
