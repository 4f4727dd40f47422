/* Between the typed calls (ec2.c, ssm.c ...) and the machine that runs them (aws.c). Private to
 * this folder. */
#ifndef EAR_AGGREGATOR_AWS_OPERATION_H
#define EAR_AGGREGATOR_AWS_OPERATION_H

#include "aggregator/aws/aws.h"
#include "aggregator/aws/query.h"

/* Any typed call back; turned back into its own type by `deliver`. */
typedef void aws_done(void);

/* One row of behaviour for each call of the table. Static storage. */
struct aws_operation {
    enum aws_call call;
    size_t answer_bytes; /* of the answer struct, which starts as zeroes */
    /* Adds one page to `answer`. Must leave `answer` as it was when it fails.
     * token_out  the next page's token, "" after the last one; AWS_PAGE_TOKEN_SIZE bytes
     * STATUS_OK, STATUS_MALFORMED, STATUS_TOO_LARGE, STATUS_NO_MEMORY. Pure. */
    enum status (*decode)(const char *body, size_t length, void *answer, char *token_out);
    void (*release)(void *answer); /* frees what the answer owns; NULL = nothing */
    void (*deliver)(aws_done *done, void *context, const struct aws_result *result,
                    const void *answer);
};

/* Queues a call. `body` is taken over in every case.
 * dry_run  the request carries DryRun=true: AWS's "DryRunOperation" is then success without an
 * answer STATUS_OK: `done` will be called exactly once. STATUS_FULL, STATUS_CLOSED (being
 * destroyed), STATUS_NO_MEMORY, or the body's own error: `done` will not be called. Any thread. */
enum status aws_submit(struct aws *aws, const struct aws_operation *operation,
                       const struct aws_order *order, struct aws_query *body, bool dry_run,
                       aws_done *done) MUST_USE;

/* Body of a page: `base` with the token as parameter `field`, in the form of `protocol`. The caller
 * releases query_out. STATUS_TOO_LARGE, STATUS_NO_MEMORY, STATUS_INTERNAL (a JSON base that is no
 * object). Pure. */
enum status aws_page_body(enum aws_protocol protocol, const char *base, size_t length,
                          const char *field, const char *token,
                          struct aws_query *query_out) MUST_USE;

#endif
