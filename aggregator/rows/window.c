/* What people ask for: the last state of an instance, and charts over open, waiting and sealed
 * blocks. Copies; nothing of a row leaves its lock. */
#include <math.h>
#include <string.h>

#include "aggregator/rows/blocks.h"
#include "aggregator/rows/rows_private.h"

enum status rows_snapshot(struct rows *rows, const struct instance_id *instance, struct now now,
                          struct rows_snapshot *snapshot_out) {
    struct row *row = NULL;
    enum status status = rows_acquire(rows, instance, false, &row);
    if (status != STATUS_OK) return status;
    memset(snapshot_out, 0, sizeof *snapshot_out);
    snapshot_out->instance = row->id;
    if (row->boot_count > 0) snapshot_out->boot = row->boots[0].id;
    memcpy(snapshot_out->agent_version, row->agent_version, sizeof row->agent_version);
    snapshot_out->interval_ms = row->interval_ms;
    snapshot_out->since_report =
        row->arrived ? boot_since(now.boot, row->arrival) : duration_ms(-1);
    snapshot_out->silent = row->silent;
    snapshot_out->core = row->core;
    snapshot_out->check_count = row->check_count;
    memcpy(snapshot_out->checks, row->checks, sizeof row->checks);
    snapshot_out->prediction = row->prediction;
    rows_release(rows, row);
    return STATUS_OK;
}

struct window {
    struct history_rollup rollup;
    const char *metric, *member;
};

static void add_sealed(void *context, const struct history_sealed *sealed) {
    struct window *window = context;
    float values[HISTORY_MINUTES];
    if (history_find(sealed, window->metric, window->member, values) == STATUS_OK)
        history_rollup_add(&window->rollup, sealed->start, values);
}

static void add_waiting(struct rows *rows, const struct instance_id *instance,
                        struct window *window) {
    (void)pthread_mutex_lock(&rows->sealing_lock);
    for (const struct sealing *one = rows->sealing_first; one; one = one->next) {
        struct history_sealed sealed;
        if (!instance_id_equal(&one->instance, instance)) continue;
        if (history_open(one->bytes, one->length, &sealed) == STATUS_OK)
            add_sealed(window, &sealed);
    }
    (void)pthread_mutex_unlock(&rows->sealing_lock);
}

static enum status add_open(struct rows *rows, const struct instance_id *instance,
                            struct window *window) {
    struct row *row = NULL;
    float values[HISTORY_MINUTES];
    enum status status = rows_acquire(rows, instance, false, &row);
    if (status != STATUS_OK) return status;
    int64_t start = row->block.start;
    enum status found = history_peek(&row->block, window->metric, window->member, values);
    rows_release(rows, row);
    if (start >= 0 && found == STATUS_OK) history_rollup_add(&window->rollup, start, values);
    return STATUS_OK;
}

enum status rows_window(struct rows *rows, const struct instance_id *instance, const char *metric,
                        const char *member, int64_t from_minute, int64_t to_minute,
                        struct history_point *points_out, uint32_t count) {
    if (from_minute < 0 || from_minute >= to_minute || count < 1 || count > ROWS_POINTS_MAX)
        return STATUS_OUT_OF_RANGE;
    struct window window = {.metric = metric, .member = member};
    history_rollup_init(&window.rollup, from_minute, to_minute, points_out, count);
    enum status sealed = STATUS_NOT_FOUND;
    uint64_t corrupt = 0;
    if (rows->folder[0] != '\0')
        sealed = blocks_each(rows->folder, instance, from_minute, to_minute, add_sealed, &window,
                             &corrupt);
    atomic_fetch_add(&rows->tally.blocks_corrupt, corrupt);
    add_waiting(rows, instance, &window);
    enum status open = add_open(rows, instance, &window);
    if (sealed != STATUS_OK && sealed != STATUS_NOT_FOUND) return sealed;
    return sealed == STATUS_OK || open == STATUS_OK ? STATUS_OK : STATUS_NOT_FOUND;
}
