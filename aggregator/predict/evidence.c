/* The first model: for each metric a hand-set logistic of a few things that only ever add: how far
 * above the past days' high, how steadily it rises, how soon it meets its limit, SPEC 85 to 91's
 * levels. Every term grows with its symptom, so more evidence never lowers a finding (C7). The
 * weights were set by hand on a part of the scenario sample: docs/prediction.md. Pure. */
#include "aggregator/predict/evidence.h"

#include <math.h>

#include "common/base/maths.h"

/* Lengths as parts of the day; the hours named are those of a day of 24 h. */
#define FRESH_PART     12  /* 2 h without a value: the stream says nothing any more */
#define HORIZON_PART   1   /* a failure within a day is what a confidence speaks of */
#define SURE_PART      12  /* 2 h: a limit that near needs no further nearness */
#define LEVEL_PART     144 /* 10 min whose median is the level */
#define KEPT_PART      96  /* 15 min whose lowest block is what was kept up */
#define WINDOW_PART    48  /* half an hour: the whole short window */
#define LOSS_SPAN_PART 16  /* 1.5 h over which lost reports are counted */
#define BASE_LOGIT     (-7.0)
/* Logits taken off before a whole day has been seen (PREDICTION 7.8), and for a service inside its
 * own limit, where nothing daily hides a leak. */
#define FIRST_DAY_COST 3.0
#define FIRST_DAY_OWN  0.5

enum shape {
    SHAPE_LIMIT,  /* runs towards a known limit */
    SHAPE_GROWTH, /* grows without a known limit: counts */
    SHAPE_RATE,   /* a rate or delay that should be near its usual height */
};

struct model_row {
    enum metric metric;
    enum failure_kind kind;
    enum shape shape;
    float limit;      /* in stream direction */
    float floor;      /* added before ratios are taken: below it nothing matters */
    double first_day; /* logits taken off in the first day */
};

static const struct model_row model[PREDICT_INPUT_COUNT] = {
    [PREDICT_INPUT_MEM_USED] = {METRIC_MEM_USED, FAILURE_MEMORY_LEAK, SHAPE_LIMIT, 100, 0,
                                FIRST_DAY_COST},
    [PREDICT_INPUT_SWAP_USED] = {METRIC_SWAP_USED, FAILURE_SWAP_THRASH, SHAPE_LIMIT, 100, 0,
                                 FIRST_DAY_COST},
    [PREDICT_INPUT_DISK_USED] = {METRIC_DISK_USED, FAILURE_DISK_FILL, SHAPE_LIMIT, 100, 0,
                                 FIRST_DAY_COST},
    [PREDICT_INPUT_DISK_INODES_USED] = {METRIC_DISK_INODES_USED, FAILURE_INODE_EXHAUSTION,
                                        SHAPE_LIMIT, 100, 0, FIRST_DAY_COST},
    [PREDICT_INPUT_FD_USED] = {METRIC_FD_USED, FAILURE_FD_EXHAUSTION, SHAPE_LIMIT, 100, 0,
                               FIRST_DAY_COST},
    [PREDICT_INPUT_PROCESSES_TOTAL] = {METRIC_PROCESSES_TOTAL, FAILURE_PROCESS_EXHAUSTION,
                                       SHAPE_GROWTH, NAN, 20, FIRST_DAY_COST},
    [PREDICT_INPUT_CPU_CREDIT_BALANCE] = {METRIC_CPU_CREDIT_BALANCE, FAILURE_CREDIT_DEPLETION,
                                          SHAPE_LIMIT, 0, 0, FIRST_DAY_COST},
    [PREDICT_INPUT_CPU_STEAL] = {METRIC_CPU_STEAL, FAILURE_CPU_STEAL, SHAPE_RATE, NAN, 2,
                                 FIRST_DAY_COST},
    [PREDICT_INPUT_CPU_IOWAIT] = {METRIC_CPU_IOWAIT, FAILURE_IO_DEGRADATION, SHAPE_RATE, NAN, 10,
                                  FIRST_DAY_COST},
    [PREDICT_INPUT_DISKIO_AWAIT] = {METRIC_DISKIO_AWAIT, FAILURE_IO_DEGRADATION, SHAPE_RATE, NAN,
                                    10, FIRST_DAY_COST},
    [PREDICT_INPUT_DISKIO_QUEUE] = {METRIC_DISKIO_QUEUE, FAILURE_IO_DEGRADATION, SHAPE_RATE, NAN, 2,
                                    FIRST_DAY_COST},
    [PREDICT_INPUT_NET_DROPS] = {METRIC_NET_DROPS, FAILURE_NET_DROPS, SHAPE_RATE, NAN, 5,
                                 FIRST_DAY_COST},
    [PREDICT_INPUT_SERVICE_MEMORY_USED] = {METRIC_SERVICE_MEMORY_USED, FAILURE_MEMORY_LEAK,
                                           SHAPE_LIMIT, 100, 0, FIRST_DAY_OWN},
    [PREDICT_INPUT_SERVICE_FD_USED] = {METRIC_SERVICE_FD_USED, FAILURE_FD_EXHAUSTION, SHAPE_LIMIT,
                                       100, 0, FIRST_DAY_OWN},
    [PREDICT_INPUT_SERVICE_THREADS_USED] = {METRIC_SERVICE_THREADS_USED, FAILURE_PROCESS_EXHAUSTION,
                                            SHAPE_LIMIT, 100, 0, FIRST_DAY_OWN},
    [PREDICT_INPUT_CONNTRACK_USED] = {METRIC_CONNTRACK_USED, FAILURE_NET_DROPS, SHAPE_LIMIT, 100, 0,
                                      FIRST_DAY_COST},
};

