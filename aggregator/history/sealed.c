/* Sealed blocks. Layout, little-endian, no padding:
 *
 *   header   "EARB" u8 version=1, u8 header bytes=48, u16 columns, i64 start minute, u16 minutes,
 *            u16 0, u32 length of all, char instance[24]
 *   column   u8 kind (0 core, 1 further) u8 form (0 codes, 1 constant) u16 metric (core) or 0,
 *            f32 base, f32 scale, then for a further one u8 n, name, u8 n, member;
 *            then for codes u16[120]: value = base + scale * code, 65535 = absent; a constant
 * column has a value in every minute end      u32 CRC-32C of everything before it
 *
 * Pure; the bytes are the caller's. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "aggregator/history/history.h"
#include "common/base/hash.h"

#define VERSION       1
#define HEADER_BYTES  48
#define COLUMN_BYTES  12 /* before names and codes */
#define CRC_BYTES     4
#define ABSENT        65535U
#define CODES         65534 /* largest code of a value */
#define CORE          0
#define FURTHER       1
#define FORM_CODES    0
#define FORM_CONSTANT 1

static const uint8_t magic[4] = {'E', 'A', 'R', 'B'};

struct writer {
    uint8_t *bytes;
    size_t capacity, length;
    bool full;
};

static void put(struct writer *writer, const void *bytes, size_t length) {
    if (writer->capacity - writer->length < length) {
        writer->full = true;
        return;
    }
    memcpy(writer->bytes + writer->length, bytes, length);
    writer->length += length;
}

static void put_number(struct writer *writer, uint64_t number, size_t bytes) {
    uint8_t out[8];
    for (size_t i = 0; i < bytes; i++) out[i] = (uint8_t)(number >> (8 * i));
    put(writer, out, bytes);
}

static void put_float(struct writer *writer, float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_number(writer, bits, 4);
}

static void put_string(struct writer *writer, const char *string) {
    size_t length = strlen(string);
    put_number(writer, length, 1);
    put(writer, string, length);
}

static uint64_t get_number(const uint8_t *bytes, size_t count) {
    uint64_t number = 0;
    for (size_t i = 0; i < count; i++) number |= (uint64_t)bytes[i] << (8 * i);
    return number;
}

static float get_float(const uint8_t *bytes) {
    uint32_t bits = (uint32_t)get_number(bytes, 4);
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

struct range {
    unsigned present;
    float least, most;
};

static struct range range_of(const float values[HISTORY_MINUTES]) {
    struct range range = {0, 0, 0};
    for (size_t i = 0; i < HISTORY_MINUTES; i++) {
        if (!isfinite(values[i])) continue;
        if (range.present == 0 || values[i] < range.least) range.least = values[i];
        if (range.present == 0 || values[i] > range.most) range.most = values[i];
        range.present++;
    }
    return range;
}

static uint16_t code_of(float value, float base, float scale) {
    if (!isfinite(value)) return ABSENT;
    if (scale <= 0) return 0;
    double code = floor(((double)value - (double)base) / (double)scale + 0.5);
    return (uint16_t)(code < 0 ? 0 : code > CODES ? CODES : code);
}

/* In double, so that a range as wide as all floats does not overflow. */
static float scale_of(const struct range *range) {
    return (float)(((double)range->most - (double)range->least) / CODES);
}

static void put_column(struct writer *writer, const struct history_column *column, unsigned metric,
                       const float values[HISTORY_MINUTES], const struct range *range) {
    bool constant = range->present == HISTORY_MINUTES && !(range->most > range->least);
    float scale = constant ? 0 : scale_of(range);
    put_number(writer, column->further ? FURTHER : CORE, 1);
    put_number(writer, constant ? FORM_CONSTANT : FORM_CODES, 1);
    put_number(writer, metric, 2);
    put_float(writer, range->least);
    put_float(writer, scale);
    if (column->further) {
        put_string(writer, column->name);
        put_string(writer, column->member);
    }
    for (size_t i = 0; i < HISTORY_MINUTES && !constant; i++)
        put_number(writer, code_of(values[i], range->least, scale), 2);
}

static void put_header(struct writer *writer, int64_t start, const struct instance_id *instance) {
    put(writer, magic, sizeof magic);
    put_number(writer, VERSION, 1);
    put_number(writer, HEADER_BYTES, 1);
    put_number(writer, 0, 2); /* columns, filled at the end */
    put_number(writer, (uint64_t)start, 8);
    put_number(writer, HISTORY_MINUTES, 2);
    put_number(writer, 0, 2);
    put_number(writer, 0, 4); /* length, filled at the end */
    put(writer, instance->text, sizeof instance->text);
}

static void patch(struct writer *writer, size_t at, uint64_t number, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) writer->bytes[at + i] = (uint8_t)(number >> (8 * i));
}

