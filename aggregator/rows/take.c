/* What ingest hands over: duplicates, journal, row, ack, and the events that follow. Runs on
 * ingest's I/O threads; a row's lock is held from the first look to the last change. */
#include <math.h>
#include <string.h>

#include "aggregator/rows/rows_private.h"
#include "common/sys/log.h"

/* One report gives at most: seen, each check that is gone, each check, each event. */
#define JOURNAL_QUIET_MS 5000 /* of good appends before a broken journal counts as whole */
#define EVENTS_MAX       (1 + 2 * REPORT_CHECKS_MAX + REPORT_EVENTS_MAX)

struct outbox {
    bool lost; /* no memory for one */
    size_t count;
    struct event *events[EVENTS_MAX];
};

static struct event *put_event(struct outbox *outbox, enum event_kind kind,
                               const struct report *report) {
    struct event *event = rows_event(kind, &report->instance);
    if (!event) {
        outbox->lost = true;
        return NULL;
    }
    ASSERT(outbox->count < EVENTS_MAX);
    event->agent.boot = report->boot;
    event->agent.sequence = report->sequence;
    event->agent.interval_ms = report->interval_ms;
    memcpy(event->agent.agent_version, report->agent_version, sizeof event->agent.agent_version);
    outbox->events[outbox->count++] = event;
    return event;
}

/* What was lost is said again by the next report: it is a state, but for an agent's event, which
 * only tells. */
static void send_events(struct rows *rows, struct row *row, struct outbox *outbox) {
    for (size_t i = 0; i < outbox->count; i++)
        if (rows_post(rows, outbox->events[i]) != STATUS_OK) outbox->lost = true;
    if (outbox->lost) row->resend = true;
}

static const struct check_result *find_check(const struct check_result *checks, size_t count,
                                             const char *name) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(checks[i].name, name) == 0) return &checks[i];
    return NULL;
}

/* A check taken out of the agent's file says nothing any more, least of all that it fails. */
static void note_gone(const struct row *row, const struct report *report, size_t count,
                      struct outbox *outbox) {
    for (size_t i = 0; i < row->check_count; i++) {
        const struct check_result *before = &row->checks[i];
        if (find_check(report->checks, count, before->name)) continue;
        struct event *event = put_event(outbox, EVENT_AGENT_CHECK, report);
        if (!event) continue;
        event->agent.check =
            (struct check_result){.state = CHECK_UNKNOWN, .detail = "the agent has it no longer"};
        memcpy(event->agent.check.name, before->name, sizeof before->name);
        memcpy(event->agent.check.unit, before->unit, sizeof before->unit);
    }
}

static void note_checks(struct row *row, const struct report *report, bool all,
                        struct outbox *outbox) {
    size_t count =
        report->check_count < REPORT_CHECKS_MAX ? report->check_count : REPORT_CHECKS_MAX;
    note_gone(row, report, count, outbox);
    for (size_t i = 0; i < count; i++) {
        const struct check_result *now = &report->checks[i];
        const struct check_result *before = find_check(row->checks, row->check_count, now->name);
        bool same = before && before->state == now->state && strcmp(before->unit, now->unit) == 0;
        if (same && !all) continue;
        struct event *event = put_event(outbox, EVENT_AGENT_CHECK, report);
        if (event) event->agent.check = *now;
    }
    memcpy(row->checks, report->checks, count * sizeof row->checks[0]);
    row->check_count = (uint16_t)count;
}

static void note_events(const struct report *report, struct outbox *outbox) {
    for (size_t i = 0; i < report->event_count && i < REPORT_EVENTS_MAX; i++) {
        struct event *event = put_event(outbox, EVENT_AGENT_EVENT, report);
        if (event) event->agent.occurred = report->events[i];
    }
}

/* What people and the engine see; not the history. */
static void note_report(struct row *row, const struct report *report, bool new_boot,
                        bool new_connection, struct now now, struct outbox *outbox) {
    bool seen = new_boot || new_connection || row->silent || !row->arrived || row->resend;
    if (seen) (void)put_event(outbox, EVENT_AGENT_SEEN, report);
    row->arrived = true;
    row->silent = false;
    row->resend = false;
    row->arrival = now.boot;
    row->core = report->core;
    memcpy(row->agent_version, report->agent_version, sizeof row->agent_version);
    note_checks(row, report, seen, outbox);
    note_events(report, outbox);
}

