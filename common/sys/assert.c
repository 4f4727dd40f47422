/* What happens when our own code is wrong: say where, then die, so that the supervisor starts a
 * fresh process that reconciles (SAFETY R3, R27). Any thread. */
#include <stdlib.h>

#include "common/base/base.h"
#include "common/sys/log.h"

void assert_failed(const char *condition, const char *file, int line) {
    /* An assertion inside the log itself must not come back here for ever. */
    static _Thread_local bool failing;
    if (!failing) {
        failing = true;
        log_event(LOG_LEVEL_ERROR, "program.assertion", log_string("condition", condition),
                  log_string("file", file), log_integer("line", line));
    }
    abort();
}
