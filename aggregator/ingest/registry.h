/* Which connection speaks for an instance: the newest one (DESIGN 4). Shared by the I/O threads,
 * behind its own lock, taken once for each connection and never while another lock is held. */
#ifndef EAR_AGGREGATOR_INGEST_REGISTRY_H
#define EAR_AGGREGATOR_INGEST_REGISTRY_H

#include "aggregator/ingest/bucket.h"
#include "aggregator/ingest/identity.h"

#define REGISTRY_INSTANCES_MAX                                                                     \
    65536 /* remembered at once; those not connected are forgotten first */

struct registry;

enum status registry_create(struct registry **registry_out) MUST_USE;
void registry_destroy(struct registry *registry);

/* What entering found. */
struct registry_place {
    uint64_t number; /* rises with each entry, whichever thread: a greater one is newer; from 1 */
    uint64_t older;  /* the connection it replaces, to be closed; 0 = none */
    struct bucket bucket; /* what is left of the agent's rate from earlier connections */
    char account[INGEST_ACCOUNT_SIZE]; /* the account known before; empty = none */
};

/* Makes `connection` the one that speaks for the identity. *place_out is filled on STATUS_IDENTITY
 * too (its `older` must go).
 * STATUS_IDENTITY  the instance was seen under another account; from now on it is refused under
 * both. STATUS_FULL  too many instances connected. */
enum status registry_enter(struct registry *registry, const struct identity *identity,
                           uint64_t connection, struct registry_place *place_out) MUST_USE;
/* The connection is gone; nothing happens when another speaks for the instance by now. */
void registry_leave(struct registry *registry, const struct instance_id *instance,
                    uint64_t connection, const struct bucket *bucket);

#endif
