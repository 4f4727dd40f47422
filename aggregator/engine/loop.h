/* The engine's thread: takes events from a bounded queue, one `now` each, steps the engine, hands
 * the batch to the store and the effects to the edges once the batch is durable. */
#ifndef EAR_AGGREGATOR_ENGINE_LOOP_H
#define EAR_AGGREGATOR_ENGINE_LOOP_H

#include "aggregator/engine/engine.h"
#include "aggregator/store/store.h"

#define ENGINE_QUEUE_MAX      8192
#define ENGINE_QUEUE_RESERVED 1024 /* for results, batches and people */
#define ENGINE_HELD_MAX       512  /* batches whose effects wait */

/* Who carries effects out. Called on the engine's thread; each copies and returns, never blocks. */
struct engine_edges {
    void *context;
    /* To AWS; the answer returns as EVENT_CALL_DONE with `serial`, `action`, `kind` and `instance`
     * copied from the call, exactly once, also on failure. A status other than STATUS_OK means that
     * nothing was sent: the loop then answers the engine itself. */
    enum status (*call)(void *context, const struct call *call);
    /* Takes ownership of reply->snapshot (snapshot_destroy). */
    void (*reply)(void *context, struct effect_reply *reply);
    void (*log)(void *context, const struct effect_log *log);
    void (*notify_wake)(void *context);
    void (*poll)(void *context); /* read inventory and status checks now */
    /* Writes (`present`) or removes the pause file. */
    void (*pause_file)(void *context, bool present, const char *reason);
};

struct engine_loop;

/* Heap event of that kind, all else zero; NULL when memory is out. event_destroy frees its arrays.
 */
struct event *event_create(enum event_kind kind);
void event_destroy(struct event *event); /* NULL is fine */

void snapshot_destroy(struct fleet_snapshot *snapshot); /* with its members; NULL is fine */

/* Takes ownership of `engine` (from engine_restore(), restore.h); `store` is
 * borrowed and must outlive the loop. Nothing runs before engine_loop_start(). */
enum status engine_loop_create(struct engine *engine, struct store *store,
                               const struct engine_edges *edges,
                               struct engine_loop **loop_out) MUST_USE;
enum status engine_loop_start(struct engine_loop *loop) MUST_USE;
/* Takes ownership of `event` in every case; a full queue drops it and counts it, but events that
 * carry results, batches or commands have reserved places. Any thread. STATUS_FULL, STATUS_CLOSED.
 */
enum status engine_post(struct engine_loop *loop, struct event *event);
uint64_t engine_loop_dropped(struct engine_loop *loop); /* events refused as the queue was full */
/* Replaces the settings before the next event. Any thread. */
void engine_loop_configure(struct engine_loop *loop, const struct decide_policy *decide,
                           const struct recover_policy *recover);
/* Ends the thread after the events already queued; effects still waiting for their batch never
 * leave. Then destroy the store (its last answers are dropped), and then the loop. */
void engine_loop_stop(struct engine_loop *loop);
/* Stops it if need be, and frees all, the engine too. NULL is fine. */
void engine_loop_destroy(struct engine_loop *loop);

#endif
