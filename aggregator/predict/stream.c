/* Streams: block means, Theil-Sen lines between them, highs of the past days. All data is the
 * caller's; any thread, one at a time. Method and lengths: docs/prediction.md. */
#include "aggregator/predict/stream.h"

#include <math.h>
#include <string.h>

#include "common/base/maths.h"

#define PAIRS_MAX (PREDICT_BLOCKS * (PREDICT_BLOCKS - 1) / 2)

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
    stream->chunk_high = -INFINITY;
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
    sort_floats(slopes, pairs);
    unsigned newest = ring_at(window, 0), oldest = ring_at(window, trend.points - 1);
    trend.slope = median_sorted(slopes, pairs);
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

void predict_update(struct predict_stream *stream, struct duration day, struct wall_time at,
                    float mean, float extreme) {
    if (!isfinite(mean) || !isfinite(extreme) || at.ms < 0) return;
    if (at.ms <= stream->newest_ms)
        for (unsigned i = 0; i < PREDICT_WINDOWS; i++) window_clear(&stream->windows[i]);
    if (stream->first_ms < 0 || at.ms < stream->first_ms) stream->first_ms = at.ms;
    chunks_advance(stream, at.ms / chunk_ms(day));
    for (unsigned i = 0; i < PREDICT_WINDOWS; i++) {
        bool closed = window_add(&stream->windows[i], day, i, at.ms, mean);
        if (!closed || i != 0) continue;
        float newest = stream->windows[0].means[ring_at(&stream->windows[0], 0)];
        if (newest > stream->chunk_high) stream->chunk_high = newest;
    }
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

void predict_stream_forget(struct predict_stream *stream, struct duration day, struct duration lag,
                           struct wall_time now) {
    int64_t before = (now.ms - lag.ms) / chunk_ms(day);
    for (unsigned i = 0; i < PREDICT_WINDOWS; i++) window_clear(&stream->windows[i]);
    stream->chunk_high = -INFINITY;
    for (int64_t back = 1; back <= PREDICT_CHUNKS && back <= stream->chunk; back++) {
        int64_t chunk = stream->chunk - back;
        if (chunk < before) break;
        stream->chunks[chunk % PREDICT_CHUNKS] = -INFINITY;
        stream->slopes[chunk % PREDICT_CHUNKS] = 0;
    }
}

float predict_past_high(const struct predict_stream *stream, struct duration day,
                        struct duration lag, struct wall_time now) {
    float high = -INFINITY;
    int64_t before = (now.ms - lag.ms) / chunk_ms(day); /* only chunks that ended by then */
    for (int64_t back = 1; back <= PREDICT_CHUNKS && back <= stream->chunk; back++) {
        int64_t chunk = stream->chunk - back;
        float value = stream->chunks[chunk % PREDICT_CHUNKS];
        if (chunk < before && value > high) high = value;
    }
    for (unsigned i = 0; i < PREDICT_DAYS; i++)
        if (stream->days[i] > high) high = stream->days[i];
    return high;
}
