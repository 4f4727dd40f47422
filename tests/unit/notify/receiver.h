/* A webhook receiver on loopback, on a thread of its own, with a script of answers. */
#ifndef EAR_TESTS_UNIT_NOTIFY_RECEIVER_H
#define EAR_TESTS_UNIT_NOTIFY_RECEIVER_H

#include <pthread.h>
#include <stddef.h>

#define RECEIVER_ANSWERS_MAX 8

enum answer_kind { ANSWER_TEXT, ANSWER_RESET, ANSWER_HANG };

struct receiver {
    int listener, port;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t requests; /* guarded by lock, as what follows */
    char last_body[16384];
    enum answer_kind kinds[RECEIVER_ANSWERS_MAX];
    const char *texts[RECEIVER_ANSWERS_MAX]; /* whole HTTP answers; the last one repeats */
    size_t answer_count;
};

void receiver_start(struct receiver *receiver);
void receiver_answer(struct receiver *receiver, enum answer_kind kind, const char *text);
/* Waits until `count` requests have come. */
void receiver_wait(struct receiver *receiver, size_t count);
void receiver_stop(struct receiver *receiver);

#endif
