/* The only place that reads a clock (SAFETY R15). */
#ifndef EAR_COMMON_SYS_CLOCK_H
#define EAR_COMMON_SYS_CLOCK_H

#include "common/base/clock.h"

/* Reads CLOCK_BOOTTIME and CLOCK_REALTIME together. Called once for each event, when it is
 * dequeued; everything the event does uses this one value. Any thread. */
struct now sys_now(void);

#endif
