/* A tokeniser with a stack of open brackets; pure. The caller owns the reader and the input. */
#include "common/config/config_json.h"

#include <string.h>

#include "common/base/hash.h"

/* What may come next. */
enum state {
    STATE_VALUE,       /* a value must come */
    STATE_FIRST_VALUE, /* a value or the end of the array */
    STATE_FIRST_KEY,   /* a key or the end of the object */
    STATE_AFTER,       /* after a value inside an object or array: a comma or its end */
    STATE_DONE,        /* after the one value: only blanks and comments */
    STATE_FAILED,
};

void config_json_begin(struct config_json *json, const char *bytes, size_t length) {
    *json = (struct config_json){.at = bytes, .end = bytes + length, .line = 1};
    json->state = STATE_VALUE;
    if (length > CONFIG_FILE_BYTES_MAX) {
        json->state = STATE_FAILED;
        json->problem = "file is larger than 256 KiB";
        json->problem_line = 1;
    } else if (length >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) {
        json->at += 3;
    }
}

static enum status fail(struct config_json *json, const char *problem) {
    json->state = STATE_FAILED;
    json->problem = problem;
    json->problem_line = json->line;
    return STATUS_MALFORMED;
}

static bool starts_with(const struct config_json *json, const char *word, size_t length) {
    return (size_t)(json->end - json->at) >= length && memcmp(json->at, word, length) == 0;
}

static void skip_line(struct config_json *json) {
    while (json->at < json->end && *json->at != '\n') json->at++;
}

static void skip_blanks(struct config_json *json) {
    while (json->at < json->end) {
        char c = *json->at;
        if (c == '\n')
            json->line++;
        else if (starts_with(json, "//", 2)) {
            skip_line(json);
            continue;
        } else if (c != ' ' && c != '\t' && c != '\r')
            return;
        json->at++;
    }
}

/* Strings */

static size_t utf8_length(const unsigned char *b, size_t room) {
    if (b[0] < 0x80) return 1;
    size_t length = b[0] >= 0xf0 ? 4 : b[0] >= 0xe0 ? 3 : 2;
    if (b[0] < 0xc2 || b[0] > 0xf4 || length > room) return 0;
    for (size_t i = 1; i < length; i++)
        if ((b[i] & 0xc0) != 0x80) return 0;
    /* Overlong forms, surrogates and numbers past U+10FFFF (RFC 3629). */
    if ((b[0] == 0xe0 && b[1] < 0xa0) || (b[0] == 0xed && b[1] > 0x9f) ||
        (b[0] == 0xf0 && b[1] < 0x90) || (b[0] == 0xf4 && b[1] > 0x8f))
        return 0;
    return length;
}

static bool put(struct config_json *json, size_t *length, const char *bytes, size_t count) {
    if (*length + count > CONFIG_STRING_BYTES_MAX) return false;
    memcpy(json->text + *length, bytes, count);
    *length += count;
    return true;
}

static bool put_code_point(struct config_json *json, size_t *length, uint32_t code) {
    char out[4];
    size_t count = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0x00, 0xc0, 0xe0, 0xf0};
    for (size_t i = count; i-- > 1; code >>= 6) out[i] = (char)(0x80 | (code & 0x3f));
    out[0] = (char)(lead[count] | code);
    return put(json, length, out, count);
}

