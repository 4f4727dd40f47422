/* Listening sockets that share one port. */
#ifndef EAR_AGGREGATOR_INGEST_LISTEN_H
#define EAR_AGGREGATOR_INGEST_LISTEN_H

#include "common/base/status.h"

/* Binds `count` listeners to one numeric address and port, among which the kernel spreads
 * connections (SO_REUSEPORT). Nobody can connect before all are bound.
 * port       0 = a free one; the same for all
 * loopback   true = refuse any address that is not this host's own
 * fds_out    `count` descriptors, the caller's; on failure none
 * STATUS_MALFORMED (address), STATUS_REFUSED (not loopback), STATUS_BUSY, STATUS_DENIED,
 * STATUS_NOT_FOUND (not an address of this host), STATUS_IO. */
enum status listen_open(const char *address, uint16_t port, bool loopback, unsigned count,
                        int *fds_out, uint16_t *port_out) MUST_USE;

#endif
