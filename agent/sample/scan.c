/* The walker over the kernel's tables; pure, the caller's bytes. */
#include "agent/sample/scan.h"

#include <string.h>

#include "common/base/text.h"

struct scan scan_over(const char *bytes, size_t length) {
    return (struct scan){bytes, bytes + length};
}

size_t scan_length(const struct scan *word) { return (size_t)(word->end - word->at); }

bool scan_until(struct scan *line, char separator, struct scan *part_out) {
    if (line->at == line->end) return false;
    const char *found = memchr(line->at, separator, scan_length(line));
    if (found == NULL) return false;
    *part_out = (struct scan){line->at, found};
    line->at = found + 1;
    return true;
}

bool scan_line(struct scan *text, struct scan *line_out) {
    if (text->at == text->end) return false;
    if (scan_until(text, '\n', line_out)) return true;
    *line_out = *text;
    text->at = text->end;
    return true;
}

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

bool scan_word(struct scan *line, struct scan *word_out) {
    const char *at = line->at;
    while (at < line->end && is_blank(*at)) at++;
    const char *first = at;
    while (at < line->end && !is_blank(*at)) at++;
    if (at == first) return false;
    *word_out = (struct scan){first, at};
    line->at = at;
    return true;
}

bool scan_unsigned(struct scan *line, uint64_t *number_out) {
    struct scan rest = *line, word;
    if (!scan_word(&rest, &word)) return false;
    uint64_t number = 0;
    for (const char *at = word.at; at < word.end; at++) {
        if (*at < '0' || *at > '9') return false;
        uint64_t digit = (uint64_t)(*at - '0');
        if (number > (UINT64_MAX - digit) / 10) return false;
        number = number * 10 + digit;
    }
    *line = rest;
    *number_out = number;
    return true;
}

bool scan_double(struct scan *line, double *number_out) {
    struct scan rest = *line, word;
    if (!scan_word(&rest, &word)) return false;
    if (text_parse_double(word.at, scan_length(&word), number_out) != STATUS_OK) return false;
    *line = rest;
    return true;
}

bool scan_skip(struct scan *line, unsigned count) {
    struct scan word;
    while (count-- > 0)
        if (!scan_word(line, &word)) return false;
    return true;
}

bool scan_equals(const struct scan *word, const char *text) {
    size_t length = strlen(text);
    return scan_length(word) == length && memcmp(word->at, text, length) == 0;
}

bool scan_starts(const struct scan *word, const char *prefix) {
    size_t length = strlen(prefix);
    return scan_length(word) >= length && memcmp(word->at, prefix, length) == 0;
}

enum status scan_copy(const struct scan *word, char *target, size_t capacity) {
    return text_copy_bytes(target, capacity, word->at, scan_length(word));
}

bool scan_find_unsigned(const char *bytes, size_t length, const char *key, uint64_t *number_out) {
    struct scan text = scan_over(bytes, length), line, word;
    while (scan_line(&text, &line))
        if (scan_word(&line, &word) && scan_equals(&word, key))
            return scan_unsigned(&line, number_out);
    return false;
}
