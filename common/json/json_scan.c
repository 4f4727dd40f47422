/* Checks the tokens of a JSON text that cJSON reads too generously. Keeps no data; any thread. */
#include "common/json/json_scan.h"

#include "common/json/json.h"

struct scan {
    const char *bytes;
    size_t length;
    size_t at;
    size_t depth;
    size_t nul_escapes;
};

static unsigned byte_at(const struct scan *scan, size_t at) {
    return at < scan->length ? (unsigned char)scan->bytes[at] : 0;
}

static bool is_digit(unsigned byte) { return byte >= '0' && byte <= '9'; }

static int hex_value(unsigned byte) {
    if (is_digit(byte)) return (int)byte - '0';
    if (byte >= 'a' && byte <= 'f') return (int)byte - 'a' + 10;
    if (byte >= 'A' && byte <= 'F') return (int)byte - 'A' + 10;
    return -1;
}

static bool continues(const char *bytes, size_t length, size_t at) {
    return at < length && ((unsigned char)bytes[at] & 0xC0U) == 0x80U;
}

/* Length 1..4 of the UTF-8 character at bytes[at], or 0 when it is not well formed (RFC 3629: no
 * surrogates, no overlong forms, at most U+10FFFF). */
static size_t utf8_length(const char *bytes, size_t length, size_t at) {
    if (at >= length) return 0;
    unsigned first = (unsigned char)bytes[at];
    if (first < 0x80) return 1;
    if (first < 0xC2 || first > 0xF4 || !continues(bytes, length, at + 1)) return 0;
    if (first < 0xE0) return 2;
    unsigned second = (unsigned char)bytes[at + 1];
    if (!continues(bytes, length, at + 2)) return 0;
    if (first < 0xF0) {
        bool overlong = first == 0xE0 && second < 0xA0;
        bool surrogate = first == 0xED && second > 0x9F;
        return overlong || surrogate ? 0 : 3;
    }
    bool overlong = first == 0xF0 && second < 0x90;
    bool beyond = first == 0xF4 && second > 0x8F;
    return overlong || beyond || !continues(bytes, length, at + 3) ? 0 : 4;
}

/* Four hex digits at scan->at; -1 when they are not. */
static int hex4(const struct scan *scan, size_t at) {
    int code = 0;
    for (size_t i = 0; i < 4; i++) {
        int digit = hex_value(byte_at(scan, at + i));
        if (digit < 0) return -1;
        code = code * 16 + digit;
    }
    return code;
}

/* After the backslash and the u: the code, and the second half of a surrogate pair. */
static enum status scan_unicode_escape(struct scan *scan) {
    int code = hex4(scan, scan->at);
    if (code < 0) return STATUS_MALFORMED;
    scan->at += 4;
    if (code == 0) scan->nul_escapes++;
    if (code < 0xD800 || code > 0xDFFF) return STATUS_OK;
    if (code > 0xDBFF) return STATUS_MALFORMED;
    if (byte_at(scan, scan->at) != '\\' || byte_at(scan, scan->at + 1) != 'u')
        return STATUS_MALFORMED;
    int low = hex4(scan, scan->at + 2);
    if (low < 0xDC00 || low > 0xDFFF) return STATUS_MALFORMED;
    scan->at += 6;
    return STATUS_OK;
}

static enum status scan_escape(struct scan *scan) {
    unsigned kind = byte_at(scan, scan->at++);
    switch (kind) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't': return STATUS_OK;
    case 'u': return scan_unicode_escape(scan);
    default: return STATUS_MALFORMED;
    }
}

/* After the opening quote, up to and with the closing one. */
static enum status scan_string(struct scan *scan) {
    while (scan->at < scan->length) {
        unsigned byte = byte_at(scan, scan->at);
        if (byte < 0x20) return STATUS_MALFORMED;
        if (byte == '"') {
            scan->at++;
            return STATUS_OK;
        }
        if (byte == '\\') {
            scan->at++;
            enum status status = scan_escape(scan);
            if (status != STATUS_OK) return status;
            continue;
        }
        size_t step = utf8_length(scan->bytes, scan->length, scan->at);
        if (step == 0) return STATUS_MALFORMED;
        scan->at += step;
    }
    return STATUS_MALFORMED;
}

static bool skip_digits(struct scan *scan) {
    size_t start = scan->at;
    while (is_digit(byte_at(scan, scan->at))) scan->at++;
    return scan->at > start;
}

static enum status scan_number(struct scan *scan) {
    if (byte_at(scan, scan->at) == '-') scan->at++;
    if (byte_at(scan, scan->at) == '0') {
        scan->at++;
    } else if (!skip_digits(scan)) {
        return STATUS_MALFORMED;
    }
    if (byte_at(scan, scan->at) == '.') {
        scan->at++;
        if (!skip_digits(scan)) return STATUS_MALFORMED;
    }
    unsigned next = byte_at(scan, scan->at);
    if (next == 'e' || next == 'E') {
        scan->at++;
        unsigned sign = byte_at(scan, scan->at);
        if (sign == '+' || sign == '-') scan->at++;
        if (!skip_digits(scan)) return STATUS_MALFORMED;
    }
    /* "01" and "1.2.3" would otherwise be read as two numbers side by side. */
    next = byte_at(scan, scan->at);
    return is_digit(next) || next == '.' ? STATUS_MALFORMED : STATUS_OK;
}

static enum status scan_token(struct scan *scan) {
    unsigned byte = byte_at(scan, scan->at);
    if (byte == '-' || is_digit(byte)) return scan_number(scan);
    scan->at++;
    switch (byte) {
    case '"': return scan_string(scan);
    case '[':
    case '{': return ++scan->depth > JSON_DEPTH_MAX ? STATUS_TOO_LARGE : STATUS_OK;
    case ']':
    case '}': return scan->depth-- == 0 ? STATUS_MALFORMED : STATUS_OK;
    case ' ':
    case '\t':
    case '\r':
    case '\n':
    case ',':
    case ':': return STATUS_OK;
    default: /* true, false, null: cJSON compares them */
        return byte >= 'a' && byte <= 'z' ? STATUS_OK : STATUS_MALFORMED;
    }
}

enum status json_scan(const char *bytes, size_t length, size_t *nul_escapes_out) {
    struct scan scan = {.bytes = bytes, .length = length};
    while (scan.at < length) {
        enum status status = scan_token(&scan);
        if (status != STATUS_OK) return status;
    }
    *nul_escapes_out = scan.nul_escapes;
    return STATUS_OK;
}
