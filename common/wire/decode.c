/* Turns an envelope of an agent into checked values. protobuf-c parses into the caller's arena;
 * these functions copy out of it, one bound at a time. No data of its own; any thread. */
#include <string.h>

#include "common/base/text.h"
#include "common/wire/arena.h"
#include "common/wire/check.h"
#include "common/wire/kinds.h"
#include "common/wire/wire.h"

static const char *text_of(ProtobufCBinaryData value) {
    return value.len ? (const char *)value.data : "";
}

static enum status copy_text(char *target, size_t capacity, ProtobufCBinaryData value) {
    return check_text_copy(target, capacity, text_of(value), value.len);
}

static enum status copy_name(char *target, size_t capacity, ProtobufCBinaryData value) {
    if (value.len == 0) return STATUS_MALFORMED; /* a nameless thing can be neither told nor kept */
    return copy_text(target, capacity, value);
}

static enum status decode_speaker(ProtobufCBinaryData instance, ProtobufCBinaryData boot,
                                  uint64_t sequence, struct wire_message *message) {
    if (sequence == 0) return STATUS_OUT_OF_RANGE;
    enum status status = instance_id_parse(text_of(instance), instance.len, &message->instance);
    if (!status) status = boot_id_parse(text_of(boot), boot.len, &message->boot);
    message->sequence = sequence;
    return status;
}

/* Values stand in the order of the bits that are set. Bits above the rows this version knows belong
 * to a newer peer: their values are passed over. */
static enum status decode_core(const Ear__V1__Report *from, struct metric_vector *core) {
    size_t next = 0;
    *core = (struct metric_vector){0}; /* nothing of the message before */
    for (unsigned metric = 0; metric < METRIC_MAX; metric++) {
        if ((from->present >> metric & 1) == 0) continue;
        if (next == from->n_core) return STATUS_MALFORMED;
        float value = from->core[next++];
        if (check_float(value)) return STATUS_OUT_OF_RANGE;
        if (metric >= METRIC_COUNT) continue;
        core->values[metric] = value;
        core->present |= UINT64_C(1) << metric;
    }
    return next == from->n_core ? STATUS_OK : STATUS_MALFORMED;
}

static enum status decode_further(const Ear__V1__Report *from, struct report *report) {
    if (from->n_further_number != from->n_further_value) return STATUS_MALFORMED;
    if (from->n_further_number > SERIES_MAX) return STATUS_TOO_LARGE;
    for (size_t i = 0; i < from->n_further_number; i++) {
        uint32_t number = from->further_number[i];
        if (number >= SERIES_MAX || check_float(from->further_value[i])) return STATUS_OUT_OF_RANGE;
        if (i > 0 && number == from->further_number[i - 1]) return STATUS_DUPLICATE;
        if (i > 0 && number < from->further_number[i - 1]) return STATUS_MALFORMED;
        report->further[i] = (struct series_value){(uint16_t)number, from->further_value[i]};
    }
    report->further_count = (uint16_t)from->n_further_number;
    return STATUS_OK;
}

static enum status decode_check(const Ear__V1__Check *from, struct check_result *check) {
    enum status status = copy_name(check->name, sizeof check->name, from->name);
    if (!status) status = copy_text(check->unit, sizeof check->unit, from->unit);
    if (!status) status = check_unit(text_of(from->unit), from->unit.len);
    if (!status) status = copy_text(check->detail, sizeof check->detail, from->detail);
    check->state = kinds_check(from->state);
    check->failures = from->failures;
    return status;
}

static enum status decode_checks(const Ear__V1__Report *from, struct report *report) {
    if (from->n_checks > REPORT_CHECKS_MAX) return STATUS_TOO_LARGE;
    for (size_t i = 0; i < from->n_checks; i++) {
        enum status status = decode_check(from->checks[i], &report->checks[i]);
        if (status) return status;
        for (size_t j = 0; j < i; j++)
            if (strcmp(report->checks[i].name, report->checks[j].name) == 0)
                return STATUS_DUPLICATE;
    }
    report->check_count = (uint16_t)from->n_checks;
    return STATUS_OK;
}

