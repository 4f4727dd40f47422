/* The row: gathers samples into prediction steps and feeds the streams. All data is the caller's,
 * who also guards it; the model that reads the streams is score.c. */
#include "aggregator/predict/predict.h"

#include "aggregator/predict/evidence.h"

#include <math.h>
#include <string.h>

#define STEP_MS_LEAST 1000

static const enum metric input_metrics[PREDICT_INPUT_COUNT] = {
#define PREDICT_METRIC(upper) [PREDICT_INPUT_##upper] = METRIC_##upper,
    PREDICT_INPUT_TABLE(PREDICT_METRIC)
#undef PREDICT_METRIC
};

struct predict_settings predict_settings_default(void) {
    return (struct predict_settings){
        .day = {24LL * 3600 * 1000},
        .step = {60 * 1000},
        .high_confidence = 0.8F,
        .medium_confidence = 0.6F,
        .steal_warning = 5,
        .steal_critical = 10,
        .iowait_warning = 20,
        .iowait_critical = 40,
        .memory_warning = 85,
        .memory_critical = 95,
        .disk_warning = 80,
        .disk_critical = 90,
        .drops_warning_per_min = 10,
        .credits_warning = 100,
        .queue_warning = 10,
    };
}

/* A step longer than a short block would leave the short window empty. */
struct duration predict_step_length(const struct predict_settings *settings) {
    int64_t most = settings->day.ms / (48 * PREDICT_BLOCKS);
    int64_t step = settings->step.ms < most ? settings->step.ms : most;
    return (struct duration){step < STEP_MS_LEAST ? STEP_MS_LEAST : step};
}

static int64_t step_ms(const struct predict_settings *settings) {
    return predict_step_length(settings).ms;
}

void predict_row_init(struct predict_row *row) {
    row->step_number = -1;
    row->first = row->newest = (struct wall_time){0};
    row->member_count = 0;
    predict_arrivals_init(&row->arrivals);
    for (unsigned i = 0; i < PREDICT_INPUT_COUNT; i++) {
        predict_gather_clear(&row->gathers[i]);
        predict_stream_init(&row->streams[i]);
    }
}

bool predict_due(const struct predict_settings *settings, const struct predict_row *row,
                 struct wall_time now) {
    return row->step_number >= 0 && now.ms / step_ms(settings) != row->step_number;
}

/* Credits run down to their failure; streams want up to be bad. */
static float turned(enum metric metric, float value) {
    return metric == METRIC_CPU_CREDIT_BALANCE ? -value : value;
}

static void feed(struct predict_stream *stream, struct predict_gather *gather, struct duration day,
                 struct wall_time at) {
    if (gather->count == 0) return;
    predict_update(stream, day, at, (float)(gather->sum / gather->count), gather->most);
    predict_gather_clear(gather);
}

void predict_close(const struct predict_settings *settings, struct predict_row *row,
                   struct wall_time now) {
    if (row->step_number < 0 || !predict_due(settings, row, now)) return;
    struct wall_time at = {row->step_number * step_ms(settings)};
    for (unsigned i = 0; i < PREDICT_INPUT_COUNT; i++)
        feed(&row->streams[i], &row->gathers[i], settings->day, at);
    for (uint32_t i = 0; i < row->member_count; i++)
        feed(&row->members[i].stream, &row->members[i].gather, settings->day, at);
    row->step_number = now.ms / step_ms(settings);
}

void predict_arrive(const struct predict_settings *settings, struct predict_row *row,
                    struct wall_time at, uint32_t interval_ms) {
    if (at.ms < 0) return;
    if (row->step_number < 0) {
        row->step_number = at.ms / step_ms(settings);
        row->first = at;
    }
    if (predict_due(settings, row, at)) predict_close(settings, row, at);
    row->newest = at;
    predict_arrivals_add(&row->arrivals, at, interval_ms);
}

void predict_observe(struct predict_row *row, enum metric metric, float value) {
    for (unsigned i = 0; i < PREDICT_INPUT_COUNT; i++) {
        if (input_metrics[i] != metric) continue;
        predict_gather_add(&row->gathers[i], turned(metric, value));
        return;
    }
}

static bool member_metric(enum metric metric) {
    return metric == METRIC_SERVICE_MEMORY_USED || metric == METRIC_SERVICE_FD_USED ||
           metric == METRIC_SERVICE_THREADS_USED || metric == METRIC_DISK_USED ||
           metric == METRIC_DISK_INODES_USED;
}

static struct predict_member *member_find(struct predict_row *row, enum metric metric,
                                          const char *name) {
    for (uint32_t i = 0; i < row->member_count; i++)
        if (row->members[i].metric == metric && strcmp(row->members[i].name, name) == 0)
            return &row->members[i];
    return NULL;
}

/* The place of the member unseen the longest; of equals the first. */
static struct predict_member *member_oldest(struct predict_row *row) {
    struct predict_member *oldest = &row->members[0];
    for (uint32_t i = 1; i < row->member_count; i++)
        if (row->members[i].seen.ms < oldest->seen.ms) oldest = &row->members[i];
    return oldest;
}

static struct predict_member *member_make(struct predict_row *row, struct wall_time at,
                                          enum metric metric, const char *name) {
    size_t length = strlen(name);
    if (length == 0 || length >= SERIES_MEMBER_SIZE) return NULL;
    struct predict_member *member;
    if (row->member_count < PREDICT_MEMBERS_MAX) {
        member = &row->members[row->member_count++];
    } else {
        member = member_oldest(row);
        if (member->seen.ms >= at.ms) return NULL; /* all of them report: the new one must wait */
    }
    member->metric = metric;
    memset(member->name, 0, sizeof member->name);
    memcpy(member->name, name, length);
    predict_gather_clear(&member->gather);
    predict_stream_init(&member->stream);
    return member;
}

void predict_observe_member(struct predict_row *row, struct wall_time at, enum metric metric,
                            const char *name, float value) {
    if (!member_metric(metric) || !isfinite(value)) return;
    struct predict_member *member = member_find(row, metric, name);
    if (!member) member = member_make(row, at, metric, name);
    if (!member) return;
    member->seen = at;
    predict_gather_add(&member->gather, value);
}

static void forget(const struct predict_settings *settings, struct predict_stream *stream,
                   struct predict_gather *gather, struct wall_time now) {
    predict_gather_clear(gather);
    predict_stream_forget(stream, settings->day, now);
}

void predict_acted(const struct predict_settings *settings, struct predict_row *row,
                   struct wall_time now) {
    for (unsigned i = 0; i < PREDICT_INPUT_COUNT; i++)
        forget(settings, &row->streams[i], &row->gathers[i], now);
    for (uint32_t i = 0; i < row->member_count; i++)
        forget(settings, &row->members[i].stream, &row->members[i].gather, now);
}
