/* Foretells failures of one instance from its metrics: the streams take one value a metric each
 * prediction step, the score joins what they found into the probability that the instance fails
 * within one prediction day (DESIGN 4, PREDICTION 7; the method: docs/prediction.md).
 *
 * Pure: no clock, no memory of its own, no log. The same calls serve the daemon (aggregator/rows),
 * `earctl replay` (aggregator/replay) and the simulator. A caller's whole duty:
 *
 *     predict_row_init(&row, &settings);
 *     for each sample, oldest first:
 *         if (predict_due(&settings, &row, sample.at)) {
 *             predict_close(&settings, &row, sample.at);         closes the step that has ended
 *             predict_score(&settings, &row, sample.at, &out);   as often as wanted
 *         }
 *         predict_observe(&row, sample.at, metric, value);
 *
 * No value later than `now` is ever in a row, so a score cannot look ahead. */
#ifndef EAR_AGGREGATOR_PREDICT_PREDICT_H
#define EAR_AGGREGATOR_PREDICT_PREDICT_H

#include "aggregator/predict/arrivals.h"
#include "aggregator/predict/stream.h"
#include "common/model/prediction.h"

#define PREDICT_MEMBERS_MAX 16 /* members watched one by one, an instance: services and mounts */

/* All time constants derive from `day`; levels are SPEC 85 to 91's settings. Borrowed by every
 * call; may change between calls (a reload), except `day` and `step`, for which rows start anew. */
struct predict_settings {
    struct duration day;  /* prediction_day: horizon and season; 24 h; minimum 60 s */
    struct duration step; /* prediction_step: 60 s; minimum 1 s; at most day / 576 is used */
    float high_confidence, medium_confidence; /* 0.8, 0.6 */
    float steal_warning, steal_critical;      /* CPU_STEAL_*: 5, 10 % */
    float iowait_warning, iowait_critical;    /* IOWAIT_*: 20, 40 % */
    float memory_warning, memory_critical;    /* MEMORY_SATURATION_*: 85, 95 % */
    float disk_warning, disk_critical;        /* DISK_USAGE_*: 80, 90 % */
    float drops_warning_per_min;              /* NETWORK_DROP_WARNING: 10 packets a minute */
    float credits_warning;                    /* CPU_CREDIT_BALANCE_WARNING: 100 credits */
    float queue_warning;                      /* DISK_QUEUE_DEPTH_WARNING: 10 */
};

/* The metrics the model reads, one stream each; the order is the order of struct predict_row. */
#define PREDICT_INPUT_TABLE(X)                                                                     \
    X(MEM_USED)                                                                                    \
    X(SWAP_USED)                                                                                   \
    X(DISK_USED)                                                                                   \
    X(DISK_INODES_USED)                                                                            \
    X(FD_USED)                                                                                     \
    X(PROCESSES_TOTAL)                                                                             \
    X(CPU_CREDIT_BALANCE)                                                                          \
    X(CPU_STEAL)                                                                                   \
    X(CPU_IOWAIT)                                                                                  \
    X(DISKIO_AWAIT)                                                                                \
    X(DISKIO_QUEUE)                                                                                \
    X(NET_DROPS)                                                                                   \
    X(SERVICE_MEMORY_USED)                                                                         \
    X(SERVICE_FD_USED)                                                                             \
    X(SERVICE_THREADS_USED)                                                                        \
    X(CONNTRACK_USED)

enum predict_input {
#define PREDICT_ENUMERATOR(upper) PREDICT_INPUT_##upper,
    PREDICT_INPUT_TABLE(PREDICT_ENUMERATOR)
#undef PREDICT_ENUMERATOR
        PREDICT_INPUT_COUNT
};

/* A member of a family with a stream of its own, so that a leak of one service is seen even when
 * another one is the worst, and reasons can name it. */
struct predict_member {
    enum metric metric;
    char name[SERIES_MEMBER_SIZE];
    struct wall_time seen; /* last value: the longest unseen makes place for a new one */
    struct predict_gather gather;
    struct predict_stream stream;
};

/* Everything the model keeps of one instance: plain data of fixed size (docs/prediction.md names
 * it), owned by the caller, who also guards it. Treat the members as private. */
struct predict_row {
    int64_t step_number;     /* of the step being filled; -1 = no sample yet */
    struct wall_time first;  /* first sample */
    struct wall_time newest; /* newest sample */
    struct predict_arrivals arrivals;
    struct predict_gather gathers[PREDICT_INPUT_COUNT];
    struct predict_stream streams[PREDICT_INPUT_COUNT];
    uint32_t member_count;
    struct predict_member members[PREDICT_MEMBERS_MAX];
};

/* SPEC's defaults, a day of 24 h, a step of 60 s. */
struct predict_settings predict_settings_default(void);

/* The step in force: `step`, held between 1 s and the length of a short block. */
struct duration predict_step_length(const struct predict_settings *settings);

/* Makes an empty row. */
void predict_row_init(struct predict_row *row);

/* Whether `now` lies past the step being filled, so that predict_close has work. */
bool predict_due(const struct predict_settings *settings, const struct predict_row *row,
                 struct wall_time now);
/* Feeds the ended step, if there is one, to the streams: O(1) a metric. A `now` before the newest
 * sample (a clock stepped back) starts a new step there; nothing is fed twice. */
void predict_close(const struct predict_settings *settings, struct predict_row *row,
                   struct wall_time now);

/* Says that a report arrived, whatever it holds; call once a report, before its values.
 * interval_ms  the agent's own report interval; 0 = not known, it is then learned */
void predict_arrive(const struct predict_settings *settings, struct predict_row *row,
                    struct wall_time at, uint32_t interval_ms);
/* Adds a value to the step being filled. Metrics the model does not read, and values that are not
 * finite, are ignored. */
void predict_observe(struct predict_row *row, enum metric metric, float value);
/* The same for one member of a family: `metric` is its core metric (service_memory_used_percent,
 * disk_used_percent, ...), `name` the member's. Others are ignored. */
void predict_observe_member(struct predict_row *row, struct wall_time at, enum metric metric,
                            const char *name, float value);

/* Says that an action of ours has just ended what was going on: how high the metrics stood until
 * now is no height they would have turned back from, so it does not count as past
 * (PREDICTION 7.11). */
void predict_acted(const struct predict_settings *settings, struct predict_row *row,
                   struct wall_time now);

/* Scores the instance as of `now`, from closed steps only.
 * out  confidence 0..1 and finite, kind, interval of the failure time, reasons largest share first
 *      (their shares sum to 1 when there are any); out->instance is left empty for the caller
 * Monotone: a further warning never lowers the confidence (C7). Cost: docs/prediction.md. */
void predict_score(const struct predict_settings *settings, const struct predict_row *row,
                   struct wall_time now, struct prediction *out);

#endif
