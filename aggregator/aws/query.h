/* Encoder of the form bodies of AWS's query protocols: grows on the heap up to a bound, errors
 * stick and are told once at the end. One thread at a time. */
#ifndef EAR_AGGREGATOR_AWS_QUERY_H
#define EAR_AGGREGATOR_AWS_QUERY_H

#include "common/base/status.h"

/* Bytes of a request body: SNS's largest message (262,144 bytes), every byte percent-encoded. */
#define AWS_REQUEST_BYTES_MAX (1024U * 1024U)

struct aws_query {
    char *bytes; /* owned; NUL-terminated once anything was added */
    size_t length, capacity;
    enum status status; /* the first error: STATUS_TOO_LARGE or STATUS_NO_MEMORY */
};

/* Begins "Action=operation&Version=version"; release with aws_query_fini(). */
void aws_query_init(struct aws_query *query, const char *operation, const char *version);
void aws_query_fini(struct aws_query *query);

/* "&name=value", the value percent-encoded (everything but A-Z a-z 0-9 - _ . ~, upper-case hex).
 * Names are our own and need no encoding. An empty or NULL value adds nothing: all our parameters
 * are optional in that case. */
void aws_query_add(struct aws_query *query, const char *name, const char *value);
/* The same under "prefix.N.suffix" or, with an empty suffix, "prefix.N". */
void aws_query_add_item(struct aws_query *query, const char *prefix, size_t number,
                        const char *suffix, const char *value);
void aws_query_add_bool(struct aws_query *query, const char *name, bool flag);
void aws_query_add_integer(struct aws_query *query, const char *name, int64_t number);

/* Appends bytes as they are: for bodies in other forms, which start from a zero struct. */
void aws_query_add_raw(struct aws_query *query, const char *bytes, size_t length);

#endif
