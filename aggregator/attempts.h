/* What the log says of attempts at AWS: one line when a read begins to fail and one when it works
 * again, every failed attempt of a call that changes something. */
#ifndef EAR_AGGREGATOR_ATTEMPTS_H
#define EAR_AGGREGATOR_ATTEMPTS_H

#include "aggregator/aws/aws.h"

/* All zero at first. The aws thread's alone. */
struct attempts {
    struct {
        uint64_t failure; /* hash of status and code, as said last; 0 = works */
        uint32_t repeats; /* failed attempts, unsaid, since then */
    } calls[AWS_CALL_COUNT];
};

/* aws_options.observer; context is a struct attempts. */
void attempts_observe(void *context, const struct aws_observation *observation);

#endif
