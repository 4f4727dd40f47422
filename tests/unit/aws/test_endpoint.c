/* Regions, partitions, endpoints and their overrides (aws-facts 2.2, 2.3). */
#include <string.h>

#include "aggregator/aws/endpoint.h"
#include "tests/support/unit.h"

struct variable {
    const char *name, *value;
};

static const char *get(void *context, const char *name) {
    for (const struct variable *at = context; at->name != NULL; at++)
        if (strcmp(at->name, name) == 0) return at->value;
    return NULL;
}

static void resolves(struct variable *variables, enum aws_service service, const char *region,
                     const char *url) {
    const struct aws_environment environment = {get, variables};
    struct aws_endpoint endpoint;
    assert_ok(aws_endpoint_resolve(&environment, service, region, &endpoint));
    assert_string_equal(endpoint.url, url);
}

static struct variable nothing[] = {{NULL, NULL}};
static struct variable fips[] = {{"AWS_USE_FIPS_ENDPOINT", "true"}, {NULL, NULL}};
static struct variable dual[] = {{"AWS_USE_DUALSTACK_ENDPOINT", "True"}, {NULL, NULL}};

TEST(hosts_are_built_for_each_partition) {
    (void)state;
    resolves(nothing, AWS_SERVICE_EC2, "eu-west-1", "https://ec2.eu-west-1.amazonaws.com/");
    resolves(nothing, AWS_SERVICE_SSM, "cn-north-1", "https://ssm.cn-north-1.amazonaws.com.cn/");
    resolves(nothing, AWS_SERVICE_SNS, "us-gov-west-1", "https://sns.us-gov-west-1.amazonaws.com/");
    resolves(nothing, AWS_SERVICE_STS, "eusc-de-east-1",
             "https://sts.eusc-de-east-1.amazonaws.eu/");
    resolves(fips, AWS_SERVICE_EC2, "us-east-1", "https://ec2-fips.us-east-1.amazonaws.com/");
    resolves(fips, AWS_SERVICE_EC2, "us-gov-east-1", "https://ec2.us-gov-east-1.amazonaws.com/");
    resolves(dual, AWS_SERVICE_EC2, "us-east-1", "https://ec2.us-east-1.api.aws/");
    resolves(dual, AWS_SERVICE_SSM, "cn-north-1",
             "https://ssm.cn-north-1.api.amazonwebservices.com.cn/");
}

TEST(gov_regions_are_not_taken_for_plain_ones) {
    (void)state;
    assert_string_equal(aws_partition_of("us-gov-west-1")->name, "aws-us-gov");
    assert_string_equal(aws_partition_of("us-west-2")->name, "aws");
    assert_string_equal(aws_partition_of("ap-southeast-2")->name, "aws");
}

TEST(other_texts_are_no_region) {
    (void)state;
    static const char *const bad[] = {"",
                                      "us-east",
                                      "us-east-1a",
                                      "us-east-",
                                      "xx-east-1",
                                      "us-east-1/x",
                                      "us-east-1.evil",
                                      "US-EAST-1",
                                      "us--1",
                                      "us-east-1 ",
                                      "cn-"};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) assert_null(aws_partition_of(bad[i]));
    const struct aws_environment environment = {get, nothing};
    struct aws_endpoint endpoint;
    assert_int_equal(
        aws_endpoint_resolve(&environment, AWS_SERVICE_EC2, "us-east-1.evil", &endpoint),
        STATUS_MALFORMED);
}

