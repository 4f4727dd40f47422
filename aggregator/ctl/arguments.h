/* A command line held against the verb table. */
#ifndef EAR_AGGREGATOR_CTL_ARGUMENTS_H
#define EAR_AGGREGATOR_CTL_ARGUMENTS_H

#include "aggregator/ctl/verbs.h"
#include "common/base/text.h"

#define ARGUMENTS_MAX 64

/* One given option; strings are borrowed from argv. */
struct argument {
    const struct verb_option *option;
    const char *value; /* NULL for flags */
};

struct arguments {
    const struct verb *verb;
    size_t count;
    struct argument given[ARGUMENTS_MAX];
    size_t positional_count;
    const char *positional[ARGUMENTS_MAX];
};

/* `words` after the verb's own. Options are --name VALUE or --name=VALUE, `--` ends them; -h is
 * --help.
 * STATUS_MALFORMED: `error_out[256]` says what is wrong and the nearest name. */
enum status arguments_parse(const struct verb *verb, int count, char **words,
                            struct arguments *arguments_out, char *error_out) MUST_USE;

/* The option's value, or NULL; a given flag answers "". */
const char *arguments_get(const struct arguments *arguments, const char *name);

/* The request line for the aggregator, without a newline (aggregator/control/control.h). */
void arguments_write_request(const struct arguments *arguments, const char *output,
                             int utc_offset_minutes, bool ascii, struct text *line);

#endif
