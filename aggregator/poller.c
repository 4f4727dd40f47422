/* The poller's thread and its answers. A read that is still under way is not started twice. */
#include "aggregator/poller.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "aggregator/aws/ec2.h"
#include "common/base/prng.h"
#include "common/sys/clock.h"
#include "common/sys/error.h"
#include "common/sys/queue.h"
#include "common/sys/thread.h"

#define PAUSE_FILE_EVERY_MS 1000
#define READ_DEADLINE_MS    30000
#define JITTER_PARTS        10 /* an interval is shortened by up to a tenth */

/* One kind of read. */
struct reading {
    struct duration interval; /* guarded by lock */
    struct boot_time due;     /* the poller's thread */
    bool under_way;           /* guarded by lock */
    struct boot_time asked;   /* the one under way; guarded by lock */
};

struct poller {
    struct poller_options options; /* pause_file owned */
    struct queue *wakes;           /* a byte a wish to read now */
    struct thread thread;
    struct prng prng;
    pthread_mutex_t lock;
    struct reading inventory, checks;
    bool pause_known, pause_present;
    enum status pause_status;
};

static void post(struct poller *poller, struct event *event) {
    /* A refused event is an answer that never came: its age will say so (R9). */
    if (event != NULL) (void)poller->options.post(poller->options.context, event);
}

static struct event *make(enum event_kind kind, enum status status) {
    struct event *event = calloc(1, sizeof *event);
    if (event == NULL) return NULL;
    event->kind = kind;
    event->status = status;
    return event;
}

/* Answers when it had been asked. */
static struct boot_time end_reading(struct poller *poller, struct reading *reading) {
    pthread_mutex_lock(&poller->lock);
    reading->under_way = false;
    struct boot_time asked = reading->asked;
    pthread_mutex_unlock(&poller->lock);
    return asked;
}

/* What AWS said may be as old as the question. */
static struct event *make_answer(enum event_kind kind, const struct aws_result *result,
                                 struct boot_time asked) {
    struct event *event = make(kind, result->status);
    if (event == NULL) return NULL;
    event->asked_at = asked;
    return event;
}

/* AWS's Date header is our only other clock (R15). */
static void tell_skew(struct poller *poller, const struct aws_result *result) {
    if (result->date.ms == 0) return;
    struct event *event = make(EVENT_CLOCK_SKEW, STATUS_OK);
    if (event != NULL) event->skew = wall_since(sys_now().wall, result->date);
    post(poller, event);
}

static void take_inventory(void *context, const struct aws_result *result,
                           const struct ec2_instances *answer) {
    struct poller *poller = context;
    struct event *event =
        make_answer(EVENT_INVENTORY, result, end_reading(poller, &poller->inventory));
    if (event != NULL && answer != NULL) {
        event->facts = calloc(answer->count + 1, sizeof *event->facts);
        event->count = event->facts == NULL ? 0 : answer->count;
        if (event->facts == NULL) event->status = STATUS_NO_MEMORY;
        for (size_t i = 0; i < event->count; i++) event->facts[i] = answer->instances[i].facts;
    }
    post(poller, event);
    tell_skew(poller, result);
}

static void take_checks(void *context, const struct aws_result *result,
                        const struct ec2_statuses *answer) {
    struct poller *poller = context;
    struct event *event =
        make_answer(EVENT_STATUS_CHECKS, result, end_reading(poller, &poller->checks));
    if (event != NULL && answer != NULL) {
        event->checks = calloc(answer->count + 1, sizeof *event->checks);
        event->count = event->checks == NULL ? 0 : answer->count;
        if (event->checks == NULL) event->status = STATUS_NO_MEMORY;
        for (size_t i = 0; i < event->count; i++) event->checks[i] = answer->statuses[i].checks;
    }
    post(poller, event);
}

static enum status ask_inventory(struct poller *poller) {
    struct aws_order order = {AWS_LANE_READ, duration_ms(READ_DEADLINE_MS), poller};
    struct ec2_filter filter = {
        .name = "tag:AutoRecovery", .values = {"enabled"}, .value_count = 1};
    struct ec2_describe_instances request = {.filters = &filter, .filter_count = 1};
    return ec2_describe_instances(poller->options.aws, &order, &request, take_inventory);
}

static enum status ask_checks(struct poller *poller) {
    struct aws_order order = {AWS_LANE_READ, duration_ms(READ_DEADLINE_MS), poller};
    struct ec2_describe_instance_status request = {.ids = NULL};
    return ec2_describe_instance_status(poller->options.aws, &order, &request, take_checks);
}

