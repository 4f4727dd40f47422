/* Retry decisions: standard mode of the SDKs (aws-facts 2.4; SAFETY R21) as pure functions. The
 * numbers change only through arguments; no clock, no randomness of their own. */
#ifndef EAR_AGGREGATOR_AWS_RETRY_H
#define EAR_AGGREGATOR_AWS_RETRY_H

#include "aggregator/aws/error.h"
#include "common/base/clock.h"

#define AWS_ATTEMPTS_MAX         3   /* of one request, the first included (botocore standard.py) */
#define AWS_RETRY_TOKENS         500 /* quota of one service's retries */
#define AWS_RETRY_COST           5   /* tokens a retry takes */
#define AWS_RETRY_COST_TIMEOUT   10  /* after a time-out */
#define AWS_RETRY_GAIN           1   /* for a success without a retry */
#define AWS_BACKOFF_CAP_MS       20000  /* longest computed delay */
#define AWS_RETRY_AFTER_EXTRA_MS 5000   /* most the server may add to it */
#define AWS_SKEW_MIN_MS          240000 /* a clock is only wrong from 4 min on */

/* How an attempt ended on the wire. */
enum aws_transport {
    AWS_TRANSPORT_ANSWERED,  /* a whole HTTP answer came */
    AWS_TRANSPORT_NOT_SENT,  /* failed before a byte of the request left */
    AWS_TRANSPORT_LOST,      /* sent in part or whole, but no whole answer came */
    AWS_TRANSPORT_TOO_LARGE, /* sent; the answer was larger than we take */
};

/* One ended attempt, as facts. */
struct aws_attempt {
    enum aws_idempotency idempotency;
    enum aws_transport transport;
    bool timed_out;             /* the attempt's deadline passed */
    int http;                   /* 0 when none came */
    bool decoded;               /* a 2xx answer that could be read */
    enum status decode_status;  /* why not, if not */
    struct aws_judgement error; /* for other answers */
    bool skew_learnt;           /* the answer's Date shows our clock to be off, and it was stored */
    bool refreshed;             /* fresh credentials were found */
    int64_t retry_after_ms;     /* the server's wish; 0 = none */
};

/* What one request has used up. Zeroes at its start (each page is a request of its own). */
struct aws_retry_use {
    unsigned attempts; /* ended so far, this one included */
    int tokens_taken;
    bool corrected; /* clock or credentials have been corrected once */
};

/* Quota of one service and region, shared by all callers. */
struct aws_retry_quota {
    int tokens; /* 0..AWS_RETRY_TOKENS */
};

enum aws_verdict {
    AWS_VERDICT_DONE,  /* `status` is final; STATUS_OK is success */
    AWS_VERDICT_AGAIN, /* send again after `delay`; if that cannot be, `status` is final */
};

struct aws_decision {
    enum aws_verdict verdict;
    enum status status;
    struct duration delay;
};

struct aws_retry_quota aws_retry_quota_full(void);

/* Decides about an ended attempt and books what it costs.
 * use     use->attempts already counts this attempt
 * random  in [0, 1): full jitter
 * A LOOK_FIRST call is sent again only when the attempt was certainly not carried out: not sent,
 * throttled, or refused for clock or credentials. Otherwise it ends as STATUS_UNKNOWN_OUTCOME. */
struct aws_decision aws_retry_decide(const struct aws_attempt *attempt, struct aws_retry_use *use,
                                     struct aws_retry_quota *quota, double random);

/* The delay before retry n = 1, 2, ...: random * min(2^(n-1) s, 20 s), raised to the server's wish
 * by at most AWS_RETRY_AFTER_EXTRA_MS. */
struct duration aws_retry_delay(unsigned retry, double random, int64_t retry_after_ms);

/* Bucket that keeps our own rate below a quarter of AWS's. */
struct aws_rate_bucket {
    double tokens, burst, per_second;
    struct boot_time filled_at;
};

struct aws_rate_bucket aws_rate_bucket_full(double burst, double per_second);
/* Takes one token. True when there was one; else *wait_out is how long until there will be. */
bool aws_rate_take(struct aws_rate_bucket *bucket, struct boot_time now, struct duration *wait_out);

#endif
