/* Asking the engine: a worker posts an operator event with a token and waits until the engine's
 * reply with that token comes, or its time is over. The waiters' table is shared by the workers and
 * the engine's thread, under the server's lock. */
#include <stdlib.h>
#include <string.h>

#include "aggregator/control/control_private.h"
#include "aggregator/control/request.h"
#include "common/sys/clock.h"
#include "common/sys/exit.h"

static void free_snapshot(struct fleet_snapshot *snapshot) {
    if (snapshot == NULL) return;
    free(snapshot->members);
    free(snapshot);
}

void control_reply(struct control *control, struct effect_reply *reply) {
    bool taken = false;
    pthread_mutex_lock(&control->lock);
    for (size_t i = 0; i < CONTROL_WORKERS && reply->token != 0 && !taken; i++) {
        struct waiter *waiter = &control->waiters[i];
        if (waiter->token != reply->token || waiter->done) continue;
        waiter->reply = *reply;
        waiter->done = taken = true;
    }
    if (taken) pthread_cond_broadcast(&control->changed);
    pthread_mutex_unlock(&control->lock);
    if (!taken) free_snapshot(reply->snapshot);
    reply->snapshot = NULL;
}

static struct waiter *claim_waiter(struct control *control) {
    for (size_t i = 0; i < CONTROL_WORKERS; i++) {
        struct waiter *waiter = &control->waiters[i];
        if (waiter->token != 0) continue;
        waiter->token = ++control->last_token;
        return waiter;
    }
    ASSERT(false); /* there is one for each worker */
    return NULL;
}

/* Waits with the lock held until the reply is there, the time is over or the server stops. */
static bool wait_for_reply(struct control *control, const struct waiter *waiter) {
    struct timespec until = sys_deadline(control->options.engine_timeout);
    int result = 0;
    while (!waiter->done && !control->stopping && result == 0)
        result = pthread_cond_timedwait(&control->changed, &control->lock, &until);
    return waiter->done;
}

int request_ask_engine(struct request *request, struct event *event,
                       struct effect_reply *reply_out) {
    struct control *control = request->control;
    if (event == NULL) return request_fail(request, EXIT_CODE_FAILED, "out of memory", NULL);
    pthread_mutex_lock(&control->lock);
    struct waiter *waiter = claim_waiter(control);
    event->operator.token = waiter->token;
    pthread_mutex_unlock(&control->lock);
    event->operator.uid = request->uid;
    IGNORE(text_copy(event->operator.actor, sizeof event->operator.actor, request->actor));
    enum status status = control->options.post(control->options.context, event);
    pthread_mutex_lock(&control->lock);
    bool done = status == STATUS_OK && wait_for_reply(control, waiter);
    if (done) *reply_out = waiter->reply;
    bool stopping = control->stopping;
    memset(waiter, 0, sizeof *waiter); /* the snapshot is the caller's from here on */
    pthread_mutex_unlock(&control->lock);
    if (done) return EXIT_CODE_OK;
    const char *why = status == STATUS_FULL ? "the engine's queue is full"
                      : stopping || status != STATUS_OK
                          ? "the aggregator is shutting down"
                          : "the engine did not answer in time; what was asked may still happen: "
                            "`earctl audit` shows it";
    return request_fail(request, EXIT_CODE_UNREACHABLE, why, NULL);
}
