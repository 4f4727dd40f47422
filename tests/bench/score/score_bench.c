/* What one evaluation of one instance costs, all its metrics, beside what feeding one step costs
 * and the memory of a row. The floor is a copy of the row in the same run: every evaluation has to
 * read it. Prints JSON; ./run makes the table. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "aggregator/predict/predict.h"
#include "common/base/prng.h"

#define INSTANCES    200
#define WARM_MINUTES (36 * 60)
#define ROUNDS       60

static struct predict_row rows[INSTANCES], copy;

static double seconds(void) { /* of CPU: other programs must not count */
    struct timespec now;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) != 0) exit(1);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int64_t feed(const struct predict_settings *settings, struct prng *prng,
                    struct predict_row *row, int64_t minute) {
    struct wall_time at = {1772000000000 + minute * 60000};
    predict_arrive(settings, row, at, 60000);
    for (unsigned i = 0; i < METRIC_COUNT; i++)
        predict_observe(row, (enum metric)i, (float)(40 + prng_unit(prng) * 10));
    for (unsigned i = 0; i < 4; i++) {
        char name[] = {(char)('a' + i), '\0'};
        predict_observe_member(row, at, METRIC_SERVICE_MEMORY_USED, name,
                               (float)(20 + prng_unit(prng)));
    }
    return at.ms;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

int main(void) {
    static double each_us[INSTANCES * ROUNDS];
    struct predict_settings settings = predict_settings_default();
    struct prng prng = prng_seeded(5);
    struct prediction prediction;
    double fed = 0, copied = 0, checksum = 0;
    size_t count = 0;
    for (size_t i = 0; i < INSTANCES; i++) predict_row_init(&rows[i]);
    double began = seconds();
    for (int64_t minute = 0; minute < WARM_MINUTES; minute++)
        for (size_t i = 0; i < INSTANCES; i++) (void)feed(&settings, &prng, &rows[i], minute);
    fed = (seconds() - began) * 1e6 / ((double)WARM_MINUTES * INSTANCES);
    for (int64_t round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < INSTANCES; i++) {
            int64_t at = feed(&settings, &prng, &rows[i], WARM_MINUTES + round);
            double one = seconds();
            predict_score(&settings, &rows[i], (struct wall_time){at}, &prediction);
            each_us[count++] = (seconds() - one) * 1e6;
            checksum += (double)prediction.confidence;
            one = seconds();
            memcpy(&copy, &rows[i], sizeof copy);
            copied += (seconds() - one) * 1e6;
            checksum += (double)copy.members[0].stream.last;
        }
    }
    if (!(checksum > 0)) return 1; /* also keeps the work from being optimised away */
    double sum = 0;
    for (size_t i = 0; i < count; i++) sum += each_us[i];
    qsort(each_us, count, sizeof each_us[0], compare);
    printf("{\"bench\":\"score\",\"metrics\":%d,\"members\":4,\"score_us_mean\":%.2f,"
           "\"score_us_p50\":%.2f,\"score_us_p99\":%.2f,\"feed_us_per_step\":%.2f,"
           "\"floor_copy_us\":%.2f,\"row_bytes\":%zu,\"stream_bytes\":%zu}\n",
           PREDICT_INPUT_COUNT, sum / (double)count, each_us[count / 2], each_us[count * 99 / 100],
           fed, copied / (double)count, sizeof rows[0], sizeof rows[0].streams[0]);
    return 0;
}
