/* Text from outside, made safe for a terminal or a log for people (SAFETY F35). Pure. */
#ifndef EAR_COMMON_BASE_PRINTABLE_H
#define EAR_COMMON_BASE_PRINTABLE_H

#include "common/base/text.h"

/* Adds `string`; each of these becomes one "?": control characters (C0, DEL, C1; so also line ends
 * and escape sequences), direction and line marks of Unicode that reorder or break lines, bytes
 * that are not UTF-8, and with `ascii` every character beyond ASCII. A character that does not fit
 * is left out as a whole. */
void printable_add(struct text *text, const char *string, bool ascii);

/* Characters of `string`, which is UTF-8: its width where each takes one column. */
size_t printable_width(const char *string);

#endif
