/* The agent's own cost; the counter is the sampler's. */
#include "agent/sample/own.h"

#include <sys/resource.h>
#include <unistd.h>

enum status parse_statm(const char *text, size_t length, uint64_t *pages_out) {
    struct scan rest = scan_over(text, length), line;
    if (!scan_line(&rest, &line) || !scan_skip(&line, 1) || !scan_unsigned(&line, pages_out))
        return STATUS_MALFORMED;
    return STATUS_OK;
}

static uint64_t microseconds(const struct timeval *time) {
    return (uint64_t)time->tv_sec * 1000000U + (uint64_t)time->tv_usec;
}

void read_own_cost(struct source *source, struct counter *cpu_us, double elapsed_s,
                   struct metric_vector *core) {
    struct scan text;
    uint64_t pages;
    if (source_read(source, SOURCE_OWN_STATM, &text) &&
        parse_statm(text.at, scan_length(&text), &pages) == STATUS_OK)
        metric_set(core, METRIC_AGENT_RSS, (double)pages * (double)sysconf(_SC_PAGESIZE));
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) != 0) return;
    uint64_t spent = microseconds(&usage.ru_utime) + microseconds(&usage.ru_stime);
    /* Microseconds a second are 1e-4 percent of one core. */
    metric_set(core, METRIC_AGENT_CPU, counter_rate(cpu_us, spent, elapsed_s) / 1e4);
}