static enum status decode_event(const Ear__V1__Event *from, struct agent_event *event) {
    enum status status = check_wall(from->at_ms);
    event->at = (struct wall_time){from->at_ms};
    if (!status) status = copy_text(event->member, sizeof event->member, from->member);
    if (!status) status = copy_text(event->detail, sizeof event->detail, from->detail);
    if (!status) status = kinds_event(from->kind, &event->kind);
    return status;
}

static enum status decode_events(const Ear__V1__Report *from, struct report *report) {
    if (from->n_events > REPORT_EVENTS_MAX) return STATUS_TOO_LARGE;
    report->event_count = 0;
    for (size_t i = 0; i < from->n_events; i++) {
        enum status status = decode_event(from->events[i], &report->events[report->event_count]);
        if (status == STATUS_UNSUPPORTED) continue; /* a newer agent's kind: only that event goes */
        if (status) return status;
        report->event_count++;
    }
    return STATUS_OK;
}

static enum status decode_report_head(const Ear__V1__Report *from, struct report *report) {
    if (from->schema == 0) return STATUS_MALFORMED;
    if (from->schema != REPORT_SCHEMA) return STATUS_NEWER;
    enum status status = check_wall(from->sampled_at_ms);
    if (!status) status = check_interval(from->interval_ms);
    if (!status)
        status =
            copy_text(report->agent_version, sizeof report->agent_version, from->agent_version);
    report->sequence = from->sequence;
    report->sampled_at = (struct wall_time){from->sampled_at_ms};
    report->interval_ms = from->interval_ms;
    report->dictionary_generation = from->dictionary_generation;
    return status;
}

static enum status decode_report(const Ear__V1__Report *from, struct wire_message *message) {
    struct report *report = &message->of.report;
    message->kind = WIRE_REPORT;
    enum status status = decode_report_head(from, report);
    if (!status) status = decode_speaker(from->instance_id, from->boot_id, from->sequence, message);
    report->instance = message->instance;
    report->boot = message->boot;
    if (!status) status = decode_core(from, &report->core);
    if (!status) status = decode_further(from, report);
    if (!status) status = decode_checks(from, report);
    if (!status) status = decode_events(from, report);
    return status;
}

static enum status decode_member(const Ear__V1__Member *from, struct series_name *series) {
    if (kinds_family(from->family, &series->family)) return STATUS_MALFORMED;
    enum status status = copy_name(series->member, sizeof series->member, from->name);
    if (!status) status = copy_text(series->volume, sizeof series->volume, from->volume);
    return status;
}

static enum status decode_series(const Ear__V1__Dictionary *from, size_t i,
                                 struct series_name *series) {
    if (from->number[i] >= SERIES_MAX) return STATUS_OUT_OF_RANGE;
    if (from->name[i] >= from->n_names || from->member[i] >= from->n_members)
        return STATUS_MALFORMED;
    series->number = (uint16_t)from->number[i];
    enum status status = copy_name(series->name, sizeof series->name, from->names[from->name[i]]);
    if (!status) status = decode_member(from->members[from->member[i]], series);
    return status;
}

static bool same_series(const struct series_name *a, const struct series_name *b) {
    return a->number == b->number || (a->family == b->family && strcmp(a->name, b->name) == 0 &&
                                      strcmp(a->member, b->member) == 0);
}

static enum status decode_names(const Ear__V1__Dictionary *from,
                                struct series_dictionary *dictionary) {
    size_t count = from->n_number;
    if (count != from->n_name || count != from->n_member) return STATUS_MALFORMED;
    if (count > SERIES_MAX || from->n_names > SERIES_MAX || from->n_members > SERIES_MAX)
        return STATUS_TOO_LARGE;
    for (size_t i = 0; i < count; i++) {
        enum status status = decode_series(from, i, &dictionary->names[i]);
        if (status) return status;
        for (size_t j = 0; j < i; j++)
            if (same_series(&dictionary->names[i], &dictionary->names[j])) return STATUS_DUPLICATE;
    }
    dictionary->count = (uint16_t)count;
    return STATUS_OK;
}

