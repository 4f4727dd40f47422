/* What the agent itself costs. */
#ifndef EAR_AGENT_SAMPLE_OWN_H
#define EAR_AGENT_SAMPLE_OWN_H

#include "agent/sample/counter.h"
#include "agent/sample/source.h"
#include "common/model/metric.h"

/* Resident pages. Pure. */
enum status parse_statm(const char *text, size_t length, uint64_t *pages_out) MUST_USE;
/* cpu_us  of the process, in the last reading */
void read_own_cost(struct source *source, struct counter *cpu_us, double elapsed_s,
                   struct metric_vector *core);

#endif