static void fill_ack(const struct rows *rows, const struct row *row, const struct report *report,
                     struct ack *ack_out) {
    bool unknown =
        report->dictionary_generation != 0 &&
        (!row->dictionary_known || report->dictionary_generation != row->dictionary_generation);
    *ack_out = (struct ack){.sequence = report->sequence, .fence = rows->options.fence};
    if (unknown) ack_out->directives |= ACK_DIRECTIVE_SEND_DICTIONARY;
    if (atomic_load(&row->grace)) ack_out->directives |= ACK_DIRECTIVE_GRACE;
}

static void fill_record(const struct report *report, struct wall_time at,
                        const struct row_value *further, size_t count,
                        struct journal_report *record) {
    memset(record, 0, sizeof *record);
    record->at = at;
    record->sequence = report->sequence;
    for (unsigned i = 0; i < METRIC_COUNT; i++) {
        if (!metric_has(&report->core, (enum metric)i) || !isfinite(report->core.values[i]))
            continue;
        record->present |= UINT64_C(1) << i;
        record->values[i] = report->core.values[i];
    }
    record->further_count = (uint8_t)count;
    for (size_t i = 0; i < count; i++) {
        record->further_columns[i] = further[i].column;
        record->further_values[i] = further[i].value;
    }
}

/* Says once that it began, and once that it is over: on a nearly full disk one report fits where
 * the next does not, so only a while of good writes is the end. Under the journal's lock. */
static void say_journal(struct rows *rows, enum status status, struct boot_time now) {
    if (status != STATUS_OK) {
        if (!rows->journal_broken)
            log_event(
                LOG_LEVEL_ERROR, "journal.cannot_be_written", log_status("status", status),
                log_string("folder", rows->folder),
                log_string("instead", "reports are shown but not acknowledged: agents keep them"));
        rows->journal_broken = true;
        rows->journal_good_since = (struct boot_time){0};
        return;
    }
    if (!rows->journal_broken) return;
    if (rows->journal_good_since.ms == 0) rows->journal_good_since = now;
    if (boot_since(now, rows->journal_good_since).ms < JOURNAL_QUIET_MS) return;
    log_event(LOG_LEVEL_INFO, "journal.works_again",
              log_unsigned("segment", rows->journal.segment));
    rows->journal_broken = false;
}

static enum status write_journal(struct rows *rows, struct row *row,
                                 const struct journal_report *record, const struct boot_id *boot,
                                 struct boot_time now) {
    uint8_t bytes[ROW_RECORDS_MAX];
    int64_t label = history_block_start(history_minute(record->at));
    (void)pthread_mutex_lock(&rows->journal_lock);
    enum status status = journal_ready(&rows->journal, label, HISTORY_MINUTES);
    uint64_t segment = rows->journal.segment;
    if (status == STATUS_OK) {
        size_t length = row_records(row, segment, record, boot, bytes);
        status = journal_append(&rows->journal, bytes, length);
    }
    say_journal(rows, status, now);
    (void)pthread_mutex_unlock(&rows->journal_lock);
    if (status == STATUS_OK) row_recorded(row, segment, record, boot);
    return status;
}

/* A report that is new to the row, or that is in the row and not yet in the journal. */
static enum status take(struct rows *rows, struct row *row, struct row_boot *boot,
                        const struct report *report, struct now now, struct sealing **sealing) {
    struct row_value further[HISTORY_FURTHER_MAX];
    struct journal_report record;
    size_t count = row_further_values(row, report, further);
    struct wall_time at = row_time(row, now.wall);
    enum status status = row_turn(row, history_minute(at), sealing);
    if (status != STATUS_OK) return status;
    /* The turn may have moved the columns. */
    if (*sealing) count = row_further_values(row, report, further);
    fill_record(report, at, further, count, &record);
    enum status written = write_journal(rows, row, &record, &report->boot, now.boot);
    if (written != STATUS_OK) atomic_fetch_add(&rows->tally.refused_journal, 1);
    if (report->sequence > boot->seen) {
        struct sealing *none = NULL;
        status = row_apply(row, &rows->options.settings, at, report->interval_ms, &report->core,
                           further, count, &none);
        ASSERT(status == STATUS_OK && none == NULL); /* it has been turned above */
        boot->seen = report->sequence;
    }
    if (written == STATUS_OK) boot->journaled = report->sequence;
    return written;
}

