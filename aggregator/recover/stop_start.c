/* Plan stop-start: three legs, each with an intent of its own: stop, stop by force when `stopped`
 * does not come, start. A lost answer is settled by reading the state. An instance that we stopped
 * and may not start again is a matter for a person, not a failure that goes up the ladder.
 * Constant.
 */
#include "aggregator/recover/plan.h"

#define ON(input) [RECOVER_IN_##input]
#define TO(state, action)                                                                          \
    { RECOVER_##state, RECOVER_DO_##action }

/* Both legs that stop differ in what follows when `stopped` does not come. */
#define STOPPING_ROW(on_timeout)                                                                   \
    {                                                                                              \
        ON(STOPPED) = TO(ASKING, START), ON(PAUSE_OVER) = TO(STOPPING, PROOF_READ),                \
        ON(READ_FAILED) = TO(STOPPING, STAY), ON(TIMEOUT) = on_timeout,                            \
        ON(NEVER) = TO(READING, RENEW), ON(GONE) = TO(ENDED, GONE),                                \
        ON(RESTORED) = TO(STOPPING, PROOF_READ),                                                   \
    }

const recover_table recover_stop_start[RECOVER_LEG_COUNT] =
    {
        [RECOVER_LEG_FIRST] =
            {
                [RECOVER_IDLE] = {ON(BEGIN) = TO(READING, READ), ON(GONE) = TO(ENDED, GONE),
                                  ON(RESTORED) = TO(ENDED, REFUSE)},
                [RECOVER_READING] = {ON(READ) = TO(ASKING, ASK),
                                     ON(READ_FAILED) = TO(PAUSING, PAUSE),
                                     ON(ERROR) = TO(ENDED, ERROR), ON(GONE) = TO(ENDED, GONE),
                                     ON(RESTORED) = TO(ENDED, REFUSE)},
                [RECOVER_ASKING] = {ON(GONE) = TO(ENDED, GONE), ON(ALLOWED) = TO(STORING, INTEND),
                                    ON(REFUSED) = TO(ENDED, REFUSE),
                                    ON(RESTORED) = TO(ENDED, REFUSE)},
                [RECOVER_STORING] = {ON(DURABLE) = TO(CALLING, SEND),
                                     ON(REFUSED) = TO(ENDED, REFUSE),
                                     ON(NOT_DURABLE) = TO(ENDED, REFUSE),
                                     ON(RESTORED) = TO(STOPPING, DARK), ON(GONE) = TO(ENDED, GONE)},
                [RECOVER_CALLING] = {ON(ACCEPTED) = TO(STOPPING, AWAIT_STOP),
                                     ON(RETRY) = TO(PAUSING, PAUSE),
                                     ON(REJECTED) = TO(ENDED, ERROR), ON(ERROR) = TO(ENDED, ERROR),
                                     ON(LOST) = TO(STOPPING, DARK),
                                     ON(RESTORED) = TO(STOPPING, DARK), ON(GONE) = TO(ENDED, GONE)},
                [RECOVER_PAUSING] = {ON(PAUSE_OVER) = TO(READING, READ), ON(GONE) = TO(ENDED, GONE),
                                     ON(RESTORED) = TO(READING, READ)},
                [RECOVER_STOPPING] = STOPPING_ROW(TO(ASKING, FORCE)),
            },
        [RECOVER_LEG_FORCE] =
            {
                [RECOVER_READING] = {ON(READ) = TO(ASKING, ASK),
                                     ON(READ_FAILED) = TO(PAUSING, PAUSE),
                                     ON(ERROR) = TO(ENDED, HOLD), ON(STOPPED) = TO(ASKING, START),
                                     ON(GONE) = TO(ENDED, GONE), ON(RESTORED) = TO(READING, READ)},
                [RECOVER_ASKING] = {ON(GONE) = TO(ENDED, GONE), ON(ALLOWED) = TO(STORING, INTEND),
                                    ON(REFUSED) = TO(PAUSING, WAIT),
                                    ON(RESTORED) = TO(READING, READ)},
                [RECOVER_STORING] = {ON(DURABLE) = TO(CALLING, SEND),
                                     ON(REFUSED) = TO(PAUSING, WAIT),
                                     ON(NOT_DURABLE) = TO(PAUSING, PAUSE),
                                     ON(RESTORED) = TO(STOPPING, DARK), ON(GONE) = TO(ENDED, GONE)},
                [RECOVER_CALLING] = {ON(ACCEPTED) = TO(STOPPING, AWAIT_STOP),
                                     ON(RETRY) = TO(PAUSING, PAUSE), ON(REJECTED) = TO(ENDED, HOLD),
                                     ON(ERROR) = TO(ENDED, HOLD), ON(LOST) = TO(STOPPING, DARK),
                                     ON(RESTORED) = TO(STOPPING, DARK), ON(GONE) = TO(ENDED, GONE)},
                [RECOVER_PAUSING] = {ON(PAUSE_OVER) = TO(READING, READ), ON(GONE) = TO(ENDED, GONE),
                                     ON(RESTORED) = TO(READING, READ)},
                [RECOVER_STOPPING] = STOPPING_ROW(TO(ENDED, HOLD)),
            },
        [RECOVER_LEG_START] =
            {
                [RECOVER_READING] = {ON(READ) = TO(ASKING, ASK), ON(ACCEPTED) = TO(PROVING, PROVE),
                                     ON(READ_FAILED) = TO(PAUSING, PAUSE),
                                     ON(ERROR) = TO(ENDED, HOLD), ON(GONE) = TO(ENDED, GONE),
                                     ON(RESTORED) = TO(READING, READ)},
                [RECOVER_ASKING] = {ON(GONE) = TO(ENDED, GONE), ON(ALLOWED) = TO(STORING, INTEND),
                                    ON(REFUSED) = TO(PAUSING, WAIT),
                                    ON(RESTORED) = TO(READING, READ)},
                [RECOVER_STORING] = {ON(DURABLE) = TO(CALLING, SEND),
                                     ON(REFUSED) = TO(PAUSING, WAIT),
                                     ON(NOT_DURABLE) = TO(PAUSING, PAUSE),
                                     ON(RESTORED) = TO(PROVING, DARK), ON(GONE) = TO(ENDED, GONE)},
                [RECOVER_CALLING] = {ON(ACCEPTED) = TO(PROVING, PROVE),
                                     ON(RETRY) = TO(PAUSING, PAUSE),
                                     ON(REJECTED) = TO(PAUSING, PAUSE), ON(ERROR) = TO(ENDED, HOLD),
                                     ON(LOST) = TO(PROVING, DARK), ON(RESTORED) = TO(PROVING, DARK),
                                     ON(GONE) = TO(ENDED, GONE)},
                [RECOVER_PAUSING] = {ON(PAUSE_OVER) = TO(READING, READ),
                                     ON(TIMEOUT) = TO(ENDED, HOLD), ON(GONE) = TO(ENDED, GONE),
                                     ON(RESTORED) = TO(READING, READ)},
                [RECOVER_PROVING] = {ON(PROVEN) = TO(WATCHING, WATCH),
                                     ON(PAUSE_OVER) = TO(PROVING, PROOF_READ),
                                     ON(STOPPED) = TO(READING, RENEW),
                                     ON(TIMEOUT) = TO(ENDED, FAIL), ON(GONE) = TO(ENDED, GONE),
                                     ON(RESTORED) = TO(PROVING, PROOF_READ)},
                [RECOVER_WATCHING] = {ON(WELL) = TO(ENDED, SUCCEED), ON(ILL) = TO(PROVING, UNWATCH),
                                      ON(PAUSE_OVER) = TO(WATCHING, PROOF_READ),
                                      ON(GONE) = TO(ENDED, GONE),
                                      ON(RESTORED) = TO(PROVING, UNWATCH)},
            },
};
