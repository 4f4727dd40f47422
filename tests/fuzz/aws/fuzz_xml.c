/* XML answers of every call: the first byte chooses the reader. Pages add up, and a page that fails
 * must leave what was there alone. */
#include <stdlib.h>

#include "aggregator/aws/ec2_decode.h"
#include "aggregator/aws/sns.h"
#include "aggregator/aws/sts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char token[AWS_PAGE_TOKEN_SIZE];

static void read_instances(const char *body, size_t length) {
    struct ec2_instances answer = {0};
    if (ec2_decode_instances(body, length, &answer, token) != STATUS_OK && answer.count != 0)
        abort();
    size_t first = answer.count;
    enum status status = ec2_decode_instances(body, length, &answer, token);
    if (answer.count != (status == STATUS_OK ? 2 * first : first)) abort();
    for (size_t i = 0; i < answer.count; i++)
        if (answer.instances[i].facts.id.text[0] != 'i') abort();
    ec2_release_instances(&answer);
}

static void read_statuses(const char *body, size_t length) {
    struct ec2_statuses answer = {0};
    if (ec2_decode_statuses(body, length, &answer, token) != STATUS_OK && answer.count != 0)
        abort();
    for (size_t i = 0; i < answer.count; i++)
        if (answer.statuses[i].checks.event_count > INSTANCE_EVENTS_MAX) abort();
    ec2_release_statuses(&answer);
}

static void read_changes(const char *body, size_t length) {
    struct ec2_state_change change;
    if (ec2_decode_stop(body, length, &change, token) == STATUS_OK && change.id.text[0] != 'i')
        abort();
    if (ec2_decode_start(body, length, &change, token) == STATUS_OK && change.id.text[0] != 'i')
        abort();
    if (ec2_decode_reboot(body, length, NULL, token) == STATUS_OK && token[0] != '\0') abort();
}

static void read_small(const char *body, size_t length) {
    struct sns_published published;
    struct sts_identity identity;
    if (sns_decode_published(body, length, &published, token) == STATUS_OK &&
        published.message_id[0] == '\0')
        abort();
    if (sts_decode_identity(body, length, &identity, token) == STATUS_OK &&
        identity.account[0] == '\0')
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    const char *body = (const char *)data + 1;
    size_t length = size - 1;
    switch (data[0] % 4) {
    case 0: read_instances(body, length); break;
    case 1: read_statuses(body, length); break;
    case 2: read_changes(body, length); break;
    case 3: read_small(body, length); break;
    default: break;
    }
    return 0;
}
