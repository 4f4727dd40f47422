/* Rates from the kernel's counters: they wrap (32 bits in places), they restart (a device
 * re-attached, a driver reloaded), and their first reading says nothing. Pure. */
#ifndef EAR_AGENT_SAMPLE_COUNTER_H
#define EAR_AGENT_SAMPLE_COUNTER_H

#include "common/base/base.h"

/* Zeroes = nothing read yet. */
struct counter {
    uint64_t value;
    bool known;
};

/* Growth since the last reading, which `value` then is.
 * NaN on the first reading and after a reset. A value that fell from the last quarter of 32 bits to
 * the first is a wrap of a 32-bit counter; from the last quarter of 64 bits, of a 64-bit one; any
 * other fall is a reset: what was counted in between is unknown, so no number is given. */
double counter_delta(struct counter *counter, uint64_t value);
/* The same a second. NaN as well when `elapsed_s` is not above 0. */
double counter_rate(struct counter *counter, uint64_t value, double elapsed_s);
/* Forgets the last reading: for a file that was missing meanwhile. */
void counter_forget(struct counter *counter);

#endif
