/* The bounded queue: order, bounds, reserve, closing, and many producers. */
#include <poll.h>

#include "common/sys/queue.h"
#include "common/sys/thread.h"
#include "tests/support/unit.h"

static struct queue *make(size_t capacity, size_t reserved) {
    struct queue *queue = NULL;
    assert_ok(queue_create(sizeof(int), capacity, reserved, &queue));
    return queue;
}

static enum status push(struct queue *queue, int number) {
    return queue_push(queue, &number, QUEUE_NORMAL);
}

static void expect(struct queue *queue, int wanted) {
    int number = -1;
    assert_ok(queue_pop(queue, &number));
    assert_int_equal(number, wanted);
}

static bool readable(struct queue *queue) {
    struct pollfd wanted = {.fd = queue_fd(queue), .events = POLLIN};
    return poll(&wanted, 1, 0) == 1;
}

TEST(messages_come_out_in_order_round_the_end) {
    (void)state;
    struct queue *queue = make(3, 0);
    for (int i = 0; i < 20; i += 2) {
        assert_ok(push(queue, i));
        assert_ok(push(queue, i + 1));
        expect(queue, i);
        expect(queue, i + 1);
    }
    queue_destroy(queue);
}

TEST(a_full_queue_refuses_and_counts) {
    (void)state;
    struct queue *queue = make(2, 0);
    assert_ok(push(queue, 1));
    assert_ok(push(queue, 2));
    assert_int_equal(push(queue, 3), STATUS_FULL);
    assert_int_equal(queue_refused(queue), 1);
    assert_int_equal(queue_length(queue), 2);
    expect(queue, 1);
    assert_ok(push(queue, 4));
    expect(queue, 2);
    expect(queue, 4);
    queue_destroy(queue);
}

TEST(the_reserve_is_for_high_priority_only) {
    (void)state;
    struct queue *queue = make(3, 1);
    int high = 9;
    assert_ok(push(queue, 1));
    assert_ok(push(queue, 2));
    assert_int_equal(push(queue, 3), STATUS_FULL);
    assert_ok(queue_push(queue, &high, QUEUE_HIGH));
    assert_int_equal(queue_push(queue, &high, QUEUE_HIGH), STATUS_FULL);
    expect(queue, 1);
    assert_int_equal(push(queue, 3), STATUS_FULL); /* two places are still taken */
    expect(queue, 2);
    expect(queue, 9); /* the order is that of the pushes */
    queue_destroy(queue);
}

TEST(the_descriptor_is_readable_while_something_waits) {
    (void)state;
    struct queue *queue = make(4, 0);
    assert_false(readable(queue));
    assert_ok(push(queue, 1));
    assert_ok(push(queue, 2));
    assert_true(readable(queue));
    expect(queue, 1);
    assert_true(readable(queue));
    expect(queue, 2);
    assert_false(readable(queue));
    queue_close(queue);
    assert_true(readable(queue));
    queue_destroy(queue);
}

TEST(an_empty_queue_says_again_or_times_out) {
    (void)state;
    struct queue *queue = make(1, 0);
    int number;
    assert_int_equal(queue_pop(queue, &number), STATUS_AGAIN);
    assert_int_equal(queue_wait(queue, &number, duration_ms(0)), STATUS_TIMEOUT);
    assert_int_equal(queue_wait(queue, &number, duration_ms(5)), STATUS_TIMEOUT);
    queue_destroy(queue);
}

TEST(closing_refuses_pushes_and_lets_the_rest_out) {
    (void)state;
    struct queue *queue = make(2, 0);
    int number;
    assert_ok(push(queue, 1));
    queue_close(queue);
    queue_close(queue);
    assert_int_equal(push(queue, 2), STATUS_CLOSED);
    expect(queue, 1);
    assert_true(readable(queue));
    assert_int_equal(queue_pop(queue, &number), STATUS_CLOSED);
    assert_int_equal(queue_wait(queue, &number, duration_ms(-1)), STATUS_CLOSED);
    queue_destroy(queue);
}

TEST(a_size_that_overflows_is_no_memory) {
    (void)state;
    struct queue *queue = NULL;
    assert_int_equal(queue_create(SIZE_MAX / 2, 4, 0, &queue), STATUS_NO_MEMORY);
    assert_null(queue);
    queue_destroy(NULL);
}

#define PRODUCERS 4
#define EACH      5000

struct producer {
    struct queue *queue;
    int number;
};

static void produce(void *argument) {
    const struct producer *producer = argument;
    for (int i = 0; i < EACH;) {
        int message = producer->number * EACH + i;
        if (queue_push(producer->queue, &message, QUEUE_NORMAL) == STATUS_OK) i++;
    }
}

TEST(many_producers_lose_and_swap_nothing) {
    (void)state;
    struct queue *queue = make(64, 8);
    struct thread threads[PRODUCERS];
    struct producer producers[PRODUCERS];
    int next[PRODUCERS] = {0};
    for (int i = 0; i < PRODUCERS; i++) {
        producers[i] = (struct producer){queue, i};
        assert_ok(thread_start(&threads[i], "producer", 0, produce, &producers[i]));
    }
    for (int taken = 0; taken < PRODUCERS * EACH; taken++) {
        int message;
        assert_ok(queue_wait(queue, &message, duration_s(10)));
        assert_int_equal(message % EACH, next[message / EACH]++);
    }
    for (int i = 0; i < PRODUCERS; i++) thread_join(&threads[i]);
    assert_int_equal(queue_length(queue), 0);
    queue_destroy(queue);
}

static void close_it(void *argument) { queue_close(argument); }

TEST(closing_wakes_a_waiting_consumer) {
    (void)state;
    struct queue *queue = make(1, 0);
    struct thread thread;
    int message;
    assert_ok(thread_start(&thread, "closer", 0, close_it, queue));
    assert_int_equal(queue_wait(queue, &message, duration_ms(-1)), STATUS_CLOSED);
    thread_join(&thread);
    queue_destroy(queue);
}
