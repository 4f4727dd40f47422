/* Plan reboot: RebootInstances is only queued and leaves no trace in DescribeInstances, so a new
 * boot id from the agent is the only proof (R2). A lost answer is proven the same way, within the
 * time the call may still land; it is never sent again. Constant. */
#include "aggregator/recover/plan.h"

#define ON(input) [RECOVER_IN_##input]
#define TO(state, action)                                                                          \
    { RECOVER_##state, RECOVER_DO_##action }

const recover_table recover_reboot = {
    [RECOVER_IDLE] = {ON(BEGIN) = TO(READING, READ), ON(GONE) = TO(ENDED, GONE),
                      ON(RESTORED) = TO(ENDED, REFUSE)},
    [RECOVER_READING] = {ON(READ) = TO(ASKING, ASK), ON(READ_FAILED) = TO(PAUSING, PAUSE),
                         ON(ERROR) = TO(ENDED, ERROR), ON(GONE) = TO(ENDED, GONE),
                         ON(RESTORED) = TO(ENDED, REFUSE)},
    [RECOVER_ASKING] = {ON(GONE) = TO(ENDED, GONE), ON(ALLOWED) = TO(STORING, INTEND),
                        ON(REFUSED) = TO(ENDED, REFUSE), ON(RESTORED) = TO(ENDED, REFUSE)},
    [RECOVER_STORING] = {ON(DURABLE) = TO(CALLING, SEND), ON(REFUSED) = TO(ENDED, REFUSE),
                         ON(NOT_DURABLE) = TO(ENDED, REFUSE), ON(RESTORED) = TO(PROVING, DARK),
                         ON(GONE) = TO(ENDED, GONE)},
    [RECOVER_CALLING] = {ON(ACCEPTED) = TO(PROVING, PROVE), ON(RETRY) = TO(PAUSING, PAUSE),
                         ON(REJECTED) = TO(ENDED, ERROR), ON(ERROR) = TO(ENDED, ERROR),
                         ON(LOST) = TO(PROVING, DARK), ON(RESTORED) = TO(PROVING, DARK),
                         ON(GONE) = TO(ENDED, GONE)},
    [RECOVER_PAUSING] = {ON(PAUSE_OVER) = TO(READING, READ), ON(GONE) = TO(ENDED, GONE),
                         ON(RESTORED) = TO(READING, READ)},
    [RECOVER_PROVING] = {ON(PROVEN) = TO(WATCHING, WATCH), ON(PAUSE_OVER) = TO(PROVING, PROOF_READ),
                         ON(TIMEOUT) = TO(ENDED, FAIL), ON(GONE) = TO(ENDED, GONE),
                         ON(RESTORED) = TO(PROVING, PROOF_READ)},
    [RECOVER_WATCHING] = {ON(WELL) = TO(ENDED, SUCCEED), ON(ILL) = TO(PROVING, UNWATCH),
                          ON(PAUSE_OVER) = TO(WATCHING, PROOF_READ), ON(GONE) = TO(ENDED, GONE),
                          ON(RESTORED) = TO(PROVING, UNWATCH)},
};
