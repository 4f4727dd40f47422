/* Charts: minutes into equally wide points. The points are the caller's. Pure. */
#include <math.h>

#include "aggregator/history/history.h"

#define POINTS_MAX 10080

void history_rollup_init(struct history_rollup *rollup, int64_t from, int64_t to,
                         struct history_point *points, uint32_t count) {
    ASSERT(from < to && count >= 1 && count <= POINTS_MAX);
    *rollup = (struct history_rollup){from, to, count, points};
    for (uint32_t i = 0; i < count; i++) points[i] = (struct history_point){NAN, NAN, NAN, 0};
}

static void add_value(struct history_point *point, float value) {
    if (point->count == 0) {
        *point = (struct history_point){value, value, value, 1};
        return;
    }
    if (value < point->least) point->least = value;
    if (value > point->most) point->most = value;
    point->count++;
    point->mean += (value - point->mean) / (float)point->count;
}

void history_rollup_add(struct history_rollup *rollup, int64_t block_start,
                        const float values[HISTORY_MINUTES]) {
    int64_t span = rollup->to - rollup->from;
    for (int64_t i = 0; i < HISTORY_MINUTES; i++) {
        int64_t offset = block_start + i - rollup->from;
        if (offset < 0 || offset >= span || !isfinite(values[i])) continue;
        /* span is at most some weeks of minutes here, count 10,080: no overflow */
        add_value(&rollup->points[offset * (int64_t)rollup->count / span], values[i]);
    }
}
