/* Hashes for tables and for checksums of our own files; none of them is for security. */
#ifndef EAR_COMMON_BASE_HASH_H
#define EAR_COMMON_BASE_HASH_H

#include "common/base/base.h"

/* FNV-1a, 64 bits (Fowler, Noll, Vo): spreads instances over tables and shards, same on every
 * machine. `seed` chains calls; start with HASH_SEED. */
#define HASH_SEED 0xcbf29ce484222325ULL
uint64_t hash_bytes(uint64_t seed, const void *bytes, size_t length);
uint64_t hash_string(const char *string);

/* CRC-32C (Castagnoli, RFC 3720 B.4: "123456789" gives e3069283). `crc` chains calls; start with 0.
 */
uint32_t hash_crc32c(uint32_t crc, const void *bytes, size_t length);

#endif
