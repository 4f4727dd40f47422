/* Joins the findings into one confidence, its kind, its time and its reasons. Pure. */
#include <math.h>
#include <string.h>

#include "aggregator/predict/evidence.h"
#include "common/base/maths.h"
#include "common/base/text.h"

#define OTHER_WEIGHT 0.25   /* of what further findings add to the strongest one's log odds */
#define OTHER_FROM   (-3.0) /* log odds below which a further finding adds nothing */
#define REASON_LEAST 0.05   /* probability below which a finding is no reason */
#define LOGIT_MOST   6.0    /* 0.9975: this model is never surer than that */

static size_t strongest(const struct predict_findings *findings) {
    size_t best = 0;
    for (size_t i = 1; i < findings->count; i++)
        if (findings->list[i].logit > findings->list[best].logit) best = i;
    return best;
}

/* Members of one family and their worst tell the same story: the strongest of them counts. */
static bool told_before(const struct predict_findings *findings, size_t at, size_t best) {
    const struct predict_evidence *one = &findings->list[at];
    for (size_t i = 0; i < findings->count; i++) {
        const struct predict_evidence *other = &findings->list[i];
        if (i == at || other->metric != one->metric || other->kind != one->kind) continue;
        if (i == best || other->logit > one->logit || (other->logit >= one->logit && i < at))
            return true;
    }
    return false;
}

/* Grows with every finding: the strongest, and a part of what the others stand above a floor. */
static double join(const struct predict_findings *findings, size_t best) {
    double logit = findings->list[best].logit;
    for (size_t i = 0; i < findings->count; i++) {
        if (i == best || told_before(findings, i, best)) continue;
        double above = findings->list[i].logit - OTHER_FROM;
        if (above > 0) logit += OTHER_WEIGHT * above;
    }
    return logit;
}

/* At equal strength the named member tells more than its family's worst. */
static bool reason_before(const struct predict_evidence *a, const struct predict_evidence *b) {
    if (a->logit > b->logit) return true;
    return a->logit >= b->logit && a->member[0] != '\0' && b->member[0] == '\0';
}

static uint32_t pick_reasons(const struct predict_findings *findings,
                             const struct predict_evidence *picked[PREDICTION_REASONS_MAX]) {
    uint32_t count = 0;
    for (size_t i = 0; i < findings->count; i++) {
        const struct predict_evidence *one = &findings->list[i];
        if (maths_logistic(one->logit) < REASON_LEAST) continue;
        uint32_t at = count < PREDICTION_REASONS_MAX ? count++ : PREDICTION_REASONS_MAX;
        for (; at > 0 && reason_before(one, picked[at - 1]); at--)
            if (at < PREDICTION_REASONS_MAX) picked[at] = picked[at - 1];
        if (at < PREDICTION_REASONS_MAX) picked[at] = one;
    }
    return count;
}

static void put_reasons(const struct predict_findings *findings, struct prediction *out) {
    const struct predict_evidence *picked[PREDICTION_REASONS_MAX];
    uint32_t count = pick_reasons(findings, picked);
    double sum = 0;
    for (uint32_t i = 0; i < count; i++) sum += maths_logistic(picked[i]->logit);
    for (uint32_t i = 0; i < count; i++) {
        struct prediction_reason *reason = &out->reasons[i];
        reason->share = (float)(maths_logistic(picked[i]->logit) / sum);
        reason->metric = picked[i]->metric;
        memcpy(reason->member, picked[i]->member, strlen(picked[i]->member));
        predict_explain(picked[i], reason->text);
    }
    out->reason_count = (uint16_t)count;
}

static void put_times(const struct predict_evidence *best, struct wall_time now,
                      struct prediction *out) {
    if (!best->has_time) return;
    out->has_time = true;
    out->earliest = wall_add(now, best->earliest);
    out->likely = wall_add(now, best->likely);
    out->latest = wall_add(now, best->latest);
}

void predict_score(const struct predict_settings *settings, const struct predict_row *row,
                   struct wall_time now, struct prediction *out) {
    struct predict_findings findings;
    memset(out, 0, sizeof *out);
    out->at = now;
    predict_find(settings, row, now, &findings);
    if (findings.count == 0) return;
    size_t best = strongest(&findings);
    double logit = join(&findings, best);
    out->confidence = (float)maths_logistic(maths_clamp(logit, -LOGIT_MOST - 2, LOGIT_MOST));
    if (maths_logistic(findings.list[best].logit) < REASON_LEAST) return;
    out->kind = findings.list[best].kind;
    put_times(&findings.list[best], now, out);
    put_reasons(&findings, out);
}
