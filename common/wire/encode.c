/* Turns values into an envelope. Everything protobuf-c needs stands on the stack (at most about 40
 * KB, for a dictionary) and borrows the caller's texts; nothing is allocated. No data of its own;
 * any thread. */
#include <string.h>

#include "common/wire/check.h"
#include "common/wire/kinds.h"
#include "common/wire/wire.h"

/* Borrows a checked text. Its bound is the model's array, so a text without NUL is our own bug. */
static enum status borrow_text(const char *text, size_t capacity, ProtobufCBinaryData *bytes_out) {
    size_t length = strnlen(text, capacity);
    if (length == capacity || check_text(text, length)) return STATUS_MALFORMED;
    union {
        const char *from;
        uint8_t *to; /* protobuf-c has no const in its structs, but packing only reads */
    } borrowed = {.from = text};
    *bytes_out = (ProtobufCBinaryData){length, borrowed.to};
    return STATUS_OK;
}

static enum status borrow_name(const char *text, size_t capacity, ProtobufCBinaryData *bytes_out) {
    return text[0] == '\0' ? STATUS_MALFORMED : borrow_text(text, capacity, bytes_out);
}

static enum status borrow_speaker(const struct instance_id *instance, const struct boot_id *boot,
                                  ProtobufCBinaryData *instance_out,
                                  ProtobufCBinaryData *boot_out) {
    struct instance_id parsed_instance;
    struct boot_id parsed_boot;
    enum status status = borrow_text(instance->text, sizeof instance->text, instance_out);
    if (!status) status = borrow_text(boot->text, sizeof boot->text, boot_out);
    if (!status) status = instance_id_parse(instance->text, instance_out->len, &parsed_instance);
    if (!status) status = boot_id_parse(boot->text, boot_out->len, &parsed_boot);
    return status;
}

static enum status pack(const Ear__V1__Envelope *envelope, uint8_t *buffer, size_t capacity,
                        size_t *length_out) {
    size_t length = ear__v1__envelope__get_packed_size(envelope);
    if (length > capacity || length > WIRE_MESSAGE_MAX) return STATUS_TOO_LARGE;
    *length_out = ear__v1__envelope__pack(envelope, buffer);
    return STATUS_OK;
}

/* Room for what a report's repeated fields point to. */
struct report_parts {
    float core[METRIC_COUNT];
    uint32_t further_number[SERIES_MAX];
    float further_value[SERIES_MAX];
    Ear__V1__Check checks[REPORT_CHECKS_MAX], *check_list[REPORT_CHECKS_MAX];
    Ear__V1__Event events[REPORT_EVENTS_MAX], *event_list[REPORT_EVENTS_MAX];
};

static enum status fill_core(const struct metric_vector *core, struct report_parts *parts,
                             Ear__V1__Report *to) {
    if (core->present >> (METRIC_COUNT - 1) >> 1 != 0) return STATUS_OUT_OF_RANGE;
    to->present = core->present;
    to->core = parts->core;
    for (unsigned metric = 0; metric < METRIC_COUNT; metric++) {
        if (!metric_has(core, metric)) continue;
        if (check_float(core->values[metric])) return STATUS_OUT_OF_RANGE;
        parts->core[to->n_core++] = core->values[metric];
    }
    return STATUS_OK;
}

static enum status fill_further(const struct report *report, struct report_parts *parts,
                                Ear__V1__Report *to) {
    if (report->further_count > SERIES_MAX) return STATUS_TOO_LARGE;
    for (size_t i = 0; i < report->further_count; i++) {
        const struct series_value *further = &report->further[i];
        if (further->number >= SERIES_MAX || check_float(further->value))
            return STATUS_OUT_OF_RANGE;
        if (i > 0 && further->number <= further[-1].number) return STATUS_MALFORMED;
        parts->further_number[i] = further->number;
        parts->further_value[i] = further->value;
    }
    to->further_number = parts->further_number;
    to->further_value = parts->further_value;
    to->n_further_number = to->n_further_value = report->further_count;
    return STATUS_OK;
}

static enum status fill_check(const struct check_result *check, Ear__V1__Check *to) {
    ear__v1__check__init(to);
    to->failures = check->failures;
    enum status status = borrow_name(check->name, sizeof check->name, &to->name);
    if (!status) status = borrow_text(check->unit, sizeof check->unit, &to->unit);
    if (!status) status = check_unit(check->unit, to->unit.len);
    if (!status) status = borrow_text(check->detail, sizeof check->detail, &to->detail);
    if (!status) status = kinds_check_number(check->state, &to->state);
    return status;
}

