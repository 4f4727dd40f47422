/* HTTP transport: one libcurl multi handle, many transfers at once, one thread. Posts to endpoints
 * of aws_endpoint_*; follows no redirect, keeps no cookie, reads no netrc. All functions but
 * aws_http_wake() belong to the thread that owns the struct. */
#ifndef EAR_AGGREGATOR_AWS_HTTP_H
#define EAR_AGGREGATOR_AWS_HTTP_H

#include "aggregator/aws/endpoint.h"
#include "aggregator/aws/retry.h"

#define AWS_HTTP_HEADERS_MAX 12
#define AWS_HTTP_CONNECT_MS  5000                 /* longest wait for a connection, TLS included */
#define AWS_HTTP_ANSWER_MAX  (8U * 1024U * 1024U) /* a page of 1,000 instances is about 5 MB */

struct aws_http;
struct aws_transfer;

struct aws_http_request {
    const struct aws_endpoint *endpoint; /* borrowed for the call */
    const char *const *headers;          /* "Name: value"; copied */
    size_t header_count;                 /* at most AWS_HTTP_HEADERS_MAX */
    const char *body;                    /* borrowed until the transfer has ended */
    size_t body_length;
    struct duration timeout; /* of the whole attempt, at least 1 ms */
    /* Use a connection of its own. libcurl sends a request a second time when a kept connection
     * turns out to be dead, which a call that must not be repeated cannot have. */
    bool fresh_connection;
};

struct aws_http_answer {
    enum aws_transport transport;
    bool timed_out;
    int http;         /* status; 0 when none came */
    const char *body; /* borrowed for the call back; NUL-terminated */
    size_t body_length;
    struct wall_time date; /* the Date header; 0 when absent or unreadable */
    char request_id[AWS_REQUEST_ID_SIZE];
    char error_type[128];   /* x-amzn-ErrorType */
    int64_t retry_after_ms; /* x-amz-retry-after or Retry-After; 0 = none */
    const char *failure;    /* libcurl's reason when not ANSWERED; static storage */
};

/* Called from aws_http_wait(), once for each transfer that was not cancelled. May start others. */
typedef void aws_http_done(void *context, const struct aws_http_answer *answer);

/* ca_file  certificate bundle; NULL = the system's
 * STATUS_OK, STATUS_NO_MEMORY. Destroying cancels what is left without call backs. */
enum status aws_http_create(const char *ca_file, struct aws_http **http_out) MUST_USE;
void aws_http_destroy(struct aws_http *http);

/* STATUS_OK, STATUS_NO_MEMORY, STATUS_TOO_LARGE (headers). */
enum status aws_http_start(struct aws_http *http, const struct aws_http_request *request,
                           aws_http_done *done, void *context,
                           struct aws_transfer **transfer_out) MUST_USE;
/* Ends a transfer without a call back. True when some of its request had been sent. */
bool aws_http_cancel(struct aws_transfer *transfer);

/* Moves data for up to `longest`, or until something happened, and calls back ended transfers. */
void aws_http_wait(struct aws_http *http, struct duration longest);
/* Ends the current or the next aws_http_wait() early. Any thread. */
void aws_http_wake(struct aws_http *http);

#endif
