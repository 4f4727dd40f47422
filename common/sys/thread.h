/* Named threads that never take a signal. */
#ifndef EAR_COMMON_SYS_THREAD_H
#define EAR_COMMON_SYS_THREAD_H

#include <pthread.h>

#include "common/base/status.h"

/* The caller's storage; must stay where it is until thread_join(). Zeroes = not started. */
struct thread {
    pthread_t id;
    const char *name;
    void (*run)(void *argument);
    void *argument;
    bool started;
};

/* Starts `run(argument)` on a thread with every signal blocked.
 * name         static storage, at most 15 bytes (longer is cut): what `ps -L` and gdb show
 * stack_bytes  0 = the system's default; else rounded up to PTHREAD_STACK_MIN. The agent gives
 * small ones: untouched stack costs no memory, but mlocked or pre-faulted stack does STATUS_FULL
 * when the system has no thread left. */
enum status thread_start(struct thread *thread, const char *name, size_t stack_bytes,
                         void (*run)(void *argument), void *argument) MUST_USE;
/* Waits for its end. Does nothing when it was not started or is already joined. */
void thread_join(struct thread *thread);

#endif
