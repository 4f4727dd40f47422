/* Open addressing over the instance's hash, linear probing, at most half full; grows by doubling up
 * to twice REGISTRY_INSTANCES_MAX slots. The lock guards everything. */
#include "aggregator/ingest/registry.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/sys/error.h"

#define SLOTS_FIRST 256 /* a power of two, as every size after it */

struct entry {
    struct instance_id instance; /* empty = free slot */
    char account[INGEST_ACCOUNT_SIZE];
    bool disputed;       /* seen under two accounts: refused until the aggregator starts anew */
    uint64_t connection; /* 0 = not connected */
    struct bucket bucket;
};

struct registry {
    pthread_mutex_t lock;
    struct entry *slots;
    size_t slot_count;
    size_t used;
    uint64_t newest; /* number of the newest entry */
};

enum status registry_create(struct registry **registry_out) {
    struct registry *registry = calloc(1, sizeof *registry);
    if (registry == NULL) return STATUS_NO_MEMORY;
    registry->slots = calloc(SLOTS_FIRST, sizeof *registry->slots);
    registry->slot_count = SLOTS_FIRST;
    if (registry->slots == NULL || pthread_mutex_init(&registry->lock, NULL) != 0) {
        free(registry->slots);
        free(registry);
        return STATUS_NO_MEMORY;
    }
    *registry_out = registry;
    return STATUS_OK;
}

void registry_destroy(struct registry *registry) {
    if (registry == NULL) return;
    (void)pthread_mutex_destroy(&registry->lock); /* fails only while held: our own bug */
    free(registry->slots);
    free(registry);
}

/* The slot of `instance`, or the free one where it would go. */
static struct entry *probe(struct entry *slots, size_t count, const struct instance_id *instance) {
    size_t at = (size_t)instance_id_hash(instance) & (count - 1);
    for (;; at = (at + 1) & (count - 1)) /* ends: at most half of the slots are used */
        if (slots[at].instance.text[0] == '\0' || instance_id_equal(&slots[at].instance, instance))
            return &slots[at];
}

/* Copies into a table of `count` slots; entries that say nothing any more stay behind when
 * `forget`. */
static enum status rebuild(struct registry *registry, size_t count, bool forget) {
    struct entry *slots = calloc(count, sizeof *slots);
    if (slots == NULL) return STATUS_NO_MEMORY;
    size_t used = 0;
    for (size_t i = 0; i < registry->slot_count; i++) {
        const struct entry *entry = &registry->slots[i];
        bool idle = entry->connection == 0 && !entry->disputed;
        if (entry->instance.text[0] == '\0' || (forget && idle)) continue;
        *probe(slots, count, &entry->instance) = *entry;
        used++;
    }
    free(registry->slots);
    registry->slots = slots;
    registry->slot_count = count;
    registry->used = used;
    return STATUS_OK;
}

static enum status make_room(struct registry *registry) {
    if (registry->used < registry->slot_count / 2) return STATUS_OK;
    if (registry->slot_count / 2 < REGISTRY_INSTANCES_MAX)
        return rebuild(registry, registry->slot_count * 2, false);
    enum status status = rebuild(registry, registry->slot_count, true);
    if (status) return status;
    return registry->used < registry->slot_count / 2 ? STATUS_OK : STATUS_FULL;
}

static bool accounts_differ(const struct entry *entry, const struct identity *identity) {
    return entry->account[0] != '\0' && identity->account[0] != '\0' &&
           strcmp(entry->account, identity->account) != 0;
}

static enum status enter(struct registry *registry, const struct identity *identity,
                         uint64_t connection, struct registry_place *place_out) {
    struct entry *entry = probe(registry->slots, registry->slot_count, &identity->instance);
    if (entry->instance.text[0] == '\0') {
        enum status status = make_room(registry);
        if (status) return status;
        entry = probe(registry->slots, registry->slot_count, &identity->instance); /* moved */
        *entry = (struct entry){.instance = identity->instance};
        registry->used++;
    }
    *place_out = (struct registry_place){
        .number = ++registry->newest, .older = entry->connection, .bucket = entry->bucket};
    memcpy(place_out->account, entry->account, sizeof place_out->account);
    entry->disputed = entry->disputed || accounts_differ(entry, identity);
    if (entry->disputed) {
        entry->connection = 0;
        return STATUS_IDENTITY;
    }
    if (identity->account[0] != '\0')
        memcpy(entry->account, identity->account, sizeof entry->account);
    entry->connection = connection;
    return STATUS_OK;
}

enum status registry_enter(struct registry *registry, const struct identity *identity,
                           uint64_t connection, struct registry_place *place_out) {
    (void)pthread_mutex_lock(&registry->lock); /* fails only by misuse, as unlock */
    enum status status = enter(registry, identity, connection, place_out);
    (void)pthread_mutex_unlock(&registry->lock);
    return status;
}

void registry_leave(struct registry *registry, const struct instance_id *instance,
                    uint64_t connection, const struct bucket *bucket) {
    (void)pthread_mutex_lock(&registry->lock);
    struct entry *entry = probe(registry->slots, registry->slot_count, instance);
    if (entry->connection == connection && connection != 0) {
        entry->connection = 0;
        entry->bucket = *bucket;
    }
    (void)pthread_mutex_unlock(&registry->lock);
}
