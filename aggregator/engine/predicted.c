/* Scores into open and closed predictions: rows, notifications, hysteresis. Only high and medium
 * ones are stored, when they open, change their label and close (SPEC 22, 29). Pure. */
#include <string.h>

#include "aggregator/engine/state.h"

static void say(const struct member *member, struct text *text) {
    const struct prediction *prediction = &member->prediction;
    text_add(text, failure_kind_name(prediction->kind));
    text_add(text, " at ");
    text_add_fixed(text, (double)prediction->confidence, 2);
    if (prediction->has_time) {
        char when[CLOCK_RFC3339_SIZE];
        text_add(text, ", likely ");
        text_add(text, wall_format(prediction->likely, when));
    }
    if (prediction->reason_count == 0) return;
    text_add(text, ": ");
    text_add(text, prediction->reasons[0].text);
}

/* An action of ours for this very prediction has begun to take effect. */
static bool acted_on(const struct step *step, const struct member *member) {
    const struct incident *incident = member_incident(step->engine, member);
    if (member->prediction_acted) return true;
    return incident != NULL && strcmp(incident->prediction.text, member->prediction_id.text) == 0 &&
           (incident->acted || (incident->running && incident->run.acted));
}

static void close_prediction(struct step *step, struct member *member) {
    char what[DECIDE_TEXT_SIZE];
    struct text text = text_over(what, sizeof what);
    say(member, &text);
    /* After an action of ours nobody knows what would have been (D1). */
    enum outcome outcome = acted_on(step, member) ? OUTCOME_UNKNOWN : OUTCOME_RESOLVED;
    row_prediction(step, member, outcome);
    emit_log(step, EFFECT_LEVEL_INFO, "prediction.closed", member, NULL, NULL, "open",
             outcome_name(outcome), what);
    if (member->prediction_high)
        notice(step, SEVERITY_INFO, "prediction.closed", member, NULL, "Prediction closed", what,
               "none", outcome_name(outcome), "");
    member->prediction_id = (struct record_id){0};
    member->prediction_high = member->prediction_acted = false;
    member->medium_in_a_row = 0;
}

static void open_prediction(struct step *step, struct member *member) {
    member->prediction_id = emit_id(step, "PRED-");
    member->prediction_opened = step->now.wall;
    member->prediction_high = member->prediction_acted = false;
    row_prediction(step, member, OUTCOME_OPEN);
    char what[DECIDE_TEXT_SIZE];
    struct text text = text_over(what, sizeof what);
    say(member, &text);
    emit_log(step, EFFECT_LEVEL_INFO, "prediction.opened", member, NULL, NULL, "low", "medium",
             what);
}

static void raise_prediction(struct step *step, struct member *member) {
    member->prediction_high = true;
    row_prediction(step, member, OUTCOME_OPEN);
    char what[DECIDE_TEXT_SIZE];
    struct text text = text_over(what, sizeof what);
    say(member, &text);
    row_audit(step, "prediction", member, NULL, "high_confidence", "act", "ear", what);
    emit_log(step, EFFECT_LEVEL_WARNING, "prediction.high", member, NULL, "high_confidence",
             "medium", "high", what);
    notice(step, SEVERITY_WARNING, "prediction.opened", member, NULL, "High Confidence Prediction",
           what, "none", "open", "");
}

/* A service named twice in a row means the same trouble; another kind is a change worth a row. */
void predicted(struct step *step, struct member *member, const struct prediction *prediction) {
    const struct decide_policy *policy = &step->engine->options.decide;
    enum failure_kind before = member->prediction.kind;
    double value = (double)prediction->confidence;
    if (!(value >= 0 && value <= 1)) value = 0;
    /* Closed with what was predicted: the score that closes it has no time and no reasons. */
    if (value < policy->medium && member->prediction_id.text[0] != '\0')
        close_prediction(step, member);
    member->prediction = *prediction;
    member->prediction.confidence = (float)value;
    member->prediction_at = step->now.boot;
    bool changed = decide_confidence(policy, &member->hysteresis, prediction->confidence);
    bool listed = member->listed && member->facts.opted_in && !member->gone;
    bool open = member->prediction_id.text[0] != '\0';
    if (value < policy->medium) {
        member->medium_in_a_row = 0;
        return;
    }
    if (!listed) return;
    member->medium_in_a_row++;
    if (!open && member->medium_in_a_row >= policy->evaluations) {
        open_prediction(step, member);
        open = true;
    } else if (open && before != prediction->kind) {
        row_prediction(step, member, OUTCOME_OPEN);
    }
    bool high = member->hysteresis.open && !member->prediction_high;
    if (open && (changed || high) && member->hysteresis.open) raise_prediction(step, member);
}

/* Evidence is reset after every action (RECOVERY 5.2, Monit's counters). */
void predicted_acted(struct step *step, struct member *member) {
    member->hysteresis = (struct decide_hysteresis){0};
    if (member->prediction_id.text[0] == '\0') return;
    member->prediction_acted = true;
    close_prediction(step, member);
}