static enum status fill_checks(const struct report *report, struct report_parts *parts,
                               Ear__V1__Report *to) {
    if (report->check_count > REPORT_CHECKS_MAX) return STATUS_TOO_LARGE;
    for (size_t i = 0; i < report->check_count; i++) {
        enum status status = fill_check(&report->checks[i], &parts->checks[i]);
        if (status) return status;
        for (size_t j = 0; j < i; j++)
            if (strcmp(report->checks[i].name, report->checks[j].name) == 0)
                return STATUS_DUPLICATE;
        parts->check_list[i] = &parts->checks[i];
    }
    to->checks = parts->check_list;
    to->n_checks = report->check_count;
    return STATUS_OK;
}

static enum status fill_event(const struct agent_event *event, Ear__V1__Event *to) {
    ear__v1__event__init(to);
    to->at_ms = event->at.ms;
    enum status status = check_wall(event->at.ms);
    if (!status) status = borrow_text(event->member, sizeof event->member, &to->member);
    if (!status) status = borrow_text(event->detail, sizeof event->detail, &to->detail);
    if (!status) status = kinds_event_number(event->kind, &to->kind);
    return status;
}

static enum status fill_events(const struct report *report, struct report_parts *parts,
                               Ear__V1__Report *to) {
    if (report->event_count > REPORT_EVENTS_MAX) return STATUS_TOO_LARGE;
    for (size_t i = 0; i < report->event_count; i++) {
        enum status status = fill_event(&report->events[i], &parts->events[i]);
        if (status) return status;
        parts->event_list[i] = &parts->events[i];
    }
    to->events = parts->event_list;
    to->n_events = report->event_count;
    return STATUS_OK;
}

static enum status fill_report_head(const struct report *report, Ear__V1__Report *to) {
    if (report->sequence == 0) return STATUS_OUT_OF_RANGE;
    to->sequence = report->sequence;
    to->sampled_at_ms = report->sampled_at.ms;
    to->interval_ms = report->interval_ms;
    to->schema = REPORT_SCHEMA;
    to->dictionary_generation = report->dictionary_generation;
    enum status status = check_wall(report->sampled_at.ms);
    if (!status) status = check_interval(report->interval_ms);
    if (!status)
        status =
            borrow_text(report->agent_version, sizeof report->agent_version, &to->agent_version);
    if (!status)
        status = borrow_speaker(&report->instance, &report->boot, &to->instance_id, &to->boot_id);
    return status;
}

enum status wire_encode_report(const struct report *report, uint8_t *buffer, size_t capacity,
                               size_t *length_out) {
    struct report_parts parts;
    Ear__V1__Report to = EAR__V1__REPORT__INIT;
    enum status status = fill_report_head(report, &to);
    if (!status) status = fill_core(&report->core, &parts, &to);
    if (!status) status = fill_further(report, &parts, &to);
    if (!status) status = fill_checks(report, &parts, &to);
    if (!status) status = fill_events(report, &parts, &to);
    if (status) return status;
    Ear__V1__Envelope envelope = EAR__V1__ENVELOPE__INIT;
    envelope.kind_case = EAR__V1__ENVELOPE__KIND_REPORT;
    envelope.report = &to;
    return pack(&envelope, buffer, capacity, length_out);
}

/* Room for what a dictionary's repeated fields point to. */
struct dictionary_parts {
    ProtobufCBinaryData names[SERIES_MAX];
    Ear__V1__Member members[SERIES_MAX], *member_list[SERIES_MAX];
    uint32_t number[SERIES_MAX], name[SERIES_MAX], member[SERIES_MAX];
};

