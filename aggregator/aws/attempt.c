/* One request of one call: credentials, signature, sending, and the judgement of what came back.
 * Runs in the aws thread. */
#include <string.h>

#include <openssl/crypto.h>

#include "aggregator/aws/client.h"
#include "common/base/text.h"
#include "common/sys/clock.h"

#define REREAD_SOON_MS                                                                             \
    30000                     /* how often credentials are looked for again: while they still hold \
                               */
#define REREAD_URGENT_MS 5000 /* when they are missing or about to end */
#define HEADER_LINE_SIZE (AWS_TOKEN_SIZE + 64)

static const struct aws_call_row *row_of(const struct aws_pending *call) {
    return aws_call_row(call->operation->call);
}

static struct aws_service_state *service_of(struct aws *aws, const struct aws_pending *call) {
    return &aws->services[row_of(call)->service];
}

/* Reads the sources again. True when other credentials than before were found. */
static bool reread_credentials(struct aws *aws, struct boot_time now, enum status *status_out) {
    struct aws_credentials found;
    aws->credentials_read_at = now;
    *status_out = aws_credentials_load(&aws->options.environment, aws->profile, &found);
    if (*status_out != STATUS_OK) return false;
    bool changed = !aws->have_credentials || !aws_credentials_equal(&found, &aws->credentials);
    aws_credentials_wipe(&aws->credentials);
    aws->credentials = found;
    aws->have_credentials = true;
    aws_credentials_wipe(&found);
    if (!changed) return false;
    for (size_t i = 0; i < AWS_SERVICE_COUNT; i++) aws->services[i].key_valid = false;
    return true;
}

static bool read_within(const struct aws *aws, struct boot_time now, int64_t span_ms) {
    return aws->credentials_read_at.ms != 0 &&
           boot_since(now, aws->credentials_read_at).ms < span_ms;
}

/* Leaves usable credentials in aws->credentials, or says why there are none. */
static enum status ensure_credentials(struct aws *aws, struct now now) {
    /* A failed read is tolerated while there are credentials: they are judged below. */
    enum aws_refresh need = AWS_REFRESH_EXPIRED;
    if (aws->have_credentials) need = aws_refresh_need(&aws->credentials, now.wall);
    int64_t pause_ms = need == AWS_REFRESH_SOON ? REREAD_SOON_MS : REREAD_URGENT_MS;
    if (need != AWS_REFRESH_NOT_NEEDED && !read_within(aws, now.boot, pause_ms))
        (void)reread_credentials(aws, now.boot, &aws->credentials_status);
    if (!aws->have_credentials) return STATUS_DENIED;
    need = aws_refresh_need(&aws->credentials, now.wall);
    return need == AWS_REFRESH_EXPIRED ? STATUS_EXPIRED : STATUS_OK;
}

static void set_local_error(struct aws_pending *call, const char *code, const char *message) {
    call->result.http = 0;
    aws_copy_cut(call->result.code, sizeof call->result.code, code);
    aws_copy_cut(call->result.message, sizeof call->result.message, message);
    call->result.request_id[0] = '\0';
}

/* Says where they were looked for, and what the last look came to. */
static void no_credentials(struct aws_pending *call, enum status status, enum status looked) {
    char message[AWS_MESSAGE_SIZE];
    struct text text = text_over(message, sizeof message);
    text_add(&text, status == STATUS_EXPIRED ? "credentials expired, none newer"
                                             : "no usable credentials");
    text_add(&text,
             " in AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY or the shared credentials file: ");
    text_add(&text, status_text(looked));
    set_local_error(call, status == STATUS_EXPIRED ? "ExpiredCredentials" : "NoCredentials",
                    message);
}

/* The headers that are signed, and the same as lines for the transport. */
struct head {
    struct aws_sigv4_header signed_headers[5];
    size_t count;
    char content_type[64], target[128], date[CLOCK_RFC3339_SIZE];
    char lines[6][HEADER_LINE_SIZE];
};

