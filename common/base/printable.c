/* Decodes UTF-8 strictly (RFC 3629) and lets through what a terminal only draws. */
#include "common/base/printable.h"

#include <string.h>

struct character {
    uint32_t code;
    size_t length; /* bytes; 0 = not UTF-8 */
};

/* The character at `at`, which ends in NUL: a continuation is never read beyond it. */
static struct character decode(const unsigned char *at) {
    static const struct {
        unsigned char mask, lead;
        uint32_t least; /* smaller ones are overlong */
    } forms[] = {{0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
    for (size_t form = 0; form < ARRAY_LENGTH(forms); form++) {
        if ((at[0] & forms[form].mask) != forms[form].lead) continue;
        uint32_t code = at[0] & (unsigned char)~forms[form].mask;
        for (size_t i = 1; i <= form; i++) {
            if ((at[i] & 0xc0) != 0x80) return (struct character){0, 0};
            code = code << 6 | (at[i] & 0x3fU);
        }
        bool surrogate = code >= 0xd800 && code <= 0xdfff;
        if (code < forms[form].least || code > 0x10ffff || surrogate) break;
        return (struct character){code, form + 1};
    }
    return (struct character){0, 0};
}

static bool is_drawn(uint32_t code) {
    static const struct {
        uint32_t first, last;
    } refused[] = {
        {0x00, 0x1f},     {0x7f, 0x9f},     /* C0, DEL, C1 */
        {0x061c, 0x061c},                   /* Arabic letter mark */
        {0x200b, 0x200f},                   /* zero width and direction marks */
        {0x2028, 0x202e},                   /* line and paragraph ends, embeddings, overrides */
        {0x2060, 0x206f}, {0xfeff, 0xfeff}, /* invisible operators, isolates, byte order mark */
        {0xfff9, 0xfffb}, {0xe0000, 0xe007f},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(refused); i++)
        if (code >= refused[i].first && code <= refused[i].last) return false;
    return true;
}

void printable_add(struct text *text, const char *string, bool ascii) {
    for (const unsigned char *at = (const unsigned char *)string; *at != '\0';) {
        struct character c = decode(at);
        bool drawn = c.length > 0 && is_drawn(c.code) && (c.length == 1 || !ascii);
        if (!drawn)
            text_add_character(text, '?');
        else if (text->capacity - 1 - text->length >= c.length)
            text_add_bytes(text, (const char *)at, c.length);
        else
            text->truncated = true;
        if (text->truncated) return;
        at += c.length == 0 ? 1 : c.length;
    }
}

size_t printable_width(const char *string) {
    size_t count = 0;
    for (; *string != '\0'; string++) count += ((unsigned char)*string & 0xc0) != 0x80;
    return count;
}