/* 0 at `low` and below, 1 at `high` and above, straight between. */
static double ramp(double value, double low, double high) {
    return maths_clamp((value - low) / (high - low), 0, 1);
}

static int64_t part_ms(const struct predict_settings *settings, int64_t part) {
    return settings->day.ms / part;
}

static struct duration part(const struct predict_settings *settings, int64_t of_day) {
    return (struct duration){part_ms(settings, of_day)};
}

/* The past high; before there is a past, the lowest of the newest half hour. */
static float reference_high(const struct predict_settings *settings,
                            const struct predict_stream *stream, struct wall_time now) {
    float high = predict_past_high(stream, settings->day, now);
    return isfinite(high) ? high : predict_floor(stream, part(settings, WINDOW_PART));
}

struct trends {
    struct predict_trend window[PREDICT_WINDOWS];
    double steady; /* 0..1: how sure a rise is, over either pair of neighbouring windows */
    unsigned best; /* the window whose slope leads */
};

/* A rise counts when a longer window shows it and the shorter one does not deny it: a step or a
 * rise that has ended shows in the longer one only, a wobble in the shorter one only. */
static struct trends trends_of(const struct predict_settings *settings,
                               const struct predict_stream *stream, struct wall_time now) {
    struct trends trends = {.best = 1};
    double tau[PREDICT_WINDOWS];
    for (unsigned i = 0; i < PREDICT_WINDOWS; i++) {
        trends.window[i] = predict_trend_at(stream, settings->day, i, now);
        tau[i] = (double)trends.window[i].concordance;
    }
    double slow = ramp(tau[2], 0.5, 0.85) * ramp(tau[1], 0.0, 0.4);
    double fast = ramp(tau[1], 0.6, 0.9) * ramp(tau[0], 0.1, 0.5);
    trends.steady = slow > fast ? slow : fast;
    /* Where the long window is sure too, the calmer of both slopes leads: noise steepens short
     * ones. */
    if (slow > 0.5 && trends.window[2].slope < trends.window[1].slope) trends.best = 2;
    return trends;
}

static double to_limit_ms(float limit, float level, float slope) {
    double headroom = (double)limit - (double)level;
    if (headroom < 0) headroom = 0;
    return slope > 0 ? headroom / (double)slope : INFINITY;
}

static struct duration held(double ms, int64_t most_ms) {
    return (struct duration){ms < (double)most_ms ? (int64_t)ms : most_ms};
}

