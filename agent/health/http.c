/* One request, one status; pure. */
#include "agent/health/http.h"

#include <string.h>

#include "common/base/text.h"

size_t http_request(const struct address_url *url, char request_out[static HTTP_REQUEST_SIZE]) {
    struct text text = text_over(request_out, HTTP_REQUEST_SIZE);
    text_add(&text, "GET ");
    text_add(&text, url->path);
    text_add(&text, " HTTP/1.1\r\nHost: ");
    text_add(&text, url->host);
    text_add(&text, "\r\nUser-Agent: ear-agent/" EAR_VERSION
                    "\r\nAccept: */*\r\nConnection: close\r\n\r\n");
    ASSERT(!text.truncated); /* host and path are bounded below the size */
    return text.length;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* "HTTP/1.x SSS" and a blank or the end of the line. */
static enum status parse_status_line(const char *line, size_t length, int *status_out) {
    if (length < 12 || memcmp(line, "HTTP/1.", 7) != 0 || !is_digit(line[7]) || line[8] != ' ' ||
        !is_digit(line[9]) || !is_digit(line[10]) || !is_digit(line[11]) ||
        (length > 12 && line[12] != ' '))
        return STATUS_MALFORMED;
    int status = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
    if (status < 100 || status > 599) return STATUS_MALFORMED;
    *status_out = status;
    return STATUS_OK;
}

/* Whether what came can still become an answer: says so early, not at the deadline. */
static bool may_begin(const char *bytes, size_t length) {
    static const char start[] = "HTTP/1.";
    size_t compared = length < sizeof start - 1 ? length : sizeof start - 1;
    return memcmp(bytes, start, compared) == 0;
}

/* The line that starts at `from`, without its CRLF or LF; NULL while it is not whole. */
static const char *line_end(const char *bytes, size_t from, size_t length, size_t *next_out) {
    const char *newline = memchr(bytes + from, '\n', length - from);
    if (newline == NULL) return NULL;
    *next_out = (size_t)(newline - bytes) + 1;
    return newline > bytes + from && newline[-1] == '\r' ? newline - 1 : newline;
}

/* Passes one answer's head; *from_inout then stands behind it. */
static enum status parse_head(const char *bytes, size_t length, size_t *from_inout,
                              int *status_out) {
    size_t from = *from_inout, next = 0;
    if (!may_begin(bytes + from, length - from)) return STATUS_MALFORMED;
    const char *end = line_end(bytes, from, length, &next);
    if (end == NULL) return STATUS_AGAIN;
    enum status status = parse_status_line(bytes + from, (size_t)(end - bytes) - from, status_out);
    if (status != STATUS_OK) return status;
    do {
        from = next;
        end = line_end(bytes, from, length, &next);
        if (end == NULL) return STATUS_AGAIN;
    } while (end != bytes + from);
    *from_inout = next;
    return STATUS_OK;
}

enum status http_parse(const char *bytes, size_t length, int *status_out) {
    size_t from = 0;
    for (unsigned i = 0; i <= HTTP_INTERIM_MAX; i++) {
        int found = 0;
        enum status status = parse_head(bytes, length, &from, &found);
        if (status == STATUS_AGAIN && length >= HTTP_RESPONSE_MAX) return STATUS_TOO_LARGE;
        if (status != STATUS_OK) return status;
        if (found < 200) continue;
        *status_out = found;
        return STATUS_OK;
    }
    return STATUS_MALFORMED;
}
