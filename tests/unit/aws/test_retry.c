/* Retry decisions (aws-facts 2.4, SAFETY R2, R21, F17, F18) without a clock. */
#include "aggregator/aws/retry.h"
#include "tests/support/unit.h"

#define HALF 0.5

static struct aws_attempt answered(enum aws_idempotency idempotency, int http, const char *code) {
    return (struct aws_attempt){.idempotency = idempotency,
                                .transport = AWS_TRANSPORT_ANSWERED,
                                .http = http,
                                .error = aws_error_judge(code, http)};
}

static struct aws_attempt success(enum aws_idempotency idempotency) {
    return (struct aws_attempt){.idempotency = idempotency,
                                .transport = AWS_TRANSPORT_ANSWERED,
                                .http = 200,
                                .decoded = true};
}

static struct aws_attempt wire(enum aws_idempotency idempotency, enum aws_transport transport,
                               bool timed_out) {
    return (struct aws_attempt){
        .idempotency = idempotency, .transport = transport, .timed_out = timed_out};
}

static struct aws_decision decide_first(struct aws_attempt attempt) {
    struct aws_retry_use use = {.attempts = 1};
    struct aws_retry_quota quota = aws_retry_quota_full();
    return aws_retry_decide(&attempt, &use, &quota, HALF);
}

static void done_with(struct aws_attempt attempt, const char *status) {
    struct aws_decision decision = decide_first(attempt);
    assert_int_equal(decision.verdict, AWS_VERDICT_DONE);
    assert_string_equal(status_name(decision.status), status);
}

static void again_after(struct aws_attempt attempt, int64_t delay_ms) {
    struct aws_decision decision = decide_first(attempt);
    assert_int_equal(decision.verdict, AWS_VERDICT_AGAIN);
    assert_int_equal(decision.delay.ms, delay_ms);
}

TEST(success_is_done) {
    (void)state;
    done_with(success(AWS_READ), "ok");
    done_with(success(AWS_LOOK_FIRST), "ok");
}

TEST(reads_are_sent_again_after_throttling_faults_and_lost_answers) {
    (void)state;
    again_after(answered(AWS_READ, 503, "RequestLimitExceeded"), 500);
    again_after(answered(AWS_READ, 500, "InternalError"), 500);
    again_after(answered(AWS_READ, 502, ""), 500);
    again_after(wire(AWS_READ, AWS_TRANSPORT_NOT_SENT, false), 500);
    again_after(wire(AWS_READ, AWS_TRANSPORT_LOST, true), 500);
    again_after(wire(AWS_IDEMPOTENT, AWS_TRANSPORT_LOST, true), 500);
}

TEST(final_errors_are_not_sent_again) {
    (void)state;
    done_with(answered(AWS_READ, 400, "InvalidParameterValue"), "malformed");
    done_with(answered(AWS_READ, 403, "UnauthorizedOperation"), "denied");
    done_with(answered(AWS_LOOK_FIRST, 400, "IncorrectInstanceState"), "refused");
    done_with(wire(AWS_READ, AWS_TRANSPORT_TOO_LARGE, false), "too_large");
}

TEST(a_call_that_may_not_be_repeated_ends_unknown_once_it_may_have_worked) {
    (void)state;
    done_with(wire(AWS_LOOK_FIRST, AWS_TRANSPORT_LOST, true), "unknown_outcome");
    done_with(wire(AWS_LOOK_FIRST, AWS_TRANSPORT_LOST, false), "unknown_outcome");
    done_with(wire(AWS_LOOK_FIRST, AWS_TRANSPORT_TOO_LARGE, false), "unknown_outcome");
    done_with(answered(AWS_LOOK_FIRST, 500, "InternalError"), "unknown_outcome");
    done_with(answered(AWS_LOOK_FIRST, 503, ""), "unknown_outcome");
    struct aws_attempt garbled = success(AWS_LOOK_FIRST);
    garbled.decoded = false;
    garbled.decode_status = STATUS_MALFORMED;
    done_with(garbled, "unknown_outcome");
}

