/* Ids as one-member structs, so that the compiler keeps an instance apart from an action.
 * An id that came over the wire exists only after it passed its parser (SAFETY S7). */
#ifndef EAR_COMMON_BASE_ID_H
#define EAR_COMMON_BASE_ID_H

#include "common/base/status.h"

/* "i-" and 8 to 17 lower-case hexadecimal digits; empty = none. */
struct instance_id {
    char text[24];
};
/* A boot's random id as the kernel prints it, 36 characters; empty = unknown. */
struct boot_id {
    char text[40];
};
/* Incident ("INC-"), prediction ("PRED-") and other records: prefix and 26 characters ULID. */
struct record_id {
    char text[40];
};
/* One attempt of one rung of one incident: "INC-<ulid>/<rung>/<attempt>". Fits SSM's comment (100).
 */
struct action_id {
    char text[80];
};

enum status instance_id_parse(const char *bytes, size_t length,
                              struct instance_id *id_out) MUST_USE;
enum status boot_id_parse(const char *bytes, size_t length, struct boot_id *id_out) MUST_USE;

bool instance_id_equal(const struct instance_id *a, const struct instance_id *b);
bool boot_id_equal(const struct boot_id *a, const struct boot_id *b);
uint64_t instance_id_hash(const struct instance_id *id);

/* A sortable id: `prefix`, then 10 characters of `wall_ms` and 16 of `random` (Crockford's base 32,
 * as ULID). Same inputs, same id: the engine draws `random` from its own seeded generator. */
struct record_id record_id_make(const char *prefix, int64_t wall_ms, uint64_t random_high,
                                uint64_t random_low);

#endif
