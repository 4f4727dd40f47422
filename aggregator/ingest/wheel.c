/* See wheel.h. Data is the caller's. */
#include "aggregator/ingest/wheel.h"

#define LOOK_AHEAD 16 /* slots looked at for the next wait: about a second, then look again */

static int64_t tick_of(struct boot_time at) { return at.ms / WHEEL_TICK_MS; }

static void unlink_node(struct wheel_node *node) {
    node->previous->next = node->next;
    node->next->previous = node->previous;
    node->next = node->previous = NULL;
}

void wheel_init(struct wheel *wheel, struct boot_time now) {
    for (size_t i = 0; i < WHEEL_SLOTS; i++) {
        struct wheel_node *head = &wheel->slots[i];
        *head = (struct wheel_node){.next = head, .previous = head};
    }
    wheel->tick = tick_of(now);
    wheel->count = 0;
}

/* A node due already goes to the next tick; one beyond the horizon to the last slot of the round.
 */
static size_t slot_for(const struct wheel *wheel, struct boot_time at) {
    int64_t tick = tick_of(at) + 1; /* never early */
    if (tick <= wheel->tick) tick = wheel->tick + 1;
    if (tick >= wheel->tick + WHEEL_SLOTS) tick = wheel->tick + WHEEL_SLOTS - 1;
    return (size_t)(tick % WHEEL_SLOTS);
}

static void insert(struct wheel *wheel, struct wheel_node *node) {
    struct wheel_node *head = &wheel->slots[slot_for(wheel, node->at)];
    node->next = head;
    node->previous = head->previous;
    head->previous->next = node;
    head->previous = node;
}

void wheel_schedule(struct wheel *wheel, struct wheel_node *node, struct boot_time at) {
    if (node->next != NULL && node->at.ms <= at.ms) return;
    wheel_cancel(wheel, node);
    node->at = at;
    insert(wheel, node);
    wheel->count++;
}

void wheel_cancel(struct wheel *wheel, struct wheel_node *node) {
    if (node->next == NULL) return;
    unlink_node(node);
    wheel->count--;
}

struct wheel_node *wheel_expire(struct wheel *wheel, struct boot_time now) {
    int64_t due = tick_of(now);
    if (wheel->count == 0) wheel->tick = due > wheel->tick ? due : wheel->tick;
    /* After a long sleep one round visits every slot; more rounds would see nothing new. */
    if (due - wheel->tick > WHEEL_SLOTS) wheel->tick = due - WHEEL_SLOTS;
    for (; wheel->tick <= due; wheel->tick++) {
        struct wheel_node *head = &wheel->slots[wheel->tick % WHEEL_SLOTS];
        while (head->next != head) {
            struct wheel_node *node = head->next;
            unlink_node(node);
            if (node->at.ms <= now.ms) {
                wheel->count--;
                return node;
            }
            insert(wheel, node); /* from beyond the horizon: another round, into a later slot */
        }
        if (wheel->tick == due) break;
    }
    return NULL;
}

int wheel_wait_ms(const struct wheel *wheel, struct boot_time now) {
    if (wheel->count == 0) return -1;
    for (int64_t ahead = 0; ahead < LOOK_AHEAD; ahead++) {
        const struct wheel_node *head = &wheel->slots[(wheel->tick + ahead) % WHEEL_SLOTS];
        if (head->next == head) continue;
        int64_t wait = (wheel->tick + ahead) * WHEEL_TICK_MS - now.ms;
        return wait < 1 ? 1 : (int)wait;
    }
    return LOOK_AHEAD * WHEEL_TICK_MS;
}
