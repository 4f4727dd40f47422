/* Memory of the machine; the state is the sampler's. */
#include "agent/sample/memory.h"

#define KIB UINT64_C(1024)

/* One line of meminfo that we use. */
struct memory_field {
    const char *key;
    uint64_t *value;
    bool found;
};

static void take(struct memory_field *fields, size_t count, const struct scan *word,
                 struct scan *line) {
    uint64_t number;
    for (size_t i = 0; i < count; i++) {
        if (!scan_equals(word, fields[i].key)) continue;
        if (!scan_unsigned(line, &number) || number > UINT64_MAX / KIB) return;
        *fields[i].value = number * KIB;
        fields[i].found = true;
        return;
    }
}

enum status parse_meminfo(const char *text, size_t length, struct memory_reading *reading_out) {
    struct memory_reading r = {0};
    uint64_t idle = 0, buffers = 0;
    struct memory_field fields[] = {
        {"MemTotal:", &r.total, false},     {"MemAvailable:", &r.available, false},
        {"MemFree:", &idle, false},         {"Buffers:", &buffers, false},
        {"Cached:", &r.cached, false},      {"SwapTotal:", &r.swap_total, false},
        {"SwapFree:", &r.swap_free, false},
    };
    struct scan rest = scan_over(text, length), line, word;
    while (scan_line(&rest, &line))
        if (scan_word(&line, &word)) take(fields, ARRAY_LENGTH(fields), &word, &line);
    if (r.total == 0) return STATUS_MALFORMED;
    if (!fields[1].found) r.available = idle + buffers + r.cached;
    if (r.available > r.total) r.available = r.total;
    if (r.swap_free > r.swap_total) r.swap_free = r.swap_total;
    *reading_out = r;
    return STATUS_OK;
}

void parse_vmstat(const char *text, size_t length, struct memory_vm *vm_out) {
    struct memory_vm vm = {0};
    vm.has_major_faults = scan_find_unsigned(text, length, "pgmajfault", &vm.major_faults);
    vm.has_oom_kills = scan_find_unsigned(text, length, "oom_kill", &vm.oom_kills);
    *vm_out = vm;
}

void memory_levels(const struct memory_reading *reading, struct metric_vector *core) {
    double total = (double)reading->total, swap = (double)reading->swap_total;
    metric_set(core, METRIC_MEM_USED, 100.0 * (total - (double)reading->available) / total);
    metric_set(core, METRIC_MEM_AVAILABLE, (double)reading->available);
    metric_set(core, METRIC_MEM_CACHED, (double)reading->cached);
    /* A machine without swap uses none of it, as the CloudWatch agent says. */
    double used = swap > 0 ? 100.0 * (swap - (double)reading->swap_free) / swap : 0.0;
    metric_set(core, METRIC_SWAP_USED, used);
}

void read_memory(struct source *source, struct memory_state *state, double elapsed_s,
                 struct metric_vector *core) {
    struct scan text;
    struct memory_reading reading;
    struct memory_vm vm = {0};
    if (source_read(source, SOURCE_MEMINFO, &text) &&
        parse_meminfo(text.at, scan_length(&text), &reading) == STATUS_OK) {
        memory_levels(&reading, core);
        state->total = reading.total;
    }
    if (source_read(source, SOURCE_VMSTAT, &text)) parse_vmstat(text.at, scan_length(&text), &vm);
    if (vm.has_major_faults)
        metric_set(core, METRIC_MEM_MAJOR_FAULTS,
                   counter_rate(&state->major_faults, vm.major_faults, elapsed_s));
    else
        counter_forget(&state->major_faults);
    if (vm.has_oom_kills)
        metric_set(core, METRIC_MEM_OOM_KILLS, counter_delta(&state->oom_kills, vm.oom_kills));
    else
        counter_forget(&state->oom_kills);
}
