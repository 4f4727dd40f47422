/* The checks cJSON does not make, over the bytes, before it sees them. Private to this folder. */
#ifndef EAR_COMMON_JSON_JSON_SCAN_H
#define EAR_COMMON_JSON_JSON_SCAN_H

#include "common/base/status.h"

/* Walks `length` bytes as tokens: strings (UTF-8, escapes, no control characters), numbers (RFC
 * 8259 form), nesting. How tokens follow one another is cJSON's to check. nul_escapes_out  number
 * of \u0000 escapes met; they are not an error here STATUS_OK, STATUS_MALFORMED, STATUS_TOO_LARGE
 * (deeper than JSON_DEPTH_MAX). Pure. */
enum status json_scan(const char *bytes, size_t length, size_t *nul_escapes_out) MUST_USE;

#endif
