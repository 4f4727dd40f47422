/* Batches and lists of rows: heap data without threads. */
#include <stdlib.h>
#include <string.h>

#include "aggregator/store/backend.h"
#include "common/base/text.h"

#define RECORD_LIST_FIRST 16

struct batch *batch_create(uint64_t id) {
    struct batch *batch = calloc(1, sizeof *batch);
    if (batch != NULL) batch->id = id;
    return batch;
}

void batch_destroy(struct batch *batch) {
    if (batch == NULL) return;
    for (size_t i = 0; i < batch->count; i++) free(batch->operations[i].item);
    free(batch);
}

enum status batch_add(struct batch *batch, enum record_operation_kind kind, enum record_table table,
                      const char *partition, const char *sort, const char *item) {
    ASSERT((item == NULL) == (kind == RECORD_DELETE));
    if (batch->count == BATCH_OPERATIONS_MAX) return STATUS_FULL;
    struct record_operation *operation = &batch->operations[batch->count];
    enum status status = text_copy(operation->partition, sizeof operation->partition, partition);
    if (status == STATUS_OK)
        status = text_copy(operation->sort, sizeof operation->sort, sort == NULL ? "" : sort);
    if (status != STATUS_OK) return status;
    if (item != NULL && strlen(item) >= RECORD_ITEM_SIZE) return STATUS_TOO_LARGE;
    operation->item = item == NULL ? NULL : strdup(item);
    if (item != NULL && operation->item == NULL) return STATUS_NO_MEMORY;
    operation->kind = kind;
    operation->table = table;
    batch->count++;
    return STATUS_OK;
}

void store_records_free(struct record *records, size_t count) {
    for (size_t i = 0; i < count; i++) free(records[i].item);
    free(records);
}

enum status record_list_add(struct record_list *list, const char *partition, const char *sort,
                            const char *item) {
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? RECORD_LIST_FIRST : list->capacity * 2;
        if (capacity > STORE_QUERY_ROWS_MAX * 2) return STATUS_TOO_LARGE;
        struct record *rows = realloc(list->rows, capacity * sizeof *rows);
        if (rows == NULL) return STATUS_NO_MEMORY;
        list->rows = rows;
        list->capacity = capacity;
    }
    struct record *row = &list->rows[list->count];
    enum status status = text_copy(row->partition, sizeof row->partition, partition);
    if (status == STATUS_OK) status = text_copy(row->sort, sizeof row->sort, sort);
    if (status != STATUS_OK) return status;
    row->item = strdup(item);
    if (row->item == NULL) return STATUS_NO_MEMORY;
    list->count++;
    return STATUS_OK;
}
