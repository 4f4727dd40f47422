/* Rise and fall; pure, the caller's storage. */
#include "agent/health/counts.h"

static uint32_t one_more(uint32_t count) { return count < UINT32_MAX ? count + 1 : count; }

void counts_add(struct counts *counts, uint32_t rise, uint32_t fall, bool passed,
                struct boot_time at) {
    if (passed) {
        counts->failures = 0;
        counts->passes = one_more(counts->passes);
        if (counts->passes >= rise) counts->state = CHECK_PASSING;
        return;
    }
    counts->passes = 0;
    if (at.ms < counts->grace_until.ms) return;
    counts->failures = one_more(counts->failures);
    if (counts->failures >= fall) counts->state = CHECK_FAILING;
}

void counts_grace(struct counts *counts, struct duration grace, struct boot_time at) {
    bool lasts = at.ms < counts->grace_until.ms;
    struct boot_time until = boot_add(at, grace);
    if (until.ms > counts->grace_until.ms) counts->grace_until = until;
    if (lasts) return;
    counts->state = CHECK_UNKNOWN;
    counts->passes = 0;
    counts->failures = 0;
}
