/* What reads a control socket's request: the line, then each kind of option. */
#include "aggregator/control/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct request request = {.control = NULL};
    char text[64];
    struct duration span;
    double number;
    if (size <= CONTROL_REQUEST_MAX &&
        request_read((const char *)data, size, &request) == STATUS_OK) {
        IGNORE(request_text(&request, "reason", text, sizeof text)); /* only must not crash */
        IGNORE(request_duration(&request, "for", duration_ms(0), &span));
        IGNORE(request_number(&request, "min-confidence", 0, 1, 0, &number));
        (void)request_flag(&request, "all");
    }
    request_fini(&request);
    return 0;
}
