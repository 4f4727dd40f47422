/* A prediction: the calibrated probability that an instance fails within the horizon (24 h of
 * `prediction_day`), of what, when, and why. */
#ifndef EAR_COMMON_MODEL_PREDICTION_H
#define EAR_COMMON_MODEL_PREDICTION_H

#include "common/model/report.h"

#define PREDICTION_REASONS_MAX 6
#define PREDICTION_REASON_SIZE 120

enum failure_kind {
    FAILURE_NONE,
    FAILURE_MEMORY_LEAK,
    FAILURE_DISK_FILL,
    FAILURE_INODE_EXHAUSTION,
    FAILURE_FD_EXHAUSTION,
    FAILURE_PROCESS_EXHAUSTION,
    FAILURE_CPU_STEAL,
    FAILURE_IO_DEGRADATION,
    FAILURE_SWAP_THRASH,
    FAILURE_NET_DROPS,
    FAILURE_CREDIT_DEPLETION,
    FAILURE_AGENT_SILENCE,
    FAILURE_KIND_COUNT
};

/* One factor, largest share first. */
struct prediction_reason {
    char text[PREDICTION_REASON_SIZE]; /* "/var grows 1.9 GB/h, 5 of the last 6 h" */
    float share; /* of the confidence, 0..1; the shares of one score sum to 1 */
    enum metric metric;
    char member[SERIES_MEMBER_SIZE]; /* "/var", "web.service"; empty = the instance itself */
};

struct prediction {
    struct instance_id instance;
    struct wall_time at;    /* newest sample used */
    float confidence;       /* 0..1 */
    enum failure_kind kind; /* FAILURE_NONE when nothing stands out */
    bool has_time;          /* the three times below are set */
    struct wall_time earliest, likely, latest;
    uint16_t reason_count;
    struct prediction_reason reasons[PREDICTION_REASONS_MAX];
};

const char *failure_kind_name(enum failure_kind kind); /* PREDICTION 5.1's words; "" for none */
enum failure_kind failure_kind_find(const char *name);
/* SPEC 22's label by the two thresholds: "high", "medium", "low". */
const char *prediction_label(float confidence, float high, float medium);

#endif