TEST(overrides_come_in_their_order) {
    (void)state;
    struct variable both[] = {{"AWS_ENDPOINT_URL", "https://all.example/"},
                              {"AWS_ENDPOINT_URL_EC2", "https://ec2.example:8443"},
                              {NULL, NULL}};
    resolves(both, AWS_SERVICE_EC2, "us-east-1", "https://ec2.example:8443/");
    resolves(both, AWS_SERVICE_SNS, "us-east-1", "https://all.example/");
    struct variable ignored[] = {{"AWS_ENDPOINT_URL", "https://all.example/"},
                                 {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"},
                                 {NULL, NULL}};
    resolves(ignored, AWS_SERVICE_SNS, "us-east-1", "https://sns.us-east-1.amazonaws.com/");
    struct variable empty[] = {{"AWS_ENDPOINT_URL", ""}, {NULL, NULL}};
    resolves(empty, AWS_SERVICE_SNS, "us-east-1", "https://sns.us-east-1.amazonaws.com/");
}

TEST(plain_http_is_for_loopback_alone) {
    (void)state;
    struct aws_endpoint endpoint;
    assert_ok(aws_endpoint_parse("http://127.0.0.1:4566", &endpoint));
    assert_true(endpoint.loopback);
    assert_string_equal(endpoint.host, "127.0.0.1:4566");
    assert_ok(aws_endpoint_parse("http://127.8.9.1/", &endpoint));
    assert_string_equal(endpoint.host, "127.8.9.1");
    assert_ok(aws_endpoint_parse("http://[::1]:80/", &endpoint));
    assert_string_equal(endpoint.host, "[::1]");
    assert_ok(aws_endpoint_parse("http://localhost:1", &endpoint));
    static const char *const refused[] = {"http://ec2.us-east-1.amazonaws.com",
                                          "http://169.254.169.254",
                                          "http://127.0.0.1.evil.example",
                                          "http://127.1",
                                          "http://127.0.0.256",
                                          "http://127.0.0.",
                                          "http://[::2]",
                                          "http://0.0.0.0"};
    for (size_t i = 0; i < ARRAY_LENGTH(refused); i++)
        assert_int_equal(aws_endpoint_parse(refused[i], &endpoint), STATUS_DENIED);
}

TEST(other_urls_are_malformed) {
    (void)state;
    static const char *const bad[] = {"",
                                      "ec2.example",
                                      "ftp://ec2.example",
                                      "https://",
                                      "https://user@ec2.example",
                                      "https://ec2.example/path",
                                      "https://ec2.example/?q",
                                      "https://ec2.example:0",
                                      "https://ec2.example:65536",
                                      "https://ec2.example:",
                                      "https://ec2.example:12x",
                                      "https://ec2.example\r\nX: y",
                                      "https://[::1",
                                      "https:///x"};
    struct aws_endpoint endpoint;
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
        assert_int_equal(aws_endpoint_parse(bad[i], &endpoint), STATUS_MALFORMED);
}

TEST(the_schemes_own_port_is_not_in_the_host) {
    (void)state;
    struct aws_endpoint endpoint;
    assert_ok(aws_endpoint_parse("https://ec2.example:443/", &endpoint));
    assert_string_equal(endpoint.host, "ec2.example");
    assert_ok(aws_endpoint_parse("https://ec2.example:80/", &endpoint));
    assert_string_equal(endpoint.host, "ec2.example:80");
}

TEST(region_comes_from_two_variables_in_order) {
    (void)state;
    char region[AWS_REGION_SIZE];
    struct variable both[] = {
        {"AWS_DEFAULT_REGION", "us-west-2"}, {"AWS_REGION", "eu-west-1"}, {NULL, NULL}};
    struct aws_environment environment = {get, both};
    assert_ok(aws_region_from_environment(&environment, region));
    assert_string_equal(region, "eu-west-1");
    struct variable one[] = {{"AWS_DEFAULT_REGION", "us-west-2"}, {NULL, NULL}};
    environment.context = one;
    assert_ok(aws_region_from_environment(&environment, region));
    assert_string_equal(region, "us-west-2");
    environment.context = nothing;
    assert_int_equal(aws_region_from_environment(&environment, region), STATUS_NOT_FOUND);
    struct variable bad[] = {{"AWS_REGION", "moon-1"}, {NULL, NULL}};
    environment.context = bad;
    assert_int_equal(aws_region_from_environment(&environment, region), STATUS_MALFORMED);
}
