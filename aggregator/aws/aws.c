/* The edge's queues and thread. Other threads only append to `incoming` under the lock and wake the
 * thread; everything else belongs to it. */
#include "aggregator/aws/aws.h"

#include <stdlib.h>
#include <string.h>

#include "aggregator/aws/client.h"
#include "common/base/text.h"
#include "common/sys/clock.h"
#include "common/sys/random.h"

#define DEADLINE_DEFAULT_MS 60000
#define ATTEMPT_TIMEOUT_DEFAULT_MS                                                                 \
    15000                 /* EC2's slowest answers of 1,000 instances take some 5 s */
#define IDLE_WAIT_MS 1000 /* longest sleep with nothing due; wake-ups cut it short */

/* A quarter of the published buckets, or aws-facts' advice where none is published (3.4, 3.7). */
static const struct {
    double burst, per_second;
} rates[AWS_SERVICE_COUNT][AWS_RATE_COUNT] = {
    [AWS_SERVICE_EC2] = {[AWS_RATE_READ] = {25, 5}, [AWS_RATE_WRITE] = {12, 1}},
    [AWS_SERVICE_SSM] = {[AWS_RATE_READ] = {10, 5}, [AWS_RATE_WRITE] = {10, 3}},
    [AWS_SERVICE_SNS] = {[AWS_RATE_READ] = {10, 5}, [AWS_RATE_WRITE] = {10, 5}},
    [AWS_SERVICE_STS] = {[AWS_RATE_READ] = {10, 5}, [AWS_RATE_WRITE] = {10, 5}},
};

void aws_list_append(struct aws_list *list, struct aws_pending *call) {
    call->next = NULL;
    if (list->last != NULL)
        list->last->next = call;
    else
        list->first = call;
    list->last = call;
}

void aws_list_remove(struct aws_list *list, struct aws_pending *call) {
    struct aws_pending *previous = NULL, *at = list->first;
    while (at != NULL && at != call) {
        previous = at;
        at = at->next;
    }
    ASSERT(at != NULL);
    if (previous != NULL)
        previous->next = call->next;
    else
        list->first = call->next;
    if (list->last == call) list->last = previous;
    call->next = NULL;
}

static void release(struct aws_pending *call) {
    aws_query_fini(&call->body);
    aws_query_fini(&call->page_body);
    if (call->operation->release != NULL && call->answer != NULL)
        call->operation->release(call->answer);
    free(call->answer);
    free(call);
}

/* Calls back and forgets the call, which is in no list. */
static void deliver(struct aws_pending *call, enum status status) {
    struct aws *aws = call->aws;
    call->result.status = status;
    /* A dry run succeeds without an answer. */
    bool answered = status == STATUS_OK && call->pages > 0;
    call->operation->deliver(call->done, call->order.context, &call->result,
                             answered ? call->answer : NULL);
    release(call);
    pthread_mutex_lock(&aws->lock);
    aws->accepted--;
    pthread_mutex_unlock(&aws->lock);
}

static void leave_active(struct aws_pending *call) {
    aws_list_remove(&call->aws->active, call);
    call->aws->in_flight--;
}

void aws_call_again(struct aws_pending *call, struct boot_time at) {
    leave_active(call);
    call->start_at = at;
    aws_list_append(&call->aws->waiting[call->order.lane], call);
}

void aws_call_finish(struct aws_pending *call, enum status status) {
    leave_active(call);
    deliver(call, status);
}

/* A call that ran out of time while it waited. Nothing of it is on the way: a call that may not be
 * repeated only waits again after an attempt that surely did nothing. */
static void expire(struct aws_pending *call) {
    struct aws_result *result = &call->result;
    if (result->message[0] == '\0')
        aws_copy_cut(result->message, sizeof result->message,
                     "deadline passed before it could be sent");
    deliver(call, STATUS_AGAIN);
}

static void earlier(struct boot_time *wake, struct boot_time at) {
    if (at.ms < wake->ms) *wake = at;
}

static bool may_fly(const struct aws *aws, enum aws_lane lane) {
    size_t most = AWS_IN_FLIGHT_MAX;
    if (lane != AWS_LANE_RECOVERY) most -= AWS_IN_FLIGHT_RESERVED;
    return aws->in_flight < most;
}

/* May the call start now? If not, *wake becomes the time to ask again. */
static bool is_due(struct aws *aws, struct aws_pending *call, struct boot_time now,
                   struct boot_time *wake) {
    const struct aws_call_row *row = aws_call_row(call->operation->call);
    struct aws_service_state *state = &aws->services[row->service];
    if (call->start_at.ms > now.ms) {
        earlier(wake, call->start_at);
        return false;
    }
    if (call->order.lane != AWS_LANE_RECOVERY && state->slow_until.ms > now.ms) {
        earlier(wake, state->slow_until);
        return false;
    }
    struct duration wait;
    if (aws_rate_take(&state->rates[row->rate], now, &wait)) return true;
    earlier(wake, boot_add(now, wait));
    return false;
}

