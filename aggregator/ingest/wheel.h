/* Deadlines of one I/O thread: a wheel of lists, a slot for each tick. Moving a deadline later
 * costs nothing: its owner looks again when the old one passes. Pure; one thread. */
#ifndef EAR_AGGREGATOR_INGEST_WHEEL_H
#define EAR_AGGREGATOR_INGEST_WHEEL_H

#include "common/base/clock.h"

#define WHEEL_TICK_MS 64
#define WHEEL_SLOTS   1024 /* 65 s ahead; later deadlines come round again */

/* Inside what has a deadline; zeroes = not scheduled. */
struct wheel_node {
    struct wheel_node *next, *previous; /* NULL = not scheduled */
    struct boot_time at;
};

struct wheel {
    struct wheel_node slots[WHEEL_SLOTS]; /* heads of rings */
    int64_t tick;                         /* the newest one that was served */
    size_t count;                         /* nodes scheduled */
};

void wheel_init(struct wheel *wheel, struct boot_time now);
/* Schedules `node`, or moves it when `at` is sooner than before; a later `at` is ignored. */
void wheel_schedule(struct wheel *wheel, struct wheel_node *node, struct boot_time at);
void wheel_cancel(struct wheel *wheel, struct wheel_node *node);
/* Takes one node whose time has come by `now`, or NULL: call until NULL. The node is no longer
 * scheduled. A node's time is at most one tick late. */
struct wheel_node *wheel_expire(struct wheel *wheel, struct boot_time now);
/* Milliseconds until wheel_expire() may have something; -1 = never. */
int wheel_wait_ms(const struct wheel *wheel, struct boot_time now);

#endif