static void add_head(struct head *head, const char *name, const char *value) {
    ASSERT(head->count < ARRAY_LENGTH(head->signed_headers));
    head->signed_headers[head->count++] = (struct aws_sigv4_header){name, value};
}

static void form_head(struct head *head, const struct aws *aws, const struct aws_call_row *row,
                      const struct aws_endpoint *endpoint, struct wall_time signed_at) {
    const struct aws_service_row *service = aws_service_row(row->service);
    struct text type = text_over(head->content_type, sizeof head->content_type);
    bool json = service->protocol == AWS_PROTOCOL_JSON;
    text_add(&type,
             json ? "application/x-amz-json-" : "application/x-www-form-urlencoded; charset=utf-8");
    if (json) text_add(&type, service->version);
    struct text target = text_over(head->target, sizeof head->target);
    text_add(&target, service->target_prefix);
    text_add_character(&target, '.');
    text_add(&target, row->operation);
    add_head(head, "Content-Type", head->content_type);
    add_head(head, "Host", endpoint->host);
    add_head(head, "X-Amz-Date", wall_format_basic(signed_at, head->date));
    if (aws->credentials.session_token[0] != '\0')
        add_head(head, "X-Amz-Security-Token", aws->credentials.session_token);
    if (json) add_head(head, "X-Amz-Target", head->target);
}

/* The day's key, derived once a day and service. */
static enum status key_of(struct aws *aws, struct aws_service_state *state, const char *service,
                          const char *date) {
    if (state->key_valid && strncmp(state->key.scope, date, 8) == 0) return STATUS_OK;
    enum status status =
        aws_sigv4_derive(aws->credentials.secret, date, aws->region, service, &state->key);
    state->key_valid = status == STATUS_OK;
    return status;
}

static enum status form_line(struct head *head, size_t at, const char *name, const char *value) {
    struct text text = text_over(head->lines[at], HEADER_LINE_SIZE);
    text_add(&text, name);
    text_add(&text, ": ");
    text_add(&text, value);
    return text.truncated ? STATUS_TOO_LARGE : STATUS_OK;
}

static enum status sign(struct aws *aws, const struct aws_call_row *row, struct head *head,
                        const struct aws_query *body) {
    struct aws_service_state *state = &aws->services[row->service];
    const char *service = aws_service_row(row->service)->name;
    enum status status = key_of(aws, state, service, head->date);
    if (status != STATUS_OK) return status;
    const struct aws_sigv4_request request = {.method = "POST",
                                              .path = "/",
                                              .query = "",
                                              .headers = head->signed_headers,
                                              .header_count = head->count,
                                              .body = body->bytes,
                                              .body_length = body->length};
    struct aws_sigv4_signature signature;
    status =
        aws_sigv4_sign(&request, head->date, aws->credentials.access_key, &state->key, &signature);
    for (size_t i = 0; i < head->count && status == STATUS_OK; i++)
        status = form_line(head, i, head->signed_headers[i].name, head->signed_headers[i].value);
    if (status == STATUS_OK)
        status = form_line(head, head->count, "Authorization", signature.authorization);
    return status;
}

static const struct aws_query *body_of(const struct aws_pending *call) {
    return call->pages > 0 ? &call->page_body : &call->body;
}

static struct duration timeout_of(const struct aws *aws, const struct aws_pending *call,
                                  struct boot_time now) {
    struct duration left = boot_since(call->deadline, now);
    struct duration longest = aws->options.attempt_timeout;
    if (left.ms > longest.ms) left = longest;
    return left.ms < 1 ? duration_ms(1) : left;
}

static void on_answer(void *context, const struct aws_http_answer *answer);
static void observe(const struct aws *aws, const struct aws_pending *call, struct now now,
                    enum status status, bool again);

