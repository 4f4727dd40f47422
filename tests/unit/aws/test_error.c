/* Error bodies in their three forms, and what their codes come to (aws-facts 2.4, 2.5, 3.4). */
#include <string.h>

#include "aggregator/aws/error.h"
#include "tests/support/unit.h"

static struct aws_error parse(enum aws_protocol protocol, const char *body, const char *header) {
    struct aws_error error;
    assert_ok(aws_error_parse(protocol, body, strlen(body), header, &error));
    return error;
}

TEST(ec2_body_is_read) {
    (void)state;
    struct aws_error error = parse(
        AWS_PROTOCOL_EC2,
        "<?xml version=\"1.0\"?><Response "
        "xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15\"><Errors>"
        "<Error><Code>InvalidInstanceID.NotFound</Code><Message>The instance ID 'i-1' does not "
        "exist</Message></Error></Errors><RequestID>ea966190</RequestID></Response>",
        NULL);
    assert_string_equal(error.code, "InvalidInstanceID.NotFound");
    assert_string_equal(error.message, "The instance ID 'i-1' does not exist");
    assert_string_equal(error.request_id, "ea966190");
}

TEST(query_body_is_read) {
    (void)state;
    struct aws_error error =
        parse(AWS_PROTOCOL_QUERY,
              "<ErrorResponse xmlns=\"http://sns\"><Error><Type>Sender</Type><Code>NotFound</Code>"
              "<Message>Topic does not exist</Message></Error><RequestId>r-1</RequestId>"
              "</ErrorResponse>",
              NULL);
    assert_string_equal(error.code, "NotFound");
    assert_string_equal(error.request_id, "r-1");
}

TEST(json_code_is_cut_out_of_body_or_header) {
    (void)state;
    struct aws_error error = parse(
        AWS_PROTOCOL_JSON,
        "{\"__type\":\"com.amazonaws.ssm#InvalidDocument:http://x\",\"Message\":\"m\"}", NULL);
    assert_string_equal(error.code, "InvalidDocument");
    assert_string_equal(error.message, "m");
    error = parse(AWS_PROTOCOL_JSON, "{\"message\":\"n\"}", "ThrottlingException:http://x/");
    assert_string_equal(error.code, "ThrottlingException");
    assert_string_equal(error.message, "n");
}

TEST(prefix_of_ec2_codes_is_stripped) {
    (void)state;
    struct aws_error error = parse(AWS_PROTOCOL_EC2,
                                   "<Response><Errors><Error><Code>Client.RequestLimitExceeded"
                                   "</Code></Error></Errors></Response>",
                                   NULL);
    assert_string_equal(error.code, "RequestLimitExceeded");
}

TEST(other_bodies_are_no_error_and_give_no_code) {
    (void)state;
    static const char *const bodies[] = {"",
                                         "<html><body><h1>503</h1></body></html>",
                                         "<Response><Errors><Error><Code>Throttling",
                                         "not xml",
                                         "{\"__type\":\"Throttling",
                                         "[]",
                                         "{\"__type\":7}"};
    for (size_t i = 0; i < ARRAY_LENGTH(bodies); i++)
        for (int protocol = AWS_PROTOCOL_EC2; protocol <= AWS_PROTOCOL_JSON; protocol++) {
            struct aws_error error;
            assert_int_equal(aws_error_parse((enum aws_protocol)protocol, bodies[i],
                                             strlen(bodies[i]), NULL, &error),
                             STATUS_MALFORMED);
            assert_string_equal(error.code, "");
        }
}

TEST(quoted_canonical_string_is_cut_because_it_holds_the_token) {
    (void)state;
    struct aws_error error = parse(
        AWS_PROTOCOL_JSON,
        "{\"__type\":\"InvalidSignatureException\",\"message\":\"It does not match. The "
        "Canonical String for this request should have been 'POST x-amz-security-token:SECRET'"
        "\"}",
        NULL);
    assert_string_equal(error.message, "It does not match. ");
}

