/* The golden vectors of aws-facts 1.3, made with botocore's signer, and the canonical form's
 * corners. */
#include <string.h>

#include "aggregator/aws/sigv4.h"
#include "common/base/text.h"
#include "tests/support/unit.h"

#define KEY_ID "AKIDEXAMPLE"
#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define TOKEN  "IQoJb3JpZ2luX2VjEXAMPLETOKEN//w=="
#define DATE   "20260102T030405Z"
#define REGION "us-east-1"
#define FORM   "application/x-www-form-urlencoded; charset=utf-8"
#define JSON_0 "application/x-amz-json-1.0"
#define JSON_1 "application/x-amz-json-1.1"

struct vector {
    const char *service, *host, *type, *target, *token, *body, *signature;
};

static void sign_vector(const struct vector *vector, struct aws_sigv4_signature *signature) {
    struct aws_sigv4_header headers[5];
    size_t count = 0;
    headers[count++] = (struct aws_sigv4_header){"X-Amz-Date", DATE};
    headers[count++] = (struct aws_sigv4_header){"Host", vector->host};
    headers[count++] = (struct aws_sigv4_header){"Content-Type", vector->type};
    if (vector->token) headers[count++] = (struct aws_sigv4_header){"X-Amz-Security-Token", TOKEN};
    if (vector->target)
        headers[count++] = (struct aws_sigv4_header){"X-Amz-Target", vector->target};
    const struct aws_sigv4_request request = {
        "POST", "/", "", headers, count, vector->body, strlen(vector->body)};
    struct aws_sigv4_key key;
    assert_ok(aws_sigv4_derive(SECRET, DATE, REGION, vector->service, &key));
    assert_ok(aws_sigv4_sign(&request, DATE, KEY_ID, &key, signature));
    assert_string_equal(signature->signature, vector->signature);
}

static void hex_of(const uint8_t *bytes, size_t length, char *hex, size_t capacity) {
    struct text text = text_over(hex, capacity);
    text_add_hex(&text, bytes, length);
}

static const struct vector v1 = {
    "dynamodb",
    "dynamodb.us-east-1.amazonaws.com",
    JSON_0,
    "DynamoDB_20120810.GetItem",
    NULL,
    "{\"TableName\":\"t\",\"Key\":{\"pk\":{\"S\":\"a\"}}}",
    "338b5751eded403b482493658155a4448feccfcadf31c0eae9f991a74a6b8259"};

TEST(vector_1_json_with_its_intermediate_values) {
    (void)state;
    struct aws_sigv4_signature signature;
    sign_vector(&v1, &signature);
    assert_string_equal(signature.payload_hash,
                        "a927ffa6179eddd20431dad02508ef7ed620babe97d84b28efb9f91cbfffdbc4");
    assert_string_equal(signature.canonical_hash,
                        "28fc40ca49651dea58d79b109e9a2dcd2d29e9100dd92e4ea0a9dc230b8b05ae");
    assert_string_equal(
        signature.authorization,
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/us-east-1/dynamodb/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-date;x-amz-target, "
        "Signature=338b5751eded403b482493658155a4448feccfcadf31c0eae9f991a74a6b8259");
}

TEST(derived_key_is_the_published_one) {
    (void)state;
    struct aws_sigv4_key key;
    char hex[AWS_SIGV4_HEX_SIZE];
    assert_ok(aws_sigv4_derive(SECRET, DATE, REGION, "dynamodb", &key));
    hex_of(key.bytes, sizeof key.bytes, hex, sizeof hex);
    assert_string_equal(hex, "eeb8fc37e23864c9823bc2ef552543821f27b09674f82435c43ac176dfba2996");
    assert_string_equal(key.scope, "20260102/us-east-1/dynamodb/aws4_request");
    aws_sigv4_key_wipe(&key);
    static const struct aws_sigv4_key zero;
    assert_memory_equal(&key, &zero, sizeof key);
}

TEST(vector_2_json_with_session_token) {
    (void)state;
    struct vector v2 = v1;
    v2.token = TOKEN;
    v2.signature = "25e049fec7794ea2482c3146e9d171f52bb53c024acc8b5b68f99fef7eb8ce53";
    struct aws_sigv4_signature signature;
    sign_vector(&v2, &signature);
}

TEST(vector_3_ec2_form) {
    (void)state;
    static const struct vector v3 = {
        "ec2",
        "ec2.us-east-1.amazonaws.com",
        FORM,
        NULL,
        NULL,
        "Action=DescribeInstances&Version=2016-11-15&Filter.1.Name=tag%3AAutoRecovery&"
        "Filter.1.Value.1=enabled",
        "89a799354b32e8d1663d35338103b70498ee6a3c92174eb6ff0ed8c65eb731b8"};
    struct aws_sigv4_signature signature;
    sign_vector(&v3, &signature);
}

TEST(vector_4_ssm_with_session_token) {
    (void)state;
    static const struct vector v4 = {
        "ssm",
        "ssm.us-east-1.amazonaws.com",
        JSON_1,
        "AmazonSSM.SendCommand",
        TOKEN,
        "{\"DocumentName\":\"AutoRecovery-RestartService\",\"InstanceIds\":[\"i-"
        "0123456789abcdef0\"]}",
        "d2fb3bdbdc18d40a1d7b74a950b4cdb788fced621272c6198ea68e8de5fb76df"};
    struct aws_sigv4_signature signature;
    sign_vector(&v4, &signature);
}