static enum status decode_dictionary(const Ear__V1__Dictionary *from,
                                     struct wire_message *message) {
    message->kind = WIRE_DICTIONARY;
    if (from->generation == 0) return STATUS_OUT_OF_RANGE;
    message->of.dictionary.generation = from->generation;
    enum status status = decode_speaker(from->instance_id, from->boot_id, from->sequence, message);
    if (!status) status = decode_names(from, &message->of.dictionary);
    return status;
}

static enum status decode_notice(const Ear__V1__Notice *from, struct wire_message *message) {
    struct notice *notice = &message->of.notice;
    message->kind = WIRE_NOTICE;
    enum status status = decode_speaker(from->instance_id, from->boot_id, from->sequence, message);
    if (!status) status = kinds_notice(from->kind, &notice->kind);
    notice->instance = message->instance;
    notice->boot = message->boot;
    notice->sequence = message->sequence;
    return status;
}

/* The envelope in the arena, or why there is none. */
static enum status unpack(struct wire_arena *arena, const uint8_t *bytes, size_t length,
                          Ear__V1__Envelope **envelope_out) {
    if (length > WIRE_MESSAGE_MAX) return STATUS_TOO_LARGE;
    ProtobufCAllocator allocator = arena_allocator(arena);
    *envelope_out = ear__v1__envelope__unpack(&allocator, length, bytes);
    if (*envelope_out) return STATUS_OK;
    return arena->overflow ? STATUS_NO_MEMORY : STATUS_MALFORMED;
}

enum status wire_decode(struct wire_arena *arena, const uint8_t *bytes, size_t length,
                        struct wire_message *message_out) {
    Ear__V1__Envelope *envelope;
    enum status status = unpack(arena, bytes, length, &envelope);
    if (status) return status;
    switch (envelope->kind_case) {
    case EAR__V1__ENVELOPE__KIND_REPORT: return decode_report(envelope->report, message_out);
    case EAR__V1__ENVELOPE__KIND_DICTIONARY:
        return decode_dictionary(envelope->dictionary, message_out);
    case EAR__V1__ENVELOPE__KIND_NOTICE: return decode_notice(envelope->notice, message_out);
    case EAR__V1__ENVELOPE__KIND_ACK: return STATUS_MALFORMED; /* only an aggregator says that */
    case EAR__V1__ENVELOPE__KIND__NOT_SET:
    case _EAR__V1__ENVELOPE__KIND__CASE_IS_INT_SIZE: break;
    }
    /* A kind of a later version leaves its field among the unknown ones; nothing at all is not a
     * message. */
    return envelope->base.n_unknown_fields > 0 ? STATUS_UNSUPPORTED : STATUS_MALFORMED;
}

enum status wire_decode_ack(struct wire_arena *arena, const uint8_t *bytes, size_t length,
                            struct ack *ack_out) {
    Ear__V1__Envelope *envelope;
    enum status status = unpack(arena, bytes, length, &envelope);
    if (status) return status;
    if (envelope->kind_case != EAR__V1__ENVELOPE__KIND_ACK) return STATUS_MALFORMED;
    const Ear__V1__Ack *from = envelope->ack;
    if (from->interval_ms != 0 && check_interval(from->interval_ms)) return STATUS_OUT_OF_RANGE;
    struct ack ack = {
        .sequence = from->sequence,
        .interval_ms = from->interval_ms,
        .config_version = from->config_version,
        .directives = from->directives & (ACK_DIRECTIVE_SEND_DICTIONARY | ACK_DIRECTIVE_GRACE),
        .fence = from->fence,
    };
    status = copy_text(ack.redirect, sizeof ack.redirect, from->redirect);
    if (!status) *ack_out = ack;
    return status;
}
