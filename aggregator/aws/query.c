/* The form encoder. State is the caller's struct. */
#include "aggregator/aws/query.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/text.h"

#define FIRST_CAPACITY 512U

static bool reserve(struct aws_query *query, size_t more) {
    if (query->status != STATUS_OK) return false;
    if (more >= AWS_REQUEST_BYTES_MAX) {
        query->status = STATUS_TOO_LARGE;
        return false;
    }
    size_t wanted = query->length + more + 1;
    if (wanted <= query->capacity) return true;
    if (wanted > AWS_REQUEST_BYTES_MAX) {
        query->status = STATUS_TOO_LARGE;
        return false;
    }
    size_t capacity = query->capacity > 0 ? query->capacity : FIRST_CAPACITY;
    while (capacity < wanted) capacity *= 2;
    char *bytes = realloc(query->bytes, capacity);
    if (bytes == NULL) {
        query->status = STATUS_NO_MEMORY;
        return false;
    }
    query->bytes = bytes;
    query->capacity = capacity;
    return true;
}

void aws_query_add_raw(struct aws_query *query, const char *bytes, size_t length) {
    if (!reserve(query, length)) return;
    if (length > 0) memcpy(query->bytes + query->length, bytes, length);
    query->length += length;
    query->bytes[query->length] = '\0';
}

static void append_string(struct aws_query *query, const char *string) {
    aws_query_add_raw(query, string, strlen(string));
}

/* RFC 3986's unreserved characters, without the locale's opinion. */
static bool is_unreserved(unsigned char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '~';
}

static void append_encoded(struct aws_query *query, const char *value) {
    static const char digits[] = "0123456789ABCDEF";
    size_t length = strlen(value);
    if (length > AWS_REQUEST_BYTES_MAX) {
        query->status = STATUS_TOO_LARGE;
        return;
    }
    if (!reserve(query, 3 * length)) return;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)value[i];
        if (is_unreserved(c)) {
            query->bytes[query->length++] = (char)c;
            continue;
        }
        query->bytes[query->length++] = '%';
        query->bytes[query->length++] = digits[c >> 4];
        query->bytes[query->length++] = digits[c & 15];
    }
    query->bytes[query->length] = '\0';
}

void aws_query_init(struct aws_query *query, const char *operation, const char *version) {
    *query = (struct aws_query){.status = STATUS_OK};
    append_string(query, "Action=");
    append_string(query, operation);
    append_string(query, "&Version=");
    append_string(query, version);
}

void aws_query_fini(struct aws_query *query) {
    free(query->bytes);
    *query = (struct aws_query){.status = STATUS_OK};
}

void aws_query_add(struct aws_query *query, const char *name, const char *value) {
    if (value == NULL || value[0] == '\0') return;
    append_string(query, "&");
    append_string(query, name);
    append_string(query, "=");
    append_encoded(query, value);
}

void aws_query_add_item(struct aws_query *query, const char *prefix, size_t number,
                        const char *suffix, const char *value) {
    char name[128];
    struct text text = text_over(name, sizeof name);
    text_add(&text, prefix);
    text_add_character(&text, '.');
    text_add_unsigned(&text, number);
    if (suffix[0] != '\0') text_add_character(&text, '.');
    text_add(&text, suffix);
    if (text.truncated) query->status = STATUS_TOO_LARGE;
    aws_query_add(query, name, value);
}

void aws_query_add_bool(struct aws_query *query, const char *name, bool flag) {
    aws_query_add(query, name, flag ? "true" : "false");
}

void aws_query_add_integer(struct aws_query *query, const char *name, int64_t number) {
    char digits[24];
    struct text text = text_over(digits, sizeof digits);
    text_add_integer(&text, number);
    aws_query_add(query, name, digits);
}
