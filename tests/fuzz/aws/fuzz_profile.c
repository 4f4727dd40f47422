/* Shared credential files: any section and key, and values that fit their buffer. */
#include <stdlib.h>
#include <string.h>

#include "aggregator/aws/credentials.h"
#include "aggregator/aws/endpoint.h"

#define URL_SIZE 512

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *text = (const char *)data;
    char value[64];
    if (aws_profile_get(text, size, "default", "aws_access_key_id", value, sizeof value) ==
            STATUS_OK &&
        strlen(value) >= sizeof value)
        abort();
    char url[URL_SIZE];
    size_t length = size < sizeof url - 1 ? size : sizeof url - 1;
    memcpy(url, text, length);
    url[length] = '\0';
    struct aws_endpoint endpoint;
    if (aws_endpoint_parse(url, &endpoint) == STATUS_OK &&
        strncmp(endpoint.url, "http://", 7) == 0 && !endpoint.loopback)
        abort();
    if (aws_partition_of(url) != NULL && strpbrk(url, "/.:@ ") != NULL) abort();
    return 0;
}
