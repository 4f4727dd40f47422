/* The state of the running edge, shared by aws.c (queues, thread) and attempt.c (one request).
 * Private to this folder. Everything belongs to the aws thread but what `lock` guards. */
#ifndef EAR_AGGREGATOR_AWS_CLIENT_H
#define EAR_AGGREGATOR_AWS_CLIENT_H

#include <pthread.h>
#include <stdatomic.h>

#include "aggregator/aws/http.h"
#include "aggregator/aws/operation.h"
#include "aggregator/aws/sigv4.h"
#include "common/base/prng.h"
#include "common/sys/thread.h"

/* What the edge learns about one service in its region. */
struct aws_service_state {
    struct aws_endpoint endpoint;
    _Atomic int64_t skew_ms; /* add to our wall clock for signatures; read by any thread */
    struct aws_sigv4_key key;
    bool key_valid; /* `key` was derived from the credentials in use; its scope names the day */
    struct aws_retry_quota quota;
    _Atomic int quota_shown; /* copy of quota.tokens for other threads */
    struct aws_rate_bucket rates[AWS_RATE_COUNT];
    struct boot_time slow_until; /* throttled: nothing but recovery starts before */
};

/* One accepted call, from aws_submit() to its call back. */
struct aws_pending {
    struct aws_pending *next;
    struct aws *aws;
    const struct aws_operation *operation;
    struct aws_order order;
    aws_done *done;
    bool dry_run;
    struct aws_query body;      /* as the typed call encoded it */
    struct aws_query page_body; /* with the token; empty on the first page */
    char token[AWS_PAGE_TOKEN_SIZE];
    unsigned pages; /* read so far */
    void *answer;   /* grows by a page at a time */
    struct boot_time deadline;
    struct boot_time start_at;   /* next attempt not before */
    struct boot_time started_at; /* of the attempt in flight */
    struct aws_retry_use use;
    struct aws_transfer *transfer; /* NULL when nothing is on the wire */
    struct aws_result result;      /* as of the last attempt */
};

struct aws_list {
    struct aws_pending *first, *last;
};

struct aws {
    struct aws_options options; /* its strings are the copies below or NULL */
    char region[AWS_REGION_SIZE];
    char profile[256];
    struct aws_http *http;
    struct thread thread;
    struct aws_service_state services[AWS_SERVICE_COUNT];
    struct aws_credentials credentials;
    bool have_credentials;
    struct boot_time credentials_read_at;
    enum status credentials_status; /* of that look */
    struct prng prng;
    struct aws_list waiting[AWS_LANE_COUNT];
    struct aws_list active;
    size_t in_flight;

    pthread_mutex_t lock;     /* guards the three below */
    struct aws_list incoming; /* submitted, not yet seen by the thread */
    size_t accepted;          /* submitted and not yet called back */
    bool stopping;
};

void aws_list_append(struct aws_list *list, struct aws_pending *call);
void aws_list_remove(struct aws_list *list, struct aws_pending *call);

/* attempt.c: sends the call's next request. Otherwise than STATUS_OK nothing was sent, and
 * call->result says why. */
enum status aws_attempt_start(struct aws *aws, struct aws_pending *call, struct now now) MUST_USE;
/* aws.c: what attempt.c does with a call whose request has ended. */
void aws_call_again(struct aws_pending *call, struct boot_time at);
void aws_call_finish(struct aws_pending *call, enum status status);

#endif
