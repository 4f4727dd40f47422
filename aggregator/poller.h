/* Reads what nobody tells us: the inventory, the status checks (they have no event), the pause
 * file. One thread; answers go to the engine as events. */
#ifndef EAR_AGGREGATOR_POLLER_H
#define EAR_AGGREGATOR_POLLER_H

#include "aggregator/aws/aws.h"
#include "common/model/event.h"

struct poller_options {
    struct aws *aws; /* borrowed; must be destroyed before the poller, so that no answer is late */
    struct duration inventory_interval, status_interval;
    const char *pause_file; /* copied */
    uint64_t seed;          /* of the jitter (R28) */
    /* Takes the event over. Called in the aws thread and the poller's. */
    enum status (*post)(void *context, struct event *event);
    void *context;
};

struct poller;

enum status poller_create(const struct poller_options *options,
                          struct poller **poller_out) MUST_USE;
/* Stops the thread; answers under way may still come until aws is destroyed, so that is done
 * between poller_stop and poller_destroy. NULL is fine for both. */
void poller_stop(struct poller *poller);
void poller_destroy(struct poller *poller);

/* Other intervals, from the next read on. Any thread. */
void poller_configure(struct poller *poller, struct duration inventory_interval,
                      struct duration status_interval);

/* Reads both now. Never blocks. Any thread. */
void poller_wake(struct poller *poller);

#endif
