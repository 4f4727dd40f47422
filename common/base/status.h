/* The one error idiom: a fallible function returns enum status, and nothing else says why.
 * One table gives each status its name, its text and its class; recovery acts on the class. */
#ifndef EAR_COMMON_BASE_STATUS_H
#define EAR_COMMON_BASE_STATUS_H

#include "common/base/base.h"

enum status_class {
    STATUS_CLASS_OK,
    STATUS_CLASS_RETRY,   /* may go well later: time-outs, throttling, a full queue */
    STATUS_CLASS_GIVE_UP, /* will not go well by itself: rights, quota, a full disk */
    STATUS_CLASS_CALLER,  /* the input is wrong: malformed, out of range, unknown */
    STATUS_CLASS_BUG,     /* cannot happen unless this program is wrong */
};

/* enumerator, name for logs, text for people, class */
#define STATUS_TABLE(X)                                                                            \
    X(OK, "ok", "ok", STATUS_CLASS_OK)                                                             \
    X(AGAIN, "again", "not ready yet, try again", STATUS_CLASS_RETRY)                              \
    X(TIMEOUT, "timeout", "deadline passed", STATUS_CLASS_RETRY)                                   \
    X(UNREACHABLE, "unreachable", "peer cannot be reached", STATUS_CLASS_RETRY)                    \
    X(CLOSED, "closed", "connection closed", STATUS_CLASS_RETRY)                                   \
    X(THROTTLED, "throttled", "asked to slow down", STATUS_CLASS_RETRY)                            \
    X(UNAVAILABLE, "unavailable", "service answered with a fault of its own", STATUS_CLASS_RETRY)  \
    X(FULL, "full", "bounded queue or table is full", STATUS_CLASS_RETRY)                          \
    X(BUSY, "busy", "held by somebody else", STATUS_CLASS_RETRY)                                   \
    X(UNKNOWN_OUTCOME, "unknown_outcome", "sent, but the answer was lost", STATUS_CLASS_RETRY)     \
    X(CANCELLED, "cancelled", "cancelled", STATUS_CLASS_GIVE_UP)                                   \
    X(DENIED, "denied", "not permitted", STATUS_CLASS_GIVE_UP)                                     \
    X(EXPIRED, "expired", "credentials or certificate expired", STATUS_CLASS_GIVE_UP)              \
    X(REFUSED, "refused", "refused by the service in its present state", STATUS_CLASS_GIVE_UP)     \
    X(NO_CAPACITY, "no_capacity", "no capacity or quota left", STATUS_CLASS_GIVE_UP)               \
    X(IO, "io", "input or output error", STATUS_CLASS_GIVE_UP)                                     \
    X(NO_SPACE, "no_space", "no space left on device", STATUS_CLASS_GIVE_UP)                       \
    X(READ_ONLY, "read_only", "file system is read-only", STATUS_CLASS_GIVE_UP)                    \
    X(NO_MEMORY, "no_memory", "out of memory", STATUS_CLASS_GIVE_UP)                               \
    X(CORRUPT, "corrupt", "stored data fails its checksum", STATUS_CLASS_GIVE_UP)                  \
    X(NEWER, "newer", "written by a newer version", STATUS_CLASS_GIVE_UP)                          \
    X(NOT_FOUND, "not_found", "no such thing", STATUS_CLASS_CALLER)                                \
    X(EXISTS, "exists", "exists already", STATUS_CLASS_CALLER)                                     \
    X(MALFORMED, "malformed", "not in the expected form", STATUS_CLASS_CALLER)                     \
    X(OUT_OF_RANGE, "out_of_range", "outside the permitted range", STATUS_CLASS_CALLER)            \
    X(TOO_LARGE, "too_large", "larger than permitted", STATUS_CLASS_CALLER)                        \
    X(TOO_FEW, "too_few", "too little data yet", STATUS_CLASS_CALLER)                              \
    X(UNSUPPORTED, "unsupported", "not supported", STATUS_CLASS_CALLER)                            \
    X(IDENTITY, "identity", "identity does not match", STATUS_CLASS_CALLER)                        \
    X(DUPLICATE, "duplicate", "seen before", STATUS_CLASS_CALLER)                                  \
    X(INTERNAL, "internal", "internal error", STATUS_CLASS_BUG)

enum status {
#define STATUS_ENUMERATOR(upper, name, text, class) STATUS_##upper,
    STATUS_TABLE(STATUS_ENUMERATOR)
#undef STATUS_ENUMERATOR
        STATUS_COUNT
};

/* Lower-case name, for logs and JSON: "out_of_range". Static storage. */
const char *status_name(enum status status);
/* Text for people. Static storage. */
const char *status_text(enum status status);
enum status_class status_class(enum status status);

#endif