/* Interval of the time to the limit: the windows' slopes disagree by as much as we do not know. */
static void put_times(const struct predict_settings *settings, const struct trends *trends,
                      struct predict_evidence *evidence, double likely_ms) {
    int64_t most = 3 * part_ms(settings, HORIZON_PART);
    if (!(likely_ms < (double)most)) return;
    double least_ms = likely_ms, most_ms = likely_ms;
    for (unsigned i = 0; i < PREDICT_WINDOWS; i++) {
        if (trends->window[i].points == 0 || trends->window[i].slope <= 0) continue;
        double ms = to_limit_ms(evidence->limit, evidence->level, trends->window[i].slope);
        if (ms < least_ms) least_ms = ms;
        if (ms > most_ms) most_ms = ms;
    }
    evidence->has_time = true;
    evidence->likely = held(likely_ms, most);
    evidence->earliest = held(least_ms * 0.7, most);
    evidence->latest = held(most_ms * 1.3, most);
}

/* SPEC's levels of a metric, in stream direction; 0..1 from warning to critical. */
static double level_term(const struct predict_settings *settings, enum metric metric, float level) {
    double value = (double)level;
    if (metric == METRIC_MEM_USED || metric == METRIC_SERVICE_MEMORY_USED ||
        metric == METRIC_SWAP_USED)
        return ramp(value, (double)settings->memory_warning, (double)settings->memory_critical);
    if (metric == METRIC_CPU_STEAL)
        return ramp(value, (double)settings->steal_warning, (double)settings->steal_critical);
    if (metric == METRIC_CPU_IOWAIT)
        return ramp(value, (double)settings->iowait_warning, (double)settings->iowait_critical);
    if (metric == METRIC_NET_DROPS) {
        double warning = (double)settings->drops_warning_per_min / 60;
        return ramp(value, warning, warning * 60);
    }
    if (metric == METRIC_CPU_CREDIT_BALANCE)
        return ramp(value, -(double)settings->credits_warning, 0);
    if (metric == METRIC_DISKIO_QUEUE)
        return ramp(value, (double)settings->queue_warning, 4 * (double)settings->queue_warning);
    if (metric == METRIC_DISKIO_AWAIT || metric == METRIC_PROCESSES_TOTAL) return 0;
    return ramp(value, (double)settings->disk_warning, (double)settings->disk_critical);
}

static double nearness(const struct predict_settings *settings, double to_limit) {
    double day = (double)part_ms(settings, HORIZON_PART);
    double sure = (double)part_ms(settings, SURE_PART);
    if (to_limit >= day) return 0;
    if (to_limit <= sure) return 1;
    return maths_log(day / to_limit) / maths_log(day / sure);
}

/* 1 when a rise that slows down as it has done so far ends below its limit: a cache that fills, not
 * a leak. */
static double levels_off(const struct predict_settings *settings,
                         const struct predict_stream *stream,
                         const struct predict_evidence *evidence) {
    double rate = (double)predict_slowing(stream, settings->day);
    double slope = (double)stream->windows[1].trend.slope;
    if (rate <= 0 || slope <= 0) return 0;
    double end = (double)evidence->level + slope / rate;
    return ramp((double)evidence->limit - end, -4, 1);
}

static double limit_logit(const struct predict_settings *settings, const struct trends *trends,
                          const struct predict_stream *stream, struct predict_evidence *evidence) {
    double headroom = (double)evidence->limit - (double)evidence->past_high;
    double above = (double)evidence->level - (double)evidence->past_high;
    double novel = headroom > 0.5 ? ramp(above / headroom, 0.03, 0.42) : 0;
    float slope = trends->window[trends->best].slope;
    double ms = to_limit_ms(evidence->limit, evidence->level, slope);
    if (slope > 0) {
        evidence->slope_per_ms = slope;
        put_times(settings, trends, evidence, ms);
    }
    return 3 * trends->steady + 5 * novel + 2.5 * nearness(settings, ms) +
           1 * level_term(settings, evidence->metric, evidence->level) -
           4 * levels_off(settings, stream, evidence);
}

/* ln of how many times the usual height, the floor added to both. */
static double times_usual(float level, float past_high, float floor) {
    double usual = (past_high > 0 ? (double)past_high : 0) + (double)floor;
    double now = (level > 0 ? (double)level : 0) + (double)floor;
    return maths_log(now / usual);
}

static double growth_logit(const struct trends *trends, struct predict_evidence *evidence,
                           float floor) {
    evidence->slope_per_ms = trends->window[trends->best].slope;
    double above = times_usual(evidence->level, evidence->past_high, floor);
    return 4 * trends->steady + 6 * ramp(above, 0.1, 0.9);
}

