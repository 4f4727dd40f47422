/* What is remembered of one metric of one instance: three trend windows, and how high it has been
 * in the past days. Fed once a prediction step, in constant time; plain data of fixed size.
 *
 * Every stream runs so that up is bad: the caller turns a metric whose fall is the failure
 * (credits) around. Lengths are parts of the prediction day, so a day of ten minutes behaves as one
 * of 24 h. */
#ifndef EAR_AGGREGATOR_PREDICT_STREAM_H
#define EAR_AGGREGATOR_PREDICT_STREAM_H

#include "common/base/clock.h"
#include "common/model/metric.h"

#define PREDICT_WINDOWS      3  /* 0.5, 2 and 8 h of a 24 h day */
#define PREDICT_BLOCKS       12 /* of a window: means between which slopes are taken */
#define PREDICT_CHUNKS       12 /* of a day: highest block of each 2 h */
#define PREDICT_DAYS         7  /* whole days before those */
#define PREDICT_POINTS_LEAST 5  /* blocks without which a window has no trend */

/* Joins the samples of one prediction step. */
struct predict_gather {
    double sum;
    uint32_t count;
    float most; /* largest of the step; with the mean it is what the stream gets */
};

/* The robust line through a window, taken when its newest block closed. */
struct predict_trend {
    uint32_t points;   /* blocks it rests on; below PREDICT_POINTS_LEAST nothing else is valid */
    float slope;       /* Theil-Sen: median slope of all pairs of blocks, units a ms */
    float concordance; /* Kendall's tau of value and time, -1..1: 1 = each block above the last */
    float rise;        /* slope times the time between first and last block, units */
    int64_t at_ms;     /* newest block */
};

struct predict_window {
    int64_t block;  /* number of the block being filled: time / block length; -1 = none */
    double sum;     /* of the values in it */
    uint32_t count; /* and how many */
    uint32_t used;  /* closed blocks in the ring */
    uint32_t next;  /* where the next one goes */
    float means[PREDICT_BLOCKS];
    int64_t times_ms[PREDICT_BLOCKS]; /* middle of each block */
    struct predict_trend trend;
};

struct predict_stream {
    struct predict_window windows[PREDICT_WINDOWS];
    int64_t first_ms;  /* first value; -1 = none yet */
    int64_t newest_ms; /* newest value */
    int64_t chunk;     /* number of the chunk being filled: time / chunk length */
    float last;        /* newest step's mean */
    float last_most;   /* newest step's extreme */
    float chunk_high;  /* highest short block in the chunk being filled; -infinity = none */
    float chunks[PREDICT_CHUNKS]; /* of the past day, by chunk number modulo; -infinity = none */
    float days[PREDICT_DAYS];     /* of the days before, newest first */
    float reference;              /* past high as of the newest chunk; -infinity = none */
    float run_peak; /* highest short block since it last turned back to the reference */
    float turned;   /* highest peak that turned back by itself; -infinity = none */
    int64_t turned_ms;
    float slopes[PREDICT_CHUNKS]; /* of the 2 h window as each of those chunks closed; 0 = none */
    uint32_t day_chunks;          /* chunks moved into days[0] so far */
};

void predict_gather_clear(struct predict_gather *gather);
/* Not finite: ignored. */
void predict_gather_add(struct predict_gather *gather, float value);

void predict_stream_init(struct predict_stream *stream);
/* Feeds one step: its mean and its extreme, both finite, at `at`. A time at or before the newest
 * one (a clock stepped back) begins the windows anew and keeps the highs. `day` >= 60 s.
 * Constant time: at most 66 slopes in each window whose block closed. */
void predict_update(struct predict_stream *stream, struct duration day, struct wall_time at,
                    float mean, float extreme);

/* The trend of window 0..PREDICT_WINDOWS-1 as of `now`; points = 0 when it is too old to say
 * anything (nothing new for longer than its own length). */
struct predict_trend predict_trend_at(const struct predict_stream *stream, struct duration day,
                                      unsigned window, struct wall_time now);
/* Median of the short blocks (half an hour / 12 each) of the newest `span`: the level without
 * single spikes. The newest value when no block has closed yet. */
float predict_level(const struct predict_stream *stream, struct duration span);
/* The lowest of those blocks: a level held all that time. */
float predict_floor(const struct predict_stream *stream, struct duration span);
/* How the rise slows down: the e-fold rate a ms at which slopes fell from 8 to 16 h ago until the
 * last 6 h; 0 when they did not, or when too little is known. */
float predict_slowing(const struct predict_stream *stream, struct duration day);
/* Forgets trends, and highs too young to be past. */
void predict_stream_forget(struct predict_stream *stream, struct duration day,
                           struct wall_time now);
/* How young a high may not be to count as past: 2 h of a day in a young stream, growing to 12 h, so
 * that a trend of that length does not hide itself. */
struct duration predict_lag(const struct predict_stream *stream, struct duration day,
                            struct wall_time now);
/* The highest short block older than the lag, and whatever peak has turned back by itself since;
 * -infinity when there is none. */
float predict_past_high(const struct predict_stream *stream, struct duration day,
                        struct wall_time now);

#endif
