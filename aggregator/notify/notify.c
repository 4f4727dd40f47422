/* The notifier's thread. It owns its channels and their back-off; the outbox is the store's. */
#include "aggregator/notify/notify.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/notify/content.h"
#include "aggregator/notify/format.h"
#include "aggregator/notify/webhook.h"
#include "common/base/json_write.h"
#include "common/base/prng.h"
#include "common/json/json.h"
#include "common/sys/clock.h"
#include "common/sys/log.h"
#include "common/sys/thread.h"

#define BACKOFF_FIRST_MS 1000
#define BACKOFF_MAX_MS   300000
#define IDLE_MS          60000 /* looks at the outbox even when nobody woke it */
#define STORE_RETRY_MS   5000

enum channel_kind { CHANNEL_SLACK, CHANNEL_SNS, CHANNEL_COUNT };
static const char *const channel_names[CHANNEL_COUNT] = {"slack", "sns"};

struct channel {
    bool enabled;
    unsigned failures;        /* in a row */
    struct boot_time next_at; /* not before; 0 = now */
};

struct notify {
    struct notify_options options; /* strings owned */
    struct store *store;           /* borrowed */
    struct webhook *webhook;
    struct channel channels[CHANNEL_COUNT];
    struct prng prng;
    struct thread thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool woken, stopping; /* guarded by lock, as the counts */
    struct notify_counts counts;
};

/* One waiting notification. */
struct waiting {
    const struct record *record; /* borrowed from the round's rows */
    struct content content;
    bool delivered[CHANNEL_COUNT];
    bool gone; /* to be deleted from the outbox */
};

/* What one round works on. */
struct round {
    struct record *records;
    size_t record_count;
    struct waiting *waiting; /* heap */
    size_t count;
    struct now now;
};

static void count(struct notify *notify, uint64_t sent, uint64_t failed, uint64_t dead) {
    pthread_mutex_lock(&notify->lock);
    notify->counts.sent += sent;
    notify->counts.failed += failed;
    notify->counts.dead += dead;
    pthread_mutex_unlock(&notify->lock);
}

static bool is_stopping(struct notify *notify) {
    pthread_mutex_lock(&notify->lock);
    bool stopping = notify->stopping;
    pthread_mutex_unlock(&notify->lock);
    return stopping;
}

/* --- store --- */

/* A completion that this thread waits for. */
struct written {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool done;
    enum status status;
};

static void mark_written(void *arg, uint64_t batch_id, enum status status) {
    struct written *written = arg;
    (void)batch_id;
    pthread_mutex_lock(&written->lock);
    written->done = true;
    written->status = status;
    pthread_cond_signal(&written->changed);
    pthread_mutex_unlock(&written->lock);
}

static enum status write_operation(struct notify *notify, enum record_operation_kind kind,
                                   enum record_table table, const char *partition, const char *sort,
                                   const char *item) {
    struct written written = {.lock = PTHREAD_MUTEX_INITIALIZER,
                              .changed = PTHREAD_COND_INITIALIZER};
    struct batch *batch = batch_create(0);
    if (batch == NULL) return STATUS_NO_MEMORY;
    enum status status = batch_add(batch, kind, table, partition, sort, item);
    if (status == STATUS_OK) status = store_submit(notify->store, batch, mark_written, &written);
    if (status != STATUS_OK) {
        batch_destroy(batch);
        return status;
    }
    pthread_mutex_lock(&written.lock);
    while (!written.done) pthread_cond_wait(&written.changed, &written.lock);
    pthread_mutex_unlock(&written.lock);
    return written.status;
}

/* A failure here means that the notification may go out a second time: said, and survived. */
static void remember(struct notify *notify, enum record_operation_kind kind,
                     enum record_table table, const char *partition, const char *sort,
                     const char *item) {
    enum status status = write_operation(notify, kind, table, partition, sort, item);
    if (status == STATUS_OK) return;
    log_event(LOG_LEVEL_WARNING, "notify.store_failed", log_string("notification", partition),
              log_status("status", status), log_string("instead", "it may be delivered again"));
}

/* As it is, or as a string when it is no JSON: the dead letter must be readable in either case. */
static void add_notification(struct json_writer *json, const char *item) {
    struct json_doc *doc CLEANUP(json_cleanup) = NULL;
    if (json_parse(item, strlen(item), RECORD_ITEM_SIZE, &doc) == STATUS_OK)
        json_raw(json, "notification", item);
    else
        json_string(json, "unreadable", item);
}

