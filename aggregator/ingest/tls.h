/* The server's side of TLS: certificates, and what is demanded of a peer's. */
#ifndef EAR_AGGREGATOR_INGEST_TLS_H
#define EAR_AGGREGATOR_INGEST_TLS_H

#include <openssl/ssl.h>

#include "aggregator/ingest/ingest.h"

/* Loads the three files and sets every rule of DESIGN 6 and SAFETY 5.4: TLS 1.2 or 1.3, a peer's
 * certificate demanded, no resumption (it would pass by an expired certificate), no renegotiation,
 * groups X25519 and P-256. Reads the limits back (S15).
 * context_out  owned by the caller: SSL_CTX_free()
 * expiry_out   when the server's own certificate stops being valid
 * problem_out  filled on failure
 * Statuses as ingest_create(). Any thread. */
enum status tls_create(const char *certificate_file, const char *key_file, const char *ca_file,
                       SSL_CTX **context_out, struct wall_time *expiry_out,
                       char problem_out[static INGEST_PROBLEM_BYTES]) MUST_USE;

/* What a failed handshake knew of the peer: kept by the connection, filled during verification. */
struct tls_peer {
    char name[INGEST_NAME_SIZE]; /* common name of a certificate that was shown, verified or not */
    struct instance_id instance; /* whom it claims; not proven */
};

/* A handshake on `fd`, which stays the caller's. `peer` is filled while it runs and must live as
 * long as the SSL. NULL when out of memory. */
SSL *tls_accept(SSL_CTX *context, int fd, struct tls_peer *peer);

#endif
