/* Pressure stall information; no state. */
#include "agent/sample/pressure.h"

#include <stdio.h>

static bool parse_average(struct scan *line, double *value_out) {
    struct scan word, key;
    if (!scan_word(line, &word) || !scan_until(&word, '=', &key) || !scan_equals(&key, "avg10"))
        return false;
    double value;
    if (!scan_double(&word, &value) || !(value >= 0 && value <= 100)) return false;
    *value_out = value;
    return true;
}

enum status parse_pressure(const char *text, size_t length, struct pressure_reading *reading_out) {
    struct pressure_reading reading = {0};
    struct scan rest = scan_over(text, length), line, word;
    bool has_some = false;
    while (scan_line(&rest, &line)) {
        if (!scan_word(&line, &word)) continue;
        if (scan_equals(&word, "some")) has_some = parse_average(&line, &reading.some);
        if (scan_equals(&word, "full")) reading.has_full = parse_average(&line, &reading.full);
    }
    if (!has_some) return STATUS_MALFORMED;
    *reading_out = reading;
    return STATUS_OK;
}

static const struct {
    enum source_file file;
    const char *scope_name; /* of the file in a cgroup */
    enum metric metric;
    bool full;
} rows[] = {
    {SOURCE_PRESSURE_CPU, "cpu.pressure", METRIC_PRESSURE_CPU, false},
    {SOURCE_PRESSURE_MEMORY, "memory.pressure", METRIC_PRESSURE_MEMORY, true},
    {SOURCE_PRESSURE_IO, "io.pressure", METRIC_PRESSURE_IO, true},
};

static void set(size_t row, const struct scan *text, struct metric_vector *core) {
    struct pressure_reading reading;
    if (parse_pressure(text->at, scan_length(text), &reading) != STATUS_OK) return;
    if (!rows[row].full)
        metric_set(core, rows[row].metric, reading.some);
    else if (reading.has_full)
        metric_set(core, rows[row].metric, reading.full);
}

void read_pressure(struct source *source, struct metric_vector *core) {
    struct scan text;
    for (size_t row = 0; row < ARRAY_LENGTH(rows); row++)
        if (source_read(source, rows[row].file, &text)) set(row, &text, core);
}

void read_pressure_of(struct source *source, const char *folder, struct metric_vector *core) {
    char path[SOURCE_PATH_SIZE];
    struct scan text;
    for (size_t row = 0; row < ARRAY_LENGTH(rows); row++) {
        int length = snprintf(path, sizeof path, "%s/%s", folder, rows[row].scope_name);
        if (length < 0 || length >= SOURCE_PATH_SIZE) continue;
        if (source_read_path(source, SOURCE_ROOT_SYS, path, &text)) set(row, &text, core);
    }
}