static enum status send(struct aws *aws, struct aws_pending *call, struct head *head,
                        struct boot_time now) {
    const char *lines[ARRAY_LENGTH(head->lines)];
    for (size_t i = 0; i <= head->count; i++) lines[i] = head->lines[i];
    const struct aws_http_request request = {.endpoint = &service_of(aws, call)->endpoint,
                                             .headers = lines,
                                             .header_count = head->count + 1,
                                             .body = body_of(call)->bytes,
                                             .body_length = body_of(call)->length,
                                             .timeout = timeout_of(aws, call, now),
                                             .fresh_connection =
                                                 row_of(call)->idempotency == AWS_LOOK_FIRST};
    return aws_http_start(aws->http, &request, on_answer, call, &call->transfer);
}

enum status aws_attempt_start(struct aws *aws, struct aws_pending *call, struct now now) {
    struct aws_service_state *state = service_of(aws, call);
    call->started_at = now.boot;
    enum status status = ensure_credentials(aws, now);
    if (status != STATUS_OK) {
        no_credentials(call, status, aws->credentials_status);
        observe(aws, call, now, status, false);
        return status;
    }
    struct wall_time signed_at = {now.wall.ms + atomic_load(&state->skew_ms)};
    struct head head = {0};
    form_head(&head, aws, row_of(call), &state->endpoint, signed_at);
    status = sign(aws, row_of(call), &head, body_of(call));
    if (status == STATUS_OK) status = send(aws, call, &head, now.boot);
    OPENSSL_cleanse(&head, sizeof head);
    if (status != STATUS_OK) {
        set_local_error(call, "NotSent", status_text(status));
        observe(aws, call, now, status, false);
        return status;
    }
    return STATUS_OK;
}

/* Learns the clock's error from the answer to a request that was refused for its time or signature.
 */
static bool learn_skew(struct aws_service_state *state, const struct aws_http_answer *answer,
                       struct wall_time now) {
    if (answer->date.ms == 0) return false;
    int64_t skew_ms = wall_since(answer->date, now).ms;
    int64_t change_ms = skew_ms - atomic_load(&state->skew_ms);
    if (change_ms < AWS_SKEW_MIN_MS && change_ms > -AWS_SKEW_MIN_MS) return false;
    atomic_store(&state->skew_ms, skew_ms);
    return true;
}

static bool is_success(int http) { return http >= 200 && http <= 299; }

/* A 2xx answer: one page into the call's answer, its token into `token`. */
static void judge_success(struct aws_pending *call, const struct aws_http_answer *answer,
                          struct aws_attempt *attempt, char *token) {
    attempt->decode_status =
        call->operation->decode(answer->body, answer->body_length, call->answer, token);
    attempt->decoded = attempt->decode_status == STATUS_OK;
    struct aws_result *result = &call->result;
    if (!attempt->decoded)
        aws_copy_cut(result->message, sizeof result->message, "answer could not be read");
}

static void judge_error(struct aws *aws, struct aws_pending *call,
                        const struct aws_http_answer *answer, struct now now,
                        struct aws_attempt *attempt) {
    struct aws_service_state *state = service_of(aws, call);
    struct aws_result *result = &call->result;
    struct aws_error error;
    const char *type = answer->error_type[0] != '\0' ? answer->error_type : NULL;
    enum aws_protocol protocol = aws_service_row(row_of(call)->service)->protocol;
    /* An unreadable body leaves the code empty, and the HTTP status decides. */
    bool readable =
        aws_error_parse(protocol, answer->body, answer->body_length, type, &error) == STATUS_OK;
    attempt->error = aws_error_judge(error.code, answer->http);
    if (call->dry_run && strcmp(error.code, "DryRunOperation") == 0)
        attempt->error = (struct aws_judgement){STATUS_OK, AWS_ERROR_FINAL};
    memcpy(result->code, error.code, sizeof result->code);
    memcpy(result->message, error.message, sizeof result->message);
    if (!readable) aws_copy_cut(result->message, sizeof result->message, "answer is no AWS error");
    if (error.request_id[0] != '\0')
        memcpy(result->request_id, error.request_id, sizeof result->request_id);
    if (attempt->error.kind == AWS_ERROR_SKEW)
        attempt->skew_learnt = learn_skew(state, answer, now.wall);
    enum status ignored;
    if (attempt->error.kind == AWS_ERROR_SKEW || attempt->error.kind == AWS_ERROR_EXPIRED)
        attempt->refreshed = reread_credentials(aws, now.boot, &ignored);
}

