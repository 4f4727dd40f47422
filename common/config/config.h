/* Loading a configuration: defaults, then the file, then drop-ins, then the environment, then
 * secrets from files of their own. Everything wrong is reported at once, with its place; nothing is
 * used unless all of it is right (SAFETY F36). Pure: reading the files is common/config_load's job.
 *
 *     config_begin(load, &agent_table, &config);
 *     config_apply_file(load, "/etc/ear/agent.json", bytes, length, false);
 *     config_apply_environment(load, environ);
 *     if (config_finish(load) != STATUS_OK) ... load->findings says why, `config` must not be used
 */
#ifndef EAR_COMMON_CONFIG_CONFIG_H
#define EAR_COMMON_CONFIG_CONFIG_H

#include "common/config/config_json.h"
#include "common/config/findings.h"
#include "common/config/option.h"

#define CONFIG_SOURCES_MAX 48 /* files of one load: main file, drop-ins, secrets */
#define CONFIG_SOURCE_SIZE 256

enum config_origin_kind {
    CONFIG_FROM_DEFAULT,
    CONFIG_FROM_FILE,
    CONFIG_FROM_ENVIRONMENT,
    CONFIG_FROM_SECRET_FILE,
};

struct config_origin {
    enum config_origin_kind kind;
    unsigned source; /* FILE, SECRET_FILE: index into `sources` */
    unsigned line;   /* FILE */
};

/* The caller's storage, about 70 KiB: on the heap or static. The result is valid until
 * config_begin. */
struct config_load {
    const struct config_table *table;
    void *target;
    struct config_findings findings;
    struct config_origin origins[CONFIG_OPTIONS_MAX]; /* by row of the table */
    char sources[CONFIG_SOURCES_MAX][CONFIG_SOURCE_SIZE];
    size_t source_count;
    bool private_source; /* the present file may hold secrets */
    struct config_json json;
};

/* Sets `load` and `target` (table->struct_size bytes, borrowed until config_finish) to the
 * defaults. */
void config_begin(struct config_load *load, const struct config_table *table, void *target);

/* Applies one file's text. An option given again replaces what an earlier file said; so does a
 * list. name        as people know it; longer than CONFIG_SOURCE_SIZE is cut is_private  whether
 * others than owner and group cannot read the file: only then may it set secrets Faults go to
 * load->findings. */
void config_apply_file(struct config_load *load, const char *name, const char *bytes, size_t length,
                       bool is_private);

/* Applies the variables the table names. `variables` as environ: "NAME=value", ended by NULL; they
 * may change or go away afterwards. A secret from here is a warning. An empty variable sets a text
 * or list to empty and is a fault for other types. */
void config_apply_environment(struct config_load *load, const char *const *variables);

/* Sets one secret option from a file of its own, whose text's last newline does not count.
 * option  name of a row marked secret; an unknown one is a fault */
void config_apply_secret(struct config_load *load, const char *option, const char *name,
                         const char *bytes, size_t length);

/* Runs the table's own checks. STATUS_OK when no load step found an error, else STATUS_MALFORMED.
 */
enum status config_finish(struct config_load *load) MUST_USE;

/* For table->finish and loaders: a finding about `option`, "PLACE: option: " written already; the
 * caller adds the sentence to the text returned. `option` NULL or unknown: no place, or the name
 * alone. */
struct text config_fault(struct config_load *load, enum config_severity severity,
                         const char *option);
/* A finding about a file as a whole: "NAME: " written already. */
struct text config_fault_in(struct config_load *load, enum config_severity severity,
                            const char *name);

/* The effective configuration as a file that can be read back, each option with a comment that says
 * where it comes from; secrets stay inside a comment. out->truncated when it did not fit (64 KiB
 * do). */
void config_print(const struct config_load *load, struct text *out);

/* The OPTIONS section of the manual page in mdoc(7), from the table alone. */
void config_print_man(const struct config_table *table, struct text *out);

/* Options whose value differs between two structs of the table, in the order of the table.
 * changed      up to `capacity` rows, borrowed from the table
 * Returns how many differ, which may be more than `capacity`. */
size_t config_changes(const struct config_table *table, const void *before, const void *after,
                      const struct config_option **changed, size_t capacity);

/* Before a swap: how many options differ that are not reloadable, and which; 0 = all of it can be
 * swapped in. The same arguments as config_changes(). */
size_t config_not_reloadable(const struct config_table *table, const void *before,
                             const void *after, const struct config_option **changed,
                             size_t capacity);

#endif
