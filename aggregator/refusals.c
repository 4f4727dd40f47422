/* A small table of what was said lately; the caller's, guarded by its lock. Pure but for that lock.
 */
#include "aggregator/refusals.h"

#include <string.h>

#include "common/base/hash.h"

#define SAY_AGAIN_MS     600000
#define MINUTE_MS        60000
#define LINES_PER_MINUTE 60

/* The same peer for the same reason; its port differs at each try. */
static uint64_t key_of(const struct ingest_refusal *refusal) {
    const char *port = strrchr(refusal->address, ':');
    size_t host = port == NULL ? strlen(refusal->address) : (size_t)(port - refusal->address);
    uint64_t key = hash_bytes((uint64_t)refusal->reason, refusal->address, host);
    key = hash_bytes(key, refusal->peer_name, strlen(refusal->peer_name));
    key = hash_bytes(key, refusal->claimed.text, strlen(refusal->claimed.text));
    key = hash_bytes(key, refusal->detail, strlen(refusal->detail));
    return key == 0 ? 1 : key;
}

/* The entry of this key, else the one that was said longest ago. */
static struct refusal_said *find(struct refusals *refusals, uint64_t key) {
    struct refusal_said *oldest = &refusals->said[0];
    for (size_t i = 0; i < REFUSALS_KEPT; i++) {
        struct refusal_said *said = &refusals->said[i];
        if (said->key == key) return said;
        if (said->at.ms < oldest->at.ms) oldest = said; /* a free entry is the oldest of all */
    }
    return oldest;
}

static bool line_allowed(struct refusals *refusals, struct boot_time now) {
    if (refusals->lines == 0 || boot_since(now, refusals->minute).ms >= MINUTE_MS) {
        refusals->minute = now;
        refusals->lines = 0;
    }
    if (refusals->lines == LINES_PER_MINUTE) return false;
    refusals->lines++;
    return true;
}

bool refusals_say(struct refusals *refusals, const struct ingest_refusal *refusal,
                  struct boot_time now, uint32_t *repeats_out) {
    uint64_t key = key_of(refusal);
    bool say = false;
    *repeats_out = 0;
    pthread_mutex_lock(&refusals->lock);
    struct refusal_said *said = find(refusals, key);
    bool known = said->key == key;
    if (known && boot_since(now, said->at).ms < SAY_AGAIN_MS) {
        said->repeats++;
    } else if (line_allowed(refusals, now)) {
        *repeats_out = known ? said->repeats : 0;
        *said = (struct refusal_said){.key = key, .at = now};
        say = true;
    }
    pthread_mutex_unlock(&refusals->lock);
    return say;
}
