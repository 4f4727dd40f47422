/* The engine's thread. It owns the engine, its output and the effects that wait for their batch;
 * other threads reach it through the queue, the store's answers through a ring that has a place for
 * each batch under way: an answer is never refused. Nothing here waits for a disk.
 *
 * What leaves at once, without its step's batch: a pause (the safe direction), and a call that
 * changes something, since its own intent was durable before (R1) and it was asked about in this
 * very step: waiting for the step's other rows would only let the world change meanwhile. What may
 * leave although its batch failed: log lines. A waiting client is told that the store failed; a
 * read is answered as not sent. Everything else of a failed batch is dropped: the engine knows, and
 * will want it again. */
#include "aggregator/engine/loop.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/engine/restore.h"
#include "common/sys/clock.h"
#include "common/sys/queue.h"
#include "common/sys/thread.h"

#define TICK_MS        1000
#define MORE_STEPS_MAX 64 /* extra steps after one event, before the next is taken */
#define OWN_MAX        ENGINE_HELD_MAX
#define ANSWERS_MAX    (ENGINE_HELD_MAX + OWN_MAX)

/* The effects of one step, waiting for its batch. */
struct held {
    uint64_t batch; /* 0 = free */
    size_t count;
    struct effect *effects; /* heap */
};

struct answer {
    uint64_t batch;
    enum status status;
};

struct engine_loop {
    struct engine *engine;
    struct store *store;
    struct engine_edges edges;
    struct queue *queue;
    struct thread thread;
    struct engine_output *output;
    struct held held[ENGINE_HELD_MAX];
    size_t held_count;
    int64_t last_tick_ms;

    pthread_mutex_t lock; /* guards all below */
    struct answer answers[ANSWERS_MAX];
    size_t answer_first, answer_count, own_count; /* own: of batches that never reached the store */
    bool settings_new;
    struct decide_policy decide;
    struct recover_policy recover;
    bool stopping;
};

static bool is_urgent(enum event_kind kind) {
    return kind == EVENT_CALL_DONE || kind == EVENT_BATCH_DONE || kind == EVENT_OPERATOR ||
           kind == EVENT_PAUSE_FILE;
}

enum status engine_post(struct engine_loop *loop, struct event *event) {
    enum queue_priority priority = is_urgent(event->kind) ? QUEUE_HIGH : QUEUE_NORMAL;
    enum status status = queue_push(loop->queue, &event, priority);
    if (status != STATUS_OK) event_destroy(event);
    return status;
}

uint64_t engine_loop_dropped(struct engine_loop *loop) { return queue_refused(loop->queue); }

static void step(struct engine_loop *loop, const struct event *event, struct now now);

/* An event of our own making, taken at once: these must never be lost to a full queue. */
static void take_own(struct engine_loop *loop, struct event *event) {
    struct now now = sys_now();
    step(loop, event, now);
}

static void call_failed(struct engine_loop *loop, const struct call *call, enum status status) {
    struct event *event = event_create(EVENT_CALL_DONE);
    if (event == NULL) return; /* the run's own deadline finds out */
    event->instance = call->instance;
    event->call.kind = call->kind;
    event->call.action = call->action;
    event->call.instance = call->instance;
    event->call.serial = call->serial;
    event->call.status = status;
    (void)engine_post(loop, event); /* closed: the loop is going away */
}

/* Only the engine thread runs the engine, so the picture is made here, when the answer leaves. */
static void add_snapshot(struct engine_loop *loop, struct effect_reply *reply) {
    size_t count = engine_member_count(loop->engine);
    reply->snapshot = calloc(1, sizeof *reply->snapshot);
    struct member_summary *members = calloc(count + 1, sizeof *members);
    if (reply->snapshot == NULL || members == NULL) {
        free(reply->snapshot);
        free(members);
        reply->snapshot = NULL;
        reply->exit_code = 1;
        struct text text = text_over(reply->text, sizeof reply->text);
        text_add(&text, "out of memory\n");
        return;
    }
    engine_snapshot(loop->engine, sys_now(), members, count, reply->snapshot);
}

static void carry_out(struct engine_loop *loop, struct effect *effect) {
    const struct engine_edges *edges = &loop->edges;
    switch (effect->kind) {
    case EFFECT_CALL: {
        enum status status = edges->call(edges->context, &effect->call);
        if (status != STATUS_OK) call_failed(loop, &effect->call, status);
        break;
    }
    case EFFECT_REPLY: edges->reply(edges->context, &effect->reply); break;
    case EFFECT_LOG: edges->log(edges->context, &effect->log); break;
    case EFFECT_NOTIFY: edges->notify_wake(edges->context); break;
    case EFFECT_POLL: edges->poll(edges->context); break;
    case EFFECT_PAUSE_FILE:
        edges->pause_file(edges->context, effect->present, effect->reason);
        break;
    case EFFECT_KIND_COUNT: break;
    }
}