/* Starts a read that is due, unless the last one is still under way; plans the next one. */
static void serve(struct poller *poller, struct reading *reading, enum event_kind kind,
                  enum status (*ask)(struct poller *), struct boot_time now, bool forced) {
    if (!forced && now.ms < reading->due.ms) return;
    pthread_mutex_lock(&poller->lock);
    int64_t interval_ms = reading->interval.ms;
    bool busy = reading->under_way;
    reading->under_way = true;
    if (!busy) reading->asked = now;
    pthread_mutex_unlock(&poller->lock);
    int64_t jitter = (int64_t)prng_below(&poller->prng, (uint64_t)(interval_ms / JITTER_PARTS + 1));
    reading->due = boot_add(now, duration_ms(interval_ms - jitter));
    if (busy) return;
    enum status status = ask(poller);
    if (status == STATUS_OK) return;
    (void)end_reading(poller, reading);
    post(poller, make(kind, status));
}

/* Present, absent, or neither can be said: then it counts as paused (R17). */
static void look_at_pause_file(struct poller *poller) {
    struct stat about;
    enum status status = STATUS_OK;
    bool present = stat(poller->options.pause_file, &about) == 0;
    if (!present && errno != ENOENT) status = sys_status(errno);
    if (poller->pause_known && present == poller->pause_present && status == poller->pause_status)
        return;
    struct event *event = make(EVENT_PAUSE_FILE, status);
    if (event == NULL) return; /* asked again in a second */
    event->present = present;
    if (poller->options.post(poller->options.context, event) != STATUS_OK) return;
    poller->pause_known = true;
    poller->pause_present = present;
    poller->pause_status = status;
}

static void run(void *argument) {
    struct poller *poller = argument;
    uint8_t wish;
    bool forced = true; /* both are read at once when the program starts */
    for (;;) {
        struct boot_time now = sys_now().boot;
        look_at_pause_file(poller);
        serve(poller, &poller->inventory, EVENT_INVENTORY, ask_inventory, now, forced);
        serve(poller, &poller->checks, EVENT_STATUS_CHECKS, ask_checks, now, forced);
        int64_t wait = PAUSE_FILE_EVERY_MS;
        if (poller->inventory.due.ms - now.ms < wait) wait = poller->inventory.due.ms - now.ms;
        if (poller->checks.due.ms - now.ms < wait) wait = poller->checks.due.ms - now.ms;
        enum status status = queue_wait(poller->wakes, &wish, duration_ms(wait < 1 ? 1 : wait));
        if (status == STATUS_CLOSED) return;
        forced = status == STATUS_OK;
        while (queue_pop(poller->wakes, &wish) == STATUS_OK) {
        }
    }
}

enum status poller_create(const struct poller_options *options, struct poller **poller_out) {
    struct poller *poller = calloc(1, sizeof *poller);
    if (poller == NULL) return STATUS_NO_MEMORY;
    poller->options = *options;
    poller->options.pause_file = strdup(options->pause_file);
    poller->prng = prng_seeded(options->seed);
    poller->inventory.interval = options->inventory_interval;
    poller->checks.interval = options->status_interval;
    pthread_mutex_init(&poller->lock, NULL);
    enum status status = poller->options.pause_file == NULL ? STATUS_NO_MEMORY : STATUS_OK;
    if (status == STATUS_OK) status = queue_create(1, 8, 0, &poller->wakes);
    if (status == STATUS_OK) status = thread_start(&poller->thread, "ear-poller", 0, run, poller);
    if (status != STATUS_OK) {
        poller_destroy(poller);
        return status;
    }
    *poller_out = poller;
    return STATUS_OK;
}

void poller_stop(struct poller *poller) {
    if (poller == NULL) return;
    if (poller->wakes != NULL) queue_close(poller->wakes);
    thread_join(&poller->thread);
}

void poller_destroy(struct poller *poller) {
    if (poller == NULL) return;
    poller_stop(poller);
    queue_destroy(poller->wakes);
    pthread_mutex_destroy(&poller->lock);
    free((char *)poller->options.pause_file);
    free(poller);
}

void poller_configure(struct poller *poller, struct duration inventory_interval,
                      struct duration status_interval) {
    pthread_mutex_lock(&poller->lock);
    poller->inventory.interval = inventory_interval;
    poller->checks.interval = status_interval;
    pthread_mutex_unlock(&poller->lock);
    poller_wake(poller);
}

void poller_wake(struct poller *poller) {
    /* A full queue means that a wish is waiting already. */
    IGNORE(queue_push(poller->wakes, &(uint8_t){1}, QUEUE_NORMAL));
}