/* Four hexadecimal digits at `at`; false when they are not. */
static bool take_hex4(struct config_json *json, uint32_t *code_out) {
    if (json->end - json->at < 4) return false;
    uint32_t code = 0;
    for (int i = 0; i < 4; i++) {
        char c = json->at[i];
        uint32_t digit;
        if (c >= '0' && c <= '9')
            digit = (uint32_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            digit = (uint32_t)(c - 'a') + 10;
        else if (c >= 'A' && c <= 'F')
            digit = (uint32_t)(c - 'A') + 10;
        else
            return false;
        code = code << 4 | digit;
    }
    json->at += 4;
    *code_out = code;
    return true;
}

/* After `\u`: one escape, or a pair of them for a character beyond U+FFFF. */
static const char *take_unicode(struct config_json *json, uint32_t *code_out) {
    uint32_t low;
    if (!take_hex4(json, code_out)) return "\\u needs four hexadecimal digits";
    if (*code_out == 0) return "\\u0000 is not allowed";
    if (*code_out < 0xd800 || *code_out > 0xdfff) return NULL;
    if (*code_out > 0xdbff || !starts_with(json, "\\u", 2)) return "unpaired surrogate";
    json->at += 2;
    if (!take_hex4(json, &low) || low < 0xdc00 || low > 0xdfff) return "unpaired surrogate";
    *code_out = 0x10000 + ((*code_out - 0xd800) << 10) + (low - 0xdc00);
    return NULL;
}

static const char *take_escape(struct config_json *json, size_t *length) {
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    json->at++; /* the backslash */
    if (json->at == json->end) return "string does not end";
    char c = *json->at++;
    uint32_t code = 0;
    if (c == 'u') {
        const char *problem = take_unicode(json, &code);
        if (problem != NULL) return problem;
    } else {
        const char *name = memchr(names, c, sizeof names - 1);
        if (name == NULL) return "unknown escape after a backslash";
        code = (uint32_t)values[name - names];
    }
    return put_code_point(json, length, code) ? NULL : "string is longer than 2048 bytes";
}

/* `at` stands on the opening quote; leaves the decoded text in json->text. */
static enum status take_string(struct config_json *json, size_t *length_out) {
    size_t length = 0;
    json->at++;
    for (;;) {
        if (json->at == json->end || *json->at == '\n') return fail(json, "string does not end");
        unsigned char c = (unsigned char)*json->at;
        if (c == '"') break;
        if (c == '\\') {
            const char *problem = take_escape(json, &length);
            if (problem != NULL) return fail(json, problem);
            continue;
        }
        if (c < 0x20) return fail(json, "control character in a string");
        size_t count = utf8_length((const unsigned char *)json->at, (size_t)(json->end - json->at));
        if (count == 0) return fail(json, "not UTF-8");
        if (!put(json, &length, json->at, count))
            return fail(json, "string is longer than 2048 bytes");
        json->at += count;
    }
    json->at++;
    json->text[length] = '\0';
    *length_out = length;
    return STATUS_OK;
}

/* Numbers and words */

static size_t count_digits(const struct config_json *json, size_t from) {
    size_t room = (size_t)(json->end - json->at), i = from;
    while (i < room && json->at[i] >= '0' && json->at[i] <= '9') i++;
    return i - from;
}

/* The byte `from` places on, NUL at the end. */
static char peek(const struct config_json *json, size_t from) {
    return (size_t)(json->end - json->at) > from ? json->at[from] : '\0';
}

/* Length of the number at `at` by RFC 8259's grammar; 0 when it is none. */
static size_t number_length(const struct config_json *json) {
    size_t i = peek(json, 0) == '-' ? 1 : 0;
    size_t digits = count_digits(json, i);
    if (digits == 0 || (digits > 1 && peek(json, i) == '0')) return 0;
    i += digits;
    if (peek(json, i) == '.') {
        digits = count_digits(json, i + 1);
        if (digits == 0) return 0;
        i += 1 + digits;
    }
    if (peek(json, i) == 'e' || peek(json, i) == 'E') {
        i += peek(json, i + 1) == '+' || peek(json, i + 1) == '-' ? 2 : 1;
        digits = count_digits(json, i);
        if (digits == 0) return 0;
        i += digits;
    }
    return i;
}

static enum status take_number(struct config_json *json, struct config_token *token) {
    size_t length = number_length(json);
    if (length == 0) return fail(json, "not a number");
    token->kind = CONFIG_TOKEN_NUMBER;
    token->text = json->at;
    token->length = length;
    json->at += length;
    return STATUS_OK;
}

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

static enum status take_word(struct config_json *json, struct config_token *token) {
    static const struct {
        const char *word;
        size_t length;
        enum config_token_kind kind;
    } words[] = {{"true", 4, CONFIG_TOKEN_TRUE},
                 {"false", 5, CONFIG_TOKEN_FALSE},
                 {"null", 4, CONFIG_TOKEN_NULL}};
    size_t length = 0;
    while (is_letter(peek(json, length))) length++;
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
        if (length != words[i].length || !starts_with(json, words[i].word, length)) continue;
        json->at += length;
        token->kind = words[i].kind;
        return STATUS_OK;
    }
    return fail(json, length > 0 ? "unquoted word (only true, false and null have no quotes)"
                                 : "expected a value");
}

/* Structure */

static enum status open_level(struct config_json *json, char closer, struct config_token *token) {
    if (json->depth == CONFIG_DEPTH_MAX) return fail(json, "nested deeper than 8 levels");
    json->closer[json->depth] = closer;
    json->first_key[json->depth] = json->key_count;
    json->depth++;
    json->at++;
    bool object = closer == '}';
    token->kind = object ? CONFIG_TOKEN_OBJECT_OPEN : CONFIG_TOKEN_ARRAY_OPEN;
    json->state = object ? STATE_FIRST_KEY : STATE_FIRST_VALUE;
    return STATUS_OK;
}