TEST(a_call_that_may_not_be_repeated_is_sent_again_when_it_surely_did_not_work) {
    (void)state;
    again_after(wire(AWS_LOOK_FIRST, AWS_TRANSPORT_NOT_SENT, false), 500);
    again_after(answered(AWS_LOOK_FIRST, 503, "RequestLimitExceeded"), 500);
    struct aws_attempt skewed = answered(AWS_LOOK_FIRST, 403, "SignatureDoesNotMatch");
    skewed.skew_learnt = true;
    again_after(skewed, 0);
}

TEST(what_was_not_sent_is_unreachable_even_after_a_time_out) {
    (void)state;
    struct aws_retry_quota empty = {0};
    struct aws_retry_use use = {.attempts = 1};
    struct aws_attempt attempt = wire(AWS_LOOK_FIRST, AWS_TRANSPORT_NOT_SENT, true);
    struct aws_decision decision = aws_retry_decide(&attempt, &use, &empty, HALF);
    assert_int_equal(decision.verdict, AWS_VERDICT_DONE);
    assert_string_equal(status_name(decision.status), "unreachable");
}

TEST(three_attempts_are_the_most) {
    (void)state;
    struct aws_attempt attempt = answered(AWS_READ, 500, "InternalError");
    struct aws_retry_use use = {0};
    struct aws_retry_quota quota = aws_retry_quota_full();
    for (unsigned i = 1; i < AWS_ATTEMPTS_MAX; i++) {
        use.attempts++;
        assert_int_equal(aws_retry_decide(&attempt, &use, &quota, HALF).verdict, AWS_VERDICT_AGAIN);
    }
    use.attempts++;
    struct aws_decision decision = aws_retry_decide(&attempt, &use, &quota, HALF);
    assert_int_equal(decision.verdict, AWS_VERDICT_DONE);
    assert_string_equal(status_name(decision.status), "unavailable");
}

TEST(retries_cost_tokens_and_success_gives_them_back) {
    (void)state;
    struct aws_retry_quota quota = aws_retry_quota_full();
    struct aws_retry_use use = {.attempts = 1};
    struct aws_attempt fault = answered(AWS_READ, 500, "InternalError");
    struct aws_attempt timeout = wire(AWS_READ, AWS_TRANSPORT_LOST, true);
    struct aws_attempt good = success(AWS_READ);
    (void)aws_retry_decide(&fault, &use, &quota, HALF);
    assert_int_equal(quota.tokens, 495);
    use.attempts = 2;
    (void)aws_retry_decide(&timeout, &use, &quota, HALF);
    assert_int_equal(quota.tokens, 485);
    use.attempts = 3;
    (void)aws_retry_decide(&good, &use, &quota, HALF);
    assert_int_equal(quota.tokens, 500);
    quota.tokens = 490;
    use = (struct aws_retry_use){.attempts = 1};
    (void)aws_retry_decide(&good, &use, &quota, HALF);
    assert_int_equal(quota.tokens, 491);
}

TEST(an_empty_quota_ends_retries) {
    (void)state;
    struct aws_retry_quota quota = {4};
    struct aws_retry_use use = {.attempts = 1};
    struct aws_attempt fault = answered(AWS_READ, 500, "InternalError");
    assert_int_equal(aws_retry_decide(&fault, &use, &quota, HALF).verdict, AWS_VERDICT_DONE);
    assert_int_equal(quota.tokens, 4);
    quota.tokens = 9;
    struct aws_attempt timeout = wire(AWS_READ, AWS_TRANSPORT_LOST, true);
    assert_int_equal(aws_retry_decide(&timeout, &use, &quota, HALF).verdict, AWS_VERDICT_DONE);
}

