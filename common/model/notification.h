/* One notification, the same content on every channel (SPEC 147, INTERFACES 7). It is stored in the
 * outbox as JSON, schema ear.notification/1, in the same batch as the state that caused it. */
#ifndef EAR_COMMON_MODEL_NOTIFICATION_H
#define EAR_COMMON_MODEL_NOTIFICATION_H

#include "common/base/text.h"
#include "common/model/prediction.h"
#include "common/model/rung.h"

#define NOTIFICATION_JSON_SIZE 4096

enum severity {
    SEVERITY_INFO,
    SEVERITY_WARNING,
    SEVERITY_ERROR,
    SEVERITY_CRITICAL,
    SEVERITY_COUNT
};

struct notification {
    struct record_id id;
    struct wall_time at;
    enum severity severity;
    char event[32]; /* "prediction.opened", "recovery.ended", "storm.opened" ... */
    char title[160];
    char cause[256];             /* trigger cause, with its numbers */
    char automation[16];         /* "on", "dry-run", "paused" */
    struct instance_id instance; /* empty for fleet-wide ones */
    char instance_name[128];
    char availability_zone[24];
    char account[16];
    char region[32];
    bool recovery_enabled;
    bool quarantine;
    uint32_t past_recoveries;
    struct record_id subject; /* incident or prediction */
    char action[32];          /* rung's name, or "none" */
    char state[32];           /* "started", "success", "failed", "would_act", "refused" ... */
    char result[160];
    bool has_prediction;
    struct prediction prediction;
    char url[192]; /* dashboard link */
};

const char *severity_name(enum severity severity); /* "info", "warning", "error", "critical" */
/* Writes ear.notification/1. A document that did not fit leaves text->truncated set. */
void notification_write(const struct notification *notification, struct text *text);

#endif
