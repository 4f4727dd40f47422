/* Bounded queue of whole messages from many threads to one: how other threads reach the engine. */
#ifndef EAR_COMMON_SYS_QUEUE_H
#define EAR_COMMON_SYS_QUEUE_H

#include "common/base/clock.h"

struct queue;

enum queue_priority {
    QUEUE_NORMAL, /* may use all but the reserved places */
    QUEUE_HIGH,   /* may use all places: results of actions, commands of people */
};

/* message_bytes  size of each message, at least 1; messages are copied in and out
 * capacity       places in all, at least 1
 * reserved       places only QUEUE_HIGH may use; less than capacity
 * Order is the order of pushes, whatever the priority: priority decides who may enter a nearly full
 * queue, not who is served first. STATUS_NO_MEMORY, STATUS_FULL (no descriptor). Destroy with
 * queue_destroy() when no thread uses it any more. */
enum status queue_create(size_t message_bytes, size_t capacity, size_t reserved,
                         struct queue **queue_out) MUST_USE;
void queue_destroy(struct queue *queue);

/* Copies the message in. Never blocks. STATUS_FULL (nothing happened but the count of refusals),
 * STATUS_CLOSED after queue_close(). Any thread. */
enum status queue_push(struct queue *queue, const void *message,
                       enum queue_priority priority) MUST_USE;

/* Takes the oldest message. STATUS_AGAIN when empty, STATUS_CLOSED when empty and closed. Consumer.
 */
enum status queue_pop(struct queue *queue, void *message_out) MUST_USE;
/* The same, waiting up to `timeout` for one: STATUS_TIMEOUT. Negative = until closed. Consumer. */
enum status queue_wait(struct queue *queue, void *message_out, struct duration timeout) MUST_USE;

/* A descriptor that polls as readable while a message waits or the queue is closed. Owned by the
 * queue: never read or close it. */
int queue_fd(const struct queue *queue);

/* No more pushes; what is in can still be taken. Wakes the consumer. Any thread. */
void queue_close(struct queue *queue);

/* Messages waiting now; pushes refused as full since creation. Any thread. */
size_t queue_length(struct queue *queue);
uint64_t queue_refused(struct queue *queue);

#endif
