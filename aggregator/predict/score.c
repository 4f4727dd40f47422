/* Joins the findings into one confidence, its kind, its time and its reasons. Pure. */
#include <math.h>
#include <string.h>

#include "aggregator/predict/evidence.h"
#include "common/base/maths.h"
#include "common/base/text.h"

/* What further findings of a kind add to its strongest one's log odds, and further kinds to the
 * strongest kind's. */
#define SAME_WEIGHT  0.35
#define OTHER_WEIGHT 0.15
#define OTHER_FROM   (-3.0) /* log odds below which a further finding adds nothing */
#define REASON_LEAST 0.05   /* probability below which a finding is no reason */
#define SWAP_LOGIT   (-2.5) /* of the swap finding that renames a memory leak */
#define LOGIT_MOST   6.0    /* 0.9975: this model is never surer than that */

/* Members of one family and their worst tell the same story: the strongest of them counts. */
static bool told_before(const struct predict_findings *findings, size_t at) {
    const struct predict_evidence *one = &findings->list[at];
    for (size_t i = 0; i < findings->count; i++) {
        const struct predict_evidence *other = &findings->list[i];
        if (i == at || other->metric != one->metric || other->kind != one->kind) continue;
        if (other->logit > one->logit || (other->logit >= one->logit && i < at)) return true;
    }
    return false;
}

/* The largest, and a part of what the others stand above a floor: grows with each of them,
 * whichever of them leads. */
static double join(const double *logits, size_t count, double weight) {
    double most = -INFINITY, sum = 0;
    for (size_t i = 0; i < count; i++) {
        double above = logits[i] - OTHER_FROM;
        if (above > 0) sum += above;
        if (logits[i] > most) most = logits[i];
    }
    if (most > OTHER_FROM) sum -= most - OTHER_FROM;
    return most + weight * sum;
}

static double kind_logit(const struct predict_findings *findings, enum failure_kind kind) {
    double logits[PREDICT_EVIDENCE_MAX];
    size_t count = 0;
    for (size_t i = 0; i < findings->count; i++)
        if (findings->list[i].kind == kind && !told_before(findings, i))
            logits[count++] = findings->list[i].logit;
    return join(logits, count, SAME_WEIGHT);
}

/* At equal strength the named member tells more than its family's worst. */
static bool reason_before(const struct predict_evidence *a, const struct predict_evidence *b) {
    if (a->logit > b->logit) return true;
    return a->logit >= b->logit && a->member[0] != '\0' && b->member[0] == '\0';
}

static const struct predict_evidence *strongest(const struct predict_findings *findings,
                                                enum failure_kind kind) {
    const struct predict_evidence *best = NULL;
    for (size_t i = 0; i < findings->count; i++) {
        const struct predict_evidence *one = &findings->list[i];
        if (one->kind == kind && (!best || reason_before(one, best))) best = one;
    }
    return best;
}

/* The worst of a family beside the very member that it is: the member's name says more. */
static bool named_by_member(const struct predict_findings *findings,
                            const struct predict_evidence *one) {
    if (one->member[0] != '\0') return false;
    for (size_t i = 0; i < findings->count; i++) {
        const struct predict_evidence *other = &findings->list[i];
        if (other->member[0] != '\0' && other->metric == one->metric && other->kind == one->kind &&
            other->logit >= one->logit)
            return true;
    }
    return false;
}

static uint32_t pick_reasons(const struct predict_findings *findings,
                             const struct predict_evidence *picked[PREDICTION_REASONS_MAX]) {
    uint32_t count = 0;
    for (size_t i = 0; i < findings->count; i++) {
        const struct predict_evidence *one = &findings->list[i];
        if (maths_logistic(one->logit) < REASON_LEAST || named_by_member(findings, one)) continue;
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

/* Memory that fills while swap fills too fails by swapping; a leak meets swap only at its end. */
static enum failure_kind named(enum failure_kind kind, const double logits[FAILURE_KIND_COUNT],
                               const struct predict_evidence *best) {
    bool swaps = logits[FAILURE_SWAP_THRASH] > SWAP_LOGIT;
    return kind == FAILURE_MEMORY_LEAK && best->metric == METRIC_MEM_USED && swaps
               ? FAILURE_SWAP_THRASH
               : kind;
}

void predict_score(const struct predict_settings *settings, const struct predict_row *row,
                   struct wall_time now, struct prediction *out) {
    struct predict_findings findings;
    double logits[FAILURE_KIND_COUNT];
    enum failure_kind kind = FAILURE_NONE;
    memset(out, 0, sizeof *out);
    out->at = now;
    predict_find(settings, row, now, &findings);
    if (findings.count == 0) return;
    for (unsigned i = 0; i < FAILURE_KIND_COUNT; i++) {
        logits[i] = kind_logit(&findings, (enum failure_kind)i);
        if (logits[i] > logits[kind]) kind = (enum failure_kind)i;
    }
    double logit = join(logits, FAILURE_KIND_COUNT, OTHER_WEIGHT);
    out->confidence = (float)maths_logistic(maths_clamp(logit, -LOGIT_MOST - 2, LOGIT_MOST));
    if (maths_logistic(logits[kind]) < REASON_LEAST) return;
    const struct predict_evidence *best = strongest(&findings, kind);
    out->kind = named(kind, logits, best);
    put_times(best, now, out);
    put_reasons(&findings, out);
}
