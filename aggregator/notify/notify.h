/* The notifier: drains the durable outbox to Slack and SNS on its own thread. Nothing here can
 * delay the engine: the engine writes rows, and wakes it (SAFETY R22).
 *
 * Delivery is at least once and in order per channel. A failed delivery is tried again with
 * back-off and full jitter, or when `Retry-After` says; after `give_up`, or when the receiver
 * refuses for good, the notification goes to the dead letters (RECORD_META "dead-letter/<id>", sort
 * = channel). More than NOTIFY_COALESCE waiting notifications go out as one summary with counts. */
#ifndef EAR_AGGREGATOR_NOTIFY_NOTIFY_H
#define EAR_AGGREGATOR_NOTIFY_NOTIFY_H

#include "aggregator/store/store.h"

#define NOTIFY_COALESCE 10
#define NOTIFY_READ_MAX 500 /* outbox rows looked at in one round */

/* One SNS message; borrowed for the call. */
struct notify_publish {
    const char *topic_arn, *subject, *message;
    const char *severity, *instance_id, *event_type; /* message attributes, for filter policies */
};

struct notify_options {
    bool enabled;              /* NOTIFICATION_ENABLED; false: rows are dropped, and said so once */
    const char *slack_url;     /* secret; NULL or "" = no Slack. Copied. */
    const char *slack_channel; /* may be empty; copied */
    const char *slack_username; /* may be empty; copied */
    const char *sns_topic_arn;  /* NULL or "" = no SNS. Copied. */
    struct duration deadline;   /* of one delivery */
    struct duration give_up;    /* from the notification's own time */
    bool allow_loopback;
    uint64_t seed; /* of the jitter */
    /* Publishes and waits for at most `deadline`; called on the notifier's thread. */
    enum status (*publish)(void *context, const struct notify_publish *publish,
                           struct duration deadline);
    void *publish_context;
};

struct notify;

/* Starts the thread; `store` is borrowed and must outlive the notifier. */
enum status notify_create(const struct notify_options *options, struct store *store,
                          struct notify **notify_out) MUST_USE;
/* Ends within one delivery's deadline; what was not sent stays in the outbox. NULL is fine. */
void notify_destroy(struct notify *notify);

/* There is a new row. Any thread; never blocks. */
void notify_wake(struct notify *notify);

struct notify_counts {
    uint64_t sent, failed, dead; /* deliveries, attempts that failed, dead letters; since start */
};
struct notify_counts notify_counts(struct notify *notify);

#endif
