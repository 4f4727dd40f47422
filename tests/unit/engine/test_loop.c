/* The engine's thread over the memory store: batches before effects, restore after a death in
 * mid-action, settings from the configuration. Real clock, so labelled functional. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "aggregator/engine/loop.h"
#include "aggregator/engine/restore.h"
#include "aggregator/store/backend.h"
#include "common/sys/clock.h"
#include "tests/support/unit.h"

#define PATIENCE_S 20

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct call calls[64];
static size_t call_count;
static struct effect_reply reply;
static bool replied;
static size_t logs, wakes, polls, files;

static enum status take_call(void *context, const struct call *call) {
    (void)context;
    pthread_mutex_lock(&lock);
    if (call_count < ARRAY_LENGTH(calls)) calls[call_count++] = *call;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    return STATUS_OK;
}

static enum status refuse_call(void *context, const struct call *call) {
    (void)take_call(context, call);
    return STATUS_FULL;
}

static bool edge_blocks; /* keeps the engine's thread where it is */

static void take_reply(void *context, struct effect_reply *value) {
    (void)context;
    pthread_mutex_lock(&lock);
    while (edge_blocks) pthread_cond_wait(&changed, &lock);
    reply = *value;
    replied = true;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static void count_up(size_t *count) {
    pthread_mutex_lock(&lock);
    (*count)++;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}
static void take_log(void *context, const struct effect_log *log) {
    (void)context, (void)log;
    count_up(&logs);
}
static void take_wake(void *context) {
    (void)context;
    count_up(&wakes);
}
static void take_poll(void *context) {
    (void)context;
    count_up(&polls);
}
static void take_file(void *context, bool present, const char *reason) {
    (void)context, (void)reason;
    if (present) count_up(&files);
}

static struct engine_edges edges = {.call = take_call,
                                    .reply = take_reply,
                                    .log = take_log,
                                    .notify_wake = take_wake,
                                    .poll = take_poll,
                                    .pause_file = take_file};

/* Waits for the nth call of that kind; fails the test when it does not come. */
static struct call await_call(enum call_kind kind) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_S;
    struct call found = {.kind = CALL_COUNT};
    pthread_mutex_lock(&lock);
    for (int error = 0; found.kind == CALL_COUNT && error != ETIMEDOUT;) {
        for (size_t i = 0; i < call_count; i++)
            if (calls[i].kind == kind) found = calls[i];
        if (found.kind == CALL_COUNT) error = pthread_cond_timedwait(&changed, &lock, &until);
    }
    pthread_mutex_unlock(&lock);
    if (found.kind == CALL_COUNT) fail_msg("no call %s came", call_kind_name(kind));
    return found;
}

static void await_reply(void) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_S;
    pthread_mutex_lock(&lock);
    int error = 0;
    while (!replied && error != ETIMEDOUT) error = pthread_cond_timedwait(&changed, &lock, &until);
    bool came = replied;
    replied = false;
    pthread_mutex_unlock(&lock);
    assert_true(came);
}

static void forget_calls(void) {
    pthread_mutex_lock(&lock);
    call_count = 0;
    pthread_mutex_unlock(&lock);
}

static const struct instance_id box = {"i-0123456789abcdef0"};

static struct instance_facts facts_now(void) {
    return (struct instance_facts){.id = box,
                                   .state = INSTANCE_RUNNING,
                                   .opted_in = true,
                                   .name = "web-7",
                                   .launch_time = {1000},
                                   .availability_zone = "eu-west-1a"};
}

static struct engine_loop *open_loop(struct store *store, uint64_t *epoch, uint32_t *unreadable) {
    forget_calls();
    struct engine_options options = engine_options_default();
    options.instances_max = 64;
    options.decide.dry_run = false;
    options.decide.enabled[TRIGGER_HEALTH][RUNG_RESTART_SERVICE] = true;
    struct engine *engine = NULL;
    assert_ok(engine_restore(store, &options, 42, sys_now(), &engine, unreadable));
    *epoch = options.epoch;
    struct engine_loop *loop = NULL;
    assert_ok(engine_loop_create(engine, store, &edges, &loop));
    assert_ok(engine_loop_start(loop));
    return loop;
}

