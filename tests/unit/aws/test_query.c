/* The form encoder against golden bodies of aws-facts 10.3. */
#include <stdlib.h>
#include <string.h>

#include "aggregator/aws/query.h"
#include "tests/support/unit.h"

TEST(filters_and_pages_match_the_golden_body) {
    (void)state;
    struct aws_query query;
    aws_query_init(&query, "DescribeInstances", "2016-11-15");
    aws_query_add_item(&query, "Filter", 1, "Name", "tag:AutoRecovery");
    aws_query_add_item(&query, "Filter", 1, "Value.1", "enabled");
    aws_query_add_item(&query, "Filter", 2, "Name", "instance-state-name");
    aws_query_add_item(&query, "Filter", 2, "Value.1", "running");
    aws_query_add_item(&query, "Filter", 2, "Value.2", "stopped");
    aws_query_add_integer(&query, "MaxResults", 1000);
    aws_query_add(&query, "NextToken", "tok");
    assert_ok(query.status);
    assert_string_equal(query.bytes,
                        "Action=DescribeInstances&Version=2016-11-15&Filter.1.Name=tag%"
                        "3AAutoRecovery&Filter.1.Value.1=enabled&Filter.2.Name=instance-state-name&"
                        "Filter.2.Value.1=running&Filter.2.Value.2=stopped&MaxResults=1000&"
                        "NextToken=tok");
    assert_int_equal(query.length, strlen(query.bytes));
    aws_query_fini(&query);
}

TEST(everything_but_unreserved_characters_is_encoded) {
    (void)state;
    struct aws_query query;
    aws_query_init(&query, "A", "1");
    aws_query_add(&query, "v", "azAZ09-_.~ +&=%/:\xC3\xA9\n");
    assert_string_equal(query.bytes,
                        "Action=A&Version=1&v=azAZ09-_.~%20%2B%26%3D%25%2F%3A%C3%A9%0A");
    aws_query_fini(&query);
}

TEST(empty_values_are_left_out) {
    (void)state;
    struct aws_query query;
    aws_query_init(&query, "A", "1");
    aws_query_add(&query, "a", "");
    aws_query_add(&query, "b", NULL);
    aws_query_add_bool(&query, "c", false);
    assert_string_equal(query.bytes, "Action=A&Version=1&c=false");
    aws_query_fini(&query);
}

TEST(a_body_past_the_bound_is_refused_and_stays_refused) {
    (void)state;
    size_t length = AWS_REQUEST_BYTES_MAX / 3 + 1;
    char *value = malloc(length + 1);
    assert_non_null(value);
    memset(value, '%', length);
    value[length] = '\0';
    struct aws_query query;
    aws_query_init(&query, "A", "1");
    aws_query_add(&query, "v", value);
    assert_int_equal(query.status, STATUS_TOO_LARGE);
    aws_query_add(&query, "w", "x");
    assert_int_equal(query.status, STATUS_TOO_LARGE);
    aws_query_fini(&query);
    free(value);
}
