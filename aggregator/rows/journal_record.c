/* Journal records as bytes, little-endian: u16 length of all, u8 kind, body, u32 CRC-32C of
 * everything before it. Pure. */
#include <math.h>
#include <string.h>

#include "aggregator/rows/journal.h"
#include "common/base/hash.h"

#define HEAD_BYTES 3
#define CRC_BYTES  4

struct out {
    uint8_t *bytes;
    size_t length;
};

/* Bodies are at most 19 + 8 * 64 + 1 + 5 * 64 bytes: they fit by construction. */
static void put(struct out *out, const void *bytes, size_t length) {
    ASSERT(out->length + length + CRC_BYTES <= JOURNAL_RECORD_MAX);
    memcpy(out->bytes + out->length, bytes, length);
    out->length += length;
}

static void put_number(struct out *out, uint64_t number, size_t count) {
    uint8_t bytes[8];
    for (size_t i = 0; i < count; i++) bytes[i] = (uint8_t)(number >> (8 * i));
    put(out, bytes, count);
}

static void put_float(struct out *out, float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_number(out, bits, 4);
}

static void put_string(struct out *out, const char *string) {
    size_t length = strlen(string);
    put_number(out, length, 1);
    put(out, string, length);
}

struct in {
    const uint8_t *bytes;
    size_t at, end;
    bool bad;
};

static uint64_t get_number(struct in *in, size_t count) {
    uint64_t number = 0;
    if (in->end - in->at < count) {
        in->bad = true;
        return 0;
    }
    for (size_t i = 0; i < count; i++) number |= (uint64_t)in->bytes[in->at + i] << (8 * i);
    in->at += count;
    return number;
}

static float get_float(struct in *in) {
    uint32_t bits = (uint32_t)get_number(in, 4);
    float value;
    memcpy(&value, &bits, sizeof value);
    if (!isfinite(value)) in->bad = true;
    return value;
}

static void get_string(struct in *in, char *string, size_t capacity) {
    size_t length = get_number(in, 1);
    if (in->bad || length >= capacity || in->end - in->at < length ||
        (length > 0 && memchr(in->bytes + in->at, '\0', length))) {
        in->bad = true;
        return;
    }
    memset(string, 0, capacity);
    memcpy(string, in->bytes + in->at, length);
    in->at += length;
}

static void put_report(struct out *out, const struct journal_report *report) {
    put_number(out, (uint64_t)report->at.ms, 8);
    put_number(out, report->sequence, 8);
    put_number(out, report->present, 8);
    put_number(out, report->changed, 8);
    for (unsigned i = 0; i < METRIC_COUNT; i++)
        if (report->changed >> i & 1) put_float(out, report->values[i]);
    put_number(out, report->further_count, 1);
    for (unsigned i = 0; i < report->further_count; i++) {
        put_number(out, report->further_columns[i], 1);
        if (!(report->further_columns[i] & JOURNAL_SAME)) put_float(out, report->further_values[i]);
    }
}

static void get_report(struct in *in, struct journal_report *report) {
    report->at.ms = (int64_t)get_number(in, 8);
    report->sequence = get_number(in, 8);
    report->present = get_number(in, 8);
    report->changed = get_number(in, 8);
    uint64_t known = METRIC_COUNT == 64 ? UINT64_MAX : (UINT64_C(1) << METRIC_COUNT) - 1;
    if (report->at.ms < 0 || (report->changed & ~report->present) || (report->present & ~known))
        in->bad = true;
    for (unsigned i = 0; i < METRIC_COUNT && !in->bad; i++)
        if (report->changed >> i & 1) report->values[i] = get_float(in);
    report->further_count = (uint8_t)get_number(in, 1);
    if (report->further_count > JOURNAL_FURTHER_MAX) in->bad = true;
    for (unsigned i = 0; i < report->further_count && !in->bad; i++) {
        uint8_t column = (uint8_t)get_number(in, 1);
        report->further_columns[i] = column;
        if (!(column & JOURNAL_SAME)) report->further_values[i] = get_float(in);
        if ((column & ~JOURNAL_SAME) >= JOURNAL_FURTHER_MAX) in->bad = true;
    }
}

