/* The client of the control socket. */
#ifndef EAR_AGGREGATOR_CTL_CLIENT_H
#define EAR_AGGREGATOR_CTL_CLIENT_H

#include "common/base/clock.h"

#define CLIENT_ANSWER_MAX (64U * 1024U * 1024U)

struct client_answer {
    int exit_code;
    char message[2048]; /* for stderr, printable; empty = none */
    char *document;     /* heap, NUL-terminated; owned by the caller */
    size_t length;
};

/* Sends one request line and reads the whole answer. STATUS_UNREACHABLE (nobody answers at `path`),
 * STATUS_DENIED (the socket's permissions), STATUS_TIMEOUT, STATUS_CLOSED, STATUS_MALFORMED,
 * STATUS_NO_MEMORY. Blocks up to `timeout` for each read and write. */
enum status client_ask(const char *path, const char *line, size_t length, struct duration timeout,
                       struct client_answer *answer_out) MUST_USE;

#endif