TEST(vector_5_host_with_port) {
    (void)state;
    static const struct vector v5 = {
        "dynamodb",
        "127.0.0.1:4566",
        JSON_0,
        "DynamoDB_20120810.ListTables",
        NULL,
        "{}",
        "3e24b29c9c7955a84a861bb2a5e6b4ae2caeef833691dcf4359f2d06df4d5bda"};
    struct aws_sigv4_signature signature;
    sign_vector(&v5, &signature);
}

TEST(vector_6_sts_form) {
    (void)state;
    static const struct vector v6 = {
        "sts",
        "sts.us-east-1.amazonaws.com",
        FORM,
        NULL,
        NULL,
        "Action=GetCallerIdentity&Version=2011-06-15",
        "b57eccc771c57ff3d2d1121eb0768f9b5a596f1e2aa97e452275256232edfb15"};
    struct aws_sigv4_signature signature;
    sign_vector(&v6, &signature);
}

TEST(vector_7_get_with_query_and_empty_body) {
    (void)state;
    const struct aws_sigv4_header headers[] = {{"host", "ec2.us-east-1.amazonaws.com"},
                                               {"x-amz-date", DATE}};
    const struct aws_sigv4_request request = {
        "GET", "/", "Action=DescribeRegions&Version=2016-11-15", headers, 2, NULL, 0};
    struct aws_sigv4_key key;
    struct aws_sigv4_signature signature;
    assert_ok(aws_sigv4_derive(SECRET, DATE, REGION, "ec2", &key));
    assert_ok(aws_sigv4_sign(&request, DATE, KEY_ID, &key, &signature));
    assert_string_equal(signature.signature,
                        "d84aaca7a145fd30ae530854e6e2d3a541855d3d3fb25634cacf903f15dc7541");
    assert_string_equal(signature.payload_hash,
                        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void canonical_hash(const struct aws_sigv4_header *headers, size_t count, char *hash) {
    const struct aws_sigv4_request request = {"POST", "/", "", headers, count, "x", 1};
    struct aws_sigv4_key key;
    struct aws_sigv4_signature signature;
    assert_ok(aws_sigv4_derive(SECRET, DATE, REGION, "ec2", &key));
    assert_ok(aws_sigv4_sign(&request, DATE, KEY_ID, &key, &signature));
    memcpy(hash, signature.canonical_hash, AWS_SIGV4_HEX_SIZE);
}

TEST(order_case_and_blanks_of_headers_do_not_count) {
    (void)state;
    char a[AWS_SIGV4_HEX_SIZE], b[AWS_SIGV4_HEX_SIZE];
    const struct aws_sigv4_header plain[] = {{"host", "h"}, {"x-amz-a", "one two"}, {"x-b", "v"}};
    const struct aws_sigv4_header other[] = {
        {"X-B", " v\t"}, {"X-Amz-A", "  one \t  two "}, {"HOST", "h"}};
    canonical_hash(plain, 3, a);
    canonical_hash(other, 3, b);
    assert_string_equal(a, b);
}

TEST(repeated_headers_are_joined_in_their_order) {
    (void)state;
    char a[AWS_SIGV4_HEX_SIZE], b[AWS_SIGV4_HEX_SIZE], c[AWS_SIGV4_HEX_SIZE];
    const struct aws_sigv4_header joined[] = {{"host", "h"}, {"x-amz-a", "2,1"}};
    const struct aws_sigv4_header repeated[] = {{"x-amz-a", "2"}, {"host", "h"}, {"X-Amz-A", "1"}};
    const struct aws_sigv4_header swapped[] = {{"x-amz-a", "1"}, {"host", "h"}, {"X-Amz-A", "2"}};
    canonical_hash(joined, 2, a);
    canonical_hash(repeated, 3, b);
    canonical_hash(swapped, 3, c);
    assert_string_equal(a, b);
    assert_string_not_equal(a, c);
}

TEST(oversized_inputs_are_refused_not_cut) {
    (void)state;
    static char long_value[AWS_SIGV4_VALUE_MAX + 200];
    memset(long_value, 'v', sizeof long_value - 1);
    static char long_secret[300];
    memset(long_secret, 's', sizeof long_secret - 1);
    struct aws_sigv4_key key;
    struct aws_sigv4_signature signature;
    assert_int_equal(aws_sigv4_derive(long_secret, DATE, REGION, "ec2", &key), STATUS_TOO_LARGE);
    assert_ok(aws_sigv4_derive(SECRET, DATE, REGION, "ec2", &key));
    struct aws_sigv4_header headers[AWS_SIGV4_HEADERS_MAX + 1];
    for (size_t i = 0; i < ARRAY_LENGTH(headers); i++)
        headers[i] = (struct aws_sigv4_header){"x-amz-a", "v"};
    struct aws_sigv4_request request = {"POST", "/", "", headers, ARRAY_LENGTH(headers), NULL, 0};
    assert_int_equal(aws_sigv4_sign(&request, DATE, KEY_ID, &key, &signature), STATUS_TOO_LARGE);
    headers[0].value = long_value;
    request.header_count = 1;
    assert_int_equal(aws_sigv4_sign(&request, DATE, KEY_ID, &key, &signature), STATUS_TOO_LARGE);
}
