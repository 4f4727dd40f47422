/* The table of the core vector; constant data, any thread. */
#include "common/model/metric.h"

#include <math.h>
#include <string.h>

_Static_assert(METRIC_COUNT <= METRIC_MAX, "presence is a 64-bit mask");

static const struct metric_row rows[METRIC_COUNT] = {
#define METRIC_ROW(upper, name, unit, join, member, help)                                          \
    [METRIC_##upper] = {name, METRIC_UNIT_##unit, METRIC_JOIN_##join, METRIC_MEMBER_##member, help},
    METRIC_TABLE(METRIC_ROW)
#undef METRIC_ROW
};

const struct metric_row *metric_row(enum metric metric) {
    ASSERT((unsigned)metric < METRIC_COUNT);
    return &rows[metric];
}

enum status metric_find(const char *name, size_t length, enum metric *metric_out) {
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        if (strlen(rows[i].name) != length || memcmp(rows[i].name, name, length) != 0) continue;
        *metric_out = (enum metric)i;
        return STATUS_OK;
    }
    return STATUS_NOT_FOUND;
}

const char *metric_unit_text(enum metric_unit unit) {
    switch (unit) {
    case METRIC_UNIT_PERCENT: return "%";
    case METRIC_UNIT_BYTES: return "bytes";
    case METRIC_UNIT_BYTES_PER_SECOND: return "bytes/s";
    case METRIC_UNIT_PER_SECOND: return "/s";
    case METRIC_UNIT_MILLISECONDS: return "ms";
    case METRIC_UNIT_SECONDS: return "s";
    case METRIC_UNIT_COUNT: return "";
    case METRIC_UNIT_NONE: return "";
    }
    return "";
}

void metric_set(struct metric_vector *vector, enum metric metric, double value) {
    ASSERT((unsigned)metric < METRIC_COUNT);
    uint64_t bit = UINT64_C(1) << metric;
    float narrow = (float)value;
    if (!isfinite(narrow)) {
        vector->present &= ~bit;
        return;
    }
    vector->present |= bit;
    vector->values[metric] = narrow;
}
