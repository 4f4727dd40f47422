/* What is wrong with a configuration, in sentences that name the place. */
#ifndef EAR_COMMON_CONFIG_FINDINGS_H
#define EAR_COMMON_CONFIG_FINDINGS_H

#include "common/base/text.h"

#define CONFIG_FINDINGS_MAX        64 /* kept; more are counted */
#define CONFIG_FINDING_SIZE        640
#define CONFIG_FINDING_VALUE_BYTES 64 /* of a value quoted in one */

enum config_severity { CONFIG_WARNING, CONFIG_ERROR };

struct config_finding {
    enum config_severity severity;
    char text[CONFIG_FINDING_SIZE]; /* "FILE:LINE: key: what was found; what is allowed" */
};

/* Plain data, the caller's storage (some 40 KiB: not for a small stack). Zeroes = empty. */
struct config_findings {
    size_t count, dropped;
    size_t errors;                                        /* dropped ones included */
    struct config_finding items[CONFIG_FINDINGS_MAX + 1]; /* the last: for those that are dropped */
};

/* Starts a finding over `text`, which the caller fills. When the list is full the text is dropped,
 * and counted. */
struct text config_findings_add(struct config_findings *findings, enum config_severity severity);

/* Adds the value quoted as in JSON, cut to CONFIG_FINDING_VALUE_BYTES with "..." */
void config_quote(struct text *text, const char *value, size_t length);

#endif
