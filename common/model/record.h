/* Records of the store as data: what the engine wants written, in one atomic batch. The tables and
 * keys of SPEC ("Names that must stay the same") stand beside ear's own. An item is one JSON object
 * whose members are the attributes. */
#ifndef EAR_COMMON_MODEL_RECORD_H
#define EAR_COMMON_MODEL_RECORD_H

#include "common/base/clock.h"
#include "common/base/id.h"

#define RECORD_KEY_SIZE      96
#define RECORD_ITEM_SIZE     8192 /* bytes of one item's JSON, NUL included */
#define BATCH_OPERATIONS_MAX 64

enum record_table {
    RECORD_RECOVERY_EVENTS,   /* P-recovery-events: instance_id, timestamp */
    RECORD_PREDICTION_EVENTS, /* P-prediction-events: instance_id, timestamp; `ttl` 30 days */
    RECORD_INSTANCE_CONFIG,   /* P-instance-config: instance_id */
    RECORD_INCIDENTS,         /* incident id: the engine's open and closed incidents, whole state */
    RECORD_INTENTS,           /* action id: written before the call, completed after it (R1) */
    RECORD_AUDIT,             /* appended only; the store adds sequence number and hash chain */
    RECORD_OUTBOX,            /* notification id: waiting to be sent */
    RECORD_META,              /* name: pause state, store version, aggregator start number ... */
    RECORD_TABLE_COUNT
};

enum record_operation_kind {
    RECORD_PUT,          /* writes or replaces */
    RECORD_PUT_NEW,      /* fails the whole batch with STATUS_EXISTS when the key exists */
    RECORD_APPEND_AUDIT, /* RECORD_AUDIT only: keys are the store's business */
    RECORD_DELETE,       /* no error when absent */
};

struct record_operation {
    enum record_operation_kind kind;
    enum record_table table;
    char partition[RECORD_KEY_SIZE]; /* instance id, incident id, action id, ... */
    char sort[RECORD_KEY_SIZE];      /* RFC 3339 UTC with milliseconds, or empty */
    char *item; /* NUL-terminated JSON object; owned by the batch; NULL to delete */
};

/* All or nothing. Created by batch_create (aggregator/store), owned by whoever holds it. */
struct batch {
    uint64_t id; /* chosen by the engine, rising */
    size_t count;
    struct record_operation operations[BATCH_OPERATIONS_MAX];
};

/* One row read back. */
struct record {
    char partition[RECORD_KEY_SIZE];
    char sort[RECORD_KEY_SIZE];
    char *item; /* owned by the holder of the result */
};

const char *record_table_name(enum record_table table); /* "recovery-events" ..., without prefix */

#endif
