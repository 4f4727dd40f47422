/* Reads SSM's JSON answers. Documents live for one call; what outlives it is copied into the
 * answer. Runs in the aws thread. */
#include "aggregator/aws/ssm_decode.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/text.h"
#include "common/json/json.h"

/* 50 commands of a few KB, or one invocation's 32,000 characters of output. */
#define ANSWER_BYTES_MAX (1024U * 1024U)
#define FIRST_CAPACITY   64U
#define YEAR_9999_S      253402300799.0

static const char *const status_names[] = {
    [SSM_STATUS_UNKNOWN] = "unknown",        [SSM_STATUS_PENDING] = "Pending",
    [SSM_STATUS_IN_PROGRESS] = "InProgress", [SSM_STATUS_DELAYED] = "Delayed",
    [SSM_STATUS_SUCCESS] = "Success",        [SSM_STATUS_CANCELLED] = "Cancelled",
    [SSM_STATUS_TIMED_OUT] = "TimedOut",     [SSM_STATUS_FAILED] = "Failed",
    [SSM_STATUS_CANCELLING] = "Cancelling",
};

const char *ssm_status_name(enum ssm_status status) {
    ASSERT((size_t)status < ARRAY_LENGTH(status_names));
    return status_names[status];
}

bool ssm_status_is_final(enum ssm_status status) {
    switch (status) {
    case SSM_STATUS_SUCCESS:
    case SSM_STATUS_CANCELLED:
    case SSM_STATUS_TIMED_OUT:
    case SSM_STATUS_FAILED: return true;
    case SSM_STATUS_UNKNOWN:
    case SSM_STATUS_PENDING:
    case SSM_STATUS_IN_PROGRESS:
    case SSM_STATUS_DELAYED:
    case SSM_STATUS_CANCELLING: return false;
    }
    return false;
}

static enum ssm_status status_of(const char *name) {
    for (size_t i = 1; i < ARRAY_LENGTH(status_names); i++)
        if (strcmp(status_names[i], name) == 0) return (enum ssm_status)i;
    return SSM_STATUS_UNKNOWN;
}

/* An absent text is the empty one; one of another type is an error. */
static enum status copy_text(const struct json_value *object, const char *key, char *target,
                             size_t capacity) {
    const struct json_value *value = json_get(object, key);
    if (value == NULL) return STATUS_OK;
    if (json_text(value) == NULL) return STATUS_MALFORMED;
    aws_copy_cut(target, capacity, json_text(value));
    return STATUS_OK;
}

/* Epoch seconds with a fraction. */
static enum status copy_time(const struct json_value *object, const char *key,
                             struct wall_time *at_out) {
    double seconds = 0;
    enum status status = json_get_number(object, key, 0, YEAR_9999_S, &seconds);
    if (status == STATUS_NOT_FOUND) return STATUS_OK;
    if (status != STATUS_OK) return STATUS_MALFORMED;
    at_out->ms = (int64_t)(seconds * 1000.0 + 0.5);
    return STATUS_OK;
}

static enum status read_ids(const struct json_value *object, struct ssm_command *command) {
    const struct json_value *ids = NULL;
    enum status status = json_get_array(object, "InstanceIds", &ids);
    if (status == STATUS_NOT_FOUND) return STATUS_OK;
    if (status != STATUS_OK) return status;
    command->id_count = json_length(ids);
    if (command->id_count == 0) return STATUS_OK;
    const char *first = json_text(json_first(ids));
    if (first == NULL) return STATUS_MALFORMED;
    /* Managed hosts outside EC2 have "mi-" ids: not ours, so left empty. */
    if (instance_id_parse(first, strlen(first), &command->first_id) != STATUS_OK)
        command->first_id = (struct instance_id){0};
    return STATUS_OK;
}

static enum status read_command(const struct json_value *object, struct ssm_command *command_out) {
    struct ssm_command command = {0};
    char name[32] = "";
    enum status status = json_get_string(object, "CommandId", command.id, sizeof command.id);
    if (status != STATUS_OK) return STATUS_MALFORMED;
    status = copy_text(object, "DocumentName", command.document, sizeof command.document);
    if (status == STATUS_OK)
        status = copy_text(object, "Comment", command.comment, sizeof command.comment);
    if (status == STATUS_OK) status = copy_text(object, "Status", name, sizeof name);
    if (status == STATUS_OK) status = copy_time(object, "RequestedDateTime", &command.requested);
    if (status == STATUS_OK) status = copy_time(object, "ExpiresAfter", &command.expires);
    if (status == STATUS_OK) status = read_ids(object, &command);
    if (status != STATUS_OK) return status;
    command.status = status_of(name);
    *command_out = command;
    return STATUS_OK;
}

/* Every failure to read an answer is "malformed" but the ones of our own limits. */
static enum status parse(const char *body, size_t length, struct json_doc **doc_out) {
    enum status status = json_parse_foreign(body, length, ANSWER_BYTES_MAX, doc_out);
    if (status == STATUS_OK || status == STATUS_TOO_LARGE || status == STATUS_NO_MEMORY)
        return status;
    return STATUS_MALFORMED;
}