TEST(long_messages_are_cut_on_a_character) {
    (void)state;
    char copy[5];
    aws_copy_cut(copy, sizeof copy, "abc\xC3\xA9");
    assert_string_equal(copy, "abc");
    aws_copy_cut(copy, sizeof copy, "a\nb\x7F");
    assert_string_equal(copy, "a b ");
}

static void judged(const char *code, int http, const char *status, enum aws_error_kind kind) {
    struct aws_judgement judgement = aws_error_judge(code, http);
    if (strcmp(status_name(judgement.status), status) != 0 || judgement.kind != kind)
        print_error("code: %s\n", code);
    assert_string_equal(status_name(judgement.status), status);
    assert_int_equal(judgement.kind, kind);
}

TEST(codes_come_to_their_status_and_kind) {
    (void)state;
    judged("RequestLimitExceeded", 503, "throttled", AWS_ERROR_THROTTLED);
    judged("ThrottlingException", 400, "throttled", AWS_ERROR_THROTTLED);
    judged("InternalError", 500, "unavailable", AWS_ERROR_TRANSIENT);
    judged("InternalServerError", 500, "unavailable", AWS_ERROR_TRANSIENT);
    judged("InsufficientInstanceCapacity", 500, "no_capacity", AWS_ERROR_FINAL);
    judged("VcpuLimitExceeded", 400, "no_capacity", AWS_ERROR_FINAL);
    judged("IncorrectInstanceState", 400, "refused", AWS_ERROR_FINAL);
    judged("OperationNotPermitted", 400, "refused", AWS_ERROR_FINAL);
    judged("UnsupportedOperation", 400, "unsupported", AWS_ERROR_FINAL);
    judged("InvalidInstanceID.NotFound", 400, "not_found", AWS_ERROR_FINAL);
    judged("InvalidVolume.NotFound", 400, "not_found", AWS_ERROR_FINAL);
    judged("InvalidInstanceID.Malformed", 400, "malformed", AWS_ERROR_FINAL);
    judged("IdempotentParameterMismatch", 400, "internal", AWS_ERROR_FINAL);
    judged("UnauthorizedOperation", 403, "denied", AWS_ERROR_FINAL);
    judged("AccessDeniedException", 400, "denied", AWS_ERROR_FINAL);
    judged("AuthFailure", 401, "denied", AWS_ERROR_SKEW);
    judged("RequestExpired", 400, "expired", AWS_ERROR_SKEW);
    judged("ExpiredTokenException", 400, "expired", AWS_ERROR_EXPIRED);
    judged("InvocationDoesNotExist", 400, "not_found", AWS_ERROR_FINAL);
    judged("InvalidInstanceId", 400, "not_found", AWS_ERROR_FINAL);
}

TEST(a_missing_document_is_no_missing_instance) {
    (void)state;
    judged("InvalidDocument", 400, "unsupported", AWS_ERROR_FINAL);
    judged("InvalidDocumentVersion", 400, "unsupported", AWS_ERROR_FINAL);
}

TEST(unknown_codes_are_judged_by_http_status) {
    (void)state;
    judged("", 500, "unavailable", AWS_ERROR_TRANSIENT);
    judged("BrandNewFault", 503, "unavailable", AWS_ERROR_TRANSIENT);
    judged("", 429, "throttled", AWS_ERROR_THROTTLED);
    judged("", 403, "denied", AWS_ERROR_FINAL);
    judged("", 404, "not_found", AWS_ERROR_FINAL);
    judged("BrandNewRefusal", 400, "refused", AWS_ERROR_FINAL);
    judged("", 302, "refused", AWS_ERROR_FINAL);
}

TEST(a_dry_run_code_alone_is_never_success) {
    (void)state;
    assert_int_not_equal(aws_error_judge("DryRunOperation", 412).status, STATUS_OK);
}