/* What leaves of a step whose batch could not be written. */
static void give_up(struct engine_loop *loop, struct effect *effect, enum status status) {
    if (effect->kind == EFFECT_LOG) carry_out(loop, effect);
    if (effect->kind == EFFECT_CALL) call_failed(loop, &effect->call, STATUS_AGAIN);
    if (effect->kind != EFFECT_REPLY) return;
    effect->reply.exit_code = 1;
    struct text text = text_over(effect->reply.text, sizeof effect->reply.text);
    text_add(&text, "not done: the store could not write it: ");
    text_add(&text, status_text(status));
    text_add(&text, "\n");
    carry_out(loop, effect);
}

static void add_answer(struct engine_loop *loop, uint64_t batch, enum status status, bool own) {
    pthread_mutex_lock(&loop->lock);
    /* Own ones beyond their places are found out by the engine (ENGINE_BATCH_MS). */
    bool room = !own || loop->own_count < OWN_MAX;
    bool first = loop->answer_count == 0;
    if (room) {
        ASSERT(loop->answer_count < ANSWERS_MAX);
        size_t place = (loop->answer_first + loop->answer_count) % ANSWERS_MAX;
        loop->answers[place] = (struct answer){.batch = batch, .status = status};
        loop->answer_count++;
        if (own) loop->own_count++;
    }
    pthread_mutex_unlock(&loop->lock);
    /* An empty message wakes the thread; when the queue is full it is awake. */
    struct event *wake = NULL;
    if (room && first) IGNORE(queue_push(loop->queue, &wake, QUEUE_HIGH));
}

/* Runs on the store's thread. At most ENGINE_HELD_MAX batches are under way. */
static void batch_done(void *arg, uint64_t batch, enum status status) {
    add_answer(arg, batch, status, false);
}

static bool next_answer(struct engine_loop *loop, struct answer *out) {
    pthread_mutex_lock(&loop->lock);
    bool any = loop->answer_count > 0;
    if (any) {
        *out = loop->answers[loop->answer_first];
        loop->answer_first = (loop->answer_first + 1) % ANSWERS_MAX;
        loop->answer_count--;
        if (loop->answer_count == 0) loop->own_count = 0;
    }
    pthread_mutex_unlock(&loop->lock);
    return any;
}

static struct batch *make_batch(const struct engine_output *output) {
    struct batch *batch = batch_create(output->batch);
    if (batch == NULL) return NULL;
    for (size_t i = 0; i < output->record_count; i++) {
        const struct engine_record *record = &output->records[i];
        enum status status = batch_add(batch, record->kind, record->table, record->partition,
                                       record->sort, record->item);
        if (status == STATUS_OK) continue;
        batch_destroy(batch);
        return NULL;
    }
    return batch;
}

static struct held *free_place(struct engine_loop *loop) {
    for (size_t i = 0; i < ENGINE_HELD_MAX; i++)
        if (loop->held[i].batch == 0) return &loop->held[i];
    return NULL;
}

static bool hold(struct engine_loop *loop, const struct engine_output *output) {
    struct held *held = free_place(loop);
    if (held == NULL) return false;
    held->effects = NULL;
    held->count = output->effect_count;
    if (held->count > 0) {
        held->effects = malloc(held->count * sizeof *held->effects);
        if (held->effects == NULL) return false;
        memcpy(held->effects, output->effects, held->count * sizeof *held->effects);
    }
    held->batch = output->batch;
    loop->held_count++;
    return true;
}

static void release(struct engine_loop *loop, uint64_t batch, enum status status) {
    for (size_t i = 0; i < ENGINE_HELD_MAX; i++) {
        struct held *held = &loop->held[i];
        if (held->batch != batch) continue;
        for (size_t k = 0; k < held->count; k++) {
            struct effect *effect = &held->effects[k];
            if (engine_effect_at_once(effect)) continue;
            if (status == STATUS_OK)
                carry_out(loop, effect);
            else
                give_up(loop, effect, status);
        }
        free(held->effects);
        *held = (struct held){0};
        loop->held_count--;
        return;
    }
}

static void submit(struct engine_loop *loop) {
    struct engine_output *output = loop->output;
    if (!hold(loop, output)) {
        for (size_t i = 0; i < output->effect_count; i++)
            if (!engine_effect_at_once(&output->effects[i]))
                give_up(loop, &output->effects[i], STATUS_FULL);
        add_answer(loop, output->batch, STATUS_FULL, true);
        return;
    }
    struct batch *batch = make_batch(output);
    enum status status =
        batch == NULL ? STATUS_NO_MEMORY : store_submit(loop->store, batch, batch_done, loop);
    if (status == STATUS_OK) return;
    batch_destroy(batch);
    add_answer(loop, output->batch, status, false);
}

static void step_once(struct engine_loop *loop, const struct event *event, struct now now) {
    struct engine_output *output = loop->output;
    engine_step(loop->engine, event, now, output);
    for (size_t i = 0; i < output->effect_count; i++) {
        struct effect *effect = &output->effects[i];
        bool snapshot = effect->kind == EFFECT_REPLY && event->kind == EVENT_OPERATOR &&
                        event->operator.verb == OPERATOR_SNAPSHOT &&
                        effect->reply.token == event->
                        operator.token;
        if (snapshot) add_snapshot(loop, &effect->reply);
        if (engine_effect_at_once(effect)) carry_out(loop, effect);
    }
    if (output->batch != 0) {
        submit(loop);
        return;
    }
    for (size_t i = 0; i < output->effect_count; i++)
        if (!engine_effect_at_once(&output->effects[i])) carry_out(loop, &output->effects[i]);
}