static void post(struct engine_loop *loop, struct event *event) {
    assert_ok(engine_post(loop, event));
}

static void post_file(struct engine_loop *loop) { post(loop, event_create(EVENT_PAUSE_FILE)); }

static void post_inventory(struct engine_loop *loop) {
    struct event *event = event_create(EVENT_INVENTORY);
    event->count = 1;
    event->facts = calloc(1, sizeof *event->facts);
    event->facts[0] = facts_now();
    post(loop, event);
}

static void post_failing(struct engine_loop *loop) {
    struct event *event = event_create(EVENT_AGENT_SEEN);
    event->instance = box;
    memcpy(event->agent.boot.text, "00000000-0000-4000-8000-000000000001", 37);
    post(loop, event);
    event = event_create(EVENT_AGENT_CHECK);
    event->instance = box;
    event->agent.check =
        (struct check_result){.name = "http", .unit = "web.service", .state = CHECK_FAILING};
    post(loop, event);
}

static void post_describe(struct engine_loop *loop, const struct call *call) {
    struct event *event = event_create(EVENT_CALL_DONE);
    event->instance = box;
    event->call = (struct call_result){.kind = call->kind,
                                       .action = call->action,
                                       .instance = box,
                                       .serial = call->serial,
                                       .facts = facts_now()};
    event->call.checks =
        (struct instance_checks){.id = box, .system = CHECK_STATUS_OK, .instance = CHECK_STATUS_OK};
    post(loop, event);
}

static struct call until_sent(struct engine_loop *loop) {
    post_file(loop);
    post_inventory(loop);
    post_failing(loop);
    struct call call = await_call(CALL_DESCRIBE);
    post_describe(loop, &call);
    return await_call(CALL_RUN_DOCUMENT);
}

static size_t rows_of(struct store *store, enum record_table table, const char *part) {
    struct store_query query = {.table = table, .limit = 1000};
    struct record *records = NULL;
    size_t count = 0, found = 0;
    assert_ok(store_read(store, &query, &records, &count));
    for (size_t i = 0; i < count; i++)
        if (strstr(records[i].item, part) != NULL) found++;
    store_records_free(records, count);
    return found;
}

/* The store lives on: a read behind the last batch makes sure that nothing is left to answer. */
static void close_loop(struct engine_loop *loop, struct store *store) {
    engine_loop_stop(loop);
    (void)rows_of(store, RECORD_META, "");
    engine_loop_destroy(loop);
}

TEST(intent_is_in_the_store_before_the_call_leaves) {
    (void)state;
    struct store *store = NULL;
    assert_ok(store_open_memory(&store));
    uint64_t epoch = 0;
    uint32_t unreadable = 0;
    struct engine_loop *loop = open_loop(store, &epoch, &unreadable);
    struct call sent = until_sent(loop);
    assert_int_equal(epoch, 1);
    assert_int_equal(sent.fence, 1);
    assert_int_equal(rows_of(store, RECORD_INTENTS, sent.action.text), 1);
    assert_int_equal(rows_of(store, RECORD_RECOVERY_EVENTS, "\"in_progress\""), 1);
    assert_true(rows_of(store, RECORD_AUDIT, "\"rule\":\"act\"") >= 1);
    engine_loop_stop(loop);
    store_destroy(store);
    engine_loop_destroy(loop);
}

TEST(death_in_mid_action_is_resumed_by_looking_for_the_same_action) {
    (void)state;
    struct store *store = NULL;
    assert_ok(store_open_memory(&store));
    uint64_t epoch = 0;
    uint32_t unreadable = 0;
    struct engine_loop *loop = open_loop(store, &epoch, &unreadable);
    struct call sent = until_sent(loop);
    close_loop(loop, store);
    forget_calls();
    loop = open_loop(store, &epoch, &unreadable);
    assert_int_equal(epoch, 2);
    assert_int_equal(unreadable, 0);
    struct call look = await_call(CALL_FIND_RUN);
    assert_string_equal(look.action.text, sent.action.text);
    engine_loop_stop(loop);
    store_destroy(store);
    engine_loop_destroy(loop);
}

