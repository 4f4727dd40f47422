/* Sealed blocks are our own files, but a disk may hand back anything: no input may be read outside
 * its bounds. The checksum is set right, so that what lies behind it is reached. */
#include <stdlib.h>
#include <string.h>

#include "aggregator/history/history.h"
#include "common/base/hash.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_all(const uint8_t *bytes, size_t size) {
    struct history_sealed sealed;
    struct history_column column;
    float values[HISTORY_MINUTES];
    if (history_open(bytes, size, &sealed) != STATUS_OK) return;
    for (uint32_t i = 0; i < sealed.column_count; i++) history_read(&sealed, i, &column, values);
    enum status found = history_find(&sealed, "disk_used_percent", "/var", values);
    ASSERT(found == STATUS_OK || found == STATUS_NOT_FOUND);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    read_all(data, size);
    if (size < 24) return 0;
    uint8_t *copy = malloc(size);
    if (!copy) return 0;
    memcpy(copy, data, size);
    for (size_t i = 0; i < 4; i++) copy[20 + i] = (uint8_t)(size >> (8 * i));
    uint32_t crc = hash_crc32c(0, copy, size - 4);
    for (size_t i = 0; i < 4; i++) copy[size - 4 + i] = (uint8_t)(crc >> (8 * i));
    read_all(copy, size);
    free(copy);
    return 0;
}
