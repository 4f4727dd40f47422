/* Steps prediction rows by the data's clock and prints what they say. One thread. Instances are
 * kept sorted by id, so that the order in which they first appear changes nothing. */
#include "aggregator/replay/fleet.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/text.h"

#define TABLE_PLACES (2 * 32768) /* open addressing, at most 31 % full */
#define HOUR_MS      3600000
#define CHANGE       0.02F /* of the confidence that is worth a row before the hour is over */

_Static_assert(TABLE_PLACES > 2 * FLEET_INSTANCES_MAX, "the table keeps free places");

struct member {
    struct instance_id id;
    bool arrived; /* has values noted for the clock's moment */
    struct metric_vector noted;
    bool said; /* the three below are of the last row printed */
    float confidence;
    enum failure_kind kind;
    int64_t hour;
    struct predict_row row;
};

struct fleet {
    struct predict_settings settings;
    FILE *out;
    struct wall_time at; /* the clock; before the first sample meaningless */
    bool started;
    uint64_t scores;
    size_t count, arrived_count;
    struct member *sorted[FLEET_INSTANCES_MAX];
    struct member *arrived[FLEET_INSTANCES_MAX];
    struct member *table[TABLE_PLACES];
};

enum status fleet_create(const struct predict_settings *settings, FILE *out,
                         struct fleet **fleet_out) {
    struct fleet *fleet = calloc(1, sizeof *fleet);
    if (!fleet) return STATUS_NO_MEMORY;
    fleet->settings = *settings;
    fleet->out = out;
    *fleet_out = fleet;
    return STATUS_OK;
}

void fleet_destroy(struct fleet *fleet) {
    if (!fleet) return;
    for (size_t i = 0; i < fleet->count; i++) free(fleet->sorted[i]);
    free(fleet);
}

size_t fleet_count(const struct fleet *fleet) { return fleet->count; }

uint64_t fleet_scores(const struct fleet *fleet) { return fleet->scores; }

static void insert_sorted(struct fleet *fleet, struct member *member) {
    size_t low = 0, high = fleet->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(fleet->sorted[middle]->id.text, member->id.text) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    memmove(&fleet->sorted[low + 1], &fleet->sorted[low],
            (fleet->count - low) * sizeof fleet->sorted[0]);
    fleet->sorted[low] = member;
    fleet->count++;
}

static enum status find_member(struct fleet *fleet, const struct instance_id *id,
                               struct member **member_out) {
    size_t place = instance_id_hash(id) % TABLE_PLACES;
    while (fleet->table[place]) { /* ends: the table is never full */
        if (instance_id_equal(&fleet->table[place]->id, id)) {
            *member_out = fleet->table[place];
            return STATUS_OK;
        }
        place = (place + 1) % TABLE_PLACES;
    }
    if (fleet->count == FLEET_INSTANCES_MAX) return STATUS_FULL;
    struct member *member = calloc(1, sizeof *member);
    if (!member) return STATUS_NO_MEMORY;
    member->id = *id;
    predict_row_init(&member->row);
    fleet->table[place] = member;
    insert_sorted(fleet, member);
    *member_out = member;
    return STATUS_OK;
}

enum status fleet_arrive(struct fleet *fleet, const struct instance_id *instance) {
    struct member *member;
    enum status status = find_member(fleet, instance, &member);
    if (status != STATUS_OK || member->arrived) return status;
    member->arrived = true;
    member->noted.present = 0;
    fleet->arrived[fleet->arrived_count++] = member;
    return STATUS_OK;
}

enum status fleet_note(struct fleet *fleet, const struct instance_id *instance, enum metric metric,
                       float value) {
    struct member *member;
    enum status status = fleet_arrive(fleet, instance);
    if (status != STATUS_OK) return status;
    status = find_member(fleet, instance, &member);
    if (status != STATUS_OK) return status;
    bool larger = !metric_has(&member->noted, metric) || value > member->noted.values[metric];
    if (larger) metric_set(&member->noted, metric, (double)value);
    return STATUS_OK;
}

/* Hands the values of the clock's moment to the rows. */
static void flush_moment(struct fleet *fleet) {
    for (size_t i = 0; i < fleet->arrived_count; i++) {
        struct member *member = fleet->arrived[i];
        predict_arrive(&fleet->settings, &member->row, fleet->at, 0);
        for (unsigned m = 0; m < METRIC_COUNT; m++)
            if (metric_has(&member->noted, (enum metric)m))
                predict_observe(&member->row, (enum metric)m, member->noted.values[m]);
        member->arrived = false;
    }
    fleet->arrived_count = 0;
}

static bool crosses(float a, float b, float threshold) {
    return (a >= threshold) != (b >= threshold);
}

static bool worth_saying(const struct fleet *fleet, const struct member *member,
                         const struct prediction *prediction, int64_t hour) {
    if (!member->said || hour != member->hour || prediction->kind != member->kind) return true;
    float now = prediction->confidence, before = member->confidence;
    return fabsf(now - before) >= CHANGE || crosses(now, before, fleet->settings.high_confidence) ||
           crosses(now, before, fleet->settings.medium_confidence);
}

static void print_row(FILE *out, const struct instance_id *id,
                      const struct prediction *prediction) {
    char line[256], time[CLOCK_RFC3339_SIZE];
    struct text text = text_over(line, sizeof line);
    text_add(&text, id->text);
    text_add_character(&text, ',');
    text_add(&text, wall_format(prediction->at, time));
    text_add_character(&text, ',');
    text_add_fixed(&text, (double)prediction->confidence, 4);
    text_add_character(&text, ',');
    text_add(&text, failure_kind_name(prediction->kind));
    text_add_character(&text, ',');
    if (prediction->has_time) text_add(&text, wall_format(prediction->likely, time));
    text_add_character(&text, '\n');
    (void)fwrite(line, 1, text.length, out); /* ferror() is asked at the end */
}

static void score_member(struct fleet *fleet, struct member *member, struct wall_time now) {
    struct prediction prediction;
    predict_close(&fleet->settings, &member->row, now);
    predict_score(&fleet->settings, &member->row, now, &prediction);
    fleet->scores++;
    int64_t hour = now.ms / HOUR_MS;
    if (!worth_saying(fleet, member, &prediction, hour)) return;
    member->said = true;
    member->confidence = prediction.confidence;
    member->kind = prediction.kind;
    member->hour = hour;
    print_row(fleet->out, &member->id, &prediction);
}

void fleet_advance(struct fleet *fleet, struct wall_time at) {
    if (fleet->started && at.ms <= fleet->at.ms) return;
    flush_moment(fleet);
    int64_t step = predict_step_length(&fleet->settings).ms;
    int64_t first = fleet->started ? fleet->at.ms / step + 1 : at.ms / step + 1;
    int64_t last = at.ms / step;
    if (last - first > FLEET_GAP_DAYS_MAX * (fleet->settings.day.ms / step)) first = last;
    for (int64_t number = first; number <= last; number++)
        for (size_t i = 0; i < fleet->count; i++)
            score_member(fleet, fleet->sorted[i], (struct wall_time){number * step});
    fleet->at = at;
    fleet->started = true;
}
