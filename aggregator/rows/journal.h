/* The journal: what was acknowledged and is not yet in a sealed block. Segments `journal-N`,
 * rising; one is written, by write(2) before each ack, and synced each second; the others wait
 * until every block they fed is sealed. Private to aggregator/rows. */
#ifndef EAR_AGGREGATOR_ROWS_JOURNAL_H
#define EAR_AGGREGATOR_ROWS_JOURNAL_H

#include "common/base/clock.h"
#include "common/base/id.h"
#include "common/model/report.h"

#define JOURNAL_FURTHER_MAX 64 /* HISTORY_FURTHER_MAX */
#define JOURNAL_SAME        0x80
#define JOURNAL_RECORD_MAX  1024
#define JOURNAL_PATH_SIZE   512

/* One report as it stands in the journal. */
struct journal_report {
    uint32_t row;        /* of the writing process: see JOURNAL_NAME */
    struct wall_time at; /* the minute it went into belongs to this time */
    uint64_t sequence;
    uint64_t present; /* core metrics the report held */
    uint64_t changed; /* those whose value follows: the others are as in the row's last record */
    float values[METRIC_COUNT];
    uint8_t further_count;
    uint8_t further_columns[JOURNAL_FURTHER_MAX]; /* | JOURNAL_SAME: as in the row's last record */
    float further_values[JOURNAL_FURTHER_MAX];
};

/* Names a row of this segment. Comes before any other record of the row. */
struct journal_name {
    uint32_t row;
    struct instance_id instance;
    uint32_t interval_ms;
};

/* The boot that following reports of the row belong to. */
struct journal_boot {
    uint32_t row;
    struct boot_id boot;
    uint64_t sequence; /* highest taken of it */
};

/* Names a further column of the row; the values of further_columns refer to it. */
struct journal_series {
    uint32_t row;
    uint8_t column;
    struct series_name name;
};

enum journal_kind { JOURNAL_NAME = 1, JOURNAL_BOOT, JOURNAL_SERIES, JOURNAL_REPORT };

struct journal_record {
    enum journal_kind kind;
    struct journal_name name;
    struct journal_boot boot;
    struct journal_series series;
    struct journal_report report;
};

/* Record <-> bytes. Encoding gives the length, at most JOURNAL_RECORD_MAX. Decoding:
 * STATUS_TOO_FEW when `length` ends within the record (a torn tail), STATUS_CORRUPT. Pure. */
size_t journal_encode(const struct journal_record *record, uint8_t bytes[JOURNAL_RECORD_MAX]);
enum status journal_decode(const uint8_t *bytes, size_t length, struct journal_record *record_out,
                           size_t *used_out) MUST_USE;

/* The writer. Guarded by its owner's journal lock. */
struct journal {
    char folder[JOURNAL_PATH_SIZE]; /* empty = nothing is written */
    int fd;                         /* -1 = no segment open: the next append opens one */
    uint64_t segment;               /* of the open segment; rises, never used twice */
    uint64_t oldest;                /* lowest segment on disk */
    int64_t label;                  /* block of time that the segment was begun in */
    uint64_t good_bytes;            /* length of whole records in the open segment */
    uint64_t synced_bytes;
    uint64_t total_bytes;
};

/* Starts after segment `last` (0 = none), whose oldest is `oldest`. */
void journal_init(struct journal *journal, const char *folder, uint64_t oldest, uint64_t last);
/* Closes; what was written stays. */
void journal_fini(struct journal *journal);
/* Makes sure that a segment for the block of time `label` is open; begins a new one when the block
 * moved on, or moved back by more than one. Rows notice by journal->segment. */
enum status journal_ready(struct journal *journal, int64_t label, int64_t block_length) MUST_USE;
/* Appends whole records at once. After a failure nothing of it is in the segment: it is cut back,
 * or, where that fails too, left and never written again. */
enum status journal_append(struct journal *journal, const uint8_t *bytes, size_t length) MUST_USE;
/* Removes segments below `needed` (and never the open one). */
void journal_forget(struct journal *journal, uint64_t needed);

/* Reading back. Gives the segments found in `folder`, lowest and highest; 0, 0 when none. */
enum status journal_find(const char *folder, uint64_t *oldest_out, uint64_t *newest_out) MUST_USE;
/* Hands each whole record of a segment to `take`, in order; a torn tail ends it quietly.
 * torn_bytes_out  bytes after the last whole record
 * STATUS_NOT_FOUND, STATUS_NEWER, STATUS_IO, STATUS_NO_MEMORY, or what `take` answered. */
enum status journal_read(const char *folder, uint64_t segment,
                         enum status (*take)(void *context, const struct journal_record *record),
                         void *context, uint64_t *torn_bytes_out) MUST_USE;

#endif
