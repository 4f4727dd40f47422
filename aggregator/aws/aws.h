/* The AWS edge: typed calls in, typed answers out, one thread between.
 *
 * A call copies its request and returns at once. The aws thread signs, sends, retries and reads all
 * pages; then it calls back. Call backs run in the aws thread: they may only copy and enqueue, and
 * must not call aws_destroy(). The typed calls are in ec2.h, ssm.h, sns.h and sts.h.
 *
 * Rules this edge keeps (SAFETY R2, R3, R21, F18):
 * - a call that may not be repeated is never sent twice; a lost answer is STATUS_UNKNOWN_OUTCOME;
 * - a read is whole or it failed: no page missing, none cut;
 * - calls of the recovery lane go first; each service's rate stays below a quarter of AWS's own. */
#ifndef EAR_AGGREGATOR_AWS_AWS_H
#define EAR_AGGREGATOR_AWS_AWS_H

#include "aggregator/aws/credentials.h"
#include "aggregator/aws/error.h"

#define AWS_CALLS_MAX          1024 /* calls accepted and not yet called back */
#define AWS_CALLS_RESERVED     128  /* of them, places only the recovery lane may use */
#define AWS_IN_FLIGHT_MAX      64   /* requests on the wire at once */
#define AWS_IN_FLIGHT_RESERVED 16   /* of them, for the recovery lane only */
#define AWS_PAGES_MAX          256  /* of one read */
#define AWS_PAGE_TOKEN_SIZE    4096 /* longest token of a next page, NUL included */

struct aws;

enum aws_lane {
    AWS_LANE_RECOVERY, /* what a running recovery waits for: first */
    AWS_LANE_READ,     /* status polls and inventory */
    AWS_LANE_COUNT
};

/* What every call has beside its request. */
struct aws_order {
    enum aws_lane lane;
    struct duration deadline; /* for the whole call with queueing, retries and pages; 0 = 60 s */
    void *context;            /* handed to the call back */
};

/* How a call ended. Of a call that may not be repeated these say that it surely did nothing:
 * STATUS_UNREACHABLE (no byte was sent), STATUS_AGAIN (the deadline passed before one could be),
 * STATUS_THROTTLED, STATUS_EXPIRED, STATUS_DENIED and AWS's other refusals; only
 * STATUS_UNKNOWN_OUTCOME leaves it open. */
struct aws_result {
    enum status status;
    int http;                       /* of the last attempt; 0 when no answer came */
    char code[AWS_CODE_SIZE];       /* AWS's error code; "" when there was none */
    char message[AWS_MESSAGE_SIZE]; /* AWS's text, or the transport's reason */
    char request_id[AWS_REQUEST_ID_SIZE];
    struct wall_time date; /* AWS's clock in the last answer; 0 = none */
    unsigned attempts;     /* requests sent or tried, over all pages */
};

/* One finished attempt, for the log. Holds no secret. Strings are borrowed for the call. */
struct aws_observation {
    enum aws_call call;
    const char *operation;
    enum aws_lane lane;
    unsigned attempt; /* counted over the whole call */
    int http;
    const char *code;
    const char *message;
    const char *request_id;
    struct wall_time date; /* AWS's clock in the answer; 0 = none */
    struct duration took;
    enum status status; /* what the call would end with if this were the last attempt */
    bool again;         /* another attempt or page follows */
};
typedef void aws_observer(void *context, const struct aws_observation *observation);

struct aws_options {
    const char *region;  /* NULL or "" = from the environment, else from the profile */
    const char *profile; /* chosen profile of the shared files; NULL or "" = as the SDKs choose */
    const char *ca_file; /* NULL = AWS_CA_BUNDLE, else the system's */
    /* Where AWS_* variables come from; a zero struct = the process's environment. */
    struct aws_environment environment;
    struct duration attempt_timeout; /* longest for one request; 0 = 15 s */
    double rate_scale;               /* factor on all self-imposed rates; 0 = 1 */
    aws_observer *observer;          /* called in the aws thread; NULL = none */
    void *observer_context;
};

/* Starts the edge: resolves region and endpoints, starts the thread. Everything in `options` is
 * copied but the environment's and the observer's contexts. Call before other threads of the
 * program use libcurl. STATUS_NOT_FOUND (no region), STATUS_MALFORMED (region or endpoint),
 * STATUS_DENIED (http to a host that is not loopback, or a configuration file that may not be
 * read), STATUS_NO_MEMORY, STATUS_FULL (no thread), or what reading the configuration file came to.
 * Missing credentials are not an error here: they may come later, and each call says so until then.
 */
enum status aws_create(const struct aws_options *options, struct aws **aws_out) MUST_USE;

/* Ends every outstanding call, then the thread. Their call backs get STATUS_CANCELLED, but
 * STATUS_UNKNOWN_OUTCOME for a call that may not be repeated and was being sent. NULL is fine. */
void aws_destroy(struct aws *aws);

/* The region in use; borrowed for the life of `aws`. */
const char *aws_region(const struct aws *aws);

/* Retry tokens left for a service, 0..500, and our clock's correction there in ms (for `status`).
 * Any thread. */
int aws_retry_tokens(struct aws *aws, enum aws_service service);
int64_t aws_clock_skew_ms(struct aws *aws, enum aws_service service);

#endif
