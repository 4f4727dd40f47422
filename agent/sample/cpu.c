/* Shares of CPU time; the state is the sampler's. */
#include "agent/sample/cpu.h"

#include <string.h>

static struct cpu_ticks parse_ticks(struct scan *line) {
    struct cpu_ticks t = {0};
    uint64_t *const columns[] = {&t.user, &t.nice,    &t.system, &t.idle,  &t.iowait,
                                 &t.irq,  &t.softirq, &t.steal,  &t.guest, &t.guest_nice};
    for (size_t i = 0; i < ARRAY_LENGTH(columns); i++)
        if (!scan_unsigned(line, columns[i])) break;
    return t;
}

/* Guest time stands in user and nice as well, so it is not counted again. */
static uint64_t total(const struct cpu_ticks *t) {
    return t->user + t->nice + t->system + t->idle + t->iowait + t->irq + t->softirq + t->steal;
}

static struct cpu_core core_of(const struct cpu_ticks *t) {
    uint64_t all = total(t);
    return (struct cpu_core){all - t->idle - t->iowait, all};
}

enum status parse_cpu(const char *text, size_t length, struct cpu_reading *reading_out,
                      struct cpu_core *cores) {
    struct scan rest = scan_over(text, length), line, word;
    struct cpu_reading reading = {0};
    if (!scan_line(&rest, &line) || !scan_word(&line, &word) || !scan_equals(&word, "cpu"))
        return STATUS_MALFORMED;
    reading.all = parse_ticks(&line);
    if (total(&reading.all) == 0) return STATUS_MALFORMED;
    while (scan_line(&rest, &line)) {
        if (!scan_word(&line, &word)) continue;
        if (scan_starts(&word, "cpu") && reading.core_count < CPU_CORES_MAX) {
            struct cpu_ticks ticks = parse_ticks(&line);
            cores[reading.core_count++] = core_of(&ticks);
        } else if (scan_equals(&word, "processes")) {
            reading.has_forks = scan_unsigned(&line, &reading.forks);
        } else if (scan_equals(&word, "procs_blocked")) {
            reading.has_blocked = scan_unsigned(&line, &reading.blocked);
        }
    }
    *reading_out = reading;
    return STATUS_OK;
}

/* The kernel lets iowait and idle step back a little; that is no time, not an enormous one. */
static double grown(uint64_t now, uint64_t before) {
    return now > before ? (double)(now - before) : 0.0;
}

static double percent(double part, double whole) {
    double share = 100.0 * part / whole;
    return share < 0 ? 0 : share > 100 ? 100 : share;
}

static void set_busiest(const struct cpu_state *state, struct metric_vector *core) {
    double busiest = -1;
    for (unsigned i = 0; i < state->core_count; i++) {
        double whole = grown(state->cores[i].all, state->cores_before[i].all);
        if (whole <= 0) continue;
        double busy = percent(grown(state->cores[i].busy, state->cores_before[i].busy), whole);
        if (busy > busiest) busiest = busy;
    }
    if (busiest >= 0) metric_set(core, METRIC_CPU_BUSIEST, busiest);
}

static void set_shares(const struct cpu_ticks *now, const struct cpu_ticks *before,
                       struct metric_vector *core) {
    double whole = grown(total(now), total(before));
    if (whole <= 0) return;
    double guest = grown(now->guest, before->guest);
    double guest_nice = grown(now->guest_nice, before->guest_nice);
    double user = grown(now->user, before->user) - guest;
    double nice = grown(now->nice, before->nice) - guest_nice;
    metric_set(core, METRIC_CPU_USER, percent(user, whole));
    metric_set(core, METRIC_CPU_NICE, percent(nice, whole));
    metric_set(core, METRIC_CPU_SYSTEM, percent(grown(now->system, before->system), whole));
    metric_set(core, METRIC_CPU_IOWAIT, percent(grown(now->iowait, before->iowait), whole));
    metric_set(core, METRIC_CPU_SOFTIRQ, percent(grown(now->softirq, before->softirq), whole));
    metric_set(core, METRIC_CPU_STEAL, percent(grown(now->steal, before->steal), whole));
}

void cpu_shares(struct cpu_state *state, const struct cpu_reading *reading,
                struct metric_vector *core) {
    if (state->known) set_shares(&reading->all, &state->before, core);
    /* Another number of cores means that the lines name others than before. */
    if (state->known && state->core_count == reading->core_count) set_busiest(state, core);
    state->before = reading->all;
    state->core_count = reading->core_count;
    memcpy(state->cores_before, state->cores, reading->core_count * sizeof state->cores[0]);
    state->known = true;
}

bool read_cpu(struct source *source, struct cpu_state *state, struct cpu_reading *reading_out,
              struct metric_vector *core) {
    struct scan text;
    if (!source_read(source, SOURCE_STAT, &text) ||
        parse_cpu(text.at, scan_length(&text), reading_out, state->cores) != STATUS_OK) {
        state->known = false;
        return false;
    }
    cpu_shares(state, reading_out, core);
    return true;
}
