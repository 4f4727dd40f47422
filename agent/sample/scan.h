/* Walks the kernel's text tables: lines, blank-separated words, unsigned numbers. Pure; never reads
 * beyond its bytes, which need no NUL. */
#ifndef EAR_AGENT_SAMPLE_SCAN_H
#define EAR_AGENT_SAMPLE_SCAN_H

#include "common/base/status.h"

/* Bytes not yet walked; borrowed from the caller. */
struct scan {
    const char *at;
    const char *end;
};

struct scan scan_over(const char *bytes, size_t length);
/* Takes the next line without its newline; false at the end. */
bool scan_line(struct scan *text, struct scan *line_out);
/* Takes the next word (blanks and tabs part words); false when none is left. */
bool scan_word(struct scan *line, struct scan *word_out);
/* Takes the next word as a decimal number; false (and nothing taken) when it is not one or does not
 * fit 64 bits. */
bool scan_unsigned(struct scan *line, uint64_t *number_out);
/* Takes the next word as a decimal fraction. */
bool scan_double(struct scan *line, double *number_out);
/* Skips `count` words; false when there are fewer. */
bool scan_skip(struct scan *line, unsigned count);
/* Takes bytes up to `separator`, which is dropped; false when it does not occur. */
bool scan_until(struct scan *line, char separator, struct scan *part_out);
bool scan_equals(const struct scan *word, const char *text);
bool scan_starts(const struct scan *word, const char *prefix);
size_t scan_length(const struct scan *word);
/* Copies a word with its NUL; STATUS_TOO_LARGE or STATUS_MALFORMED leave the target empty. */
enum status scan_copy(const struct scan *word, char *target, size_t capacity) MUST_USE;
/* Finds the line whose first word is `key` (a colon at its end included in `key`) and takes the
 * number behind it. */
bool scan_find_unsigned(const char *bytes, size_t length, const char *key, uint64_t *number_out);

#endif
