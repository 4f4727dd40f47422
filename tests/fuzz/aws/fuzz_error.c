/* Error bodies: the first byte chooses the protocol, a NUL splits a header off the body. */
#include <stdlib.h>
#include <string.h>

#include "aggregator/aws/error.h"

#define HEADER_SIZE 128

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    enum aws_protocol protocol = (enum aws_protocol)(data[0] % 3);
    const char *body = (const char *)data + 1;
    size_t length = size - 1;
    char header[HEADER_SIZE] = "";
    const char *split = memchr(body, '\0', length);
    if (split != NULL && (size_t)(split - body) < sizeof header) {
        size_t used = (size_t)(split - body);
        memcpy(header, body, used);
        body += used + 1;
        length -= used + 1;
    }
    struct aws_error error;
    enum status status =
        aws_error_parse(protocol, body, length, header[0] != '\0' ? header : NULL, &error);
    if ((status == STATUS_OK) != (error.code[0] != '\0')) abort();
    for (int http = 300; http < 600; http += 100)
        if (aws_error_judge(error.code, http).status == STATUS_OK) abort();
    return 0;
}
