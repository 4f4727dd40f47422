/* Names of the tables; constant data. */
#include "common/model/record.h"

const char *record_table_name(enum record_table table) {
    static const char *const names[RECORD_TABLE_COUNT] = {
        [RECORD_RECOVERY_EVENTS] = "recovery-events",
        [RECORD_PREDICTION_EVENTS] = "prediction-events",
        [RECORD_INSTANCE_CONFIG] = "instance-config",
        [RECORD_INCIDENTS] = "incidents",
        [RECORD_INTENTS] = "intents",
        [RECORD_AUDIT] = "audit",
        [RECORD_OUTBOX] = "outbox",
        [RECORD_META] = "meta",
    };
    return (unsigned)table < RECORD_TABLE_COUNT ? names[table] : "unknown";
}
