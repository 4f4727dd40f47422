/* The little HTTP/1.1 a check needs: one GET out, the status of the answer in (RFC 9112). Bodies
 * are not read, redirects not followed. Pure. */
#ifndef EAR_AGENT_HEALTH_HTTP_H
#define EAR_AGENT_HEALTH_HTTP_H

#include "agent/health/address.h"

#define HTTP_REQUEST_SIZE 640
#define HTTP_RESPONSE_MAX 8192 /* bytes of status line and headers, interim answers included */
#define HTTP_INTERIM_MAX  4    /* answers 1xx before the final one */

/* Writes the request, ended by NUL; gives its length. */
size_t http_request(const struct address_url *url, char request_out[static HTTP_REQUEST_SIZE]);
/* bytes  what came so far, from the first byte on
 * status_out  100..599, of the first answer that is not 1xx, once its headers are whole
 * STATUS_AGAIN: more is needed. STATUS_MALFORMED; STATUS_TOO_LARGE at HTTP_RESPONSE_MAX. */
enum status http_parse(const char *bytes, size_t length, int *status_out) MUST_USE;

#endif
