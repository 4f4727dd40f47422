/* What history costs: appending a report's values to the open block, and a week of one instance on
 * disk. The floor of the same run is a bare float store of as many values. Prints JSON; ./run makes
 * the table. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "aggregator/history/history.h"
#include "aggregator/rows/journal.h"
#include "common/base/prng.h"

#define METRICS       20
#define WEEK_MINUTES  (7 * 24 * 60)
#define REPORTS_A_MIN 6
#define FLOOR_FLOATS  4096

static const struct instance_id instance = {"i-0123456789abcdef0"};
static struct history_block block;
static uint8_t bytes[HISTORY_BYTES_MAX];
static float floor_cells[FLOOR_FLOATS];

static double seconds(void) { /* of CPU: other programs must not count */
    struct timespec now;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) != 0) exit(1);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Levels that move as a host's do: some still, some noisy. */
static void make_report(struct prng *prng, int64_t step, struct metric_vector *core) {
    core->present = 0;
    for (unsigned i = 0; i < METRICS; i++) {
        double moved = i % 4 == 0 ? 40 : 40 + 10 * prng_unit(prng) + (double)(step % 600) / 100;
        metric_set(core, (enum metric)i, moved);
    }
}

struct result {
    double append_ns, floor_ns, encode_us;
    size_t week_bytes, blocks;
    double journal_bytes;
};

static void measure_week(struct result *result) {
    struct prng prng = prng_seeded(1);
    struct metric_vector *reports = calloc((size_t)WEEK_MINUTES * REPORTS_A_MIN, sizeof *reports);
    if (!reports) exit(1);
    size_t count = (size_t)WEEK_MINUTES * REPORTS_A_MIN;
    for (size_t i = 0; i < count; i++) make_report(&prng, (int64_t)i, &reports[i]);
    double began = seconds(), encoding = 0;
    history_init(&block);
    for (size_t i = 0; i < count; i++) {
        int64_t minute = 29520000 + (int64_t)(i / REPORTS_A_MIN);
        if (history_append(&block, minute, &reports[i]) == STATUS_OK) continue;
        size_t length = 0;
        double encode_began = seconds();
        if (history_encode(&block, &instance, bytes, sizeof bytes, &length) != STATUS_OK) exit(1);
        encoding += seconds() - encode_began;
        result->week_bytes += length;
        result->blocks++;
        history_restart(&block, history_block_start(minute));
        if (history_append(&block, minute, &reports[i]) != STATUS_OK) exit(1);
    }
    double whole = seconds() - began - encoding;
    result->append_ns = whole * 1e9 / (double)(count * METRICS);
    result->encode_us = encoding * 1e6 / (double)result->blocks;
    began = seconds();
    for (size_t i = 0; i < count; i++)
        for (unsigned m = 0; m < METRICS; m++)
            *(volatile float *)&floor_cells[(i * METRICS + m) % FLOOR_FLOATS] =
                reports[i].values[m];
    result->floor_ns = (seconds() - began) * 1e9 / (double)(count * METRICS);
    free(reports);
}

/* Of one report, when three of four values changed since the last. */
static void measure_journal(struct result *result) {
    struct prng prng = prng_seeded(2);
    struct journal_record record = {.kind = JOURNAL_REPORT};
    uint8_t out[JOURNAL_RECORD_MAX];
    struct metric_vector core;
    make_report(&prng, 1, &core);
    record.report.present = core.present;
    for (unsigned i = 0; i < METRICS; i++)
        if (i % 4 != 0) record.report.changed |= UINT64_C(1) << i;
    memcpy(record.report.values, core.values, sizeof core.values);
    result->journal_bytes = (double)journal_encode(&record, out);
}

int main(void) {
    struct result result = {0};
    measure_week(&result);
    measure_journal(&result);
    printf("{\"bench\":\"history\",\"metrics\":%d,\"append_ns_per_value\":%.2f,"
           "\"floor_ns_per_value\":%.2f,\"ratio_to_floor\":%.2f,\"seal_us_per_block\":%.1f,"
           "\"bytes_per_instance_7_days\":%zu,\"bytes_per_value_minute\":%.3f,"
           "\"open_block_bytes\":%zu,\"journal_bytes_per_report\":%.0f}\n",
           METRICS, result.append_ns, result.floor_ns, result.append_ns / result.floor_ns,
           result.encode_us, result.week_bytes,
           (double)result.week_bytes / ((double)WEEK_MINUTES * METRICS), sizeof block,
           result.journal_bytes);
    return 0;
}
