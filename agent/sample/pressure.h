/* Pressure stall information (Linux 4.20 and later, where it is switched on). */
#ifndef EAR_AGENT_SAMPLE_PRESSURE_H
#define EAR_AGENT_SAMPLE_PRESSURE_H

#include "agent/sample/source.h"
#include "common/model/metric.h"

struct pressure_reading {
    double some, full; /* avg10, percent; `full` is 0 where the kernel does not give it (cpu) */
    bool has_full;
};

/* STATUS_MALFORMED without a line "some avg10=". Pure. Format: kernel, accounting/psi. */
enum status parse_pressure(const char *text, size_t length,
                           struct pressure_reading *reading_out) MUST_USE;
void read_pressure(struct source *source, struct metric_vector *core);
/* The same of one cgroup (v2): `folder` below sys_path. Metrics it lacks stay as they are. */
void read_pressure_of(struct source *source, const char *folder, struct metric_vector *core);

#endif
