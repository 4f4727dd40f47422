/* The two threads' work: scores each prediction step; each second the journal's sync, silence,
 * blocks whose time is over, and what may be removed. */
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aggregator/rows/blocks.h"
#include "aggregator/rows/rows_private.h"
#include "common/sys/file.h"
#include "common/sys/log.h"

#define CHANGE          0.05F /* of the confidence that is worth an event */
#define GRACE_MS        60000 /* agents re-dial within a minute of our start (DESIGN 6) */
#define INTERVAL_MS     60000 /* of an agent that has not said its own */
#define EXPIRE_EVERY_MS 3600000
#define STEADY_MS       86400000 /* both clocks agreed that long: the wall clock may be believed */
#define STEADY_APART_MS 3600000
#define SEALINGS_A_SYNC 64 /* all blocks turn at once: their files must not hold up the sync */
#define BLOCKS_A_DAY    12
#define POSTS_A_DAY     24 /* a low score is posted again after a part of the day */

/* The row in a slot, locked as rows_acquire does; NULL when the slot is free. */
static struct row *hold_slot(struct rows *rows, size_t slot) {
    (void)pthread_rwlock_rdlock(&rows->table_lock);
    struct row *row = rows->slots[slot];
    if (row)
        (void)pthread_mutex_lock(&row->lock);
    else
        (void)pthread_rwlock_unlock(&rows->table_lock);
    return row;
}

/* ---- scores ---- */

static bool worth_posting(const struct rows *rows, const struct row *row, struct now now) {
    float confidence = row->prediction.confidence;
    float medium = rows->options.settings.medium_confidence;
    if (!row->posted || confidence >= medium || row->posted_confidence >= medium) return true;
    if (fabsf(confidence - row->posted_confidence) >= CHANGE) return true;
    return boot_since(now.boot, row->posted_at).ms >= rows->options.settings.day.ms / POSTS_A_DAY;
}

static void score(struct rows *rows, struct row *row, struct now now) {
    if (!row->predict || !row->arrived) return;
    rows_note_action(rows, row);
    predict_close(&rows->options.settings, row->predict, now.wall);
    predict_score(&rows->options.settings, row->predict, now.wall, &row->prediction);
    row->prediction.instance = row->id;
    atomic_fetch_add(&rows->tally.scores, 1);
    if (!worth_posting(rows, row, now)) return;
    struct event *event = rows_event(EVENT_PREDICTION, &row->id);
    if (event) event->prediction = row->prediction;
    row->posted = rows_post(rows, event) == STATUS_OK; /* else again with the next pass */
    row->posted_confidence = row->prediction.confidence;
    row->posted_at = now.boot;
}

void rows_pass(struct rows *rows, struct now now) {
    for (size_t i = 0; i < ROWS_INSTANCES_MAX; i++) {
        struct row *row = hold_slot(rows, i);
        if (!row) continue;
        score(rows, row, now);
        rows_release(rows, row);
    }
}

/* ---- silence and the turn of blocks ---- */

/* Rows read back whose agent has not come yet are given time to dial. */
static struct duration silent_for(const struct rows *rows, const struct row *row, struct now now) {
    struct boot_time since =
        row->arrived ? row->arrival : boot_add(rows->started, duration_ms(GRACE_MS));
    return boot_since(now.boot, since);
}

static void find_silence(struct rows *rows, struct row *row, struct now now) {
    int64_t interval = row->interval_ms > 0 ? row->interval_ms : INTERVAL_MS;
    struct duration silent = silent_for(rows, row, now);
    if (row->silent || row->boot_count == 0) return;
    if (silent.ms <= interval * rows->options.heartbeat_intervals) return;
    struct event *event = rows_event(EVENT_AGENT_SILENT, &row->id);
    if (!event) return;
    event->agent.silent_for = silent;
    event->agent.boot = row->boots[0].id;
    event->agent.sequence = row->boots[0].seen;
    event->agent.interval_ms = row->interval_ms;
    memcpy(event->agent.agent_version, row->agent_version, sizeof event->agent.agent_version);
    if (rows_post(rows, event) != STATUS_OK) return; /* found again in a second */
    row->silent = true;
    atomic_fetch_add(&rows->tally.silences, 1);
}

/* Gives the lowest journal segment that an open block still needs, at most the one open now: what
 * is appended while we look goes into that one or a later one. */
