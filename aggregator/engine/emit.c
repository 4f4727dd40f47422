/* Fills the caller's output: effects, and records whose items lie in its arena. Pure. */
#include <string.h>

#include "aggregator/engine/state.h"

bool emit_room(const struct step *step) {
    return step->out->record_count + ENGINE_ROOM <= ENGINE_RECORDS_MAX &&
           step->out->effect_count + ENGINE_ROOM <= ENGINE_EFFECTS_MAX;
}

struct effect *emit_effect(struct step *step, enum effect_kind kind) {
    ASSERT(step->out->effect_count < ENGINE_EFFECTS_MAX);
    struct effect *effect = &step->out->effects[step->out->effect_count++];
    memset(effect, 0, sizeof *effect);
    effect->kind = kind;
    return effect;
}

void emit_call(struct step *step, const struct call *call) {
    struct effect *effect = emit_effect(step, EFFECT_CALL);
    effect->call = *call;
    effect->call.fence = step->engine->options.epoch;
}

void emit_log(struct step *step, enum effect_level level, const char *event,
              const struct member *member, const struct incident *incident, const char *rule,
              const char *old_state, const char *new_state, const char *text) {
    /* A line less is better than a step that fails: the last places are for what must leave. */
    if (step->out->effect_count + ENGINE_ROOM / 2 >= ENGINE_EFFECTS_MAX) return;
    struct effect_log *log = &emit_effect(step, EFFECT_LOG)->log;
    log->level = level;
    copy_text(log->event, sizeof log->event, event);
    if (member != NULL) log->instance = member->id;
    if (incident != NULL) log->incident = incident->id;
    copy_text(log->rule, sizeof log->rule, rule);
    copy_text(log->old_state, sizeof log->old_state, old_state);
    copy_text(log->new_state, sizeof log->new_state, new_state);
    copy_text(log->text, sizeof log->text, text);
}

void emit_reply(struct step *step, uint64_t token, int exit_code, const char *text) {
    struct effect_reply *reply = &emit_effect(step, EFFECT_REPLY)->reply;
    reply->token = token;
    reply->exit_code = exit_code;
    copy_text(reply->text, sizeof reply->text, text);
}

bool engine_effect_at_once(const struct effect *effect) {
    if (effect->kind == EFFECT_CALL) return call_mutates(effect->call.kind);
    return effect->kind == EFFECT_PAUSE_FILE && effect->present;
}

uint64_t emit_batch(struct step *step) { return step->engine->next_batch; }

void item_begin(struct step *step, struct item *item) {
    struct engine_output *out = step->out;
    ASSERT(out->arena_used + RECORD_ITEM_SIZE <= sizeof out->arena);
    item->text = text_over(out->arena + out->arena_used, RECORD_ITEM_SIZE);
    item->json = json_writer_over(&item->text);
}

void item_put(struct step *step, struct item *item, enum record_operation_kind kind,
              enum record_table table, const char *partition, const char *sort) {
    struct engine_output *out = step->out;
    ASSERT(out->record_count < ENGINE_RECORDS_MAX);
    if (item->text.truncated) {
        /* Only strings from outside, escaped, can be so long: keep the keys, say what is missing.
         */
        item->text = text_over(out->arena + out->arena_used, RECORD_ITEM_SIZE);
        item->json = json_writer_over(&item->text);
        json_open_object(&item->json, NULL);
        json_string(&item->json, "instance_id", partition);
        json_string(&item->json, "timestamp", sort == NULL ? "" : sort);
        json_bool(&item->json, "too_large", true);
        json_close_object(&item->json);
    }
    struct engine_record *record = &out->records[out->record_count++];
    memset(record, 0, sizeof *record);
    record->kind = kind;
    record->table = table;
    copy_text(record->partition, sizeof record->partition, partition);
    copy_text(record->sort, sizeof record->sort, sort);
    record->item = item->text.data;
    out->arena_used += item->text.length + 1;
}

void emit_delete(struct step *step, enum record_table table, const char *partition,
                 const char *sort) {
    ASSERT(step->out->record_count < ENGINE_RECORDS_MAX);
    struct engine_record *record = &step->out->records[step->out->record_count++];
    memset(record, 0, sizeof *record);
    record->kind = RECORD_DELETE;
    record->table = table;
    copy_text(record->partition, sizeof record->partition, partition);
    copy_text(record->sort, sizeof record->sort, sort);
}

struct record_id emit_id(struct step *step, const char *prefix) {
    uint64_t high = prng_next(&step->engine->random);
    uint64_t low = prng_next(&step->engine->random);
    return record_id_make(prefix, step->now.wall.ms, high, low);
}