static double rate_logit(const struct predict_settings *settings, const struct trends *trends,
                         const struct predict_stream *stream, struct predict_evidence *evidence,
                         float floor) {
    evidence->slope_per_ms = trends->window[trends->best].slope;
    double above = times_usual(evidence->level, evidence->past_high, floor);
    double kept =
        times_usual(predict_floor(stream, part(settings, KEPT_PART)), evidence->past_high, floor);
    /* A burst that only stands there stays below the threshold: it takes a rise as well. */
    return 3.5 * trends->steady + 2.75 * ramp(above, 0.2, 1.2) + 1.5 * ramp(above, 1.2, 3) +
           2 * ramp(kept, 0.1, 0.9) +
           0.75 * level_term(settings, evidence->metric, evidence->level);
}

static bool too_old(const struct predict_settings *settings, const struct predict_stream *stream,
                    struct wall_time now) {
    return stream->first_ms < 0 || now.ms - stream->newest_ms > part_ms(settings, FRESH_PART);
}

static void find_one(const struct predict_settings *settings, const struct predict_stream *stream,
                     const struct model_row *row, const char *member, struct wall_time now,
                     struct predict_findings *findings) {
    if (too_old(settings, stream, now)) return;
    ASSERT(findings->count < PREDICT_EVIDENCE_MAX);
    struct predict_evidence *evidence = &findings->list[findings->count++];
    *evidence = (struct predict_evidence){
        .kind = row->kind, .metric = row->metric, .member = member, .limit = row->limit};
    evidence->level = predict_level(stream, part(settings, LEVEL_PART));
    evidence->past_high = reference_high(settings, stream, now);
    struct trends trends = trends_of(settings, stream, now);
    evidence->window = (struct duration){settings->day.ms / (trends.best == 2 ? 3 : 12)};
    double logit = BASE_LOGIT;
    switch (row->shape) {
    case SHAPE_LIMIT: logit += limit_logit(settings, &trends, stream, evidence); break;
    case SHAPE_GROWTH: logit += growth_logit(&trends, evidence, row->floor); break;
    case SHAPE_RATE: logit += rate_logit(settings, &trends, stream, evidence, row->floor); break;
    }
    if (now.ms - stream->first_ms < settings->day.ms) logit -= row->first_day;
    evidence->logit = logit;
}

/* Reports that fail to come more and more often; one whole gap says nothing (PREDICTION 7.12). */
static void find_loss(const struct predict_settings *settings, const struct predict_row *row,
                      struct wall_time now, struct predict_findings *findings) {
    struct duration span = {part_ms(settings, LOSS_SPAN_PART)};
    struct predict_loss_view view = predict_arrivals_view(&row->arrivals, span, now);
    if (view.runs == 0) return;
    ASSERT(findings->count < PREDICT_EVIDENCE_MAX);
    struct predict_evidence *evidence = &findings->list[findings->count++];
    *evidence = (struct predict_evidence){.kind = FAILURE_AGENT_SILENCE, .member = ""};
    evidence->limit = evidence->past_high = NAN;
    evidence->loss = view;
    evidence->logit = BASE_LOGIT + 5 * ramp((double)view.runs, 1, 5) +
                      3 * ramp((double)view.missed_part, 0.1, 0.4) +
                      1 * ramp((double)view.newest_part, 0.2, 0.5);
    if (now.ms - row->first.ms < settings->day.ms) evidence->logit -= FIRST_DAY_COST;
}

void predict_find(const struct predict_settings *settings, const struct predict_row *row,
                  struct wall_time now, struct predict_findings *findings) {
    findings->count = 0;
    for (unsigned i = 0; i < PREDICT_INPUT_COUNT; i++)
        find_one(settings, &row->streams[i], &model[i], "", now, findings);
    for (uint32_t i = 0; i < row->member_count; i++) {
        const struct predict_member *member = &row->members[i];
        for (unsigned j = 0; j < PREDICT_INPUT_COUNT; j++)
            if (model[j].metric == member->metric)
                find_one(settings, &member->stream, &model[j], member->name, now, findings);
    }
    find_loss(settings, row, now, findings);
}