TEST(snapshot_pause_and_its_survival) {
    (void)state;
    struct store *store = NULL;
    assert_ok(store_open_memory(&store));
    uint64_t epoch = 0;
    uint32_t unreadable = 0;
    struct engine_loop *loop = open_loop(store, &epoch, &unreadable);
    post_inventory(loop);
    struct event *event = event_create(EVENT_OPERATOR);
    event->operator.verb = OPERATOR_PAUSE;
    event->operator.token = 1;
    memcpy(event->operator.actor, "alice", 6);
    post(loop, event);
    await_reply();
    assert_int_equal(reply.exit_code, 0);
    assert_true(files >= 1);
    close_loop(loop, store);
    loop = open_loop(store, &epoch, &unreadable);
    post_inventory(loop);
    event = event_create(EVENT_OPERATOR);
    event->operator.verb = OPERATOR_SNAPSHOT;
    event->operator.token = 2;
    post(loop, event);
    await_reply();
    assert_non_null(reply.snapshot);
    assert_true(reply.snapshot->paused);
    assert_non_null(strstr(reply.snapshot->pause_reason, "alice"));
    assert_int_equal(reply.snapshot->count, 1);
    assert_string_equal(reply.snapshot->members[0].facts.name, "web-7");
    snapshot_destroy(reply.snapshot);
    engine_loop_stop(loop);
    store_destroy(store);
    engine_loop_destroy(loop);
}

TEST(call_that_could_not_be_handed_over_is_tried_again) {
    (void)state;
    struct store *store = NULL;
    assert_ok(store_open_memory(&store));
    uint64_t epoch = 0;
    uint32_t unreadable = 0;
    edges.call = refuse_call;
    struct engine_loop *loop = open_loop(store, &epoch, &unreadable);
    post_file(loop);
    post_inventory(loop);
    post_failing(loop);
    (void)await_call(CALL_DESCRIBE);
    engine_loop_stop(loop);
    store_destroy(store);
    engine_loop_destroy(loop);
    edges.call = take_call;
}

static void ignore(void *arg, uint64_t batch, enum status status) {
    (void)arg, (void)batch, (void)status;
}

