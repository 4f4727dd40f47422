/* SSM's, SNS's and STS's answers. */
#include <string.h>

#include "aggregator/aws/sns.h"
#include "aggregator/aws/ssm_decode.h"
#include "aggregator/aws/sts.h"
#include "tests/support/unit.h"

#define COMMAND                                                                                    \
    "{\"CommandId\":\"11111111-2222-3333-4444-555555555555\",\"DocumentName\":\"d\",\"Comment\":"  \
    "\"INC-1/restart/1\",\"Status\":\"Pending\",\"RequestedDateTime\":1767323045.123,"             \
    "\"InstanceIds\":[\"i-0a0a0a0a\",\"i-0b0b0b0b\"],\"New\":{\"x\":[1]}}"

static char token[AWS_PAGE_TOKEN_SIZE];

TEST(a_sent_command_is_read) {
    (void)state;
    static const char body[] = "{\"Command\":" COMMAND "}";
    struct ssm_command command;
    assert_ok(ssm_decode_command(body, sizeof body - 1, &command, token));
    assert_string_equal(command.id, "11111111-2222-3333-4444-555555555555");
    assert_string_equal(command.comment, "INC-1/restart/1");
    assert_int_equal(command.status, SSM_STATUS_PENDING);
    assert_int_equal(command.requested.ms, 1767323045123);
    assert_string_equal(command.first_id.text, "i-0a0a0a0a");
    assert_int_equal(command.id_count, 2);
}

TEST(a_command_without_an_id_is_refused) {
    (void)state;
    static const char *const bodies[] = {"{}",
                                         "{\"Command\":{}}",
                                         "{\"Command\":{\"CommandId\":7}}",
                                         "{\"Command\":[]}",
                                         "[]",
                                         "{\"Command\":{\"CommandId\":\"a\",\"CommandId\":\"b\"}}",
                                         "{\"Command\":{\"CommandId\":\"a\",\"Status\":3}}"};
    struct ssm_command command;
    for (size_t i = 0; i < ARRAY_LENGTH(bodies); i++)
        assert_int_equal(ssm_decode_command(bodies[i], strlen(bodies[i]), &command, token),
                         STATUS_MALFORMED);
}

TEST(pages_of_commands_add_up_and_bad_ones_add_nothing) {
    (void)state;
    static const char page[] = "{\"Commands\":[" COMMAND "," COMMAND "],\"NextToken\":\"t\"}";
    struct ssm_commands answer = {0};
    assert_ok(ssm_decode_commands(page, sizeof page - 1, &answer, token));
    assert_string_equal(token, "t");
    assert_int_equal(answer.count, 2);
    static const char bad[] = "{\"Commands\":[" COMMAND ",{\"CommandId\":null}]}";
    assert_int_equal(ssm_decode_commands(bad, sizeof bad - 1, &answer, token), STATUS_MALFORMED);
    assert_int_equal(answer.count, 2);
    assert_ok(ssm_decode_commands("{}", 2, &answer, token));
    assert_string_equal(token, "");
    assert_int_equal(ssm_decode_commands("[]", 2, &answer, token), STATUS_MALFORMED);
    ssm_release_commands(&answer);
}

TEST(an_invocation_is_read_with_its_output) {
    (void)state;
    static const char body[] =
        "{\"CommandId\":\"c\",\"InstanceId\":\"i-0a0a0a0a\",\"Status\":\"TimedOut\","
        "\"StatusDetails\":\"Execution Timed Out\",\"ResponseCode\":137,"
        "\"StandardOutputContent\":\"a\\u0000b\\n\",\"StandardErrorContent\":\"\"}";
    struct ssm_invocation invocation = {0};
    assert_ok(ssm_decode_invocation(body, sizeof body - 1, &invocation, token));
    assert_int_equal(invocation.status, SSM_STATUS_TIMED_OUT);
    assert_string_equal(invocation.status_details, "ExecutionTimedOut");
    assert_int_equal(invocation.response_code, 137);
    assert_string_equal(invocation.output, "a\xEF\xBF\xBD"
                                           "b\n");
    assert_string_equal(invocation.error_output, "");
    ssm_release_invocation(&invocation);
}

TEST(a_status_we_do_not_know_is_unknown_and_not_final) {
    (void)state;
    static const char body[] =
        "{\"CommandId\":\"c\",\"InstanceId\":\"i-0a0a0a0a\",\"Status\":\"Odd\"}";
    struct ssm_invocation invocation = {0};
    assert_ok(ssm_decode_invocation(body, sizeof body - 1, &invocation, token));
    assert_int_equal(invocation.status, SSM_STATUS_UNKNOWN);
    assert_false(ssm_status_is_final(invocation.status));
    assert_int_equal(invocation.response_code, -1);
    ssm_release_invocation(&invocation);
    assert_int_equal(ssm_decode_invocation("{\"CommandId\":\"c\"}", 17, &invocation, token),
                     STATUS_MALFORMED);
}

TEST(a_published_message_has_an_id) {
    (void)state;
    static const char body[] = "<PublishResponse xmlns=\"http://sns\"><PublishResult><MessageId>m-1"
                               "</MessageId></PublishResult></PublishResponse>";
    static const char none[] = "<PublishResponse><PublishResult/></PublishResponse>";
    struct sns_published published;
    assert_ok(sns_decode_published(body, sizeof body - 1, &published, token));
    assert_string_equal(published.message_id, "m-1");
    assert_int_equal(sns_decode_published(none, sizeof none - 1, &published, token),
                     STATUS_MALFORMED);
}

TEST(an_identity_has_account_and_arn) {
    (void)state;
    static const char body[] =
        "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/u"
        "</Arn><UserId>AID</UserId><Account>123456789012</Account></GetCallerIdentityResult>"
        "</GetCallerIdentityResponse>";
    struct sts_identity identity;
    assert_ok(sts_decode_identity(body, sizeof body - 1, &identity, token));
    assert_string_equal(identity.account, "123456789012");
    assert_string_equal(identity.arn, "arn:aws:iam::123456789012:user/u");
    static const char none[] = "<GetCallerIdentityResponse/>";
    assert_int_equal(sts_decode_identity(none, sizeof none - 1, &identity, token),
                     STATUS_MALFORMED);
}
