/* Carries out the engine's calls on AWS and hands each result back as an event, exactly once. */
#ifndef EAR_AGGREGATOR_CALLS_H
#define EAR_AGGREGATOR_CALLS_H

#include "aggregator/aws/aws.h"
#include "common/model/call.h"
#include "common/model/event.h"

struct calls {
    struct aws *aws;    /* borrowed, as what follows */
    char document[160]; /* P-restart-services */
    /* Takes the event over. Called in the aws thread. */
    enum status (*post)(void *context, struct event *event);
    void *context;
};

/* Copies the call and returns at once. STATUS_OK: EVENT_CALL_DONE will come. Anything else: nothing
 * was sent and no event comes. Any thread. `calls` must outlive aws. */
enum status calls_submit(struct calls *calls, const struct call *call) MUST_USE;

#endif
