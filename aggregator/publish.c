/* Two calls that somebody waits for: SNS on the notifier's thread, STS at the start. The aws edge
 * answers each within its deadline, or with STATUS_CANCELLED when it ends. */
#include "aggregator/publish.h"

#include <pthread.h>

#include "common/base/text.h"

/* On the waiter's stack: it leaves only after `done`. */
struct wait {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool done; /* guarded by lock, as what follows */
    enum status status;
    char account[16];
};

#define WAIT_INITIALIZER                                                                           \
    { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER }

static void finish(struct wait *wait, enum status status) {
    pthread_mutex_lock(&wait->lock);
    wait->status = status;
    wait->done = true;
    pthread_cond_signal(&wait->changed);
    pthread_mutex_unlock(&wait->lock);
}

static enum status wait_for(struct wait *wait) {
    pthread_mutex_lock(&wait->lock);
    while (!wait->done) pthread_cond_wait(&wait->changed, &wait->lock);
    pthread_mutex_unlock(&wait->lock);
    return wait->status;
}

static void take_published(void *context, const struct aws_result *result,
                           const struct sns_published *answer) {
    (void)answer;
    finish(context, result->status);
}

enum status publish_and_wait(void *context, const struct notify_publish *publish,
                             struct duration deadline) {
    struct wait wait = WAIT_INITIALIZER;
    struct aws_order order = {AWS_LANE_READ, deadline, &wait};
    struct sns_attribute attributes[] = {{"severity", publish->severity},
                                         {"instance_id", publish->instance_id},
                                         {"event_type", publish->event_type}};
    struct sns_publish request = {.topic_arn = publish->topic_arn,
                                  .subject = publish->subject,
                                  .message = publish->message,
                                  .attributes = attributes,
                                  .attribute_count = ARRAY_LENGTH(attributes)};
    enum status status = sns_publish(context, &order, &request, take_published);
    return status == STATUS_OK ? wait_for(&wait) : status;
}

static void take_identity(void *context, const struct aws_result *result,
                          const struct sts_identity *answer) {
    struct wait *wait = context;
    if (answer != NULL) {
        struct text text = text_over(wait->account, sizeof wait->account);
        text_add(&text, answer->account);
    }
    finish(wait, result->status);
}

enum status publish_find_account(struct aws *aws, struct duration deadline,
                                 char account_out[static 16]) {
    struct wait wait = WAIT_INITIALIZER;
    struct aws_order order = {AWS_LANE_READ, deadline, &wait};
    enum status status = sts_get_caller_identity(aws, &order, take_identity);
    if (status == STATUS_OK) status = wait_for(&wait);
    return status == STATUS_OK ? text_copy(account_out, 16, wait.account) : status;
}
