/* The table: rows are found by hash, added on their first report, removed when they have been
 * silent for as long as their history is kept. */
#include "aggregator/rows/rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "aggregator/rows/rows_private.h"
#include "common/base/text.h"
#include "common/sys/clock.h"
#include "common/sys/error.h"
#include "common/sys/file.h"
#include "common/sys/log.h"

#define FOLDER_MODE  0750
#define SYNC_EVERY_S 1

struct rows_options rows_options_default(void) {
    return (struct rows_options){
        .instances_max = ROWS_INSTANCES_MAX,
        .retention_days = 7,
        .heartbeat_intervals = 3,
        .predict = true,
        .settings = predict_settings_default(),
    };
}

struct event *rows_event(enum event_kind kind, const struct instance_id *instance) {
    struct event *event = calloc(1, sizeof *event);
    if (!event) {
        log_event(LOG_LEVEL_ERROR, "rows.event_lost", log_string("kind", event_kind_name(kind)),
                  log_string("instance", instance->text));
        return NULL;
    }
    event->kind = kind;
    event->instance = *instance;
    return event;
}

enum status rows_post(struct rows *rows, struct event *event) {
    if (!event) return STATUS_NO_MEMORY;
    if (rows->options.post) return rows->options.post(rows->options.context, event);
    free(event);
    return STATUS_OK;
}

static size_t place_of(const struct rows *rows, const struct instance_id *instance) {
    size_t place = instance_id_hash(instance) % ROWS_TABLE_PLACES;
    while (rows->places[place] && !instance_id_equal(&rows->places[place]->id, instance))
        place = (place + 1) % ROWS_TABLE_PLACES; /* ends: the table is never full */
    return place;
}

struct row *rows_find(const struct rows *rows, const struct instance_id *instance) {
    return rows->places[place_of(rows, instance)];
}

enum status rows_add(struct rows *rows, const struct instance_id *instance, struct row **row_out) {
    size_t place = place_of(rows, instance);
    if (rows->places[place]) {
        *row_out = rows->places[place];
        return STATUS_OK;
    }
    if (rows->count >= rows->options.instances_max) return STATUS_FULL;
    while (rows->slots[rows->free_slot]) rows->free_slot++; /* count < max: there is one */
    enum status status =
        row_create(instance, rows->free_slot, rows->options.predict, &rows->places[place]);
    if (status != STATUS_OK) return status;
    rows->slots[rows->free_slot] = rows->places[place];
    rows->count++;
    *row_out = rows->places[place];
    return STATUS_OK;
}

enum status rows_acquire(struct rows *rows, const struct instance_id *instance, bool make,
                         struct row **row_out) {
    struct row *row = NULL;
    (void)pthread_rwlock_rdlock(&rows->table_lock);
    row = rows_find(rows, instance);
    if (!row && make) {
        (void)pthread_rwlock_unlock(&rows->table_lock);
        (void)pthread_rwlock_wrlock(&rows->table_lock);
        enum status status = rows_add(rows, instance, &row);
        (void)pthread_rwlock_unlock(&rows->table_lock);
        if (status != STATUS_OK) return status;
        (void)pthread_rwlock_rdlock(&rows->table_lock);
        row = rows_find(rows, instance); /* rows are removed only after days */
    }
    if (!row) {
        (void)pthread_rwlock_unlock(&rows->table_lock);
        return STATUS_NOT_FOUND;
    }
    (void)pthread_mutex_lock(&row->lock);
    *row_out = row;
    return STATUS_OK;
}

void rows_release(struct rows *rows, struct row *row) {
    (void)pthread_mutex_unlock(&row->lock);
    (void)pthread_rwlock_unlock(&rows->table_lock);
}

static enum status make_folder(const char *path) {
    if (mkdir(path, FOLDER_MODE) == 0) return file_sync_folder(path);
    return errno == EEXIST ? STATUS_OK : sys_status(errno);
}

static enum status open_folder(struct rows *rows, const char *state_directory) {
    uint64_t oldest = 0, newest = 0;
    enum status status = STATUS_OK;
    if (state_directory) {
        struct text text = text_over(rows->folder, sizeof rows->folder);
        text_add(&text, state_directory);
        text_add(&text, "/history");
        if (text.truncated) return STATUS_TOO_LARGE;
        status = make_folder(rows->folder);
        if (status == STATUS_OK) status = journal_find(rows->folder, &oldest, &newest);
    }
    journal_init(&rows->journal, rows->folder, oldest, newest);
    if (status == STATUS_OK && newest > 0) status = rows_restore(rows);
    return status;
}

static bool make_locks(struct rows *rows) {
    return pthread_rwlock_init(&rows->table_lock, NULL) == 0 &&
           pthread_mutex_init(&rows->journal_lock, NULL) == 0 &&
           pthread_mutex_init(&rows->sealing_lock, NULL) == 0 &&
           pthread_mutex_init(&rows->stop_lock, NULL) == 0 &&
           pthread_cond_init(&rows->stop_wake, NULL) == 0;
}

enum status rows_create(const struct rows_options *options, struct rows **rows_out) {
    if (options->instances_max < 1 || options->instances_max > ROWS_INSTANCES_MAX ||
        options->retention_days < 1 || options->retention_days > 365 ||
        options->heartbeat_intervals < 1 || options->settings.day.ms < 60000)
        return STATUS_OUT_OF_RANGE;
    struct rows *rows = calloc(1, sizeof *rows);
    if (!rows) return STATUS_NO_MEMORY;
    rows->options = *options;
    rows->options.state_directory = NULL;
    if (!make_locks(rows)) {
        free(rows); /* locks that were made hold no memory on Linux */
        return STATUS_NO_MEMORY;
    }
    enum status status = open_folder(rows, options->state_directory);
    if (status != STATUS_OK) {
        rows_destroy(rows);
        return status;
    }
    *rows_out = rows;
    return STATUS_OK;
}

