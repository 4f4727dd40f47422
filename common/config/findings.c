/* A bounded list of sentences; pure. */
#include "common/config/findings.h"

#include <string.h>

#include "common/base/json_write.h"

struct text config_findings_add(struct config_findings *findings, enum config_severity severity) {
    if (severity == CONFIG_ERROR) findings->errors++;
    size_t at = CONFIG_FINDINGS_MAX;
    if (findings->count < CONFIG_FINDINGS_MAX)
        at = findings->count++;
    else
        findings->dropped++;
    findings->items[at].severity = severity;
    return text_over(findings->items[at].text, CONFIG_FINDING_SIZE);
}

void config_quote(struct text *text, const char *value, size_t length) {
    char cut[CONFIG_FINDING_VALUE_BYTES + 4];
    size_t keep = length;
    if (length > CONFIG_FINDING_VALUE_BYTES) {
        keep = CONFIG_FINDING_VALUE_BYTES;
        while (keep > CONFIG_FINDING_VALUE_BYTES - 4 && ((unsigned char)value[keep] & 0xc0) == 0x80)
            keep--;
    }
    if (keep > 0) memcpy(cut, value, keep);
    if (keep < length) {
        memcpy(cut + keep, "...", 3);
        keep += 3;
    }
    struct json_writer json = json_writer_over(text);
    json_string_bytes(&json, NULL, cut, keep);
}
