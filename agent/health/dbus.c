/* D-Bus messages, little-endian as both machines we run on; pure. */
#include "agent/health/dbus.h"

#include <string.h>

#include "common/base/text.h"

#define HEADER_BYTES 16
#define FIELDS_MAX   16

enum field {
    FIELD_PATH = 1,
    FIELD_INTERFACE = 2,
    FIELD_MEMBER = 3,
    FIELD_ERROR = 4,
    FIELD_REPLY_SERIAL = 5,
    FIELD_DESTINATION = 6,
    FIELD_SIGNATURE = 8
};
enum type { TYPE_CALL = 1, TYPE_RETURN = 2, TYPE_ERROR = 3 };

size_t dbus_auth(unsigned uid, char text_out[static DBUS_REQUEST_SIZE]) {
    char digits[16];
    struct text number = text_over(digits, sizeof digits);
    text_add_unsigned(&number, uid);
    struct text text = text_over(text_out, DBUS_REQUEST_SIZE);
    text_add_bytes(&text, "", 1); /* the byte that carries the credentials */
    text_add(&text, "AUTH EXTERNAL ");
    text_add_hex(&text, (const uint8_t *)digits, number.length);
    text_add(&text, "\r\n");
    return text.length;
}

/* Writing. */

struct writer {
    uint8_t *bytes;
    size_t length, capacity;
    bool overflow;
};

static void put(struct writer *w, const void *bytes, size_t length) {
    if (length > w->capacity - w->length) {
        w->overflow = true;
        return;
    }
    if (length > 0) memcpy(w->bytes + w->length, bytes, length);
    w->length += length;
}

static void put_byte(struct writer *w, uint8_t byte) { put(w, &byte, 1); }

static void put_u32(struct writer *w, uint32_t number) {
    for (unsigned i = 0; i < 4; i++) put_byte(w, (uint8_t)(number >> (8 * i)));
}

/* `origin` is where the message starts: alignment counts from there. */
static void align(struct writer *w, size_t origin, size_t to) {
    while ((w->length - origin) % to != 0 && !w->overflow) put_byte(w, 0);
}

static void put_string(struct writer *w, size_t origin, const char *text) {
    align(w, origin, 4);
    put_u32(w, (uint32_t)strlen(text));
    put(w, text, strlen(text) + 1);
}

static void put_field(struct writer *w, size_t origin, enum field field, char type,
                      const char *text) {
    align(w, origin, 8);
    put_byte(w, (uint8_t)field);
    put_byte(w, 1);
    put_byte(w, (uint8_t)type);
    put_byte(w, 0);
    if (type != 'g') {
        put_string(w, origin, text);
        return;
    }
    put_byte(w, (uint8_t)strlen(text));
    put(w, text, strlen(text) + 1);
}

static void patch_u32(struct writer *w, size_t at, size_t number) {
    for (unsigned i = 0; i < 4 && !w->overflow; i++)
        w->bytes[at + i] = (uint8_t)(number >> (8 * i));
}

struct call {
    const char *destination, *path, *interface, *member;
    const char *arguments[2]; /* strings; NULL = none */
};

static void put_call(struct writer *w, uint32_t serial, const struct call *call) {
    size_t origin = w->length;
    static const uint8_t start[] = {'l', TYPE_CALL, 0, 1};
    put(w, start, sizeof start);
    put_u32(w, 0); /* length of the body, patched below */
    put_u32(w, serial);
    put_u32(w, 0); /* length of the fields, patched below */
    put_field(w, origin, FIELD_PATH, 'o', call->path);
    put_field(w, origin, FIELD_DESTINATION, 's', call->destination);
    put_field(w, origin, FIELD_INTERFACE, 's', call->interface);
    put_field(w, origin, FIELD_MEMBER, 's', call->member);
    if (call->arguments[0] != NULL) put_field(w, origin, FIELD_SIGNATURE, 'g', "ss");
    patch_u32(w, origin + 12, w->length - origin - HEADER_BYTES);
    align(w, origin, 8);
    size_t body = w->length;
    for (size_t i = 0; i < 2 && call->arguments[i] != NULL; i++)
        put_string(w, origin, call->arguments[i]);
    patch_u32(w, origin + 4, w->length - body);
}

