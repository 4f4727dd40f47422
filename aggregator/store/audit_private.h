/* What audit.c and audit_verify.c share: the form of a signed head. */
#ifndef EAR_AGGREGATOR_STORE_AUDIT_PRIVATE_H
#define EAR_AGGREGATOR_STORE_AUDIT_PRIVATE_H

#include <openssl/evp.h>

#include "aggregator/store/audit.h"

#define AUDIT_SIGNATURE_BYTES 64 /* Ed25519 */
#define AUDIT_HEAD_SIZE       320

struct audit_key {
    EVP_PKEY *pair; /* owned */
};

/* The bytes that are signed: schema, writer, count, head, time, a line each. Gives their length. */
size_t audit_head_text(char text_out[AUDIT_HEAD_SIZE], const char *writer, int64_t count,
                       const char *head_hex, const char *time);

#endif
