/* Counters that wrap and restart; pure, the caller's storage. */
#include "agent/sample/counter.h"

#include <math.h>

/* Whether a fall from `before` to `after` is a wrap at 2^32 (mask UINT32_MAX) or 2^64. */
static bool wrapped(uint64_t before, uint64_t after, uint64_t mask) {
    return before <= mask && before >= mask - mask / 4 && after <= mask / 4;
}

double counter_delta(struct counter *counter, uint64_t value) {
    uint64_t before = counter->value;
    bool known = counter->known;
    *counter = (struct counter){value, true};
    if (!known) return (double)NAN;
    if (value >= before) return (double)(value - before);
    if (wrapped(before, value, UINT32_MAX)) return (double)(value + (UINT32_MAX - before) + 1);
    if (wrapped(before, value, UINT64_MAX)) return (double)(value + (UINT64_MAX - before) + 1);
    return (double)NAN;
}

double counter_rate(struct counter *counter, uint64_t value, double elapsed_s) {
    double delta = counter_delta(counter, value);
    return elapsed_s > 0 ? delta / elapsed_s : (double)NAN;
}

void counter_forget(struct counter *counter) { *counter = (struct counter){0}; }
