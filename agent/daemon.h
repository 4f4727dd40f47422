/* The running agent: one thread, one poll loop over signals, the link, the checks and the clock. */
#ifndef EAR_AGENT_DAEMON_H
#define EAR_AGENT_DAEMON_H

#include "common/config/agent_options.h"
#include "common/sys/exit.h"

/* path    the configuration's, for reloads; NULL = the default one
 * config  checked; copied
 * Returns when the agent was asked to stop. The caller then leaves by _exit(): nng's handlers at
 * exit may hang. */
enum exit_code daemon_run(const char *path, const struct agent_config *config);

#endif
