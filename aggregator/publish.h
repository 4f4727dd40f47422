/* Publishes to SNS and waits for the answer: what the notifier's thread calls. */
#ifndef EAR_AGGREGATOR_PUBLISH_H
#define EAR_AGGREGATOR_PUBLISH_H

#include "aggregator/aws/sns.h"
#include "aggregator/aws/sts.h"
#include "aggregator/notify/notify.h"

/* For struct notify_options; `context` is the struct aws. */
enum status publish_and_wait(void *context, const struct notify_publish *publish,
                             struct duration deadline) MUST_USE;

/* The account of the credentials in use; waits for at most `deadline`. */
enum status publish_find_account(struct aws *aws, struct duration deadline,
                                 char account_out[static 16]) MUST_USE;

#endif
