/* One finding of the model: a kind of failure that a metric points to, how strongly, and when.
 * Private to aggregator/predict. */
#ifndef EAR_AGGREGATOR_PREDICT_EVIDENCE_H
#define EAR_AGGREGATOR_PREDICT_EVIDENCE_H

#include "aggregator/predict/predict.h"

#define PREDICT_EVIDENCE_MAX (PREDICT_INPUT_COUNT + PREDICT_MEMBERS_MAX + 1)

struct predict_evidence {
    enum failure_kind kind;
    enum metric metric;
    const char *member;     /* borrowed from the row; "" = the instance itself */
    double logit;           /* log odds of a failure by this finding alone; finite */
    float level;            /* now, in the metric's unit */
    float past_high;        /* highest of the past days; NaN = no past yet */
    float limit;            /* where it fails; NaN = unknown */
    float slope_per_ms;     /* in the direction of the failure; 0 = none to speak of */
    struct duration window; /* over which the slope was taken */
    bool has_time;
    struct duration earliest, likely, latest; /* until the limit is reached */
    struct predict_loss_view loss;            /* FAILURE_AGENT_SILENCE only */
};

struct predict_findings {
    uint32_t count;
    struct predict_evidence list[PREDICT_EVIDENCE_MAX];
};

/* All findings of a row, in a fixed order. */
void predict_find(const struct predict_settings *settings, const struct predict_row *row,
                  struct wall_time now, struct predict_findings *findings);

/* The finding in words, with numbers and units. */
void predict_explain(const struct predict_evidence *evidence, char text[PREDICTION_REASON_SIZE]);

#endif
