/* Guessing which word was meant: "did you mean ...?" for verbs, options, keys and instances. Pure.
 */
#ifndef EAR_COMMON_BASE_NEAREST_H
#define EAR_COMMON_BASE_NEAREST_H

#include "common/base/base.h"

#define NEAREST_WORD_MAX    128 /* bytes; longer words are far from everything */
#define NEAREST_CHANGES_MAX 2

/* The changes (insert, delete, replace, swap neighbours) between two texts; at most `limit` + 1 are
 * counted, which is also the answer for words longer than NEAREST_WORD_MAX. */
unsigned nearest_distance(const char *a, const char *b, unsigned limit);

/* A search under way: the best of the words tried so far. */
struct nearest {
    const char *typed; /* borrowed */
    const char *found; /* one of the words tried, borrowed; NULL = none is near */
    unsigned changes;  /* that are still allowed */
};
/* A word is near with at most NEAREST_CHANGES_MAX changes, and fewer than half of the typed
 * letters. */
struct nearest nearest_to(const char *typed);
/* Keeps `word` when it is nearer than all before; the first of equals stays. */
void nearest_try(struct nearest *nearest, const char *word);

#endif
