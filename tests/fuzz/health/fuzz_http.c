/* The head of an HTTP answer: any bytes, and the same in two pieces, must end the same way. */
#include <stdlib.h>

#include "agent/health/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    int whole = 0, part = 0;
    enum status status = http_parse((const char *)data, size, &whole);
    if (status == STATUS_OK && (whole < 200 || whole > 599)) abort();
    enum status first = http_parse((const char *)data, size / 2, &part);
    /* What is known early stays so. */
    if (first == STATUS_OK && (status != STATUS_OK || part != whole)) abort();
    if (first == STATUS_MALFORMED && status != STATUS_MALFORMED) abort();
    return 0;
}
