/* The libcurl multi handle and its transfers. Owned by the aws thread; only aws_http_wake() is
 * called from others. Header lists are wiped before they are freed: they hold the session token. */
#include "aggregator/aws/http.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>
#include <openssl/crypto.h>

#include "common/base/text.h"

#define HEADER_BYTES_MAX (5U * 1024U) /* the longest is the session token's */
#define USER_AGENT       "ear/" EAR_VERSION

struct aws_http {
    CURLM *multi;
    const char *ca_file; /* owned copy or NULL */
    struct aws_transfer *first;
};

struct aws_transfer {
    struct aws_http *http;
    CURL *easy;
    struct curl_slist *headers;
    aws_http_done *done;
    void *context;
    struct aws_transfer *previous, *next;
    char *body;
    size_t length, capacity;
    bool too_large;
    struct aws_http_answer answer;
};

enum status aws_http_create(const char *ca_file, struct aws_http **http_out) {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return STATUS_INTERNAL;
    struct aws_http *http = calloc(1, sizeof *http);
    if (http == NULL) return STATUS_NO_MEMORY;
    http->multi = curl_multi_init();
    http->ca_file = ca_file != NULL ? strdup(ca_file) : NULL;
    if (http->multi == NULL || (ca_file != NULL && http->ca_file == NULL)) {
        aws_http_destroy(http);
        return STATUS_NO_MEMORY;
    }
    *http_out = http;
    return STATUS_OK;
}

static void wipe_headers(struct curl_slist *headers) {
    for (struct curl_slist *at = headers; at != NULL; at = at->next)
        OPENSSL_cleanse(at->data, strlen(at->data));
    curl_slist_free_all(headers);
}

static void release(struct aws_transfer *transfer) {
    struct aws_http *http = transfer->http;
    if (transfer->previous != NULL) transfer->previous->next = transfer->next;
    if (transfer->next != NULL) transfer->next->previous = transfer->previous;
    if (http->first == transfer) http->first = transfer->next;
    if (transfer->easy != NULL) {
        /* Fails only for a handle that was never added. */
        (void)curl_multi_remove_handle(http->multi, transfer->easy);
        curl_easy_cleanup(transfer->easy);
    }
    wipe_headers(transfer->headers);
    free(transfer->body);
    free(transfer);
}

void aws_http_destroy(struct aws_http *http) {
    if (http == NULL) return;
    while (http->first != NULL) release(http->first);
    curl_multi_cleanup(http->multi);
    free((void *)http->ca_file);
    free(http);
    curl_global_cleanup();
}

static bool grow(struct aws_transfer *transfer, size_t wanted) {
    if (wanted <= transfer->capacity) return true;
    size_t capacity = transfer->capacity > 0 ? transfer->capacity : 4096;
    while (capacity < wanted) capacity *= 2;
    char *body = realloc(transfer->body, capacity);
    if (body == NULL) return false;
    transfer->body = body;
    transfer->capacity = capacity;
    return true;
}

/* Returning less than was given makes libcurl end the transfer with CURLE_WRITE_ERROR. */
static size_t on_body(char *bytes, size_t size, size_t count, void *context) {
    struct aws_transfer *transfer = context;
    size_t more = size * count;
    if (more > AWS_HTTP_ANSWER_MAX - transfer->length) {
        transfer->too_large = true;
        return 0;
    }
    if (!grow(transfer, transfer->length + more + 1)) return 0;
    memcpy(transfer->body + transfer->length, bytes, more);
    transfer->length += more;
    return more;
}

/* Value of header `name` in a raw line, trimmed, cut to capacity; false when it is another header.
 */
static bool header_value(const char *line, size_t length, const char *name, char *value,
                         size_t capacity) {
    size_t name_length = strlen(name);
    if (length <= name_length || line[name_length] != ':') return false;
    if (strncasecmp(line, name, name_length) != 0) return false;
    const char *start = line + name_length + 1, *end = line + length;
    while (start < end && (*start == ' ' || *start == '\t')) start++;
    while (end > start && (unsigned char)end[-1] <= ' ') end--;
    struct text text = text_over(value, capacity);
    for (; start < end; start++)
        text_add_character(&text, *start > ' ' && *start <= '~' ? *start : ' ');
    return true;
}