TEST(an_hour_of_throttling_uses_at_most_the_quota) {
    (void)state;
    struct aws_retry_quota quota = aws_retry_quota_full();
    struct aws_attempt throttled = answered(AWS_READ, 503, "RequestLimitExceeded");
    unsigned sent = 0;
    for (unsigned call = 0; call < 1000; call++) {
        struct aws_retry_use use = {0};
        do {
            use.attempts++;
            sent++;
        } while (aws_retry_decide(&throttled, &use, &quota, HALF).verdict == AWS_VERDICT_AGAIN);
    }
    assert_int_equal(quota.tokens, 0);
    assert_int_equal(sent, 1000 + AWS_RETRY_TOKENS / AWS_RETRY_COST);
}

TEST(clock_and_credentials_are_corrected_once) {
    (void)state;
    struct aws_retry_quota quota = aws_retry_quota_full();
    struct aws_retry_use use = {.attempts = 1};
    struct aws_attempt skewed = answered(AWS_READ, 400, "RequestExpired");
    skewed.skew_learnt = true;
    struct aws_decision decision = aws_retry_decide(&skewed, &use, &quota, HALF);
    assert_int_equal(decision.verdict, AWS_VERDICT_AGAIN);
    assert_int_equal(decision.delay.ms, 0);
    use.attempts = 2;
    decision = aws_retry_decide(&skewed, &use, &quota, HALF);
    assert_int_equal(decision.verdict, AWS_VERDICT_DONE);
    assert_string_equal(status_name(decision.status), "expired");
    struct aws_attempt expired = answered(AWS_READ, 400, "ExpiredToken");
    done_with(expired, "expired");
    expired.refreshed = true;
    again_after(expired, 0);
}

TEST(a_wrong_signature_with_a_right_clock_is_final) {
    (void)state;
    done_with(answered(AWS_READ, 403, "SignatureDoesNotMatch"), "denied");
}

TEST(an_unreadable_success_is_read_again_then_malformed) {
    (void)state;
    struct aws_attempt garbled = success(AWS_READ);
    garbled.decoded = false;
    garbled.decode_status = STATUS_MALFORMED;
    again_after(garbled, 500);
    garbled.decode_status = STATUS_TOO_LARGE;
    done_with(garbled, "too_large");
}

TEST(delays_double_with_full_jitter_up_to_twenty_seconds) {
    (void)state;
    assert_int_equal(aws_retry_delay(1, 0.0, 0).ms, 0);
    assert_int_equal(aws_retry_delay(1, 0.999, 0).ms, 999);
    assert_int_equal(aws_retry_delay(2, 0.5, 0).ms, 1000);
    assert_int_equal(aws_retry_delay(5, 0.5, 0).ms, 8000);
    assert_int_equal(aws_retry_delay(6, 0.5, 0).ms, 10000);
    assert_int_equal(aws_retry_delay(4000000000U, 0.5, 0).ms, 10000);
}

TEST(the_servers_wish_adds_at_most_five_seconds) {
    (void)state;
    assert_int_equal(aws_retry_delay(1, 0.5, 2000).ms, 2000);
    assert_int_equal(aws_retry_delay(1, 0.5, 60000).ms, 5500);
    assert_int_equal(aws_retry_delay(3, 0.5, 1000).ms, 2000);
}

TEST(the_rate_bucket_never_lets_more_through_than_it_fills) {
    (void)state;
    struct aws_rate_bucket bucket = aws_rate_bucket_full(3, 2);
    struct duration wait;
    unsigned taken = 0;
    for (int64_t ms = 1; ms <= 10000; ms += 10)
        if (aws_rate_take(&bucket, (struct boot_time){ms}, &wait)) taken++;
    assert_in_range(taken, 22, 23); /* 3 at once and 2 a second for 10 s */
    struct boot_time now = {10000};
    while (aws_rate_take(&bucket, now, &wait)) {
    }
    assert_in_range(wait.ms, 1, 501);
    assert_true(aws_rate_take(&bucket, boot_add(now, wait), &wait));
}