static enum status take_locked(struct rows *rows, struct row *row, uint64_t connection,
                               const struct report *report, struct now now, struct ack *ack_out,
                               struct sealing **sealing, struct outbox *outbox) {
    if (connection < row->connection) {
        atomic_fetch_add(&rows->tally.superseded, 1);
        return STATUS_REFUSED;
    }
    rows_warm(rows, row, history_minute(now.wall));
    rows_note_action(rows, row);
    bool new_connection = connection != row->noted_connection;
    row->connection = connection;
    struct row_boot *boot = row_boot_find(row, &report->boot);
    bool new_boot = boot == NULL;
    if (!boot) boot = row_boot_add(row, &report->boot);
    if (report->sequence <= boot->journaled) {
        atomic_fetch_add(&rows->tally.duplicates, 1);
        row->arrival = now.boot;
        fill_ack(rows, row, report, ack_out);
        return STATUS_OK;
    }
    bool fresh = report->sequence > boot->seen;
    row->interval_ms = report->interval_ms; /* the journal names the row with it */
    enum status status = take(rows, row, boot, report, now, sealing);
    if (status == STATUS_NO_MEMORY) return status;
    if (fresh && boot == &row->boots[0]) {
        note_report(row, report, new_boot, new_connection, now, outbox);
        row->noted_connection = connection;
    }
    if (status != STATUS_OK) return status;
    atomic_fetch_add(&rows->tally.reports, 1);
    fill_ack(rows, row, report, ack_out);
    return STATUS_OK;
}

enum status rows_report(struct rows *rows, uint64_t connection, const struct report *report,
                        struct now now, struct ack *ack_out) {
    struct row *row = NULL;
    struct outbox outbox = {0};
    struct sealing *sealing = NULL;
    enum status status = rows_acquire(rows, &report->instance, true, &row);
    if (status != STATUS_OK) {
        atomic_fetch_add(&rows->tally.refused_full, 1);
        return status;
    }
    status = take_locked(rows, row, connection, report, now, ack_out, &sealing, &outbox);
    rows_queue_sealing(rows, sealing);
    send_events(rows, row, &outbox);
    rows_release(rows, row);
    return status;
}

enum status rows_dictionary(struct rows *rows, uint64_t connection,
                            const struct instance_id *instance, const struct boot_id *boot,
                            uint64_t sequence, const struct series_dictionary *dictionary,
                            struct now now, struct ack *ack_out) {
    struct row *row = NULL;
    (void)boot; /* a dictionary replaces the one before, whatever boot it is of */
    enum status status = rows_acquire(rows, instance, true, &row);
    if (status != STATUS_OK) return status;
    if (connection < row->connection) {
        status = STATUS_REFUSED;
    } else {
        status = row_dictionary(row, dictionary);
        if (row->arrived) row->arrival = now.boot;
    }
    if (status == STATUS_OK)
        *ack_out = (struct ack){.sequence = sequence, .fence = rows->options.fence};
    rows_release(rows, row);
    return status;
}

static enum status post_notice(struct rows *rows, const struct notice *notice) {
    struct event *event = rows_event(EVENT_AGENT_NOTICE, &notice->instance);
    if (!event) return STATUS_NO_MEMORY;
    event->agent.boot = notice->boot;
    event->agent.sequence = notice->sequence;
    event->agent.notice = notice->kind;
    return rows_post(rows, event);
}

enum status rows_notice(struct rows *rows, uint64_t connection, const struct notice *notice,
                        struct now now, struct ack *ack_out) {
    struct row *row = NULL;
    enum status status = rows_acquire(rows, &notice->instance, true, &row);
    if (status != STATUS_OK) return status;
    if (connection < row->connection) {
        status = STATUS_REFUSED;
    } else {
        if (row->arrived) row->arrival = now.boot;
        status = post_notice(rows, notice);
    }
    rows_release(rows, row);
    if (status == STATUS_OK)
        *ack_out = (struct ack){.sequence = notice->sequence, .fence = rows->options.fence};
    return status;
}

void rows_refused(struct rows *rows, const struct instance_id *instance, const char *address,
                  const char *peer_name) {
    struct event *event = rows_event(EVENT_AGENT_REFUSED, instance);
    if (!event) return;
    strncat(event->agent.peer, address, sizeof event->agent.peer - 1);
    strncat(event->agent.peer_name, peer_name, sizeof event->agent.peer_name - 1);
    /* About no row of the peer's own. Lost: it comes again with the peer's next message. */
    IGNORE(rows_post(rows, event));
}

/* The engine's thread asks: it must not wait for the row's lock, under which the journal is
 * written.
 */
void rows_set_grace(struct rows *rows, const struct instance_id *instance, bool grace) {
    (void)pthread_rwlock_rdlock(&rows->table_lock);
    struct row *row = rows_find(rows, instance);
    if (row && atomic_exchange(&row->grace, grace) && !grace) atomic_store(&row->cut_short, true);
    (void)pthread_rwlock_unlock(&rows->table_lock);
}

void rows_note_action(struct rows *rows, struct row *row) {
    if (atomic_exchange(&row->cut_short, false) && row->predict)
        predict_acted(&rows->options.settings, row->predict, row->predict->newest);
}