static bool same_bytes(ProtobufCBinaryData a, ProtobufCBinaryData b) {
    return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

/* The place of `name` among the names so far, which it joins if it is new. */
static uint32_t intern_name(ProtobufCBinaryData name, struct dictionary_parts *parts,
                            Ear__V1__Dictionary *to) {
    for (uint32_t i = 0; i < to->n_names; i++)
        if (same_bytes(parts->names[i], name)) return i;
    parts->names[to->n_names++] = name;
    return (uint32_t)to->n_names - 1;
}

static uint32_t intern_member(const Ear__V1__Member *member, struct dictionary_parts *parts,
                              Ear__V1__Dictionary *to) {
    for (uint32_t i = 0; i < to->n_members; i++)
        if (parts->members[i].family == member->family &&
            same_bytes(parts->members[i].name, member->name) &&
            same_bytes(parts->members[i].volume, member->volume))
            return i;
    parts->members[to->n_members] = *member;
    parts->member_list[to->n_members] = &parts->members[to->n_members];
    to->n_members++;
    return (uint32_t)to->n_members - 1;
}

static enum status fill_series(const struct series_name *series, size_t i,
                               struct dictionary_parts *parts, Ear__V1__Dictionary *to) {
    ProtobufCBinaryData name;
    Ear__V1__Member member = EAR__V1__MEMBER__INIT;
    if (series->number >= SERIES_MAX) return STATUS_OUT_OF_RANGE;
    enum status status = borrow_name(series->name, sizeof series->name, &name);
    if (!status) status = borrow_name(series->member, sizeof series->member, &member.name);
    if (!status) status = borrow_text(series->volume, sizeof series->volume, &member.volume);
    if (!status) status = kinds_family_number(series->family, &member.family);
    if (status) return status;
    parts->number[i] = series->number;
    parts->name[i] = intern_name(name, parts, to);
    parts->member[i] = intern_member(&member, parts, to);
    return STATUS_OK;
}

/* A pair of place of name and member alone does not say "twice": volumes tell members apart here,
 * not for a reader. */
static bool repeats_earlier(const struct series_dictionary *dictionary, size_t i) {
    const struct series_name *series = &dictionary->names[i];
    for (size_t j = 0; j < i; j++) {
        const struct series_name *earlier = &dictionary->names[j];
        if (earlier->number == series->number) return true;
        if (earlier->family == series->family && strcmp(earlier->name, series->name) == 0 &&
            strcmp(earlier->member, series->member) == 0)
            return true;
    }
    return false;
}

static enum status fill_names(const struct series_dictionary *dictionary,
                              struct dictionary_parts *parts, Ear__V1__Dictionary *to) {
    to->names = parts->names;
    to->members = parts->member_list;
    for (size_t i = 0; i < dictionary->count; i++) {
        enum status status = fill_series(&dictionary->names[i], i, parts, to);
        if (status) return status;
        if (repeats_earlier(dictionary, i)) return STATUS_DUPLICATE;
    }
    to->number = parts->number;
    to->name = parts->name;
    to->member = parts->member;
    to->n_number = to->n_name = to->n_member = dictionary->count;
    return STATUS_OK;
}

enum status wire_encode_dictionary(const struct instance_id *instance, const struct boot_id *boot,
                                   uint64_t sequence, const struct series_dictionary *dictionary,
                                   uint8_t *buffer, size_t capacity, size_t *length_out) {
    struct dictionary_parts parts;
    Ear__V1__Dictionary to = EAR__V1__DICTIONARY__INIT;
    if (dictionary->count > SERIES_MAX) return STATUS_TOO_LARGE;
    if (dictionary->generation == 0 || sequence == 0) return STATUS_OUT_OF_RANGE;
    to.sequence = sequence;
    to.generation = dictionary->generation;
    enum status status = borrow_speaker(instance, boot, &to.instance_id, &to.boot_id);
    if (!status) status = fill_names(dictionary, &parts, &to);
    if (status) return status;
    Ear__V1__Envelope envelope = EAR__V1__ENVELOPE__INIT;
    envelope.kind_case = EAR__V1__ENVELOPE__KIND_DICTIONARY;
    envelope.dictionary = &to;
    return pack(&envelope, buffer, capacity, length_out);
}

enum status wire_encode_notice(const struct notice *notice, uint8_t *buffer, size_t capacity,
                               size_t *length_out) {
    Ear__V1__Notice to = EAR__V1__NOTICE__INIT;
    if (notice->sequence == 0) return STATUS_OUT_OF_RANGE;
    to.sequence = notice->sequence;
    enum status status =
        borrow_speaker(&notice->instance, &notice->boot, &to.instance_id, &to.boot_id);
    if (!status) status = kinds_notice_number(notice->kind, &to.kind);
    if (status) return status;
    Ear__V1__Envelope envelope = EAR__V1__ENVELOPE__INIT;
    envelope.kind_case = EAR__V1__ENVELOPE__KIND_NOTICE;
    envelope.notice = &to;
    return pack(&envelope, buffer, capacity, length_out);
}

enum status wire_encode_ack(const struct ack *ack, uint8_t *buffer, size_t capacity,
                            size_t *length_out) {
    Ear__V1__Ack to = EAR__V1__ACK__INIT;
    if (ack->interval_ms != 0 && check_interval(ack->interval_ms)) return STATUS_OUT_OF_RANGE;
    to.sequence = ack->sequence;
    to.interval_ms = ack->interval_ms;
    to.config_version = ack->config_version;
    to.directives = ack->directives;
    to.fence = ack->fence;
    enum status status = borrow_text(ack->redirect, sizeof ack->redirect, &to.redirect);
    if (status) return status;
    Ear__V1__Envelope envelope = EAR__V1__ENVELOPE__INIT;
    envelope.kind_case = EAR__V1__ENVELOPE__KIND_ACK;
    envelope.ack = &to;
    return pack(&envelope, buffer, capacity, length_out);
}
