/* A small fleet and stored rows, as the engine would give them. */
#ifndef EAR_TESTS_UNIT_REPORT_SAMPLE_H
#define EAR_TESTS_UNIT_REPORT_SAMPLE_H

#include "common/model/fleet.h"
#include "common/model/record.h"

#define SAMPLE_MEMBERS 4
#define SAMPLE_AT_MS   1772525520000 /* 2026-03-03T08:12:00Z */

struct sample_fleet {
    struct fleet_snapshot snapshot; /* its members are the ones below */
    struct member_summary members[SAMPLE_MEMBERS];
};

/* db-1 unhealthy, web-7 predicted, cache-2 silent, batch-3 healthy. */
void sample_fill(struct sample_fleet *fleet);

/* A stored row over static text. */
struct record sample_row(const char *partition, const char *sort, const char *item);

#endif
