/* Heap events and snapshots: what edges make and the loop destroys. Any thread. */
#include <stdlib.h>

#include "aggregator/engine/loop.h"

struct event *event_create(enum event_kind kind) {
    struct event *event = calloc(1, sizeof *event);
    if (event != NULL) event->kind = kind;
    return event;
}

void event_destroy(struct event *event) {
    if (event == NULL) return;
    free(event->facts);
    free(event->checks);
    free(event);
}

void snapshot_destroy(struct fleet_snapshot *snapshot) {
    if (snapshot == NULL) return;
    free(snapshot->members);
    free(snapshot);
}