enum status ssm_decode_command(const char *body, size_t length, void *answer, char *token_out) {
    struct json_doc *doc CLEANUP(json_cleanup) = NULL;
    token_out[0] = '\0';
    enum status status = parse(body, length, &doc);
    if (status != STATUS_OK) return status;
    return read_command(json_get(json_root(doc), "Command"), answer);
}

static enum status append(struct ssm_commands *answer, const struct ssm_command *command) {
    if (answer->count >= SSM_COMMANDS_MAX) return STATUS_TOO_LARGE;
    if (answer->count == answer->capacity) {
        size_t capacity = answer->capacity > 0 ? 2 * answer->capacity : FIRST_CAPACITY;
        struct ssm_command *commands = realloc(answer->commands, capacity * sizeof *commands);
        if (commands == NULL) return STATUS_NO_MEMORY;
        answer->commands = commands;
        answer->capacity = capacity;
    }
    answer->commands[answer->count++] = *command;
    return STATUS_OK;
}

static enum status read_commands(const struct json_value *root, struct ssm_commands *answer,
                                 char *token_out) {
    const struct json_value *list = NULL;
    enum status status = json_get_array(root, "Commands", &list);
    /* botocore's model calls the member optional, so an empty page may lack it; but something must
     * show that this is an answer of ours at all. */
    if (status == STATUS_NOT_FOUND && json_type(root) == JSON_OBJECT) status = STATUS_OK;
    for (const struct json_value *item = json_first(list); item != NULL && status == STATUS_OK;
         item = json_next(item)) {
        struct ssm_command command;
        status = read_command(item, &command);
        if (status == STATUS_OK) status = append(answer, &command);
    }
    if (status != STATUS_OK) return status == STATUS_NOT_FOUND ? STATUS_MALFORMED : status;
    const struct json_value *token = json_get(root, "NextToken");
    return token == NULL ? STATUS_OK : json_as_string(token, token_out, AWS_PAGE_TOKEN_SIZE);
}

enum status ssm_decode_commands(const char *body, size_t length, void *answer, char *token_out) {
    struct json_doc *doc CLEANUP(json_cleanup) = NULL;
    struct ssm_commands *commands = answer;
    size_t before = commands->count;
    token_out[0] = '\0';
    enum status status = parse(body, length, &doc);
    if (status == STATUS_OK) status = read_commands(json_root(doc), commands, token_out);
    if (status != STATUS_OK) commands->count = before;
    return status;
}

void ssm_release_commands(void *answer) {
    struct ssm_commands *commands = answer;
    free(commands->commands);
    *commands = (struct ssm_commands){0};
}

/* "Execution Timed Out" of AWS's documentation is "ExecutionTimedOut" on the wire. */
static void remove_blanks(char *text) {
    char *to = text;
    for (; *text != '\0'; text++)
        if (*text != ' ') *to++ = *text;
    *to = '\0';
}

static enum status read_invocation(const struct json_value *root,
                                   struct ssm_invocation *invocation) {
    char id[32] = "", name[32] = "";
    int64_t code = -1;
    enum status status =
        json_get_string(root, "CommandId", invocation->command_id, sizeof invocation->command_id);
    if (status == STATUS_OK) status = json_get_string(root, "InstanceId", id, sizeof id);
    if (status == STATUS_OK) status = json_get_string(root, "Status", name, sizeof name);
    if (status == STATUS_OK) status = instance_id_parse(id, strlen(id), &invocation->id);
    if (status == STATUS_OK)
        status = copy_text(root, "StatusDetails", invocation->status_details,
                           sizeof invocation->status_details);
    if (status != STATUS_OK) return STATUS_MALFORMED;
    status = json_get_integer(root, "ResponseCode", INT32_MIN, INT32_MAX, &code);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND) return STATUS_MALFORMED;
    invocation->status = status_of(name);
    invocation->response_code = (int)code;
    remove_blanks(invocation->status_details);
    return STATUS_OK;
}

static char *copy_output(const struct json_value *root, const char *key) {
    const char *text = json_text(json_get(root, key));
    return strdup(text != NULL ? text : "");
}

enum status ssm_decode_invocation(const char *body, size_t length, void *answer, char *token_out) {
    struct json_doc *doc CLEANUP(json_cleanup) = NULL;
    struct ssm_invocation invocation = {0};
    token_out[0] = '\0';
    enum status status = parse(body, length, &doc);
    if (status == STATUS_OK) status = read_invocation(json_root(doc), &invocation);
    if (status != STATUS_OK) return status;
    invocation.output = copy_output(json_root(doc), "StandardOutputContent");
    invocation.error_output = copy_output(json_root(doc), "StandardErrorContent");
    if (invocation.output == NULL || invocation.error_output == NULL) {
        ssm_release_invocation(&invocation);
        return STATUS_NO_MEMORY;
    }
    ssm_release_invocation(answer);
    *(struct ssm_invocation *)answer = invocation;
    return STATUS_OK;
}

void ssm_release_invocation(void *answer) {
    struct ssm_invocation *invocation = answer;
    free(invocation->output);
    free(invocation->error_output);
    invocation->output = invocation->error_output = NULL;
}
