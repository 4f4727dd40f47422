/* SNS's calls, typed (aws-facts 3.12). The rules of ec2.h hold for each. */
#ifndef EAR_AGGREGATOR_AWS_SNS_H
#define EAR_AGGREGATOR_AWS_SNS_H

#include "aggregator/aws/aws.h"

#define SNS_MESSAGE_BYTES_MAX 262144 /* AWS's limit */
#define SNS_SUBJECT_MAX       100    /* characters; AWS wants fewer */
#define SNS_ATTRIBUTES_MAX    8      /* ours; AWS takes 10 */

/* A message attribute of type String. */
struct sns_attribute {
    const char *name;
    const char *value;
};

struct sns_publish {
    const char *topic_arn;
    const char *subject; /* printable ASCII, fewer than SNS_SUBJECT_MAX; NULL = none */
    const char *message; /* UTF-8, 1..SNS_MESSAGE_BYTES_MAX bytes */
    const struct sns_attribute *attributes;
    size_t attribute_count;       /* 0..SNS_ATTRIBUTES_MAX */
    const char *group_id;         /* FIFO topics only; NULL = none */
    const char *deduplication_id; /* FIFO topics only; NULL = none */
};

struct sns_published {
    char message_id[64];
};
typedef void sns_published_done(void *context, const struct aws_result *result,
                                const struct sns_published *answer);
/* Never sent twice by the edge: after STATUS_UNKNOWN_OUTCOME the outbox decides whether a second
 * notice is better than none. */
enum status sns_publish(struct aws *aws, const struct aws_order *order,
                        const struct sns_publish *request, sns_published_done *done) MUST_USE;

/* Reader of the answer into struct sns_published; private to this folder and its tests. */
enum status sns_decode_published(const char *body, size_t length, void *answer,
                                 char *token_out) MUST_USE;

#endif