static uint32_t put_columns(struct writer *writer, const struct history_block *block) {
    float values[HISTORY_MINUTES];
    uint32_t columns = 0;
    static const struct history_column core = {0};
    for (unsigned i = 0; i < METRIC_COUNT; i++) {
        for (size_t m = 0; m < HISTORY_MINUTES; m++) values[m] = block->core_cells[m][i];
        struct range range = range_of(values);
        if (range.present == 0) continue;
        put_column(writer, &core, i, values, &range);
        columns++;
    }
    for (uint32_t i = 0; i < block->further_count; i++) {
        for (size_t m = 0; m < HISTORY_MINUTES; m++)
            values[m] = block->further_cells[m * block->further_max + i];
        struct range range = range_of(values);
        if (range.present == 0) continue;
        put_column(writer, &block->further[i], 0, values, &range);
        columns++;
    }
    return columns;
}

enum status history_encode(const struct history_block *block, const struct instance_id *instance,
                           uint8_t *bytes, size_t capacity, size_t *length_out) {
    struct writer writer = {bytes, capacity, 0, false};
    if (capacity < HEADER_BYTES + CRC_BYTES) return STATUS_TOO_LARGE;
    put_header(&writer, block->start, instance);
    uint32_t columns = put_columns(&writer, block);
    if (writer.full || capacity - writer.length < CRC_BYTES) return STATUS_TOO_LARGE;
    patch(&writer, 6, columns, 2);
    patch(&writer, 20, writer.length + CRC_BYTES, 4);
    put_number(&writer, hash_crc32c(0, bytes, writer.length), CRC_BYTES);
    *length_out = writer.length;
    return STATUS_OK;
}

struct column_view {
    bool further, constant;
    unsigned metric;
    float base, scale;
    const uint8_t *name, *member; /* length byte first */
    const uint8_t *codes;
    size_t end; /* where the next column begins */
};

/* One length-prefixed string of 1..`most` bytes without NUL, at `at`; gives where it ends, or 0. */
static size_t skip_string(const uint8_t *bytes, size_t at, size_t end, size_t most) {
    if (at >= end) return 0;
    size_t length = bytes[at];
    if (length == 0 || length > most || end - at - 1 < length) return 0;
    if (memchr(bytes + at + 1, '\0', length)) return 0;
    return at + 1 + length;
}

/* `end` is where the checksum begins. */
static enum status view_column(const uint8_t *bytes, size_t at, size_t end,
                               struct column_view *view) {
    if (end - at < COLUMN_BYTES) return STATUS_CORRUPT;
    view->further = bytes[at] == FURTHER;
    view->constant = bytes[at + 1] == FORM_CONSTANT;
    view->metric = (unsigned)get_number(bytes + at + 2, 2);
    view->base = get_float(bytes + at + 4);
    view->scale = get_float(bytes + at + 8);
    if (bytes[at] > FURTHER || bytes[at + 1] > FORM_CONSTANT) return STATUS_CORRUPT;
    if (!isfinite(view->base) || !isfinite(view->scale) || view->scale < 0) return STATUS_CORRUPT;
    if (view->metric >= METRIC_MAX) return STATUS_CORRUPT;
    at += COLUMN_BYTES;
    view->name = view->member = NULL;
    if (view->further) {
        view->name = bytes + at;
        at = skip_string(bytes, at, end, SERIES_NAME_SIZE - 1);
        if (at == 0) return STATUS_CORRUPT;
        view->member = bytes + at;
        at = skip_string(bytes, at, end, SERIES_MEMBER_SIZE - 1);
        if (at == 0) return STATUS_CORRUPT;
    }
    view->codes = bytes + at;
    size_t codes_bytes = view->constant ? 0 : 2 * HISTORY_MINUTES;
    if (end - at < codes_bytes) return STATUS_CORRUPT;
    view->end = at + codes_bytes;
    return STATUS_OK;
}

static enum status check_header(const uint8_t *bytes, size_t length) {
    if (length < HEADER_BYTES + CRC_BYTES) return STATUS_MALFORMED;
    if (memcmp(bytes, magic, sizeof magic) != 0) return STATUS_MALFORMED;
    if (bytes[4] > VERSION) return STATUS_NEWER;
    if (bytes[4] != VERSION || bytes[5] != HEADER_BYTES) return STATUS_CORRUPT;
    if (get_number(bytes + 20, 4) != length) return STATUS_CORRUPT;
    uint32_t crc = (uint32_t)get_number(bytes + length - CRC_BYTES, CRC_BYTES);
    if (hash_crc32c(0, bytes, length - CRC_BYTES) != crc) return STATUS_CORRUPT;
    if (get_number(bytes + 16, 2) != HISTORY_MINUTES) return STATUS_CORRUPT;
    return STATUS_OK;
}

