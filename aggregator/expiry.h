/* When to warn that the aggregator's own certificate ends. */
#ifndef EAR_AGGREGATOR_EXPIRY_H
#define EAR_AGGREGATOR_EXPIRY_H

#include "common/base/clock.h"

/* T13: said once at each stage. */
enum expiry_stage { EXPIRY_FAR, EXPIRY_7_DAYS, EXPIRY_3_DAYS, EXPIRY_1_DAY, EXPIRY_PASSED };

/* Writes one log line when a later stage than *stage_inout is reached, and stores it there. The
 * evaluation of what agents said before goes on whatever happens here. One thread. */
void expiry_watch(const char *file, struct wall_time expiry, struct wall_time now,
                  enum expiry_stage *stage_inout);

#endif
