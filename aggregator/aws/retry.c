/* The retry decisions as straight code over the facts of one attempt. Pure; any thread. */
#include "aggregator/aws/retry.h"

struct aws_retry_quota aws_retry_quota_full(void) {
    return (struct aws_retry_quota){AWS_RETRY_TOKENS};
}

/* What the attempt comes to if nothing more is done. */
static enum status final_status(const struct aws_attempt *attempt) {
    switch (attempt->transport) {
    case AWS_TRANSPORT_ANSWERED:
        if (attempt->http < 200 || attempt->http > 299) return attempt->error.status;
        return attempt->decoded ? STATUS_OK : attempt->decode_status;
    case AWS_TRANSPORT_NOT_SENT: return STATUS_UNREACHABLE; /* also in time-outs: nothing left */
    case AWS_TRANSPORT_LOST: return attempt->timed_out ? STATUS_TIMEOUT : STATUS_CLOSED;
    case AWS_TRANSPORT_TOO_LARGE: return STATUS_TOO_LARGE;
    }
    return STATUS_INTERNAL;
}

static bool answered_ok(const struct aws_attempt *attempt) {
    return attempt->transport == AWS_TRANSPORT_ANSWERED && attempt->http >= 200 &&
           attempt->http <= 299;
}

/* May AWS have carried the request out although it did not say so? */
static bool outcome_unknown(const struct aws_attempt *attempt) {
    switch (attempt->transport) {
    case AWS_TRANSPORT_NOT_SENT: return false;
    case AWS_TRANSPORT_LOST:
    case AWS_TRANSPORT_TOO_LARGE: return true;
    case AWS_TRANSPORT_ANSWERED: break;
    }
    if (answered_ok(attempt)) return !attempt->decoded;
    return attempt->error.kind == AWS_ERROR_TRANSIENT;
}

/* Is it worth sending again, if that is harmless? */
static bool worth_retrying(const struct aws_attempt *attempt) {
    switch (attempt->transport) {
    case AWS_TRANSPORT_NOT_SENT:
    case AWS_TRANSPORT_LOST: return true;
    case AWS_TRANSPORT_TOO_LARGE: return false;
    case AWS_TRANSPORT_ANSWERED: break;
    }
    if (answered_ok(attempt)) return attempt->decode_status == STATUS_MALFORMED;
    return attempt->error.kind == AWS_ERROR_THROTTLED || attempt->error.kind == AWS_ERROR_TRANSIENT;
}

/* Clock and credentials are corrected once a request, without a delay. */
static bool correctable(const struct aws_attempt *attempt, const struct aws_retry_use *use) {
    if (attempt->transport != AWS_TRANSPORT_ANSWERED || answered_ok(attempt) || use->corrected)
        return false;
    if (attempt->error.kind == AWS_ERROR_SKEW) return attempt->skew_learnt || attempt->refreshed;
    return attempt->error.kind == AWS_ERROR_EXPIRED && attempt->refreshed;
}

static void book_success(struct aws_retry_use *use, struct aws_retry_quota *quota) {
    quota->tokens += use->tokens_taken > 0 ? use->tokens_taken : AWS_RETRY_GAIN;
    if (quota->tokens > AWS_RETRY_TOKENS) quota->tokens = AWS_RETRY_TOKENS;
    use->tokens_taken = 0;
}

static bool take_tokens(const struct aws_attempt *attempt, struct aws_retry_use *use,
                        struct aws_retry_quota *quota) {
    int cost = attempt->timed_out ? AWS_RETRY_COST_TIMEOUT : AWS_RETRY_COST;
    if (quota->tokens < cost) return false;
    quota->tokens -= cost;
    use->tokens_taken += cost;
    return true;
}

struct duration aws_retry_delay(unsigned retry, double random, int64_t retry_after_ms) {
    int64_t ceiling_ms = AWS_BACKOFF_CAP_MS;
    if (retry >= 1 && retry <= 5)
        ceiling_ms = INT64_C(1000) << (retry - 1); /* 2^5 s is past 20 s */
    if (ceiling_ms > AWS_BACKOFF_CAP_MS) ceiling_ms = AWS_BACKOFF_CAP_MS;
    int64_t delay_ms = (int64_t)(random * (double)ceiling_ms);
    int64_t highest_ms = delay_ms + AWS_RETRY_AFTER_EXTRA_MS;
    if (retry_after_ms > delay_ms)
        delay_ms = retry_after_ms < highest_ms ? retry_after_ms : highest_ms;
    return duration_ms(delay_ms);
}

struct aws_decision aws_retry_decide(const struct aws_attempt *attempt, struct aws_retry_use *use,
                                     struct aws_retry_quota *quota, double random) {
    struct aws_decision decision = {AWS_VERDICT_DONE, final_status(attempt), duration_ms(0)};
    if (decision.status == STATUS_OK) {
        book_success(use, quota);
        return decision;
    }
    if (attempt->idempotency == AWS_LOOK_FIRST && outcome_unknown(attempt)) {
        decision.status = STATUS_UNKNOWN_OUTCOME;
        return decision;
    }
    if (correctable(attempt, use)) {
        use->corrected = true;
        decision.verdict = AWS_VERDICT_AGAIN;
        return decision;
    }
    if (!worth_retrying(attempt) || use->attempts >= AWS_ATTEMPTS_MAX) return decision;
    if (!take_tokens(attempt, use, quota)) return decision;
    decision.verdict = AWS_VERDICT_AGAIN;
    decision.delay = aws_retry_delay(use->attempts, random, attempt->retry_after_ms);
    return decision;
}

struct aws_rate_bucket aws_rate_bucket_full(double burst, double per_second) {
    return (struct aws_rate_bucket){burst, burst, per_second, {0}};
}

bool aws_rate_take(struct aws_rate_bucket *bucket, struct boot_time now,
                   struct duration *wait_out) {
    int64_t passed_ms = boot_since(now, bucket->filled_at).ms;
    if (passed_ms > 0) {
        bucket->tokens += (double)passed_ms / 1000.0 * bucket->per_second;
        if (bucket->tokens > bucket->burst) bucket->tokens = bucket->burst;
        bucket->filled_at = now;
    }
    if (bucket->tokens >= 1.0) {
        bucket->tokens -= 1.0;
        *wait_out = duration_ms(0);
        return true;
    }
    *wait_out = duration_ms((int64_t)((1.0 - bucket->tokens) / bucket->per_second * 1000.0) + 1);
    return false;
}