static int64_t milliseconds_of(const char *value, int64_t factor) {
    int64_t number = 0;
    /* A date is the other form of Retry-After; AWS does not use it. */
    if (text_parse_integer(value, strlen(value), &number) != STATUS_OK) return 0;
    return number > 0 && number < INT64_C(86400000) / factor ? number * factor : 0;
}

static size_t on_header(char *line, size_t size, size_t count, void *context) {
    struct aws_transfer *transfer = context;
    struct aws_http_answer *answer = &transfer->answer;
    size_t length = size * count;
    char value[64];
    (void)(header_value(line, length, "x-amzn-requestid", answer->request_id,
                        sizeof answer->request_id) ||
           header_value(line, length, "x-amzn-errortype", answer->error_type,
                        sizeof answer->error_type));
    if (header_value(line, length, "date", value, sizeof value)) {
        time_t seconds = curl_getdate(value, NULL);
        if (seconds > 0) answer->date = (struct wall_time){(int64_t)seconds * 1000};
    }
    if (header_value(line, length, "x-amz-retry-after", value, sizeof value))
        answer->retry_after_ms = milliseconds_of(value, 1);
    if (header_value(line, length, "retry-after", value, sizeof value) &&
        answer->retry_after_ms == 0)
        answer->retry_after_ms = milliseconds_of(value, 1000);
    return length;
}

static bool add_header(struct aws_transfer *transfer, const char *line) {
    struct curl_slist *longer = curl_slist_append(transfer->headers, line);
    if (longer == NULL) return false;
    transfer->headers = longer;
    return true;
}

static enum status add_headers(struct aws_transfer *transfer,
                               const struct aws_http_request *request) {
    if (request->header_count > AWS_HTTP_HEADERS_MAX) return STATUS_TOO_LARGE;
    for (size_t i = 0; i < request->header_count; i++) {
        if (strlen(request->headers[i]) > HEADER_BYTES_MAX) return STATUS_TOO_LARGE;
        if (!add_header(transfer, request->headers[i])) return STATUS_NO_MEMORY;
    }
    /* No value: libcurl leaves out the headers it would add by itself. */
    return add_header(transfer, "Expect:") && add_header(transfer, "Accept:") ? STATUS_OK
                                                                              : STATUS_NO_MEMORY;
}

/* Only the protocol the endpoint's own check allowed. */
static CURLcode set_protocol(CURL *easy, bool loopback) {
#if LIBCURL_VERSION_NUM >= 0x075500
    return curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, loopback ? "http,https" : "https");
#else
    return curl_easy_setopt(easy, CURLOPT_PROTOCOLS,
                            (long)(loopback ? CURLPROTO_HTTP | CURLPROTO_HTTPS : CURLPROTO_HTTPS));
#endif
}

static bool set_transport(const struct aws_transfer *transfer,
                          const struct aws_http_request *request) {
    CURL *easy = transfer->easy;
    bool loopback = request->endpoint->loopback;
    long timeout_ms = (long)request->timeout.ms;
    long connect_ms = timeout_ms < AWS_HTTP_CONNECT_MS ? timeout_ms : AWS_HTTP_CONNECT_MS;
    const char *ca_file = transfer->http->ca_file;
    return curl_easy_setopt(easy, CURLOPT_URL, request->endpoint->url) == CURLE_OK &&
           set_protocol(easy, loopback) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, connect_ms) == CURLE_OK &&
           (!loopback || curl_easy_setopt(easy, CURLOPT_NOPROXY, "*") == CURLE_OK) &&
           (ca_file == NULL || curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file) == CURLE_OK) &&
           curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, request->fresh_connection ? 1L : 0L) ==
               CURLE_OK;
}

static bool set_payload(struct aws_transfer *transfer, const struct aws_http_request *request) {
    CURL *easy = transfer->easy;
    return curl_easy_setopt(easy, CURLOPT_POST, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_length) ==
               CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_USERAGENT, USER_AGENT) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer) == CURLE_OK;
}

