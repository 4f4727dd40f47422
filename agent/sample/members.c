/* The dictionary of further series; pure, the sampler's storage. */
#include "agent/sample/members.h"

#include <math.h>
#include <string.h>

#include "common/base/hash.h"
#include "common/base/text.h"

void members_begin(struct members *members) {
    memset(members->has_value, 0, sizeof members->has_value);
}

static uint64_t hash_of(enum metric_member family, const char *name, const char *member) {
    uint64_t hash = hash_bytes(HASH_SEED, &family, sizeof family);
    hash = hash_bytes(hash, name, strlen(name) + 1);
    return hash_bytes(hash, member, strlen(member));
}

static size_t text_bytes(const struct series_name *name) {
    return strlen(name->name) + strlen(name->member) + strlen(name->volume) + MEMBERS_OVERHEAD;
}

/* The slot of a series, else the first free one, else SERIES_MAX. */
static size_t find(const struct members *m, uint64_t hash, enum metric_member family,
                   const char *name, const char *member) {
    size_t vacant = SERIES_MAX;
    for (size_t i = 0; i < SERIES_MAX; i++) {
        const struct series_name *slot = &m->slots[i];
        if (slot->family == METRIC_MEMBER_NONE) {
            if (vacant == SERIES_MAX) vacant = i;
        } else if (m->hashes[i] == hash && slot->family == family &&
                   strcmp(slot->name, name) == 0 && strcmp(slot->member, member) == 0) {
            return i;
        }
    }
    return vacant;
}

static bool enter(struct members *m, size_t at, uint64_t hash, enum metric_member family,
                  const char *name, const char *member, const char *volume) {
    struct series_name entry = {.number = (uint16_t)at, .family = family};
    if (text_copy(entry.name, sizeof entry.name, name) != STATUS_OK ||
        text_copy(entry.member, sizeof entry.member, member) != STATUS_OK ||
        text_copy(entry.volume, sizeof entry.volume, volume) != STATUS_OK)
        return false;
    if (m->text_bytes + text_bytes(&entry) > MEMBERS_TEXT_MAX) return false;
    m->text_bytes += text_bytes(&entry);
    m->slots[at] = entry;
    m->hashes[at] = hash;
    m->changed = true;
    return true;
}

static void leave(struct members *m, size_t at) {
    m->text_bytes -= text_bytes(&m->slots[at]);
    m->slots[at] = (struct series_name){0};
    m->missed[at] = 0;
    m->changed = true;
}

void members_put(struct members *members, enum metric_member family, const char *name,
                 const char *member, const char *volume, double value) {
    if (!isfinite((float)value) || member[0] == '\0') return;
    if (volume == NULL) volume = "";
    uint64_t hash = hash_of(family, name, member);
    size_t at = find(members, hash, family, name, member);
    if (at == SERIES_MAX) {
        members->refused++;
        return;
    }
    /* Another volume behind the same name is another thing: it gets its name anew. */
    if (members->slots[at].family != METRIC_MEMBER_NONE &&
        strcmp(members->slots[at].volume, volume) != 0)
        leave(members, at);
    if (members->slots[at].family == METRIC_MEMBER_NONE &&
        !enter(members, at, hash, family, name, member, volume)) {
        members->refused++;
        return;
    }
    members->missed[at] = 0;
    members->has_value[at] = true;
    members->values[at] = (float)value;
}

void members_worst(struct metric_vector *core, enum metric metric, double value) {
    if (metric_has(core, metric) && !(value > (double)core->values[metric])) return;
    if (isfinite(value)) metric_set(core, metric, value);
}

static void rebuild(struct members *m) {
    m->dictionary.generation++;
    m->dictionary.count = 0;
    for (size_t i = 0; i < SERIES_MAX; i++)
        if (m->slots[i].family != METRIC_MEMBER_NONE)
            m->dictionary.names[m->dictionary.count++] = m->slots[i];
    m->changed = false;
}

void members_end(struct members *members, struct series_value *values, uint16_t *count_out,
                 void (*lost)(void *context, const struct series_name *name), void *context) {
    uint16_t count = 0;
    for (size_t i = 0; i < SERIES_MAX; i++) {
        if (members->slots[i].family == METRIC_MEMBER_NONE) continue;
        if (members->has_value[i]) {
            values[count++] = (struct series_value){(uint16_t)i, members->values[i]};
        } else if (++members->missed[i] >= MEMBERS_PATIENCE) {
            if (lost != NULL) lost(context, &members->slots[i]);
            leave(members, i);
        }
    }
    if (members->changed) rebuild(members);
    *count_out = count;
}
