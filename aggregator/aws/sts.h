/* STS's calls, typed (aws-facts 3.12). The rules of ec2.h hold for each. */
#ifndef EAR_AGGREGATOR_AWS_STS_H
#define EAR_AGGREGATOR_AWS_STS_H

#include "aggregator/aws/aws.h"

struct sts_identity {
    char account[16]; /* 12 digits */
    char arn[256];
    char user_id[132];
};
typedef void sts_identity_done(void *context, const struct aws_result *result,
                               const struct sts_identity *answer);
/* Who the credentials belong to; needs no permission. */
enum status sts_get_caller_identity(struct aws *aws, const struct aws_order *order,
                                    sts_identity_done *done) MUST_USE;

/* Reader of the answer into struct sts_identity; private to this folder and its tests. */
enum status sts_decode_identity(const char *body, size_t length, void *answer,
                                char *token_out) MUST_USE;

#endif
