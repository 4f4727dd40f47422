/* Edit distance by three rows of the table (optimal string alignment), and the choice over it. */
#include "common/base/nearest.h"

#include <string.h>

static unsigned least(unsigned a, unsigned b) { return a < b ? a : b; }

unsigned nearest_distance(const char *a, const char *b, unsigned limit) {
    size_t rows = strlen(a), columns = strlen(b);
    if (rows > NEAREST_WORD_MAX || columns > NEAREST_WORD_MAX) return limit + 1;
    unsigned table[3][NEAREST_WORD_MAX + 1];
    for (size_t j = 0; j <= columns; j++) table[0][j] = (unsigned)j;
    for (size_t i = 1; i <= rows; i++) {
        unsigned *row = table[i % 3], *above = table[(i + 2) % 3], *two_above = table[(i + 1) % 3];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= columns; j++) {
            unsigned change = above[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = least(change, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], two_above[j - 2] + 1);
        }
    }
    return least(table[rows % 3][columns], limit + 1);
}

struct nearest nearest_to(const char *typed) {
    size_t length = strlen(typed);
    unsigned fewer_than_half = length == 0 ? 0 : (unsigned)((length - 1) / 2);
    return (struct nearest){.typed = typed, .changes = least(NEAREST_CHANGES_MAX, fewer_than_half)};
}

void nearest_try(struct nearest *nearest, const char *word) {
    if (nearest->typed[0] == '\0' || word[0] == '\0') return;
    unsigned changes = nearest_distance(nearest->typed, word, NEAREST_CHANGES_MAX);
    if (changes > nearest->changes) return;
    if (nearest->found != NULL && changes == nearest->changes) return;
    nearest->changes = changes;
    nearest->found = word;
}