enum status history_open(const uint8_t *bytes, size_t length, struct history_sealed *sealed_out) {
    enum status status = check_header(bytes, length);
    if (status != STATUS_OK) return status;
    struct history_sealed sealed = {.bytes = bytes, .length = length};
    sealed.start = (int64_t)get_number(bytes + 8, 8);
    sealed.column_count = (uint32_t)get_number(bytes + 6, 2);
    const char *id = (const char *)bytes + 24;
    const char *id_end = memchr(id, '\0', sizeof sealed.instance.text);
    if (!id_end || sealed.start < 0 || sealed.start % HISTORY_MINUTES != 0) return STATUS_CORRUPT;
    if (sealed.column_count > HISTORY_COLUMNS_MAX) return STATUS_CORRUPT;
    if (instance_id_parse(id, (size_t)(id_end - id), &sealed.instance) != STATUS_OK)
        return STATUS_CORRUPT;
    size_t at = HEADER_BYTES;
    for (uint32_t i = 0; i < sealed.column_count; i++) {
        struct column_view view;
        status = view_column(bytes, at, length - CRC_BYTES, &view);
        if (status != STATUS_OK) return status;
        at = view.end;
    }
    if (at != length - CRC_BYTES) return STATUS_CORRUPT;
    *sealed_out = sealed;
    return STATUS_OK;
}

/* history_open has walked the same way: it cannot fail here. */
static struct column_view column_at(const struct history_sealed *sealed, uint32_t index) {
    ASSERT(index < sealed->column_count);
    struct column_view view = {.end = HEADER_BYTES};
    for (uint32_t i = 0; i <= index; i++) {
        enum status status =
            view_column(sealed->bytes, view.end, sealed->length - CRC_BYTES, &view);
        ASSERT(status == STATUS_OK);
    }
    return view;
}

/* Rounding may lead a hair past the widest float. */
static float value_of(const struct column_view *view, uint64_t code) {
    double value = (double)view->base + (double)view->scale * (double)code;
    if (value > (double)FLT_MAX) return FLT_MAX;
    return value < -(double)FLT_MAX ? -FLT_MAX : (float)value;
}

static void read_values(const struct column_view *view, float values_out[HISTORY_MINUTES]) {
    for (size_t i = 0; i < HISTORY_MINUTES; i++) {
        uint64_t code = view->constant ? 0 : get_number(view->codes + 2 * i, 2);
        values_out[i] = code == ABSENT ? NAN : value_of(view, code);
    }
}

void history_read(const struct history_sealed *sealed, uint32_t index,
                  struct history_column *column_out, float values_out[HISTORY_MINUTES]) {
    struct column_view view = column_at(sealed, index);
    memset(column_out, 0, sizeof *column_out);
    column_out->further = view.further;
    if (view.further) {
        memcpy(column_out->name, view.name + 1, view.name[0]);
        memcpy(column_out->member, view.member + 1, view.member[0]);
    } else if (view.metric < METRIC_COUNT) { /* else a metric of a later version: no name here */
        const struct metric_row *row = metric_row((enum metric)view.metric);
        column_out->join = row->join;
        memcpy(column_out->name, row->name, strlen(row->name));
    }
    read_values(&view, values_out);
}

static bool string_is(const uint8_t *prefixed, const char *string) {
    size_t length = strlen(string);
    return prefixed[0] == length && memcmp(prefixed + 1, string, length) == 0;
}

enum status history_find(const struct history_sealed *sealed, const char *name, const char *member,
                         float values_out[HISTORY_MINUTES]) {
    bool further = member && member[0] != '\0';
    enum metric metric = METRIC_COUNT;
    if (!further && metric_find(name, strlen(name), &metric) != STATUS_OK) return STATUS_NOT_FOUND;
    struct column_view view = {.end = HEADER_BYTES};
    for (uint32_t i = 0; i < sealed->column_count; i++) {
        enum status status =
            view_column(sealed->bytes, view.end, sealed->length - CRC_BYTES, &view);
        ASSERT(status == STATUS_OK);
        bool same = view.further
                        ? further && string_is(view.name, name) && string_is(view.member, member)
                        : !further && view.metric == (unsigned)metric;
        if (!same) continue;
        read_values(&view, values_out);
        return STATUS_OK;
    }
    return STATUS_NOT_FOUND;
}