static void step(struct engine_loop *loop, const struct event *event, struct now now) {
    if (event->kind == EVENT_BATCH_DONE) release(loop, event->batch, event->status);
    step_once(loop, event, now);
    static const struct event more = {.kind = EVENT_TICK};
    for (unsigned i = 0; loop->output->more && i < MORE_STEPS_MAX; i++) step_once(loop, &more, now);
}

static void take_settings(struct engine_loop *loop) {
    pthread_mutex_lock(&loop->lock);
    bool fresh = loop->settings_new;
    struct decide_policy decide_policy = loop->decide;
    struct recover_policy recover_policy = loop->recover;
    loop->settings_new = false;
    pthread_mutex_unlock(&loop->lock);
    if (fresh) engine_configure(loop->engine, &decide_policy, &recover_policy);
}

static void tick(struct engine_loop *loop) {
    struct now now = sys_now();
    if (now.boot.ms - loop->last_tick_ms < TICK_MS) return;
    loop->last_tick_ms = now.boot.ms;
    static const struct event event = {.kind = EVENT_TICK};
    step(loop, &event, now);
}

static struct duration until_tick(const struct engine_loop *loop) {
    int64_t left = loop->last_tick_ms + TICK_MS - sys_now().boot.ms;
    if (loop->output->more || left < 0) left = 0;
    return duration_ms(left);
}

/* Bounded: what these steps write is answered in a later round. */
static void take_answers(struct engine_loop *loop) {
    struct answer answer;
    for (unsigned i = 0; i < ANSWERS_MAX && next_answer(loop, &answer); i++) {
        struct event event = {
            .kind = EVENT_BATCH_DONE, .batch = answer.batch, .status = answer.status};
        take_own(loop, &event);
    }
}

static void run(void *argument) {
    struct engine_loop *loop = argument;
    for (;;) {
        struct event *event = NULL;
        enum status status = queue_wait(loop->queue, &event, until_tick(loop));
        take_settings(loop);
        take_answers(loop);
        if (status == STATUS_OK && event != NULL) {
            take_own(loop, event);
            event_destroy(event);
        }
        if (status == STATUS_CLOSED) return;
        if (loop->output->more && (status != STATUS_OK || event == NULL)) {
            static const struct event more = {.kind = EVENT_TICK};
            step(loop, &more, sys_now());
        }
        tick(loop);
    }
}

enum status engine_loop_create(struct engine *engine, struct store *store,
                               const struct engine_edges *edges, struct engine_loop **loop_out) {
    struct engine_loop *loop = calloc(1, sizeof *loop);
    if (loop == NULL) return STATUS_NO_MEMORY;
    enum status status = STATUS_NO_MEMORY;
    loop->output = calloc(1, sizeof *loop->output);
    if (loop->output == NULL) goto fail;
    status =
        queue_create(sizeof(struct event *), ENGINE_QUEUE_MAX, ENGINE_QUEUE_RESERVED, &loop->queue);
    if (status != STATUS_OK) goto fail;
    if (pthread_mutex_init(&loop->lock, NULL) != 0) {
        status = STATUS_NO_MEMORY;
        goto fail;
    }
    loop->engine = engine;
    loop->store = store;
    loop->edges = *edges;
    *loop_out = loop;
    return STATUS_OK;
fail:
    queue_destroy(loop->queue);
    free(loop->output);
    free(loop);
    return status;
}

enum status engine_loop_start(struct engine_loop *loop) {
    return thread_start(&loop->thread, "engine", 0, run, loop);
}

void engine_loop_configure(struct engine_loop *loop, const struct decide_policy *decide_policy,
                           const struct recover_policy *recover_policy) {
    pthread_mutex_lock(&loop->lock);
    loop->decide = *decide_policy;
    loop->recover = *recover_policy;
    loop->settings_new = true;
    pthread_mutex_unlock(&loop->lock);
}

static void drop_held(struct engine_loop *loop) {
    for (size_t i = 0; i < ENGINE_HELD_MAX; i++) {
        for (size_t k = 0; k < loop->held[i].count; k++) {
            struct effect *effect = &loop->held[i].effects[k];
            if (effect->kind == EFFECT_REPLY) snapshot_destroy(effect->reply.snapshot);
        }
        free(loop->held[i].effects);
    }
}

void engine_loop_stop(struct engine_loop *loop) {
    if (loop == NULL) return;
    queue_close(loop->queue);
    thread_join(&loop->thread);
}

void engine_loop_destroy(struct engine_loop *loop) {
    if (loop == NULL) return;
    engine_loop_stop(loop);
    struct event *event = NULL;
    while (queue_pop(loop->queue, &event) == STATUS_OK) event_destroy(event);
    drop_held(loop);
    queue_destroy(loop->queue);
    pthread_mutex_destroy(&loop->lock);
    engine_destroy(loop->engine);
    free(loop->output);
    free(loop);
}
