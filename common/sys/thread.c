/* Starts and joins threads. The struct belongs to the caller; start and join by the same thread. */
#include "common/sys/thread.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <sys/prctl.h>

#include "common/sys/error.h"

static void *enter(void *pointer) {
    const struct thread *thread = pointer;
    (void)prctl(PR_SET_NAME, thread->name); /* cosmetic; cuts at 15 bytes */
    thread->run(thread->argument);
    return NULL;
}

static int set_stack(pthread_attr_t *attributes, size_t bytes) {
    if (bytes == 0) return 0;
    size_t least = (size_t)PTHREAD_STACK_MIN;
    size_t rounded = (bytes < least ? least : bytes) + 4095;
    return pthread_attr_setstacksize(attributes, rounded - rounded % 4096);
}

/* The new thread inherits the mask, so all signals are blocked for the moment of its creation. */
static int create_masked(struct thread *thread, const pthread_attr_t *attributes) {
    sigset_t all, before;
    (void)sigfillset(&all); /* cannot fail on a valid pointer */
    int error = pthread_sigmask(SIG_SETMASK, &all, &before);
    if (error != 0) return error;
    error = pthread_create(&thread->id, attributes, enter, thread);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL); /* worked a line above */
    return error;
}

enum status thread_start(struct thread *thread, const char *name, size_t stack_bytes,
                         void (*run)(void *argument), void *argument) {
    *thread = (struct thread){.name = name, .run = run, .argument = argument};
    pthread_attr_t attributes;
    int error = pthread_attr_init(&attributes);
    if (error != 0) return sys_status(error);
    error = set_stack(&attributes, stack_bytes);
    if (error == 0) error = create_masked(thread, &attributes);
    (void)pthread_attr_destroy(&attributes); /* always 0 on Linux */
    if (error == EAGAIN) return STATUS_FULL;
    if (error != 0) return sys_status(error);
    thread->started = true;
    return STATUS_OK;
}

void thread_join(struct thread *thread) {
    if (!thread->started) return;
    ASSERT(pthread_join(thread->id, NULL) == 0); /* only a bug joins twice or itself */
    thread->started = false;
}
