/* SSM's calls, typed (aws-facts 3.7). The rules of ec2.h hold for each. */
#ifndef EAR_AGGREGATOR_AWS_SSM_H
#define EAR_AGGREGATOR_AWS_SSM_H

#include "aggregator/aws/aws.h"
#include "common/base/id.h"

#define SSM_IDS_MAX        50    /* AWS's limit for InstanceIds */
#define SSM_PARAMETERS_MAX 16    /* ours */
#define SSM_VALUES_MAX     16    /* of one parameter, ours */
#define SSM_COMMENT_MAX    100   /* characters, AWS's limit */
#define SSM_COMMANDS_MAX   10000 /* in one answer, over all pages */
#define SSM_TIMEOUT_MIN_S  30
#define SSM_TIMEOUT_MAX_S  2592000

enum ssm_status {
    SSM_STATUS_UNKNOWN, /* a name newer than this program */
    SSM_STATUS_PENDING,
    SSM_STATUS_IN_PROGRESS,
    SSM_STATUS_DELAYED,
    SSM_STATUS_SUCCESS,
    SSM_STATUS_CANCELLED,
    SSM_STATUS_TIMED_OUT,
    SSM_STATUS_FAILED,
    SSM_STATUS_CANCELLING,
};
/* AWS's name, "InProgress"; "unknown". Static. */
const char *ssm_status_name(enum ssm_status status);
/* Will it never change again? Unknown counts as no. */
bool ssm_status_is_final(enum ssm_status status);

struct ssm_parameter {
    const char *name;
    const char *values[SSM_VALUES_MAX];
    size_t value_count; /* 1..SSM_VALUES_MAX */
};

struct ssm_send_command {
    const char *document;         /* name or ARN */
    const char *document_version; /* "$DEFAULT" or a number; NULL = AWS's default */
    const struct instance_id *ids;
    size_t id_count; /* 1..SSM_IDS_MAX */
    const struct ssm_parameter *parameters;
    size_t parameter_count;      /* 0..SSM_PARAMETERS_MAX */
    unsigned delivery_timeout_s; /* SSM_TIMEOUT_MIN_S..SSM_TIMEOUT_MAX_S; 0 = AWS's default */
    /* Our action id: SendCommand has no idempotency token, ListCommands finds it by this (DESIGN
     * 5.13). At most SSM_COMMENT_MAX bytes; NULL = none. */
    const char *comment;
};

struct ssm_command {
    char id[40];
    char document[160];
    char comment[SSM_COMMENT_MAX * 4 + 1]; /* characters may be four bytes */
    enum ssm_status status;
    struct wall_time requested; /* 0 = not told */
    struct wall_time expires;
    struct instance_id first_id; /* empty when the command was sent by target */
    size_t id_count;
};
typedef void ssm_command_done(void *context, const struct aws_result *result,
                              const struct ssm_command *answer);
/* Never sent twice: STATUS_UNKNOWN_OUTCOME = look with ssm_list_commands(). */
enum status ssm_send_command(struct aws *aws, const struct aws_order *order,
                             const struct ssm_send_command *request,
                             ssm_command_done *done) MUST_USE;

struct ssm_get_command_invocation {
    const char *command_id;
    struct instance_id id;
    const char *plugin; /* step name, for documents of several steps; NULL = the first */
};

struct ssm_invocation {
    char command_id[40];
    struct instance_id id;
    enum ssm_status status;
    char status_details[48]; /* without blanks: "ExecutionTimedOut" */
    int response_code;       /* -1 = not started */
    char *output;            /* owned by the answer; never NULL; NULs are U+FFFD */
    char *error_output;
};
typedef void ssm_invocation_done(void *context, const struct aws_result *result,
                                 const struct ssm_invocation *answer);
/* Right after SendCommand the answer may be STATUS_NOT_FOUND with code InvocationDoesNotExist for
 * some ten seconds: the caller asks again. */
enum status ssm_get_command_invocation(struct aws *aws, const struct aws_order *order,
                                       const struct ssm_get_command_invocation *request,
                                       ssm_invocation_done *done) MUST_USE;

struct ssm_list_commands {
    const char *document;           /* filter DocumentName; NULL = any */
    struct wall_time invoked_after; /* filter InvokedAfter; 0 = any */
    struct instance_id id;          /* empty = any */
    unsigned page_size;             /* 1..50; 0 = 50 */
};

struct ssm_commands {
    struct ssm_command *commands; /* `count` of them, owned by the answer */
    size_t count, capacity;
};
typedef void ssm_commands_done(void *context, const struct aws_result *result,
                               const struct ssm_commands *answer);
/* Reads all pages: everything that matched, or a failure. */
enum status ssm_list_commands(struct aws *aws, const struct aws_order *order,
                              const struct ssm_list_commands *request,
                              ssm_commands_done *done) MUST_USE;

#endif
