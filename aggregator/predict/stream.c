/* Streams: block means, Theil-Sen lines between them, highs of the past days. All data is the
 * caller's; any thread, one at a time. Method and lengths: docs/prediction.md. */
#include "aggregator/predict/stream.h"

#include <math.h>
#include <string.h>

#include "common/base/maths.h"

#define LAG_LEAST_PART 12 /* of a day: 2 h, the newest past is never "past" */
#define LAG_MOST_PART  2  /* 12 h */
#define PAIRS_MAX      (PREDICT_BLOCKS * (PREDICT_BLOCKS - 1) / 2)

/* A window's part of the day: 0.5, 2 and 8 h of 24 h. */
static const int64_t window_parts[PREDICT_WINDOWS] = {48, 12, 3};

static int64_t window_ms(struct duration day, unsigned window) {
    return day.ms / window_parts[window];
}

static int64_t block_ms(struct duration day, unsigned window) {
    return window_ms(day, window) / PREDICT_BLOCKS;
}

static int64_t chunk_ms(struct duration day) { return day.ms / PREDICT_CHUNKS; }

void predict_gather_clear(struct predict_gather *gather) { *gather = (struct predict_gather){0}; }

void predict_gather_add(struct predict_gather *gather, float value) {
    if (!isfinite(value)) return;
    gather->most = gather->count == 0 || value > gather->most ? value : gather->most;
    gather->sum += (double)value;
    gather->count++;
}

static void window_clear(struct predict_window *window) {
    *window = (struct predict_window){.block = -1};
}

void predict_stream_init(struct predict_stream *stream) {
    *stream = (struct predict_stream){.first_ms = -1, .newest_ms = -1, .chunk = -1};
    stream->chunk_high = stream->reference = stream->run_peak = stream->turned = -INFINITY;
    for (unsigned i = 0; i < PREDICT_WINDOWS; i++) window_clear(&stream->windows[i]);
    for (unsigned i = 0; i < PREDICT_CHUNKS; i++) stream->chunks[i] = -INFINITY;
    for (unsigned i = 0; i < PREDICT_DAYS; i++) stream->days[i] = -INFINITY;
}

static void sort_floats(float *values, unsigned count) {
    for (unsigned i = 1; i < count; i++) {
        float value = values[i];
        unsigned at = i;
        for (; at > 0 && values[at - 1] > value; at--) values[at] = values[at - 1];
        values[at] = value;
    }
}

