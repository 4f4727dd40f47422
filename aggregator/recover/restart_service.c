/* Plan restart-service: SSM runs P-restart-services in the guest. SendCommand has no token, so a
 * lost answer is looked up by its comment (ListCommands) before anything else is sent. Constant. */
#include "aggregator/recover/plan.h"

#define ON(input) [RECOVER_IN_##input]
#define TO(state, action)                                                                          \
    { RECOVER_##state, RECOVER_DO_##action }

const recover_table recover_restart_service = {
    [RECOVER_IDLE] = {ON(BEGIN) = TO(READING, READ), ON(GONE) = TO(ENDED, GONE),
                      ON(RESTORED) = TO(ENDED, REFUSE)},
    [RECOVER_READING] = {ON(READ) = TO(ASKING, ASK), ON(READ_FAILED) = TO(PAUSING, PAUSE),
                         ON(ERROR) = TO(ENDED, ERROR), ON(GONE) = TO(ENDED, GONE),
                         ON(RESTORED) = TO(ENDED, REFUSE)},
    [RECOVER_ASKING] = {ON(GONE) = TO(ENDED, GONE), ON(ALLOWED) = TO(STORING, INTEND),
                        ON(REFUSED) = TO(ENDED, REFUSE), ON(RESTORED) = TO(ENDED, REFUSE)},
    [RECOVER_STORING] = {ON(DURABLE) = TO(CALLING, SEND), ON(REFUSED) = TO(ENDED, REFUSE),
                         ON(NOT_DURABLE) = TO(ENDED, REFUSE), ON(RESTORED) = TO(LOOKING, DARK),
                         ON(GONE) = TO(ENDED, GONE)},
    [RECOVER_CALLING] = {ON(ACCEPTED) = TO(RUNNING, RUN), ON(RETRY) = TO(PAUSING, PAUSE),
                         ON(REJECTED) = TO(ENDED, FAIL), ON(ERROR) = TO(ENDED, ERROR),
                         ON(LOST) = TO(LOOKING, DARK), ON(RESTORED) = TO(LOOKING, DARK),
                         ON(GONE) = TO(ENDED, GONE)},
    [RECOVER_PAUSING] = {ON(PAUSE_OVER) = TO(READING, READ), ON(GONE) = TO(ENDED, GONE),
                         ON(RESTORED) = TO(READING, READ)},
    [RECOVER_LOOKING] = {ON(FOUND) = TO(RUNNING, RUN), ON(ABSENT) = TO(DARK, WAIT_DARK),
                         ON(NEVER) = TO(READING, RENEW), ON(READ_FAILED) = TO(DARK, WAIT_DARK),
                         ON(ERROR) = TO(DARK, WAIT_DARK), ON(RESTORED) = TO(LOOKING, DARK)},
    [RECOVER_DARK] = {ON(PAUSE_OVER) = TO(LOOKING, LOOK), ON(TIMEOUT) = TO(ENDED, ERROR),
                      ON(GONE) = TO(ENDED, GONE), ON(RESTORED) = TO(LOOKING, DARK)},
    [RECOVER_RUNNING] = {ON(PAUSE_OVER) = TO(RUNNING, POLL), ON(RUN_OPEN) = TO(RUNNING, STAY),
                         ON(READ_FAILED) = TO(RUNNING, STAY), ON(RUN_DONE) = TO(PROVING, PROVE),
                         ON(RUN_FAILED) = TO(ENDED, FAIL), ON(TIMEOUT) = TO(ENDED, FAIL),
                         ON(GONE) = TO(ENDED, GONE), ON(RESTORED) = TO(RUNNING, POLL)},
    [RECOVER_PROVING] = {ON(PROVEN) = TO(WATCHING, WATCH), ON(PAUSE_OVER) = TO(PROVING, PROOF_READ),
                         ON(TIMEOUT) = TO(ENDED, FAIL), ON(GONE) = TO(ENDED, GONE),
                         ON(RESTORED) = TO(PROVING, PROOF_READ)},
    [RECOVER_WATCHING] = {ON(WELL) = TO(ENDED, SUCCEED), ON(ILL) = TO(PROVING, UNWATCH),
                          ON(PAUSE_OVER) = TO(WATCHING, PROOF_READ), ON(GONE) = TO(ENDED, GONE),
                          ON(RESTORED) = TO(PROVING, UNWATCH)},
};
