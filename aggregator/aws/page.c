/* The body of a further page: the first page's with the token put in. Pure but for the heap. */
#include <stdlib.h>
#include <string.h>

#include "aggregator/aws/operation.h"
#include "common/base/json_write.h"

/* A token's JSON form: each byte at most six characters, and the quotes. */
#define JSON_TOKEN_SIZE (6U * AWS_PAGE_TOKEN_SIZE + 8U)

/* {"a":1} becomes {"a":1,"NextToken":"..."}. */
static enum status add_json_token(struct aws_query *query, const char *field, const char *token) {
    char *member = malloc(JSON_TOKEN_SIZE);
    if (member == NULL) return STATUS_NO_MEMORY;
    struct text text = text_over(member, JSON_TOKEN_SIZE);
    struct json_writer json = json_writer_over(&text);
    json_string(&json, field, token);
    enum status status = text.truncated ? STATUS_TOO_LARGE : STATUS_OK;
    query->length--;
    if (query->bytes[query->length - 1] != '{') aws_query_add_raw(query, ",", 1);
    aws_query_add_raw(query, member, text.length);
    aws_query_add_raw(query, "}", 1);
    free(member);
    return status;
}

enum status aws_page_body(enum aws_protocol protocol, const char *base, size_t length,
                          const char *field, const char *token, struct aws_query *query_out) {
    struct aws_query query = {0};
    aws_query_add_raw(&query, base, length);
    enum status status = query.status;
    if (status == STATUS_OK && protocol != AWS_PROTOCOL_JSON) {
        aws_query_add(&query, field, token);
    } else if (status == STATUS_OK) {
        bool object = length >= 2 && base[0] == '{' && base[length - 1] == '}';
        status = object ? add_json_token(&query, field, token) : STATUS_INTERNAL;
    }
    if (status == STATUS_OK) status = query.status;
    if (status != STATUS_OK) {
        aws_query_fini(&query);
        return status;
    }
    *query_out = query;
    return STATUS_OK;
}
