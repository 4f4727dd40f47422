/* Reads the clocks the project knows. No data; any thread. */
#include "common/sys/clock.h"

static int64_t read_ms(clockid_t clock) {
    struct timespec at;
    ASSERT(clock_gettime(clock, &at) == 0); /* fails only for an unknown clock */
    return (int64_t)at.tv_sec * 1000 + at.tv_nsec / 1000000;
}

struct now sys_now(void) {
    return (struct now){.boot = {read_ms(CLOCK_BOOTTIME)}, .wall = {read_ms(CLOCK_REALTIME)}};
}

struct timespec sys_deadline(struct duration span) {
    struct timespec at;
    ASSERT(clock_gettime(CLOCK_MONOTONIC, &at) == 0); /* fails only for an unknown clock */
    if (span.ms <= 0) return at;
    at.tv_sec += span.ms / 1000;
    at.tv_nsec += span.ms % 1000 * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    return at;
}
