/* From the configuration to what the agent's parts want. */
#ifndef EAR_AGENT_SETUP_H
#define EAR_AGENT_SETUP_H

#include "agent/agent.h"
#include "agent/health/health.h"
#include "agent/link/link.h"
#include "agent/sample/sample.h"
#include "common/config_load/config_load.h"

void setup_sampler(const struct agent_config *config, struct sampler_options *options_out);
/* checks_out  HEALTH_CHECKS_MAX places; gives how many are used */
size_t setup_checks(const struct agent_config *config, struct health_check *checks_out);
/* The system bus's socket: that of DBUS_SYSTEM_BUS_ADDRESS where it says "unix:path=...", as for
 * every D-Bus client; NULL = the usual one. Borrowed from the environment. */
const char *setup_bus_socket(void);
struct agent_settings setup_agent(const struct agent_config *config);
/* Strings are borrowed from `config`. */
struct link_options setup_link(const struct agent_config *config);
/* Why this configuration reports nowhere, for people; NULL when it does. */
const char *setup_not_configured(const struct agent_config *config);

/* config_load_agent(), and the checks of this program's parts on top of it. Findings are in
 * *load_out. */
enum status setup_load(const char *path, struct agent_config *config_out,
                       struct config_load **load_out) MUST_USE;
/* config_reload_agent() in the same way. */
enum status setup_reload(const char *path, const struct agent_config *current,
                         struct agent_config *config_out, struct config_load **load_out) MUST_USE;

#endif
