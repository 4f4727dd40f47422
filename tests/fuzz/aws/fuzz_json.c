/* JSON answers of SSM, and the strict reader itself: what it takes must hold its promises. */
#include <stdlib.h>
#include <string.h>

#include "aggregator/aws/ssm_decode.h"
#include "common/json/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char token[AWS_PAGE_TOKEN_SIZE];

/* No key twice in an object, and nothing deeper than promised. */
static void check(const struct json_value *value, unsigned depth) {
    if (depth > JSON_DEPTH_MAX) abort();
    const struct json_value *child = json_first(value);
    if (child != NULL && json_type(value) == JSON_OBJECT && json_key(child) != NULL) {
        const struct json_value *same = json_get(value, json_key(child));
        if (same != NULL && same != child) abort();
    }
    for (; child != NULL; child = json_next(child)) check(child, depth + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *body = (const char *)data;
    struct json_doc *doc = NULL;
    if (json_parse(body, size, JSON_BYTES_MAX, &doc) == STATUS_OK) check(json_root(doc), 0);
    json_destroy(doc);

    struct ssm_command command;
    if (ssm_decode_command(body, size, &command, token) == STATUS_OK &&
        strlen(command.id) >= sizeof command.id)
        abort();
    struct ssm_commands commands = {0};
    if (ssm_decode_commands(body, size, &commands, token) != STATUS_OK && commands.count != 0)
        abort();
    ssm_release_commands(&commands);
    struct ssm_invocation invocation = {0};
    if (ssm_decode_invocation(body, size, &invocation, token) == STATUS_OK &&
        (invocation.output == NULL || invocation.id.text[0] != 'i'))
        abort();
    ssm_release_invocation(&invocation);
    return 0;
}
