/* Lines of metric files come from anywhere. */
#include "aggregator/replay/source.h"

#include <math.h>

#include "common/base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct source_memory memory = {0};
    struct source_line line = {0};
    char problem[SOURCE_PROBLEM_SIZE];
    size_t from = 0;
    for (size_t i = 0; i <= size; i++) {
        if (i < size && data[i] != '\n') continue;
        enum status status =
            source_parse((const char *)data + from, i - from, &memory, &line, problem);
        if (status == STATUS_OK) ASSERT(isfinite(line.value) && line.at.ms >= 0);
        from = i + 1;
    }
    return 0;
}
