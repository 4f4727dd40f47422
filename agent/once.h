/* `ear-agent --once`: two samples a second apart, each check once, printed. */
#ifndef EAR_AGENT_ONCE_H
#define EAR_AGENT_ONCE_H

#include <stdio.h>

#include "common/config/agent_options.h"

/* as_json      one JSON object, else a table for people
 * healthy_out  whether every check passed
 * STATUS_NO_MEMORY, or STATUS_OUT_OF_RANGE for a configuration that was not checked. */
enum status once_run(const struct agent_config *config, bool as_json, FILE *out,
                     bool *healthy_out) MUST_USE;

#endif
