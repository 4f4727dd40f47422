/* Reports that came and did not come, whatever they held: loss that grows foretells silence, one
 * whole gap does not (PREDICTION 7.12). Plain data of fixed size. */
#ifndef EAR_AGGREGATOR_PREDICT_ARRIVALS_H
#define EAR_AGGREGATOR_PREDICT_ARRIVALS_H

#include "common/base/clock.h"

#define PREDICT_LOSSES 16 /* runs of missed reports remembered */

struct predict_loss {
    int64_t end_ms; /* the report that ended it */
    float missed;   /* reports that should have come */
};

struct predict_arrivals {
    int64_t newest_ms; /* -1 = none yet */
    float interval_ms; /* distance of two reports: stated by the agent, or learned; 0 = unknown */
    float odd_ms;      /* a learned interval that may be about to replace it */
    uint32_t odd_count;
    uint32_t count;  /* reports, up to PREDICT_ARRIVALS_ENOUGH */
    uint32_t losses; /* runs seen; the ring holds the last PREDICT_LOSSES of them */
    struct predict_loss ring[PREDICT_LOSSES];
};

#define PREDICT_ARRIVALS_ENOUGH 32

/* How it stands over the past `span`. */
struct predict_loss_view {
    uint32_t runs;      /* separate runs of missed reports, an open one included */
    float missed_part;  /* of the reports that should have come, 0..1 */
    float newest_part;  /* the same over the newer half of the span: does the loss grow? */
    float longest_part; /* of all that was missed, the longest run's share, 0..1 */
    float open_missed;  /* reports missed since the newest one */
};

void predict_arrivals_init(struct predict_arrivals *arrivals);
/* A report at `at`. interval_ms  as the agent states it; 0 = learn it from the distances */
void predict_arrivals_add(struct predict_arrivals *arrivals, struct wall_time at,
                          uint32_t interval_ms);
/* All zero until enough reports came to know what is usual. */
struct predict_loss_view predict_arrivals_view(const struct predict_arrivals *arrivals,
                                               struct duration span, struct wall_time now);

#endif
