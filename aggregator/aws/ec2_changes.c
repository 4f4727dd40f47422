/* Reads the answers of RebootInstances, StopInstances and StartInstances. Runs in the aws thread.
 */
#include <string.h>

#include "aggregator/aws/ec2_decode.h"
#include "aggregator/aws/xml.h"
#include "common/base/text.h"

enum field { FIELD_RETURN = 1, FIELD_INSTANCE, FIELD_ID, FIELD_CURRENT, FIELD_PREVIOUS };

static enum status on_return(void *context, int id, const char *text, size_t length) {
    bool *refused = context;
    (void)id;
    (void)length;
    *refused = strcmp(text, "true") != 0;
    return STATUS_OK;
}

enum status ec2_decode_reboot(const char *body, size_t length, void *answer, char *token_out) {
    static const struct aws_xml_path paths[] = {{"return", FIELD_RETURN}};
    static const struct aws_xml_schema schema = {"RebootInstancesResponse", paths,
                                                 ARRAY_LENGTH(paths)};
    (void)answer;
    token_out[0] = '\0';
    /* EC2 says <return>true</return>; its model promises no member, and a 200 of this name is the
     * word. */
    bool refused = false;
    const struct aws_xml_handler handler = {.context = &refused, .end = on_return};
    enum status status = aws_xml_parse(body, length, &schema, &handler);
    if (status != STATUS_OK) return status;
    return refused ? STATUS_MALFORMED : STATUS_OK;
}

struct changes {
    struct ec2_state_change change;
    size_t count;
};

static enum status on_change(void *context, int id, const char *text, size_t length) {
    struct changes *changes = context;
    switch ((enum field)id) {
    case FIELD_RETURN: break;
    case FIELD_INSTANCE: changes->count++; break;
    case FIELD_ID: return instance_id_parse(text, length, &changes->change.id);
    case FIELD_CURRENT: changes->change.current = instance_state_find(text); break;
    case FIELD_PREVIOUS: changes->change.previous = instance_state_find(text); break;
    }
    return STATUS_OK;
}

#define ITEM "instancesSet/item"

static enum status decode_change(const char *root, const char *body, size_t length, void *answer,
                                 char *token_out) {
    static const struct aws_xml_path paths[] = {
        {ITEM, FIELD_INSTANCE},
        {ITEM "/instanceId", FIELD_ID},
        {ITEM "/currentState/name", FIELD_CURRENT},
        {ITEM "/previousState/name", FIELD_PREVIOUS},
    };
    const struct aws_xml_schema schema = {root, paths, ARRAY_LENGTH(paths)};
    token_out[0] = '\0';
    struct changes changes = {0};
    const struct aws_xml_handler handler = {.context = &changes, .end = on_change};
    enum status status = aws_xml_parse(body, length, &schema, &handler);
    if (status != STATUS_OK) return status;
    /* One instance was asked for. */
    if (changes.count != 1 || changes.change.id.text[0] == '\0') return STATUS_MALFORMED;
    *(struct ec2_state_change *)answer = changes.change;
    return STATUS_OK;
}

enum status ec2_decode_stop(const char *body, size_t length, void *answer, char *token_out) {
    return decode_change("StopInstancesResponse", body, length, answer, token_out);
}

enum status ec2_decode_start(const char *body, size_t length, void *answer, char *token_out) {
    return decode_change("StartInstancesResponse", body, length, answer, token_out);
}
