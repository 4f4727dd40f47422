/* A ring under a mutex, with an eventfd that mirrors "there is something to do".
 * The lock guards all fields but the constants at the top. Producers are any threads, the consumer
 * is one. The eventfd's counter is 1 while the ring is not empty or the queue is closed, else 0; it
 * changes under the lock, so a consumer that polls can never miss a message or spin on an empty
 * queue. */
#include "common/sys/queue.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/sys/clock.h"
#include "common/sys/error.h"

struct queue {
    size_t message_bytes, capacity, reserved;
    int fd;
    pthread_mutex_t lock;
    size_t head, length; /* the oldest message's place; messages in the ring */
    uint64_t refused;
    bool closed;
    unsigned char ring[];
};

enum status queue_create(size_t message_bytes, size_t capacity, size_t reserved,
                         struct queue **queue_out) {
    ASSERT(message_bytes > 0 && capacity > 0 && reserved < capacity);
    if (capacity > (SIZE_MAX - sizeof(struct queue)) / message_bytes) return STATUS_NO_MEMORY;
    struct queue *queue = malloc(sizeof *queue + message_bytes * capacity);
    if (queue == NULL) return STATUS_NO_MEMORY;
    *queue = (struct queue){.message_bytes = message_bytes,
                            .capacity = capacity,
                            .reserved = reserved,
                            .fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    if (queue->fd < 0) {
        enum status status = sys_status(errno);
        free(queue);
        return status;
    }
    ASSERT(pthread_mutex_init(&queue->lock, NULL) == 0); /* a plain mutex cannot fail on Linux */
    *queue_out = queue;
    return STATUS_OK;
}

void queue_destroy(struct queue *queue) {
    if (queue == NULL) return;
    (void)pthread_mutex_destroy(&queue->lock); /* fails only when locked: a bug of the caller */
    (void)close(queue->fd);
    free(queue);
}

static void lock(struct queue *queue) { ASSERT(pthread_mutex_lock(&queue->lock) == 0); }
static void unlock(struct queue *queue) { ASSERT(pthread_mutex_unlock(&queue->lock) == 0); }

/* Under the lock. The counter is 0 or 1, so neither call can block or overflow. */
static void raise_event(struct queue *queue) {
    uint64_t one = 1;
    ASSERT(write(queue->fd, &one, sizeof one) == (ssize_t)sizeof one);
}

static void clear_event(struct queue *queue) {
    uint64_t count;
    ASSERT(read(queue->fd, &count, sizeof count) == (ssize_t)sizeof count);
}

static unsigned char *place(struct queue *queue, size_t index) {
    return queue->ring + (queue->head + index) % queue->capacity * queue->message_bytes;
}

static enum status push_locked(struct queue *queue, const void *message,
                               enum queue_priority priority) {
    if (queue->closed) return STATUS_CLOSED;
    size_t limit = queue->capacity - (priority == QUEUE_HIGH ? 0 : queue->reserved);
    if (queue->length >= limit) {
        queue->refused++;
        return STATUS_FULL;
    }
    memcpy(place(queue, queue->length), message, queue->message_bytes);
    if (queue->length++ == 0) raise_event(queue);
    return STATUS_OK;
}

enum status queue_push(struct queue *queue, const void *message, enum queue_priority priority) {
    lock(queue);
    enum status status = push_locked(queue, message, priority);
    unlock(queue);
    return status;
}

static enum status pop_locked(struct queue *queue, void *message_out) {
    if (queue->length == 0) return queue->closed ? STATUS_CLOSED : STATUS_AGAIN;
    memcpy(message_out, place(queue, 0), queue->message_bytes);
    queue->head = (queue->head + 1) % queue->capacity;
    if (--queue->length == 0 && !queue->closed) clear_event(queue);
    return STATUS_OK;
}

enum status queue_pop(struct queue *queue, void *message_out) {
    lock(queue);
    enum status status = pop_locked(queue, message_out);
    unlock(queue);
    return status;
}

static int poll_ms(struct duration left) {
    if (left.ms < 0) return -1;
    return left.ms > 86400000 ? 86400000 : (int)left.ms;
}

enum status queue_wait(struct queue *queue, void *message_out, struct duration timeout) {
    struct boot_time deadline = boot_add(sys_now().boot, timeout);
    for (;;) {
        enum status status = queue_pop(queue, message_out);
        if (status != STATUS_AGAIN) return status;
        struct duration left = duration_ms(-1);
        if (timeout.ms >= 0) {
            left = boot_since(deadline, sys_now().boot);
            if (left.ms <= 0) return STATUS_TIMEOUT;
        }
        struct pollfd wanted = {.fd = queue->fd, .events = POLLIN};
        if (poll(&wanted, 1, poll_ms(left)) < 0 && errno != EINTR) return sys_status(errno);
    }
}

int queue_fd(const struct queue *queue) { return queue->fd; }

void queue_close(struct queue *queue) {
    lock(queue);
    if (!queue->closed && queue->length == 0) raise_event(queue);
    queue->closed = true;
    unlock(queue);
}

size_t queue_length(struct queue *queue) {
    lock(queue);
    size_t length = queue->length;
    unlock(queue);
    return length;
}

uint64_t queue_refused(struct queue *queue) {
    lock(queue);
    uint64_t refused = queue->refused;
    unlock(queue);
    return refused;
}
