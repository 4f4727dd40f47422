/* A notification read back from the outbox, bounded and checked once; every channel's form is made
 * from it. */
#ifndef EAR_AGGREGATOR_NOTIFY_CONTENT_H
#define EAR_AGGREGATOR_NOTIFY_CONTENT_H

#include "common/model/notification.h"

#define CONTENT_FACTORS_MAX PREDICTION_REASONS_MAX

struct content {
    char id[64], time[CLOCK_RFC3339_SIZE], severity[16], event[32];
    char title[160], cause[256], automation[16], account[16], region[32];
    bool has_instance;
    char instance[24], instance_name[128], availability_zone[24];
    bool recovery_enabled, quarantine;
    int64_t past_recoveries;
    char subject[64], action[32], state[32], result[160], url[192];
    bool has_prediction;
    char kind[32], earliest[CLOCK_RFC3339_SIZE], latest[CLOCK_RFC3339_SIZE];
    double confidence;
    size_t factor_count;
    char factors[CONTENT_FACTORS_MAX][PREDICTION_REASON_SIZE];
};

/* Reads one ear.notification/1 document. STATUS_MALFORMED and kin name the first bad member in
 * `place_out[64]`. Pure but for the JSON tree's memory. */
enum status content_read(const char *item, struct content *content_out,
                         char place_out[static 64]) MUST_USE;

/* The facts every channel shows, one "Name: value" line each, most important first. */
void content_facts(const struct content *content, struct text *text);

#endif
