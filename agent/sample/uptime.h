/* Since when, and which boot. */
#ifndef EAR_AGENT_SAMPLE_UPTIME_H
#define EAR_AGENT_SAMPLE_UPTIME_H

#include "agent/sample/source.h"
#include "common/base/id.h"
#include "common/model/metric.h"

/* Seconds since boot. Pure. */
enum status parse_uptime(const char *text, size_t length, double *seconds_out) MUST_USE;
void read_uptime(struct source *source, struct metric_vector *core);
/* The kernel's random id of this boot; STATUS_NOT_FOUND without the file, STATUS_MALFORMED. */
enum status read_boot_id(struct source *source, struct boot_id *boot_out) MUST_USE;

#endif
