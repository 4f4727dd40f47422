/* Addresses of checks: whatever is taken makes one clean request line. */
#include <stdlib.h>
#include <string.h>

#include "agent/health/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char text[512], request[HTTP_REQUEST_SIZE];
    struct address_url url;
    struct address address;
    if (size >= sizeof text) return 0;
    if (size > 0) memcpy(text, data, size);
    text[size] = '\0';
    if (address_parse(text, &address) == STATUS_OK && address.socket_length == 0) abort();
    if (address_parse_url(text, &url) != STATUS_OK) return 0;
    size_t length = http_request(&url, request), lines = 0;
    for (size_t i = 0; i < length; i++) lines += request[i] == '\n';
    if (lines != 6 || url.path[0] != '/') abort();
    return 0;
}