static float median_sorted(const float *values, unsigned count) {
    unsigned middle = count / 2;
    return count % 2 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

/* Hoare's selection: moves the value of rank `rank` to its place, smaller ones before it. */
static void select_rank(float *values, int count, int rank) {
    int low = 0, high = count - 1;
    while (low < high) {
        float pivot = values[rank];
        int i = low, j = high;
        while (i <= j) {
            while (values[i] < pivot) i++;
            while (pivot < values[j]) j--;
            if (i > j) break;
            float swapped = values[i];
            values[i++] = values[j];
            values[j--] = swapped;
        }
        if (j < rank) low = i;
        if (rank < i) high = j;
    }
}

/* The same value as of the sorted list; reorders it. For the many slopes of a window. */
static float median_selected(float *values, unsigned count) {
    unsigned middle = count / 2;
    select_rank(values, (int)count, (int)middle);
    if (count % 2) return values[middle];
    float below = values[0];
    for (unsigned i = 1; i < middle; i++)
        if (values[i] > below) below = values[i];
    return (below + values[middle]) / 2;
}

/* Position in the ring of the block closed `back` blocks ago; 0 = the newest. */
static unsigned ring_at(const struct predict_window *window, unsigned back) {
    return (window->next + PREDICT_BLOCKS - 1 - back) % PREDICT_BLOCKS;
}

/* How many of the newest blocks lie within `span_ms` of the newest one. */
static unsigned points_within(const struct predict_window *window, int64_t span_ms) {
    unsigned points = 0;
    if (window->used == 0) return 0;
    int64_t newest = window->times_ms[ring_at(window, 0)];
    while (points < window->used && newest - window->times_ms[ring_at(window, points)] <= span_ms)
        points++;
    return points;
}

static struct predict_trend trend_of(const struct predict_window *window, int64_t span_ms) {
    struct predict_trend trend = {.points = points_within(window, span_ms)};
    if (trend.points < 2) return trend;
    float slopes[PAIRS_MAX];
    unsigned pairs = 0;
    int balance = 0;
    for (unsigned newer = 0; newer + 1 < trend.points; newer++) {
        unsigned b = ring_at(window, newer);
        for (unsigned older = newer + 1; older < trend.points; older++) {
            unsigned a = ring_at(window, older);
            float rise = window->means[b] - window->means[a];
            balance += rise > 0 ? 1 : rise < 0 ? -1 : 0;
            slopes[pairs++] = rise / (float)(window->times_ms[b] - window->times_ms[a]);
        }
    }
    unsigned newest = ring_at(window, 0), oldest = ring_at(window, trend.points - 1);
    trend.slope = median_selected(slopes, pairs);
    trend.concordance = (float)balance / (float)pairs;
    trend.rise = trend.slope * (float)(window->times_ms[newest] - window->times_ms[oldest]);
    trend.at_ms = window->times_ms[newest];
    return trend;
}

static void window_close(struct predict_window *window, int64_t length_ms, int64_t span_ms) {
    if (window->count == 0) return;
    window->means[window->next] = (float)(window->sum / window->count);
    window->times_ms[window->next] = window->block * length_ms + length_ms / 2;
    window->next = (window->next + 1) % PREDICT_BLOCKS;
    if (window->used < PREDICT_BLOCKS) window->used++;
    window->sum = 0;
    window->count = 0;
    window->trend = trend_of(window, span_ms);
}

/* Says whether a block closed. */
static bool window_add(struct predict_window *window, struct duration day, unsigned number,
                       int64_t at_ms, float mean) {
    int64_t length = block_ms(day, number);
    int64_t block = at_ms / length;
    bool closes = window->block >= 0 && block != window->block && window->count > 0;
    if (closes) window_close(window, length, window_ms(day, number));
    window->block = block;
    window->sum += (double)mean;
    window->count++;
    return closes;
}

static void day_shift(struct predict_stream *stream) {
    for (unsigned i = PREDICT_DAYS - 1; i > 0; i--) stream->days[i] = stream->days[i - 1];
    stream->days[0] = -INFINITY;
    stream->day_chunks = 0;
}

/* The chunk that falls out of the past day goes into the days before it. */
static void chunk_retire(struct predict_stream *stream, float high) {
    if (stream->day_chunks == PREDICT_CHUNKS) day_shift(stream);
    if (high > stream->days[0]) stream->days[0] = high;
    stream->day_chunks++;
}

static void chunks_advance(struct predict_stream *stream, int64_t chunk) {
    if (stream->chunk < 0 || chunk < stream->chunk) {
        stream->chunk = chunk;
        return;
    }
    /* After a gap longer than everything remembered there is nothing more to move. */
    int64_t moves = chunk - stream->chunk;
    if (moves > PREDICT_CHUNKS * (PREDICT_DAYS + 2)) moves = PREDICT_CHUNKS * (PREDICT_DAYS + 2);
    for (int64_t i = 0; i < moves; i++) {
        unsigned place = (unsigned)((stream->chunk + i) % PREDICT_CHUNKS);
        chunk_retire(stream, stream->chunks[place]);
        stream->chunks[place] = stream->chunk_high;
        stream->slopes[place] = i == 0 ? stream->windows[1].trend.slope : 0;
        stream->chunk_high = -INFINITY;
    }
    stream->chunk = chunk;
}

/* A run that ended in silence did not turn back by itself: whatever failed there was restarted, and
 * its height is none that is come back from. Lengths: 15 min of silence in 24 h. */
#define SILENCE_PART 96
#define TURNED_AT    0.4F /* of the rise above the reference: below it a run has turned back */

/* Whether the newest short block ends a rise above the reference. */
static void note_turn(struct predict_stream *stream, struct duration day, struct wall_time at,
                      float newest) {
    float rise = stream->run_peak - stream->reference;
    bool rising = isfinite(stream->reference) && rise > 0;
    if (!rising || newest >= stream->run_peak) {
        stream->run_peak = newest; /* at or below the reference there is no run to turn back */
        return;
    }
    if (newest >= stream->reference + TURNED_AT * rise) return;
    const struct predict_window *window = &stream->windows[0];
    bool silent = window->used >= 2 &&
                  window->times_ms[ring_at(window, 0)] - window->times_ms[ring_at(window, 1)] >
                      day.ms / SILENCE_PART;
    if (silent) {
        predict_stream_forget(stream, day, at);
    } else {
        bool old = at.ms - stream->turned_ms > day.ms / 2; /* by now it is in the chunks */
        if (old || stream->run_peak > stream->turned) stream->turned = stream->run_peak;
        stream->turned_ms = at.ms;
    }
    stream->run_peak = newest;
}

static void take_short_block(struct predict_stream *stream, struct duration day,
                             struct wall_time at) {
    float newest = stream->windows[0].means[ring_at(&stream->windows[0], 0)];
    if (newest > stream->chunk_high) stream->chunk_high = newest;
    note_turn(stream, day, at, newest);
}

void predict_update(struct predict_stream *stream, struct duration day, struct wall_time at,
                    float mean, float extreme) {
    if (!isfinite(mean) || !isfinite(extreme) || at.ms < 0) return;
    if (at.ms <= stream->newest_ms)
        for (unsigned i = 0; i < PREDICT_WINDOWS; i++) window_clear(&stream->windows[i]);
    if (stream->first_ms < 0 || at.ms < stream->first_ms) stream->first_ms = at.ms;
    int64_t chunk = at.ms / chunk_ms(day);
    bool turned = chunk != stream->chunk;
    chunks_advance(stream, chunk);
    if (turned) stream->reference = predict_past_high(stream, day, at);
    bool closed = false;
    for (unsigned i = 0; i < PREDICT_WINDOWS; i++)
        if (window_add(&stream->windows[i], day, i, at.ms, mean) && i == 0) closed = true;
    if (closed) take_short_block(stream, day, at);
    stream->newest_ms = at.ms;
    stream->last = mean;
    stream->last_most = extreme;
}

struct predict_trend predict_trend_at(const struct predict_stream *stream, struct duration day,
                                      unsigned window, struct wall_time now) {
    ASSERT(window < PREDICT_WINDOWS);
    struct predict_trend trend = stream->windows[window].trend;
    if (trend.points < PREDICT_POINTS_LEAST || now.ms - trend.at_ms > window_ms(day, window))
        return (struct predict_trend){0};
    return trend;
}

/* Copies the short blocks of the newest `span`; gives how many there are. By time, not by number:
 * agents that report each five minutes leave every second block empty. */
static unsigned newest_blocks(const struct predict_stream *stream, struct duration span,
                              float values[PREDICT_BLOCKS]) {
    const struct predict_window *window = &stream->windows[0];
    unsigned count = points_within(window, span.ms);
    for (unsigned i = 0; i < count; i++) values[i] = window->means[ring_at(window, i)];
    sort_floats(values, count);
    return count;
}

float predict_level(const struct predict_stream *stream, struct duration span) {
    float values[PREDICT_BLOCKS];
    unsigned count = newest_blocks(stream, span, values);
    return count > 0 ? median_sorted(values, count) : stream->last;
}

float predict_floor(const struct predict_stream *stream, struct duration span) {
    float values[PREDICT_BLOCKS];
    return newest_blocks(stream, span, values) > 0 ? values[0] : stream->last;
}

/* Median slope of chunks `from`..`to` back, 1 = the newest closed one. */
static float slope_back(const struct predict_stream *stream, unsigned from, unsigned to) {
    float values[PREDICT_CHUNKS];
    unsigned count = 0;
    for (unsigned back = from; back <= to; back++)
        values[count++] = stream->slopes[(stream->chunk - back) % PREDICT_CHUNKS];
    sort_floats(values, count);
    return median_sorted(values, count);
}

float predict_slowing(const struct predict_stream *stream, struct duration day) {
    if (stream->chunk < PREDICT_CHUNKS) return 0;
    float before = slope_back(stream, 4, 8);
    float newest[3] = {stream->windows[1].trend.slope, slope_back(stream, 1, 1),
                       slope_back(stream, 2, 2)};
    sort_floats(newest, 3);
    if (before <= 0 || newest[1] <= 0 || newest[1] >= before) return 0;
    return (float)(maths_log((double)before / (double)newest[1]) / (5.0 * (double)chunk_ms(day)));
}

struct duration predict_lag(const struct predict_stream *stream, struct duration day,
                            struct wall_time now) {
    int64_t lag = now.ms - stream->first_ms - day.ms;
    int64_t least = day.ms / LAG_LEAST_PART, most = day.ms / LAG_MOST_PART;
    return (struct duration){lag < least ? least : lag > most ? most : lag};
}

/* The first chunk that is too young to be past. */
static int64_t young_chunk(const struct predict_stream *stream, struct duration day,
                           struct wall_time now) {
    return (now.ms - predict_lag(stream, day, now).ms) / chunk_ms(day);
}

void predict_stream_forget(struct predict_stream *stream, struct duration day,
                           struct wall_time now) {
    int64_t young = young_chunk(stream, day, now);
    for (unsigned i = 0; i < PREDICT_WINDOWS; i++) window_clear(&stream->windows[i]);
    stream->chunk_high = stream->run_peak = -INFINITY;
    for (int64_t back = 1; back <= PREDICT_CHUNKS && back <= stream->chunk; back++) {
        int64_t chunk = stream->chunk - back;
        if (chunk < young) break;
        stream->chunks[chunk % PREDICT_CHUNKS] = -INFINITY;
        stream->slopes[chunk % PREDICT_CHUNKS] = 0;
    }
}

float predict_past_high(const struct predict_stream *stream, struct duration day,
                        struct wall_time now) {
    bool turned = now.ms - stream->turned_ms < PREDICT_DAYS * day.ms;
    float high = turned ? stream->turned : -INFINITY;
    int64_t young = young_chunk(stream, day, now);
    for (int64_t back = 1; back <= PREDICT_CHUNKS && back <= stream->chunk; back++) {
        int64_t chunk = stream->chunk - back;
        float value = stream->chunks[chunk % PREDICT_CHUNKS];
        if (chunk < young && value > high) high = value;
    }
    for (unsigned i = 0; i < PREDICT_DAYS; i++)
        if (stream->days[i] > high) high = stream->days[i];
    return high;
}