static void start(struct aws *aws, struct aws_pending *call, struct now now) {
    aws_list_append(&aws->active, call);
    aws->in_flight++;
    enum status status = aws_attempt_start(aws, call, now);
    if (status != STATUS_OK) aws_call_finish(call, status);
}

/* Starts what may start in one lane, oldest first. */
static void start_lane(struct aws *aws, enum aws_lane lane, struct now now,
                       struct boot_time *wake) {
    struct aws_pending *following = NULL;
    for (struct aws_pending *call = aws->waiting[lane].first; call != NULL; call = following) {
        following = call->next;
        if (call->deadline.ms <= now.boot.ms) {
            aws_list_remove(&aws->waiting[lane], call);
            expire(call);
            continue;
        }
        earlier(wake, call->deadline);
        if (!may_fly(aws, lane) || !is_due(aws, call, now.boot, wake)) continue;
        aws_list_remove(&aws->waiting[lane], call);
        start(aws, call, now);
    }
}

/* Takes over what was submitted. False when the edge is to stop. */
static bool take_incoming(struct aws *aws) {
    pthread_mutex_lock(&aws->lock);
    bool stopping = aws->stopping;
    struct aws_pending *call = aws->incoming.first;
    aws->incoming = (struct aws_list){0};
    pthread_mutex_unlock(&aws->lock);
    while (call != NULL) {
        struct aws_pending *following = call->next;
        aws_list_append(&aws->waiting[call->order.lane], call);
        call = following;
    }
    return !stopping;
}

static void cancel_waiting(struct aws_list *list) {
    while (list->first != NULL) {
        struct aws_pending *call = list->first;
        aws_list_remove(list, call);
        deliver(call, STATUS_CANCELLED);
    }
}

static void cancel_active(struct aws *aws) {
    while (aws->active.first != NULL) {
        struct aws_pending *call = aws->active.first;
        bool sent = aws_http_cancel(call->transfer);
        call->transfer = NULL;
        bool once = aws_call_row(call->operation->call)->idempotency == AWS_LOOK_FIRST;
        aws_call_finish(call, sent && once ? STATUS_UNKNOWN_OUTCOME : STATUS_CANCELLED);
    }
}

static void run(void *argument) {
    struct aws *aws = argument;
    while (take_incoming(aws)) {
        struct now now = sys_now();
        struct boot_time wake = boot_add(now.boot, duration_ms(IDLE_WAIT_MS));
        for (int lane = 0; lane < AWS_LANE_COUNT; lane++)
            start_lane(aws, (enum aws_lane)lane, now, &wake);
        struct duration longest = boot_since(wake, now.boot);
        aws_http_wait(aws->http, longest.ms < 0 ? duration_ms(0) : longest);
    }
    cancel_active(aws);
    for (int lane = 0; lane < AWS_LANE_COUNT; lane++) cancel_waiting(&aws->waiting[lane]);
}

static enum status init_services(struct aws *aws, double scale) {
    for (size_t i = 0; i < AWS_SERVICE_COUNT; i++) {
        struct aws_service_state *state = &aws->services[i];
        enum status status = aws_endpoint_resolve(&aws->options.environment, (enum aws_service)i,
                                                  aws->region, &state->endpoint);
        if (status != STATUS_OK) return status;
        state->quota = aws_retry_quota_full();
        atomic_store(&state->quota_shown, state->quota.tokens);
        for (size_t kind = 0; kind < AWS_RATE_COUNT; kind++)
            state->rates[kind] = aws_rate_bucket_full(rates[i][kind].burst * scale,
                                                      rates[i][kind].per_second * scale);
    }
    return STATUS_OK;
}

/* Copies the options that are kept, with their defaults. */
static enum status init_options(struct aws *aws, const struct aws_options *options) {
    aws->options = *options;
    if (aws->options.environment.get == NULL)
        aws->options.environment = aws_environment_of_process();
    if (aws->options.attempt_timeout.ms <= 0)
        aws->options.attempt_timeout = duration_ms(ATTEMPT_TIMEOUT_DEFAULT_MS);
    enum status status = STATUS_OK;
    if (options->profile != NULL)
        status = text_copy(aws->profile, sizeof aws->profile, options->profile);
    if (status != STATUS_OK) return status;
    if (options->region == NULL || options->region[0] == '\0') {
        status = aws_region_from_environment(&aws->options.environment, aws->region);
        if (status != STATUS_NOT_FOUND) return status;
        return aws_profile_region(&aws->options.environment, aws->profile, aws->region);
    }
    if (aws_partition_of(options->region) == NULL) return STATUS_MALFORMED;
    return text_copy(aws->region, sizeof aws->region, options->region);
}