static void bury(struct notify *notify, const struct waiting *w, const char *channel,
                 const char *reason) {
    char key[RECORD_KEY_SIZE], item[RECORD_ITEM_SIZE], time[CLOCK_RFC3339_SIZE];
    struct text name = text_over(key, sizeof key), text = text_over(item, sizeof item);
    text_add(&name, "dead-letter/");
    text_add(&name, w->record->partition);
    struct json_writer json = json_writer_over(&text);
    json_open_object(&json, NULL);
    json_string(&json, "reason", reason);
    json_string(&json, "channel", channel);
    json_string(&json, "buried", wall_format_ms(sys_now().wall, time)); /* the store ages by it */
    add_notification(&json, w->record->item);
    json_close_object(&json);
    if (!name.truncated && !text.truncated)
        remember(notify, RECORD_PUT, RECORD_META, key, channel, item);
    log_event(LOG_LEVEL_ERROR, "notify.dead_letter", log_string("notification", w->content.id),
              log_string("title", w->content.title), log_string("channel", channel),
              log_string("reason", reason));
    count(notify, 0, 0, 1);
}

/* --- channels --- */

static struct webhook_verdict send_slack(struct notify *notify, struct waiting *const *group,
                                         size_t size) {
    char body[FORMAT_BODY_SIZE];
    struct text text = text_over(body, sizeof body);
    struct content shown[NOTIFY_COALESCE];
    struct webhook_verdict verdict;
    if (size == 1) {
        format_slack(&group[0]->content, notify->options.slack_channel,
                     notify->options.slack_username, &text);
    } else {
        size_t first = size < NOTIFY_COALESCE ? size : NOTIFY_COALESCE;
        for (size_t i = 0; i < first; i++) shown[i] = group[i]->content;
        format_slack_summary(shown, first, size, notify->options.slack_channel,
                             notify->options.slack_username, &text);
    }
    webhook_post(notify->webhook, notify->options.slack_url, body, text.length,
                 notify->options.deadline, &verdict);
    return verdict;
}

static struct webhook_verdict send_sns(struct notify *notify, struct waiting *const *group,
                                       size_t size) {
    char subject[FORMAT_SUBJECT_SIZE], message[FORMAT_BODY_SIZE];
    struct text head = text_over(subject, sizeof subject),
                body = text_over(message, sizeof message);
    struct content shown[NOTIFY_COALESCE];
    const struct content *c = &group[0]->content;
    struct webhook_verdict verdict = {.status = STATUS_OK};
    if (size == 1) {
        format_sns(c, &head, &body);
    } else {
        size_t first = size < NOTIFY_COALESCE ? size : NOTIFY_COALESCE;
        for (size_t i = 0; i < first; i++) shown[i] = group[i]->content;
        format_sns_summary(shown, first, size, &head, &body);
    }
    struct notify_publish publish = {notify->options.sns_topic_arn,
                                     subject,
                                     message,
                                     c->severity[0] == '\0' ? "info" : c->severity,
                                     c->has_instance ? c->instance : "fleet",
                                     c->event[0] == '\0' ? "notification" : c->event};
    verdict.status = notify->options.publish(notify->options.publish_context, &publish,
                                             notify->options.deadline);
    struct text detail = text_over(verdict.detail, sizeof verdict.detail);
    text_add(&detail, status_text(verdict.status));
    return verdict;
}

/* Full jitter (R21, R28), never shorter than the receiver asked for. */
static void back_off(struct notify *notify, struct channel *channel, struct duration asked) {
    unsigned shift = channel->failures < 9 ? channel->failures : 9;
    int64_t most = (int64_t)BACKOFF_FIRST_MS << shift;
    if (most > BACKOFF_MAX_MS) most = BACKOFF_MAX_MS;
    int64_t wait = 1 + (int64_t)prng_below(&notify->prng, (uint64_t)most);
    if (asked.ms > wait) wait = asked.ms;
    channel->failures++;
    channel->next_at = boot_add(sys_now().boot, duration_ms(wait));
}

static bool is_too_old(const struct notify *notify, const struct waiting *w, struct now now) {
    struct wall_time said;
    if (wall_parse(w->content.time, strlen(w->content.time), &said) != STATUS_OK) return false;
    return wall_since(now.wall, said).ms > notify->options.give_up.ms;
}

static void settle(struct notify *notify, struct waiting *const *group, size_t size,
                   enum channel_kind kind, bool keep_note) {
    for (size_t i = 0; i < size; i++) {
        group[i]->delivered[kind] = true;
        if (keep_note)
            remember(notify, RECORD_PUT, RECORD_OUTBOX, group[i]->record->partition,
                     channel_names[kind], "{\"delivered\":true}");
    }
}