/* systemd's object of a unit: every byte but letters, and digits behind the first place, as _xx. */
static enum status unit_path(const char *unit, char *path, size_t capacity) {
    struct text text = text_over(path, capacity);
    text_add(&text, "/org/freedesktop/systemd1/unit/");
    for (size_t i = 0; unit[i] != '\0'; i++) {
        uint8_t c = (uint8_t)unit[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (letter || (i > 0 && c >= '0' && c <= '9')) {
            text_add_character(&text, (char)c);
        } else {
            text_add_character(&text, '_');
            text_add_hex(&text, &c, 1);
        }
    }
    return text.truncated || unit[0] == '\0' ? STATUS_TOO_LARGE : STATUS_OK;
}

enum status dbus_requests(const char *unit, uint8_t bytes_out[static DBUS_REQUEST_SIZE],
                          size_t *length_out) {
    char path[512];
    struct writer w = {.bytes = bytes_out, .capacity = DBUS_REQUEST_SIZE};
    enum status status = unit_path(unit, path, sizeof path);
    if (status != STATUS_OK) return status;
    struct call hello = {"org.freedesktop.DBus",
                         "/org/freedesktop/DBus",
                         "org.freedesktop.DBus",
                         "Hello",
                         {NULL, NULL}};
    struct call get = {"org.freedesktop.systemd1",
                       path,
                       "org.freedesktop.DBus.Properties",
                       "Get",
                       {"org.freedesktop.systemd1.Unit", "ActiveState"}};
    put(&w, "BEGIN\r\n", 7);
    put_call(&w, 1, &hello);
    put_call(&w, DBUS_GET_SERIAL, &get);
    *length_out = w.length;
    return w.overflow ? STATUS_TOO_LARGE : STATUS_OK;
}

/* Reading. Offsets count from the message's first byte, as alignment does. */

struct reader {
    const uint8_t *bytes;
    size_t at, end;
    bool broken;
};

static bool need(struct reader *r, size_t length) {
    if (length > r->end - r->at) r->broken = true;
    return !r->broken;
}

static void skip_to(struct reader *r, size_t alignment) {
    size_t rest = r->at % alignment;
    if (rest != 0 && need(r, alignment - rest)) r->at += alignment - rest;
}

static uint32_t u32_at(const uint8_t *bytes) {
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

static uint8_t take_byte(struct reader *r) { return need(r, 1) ? r->bytes[r->at++] : 0; }

static uint32_t take_u32(struct reader *r) {
    skip_to(r, 4);
    if (!need(r, 4)) return 0;
    r->at += 4;
    return u32_at(r->bytes + r->at - 4);
}

/* A string of `length` bytes and its NUL. */
static const char *take_bytes(struct reader *r, size_t length) {
    if (length >= DBUS_MESSAGE_MAX || !need(r, length + 1)) {
        r->broken = true;
        return "";
    }
    const char *text = (const char *)r->bytes + r->at;
    if (text[length] != '\0') r->broken = true;
    r->at += length + 1;
    return r->broken ? "" : text;
}

static const char *take_string(struct reader *r) { return take_bytes(r, take_u32(r)); }
static const char *take_signature(struct reader *r) { return take_bytes(r, take_byte(r)); }

struct fields {
    uint32_t reply_serial;
    const char *error; /* "" = none */
};

static void take_field(struct reader *r, struct fields *fields) {
    skip_to(r, 8);
    uint8_t code = take_byte(r);
    const char *type = take_signature(r);
    if (strcmp(type, "s") == 0 || strcmp(type, "o") == 0) {
        const char *text = take_string(r);
        if (code == FIELD_ERROR) fields->error = text;
    } else if (strcmp(type, "u") == 0) {
        uint32_t number = take_u32(r);
        if (code == FIELD_REPLY_SERIAL) fields->reply_serial = number;
    } else if (strcmp(type, "g") == 0) {
        (void)take_signature(r); /* the body's own type is read with the variant */
    } else {
        r->broken = true;
    }
}

static void copy_cut(char *target, const char *source) {
    struct text text = text_over(target, DBUS_STATE_SIZE);
    text_add(&text, source);
}

/* The variant that holds a string. */
static enum status take_state(struct reader *r, char *text_out) {
    if (strcmp(take_signature(r), "s") != 0) return STATUS_MALFORMED;
    const char *state = take_string(r);
    if (r->broken || state[0] == '\0') return STATUS_MALFORMED;
    copy_cut(text_out, state);
    return STATUS_OK;
}

enum status dbus_parse(const uint8_t *bytes, size_t length, size_t *used_out,
                       enum dbus_answer *answer_out, char text_out[static DBUS_STATE_SIZE]) {
    if (length < HEADER_BYTES) return STATUS_AGAIN;
    if (bytes[0] != 'l' || bytes[3] != 1) return STATUS_MALFORMED;
    size_t body_length = u32_at(bytes + 4), fields_length = u32_at(bytes + 12);
    if (body_length > DBUS_MESSAGE_MAX || fields_length > DBUS_MESSAGE_MAX) return STATUS_TOO_LARGE;
    size_t body = (HEADER_BYTES + fields_length + 7) / 8 * 8, total = body + body_length;
    if (total > DBUS_MESSAGE_MAX) return STATUS_TOO_LARGE;
    if (length < total) return STATUS_AGAIN;
    struct reader r = {bytes, HEADER_BYTES, HEADER_BYTES + fields_length, false};
    struct fields fields = {0, ""};
    for (unsigned i = 0; i < FIELDS_MAX && r.at < r.end && !r.broken; i++) take_field(&r, &fields);
    if (r.broken || r.at != r.end) return STATUS_MALFORMED;
    *used_out = total;
    *answer_out = DBUS_OTHER;
    if (fields.reply_serial != DBUS_GET_SERIAL) return STATUS_OK;
    if (bytes[1] == TYPE_ERROR) {
        *answer_out = DBUS_ERROR;
        copy_cut(text_out, fields.error);
        return STATUS_OK;
    }
    if (bytes[1] != TYPE_RETURN) return STATUS_OK;
    *answer_out = DBUS_STATE;
    r = (struct reader){bytes, body, total, false};
    return take_state(&r, text_out);
}
