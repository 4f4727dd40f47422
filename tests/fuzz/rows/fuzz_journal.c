/* The journal's records: our own files, but whatever a disk hands back must be refused or decoded
 * within its bounds. The checksum is set right, so that what lies behind it is reached. */
#include <math.h>
#include <string.h>

#include "aggregator/rows/journal.h"
#include "common/base/hash.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct journal_record *record) {
    uint8_t bytes[JOURNAL_RECORD_MAX];
    struct journal_record again;
    size_t used = 0;
    size_t length = journal_encode(record, bytes);
    ASSERT(journal_decode(bytes, length, &again, &used) == STATUS_OK && used == length);
    ASSERT(memcmp(record, &again, sizeof again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct journal_record record;
    size_t used = 0;
    if (journal_decode(data, size, &record, &used) == STATUS_OK) check(&record);
    if (size < 8 || size > JOURNAL_RECORD_MAX) return 0;
    uint8_t copy[JOURNAL_RECORD_MAX];
    memcpy(copy, data, size);
    copy[0] = (uint8_t)size;
    copy[1] = (uint8_t)(size >> 8);
    uint32_t crc = hash_crc32c(0, copy, size - 4);
    for (size_t i = 0; i < 4; i++) copy[size - 4 + i] = (uint8_t)(crc >> (8 * i));
    if (journal_decode(copy, size, &record, &used) == STATUS_OK) check(&record);
    return 0;
}
