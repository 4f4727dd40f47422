/* Arrivals: the usual distance of reports and the runs of missed ones. All data is the caller's;
 * any thread, one at a time. */
#include "aggregator/predict/arrivals.h"

#define LOSS_FACTOR   1.7F /* a distance beyond so many intervals holds a missed report */
#define LEARN_RATE    0.1F /* of the interval's drift towards usual distances */
#define SAME_FACTOR   1.2F /* distances within it are alike */
#define CHANGE_REPEAT 6    /* alike distances in a row that make a new interval */

void predict_arrivals_init(struct predict_arrivals *arrivals) {
    *arrivals = (struct predict_arrivals){.newest_ms = -1};
}

static bool alike(float a, float b) { return a <= b * SAME_FACTOR && b <= a * SAME_FACTOR; }

static void adopt(struct predict_arrivals *arrivals, float interval_ms) {
    arrivals->interval_ms = interval_ms;
    arrivals->odd_count = 0;
    arrivals->losses = 0;
}

/* Follows slow drift; a run of alike distances of another length is a new setting, not loss. */
static void learn(struct predict_arrivals *arrivals, float distance_ms) {
    if (arrivals->interval_ms <= 0) {
        adopt(arrivals, distance_ms);
        return;
    }
    if (alike(distance_ms, arrivals->interval_ms)) {
        arrivals->interval_ms += LEARN_RATE * (distance_ms - arrivals->interval_ms);
        arrivals->odd_count = 0;
        return;
    }
    if (arrivals->odd_count > 0 && alike(distance_ms, arrivals->odd_ms)) {
        arrivals->odd_count++;
    } else {
        arrivals->odd_ms = distance_ms;
        arrivals->odd_count = 1;
    }
    /* Shorter distances show that the interval was taken from a gap: believe them sooner. */
    uint32_t repeat = distance_ms < arrivals->interval_ms ? 2 : CHANGE_REPEAT;
    if (arrivals->odd_count >= repeat) adopt(arrivals, distance_ms);
}

static void note_loss(struct predict_arrivals *arrivals, int64_t end_ms, float missed) {
    arrivals->ring[arrivals->losses % PREDICT_LOSSES] = (struct predict_loss){end_ms, missed};
    arrivals->losses++;
    /* Keep the count from wrapping into "few": only its remainder and "ring full" matter. */
    if (arrivals->losses == 2 * PREDICT_LOSSES * 1024U) arrivals->losses = PREDICT_LOSSES;
}

static float missed_in(float distance_ms, float interval_ms) {
    if (interval_ms <= 0 || distance_ms <= LOSS_FACTOR * interval_ms) return 0;
    return (float)(int64_t)(distance_ms / interval_ms - 0.5F);
}

void predict_arrivals_add(struct predict_arrivals *arrivals, struct wall_time at,
                          uint32_t interval_ms) {
    int64_t distance_ms = at.ms - arrivals->newest_ms;
    bool first = arrivals->newest_ms < 0;
    if (!first && distance_ms == 0) return;
    arrivals->newest_ms = at.ms;
    if (arrivals->count < PREDICT_ARRIVALS_ENOUGH) arrivals->count++;
    if (interval_ms > 0 && (float)interval_ms != arrivals->interval_ms)
        adopt(arrivals, (float)interval_ms);
    if (first || distance_ms < 0) return; /* the clock stepped back: no distance to learn from */
    float missed = missed_in((float)distance_ms, arrivals->interval_ms);
    if (missed >= 1) note_loss(arrivals, at.ms, missed);
    if (interval_ms == 0) learn(arrivals, (float)distance_ms);
}

static float part(float missed, float span_ms, float interval_ms) {
    float expected = span_ms / interval_ms;
    if (expected < 1) return 0;
    return missed >= expected ? 1 : missed / expected;
}

struct predict_loss_view predict_arrivals_view(const struct predict_arrivals *arrivals,
                                               struct duration span, struct wall_time now) {
    struct predict_loss_view view = {0};
    if (arrivals->count < PREDICT_ARRIVALS_ENOUGH || arrivals->interval_ms <= 0) return view;
    float interval = arrivals->interval_ms, total = 0, newer = 0, longest = 0;
    view.open_missed = missed_in((float)(now.ms - arrivals->newest_ms), interval);
    if (view.open_missed >= 1) {
        view.runs = 1;
        total = newer = longest = view.open_missed;
    }
    uint32_t have = arrivals->losses < PREDICT_LOSSES ? arrivals->losses : PREDICT_LOSSES;
    for (uint32_t i = 0; i < have; i++) {
        const struct predict_loss *loss =
            &arrivals->ring[(arrivals->losses - 1 - i) % PREDICT_LOSSES];
        int64_t age_ms = now.ms - loss->end_ms;
        if (age_ms < 0 || age_ms > span.ms) continue;
        view.runs++;
        total += loss->missed;
        if (age_ms <= span.ms / 2) newer += loss->missed;
        if (loss->missed > longest) longest = loss->missed;
    }
    view.missed_part = part(total, (float)span.ms, interval);
    view.newest_part = part(newer, (float)span.ms / 2, interval);
    view.longest_part = total > 0 ? longest / total : 0;
    return view;
}
