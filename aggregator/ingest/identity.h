/* Whose certificate it is: the instance id, and the account when it says so (DESIGN 6). */
#ifndef EAR_AGGREGATOR_INGEST_IDENTITY_H
#define EAR_AGGREGATOR_INGEST_IDENTITY_H

#include <openssl/x509.h>

#include "aggregator/ingest/ingest.h"

struct identity {
    struct instance_id instance;
    char account[INGEST_ACCOUNT_SIZE]; /* empty = not stated */
    struct boot_time expires;          /* filled by the caller; 0 = unknown */
};

/* "ear://123456789012/i-0123456789abcdef0", as `earctl pki` writes it into the SAN. Pure.
 * STATUS_NOT_FOUND when it is another scheme (not ours to judge), STATUS_MALFORMED. */
enum status identity_parse_uri(const char *uri, size_t length,
                               struct identity *identity_out) MUST_USE;

/* Reads a verified certificate. Its DNS and URI names that are ours must all name one instance; the
 * common name counts only where no SAN does. STATUS_IDENTITY when it names none, or two. */
enum status identity_of_certificate(const X509 *certificate,
                                    struct identity *identity_out) MUST_USE;

/* The common name for logs and alarms: bytes that are not printable ASCII become '?'. */
void identity_common_name(const X509 *certificate, char name[static INGEST_NAME_SIZE]);

/* When the certificate stops being valid; 0 when it cannot be read. */
struct wall_time identity_not_after(const X509 *certificate);

#endif
