/* Notifications into the outbox, in the same batch as what caused them (SPEC 147, INTERFACES 7).
 * Pure. */
#include <string.h>

#include "aggregator/engine/state.h"

static void add_member(struct notification *out, const struct member *member) {
    out->instance = member->id;
    copy_text(out->instance_name, sizeof out->instance_name, member->facts.name);
    copy_text(out->availability_zone, sizeof out->availability_zone,
              member->facts.availability_zone);
    out->recovery_enabled = member->flags.readable && member->flags.recovery_enabled;
    out->quarantine = member->flags.quarantine;
    out->past_recoveries = member->recoveries;
}

static void add_url(struct notification *out, const struct engine *engine,
                    const struct member *member) {
    if (engine->options.dashboard_url[0] == '\0') return;
    struct text url = text_over(out->url, sizeof out->url);
    text_add(&url, engine->options.dashboard_url);
    if (member == NULL) return;
    text_add(&url, "/instances/");
    text_add(&url, member->id.text);
}

void notice(struct step *step, enum severity severity, const char *event,
            const struct member *member, const struct incident *incident, const char *title,
            const char *cause, const char *action, const char *state, const char *result) {
    const struct engine *engine = step->engine;
    struct notification out = {.id = emit_id(step, ""), .at = step->now.wall, .severity = severity};
    copy_text(out.event, sizeof out.event, event);
    copy_text(out.title, sizeof out.title, title);
    copy_text(out.cause, sizeof out.cause, cause);
    copy_text(out.automation, sizeof out.automation,
              fleet_paused(engine)             ? "paused"
              : engine->options.decide.dry_run ? "dry-run"
                                               : "on");
    copy_text(out.account, sizeof out.account, engine->options.account);
    copy_text(out.region, sizeof out.region, engine->options.region);
    copy_text(out.action, sizeof out.action, action);
    copy_text(out.state, sizeof out.state, state);
    copy_text(out.result, sizeof out.result, result);
    if (member != NULL) add_member(&out, member);
    if (incident != NULL) out.subject = incident->id;
    bool predicted = member != NULL && member->prediction_id.text[0] != '\0';
    if (predicted) {
        out.has_prediction = true;
        out.prediction = member->prediction;
        if (incident == NULL) out.subject = member->prediction_id;
    }
    add_url(&out, engine, member);
    struct item item;
    item_begin(step, &item);
    notification_write(&out, &item.text);
    item_put(step, &item, RECORD_PUT, RECORD_OUTBOX, out.id.text, "");
    emit_effect(step, EFFECT_NOTIFY);
}
