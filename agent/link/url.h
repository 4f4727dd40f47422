/* The aggregator's address as configuration writes it. Pure. */
#ifndef EAR_AGENT_LINK_URL_H
#define EAR_AGENT_LINK_URL_H

#include "common/base/status.h"

#define URL_HOST_SIZE 128

struct url {
    bool tls;
    char host[URL_HOST_SIZE]; /* without the brackets of an IPv6 address */
};

/* "tls+tcp://HOST:PORT" or "tcp://HOST:PORT"; no path. STATUS_MALFORMED, STATUS_TOO_LARGE,
 * STATUS_REFUSED for tcp to anything but 127.0.0.0/8, ::1 or localhost: without TLS nothing proves
 * who is who. */
enum status url_parse(const char *text, struct url *url_out) MUST_USE;

#endif
