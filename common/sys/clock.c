/* Reads the two clocks the project knows. No data; any thread. */
#include "common/sys/clock.h"

#include <time.h>

static int64_t read_ms(clockid_t clock) {
    struct timespec at;
    ASSERT(clock_gettime(clock, &at) == 0); /* fails only for an unknown clock */
    return (int64_t)at.tv_sec * 1000 + at.tv_nsec / 1000000;
}

struct now sys_now(void) {
    return (struct now){.boot = {read_ms(CLOCK_BOOTTIME)}, .wall = {read_ms(CLOCK_REALTIME)}};
}
