/* The token of a next page in each protocol's form. */
#include <string.h>

#include "aggregator/aws/operation.h"
#include "tests/support/unit.h"

static void page(enum aws_protocol protocol, const char *base, const char *token,
                 const char *expected) {
    struct aws_query query;
    assert_ok(aws_page_body(protocol, base, strlen(base), "NextToken", token, &query));
    assert_string_equal(query.bytes, expected);
    aws_query_fini(&query);
}

TEST(forms_get_one_more_parameter) {
    (void)state;
    page(AWS_PROTOCOL_EC2, "Action=A&Version=1", "a+/=", "Action=A&Version=1&NextToken=a%2B%2F%3D");
}

TEST(json_objects_get_one_more_member) {
    (void)state;
    page(AWS_PROTOCOL_JSON, "{\"a\":1}", "t\"\\", "{\"a\":1,\"NextToken\":\"t\\\"\\\\\"}");
    page(AWS_PROTOCOL_JSON, "{}", "t", "{\"NextToken\":\"t\"}");
}

TEST(a_json_body_that_is_no_object_is_our_own_bug) {
    (void)state;
    struct aws_query query;
    assert_int_equal(aws_page_body(AWS_PROTOCOL_JSON, "[1]", 3, "NextToken", "t", &query),
                     STATUS_INTERNAL);
}
