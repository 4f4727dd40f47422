/* The only place that reads a clock (SAFETY R15). */
#ifndef EAR_COMMON_SYS_CLOCK_H
#define EAR_COMMON_SYS_CLOCK_H

#include <time.h>

#include "common/base/clock.h"

/* Reads CLOCK_BOOTTIME and CLOCK_REALTIME together. Called once for each event, when it is
 * dequeued; everything the event does uses this one value. Any thread. */
struct now sys_now(void);

/* The moment `span` from now (0 or less: now) for pthread_cond_timedwait() on a condition variable
 * made with CLOCK_MONOTONIC, the only clock besides wall time that those can wait on. Any thread.
 */
struct timespec sys_deadline(struct duration span);

#endif
