/* From single results to a state: as many good ones in a row as `rise`, as many bad ones as `fall`.
 * Pure. */
#ifndef EAR_AGENT_HEALTH_COUNTS_H
#define EAR_AGENT_HEALTH_COUNTS_H

#include "common/base/clock.h"
#include "common/model/report.h"

/* Zeroes = not run yet. */
struct counts {
    enum check_state state;
    uint32_t passes, failures;    /* in a row */
    struct boot_time grace_until; /* bad results before it do not count; 0 = none */
};

/* Adds one result. Within the grace a bad result only breaks a row of good ones. */
void counts_add(struct counts *counts, uint32_t rise, uint32_t fall, bool passed,
                struct boot_time at);
/* An action of our own is under way, or the machine has just started: what was counted says nothing
 * any more (U6). Said again while the grace lasts, it only becomes longer. */
void counts_grace(struct counts *counts, struct duration grace, struct boot_time at);

#endif
