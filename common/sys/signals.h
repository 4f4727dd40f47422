/* Signals as readable events: no handlers, no interrupted calls. */
#ifndef EAR_COMMON_SYS_SIGNALS_H
#define EAR_COMMON_SYS_SIGNALS_H

#include "common/base/status.h"

enum signals_event {
    SIGNALS_STOP,   /* SIGTERM or SIGINT */
    SIGNALS_RELOAD, /* SIGHUP */
};

/* Blocks SIGTERM, SIGINT and SIGHUP in the calling thread and in all it starts later, ignores
 * SIGPIPE, and gives a descriptor that polls as readable when one of the three is pending. Call
 * first in main(). fd_out  the caller's; close it with file_close() */
enum status signals_open(int *fd_out) MUST_USE;
/* Takes one pending event. STATUS_AGAIN when there is none. Any one thread. */
enum status signals_read(int fd, enum signals_event *event_out) MUST_USE;

#endif