static void end_value(struct config_json *json) {
    json->state = json->depth == 0 ? STATE_DONE : STATE_AFTER;
}

static enum status close_level(struct config_json *json, struct config_token *token) {
    json->depth--;
    json->key_count = json->first_key[json->depth];
    token->kind = *json->at == '}' ? CONFIG_TOKEN_OBJECT_CLOSE : CONFIG_TOKEN_ARRAY_CLOSE;
    json->at++;
    end_value(json);
    return STATUS_OK;
}

static enum status take_value(struct config_json *json, struct config_token *token) {
    char c = peek(json, 0);
    if (c == '{') return open_level(json, '}', token);
    if (c == '[') return open_level(json, ']', token);
    enum status status;
    if (c == '"') {
        token->kind = CONFIG_TOKEN_STRING;
        status = take_string(json, &token->length);
        token->text = json->text;
    } else if (c == '-' || (c >= '0' && c <= '9')) {
        status = take_number(json, token);
    } else {
        status = take_word(json, token);
    }
    if (status == STATUS_OK) end_value(json);
    return status;
}

/* Two keys of one object with the same 64-bit hash count as the same key. */
static enum status note_key(struct config_json *json, size_t length) {
    uint64_t hash = hash_bytes(HASH_SEED, json->text, length);
    for (size_t i = json->first_key[json->depth - 1]; i < json->key_count; i++)
        if (json->keys[i] == hash) return fail(json, "the same key stands twice in this object");
    if (json->key_count == CONFIG_KEYS_MAX) return fail(json, "more than 512 keys");
    json->keys[json->key_count++] = hash;
    return STATUS_OK;
}

static enum status take_key(struct config_json *json, struct config_token *token) {
    if (peek(json, 0) != '"') return fail(json, "expected a key in double quotes");
    enum status status = take_string(json, &token->length);
    if (status == STATUS_OK) status = note_key(json, token->length);
    if (status != STATUS_OK) return status;
    token->kind = CONFIG_TOKEN_KEY;
    token->text = json->text;
    skip_blanks(json);
    if (peek(json, 0) != ':') return fail(json, "expected a colon after the key");
    json->at++;
    json->state = STATE_VALUE;
    return STATUS_OK;
}

/* After a value inside an object or array. */
static enum status take_after(struct config_json *json, struct config_token *token) {
    char closer = json->closer[json->depth - 1];
    char c = peek(json, 0);
    if (c == closer) return close_level(json, token);
    if (c != ',')
        return fail(json, closer == '}' ? "expected a comma or }" : "expected a comma or ]");
    json->at++;
    skip_blanks(json);
    if (peek(json, 0) == closer) return fail(json, "comma before the closing bracket");
    token->line = json->line;
    return closer == '}' ? take_key(json, token) : take_value(json, token);
}

enum status config_json_next(struct config_json *json, struct config_token *token_out) {
    if (json->state == STATE_FAILED) return STATUS_MALFORMED;
    skip_blanks(json);
    struct config_token token = {.kind = CONFIG_TOKEN_END, .line = json->line, .text = ""};
    enum status status = STATUS_OK;
    if (json->at == json->end && json->state != STATE_DONE)
        return fail(json, json->depth == 0 ? "file holds no value" : "file ends too early");
    switch ((enum state)json->state) {
    case STATE_FAILED: break;
    case STATE_DONE:
        if (json->at != json->end) status = fail(json, "text after the end of the configuration");
        break;
    case STATE_VALUE: status = take_value(json, &token); break;
    case STATE_FIRST_VALUE:
        status = peek(json, 0) == ']' ? close_level(json, &token) : take_value(json, &token);
        break;
    case STATE_FIRST_KEY:
        status = peek(json, 0) == '}' ? close_level(json, &token) : take_key(json, &token);
        break;
    case STATE_AFTER: status = take_after(json, &token); break;
    }
    if (status == STATUS_OK) *token_out = token;
    return status;
}

enum status config_json_skip(struct config_json *json) {
    unsigned outside = json->depth - 1;
    struct config_token token;
    while (json->depth > outside) {
        enum status status = config_json_next(json, &token);
        if (status != STATUS_OK) return status;
    }
    return STATUS_OK;
}
