/* Stages of a certificate's last days; the caller's thread. */
#include "aggregator/expiry.h"

#include "common/sys/log.h"

#define DAY_MS INT64_C(86400000)

static enum expiry_stage stage_of(struct duration left) {
    if (left.ms <= 0) return EXPIRY_PASSED;
    if (left.ms <= DAY_MS) return EXPIRY_1_DAY;
    if (left.ms <= 3 * DAY_MS) return EXPIRY_3_DAYS;
    return left.ms <= 7 * DAY_MS ? EXPIRY_7_DAYS : EXPIRY_FAR;
}

void expiry_watch(const char *file, struct wall_time expiry, struct wall_time now,
                  enum expiry_stage *stage_inout) {
    char at[CLOCK_RFC3339_SIZE];
    struct duration left = wall_since(expiry, now);
    enum expiry_stage stage = stage_of(left);
    if (stage <= *stage_inout) return;
    *stage_inout = stage;
    wall_format(expiry, at);
    if (stage == EXPIRY_PASSED)
        log_event(LOG_LEVEL_ERROR, "certificate.expired", log_string("file", file),
                  log_string("expired", at),
                  log_string("instead", "agents refuse to connect and count as silent; renew it "
                                        "(earctl pki server) and reload"));
    else
        log_event(LOG_LEVEL_WARNING, "certificate.expires", log_string("file", file),
                  log_string("expires", at), log_duration("left", left),
                  log_string("instead", "agents cannot connect from then on; renew it (earctl pki "
                                        "server) and reload"));
}
