/* Reasons in words: what, how much now, how fast, until when, against which past. Pure. */
#include <math.h>
#include <string.h>

#include "aggregator/predict/evidence.h"
#include "common/base/text.h"

#define HOUR_MS      3600000.0
#define MEMBER_SHOWN 32 /* bytes of a member's name; the whole one stands beside the text */

static void add_value(struct text *text, enum metric metric, double value) {
    const struct metric_row *row = metric_row(metric);
    double size = fabs(value);
    text_add_fixed(text, value, size < 10 ? 2 : size < 1000 ? 1 : 0);
    const char *unit = metric_unit_text(row->unit);
    if (unit[0] == '\0') return;
    if (row->unit != METRIC_UNIT_PERCENT) text_add_character(text, ' ');
    text_add(text, unit);
}

/* Back from the stream's direction: credits run down. */
static double shown(enum metric metric, float value) {
    return metric == METRIC_CPU_CREDIT_BALANCE ? -(double)value : (double)value;
}

static void add_span(struct text *text, struct duration span) {
    char words[CLOCK_RFC3339_SIZE];
    text_add(text, duration_format(span, words));
}

static void explain_loss(const struct predict_loss_view *loss, struct text *text) {
    text_add_unsigned(text, loss->runs);
    text_add(text, " runs of missed reports, ");
    text_add_fixed(text, 100 * (double)loss->missed_part, 0);
    text_add(text, "% missing, newer half ");
    text_add_fixed(text, 100 * (double)loss->newest_part, 0);
    text_add_character(text, '%');
}

/* The member first, cut so that the numbers keep their place. */
static void add_member(struct text *text, const char *member) {
    size_t length = strlen(member);
    if (length == 0) return;
    text_add_bytes(text, member, length < MEMBER_SHOWN ? length : MEMBER_SHOWN);
    text_add_character(text, ' ');
}

void predict_explain(const struct predict_evidence *evidence, char text[PREDICTION_REASON_SIZE]) {
    struct text out = text_over(text, PREDICTION_REASON_SIZE);
    if (evidence->kind == FAILURE_AGENT_SILENCE) {
        explain_loss(&evidence->loss, &out);
        return;
    }
    enum metric metric = evidence->metric;
    add_member(&out, evidence->member);
    text_add(&out, metric_row(metric)->name);
    text_add_character(&out, ' ');
    add_value(&out, metric, shown(metric, evidence->level));
    if (evidence->slope_per_ms > 0) {
        double an_hour = shown(metric, evidence->slope_per_ms) * HOUR_MS;
        text_add(&out, an_hour >= 0 ? ", +" : ", ");
        add_value(&out, metric, an_hour);
        text_add(&out, "/h over ");
        add_span(&out, evidence->window);
    }
    if (evidence->has_time && isfinite(evidence->limit)) {
        text_add(&out, "; ");
        add_value(&out, metric, shown(metric, evidence->limit));
        text_add(&out, " in ");
        add_span(&out, evidence->likely);
    }
    if (isfinite(evidence->past_high)) {
        text_add(&out, metric == METRIC_CPU_CREDIT_BALANCE ? "; past low " : "; past high ");
        add_value(&out, metric, shown(metric, evidence->past_high));
    }
}
