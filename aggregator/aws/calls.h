/* The table of AWS calls: everything that is true of a call and not of one use of it. Adding a call
 * is one row here, one request struct and one answer struct in its service's file.
 * Wire names and IAM actions: botocore's service models; aws-facts 2.3 and 3. */
#ifndef EAR_AGGREGATOR_AWS_CALLS_H
#define EAR_AGGREGATOR_AWS_CALLS_H

#include "common/base/status.h"

enum aws_protocol {
    AWS_PROTOCOL_EC2,   /* form in, XML out, lists as Name.1 */
    AWS_PROTOCOL_QUERY, /* form in, XML out, lists as Name.member.1, <XResult> inside <XResponse> */
    AWS_PROTOCOL_JSON,  /* JSON in and out, operation in X-Amz-Target */
};

/* enumerator, host prefix = signing name, endpoint variable, protocol, API version or JSON version,
 * target prefix */
#define AWS_SERVICES(X)                                                                            \
    X(EC2, "ec2", "AWS_ENDPOINT_URL_EC2", AWS_PROTOCOL_EC2, "2016-11-15", "")                      \
    X(SSM, "ssm", "AWS_ENDPOINT_URL_SSM", AWS_PROTOCOL_JSON, "1.1", "AmazonSSM")                   \
    X(SNS, "sns", "AWS_ENDPOINT_URL_SNS", AWS_PROTOCOL_QUERY, "2010-03-31", "")                    \
    X(STS, "sts", "AWS_ENDPOINT_URL_STS", AWS_PROTOCOL_QUERY, "2011-06-15", "")

enum aws_service {
#define AWS_ENUMERATOR(name, host, variable, protocol, version, target) AWS_SERVICE_##name,
    AWS_SERVICES(AWS_ENUMERATOR)
#undef AWS_ENUMERATOR
        AWS_SERVICE_COUNT
};

struct aws_service_row {
    const char *name;     /* host prefix and signing name */
    const char *variable; /* environment variable that overrides its endpoint */
    enum aws_protocol protocol;
    const char *version;
    const char *target_prefix; /* JSON only */
};

/* What a second sending of the same request does, and so what a lost answer means. */
enum aws_idempotency {
    AWS_READ,       /* changes nothing: sent again freely */
    AWS_IDEMPOTENT, /* carries a token that makes the second sending harmless */
    /* May have been carried out although no answer came: never sent again by the edge once bytes
     * were sent. Ends as STATUS_UNKNOWN_OUTCOME; the caller looks at the world first (SAFETY R2,
     * R3). */
    AWS_LOOK_FIRST,
};

/* Which self-imposed rate the call draws from (SAFETY R21: a quarter of AWS's published bucket). */
enum aws_rate { AWS_RATE_READ, AWS_RATE_WRITE, AWS_RATE_COUNT };

/* enumerator, service, operation, idempotency, rate, IAM action, knows DryRun, request parameter
 * and answer member of the next page's token ("" = not paged) */
#define AWS_CALLS(X)                                                                               \
    X(EC2_DESCRIBE_INSTANCES, EC2, "DescribeInstances", AWS_READ, READ, "ec2:DescribeInstances",   \
      true, "NextToken")                                                                           \
    X(EC2_DESCRIBE_INSTANCE_STATUS, EC2, "DescribeInstanceStatus", AWS_READ, READ,                 \
      "ec2:DescribeInstanceStatus", true, "NextToken")                                             \
    X(EC2_REBOOT_INSTANCES, EC2, "RebootInstances", AWS_LOOK_FIRST, WRITE, "ec2:RebootInstances",  \
      true, "")                                                                                    \
    X(EC2_STOP_INSTANCES, EC2, "StopInstances", AWS_LOOK_FIRST, WRITE, "ec2:StopInstances", true,  \
      "")                                                                                          \
    X(EC2_START_INSTANCES, EC2, "StartInstances", AWS_LOOK_FIRST, WRITE, "ec2:StartInstances",     \
      true, "")                                                                                    \
    X(SSM_SEND_COMMAND, SSM, "SendCommand", AWS_LOOK_FIRST, WRITE, "ssm:SendCommand", false, "")   \
    X(SSM_GET_COMMAND_INVOCATION, SSM, "GetCommandInvocation", AWS_READ, READ,                     \
      "ssm:GetCommandInvocation", false, "")                                                       \
    X(SSM_LIST_COMMANDS, SSM, "ListCommands", AWS_READ, READ, "ssm:ListCommands", false,           \
      "NextToken")                                                                                 \
    X(SNS_PUBLISH, SNS, "Publish", AWS_LOOK_FIRST, WRITE, "sns:Publish", false, "")                \
    X(STS_GET_CALLER_IDENTITY, STS, "GetCallerIdentity", AWS_READ, READ, "sts:GetCallerIdentity",  \
      false, "")

enum aws_call {
#define AWS_ENUMERATOR(name, service, operation, idempotency, rate, action, dry_run, token)        \
    AWS_##name,
    AWS_CALLS(AWS_ENUMERATOR)
#undef AWS_ENUMERATOR
        AWS_CALL_COUNT
};

struct aws_call_row {
    enum aws_service service;
    const char *operation;
    enum aws_idempotency idempotency;
    enum aws_rate rate;
    const char *iam_action;
    bool dry_run;            /* takes DryRun=true */
    const char *token_field; /* request parameter that carries the next page's token, or "" */
};

/* Static storage. */
const struct aws_service_row *aws_service_row(enum aws_service service);
const struct aws_call_row *aws_call_row(enum aws_call call);

#endif