/* Whoever reads the settings holds the table lock. */
void rows_set_levels(struct rows *rows, const struct predict_settings *settings) {
    struct predict_settings levels = *settings;
    (void)pthread_rwlock_wrlock(&rows->table_lock);
    levels.day = rows->options.settings.day;
    levels.step = rows->options.settings.step;
    rows->options.settings = levels;
    (void)pthread_rwlock_unlock(&rows->table_lock);
}

/* Waits until `due` (CLOCK_REALTIME as the condition wants it) or the stop; says whether to go on.
 */
static bool wait_for(struct rows *rows, struct duration span) {
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until); /* cannot fail for this clock */
    until.tv_sec += span.ms / 1000;
    until.tv_nsec += span.ms % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    (void)pthread_mutex_lock(&rows->stop_lock);
    int waited = 0;
    while (!rows->stopping && waited == 0)
        waited = pthread_cond_timedwait(&rows->stop_wake, &rows->stop_lock, &until);
    bool go_on = !rows->stopping;
    (void)pthread_mutex_unlock(&rows->stop_lock);
    return go_on;
}

static void run_sync(void *context) {
    struct rows *rows = context;
    while (wait_for(rows, duration_s(SYNC_EVERY_S))) rows_sync(rows, sys_now());
}

static void run_pass(void *context) {
    struct rows *rows = context;
    (void)pthread_rwlock_rdlock(&rows->table_lock);
    struct duration step = predict_step_length(&rows->options.settings);
    (void)pthread_rwlock_unlock(&rows->table_lock);
    while (wait_for(rows, step)) rows_pass(rows, sys_now());
}

enum status rows_start(struct rows *rows) {
    enum status status = thread_start(&rows->sync_thread, "ear-journal", 0, run_sync, rows);
    if (status == STATUS_OK && rows->options.predict)
        status = thread_start(&rows->pass_thread, "ear-scores", 0, run_pass, rows);
    return status;
}

static void stop_threads(struct rows *rows) {
    (void)pthread_mutex_lock(&rows->stop_lock);
    rows->stopping = true;
    (void)pthread_cond_broadcast(&rows->stop_wake);
    (void)pthread_mutex_unlock(&rows->stop_lock);
    thread_join(&rows->sync_thread);
    thread_join(&rows->pass_thread);
}

void rows_destroy(struct rows *rows) {
    if (!rows) return;
    stop_threads(rows);
    rows_write_sealings(rows,
                        ROWS_SEALINGS_MAX); /* what cannot be written is still in the journal */
    if (rows->journal.fd >= 0 && file_sync(rows->journal.fd) != STATUS_OK)
        log_event(LOG_LEVEL_ERROR, "journal.sync_failed", log_string("at", "shutdown"));
    journal_fini(&rows->journal);
    while (rows->sealing_first) {
        struct sealing *next = rows->sealing_first->next;
        free(rows->sealing_first);
        rows->sealing_first = next;
    }
    for (size_t i = 0; i < ROWS_INSTANCES_MAX; i++) row_destroy(rows->slots[i]);
    free(rows);
}

static int compare_ids(const void *a, const void *b) {
    return strcmp(((const struct instance_id *)a)->text, ((const struct instance_id *)b)->text);
}

size_t rows_list(struct rows *rows, struct instance_id *ids_out, size_t max) {
    size_t put = 0;
    (void)pthread_rwlock_rdlock(&rows->table_lock);
    size_t count = rows->count;
    for (size_t i = 0; i < ROWS_INSTANCES_MAX && put < max && put < count; i++)
        if (rows->slots[i]) ids_out[put++] = rows->slots[i]->id;
    (void)pthread_rwlock_unlock(&rows->table_lock);
    if (put > 1) qsort(ids_out, put, sizeof ids_out[0], compare_ids);
    return count;
}

void rows_counters(struct rows *rows, struct rows_counters *counters_out) {
    struct rows_tally *tally = &rows->tally;
    (void)pthread_rwlock_rdlock(&rows->table_lock);
    size_t count = rows->count;
    (void)pthread_rwlock_unlock(&rows->table_lock);
    (void)pthread_mutex_lock(&rows->journal_lock);
    uint64_t bytes = rows->journal.total_bytes;
    (void)pthread_mutex_unlock(&rows->journal_lock);
    *counters_out = (struct rows_counters){
        .instances = count,
        .reports = atomic_load(&tally->reports),
        .duplicates = atomic_load(&tally->duplicates),
        .superseded = atomic_load(&tally->superseded),
        .refused_journal = atomic_load(&tally->refused_journal),
        .refused_full = atomic_load(&tally->refused_full),
        .blocks_sealed = atomic_load(&tally->blocks_sealed),
        .blocks_corrupt = atomic_load(&tally->blocks_corrupt),
        .journal_bytes = bytes,
        .journal_syncs = atomic_load(&tally->journal_syncs),
        .journal_replayed = atomic_load(&tally->journal_replayed),
        .scores = atomic_load(&tally->scores),
        .silences = atomic_load(&tally->silences),
    };
}