static enum status init(struct aws *aws, const struct aws_options *options) {
    enum status status = init_options(aws, options);
    double scale = options->rate_scale > 0.0 ? options->rate_scale : 1.0;
    if (status == STATUS_OK) status = init_services(aws, scale);
    uint64_t seed = 0;
    if (status == STATUS_OK) status = sys_random(&seed, sizeof seed);
    if (status != STATUS_OK) return status;
    aws->prng = prng_seeded(seed);
    const char *ca_file = options->ca_file;
    if (ca_file == NULL) ca_file = aws_environment_get(&aws->options.environment, "AWS_CA_BUNDLE");
    status = aws_http_create(ca_file, &aws->http);
    if (status != STATUS_OK) return status;
    aws->options.region = aws->options.profile = aws->options.ca_file = NULL; /* the caller's */
    return thread_start(&aws->thread, "ear-aws", 0, run, aws);
}

enum status aws_create(const struct aws_options *options, struct aws **aws_out) {
    struct aws *aws = calloc(1, sizeof *aws);
    if (aws == NULL) return STATUS_NO_MEMORY;
    if (pthread_mutex_init(&aws->lock, NULL) != 0) {
        free(aws);
        return STATUS_NO_MEMORY;
    }
    enum status status = init(aws, options);
    if (status != STATUS_OK) {
        aws_destroy(aws);
        return status;
    }
    *aws_out = aws;
    return STATUS_OK;
}

void aws_destroy(struct aws *aws) {
    if (aws == NULL) return;
    pthread_mutex_lock(&aws->lock);
    aws->stopping = true;
    pthread_mutex_unlock(&aws->lock);
    if (aws->http != NULL) aws_http_wake(aws->http);
    thread_join(&aws->thread);
    aws_http_destroy(aws->http);
    aws_credentials_wipe(&aws->credentials);
    for (size_t i = 0; i < AWS_SERVICE_COUNT; i++) aws_sigv4_key_wipe(&aws->services[i].key);
    pthread_mutex_destroy(&aws->lock);
    free(aws);
}

/* Puts the call into `incoming` if there is room for its lane. */
static enum status enqueue(struct aws *aws, struct aws_pending *call) {
    size_t most = AWS_CALLS_MAX;
    if (call->order.lane != AWS_LANE_RECOVERY) most -= AWS_CALLS_RESERVED;
    pthread_mutex_lock(&aws->lock);
    enum status status = STATUS_OK;
    if (aws->stopping)
        status = STATUS_CLOSED;
    else if (aws->accepted >= most)
        status = STATUS_FULL;
    if (status == STATUS_OK) {
        aws->accepted++;
        aws_list_append(&aws->incoming, call);
    }
    pthread_mutex_unlock(&aws->lock);
    return status;
}

enum status aws_submit(struct aws *aws, const struct aws_operation *operation,
                       const struct aws_order *order, struct aws_query *body, bool dry_run,
                       aws_done *done) {
    struct aws_pending *call = calloc(1, sizeof *call);
    void *answer = calloc(1, operation->answer_bytes);
    enum status status = body->status;
    if (status == STATUS_OK && (call == NULL || answer == NULL)) status = STATUS_NO_MEMORY;
    if (status != STATUS_OK) {
        free(call);
        free(answer);
        aws_query_fini(body);
        return status;
    }
    struct duration deadline =
        order->deadline.ms > 0 ? order->deadline : duration_ms(DEADLINE_DEFAULT_MS);
    *call = (struct aws_pending){.aws = aws,
                                 .operation = operation,
                                 .order = *order,
                                 .done = done,
                                 .dry_run = dry_run,
                                 .body = *body,
                                 .answer = answer,
                                 .deadline = boot_add(sys_now().boot, deadline)};
    *body = (struct aws_query){0};
    status = enqueue(aws, call);
    if (status != STATUS_OK) {
        release(call);
        return status;
    }
    aws_http_wake(aws->http);
    return STATUS_OK;
}

const char *aws_region(const struct aws *aws) { return aws->region; }

int aws_retry_tokens(struct aws *aws, enum aws_service service) {
    return atomic_load(&aws->services[service].quota_shown);
}

int64_t aws_clock_skew_ms(struct aws *aws, enum aws_service service) {
    return atomic_load(&aws->services[service].skew_ms);
}
