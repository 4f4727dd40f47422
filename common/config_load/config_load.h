/* Reads a program's configuration from the machine: default < file < drop-ins by name < environment
 * < secret files. The edge around common/config, which has the rules.
 *
 * The drop-in folder of /etc/ear/agent.json is /etc/ear/agent.d; files in it end in ".json".
 * A secret option X is also read from $CREDENTIALS_DIRECTORY/X (systemd's LoadCredential=), else
 * from the file that the option X_file names, which others than its owner and group must not be
 * able to read.
 *
 * One thread, at start and on reload. Allocates, and frees with config_load_destroy(). */
#ifndef EAR_COMMON_CONFIG_LOAD_CONFIG_LOAD_H
#define EAR_COMMON_CONFIG_LOAD_CONFIG_LOAD_H

#include <stdio.h>

#include "common/config/agent_options.h"
#include "common/config/aggregator_options.h"
#include "common/sys/exit.h"

#define CONFIG_AGENT_FILE      "/etc/ear/agent.json"
#define CONFIG_AGGREGATOR_FILE "/etc/ear/aggregator.json"
#define CONFIG_DROP_INS_MAX    40

/* path        NULL = the default file, which may be missing; a given one must exist
 * config_out  written only when all of it is right (SAFETY F36)
 * load_out    what was found and where each value comes from, on success and on failure; NULL only
 * with STATUS_NO_MEMORY. It points at *config_out: printing reads it there. STATUS_MALFORMED:
 * load_out's findings say why, each with its place. */
enum status config_load_agent(const char *path, struct agent_config *config_out,
                              struct config_load **load_out) MUST_USE;
enum status config_load_aggregator(const char *path, struct aggregator_config *config_out,
                                   struct config_load **load_out) MUST_USE;
/* The same for any table; `config_out` of table->struct_size bytes. */
enum status config_load_table(const struct config_table *table, const char *path,
                              const char *default_path, void *config_out,
                              struct config_load **load_out) MUST_USE;

/* For a reload: also refuses, with STATUS_REFUSED and a finding for each, a change of an option
 * that needs a restart. `config_out` must not be `current`: the caller swaps on STATUS_OK. */
enum status config_reload_agent(const char *path, const struct agent_config *current,
                                struct agent_config *config_out,
                                struct config_load **load_out) MUST_USE;
enum status config_reload_aggregator(const char *path, const struct aggregator_config *current,
                                     struct aggregator_config *config_out,
                                     struct config_load **load_out) MUST_USE;

void config_load_destroy(struct config_load *load);

/* One line for each finding: on a stream for people (`-t`), or in the log as "config.fault" (error)
 * and "config.warning". */
void config_load_print_findings(const struct config_load *load, FILE *out);
void config_load_log_findings(const struct config_load *load);
/* What `-t` and `earctl config validate` say: findings on `errors`, then one line on `out` when all
 * is right. `status` is the load's result. Gives the exit code: EXIT_CODE_OK or EXIT_CODE_FAILED.
 */
enum exit_code config_load_verdict(const struct config_load *load, enum status status, FILE *out,
                                   FILE *errors) MUST_USE;
/* The effective configuration with origins; the manual page's OPTIONS section. STATUS_NO_MEMORY, or
 * STATUS_IO when the stream fails. */
enum status config_load_print(const struct config_load *load, FILE *out) MUST_USE;
enum status config_load_print_man(const struct config_table *table, FILE *out) MUST_USE;

#endif
