/* aws_probe sign: one JSON object a line in, {"signature":...,"authorization":...} a line out.
 * Members: method, path, query, region, service, access_key, secret, date, body (hexadecimal),
 * headers [[name, value], ...]. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/aws/sigv4.h"
#include "common/base/text.h"
#include "common/json/json.h"
#include "tests/referee/aws/aws_probe.h"

#define LINE_BYTES (512U * 1024U)

static unsigned digit_of(char c) { return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10); }

static size_t unhex(const char *text, uint8_t *bytes) {
    size_t length = strlen(text) / 2;
    for (size_t i = 0; i < length; i++)
        bytes[i] = (uint8_t)(digit_of(text[2 * i]) << 4 | digit_of(text[2 * i + 1]));
    return length;
}

static const char *member(const struct json_value *root, const char *key) {
    const char *text = json_text(json_get(root, key));
    if (text == NULL) abort();
    return text;
}

static enum status sign(const struct json_value *root, struct aws_sigv4_signature *signature_out) {
    static uint8_t body[LINE_BYTES];
    struct aws_sigv4_header headers[AWS_SIGV4_HEADERS_MAX];
    size_t count = 0;
    for (const struct json_value *pair = json_first(json_get(root, "headers"));
         pair != NULL && count < AWS_SIGV4_HEADERS_MAX; pair = json_next(pair)) {
        const struct json_value *name = json_first(pair);
        headers[count++] = (struct aws_sigv4_header){json_text(name), json_text(json_next(name))};
    }
    const struct aws_sigv4_request request = {.method = member(root, "method"),
                                              .path = member(root, "path"),
                                              .query = member(root, "query"),
                                              .headers = headers,
                                              .header_count = count,
                                              .body = body,
                                              .body_length = unhex(member(root, "body"), body)};
    struct aws_sigv4_key key;
    enum status status = aws_sigv4_derive(member(root, "secret"), member(root, "date"),
                                          member(root, "region"), member(root, "service"), &key);
    if (status != STATUS_OK) return status;
    return aws_sigv4_sign(&request, member(root, "date"), member(root, "access_key"), &key,
                          signature_out);
}

int probe_sign(void) {
    char *line = malloc(LINE_BYTES);
    if (line == NULL) return 1;
    while (fgets(line, (int)LINE_BYTES, stdin) != NULL) {
        struct json_doc *doc CLEANUP(json_cleanup) = NULL;
        struct aws_sigv4_signature signature = {0};
        enum status status = json_parse(line, strlen(line), LINE_BYTES, &doc);
        if (status == STATUS_OK) status = sign(json_root(doc), &signature);
        printf("{\"status\":\"%s\",\"signature\":\"%s\",\"authorization\":\"%s\"}\n",
               status_name(status), signature.signature, signature.authorization);
    }
    free(line);
    return 0;
}