static uint64_t look_at_rows(struct rows *rows, struct now now) {
    (void)pthread_mutex_lock(&rows->journal_lock);
    uint64_t needed = rows->journal.segment;
    (void)pthread_mutex_unlock(&rows->journal_lock);
    for (size_t i = 0; i < ROWS_INSTANCES_MAX; i++) {
        struct row *row = hold_slot(rows, i);
        if (!row) continue;
        struct sealing *sealing = NULL;
        if (row_turn(row, history_minute(now.wall), &sealing) == STATUS_OK)
            rows_queue_sealing(rows, sealing); /* out of memory: again in a second */
        if (row->block_segment > 0 && row->block_segment < needed) needed = row->block_segment;
        find_silence(rows, row, now);
        rows_release(rows, row);
    }
    return needed;
}

/* ---- sealed blocks ---- */

void rows_queue_sealing(struct rows *rows, struct sealing *sealing) {
    if (!sealing) return;
    if (rows->folder[0] == '\0') {
        free(sealing);
        return;
    }
    (void)pthread_mutex_lock(&rows->sealing_lock);
    if (rows->sealing_count >= ROWS_SEALINGS_MAX) {
        /* The journal still has it: it must stay until the next start. */
        bool lower = rows->held_segment == 0 || sealing->segment < rows->held_segment;
        if (sealing->segment > 0 && lower) rows->held_segment = sealing->segment;
        (void)pthread_mutex_unlock(&rows->sealing_lock);
        log_event(LOG_LEVEL_ERROR, "history.blocks_given_up",
                  log_string("instance", sealing->instance.text),
                  log_string("instead", "kept in the journal until the next start"));
        free(sealing);
        return;
    }
    if (rows->sealing_last)
        rows->sealing_last->next = sealing;
    else
        rows->sealing_first = sealing;
    rows->sealing_last = sealing;
    rows->sealing_count++;
    (void)pthread_mutex_unlock(&rows->sealing_lock);
}

static void say_sealing(struct rows *rows, const struct sealing *sealing, enum status status) {
    if (status == STATUS_OK && rows->sealing_broken)
        log_event(LOG_LEVEL_INFO, "history.works_again", log_string("folder", rows->folder));
    if (status != STATUS_OK && !rows->sealing_broken)
        log_event(LOG_LEVEL_ERROR, "history.cannot_be_written", log_status("status", status),
                  log_string("instance", sealing->instance.text),
                  log_string("instead", "blocks wait in memory and stay in the journal"));
    rows->sealing_broken = status != STATUS_OK;
}

/* The first one leaves the queue only when its file is there: charts never miss it. */
static bool write_first(struct rows *rows) {
    (void)pthread_mutex_lock(&rows->sealing_lock);
    struct sealing *first = rows->sealing_first; /* only this thread takes from the front */
    (void)pthread_mutex_unlock(&rows->sealing_lock);
    if (!first) return false;
    enum status status =
        blocks_write(rows->folder, &first->instance, first->start, first->bytes, first->length);
    (void)pthread_mutex_lock(&rows->sealing_lock);
    say_sealing(rows, first, status);
    if (status == STATUS_OK) {
        rows->sealing_first = first->next;
        if (!first->next) rows->sealing_last = NULL;
        rows->sealing_count--;
    }
    (void)pthread_mutex_unlock(&rows->sealing_lock);
    if (status != STATUS_OK) return false;
    atomic_fetch_add(&rows->tally.blocks_sealed, 1);
    free(first);
    return true;
}

void rows_write_sealings(struct rows *rows, size_t most) {
    for (size_t i = 0; i < most && write_first(rows); i++) {
    }
}

/* ---- the journal ---- */

/* The sync runs beside appends: on a descriptor of its own. */
static void sync_journal(struct rows *rows) {
    (void)pthread_mutex_lock(&rows->journal_lock);
    struct journal *journal = &rows->journal;
    uint64_t segment = journal->segment, bytes = journal->good_bytes;
    bool due = journal->fd >= 0 && journal->synced_bytes < bytes;
    int fd = due ? fcntl(journal->fd, F_DUPFD_CLOEXEC, 0) : -1;
    (void)pthread_mutex_unlock(&rows->journal_lock);
    if (fd < 0) return;
    enum status status = file_sync(fd);
    file_close(&fd);
    (void)pthread_mutex_lock(&rows->journal_lock);
    if (journal->segment == segment && status == STATUS_OK) journal->synced_bytes = bytes;
    /* What a failed sync dropped is unknown: never trust that file with more. */
    if (journal->segment == segment && status != STATUS_OK) file_close(&journal->fd);
    (void)pthread_mutex_unlock(&rows->journal_lock);
    atomic_fetch_add(&rows->tally.journal_syncs, 1);
    if (status != STATUS_OK)
        log_event(LOG_LEVEL_ERROR, "journal.sync_failed", log_status("status", status),
                  log_unsigned("segment", segment),
                  log_string("instead", "a new segment is begun"));
}

