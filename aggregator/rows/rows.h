/* One row for each instance that reports: its history, its prediction streams and its last report
 * (DESIGN 4). Takes what aggregator/ingest received, makes it durable in the journal, and only then
 * lets it be acknowledged; posts the changes that the engine must know.
 *
 * Files below state_directory/history, all of them this folder's: `journal-N` (reports since their
 * block was sealed), `SS/INSTANCE/START.block` (sealed blocks; SS = first byte of the id's hash). A
 * row has a lock of its own; the newest connection of an instance writes it. Two threads: the
 * journal's sync, once a second, and the scoring pass, once a prediction step. */
#ifndef EAR_AGGREGATOR_ROWS_ROWS_H
#define EAR_AGGREGATOR_ROWS_ROWS_H

#include "aggregator/history/history.h"
#include "aggregator/predict/predict.h"
#include "common/model/event.h"

#define ROWS_INSTANCES_MAX 20000
#define ROWS_POINTS_MAX    10080 /* a week of minutes */

struct rows;

struct rows_options {
    const char *state_directory;  /* borrowed during rows_create; NULL = nothing is kept on disk */
    uint32_t instances_max;       /* 1..ROWS_INSTANCES_MAX */
    uint32_t retention_days;      /* METRIC_RETENTION_DAYS: 7; 1..365 */
    uint32_t heartbeat_intervals; /* silent after so many of its own intervals: 3 */
    uint64_t fence;               /* epoch of this aggregator, given in each ack */
    bool predict;                 /* keep streams and run the scoring pass */
    struct predict_settings settings;
    /* Takes the event over in every case (heap; the taker frees it). Anything but STATUS_OK: it was
     * dropped, and what it said is said again: with the next report, pass or second. Called from
     * I/O threads and the two threads, under the row's lock, so that events about one instance are
     * posted in the order of what happened: must not block and must not call rows. NULL drops all.
     */
    enum status (*post)(void *context, struct event *event);
    void *context;
};

struct rows_options rows_options_default(void);

/* Reads sealed blocks and journal back, so that everything acknowledged is there again; a torn tail
 * of the journal (never acknowledged) is dropped, a block that fails its checksum is set aside with
 * a log line. STATUS_IO, STATUS_DENIED (folder), STATUS_NEWER, STATUS_NO_MEMORY. */
enum status rows_create(const struct rows_options *options, struct rows **rows_out) MUST_USE;
/* Starts the two threads. */
enum status rows_start(struct rows *rows) MUST_USE;
/* Stops them, syncs the journal, frees. NULL is fine; ingest must be stopped before. */
void rows_destroy(struct rows *rows);

/* ---- what ingest hands over (its sink; any thread) ----
 * connection  rising number of the peer's connection: a message of an older connection than the
 *             row's newest is answered STATUS_REFUSED
 * now         taken when the message was read; arrival orders samples, agents' clocks never do
 * ack_out     sequence, fence and directives are filled
 * STATUS_OK only when the message is in the row and in the journal. A repeated (boot, sequence) is
 * acknowledged again and changes nothing (F27). STATUS_FULL (table), STATUS_NO_SPACE,
 * STATUS_READ_ONLY, STATUS_IO (journal): not acknowledged, the agent keeps it. A notice whose event
 * was refused is not acknowledged either, with the status of `post`. */
enum status rows_report(struct rows *rows, uint64_t connection, const struct report *report,
                        struct now now, struct ack *ack_out) MUST_USE;
enum status rows_dictionary(struct rows *rows, uint64_t connection,
                            const struct instance_id *instance, const struct boot_id *boot,
                            uint64_t sequence, const struct series_dictionary *dictionary,
                            struct now now, struct ack *ack_out) MUST_USE;
enum status rows_notice(struct rows *rows, uint64_t connection, const struct notice *notice,
                        struct now now, struct ack *ack_out) MUST_USE;
/* A peer spoke in another's name, or its id is known under two accounts: raises the alarm event. */
void rows_refused(struct rows *rows, const struct instance_id *instance, const char *address,
                  const char *peer_name);

/* Sets or clears the grace directive in the acks of an instance: an action of ours is under way. At
 * its end the predictor is told that we cut short what it saw. Waits for no disk; any thread. */
void rows_set_grace(struct rows *rows, const struct instance_id *instance, bool grace);

/* New levels and thresholds from a reload (SPEC 85 to 91), from the next score on; `day` and `step`
 * stay as they were at rows_create. Any thread, not from `post`. */
void rows_set_levels(struct rows *rows, const struct predict_settings *settings);

/* One scoring pass: closes steps, scores, finds silence, seals what is due. The thread of
 * rows_start calls it each prediction step; tests call it themselves. */
void rows_pass(struct rows *rows, struct now now);
/* Syncs the journal, removes journals and blocks that are no longer needed. As above. */
void rows_sync(struct rows *rows, struct now now);

/* ---- what report and control read; copies, any thread but slow ones preferred ---- */

struct rows_snapshot {
    struct instance_id instance;
    struct boot_id boot;
    char agent_version[VERSION_SIZE];
    uint32_t interval_ms;
    struct duration since_report; /* -1 ms = none in this run of the aggregator */
    bool silent;
    struct metric_vector core; /* of the last report */
    uint16_t check_count;
    struct check_result checks[REPORT_CHECKS_MAX];
    struct prediction prediction; /* the last score */
};

/* STATUS_NOT_FOUND. */
enum status rows_snapshot(struct rows *rows, const struct instance_id *instance, struct now now,
                          struct rows_snapshot *snapshot_out) MUST_USE;
/* Up to `max` ids of all rows, sorted; gives how many there are in all. */
size_t rows_list(struct rows *rows, struct instance_id *ids_out, size_t max);

/* A chart: minutes [from, to) of one metric (of one member; NULL or "" = the core vector) as
 * `count` points, 1..ROWS_POINTS_MAX. Sealed and open blocks together.
 * STATUS_NOT_FOUND when the instance is unknown; a metric without values gives empty points. */
enum status rows_window(struct rows *rows, const struct instance_id *instance, const char *metric,
                        const char *member, int64_t from_minute, int64_t to_minute,
                        struct history_point *points_out, uint32_t count) MUST_USE;

struct rows_counters {
    uint64_t instances, reports, duplicates, superseded, refused_journal, refused_full;
    uint64_t blocks_sealed, blocks_corrupt, journal_bytes, journal_syncs, journal_replayed;
    uint64_t scores, silences;
};
void rows_counters(struct rows *rows, struct rows_counters *counters_out);

#endif