/* Sends one message for the group and says what becomes of the channel. True = go on with it. */
static bool deliver(struct notify *notify, struct waiting *const *group, size_t size,
                    enum channel_kind kind, bool keep_note) {
    struct channel *channel = &notify->channels[kind];
    struct webhook_verdict verdict =
        kind == CHANNEL_SLACK ? send_slack(notify, group, size) : send_sns(notify, group, size);
    if (verdict.status == STATUS_OK) {
        channel->failures = 0;
        channel->next_at = (struct boot_time){0};
        settle(notify, group, size, kind, keep_note);
        count(notify, size, 0, 0);
        return true;
    }
    count(notify, 0, 1, 0);
    bool final = status_class(verdict.status) != STATUS_CLASS_RETRY;
    log_event(LOG_LEVEL_WARNING, "notify.failed", log_string("channel", channel_names[kind]),
              log_string("notification", group[0]->content.id),
              log_string("answer", verdict.detail),
              log_string("instead", final ? "dead letter" : "tried again later"));
    if (!final) {
        back_off(notify, channel, verdict.retry_after);
        return false;
    }
    for (size_t i = 0; i < size; i++) bury(notify, group[i], channel_names[kind], verdict.detail);
    settle(notify, group, size, kind, keep_note);
    return true;
}

/* --- a round --- */

static struct waiting *find(struct round *round, const char *partition) {
    for (size_t i = 0; i < round->count; i++) {
        const struct record *record = round->waiting[i].record;
        if (record != NULL && strcmp(record->partition, partition) == 0) return &round->waiting[i];
    }
    return NULL;
}

/* Rows with an empty sort key are notifications and come first; the others are notes of delivery.
 */
static void gather(struct notify *notify, struct round *round) {
    for (size_t i = 0; i < round->record_count; i++) {
        const struct record *record = &round->records[i];
        struct waiting *w = record->sort[0] == '\0' ? &round->waiting[round->count]
                                                    : find(round, record->partition);
        char place[64];
        if (w == NULL) continue;
        if (record->sort[0] != '\0') {
            for (size_t k = 0; k < CHANNEL_COUNT; k++)
                if (strcmp(record->sort, channel_names[k]) == 0) w->delivered[k] = true;
            continue;
        }
        memset(w, 0, sizeof *w);
        w->record = record;
        if (content_read(record->item, &w->content, place) != STATUS_OK) {
            struct text id = text_over(w->content.id, sizeof w->content.id);
            text_add(&id, record->partition);
            bury(notify, w, "all", place);
            w->gone = true;
        }
        round->count++;
    }
}

static void serve_channel(struct notify *notify, struct round *round, enum channel_kind kind,
                          bool keep_note) {
    struct channel *channel = &notify->channels[kind];
    struct waiting *pending[NOTIFY_READ_MAX];
    size_t count = 0;
    for (size_t i = 0; i < round->count; i++) {
        struct waiting *w = &round->waiting[i];
        if (w->gone || w->delivered[kind]) continue;
        if (is_too_old(notify, w, round->now)) {
            bury(notify, w, channel_names[kind], "not delivered in time");
            settle(notify, &w, 1, kind, keep_note);
        } else {
            pending[count++] = w;
        }
    }
    if (count == 0 || round->now.boot.ms < channel->next_at.ms) return;
    if (count > NOTIFY_COALESCE) {
        (void)deliver(notify, pending, count, kind, keep_note); /* the next round goes on */
        return;
    }
    for (size_t i = 0; i < count && !is_stopping(notify); i++)
        if (!deliver(notify, &pending[i], 1, kind, keep_note)) return;
}

static void clear_done(struct notify *notify, struct round *round) {
    for (size_t i = 0; i < round->count; i++) {
        struct waiting *w = &round->waiting[i];
        bool done = true;
        for (size_t k = 0; k < CHANNEL_COUNT; k++)
            if (notify->channels[k].enabled && !w->delivered[k]) done = false;
        if (!done && !w->gone) continue;
        remember(notify, RECORD_DELETE, RECORD_OUTBOX, w->record->partition, "", NULL);
        for (size_t k = 0; k < CHANNEL_COUNT; k++)
            if (w->delivered[k])
                remember(notify, RECORD_DELETE, RECORD_OUTBOX, w->record->partition,
                         channel_names[k], NULL);
    }
}

