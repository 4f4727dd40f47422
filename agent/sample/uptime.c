/* Uptime and boot id; no state. */
#include "agent/sample/uptime.h"

enum status parse_uptime(const char *text, size_t length, double *seconds_out) {
    struct scan rest = scan_over(text, length), line;
    double seconds;
    if (!scan_line(&rest, &line) || !scan_double(&line, &seconds) || seconds < 0)
        return STATUS_MALFORMED;
    *seconds_out = seconds;
    return STATUS_OK;
}

void read_uptime(struct source *source, struct metric_vector *core) {
    struct scan text;
    double seconds;
    if (source_read(source, SOURCE_UPTIME, &text) &&
        parse_uptime(text.at, scan_length(&text), &seconds) == STATUS_OK)
        metric_set(core, METRIC_UPTIME, seconds);
}

enum status read_boot_id(struct source *source, struct boot_id *boot_out) {
    struct scan text, line;
    if (!source_read(source, SOURCE_BOOT_ID, &text)) return STATUS_NOT_FOUND;
    if (!scan_line(&text, &line)) return STATUS_MALFORMED;
    return boot_id_parse(line.at, scan_length(&line), boot_out);
}
