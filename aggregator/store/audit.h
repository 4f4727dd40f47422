/* The audit trail's chain and its signed heads.
 *
 * Each row's hash is SHA-256 over the previous hash, the writer, the row's number and its item; the
 * first previous hash is 32 zero bytes. One chain per writer: the aggregator's id and its start
 * number. At each checkpoint the chain's head (number of rows, hash) is signed with an Ed25519 key
 * that lies outside the store, and appended to a second file, so that a cut tail shows. */
#ifndef EAR_AGGREGATOR_STORE_AUDIT_H
#define EAR_AGGREGATOR_STORE_AUDIT_H

#include "common/base/clock.h"

#define AUDIT_HASH_BYTES  32
#define AUDIT_WRITER_SIZE 80 /* "<id>/<start number>" */

struct audit_chain {
    char writer[AUDIT_WRITER_SIZE];
    int64_t count; /* rows so far; the next row's number is count + 1 */
    uint8_t head[AUDIT_HASH_BYTES];
};

/* Hash of the row that follows `previous`. */
void audit_hash(const uint8_t previous[AUDIT_HASH_BYTES], const char *writer, int64_t number,
                const char *item, uint8_t hash_out[AUDIT_HASH_BYTES]);

struct audit_key; /* an Ed25519 key pair, or only its public half */

/* Reads the private key at `path`, or makes one (mode 0600) when the file is absent. STATUS_DENIED
 * when others may read the file, STATUS_MALFORMED, STATUS_IO. Public half: `path` + ".pub". */
enum status audit_key_open(const char *path, struct audit_key **key_out) MUST_USE;
void audit_key_destroy(struct audit_key *key); /* wipes; NULL is fine */

/* Appends one signed line for the chain's head to the file of heads, and syncs it. */
enum status audit_sign_head(const struct audit_key *key, const char *heads_file,
                            const struct audit_chain *chain, struct wall_time now) MUST_USE;

struct audit_report {
    int64_t rows, writers, heads;
    bool intact;
    char place[256]; /* the first fault: writer, number, what is wrong; empty when intact */
};

/* Verifies every chain of `database` (intents.db, read-only) and every head of `heads_file` with
 * the public key at `public_key_file`: finds any changed, dropped, inserted or reordered row, a
 * forged head, and a tail cut below the last signed head. Works beside a running aggregator.
 * STATUS_OK with `intact` false when a fault was found; another status when it could not look. */
enum status audit_verify(const char *database, const char *heads_file, const char *public_key_file,
                         struct audit_report *report_out) MUST_USE;

#endif