TEST(rows_that_cannot_be_read_mean_paused_or_nothing_allowed) {
    (void)state;
    static const struct {
        enum record_table table;
        const char *partition, *sort, *item;
    } rows[] = {
        {RECORD_INCIDENTS, "INC-1", "open", "{\"incident_id\":\"INC-1\"}"},
        {RECORD_INCIDENTS, "INC-1", "open", "{}"},
        {RECORD_INTENTS, "INC-1/reboot/1", "2999-01-01T00:00:00.000Z", "{\"rung\":\"fly\"}"},
        {RECORD_META, "pause", "", "{\"paused\":\"perhaps\"}"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct store *store = NULL;
        assert_ok(store_open_memory(&store));
        struct batch *batch = batch_create(1);
        assert_ok(batch_add(batch, RECORD_PUT, rows[i].table, rows[i].partition, rows[i].sort,
                            rows[i].item));
        assert_ok(store_submit(store, batch, ignore, NULL));
        struct engine_options options = engine_options_default();
        options.instances_max = 8;
        struct engine *engine = NULL;
        uint32_t unreadable = 0;
        assert_ok(engine_restore(store, &options, 1, sys_now(), &engine, &unreadable));
        assert_int_equal(unreadable, 1);
        struct engine_output *output = calloc(1, sizeof *output);
        struct event tick = {.kind = EVENT_TICK};
        engine_step(engine, &tick, sys_now(), output);
        struct member_summary none[1];
        struct fleet_snapshot snapshot;
        engine_snapshot(engine, sys_now(), none, 0, &snapshot);
        assert_true(snapshot.paused);
        free(output);
        engine_destroy(engine);
        store_destroy(store);
    }
}

static void add_incident(struct engine *engine, const char *id, bool running, int64_t opened) {
    struct engine_incident_row row = {
        .instance = box, .fault = FAULT_SERVICE_DOWN, .opened = {opened}, .running = running};
    snprintf(row.id.text, sizeof row.id.text, "%s", id);
    if (running) {
        recover_begin(&row.run, RUNG_RESTART_SERVICE, &box, &row.id, 1, "web.service");
        row.run.state = RECOVER_STORING;
    }
    assert_ok(engine_restore_incident(engine, &row, sys_now()));
}

/* The end of one incident was lost with its batch, and the next was opened before the crash. */
TEST(two_open_rows_of_one_instance_keep_the_one_that_runs) {
    (void)state;
    for (unsigned order = 0; order < 2; order++) {
        struct engine_options options = engine_options_default();
        options.instances_max = 8;
        struct engine *engine = engine_create(&options, sys_now());
        add_incident(engine, order == 0 ? "INC-RUNS" : "INC-IDLE", order == 0, 1000);
        add_incident(engine, order == 0 ? "INC-IDLE" : "INC-RUNS", order == 1, 2000);
        engine_restored(engine, sys_now());
        struct engine_output *output = calloc(1, sizeof *output);
        struct event tick = {.kind = EVENT_TICK};
        engine_step(engine, &tick, sys_now(), output);
        bool looks = false, closed = false;
        for (size_t i = 0; i < output->effect_count; i++)
            if (output->effects[i].kind == EFFECT_CALL)
                looks = strncmp(output->effects[i].call.action.text, "INC-RUNS/", 9) == 0;
        for (size_t i = 0; i < output->record_count; i++)
            if (strcmp(output->records[i].partition, "INC-IDLE") == 0 &&
                strcmp(output->records[i].sort, "closed") == 0)
                closed = true;
        assert_true(looks && closed);
        free(output);
        engine_destroy(engine);
    }
}

TEST(settings_come_from_the_configuration) {
    (void)state;
    struct config_load *load = calloc(1, sizeof *load);
    struct aggregator_config *config = calloc(1, sizeof *config);
    config_begin(load, &aggregator_table, config);
    static const char text[] = "{\"dry_run\": false, \"enabled_rungs_health\": [\"reboot\"],"
                               "\"breaker_count\": 9, \"healthy_time\": \"7s\"}";
    config_apply_file(load, "test", text, sizeof text - 1, true);
    if (config_finish(load) != STATUS_OK) fail_msg("%s", load->findings.items[0].text);
    struct engine_options options = engine_options_default();
    engine_options_from_config(config, &options);
    assert_false(options.decide.dry_run);
    assert_true(options.decide.enabled[TRIGGER_HEALTH][RUNG_REBOOT]);
    assert_false(options.decide.enabled[TRIGGER_HEALTH][RUNG_STOP_START]);
    assert_false(options.decide.enabled[TRIGGER_PREDICTION][RUNG_REBOOT]);
    assert_int_equal(options.decide.breaker_count, 9);
    assert_int_equal(options.recover.healthy_time.ms, 7000);
    assert_int_equal(options.decide.max_disruptive_per_day, 3);
    assert_true(options.recover.reboot_timeout.ms >= 1000);
    assert_true(options.decide.confirm_time.ms >= 1000);
    free(config);
    free(load);
}

/* A store that refuses what it is told to. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t moves;
    bool broken, hangs;
    size_t refused;
} shaky = {.lock = PTHREAD_MUTEX_INITIALIZER, .moves = PTHREAD_COND_INITIALIZER};

static void shaky_commit(void *self, struct backend_commit *commits, size_t count) {
    (void)self;
    pthread_mutex_lock(&shaky.lock);
    while (shaky.hangs) pthread_cond_wait(&shaky.moves, &shaky.lock);
    for (size_t i = 0; i < count; i++) {
        commits[i].status = shaky.broken ? STATUS_IO : STATUS_OK;
        if (shaky.broken) shaky.refused++;
    }
    pthread_mutex_unlock(&shaky.lock);
}
static enum status shaky_read(void *self, const struct store_query *query, struct record **records,
                              size_t *count) {
    (void)self, (void)query;
    *records = NULL;
    *count = 0;
    return STATUS_OK;
}
static void shaky_idle(void *self, struct now now) { (void)self, (void)now; }
static void shaky_close(void *self) { (void)self; }

static struct engine_loop *open_shaky(struct store **store) {
    static const struct backend backend = {
        .commit = shaky_commit, .read = shaky_read, .idle = shaky_idle, .close = shaky_close};
    assert_ok(store_start(&backend, store));
    struct engine_options options = engine_options_default();
    options.instances_max = 8;
    options.decide.dry_run = false;
    options.decide.enabled[TRIGGER_HEALTH][RUNG_RESTART_SERVICE] = true;
    options.recover.retry_pause = duration_ms(1000);
    options.store_retry = duration_ms(500);
    struct engine *engine = engine_create(&options, sys_now());
    engine_restored(engine, sys_now());
    struct engine_loop *loop = NULL;
    assert_ok(engine_loop_create(engine, *store, &edges, &loop));
    forget_calls();
    assert_ok(engine_loop_start(loop));
    return loop;
}

static void set_hanging(bool hangs) {
    pthread_mutex_lock(&shaky.lock);
    shaky.hangs = hangs;
    pthread_cond_broadcast(&shaky.moves);
    pthread_mutex_unlock(&shaky.lock);
}

static void set_blocking(bool blocks) {
    pthread_mutex_lock(&lock);
    edge_blocks = blocks;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

/* The store answers while the engine's queue has no place left, not even a reserved one. */
TEST(answer_of_the_store_survives_a_full_queue) {
    (void)state;
    struct store *store = NULL;
    set_hanging(true);
    set_blocking(true);
    struct engine_loop *loop = open_shaky(&store);
    post_file(loop);
    post_inventory(loop);
    post_failing(loop);
    struct event *event = event_create(EVENT_OPERATOR); /* its answer blocks the thread */
    event->operator.verb = OPERATOR_SNAPSHOT;
    event->operator.token = 3;
    post(loop, event);
    enum status status = STATUS_OK;
    for (unsigned i = 0; i < 3 * ENGINE_QUEUE_MAX && status != STATUS_FULL; i++)
        status = engine_post(loop, event_create(EVENT_CALL_DONE));
    assert_int_equal(status, STATUS_FULL);
    set_hanging(false);
    /* A read behind the batches: they are answered when it is. */
    struct store_query query = {.table = RECORD_META, .limit = 1};
    struct record *records = NULL;
    size_t count = 0;
    assert_ok(store_read(store, &query, &records, &count));
    set_blocking(false);
    (void)await_call(CALL_DESCRIBE);
    engine_loop_stop(loop);
    store_destroy(store);
    engine_loop_destroy(loop);
    snapshot_destroy(reply.snapshot);
}

/* The read was wanted in a step whose rows were lost: the run must hear of it at once, not by its
 * own deadline 40 s later. */
TEST(read_that_was_dropped_with_its_batch_is_answered) {
    (void)state;
    struct store *store = NULL;
    shaky.broken = true;
    struct engine_loop *loop = open_shaky(&store);
    post_file(loop);
    post_inventory(loop);
    post_failing(loop);
    for (unsigned i = 0; i < 500; i++) {
        pthread_mutex_lock(&shaky.lock);
        bool enough = shaky.refused > 0;
        if (enough) shaky.broken = false;
        pthread_mutex_unlock(&shaky.lock);
        if (enough) break;
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    (void)await_call(CALL_DESCRIBE); /* tried again within seconds */
    engine_loop_stop(loop);
    store_destroy(store);
    engine_loop_destroy(loop);
}
