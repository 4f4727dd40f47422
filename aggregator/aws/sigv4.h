/* AWS Signature Version 4 as a pure function over its inputs (aws-facts 1.2; libcurl's signer is
 * wrong on several supported systems, aws-facts 1.1). Reads no clock, keeps no state, any thread.
 */
#ifndef EAR_AGGREGATOR_AWS_SIGV4_H
#define EAR_AGGREGATOR_AWS_SIGV4_H

#include "common/base/status.h"

#define AWS_SIGV4_HEADERS_MAX 24   /* signed headers of one request */
#define AWS_SIGV4_VALUE_MAX   8192 /* bytes of one header's value, repeated ones joined */
#define AWS_SIGV4_HEX_SIZE    65   /* SHA-256 in hexadecimal and its NUL */
#define AWS_SIGV4_DATE_SIZE   17   /* "20260102T030405Z" and its NUL */

struct aws_sigv4_header {
    const char *name; /* any case; borrowed for the call */
    const char *value;
};

struct aws_sigv4_request {
    const char *method;
    const char *path;  /* already percent-encoded; "/" for all our calls */
    const char *query; /* already canonical: sorted and percent-encoded; "" for all our calls */
    /* All headers to sign, in any order, repeated names joined in the order given. The caller
     * leaves out what must not be signed: authorization, connection, expect, transfer-encoding,
     * user-agent, accept. `host` and every x-amz-* header sent must be here. */
    const struct aws_sigv4_header *headers;
    size_t header_count; /* 1..AWS_SIGV4_HEADERS_MAX */
    const void *body;    /* the exact bytes sent; NULL when empty */
    size_t body_length;
};

/* The derived key of one day, region and service. Secret: wiped with aws_sigv4_key_wipe(). The
 * caller keeps it to save four HMACs a request. */
struct aws_sigv4_key {
    uint8_t bytes[32];
    char scope[128]; /* "20260102/us-east-1/ec2/aws4_request" */
};

struct aws_sigv4_signature {
    char authorization[1024]; /* value of the Authorization header */
    char signature[AWS_SIGV4_HEX_SIZE];
    char payload_hash[AWS_SIGV4_HEX_SIZE];
    char canonical_hash[AWS_SIGV4_HEX_SIZE]; /* SHA-256 of the canonical request */
};

/* secret           the secret access key, at most 256 bytes
 * date             "YYYYMMDD...": only the first 8 characters count
 * region, service  signing region and name
 * STATUS_OK, STATUS_TOO_LARGE, STATUS_INTERNAL when OpenSSL refuses. */
enum status aws_sigv4_derive(const char *secret, const char *date, const char *region,
                             const char *service, struct aws_sigv4_key *key_out) MUST_USE;
void aws_sigv4_key_wipe(struct aws_sigv4_key *key);

/* Signs `request` as of `amz_date` (AWS_SIGV4_DATE_SIZE; also sent as x-amz-date, whose header must
 * be among the signed ones) with `key`, whose scope must be of the same day.
 * STATUS_OK, STATUS_TOO_LARGE (too many or too long headers), STATUS_INTERNAL. */
enum status aws_sigv4_sign(const struct aws_sigv4_request *request, const char *amz_date,
                           const char *access_key, const struct aws_sigv4_key *key,
                           struct aws_sigv4_signature *signature_out) MUST_USE;

#endif