static struct aws_attempt judge(struct aws *aws, struct aws_pending *call,
                                const struct aws_http_answer *answer, struct now now, char *token) {
    struct aws_attempt attempt = {.idempotency = row_of(call)->idempotency,
                                  .transport = answer->transport,
                                  .timed_out = answer->timed_out,
                                  .http = answer->http,
                                  .retry_after_ms = answer->retry_after_ms};
    struct aws_result *result = &call->result;
    *result = (struct aws_result){
        .http = answer->http, .date = answer->date, .attempts = result->attempts + 1};
    memcpy(result->request_id, answer->request_id, sizeof result->request_id);
    if (answer->transport != AWS_TRANSPORT_ANSWERED)
        aws_copy_cut(result->message, sizeof result->message, answer->failure);
    else if (is_success(answer->http))
        judge_success(call, answer, &attempt, token);
    else
        judge_error(aws, call, answer, now, &attempt);
    return attempt;
}

static void observe(const struct aws *aws, const struct aws_pending *call, struct now now,
                    enum status status, bool again) {
    if (aws->options.observer == NULL) return;
    const struct aws_observation observation = {.call = call->operation->call,
                                                .operation = row_of(call)->operation,
                                                .lane = call->order.lane,
                                                .attempt = call->result.attempts,
                                                .http = call->result.http,
                                                .code = call->result.code,
                                                .message = call->result.message,
                                                .request_id = call->result.request_id,
                                                .date = call->result.date,
                                                .took = boot_since(now.boot, call->started_at),
                                                .status = status,
                                                .again = again};
    aws->options.observer(aws->options.observer_context, &observation);
}

/* A page is in: is there another, and may it be read? STATUS_AGAIN when so. */
static enum status next_page(struct aws_pending *call, const char *token) {
    call->pages++;
    if (token[0] == '\0') return STATUS_OK;
    if (call->pages >= AWS_PAGES_MAX) return STATUS_TOO_LARGE;
    if (strcmp(token, call->token) == 0) return STATUS_MALFORMED; /* would go round for ever */
    enum status status = text_copy(call->token, sizeof call->token, token);
    if (status != STATUS_OK) return status;
    aws_query_fini(&call->page_body);
    const struct aws_call_row *row = row_of(call);
    status = aws_page_body(aws_service_row(row->service)->protocol, call->body.bytes,
                           call->body.length, row->token_field, token, &call->page_body);
    if (status != STATUS_OK) return status;
    call->use = (struct aws_retry_use){0};
    return STATUS_AGAIN;
}

static void on_answer(void *context, const struct aws_http_answer *answer) {
    struct aws_pending *call = context;
    struct aws *aws = call->aws;
    struct aws_service_state *state = service_of(aws, call);
    struct now now = sys_now();
    char token[AWS_PAGE_TOKEN_SIZE] = "";
    call->transfer = NULL;
    call->use.attempts++;
    struct aws_attempt attempt = judge(aws, call, answer, now, token);
    struct aws_decision decision =
        aws_retry_decide(&attempt, &call->use, &state->quota, prng_unit(&aws->prng));
    atomic_store(&state->quota_shown, state->quota.tokens);
    struct boot_time at = boot_add(now.boot, decision.delay);
    if (attempt.error.kind == AWS_ERROR_THROTTLED)
        state->slow_until = boot_add(now.boot, aws_retry_delay(call->use.attempts, 1.0, 0));
    bool again = decision.verdict == AWS_VERDICT_AGAIN && at.ms < call->deadline.ms;
    enum status status = decision.status;
    if (status == STATUS_OK && attempt.decoded) {
        status = next_page(call, token);
        again = status == STATUS_AGAIN;
    }
    observe(aws, call, now, status, again);
    if (again)
        aws_call_again(call, at);
    else
        aws_call_finish(call, status);
}