/* Looks at the outbox once; gives the time until it must look again. */
static struct duration run_round(struct notify *notify) {
    struct round round = {.now = sys_now()};
    struct store_query query = {.table = RECORD_OUTBOX, .limit = NOTIFY_READ_MAX};
    if (store_read(notify->store, &query, &round.records, &round.record_count) != STATUS_OK)
        return duration_ms(STORE_RETRY_MS);
    if (round.record_count > 0) round.waiting = calloc(round.record_count, sizeof *round.waiting);
    if (round.record_count == 0 || round.waiting == NULL) {
        store_records_free(round.records, round.record_count);
        return duration_ms(round.record_count == 0 ? IDLE_MS : STORE_RETRY_MS);
    }
    gather(notify, &round);
    unsigned enabled = 0;
    for (size_t k = 0; k < CHANNEL_COUNT; k++) enabled += notify->channels[k].enabled;
    struct duration wait = duration_ms(IDLE_MS);
    for (unsigned k = 0; k < CHANNEL_COUNT; k++) {
        struct channel *channel = &notify->channels[k];
        if (!channel->enabled) continue;
        serve_channel(notify, &round, (enum channel_kind)k, enabled > 1);
        struct duration left = boot_since(channel->next_at, sys_now().boot);
        if (channel->next_at.ms != 0 && left.ms < wait.ms)
            wait = left.ms < 1 ? duration_ms(1) : left;
    }
    clear_done(notify, &round);
    free(round.waiting);
    store_records_free(round.records, round.record_count);
    return wait;
}

/* Waits until woken or `wait` has passed; false = stop. Boot time counts, as everywhere. */
static bool wait_for_work(struct notify *notify, struct duration wait) {
    struct timespec until = sys_deadline(wait);
    pthread_mutex_lock(&notify->lock);
    int result = 0;
    while (!notify->woken && !notify->stopping && result == 0)
        result = pthread_cond_timedwait(&notify->changed, &notify->lock, &until);
    notify->woken = false;
    bool go_on = !notify->stopping;
    pthread_mutex_unlock(&notify->lock);
    return go_on;
}

static void run(void *argument) {
    struct notify *notify = argument;
    do {
    } while (wait_for_work(notify, run_round(notify)));
}

static char *copy(const char *string) { return strdup(string == NULL ? "" : string); }

static void free_strings(struct notify *notify) {
    char *secret = (char *)notify->options.slack_url;
    if (secret != NULL) explicit_bzero(secret, strlen(secret));
    free(secret);
    free((char *)notify->options.slack_channel);
    free((char *)notify->options.slack_username);
    free((char *)notify->options.sns_topic_arn);
}

static enum status start(struct notify *notify) {
    struct notify_options *o = &notify->options;
    o->slack_url = copy(o->slack_url);
    o->slack_channel = copy(o->slack_channel);
    o->slack_username = copy(o->slack_username);
    o->sns_topic_arn = copy(o->sns_topic_arn);
    if (o->slack_url == NULL || o->slack_channel == NULL || o->slack_username == NULL ||
        o->sns_topic_arn == NULL)
        return STATUS_NO_MEMORY;
    notify->channels[CHANNEL_SLACK].enabled = o->enabled && o->slack_url[0] != '\0';
    notify->channels[CHANNEL_SNS].enabled =
        o->enabled && o->sns_topic_arn[0] != '\0' && o->publish != NULL;
    if (!notify->channels[CHANNEL_SLACK].enabled && !notify->channels[CHANNEL_SNS].enabled)
        log_event(LOG_LEVEL_WARNING, "notify.no_channel",
                  log_string("instead", "notifications are dropped; earctl audit still has all"));
    enum status status = webhook_create(o->allow_loopback, &notify->webhook);
    return status == STATUS_OK ? thread_start(&notify->thread, "ear-notify", 0, run, notify)
                               : status;
}

enum status notify_create(const struct notify_options *options, struct store *store,
                          struct notify **notify_out) {
    struct notify *notify = calloc(1, sizeof *notify);
    pthread_condattr_t attributes;
    if (notify == NULL) return STATUS_NO_MEMORY;
    notify->options = *options;
    notify->store = store;
    notify->prng = prng_seeded(options->seed);
    pthread_mutex_init(&notify->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&notify->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    enum status status = start(notify);
    if (status != STATUS_OK) {
        notify_destroy(notify);
        return status;
    }
    *notify_out = notify;
    return STATUS_OK;
}

void notify_destroy(struct notify *notify) {
    if (notify == NULL) return;
    pthread_mutex_lock(&notify->lock);
    notify->stopping = true;
    pthread_cond_signal(&notify->changed);
    pthread_mutex_unlock(&notify->lock);
    thread_join(&notify->thread);
    webhook_destroy(notify->webhook);
    free_strings(notify);
    pthread_cond_destroy(&notify->changed);
    pthread_mutex_destroy(&notify->lock);
    free(notify);
}

void notify_wake(struct notify *notify) {
    pthread_mutex_lock(&notify->lock);
    notify->woken = true;
    pthread_cond_signal(&notify->changed);
    pthread_mutex_unlock(&notify->lock);
}

struct notify_counts notify_counts(struct notify *notify) {
    pthread_mutex_lock(&notify->lock);
    struct notify_counts counts = notify->counts;
    pthread_mutex_unlock(&notify->lock);
    return counts;
}
