/* TLS for https checks, non-blocking, on mbedTLS. The server's certificate is not verified: a check
 * asks whether the service answers, mostly over loopback where no certificate fits, and sends
 * nothing that is secret. */
#ifndef EAR_AGENT_HEALTH_TLS_H
#define EAR_AGENT_HEALTH_TLS_H

#include "common/base/status.h"

struct tls;

/* fd  connected and non-blocking, the caller's, open until tls_destroy(). STATUS_NO_MEMORY. */
enum status tls_create(int fd, struct tls **tls_out) MUST_USE;
void tls_destroy(struct tls *tls);
/* Each gives STATUS_AGAIN when the socket is not ready; *wants_write_out then says for what.
 * STATUS_CLOSED at the end, STATUS_IO on any other failure. */
enum status tls_handshake(struct tls *tls, bool *wants_write_out) MUST_USE;
enum status tls_write(struct tls *tls, const char *bytes, size_t length, size_t *written_out,
                      bool *wants_write_out) MUST_USE;
enum status tls_read(struct tls *tls, char *bytes, size_t capacity, size_t *read_out,
                     bool *wants_write_out) MUST_USE;

#endif
