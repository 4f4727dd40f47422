/* A store that lives in memory, for tests: the same rules as sqlite.c, without files. Store's
 * thread. */
#include <stdlib.h>
#include <string.h>

#include "aggregator/store/backend.h"
#include "common/base/text.h"

#define MEMORY_ROWS_MAX 100000

struct row {
    enum record_table table;
    struct record record; /* item owned */
};

struct memory_store {
    struct row *rows; /* in no order */
    size_t count, capacity;
    int64_t audit_count;
};

static struct row *find(struct memory_store *m, const struct record_operation *o) {
    for (size_t i = 0; i < m->count; i++) {
        struct row *row = &m->rows[i];
        if (row->table == o->table && strcmp(row->record.partition, o->partition) == 0 &&
            strcmp(row->record.sort, o->sort) == 0)
            return row;
    }
    return NULL;
}

static enum status insert(struct memory_store *m, const struct record_operation *o) {
    if (m->count == MEMORY_ROWS_MAX) return STATUS_NO_SPACE;
    if (m->count == m->capacity) {
        size_t capacity = m->capacity == 0 ? 64 : m->capacity * 2;
        struct row *rows = realloc(m->rows, capacity * sizeof *rows);
        if (rows == NULL) return STATUS_NO_MEMORY;
        m->rows = rows;
        m->capacity = capacity;
    }
    struct row row = {.table = o->table};
    struct text sort = text_over(row.record.sort, sizeof row.record.sort);
    memcpy(row.record.partition, o->partition, sizeof row.record.partition);
    if (o->kind == RECORD_APPEND_AUDIT) {
        m->audit_count++;
        text_add_integer(&sort, 100000000000 + m->audit_count);
    } else {
        text_add(&sort, o->sort);
    }
    row.record.item = strdup(o->item);
    if (row.record.item == NULL) return STATUS_NO_MEMORY;
    m->rows[m->count++] = row;
    return STATUS_OK;
}

static enum status put(struct memory_store *m, const struct record_operation *o) {
    struct row *row = find(m, o);
    if (row == NULL) return insert(m, o);
    char *item = strdup(o->item);
    if (item == NULL) return STATUS_NO_MEMORY;
    free(row->record.item);
    row->record.item = item;
    return STATUS_OK;
}

static enum status delete (struct memory_store *m, const struct record_operation *o) {
    struct row *row = find(m, o); if (row == NULL) return STATUS_OK; free(row->record.item);
    *row = m->rows[--m->count];
    return STATUS_OK;
}

static enum status run_operation(struct memory_store *m, const struct record_operation *o) {
    switch (o->kind) {
    case RECORD_PUT: return put(m, o);
    case RECORD_PUT_NEW:
    case RECORD_APPEND_AUDIT: return insert(m, o);
    case RECORD_DELETE: return delete (m, o);
    }
    return STATUS_INTERNAL;
}

/* Conflicts are found before anything is written, so a batch stays whole or absent. Event rows are
 * never in conflict, as in sqlite.c. */
static bool conflicts(struct memory_store *m, const struct batch *batch) {
    for (size_t i = 0; i < batch->count; i++) {
        const struct record_operation *o = &batch->operations[i];
        if (o->kind != RECORD_PUT_NEW || o->table == RECORD_RECOVERY_EVENTS ||
            o->table == RECORD_PREDICTION_EVENTS)
            continue;
        if (find(m, o) != NULL) return true;
        for (size_t j = 0; j < i; j++) {
            const struct record_operation *earlier = &batch->operations[j];
            if (earlier->table == o->table && strcmp(earlier->partition, o->partition) == 0 &&
                strcmp(earlier->sort, o->sort) == 0)
                return true;
        }
    }
    return false;
}

static void memory_commit(void *self, struct backend_commit *commits, size_t count) {
    struct memory_store *m = self;
    for (size_t i = 0; i < count; i++) {
        const struct batch *batch = commits[i].batch;
        commits[i].status = conflicts(m, batch) ? STATUS_EXISTS : STATUS_OK;
        for (size_t j = 0; j < batch->count && commits[i].status == STATUS_OK; j++)
            commits[i].status = run_operation(m, &batch->operations[j]);
    }
}

static int compare_rows(const void *left, const void *right) {
    const struct record *a = left, *b = right;
    int order = strcmp(a->sort, b->sort);
    return order != 0 ? order : strcmp(a->partition, b->partition);
}

static bool matches(const struct row *row, const struct store_query *query) {
    const struct record *r = &row->record;
    if (row->table != query->table) return false;
    size_t compared = query->prefix ? strlen(query->partition) : RECORD_KEY_SIZE;
    bool all = query->partition[0] == '\0';
    if (!all && strncmp(r->partition, query->partition, compared) != 0) return false;
    if (query->from[0] != '\0' && strcmp(r->sort, query->from) < 0) return false;
    return query->to[0] == '\0' || strcmp(r->sort, query->to) <= 0;
}

static void reverse(struct record *records, size_t count) {
    for (size_t i = 0; i < count / 2; i++) {
        struct record held = records[i];
        records[i] = records[count - 1 - i];
        records[count - 1 - i] = held;
    }
}

static enum status memory_read(void *self, const struct store_query *query,
                               struct record **records_out, size_t *count_out) {
    struct memory_store *m = self;
    struct record_list list = {.count = 0};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < m->count && status == STATUS_OK; i++) {
        const struct record *r = &m->rows[i].record;
        if (matches(&m->rows[i], query))
            status = record_list_add(&list, r->partition, r->sort, r->item);
    }
    if (status != STATUS_OK) {
        store_records_free(list.rows, list.count);
        return status;
    }
    if (list.count > 0) qsort(list.rows, list.count, sizeof *list.rows, compare_rows);
    if (query->newest_first) reverse(list.rows, list.count);
    while (list.count > query->limit) free(list.rows[--list.count].item);
    *records_out = list.rows;
    *count_out = list.count;
    return STATUS_OK;
}

static void memory_idle(void *self, struct now now) {
    (void)self;
    (void)now;
}

static void memory_close(void *self) {
    struct memory_store *m = self;
    for (size_t i = 0; i < m->count; i++) free(m->rows[i].record.item);
    free(m->rows);
    free(m);
}

enum status store_open_memory(struct store **store_out) {
    struct memory_store *m = calloc(1, sizeof *m);
    if (m == NULL) return STATUS_NO_MEMORY;
    struct backend backend = {memory_commit, memory_read, memory_idle, memory_close, m};
    enum status status = store_start(&backend, store_out);
    if (status != STATUS_OK) memory_close(m);
    return status;
}