static uint32_t row_of(const struct journal_record *record) {
    switch (record->kind) {
    case JOURNAL_NAME: return record->name.row;
    case JOURNAL_BOOT: return record->boot.row;
    case JOURNAL_SERIES: return record->series.row;
    case JOURNAL_REPORT: return record->report.row;
    }
    return 0;
}

size_t journal_encode(const struct journal_record *record, uint8_t bytes[JOURNAL_RECORD_MAX]) {
    struct out out = {bytes, 2};
    put_number(&out, record->kind, 1);
    put_number(&out, row_of(record), 4);
    switch (record->kind) {
    case JOURNAL_NAME:
        put_string(&out, record->name.instance.text);
        put_number(&out, record->name.interval_ms, 4);
        break;
    case JOURNAL_BOOT:
        put_string(&out, record->boot.boot.text);
        put_number(&out, record->boot.sequence, 8);
        break;
    case JOURNAL_SERIES:
        put_number(&out, record->series.column, 1);
        put_number(&out, record->series.name.family, 1);
        put_string(&out, record->series.name.name);
        put_string(&out, record->series.name.member);
        break;
    case JOURNAL_REPORT: put_report(&out, &record->report); break;
    }
    size_t length = out.length + CRC_BYTES;
    bytes[0] = (uint8_t)length;
    bytes[1] = (uint8_t)(length >> 8);
    put_number(&out, hash_crc32c(0, bytes, out.length), CRC_BYTES);
    return length;
}

static void get_name(struct in *in, struct journal_name *name) {
    char text[sizeof name->instance.text];
    get_string(in, text, sizeof text);
    name->interval_ms = (uint32_t)get_number(in, 4);
    if (in->bad || instance_id_parse(text, strlen(text), &name->instance) != STATUS_OK)
        in->bad = true;
}

static void get_boot(struct in *in, struct journal_boot *boot) {
    char text[sizeof boot->boot.text];
    get_string(in, text, sizeof text);
    boot->sequence = get_number(in, 8);
    if (in->bad || boot_id_parse(text, strlen(text), &boot->boot) != STATUS_OK) in->bad = true;
}

static void get_series(struct in *in, struct journal_series *series) {
    series->column = (uint8_t)get_number(in, 1);
    uint64_t family = get_number(in, 1);
    get_string(in, series->name.name, sizeof series->name.name);
    get_string(in, series->name.member, sizeof series->name.member);
    if (series->column >= JOURNAL_FURTHER_MAX || family >= METRIC_MEMBER_COUNT)
        in->bad = true;
    else
        series->name.family = (enum metric_member)family;
}

static void get_body(struct in *in, struct journal_record *record) {
    uint32_t row = (uint32_t)get_number(in, 4);
    switch (record->kind) {
    case JOURNAL_NAME:
        record->name.row = row;
        get_name(in, &record->name);
        break;
    case JOURNAL_BOOT:
        record->boot.row = row;
        get_boot(in, &record->boot);
        break;
    case JOURNAL_SERIES:
        record->series.row = row;
        get_series(in, &record->series);
        break;
    case JOURNAL_REPORT:
        record->report.row = row;
        get_report(in, &record->report);
        break;
    }
}

enum status journal_decode(const uint8_t *bytes, size_t length, struct journal_record *record_out,
                           size_t *used_out) {
    if (length < 2) return STATUS_TOO_FEW;
    size_t whole = (size_t)bytes[0] | (size_t)bytes[1] << 8;
    if (whole < HEAD_BYTES + CRC_BYTES || whole > JOURNAL_RECORD_MAX) return STATUS_CORRUPT;
    if (length < whole) return STATUS_TOO_FEW;
    struct in in = {bytes, whole - CRC_BYTES, whole, false};
    uint32_t crc = (uint32_t)get_number(&in, CRC_BYTES);
    if (hash_crc32c(0, bytes, whole - CRC_BYTES) != crc) return STATUS_CORRUPT;
    if (bytes[2] < JOURNAL_NAME || bytes[2] > JOURNAL_REPORT) return STATUS_CORRUPT;
    memset(record_out, 0, sizeof *record_out);
    record_out->kind = (enum journal_kind)bytes[2];
    in.at = HEAD_BYTES;
    in.end = whole - CRC_BYTES;
    get_body(&in, record_out);
    if (in.bad || in.at != in.end) return STATUS_CORRUPT;
    *used_out = whole;
    return STATUS_OK;
}
