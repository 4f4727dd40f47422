/* Where a check connects to. Checks look at this instance and its neighbours, so an address is a
 * number or "localhost": a name server that is away must neither hang nor fail a check. */
#ifndef EAR_AGENT_HEALTH_ADDRESS_H
#define EAR_AGENT_HEALTH_ADDRESS_H

#include <sys/socket.h>

#include "common/base/status.h"

#define ADDRESS_HOST_SIZE 64
#define ADDRESS_PATH_SIZE 280
#define ADDRESS_TEXT_MAX  280

struct address {
    struct sockaddr_storage socket;
    socklen_t socket_length;
};

struct address_url {
    bool tls;
    char host[ADDRESS_HOST_SIZE + 8]; /* as in the text, with the port: for the Host header */
    char path[ADDRESS_PATH_SIZE];     /* starts with "/" */
    struct address address;
};

/* "HOST:PORT", "[IPV6]:PORT". STATUS_MALFORMED; STATUS_UNSUPPORTED for a name other than localhost;
 * STATUS_DENIED for link-local (instance metadata), multicast and unspecified addresses. Pure. */
enum status address_parse(const char *text, struct address *address_out) MUST_USE;
/* "http://HOST[:PORT][/PATH]", "https://...": no user, no fragment, no blank or control character.
 * Statuses as above. Pure. */
enum status address_parse_url(const char *text, struct address_url *url_out) MUST_USE;

#endif