static void forget_segments(struct rows *rows, uint64_t needed) {
    (void)pthread_mutex_lock(&rows->sealing_lock);
    for (const struct sealing *one = rows->sealing_first; one; one = one->next)
        if (one->segment > 0 && one->segment < needed) needed = one->segment;
    if (rows->held_segment > 0 && rows->held_segment < needed) needed = rows->held_segment;
    (void)pthread_mutex_unlock(&rows->sealing_lock);
    (void)pthread_mutex_lock(&rows->journal_lock);
    journal_forget(&rows->journal, needed);
    (void)pthread_mutex_unlock(&rows->journal_lock);
}

/* ---- age ---- */

static bool clock_steady(struct rows *rows, struct now now) {
    int64_t apart = wall_since(now.wall, rows->clock_base.wall).ms -
                    boot_since(now.boot, rows->clock_base.boot).ms;
    if (apart > STEADY_APART_MS || apart < -STEADY_APART_MS) rows->clock_base = now;
    return boot_since(now.boot, rows->clock_base.boot).ms >= STEADY_MS;
}

struct expiry {
    struct rows *rows;
    int64_t before;
    size_t keep;
};

static void expire_one(void *context, const struct instance_id *instance) {
    const struct expiry *expiry = context;
    blocks_expire(expiry->rows->folder, instance, expiry->before, expiry->keep);
}

static void drop_from_table(struct rows *rows, size_t slot) {
    struct row *gone = rows->slots[slot];
    size_t place = 0;
    while (rows->places[place] != gone) place++; /* it is in the table */
    rows->places[place] = NULL;
    rows->slots[slot] = NULL;
    rows->count--;
    if (slot < rows->free_slot) rows->free_slot = (uint32_t)slot;
    row_destroy(gone);
    /* Rows behind it in its run may have to move up: put them in again. */
    for (size_t i = (place + 1) % ROWS_TABLE_PLACES; rows->places[i];
         i = (i + 1) % ROWS_TABLE_PLACES) {
        struct row *moved = rows->places[i];
        rows->places[i] = NULL;
        size_t at = instance_id_hash(&moved->id) % ROWS_TABLE_PLACES;
        while (rows->places[at]) at = (at + 1) % ROWS_TABLE_PLACES;
        rows->places[at] = moved;
    }
}

/* Instances that have not reported for as long as history is kept. */
static void drop_rows(struct rows *rows, struct now now) {
    int64_t most_ms = (int64_t)rows->options.retention_days * 86400000;
    (void)pthread_rwlock_wrlock(&rows->table_lock);
    for (size_t i = 0; i < ROWS_INSTANCES_MAX; i++) {
        struct row *row = rows->slots[i];
        if (row && row->block.last < 0 && silent_for(rows, row, now).ms > most_ms)
            drop_from_table(rows, i);
    }
    (void)pthread_rwlock_unlock(&rows->table_lock);
}

static void expire(struct rows *rows, struct now now) {
    bool steady = clock_steady(rows, now);
    bool due =
        rows->expired_at.ms == 0 || boot_since(now.boot, rows->expired_at).ms >= EXPIRE_EVERY_MS;
    if (!due) return;
    rows->expired_at = now.boot;
    drop_rows(rows, now);
    if (rows->folder[0] == '\0') return;
    struct expiry expiry = {
        .rows = rows,
        .before = history_minute(now.wall) - (int64_t)rows->options.retention_days * 1440,
        .keep = steady ? 0 : (size_t)rows->options.retention_days * BLOCKS_A_DAY,
    };
    if (blocks_instances(rows->folder, expire_one, &expiry) != STATUS_OK)
        log_event(LOG_LEVEL_WARNING, "history.cannot_expire", log_string("folder", rows->folder));
}

void rows_sync(struct rows *rows, struct now now) {
    if (rows->started.ms == 0) {
        rows->started = now.boot;
        rows->clock_base = now;
    }
    sync_journal(rows);
    uint64_t needed = look_at_rows(rows, now);
    rows_write_sealings(rows, SEALINGS_A_SYNC);
    forget_segments(rows, needed);
    expire(rows, now);
}