static enum status prepare(struct aws_transfer *transfer, const struct aws_http_request *request) {
    enum status status = add_headers(transfer, request);
    if (status != STATUS_OK) return status;
    transfer->easy = curl_easy_init();
    if (transfer->easy == NULL) return STATUS_NO_MEMORY;
    bool set = set_transport(transfer, request) && set_payload(transfer, request);
    if (!set || curl_multi_add_handle(transfer->http->multi, transfer->easy) != CURLM_OK)
        return STATUS_NO_MEMORY;
    return STATUS_OK;
}

enum status aws_http_start(struct aws_http *http, const struct aws_http_request *request,
                           aws_http_done *done, void *context, struct aws_transfer **transfer_out) {
    struct aws_transfer *transfer = calloc(1, sizeof *transfer);
    if (transfer == NULL) return STATUS_NO_MEMORY;
    transfer->http = http;
    transfer->done = done;
    transfer->context = context;
    transfer->next = http->first;
    if (http->first != NULL) http->first->previous = transfer;
    http->first = transfer;
    enum status status = prepare(transfer, request);
    if (status != STATUS_OK) {
        release(transfer);
        return status;
    }
    *transfer_out = transfer;
    return STATUS_OK;
}

/* Bytes of the request, head included, that were handed to the connection. When libcurl will not
 * say, the safe answer is that some were. */
static bool was_sent(const struct aws_transfer *transfer) {
    long bytes = 0;
    return curl_easy_getinfo(transfer->easy, CURLINFO_REQUEST_SIZE, &bytes) != CURLE_OK ||
           bytes > 0;
}

bool aws_http_cancel(struct aws_transfer *transfer) {
    bool sent = was_sent(transfer);
    release(transfer);
    return sent;
}

static enum aws_transport transport_of(const struct aws_transfer *transfer, CURLcode result) {
    if (result == CURLE_OK) return AWS_TRANSPORT_ANSWERED;
    if (transfer->too_large) return AWS_TRANSPORT_TOO_LARGE;
    return was_sent(transfer) ? AWS_TRANSPORT_LOST : AWS_TRANSPORT_NOT_SENT;
}

static void finish(struct aws_transfer *transfer, CURLcode result) {
    struct aws_http_answer *answer = &transfer->answer;
    long http = 0;
    /* A failure leaves 0: no status came. */
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &http);
    answer->http = (int)http;
    answer->transport = transport_of(transfer, result);
    answer->timed_out = result == CURLE_OPERATION_TIMEDOUT;
    answer->failure = result == CURLE_OK ? "" : curl_easy_strerror(result);
    if (transfer->body != NULL) transfer->body[transfer->length] = '\0';
    answer->body = transfer->body != NULL ? transfer->body : "";
    answer->body_length = transfer->length;
    transfer->done(transfer->context, answer);
    release(transfer);
}

/* True when at least one had ended. */
static bool finish_ended(struct aws_http *http) {
    bool any = false;
    int left = 0;
    CURLMsg *message = NULL;
    while ((message = curl_multi_info_read(http->multi, &left)) != NULL) {
        if (message->msg != CURLMSG_DONE) continue;
        struct aws_transfer *transfer = NULL;
        CURLcode result = message->data.result;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
        ASSERT(transfer != NULL);
        finish(transfer, result);
        any = true;
    }
    return any;
}

void aws_http_wait(struct aws_http *http, struct duration longest) {
    int running = 0;
    /* A multi handle's own errors (no memory) leave the transfers to their deadlines. */
    (void)curl_multi_perform(http->multi, &running);
    if (finish_ended(http)) return; /* the call backs may have made something due at once */
    (void)curl_multi_poll(http->multi, NULL, 0, (int)longest.ms, NULL);
    (void)curl_multi_perform(http->multi, &running);
    (void)finish_ended(http); /* the caller looks again in any case */
}

void aws_http_wake(struct aws_http *http) { (void)curl_multi_wakeup(http->multi); }
