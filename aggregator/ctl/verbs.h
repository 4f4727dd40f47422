/* The one table of earctl's verbs: parser, help, completion and the test against the aggregator's
 * handlers come from it. Constant data. */
#ifndef EAR_AGGREGATOR_CTL_VERBS_H
#define EAR_AGGREGATOR_CTL_VERBS_H

#include "common/base/base.h"

#define VERB_OPTIONS_MAX  10
#define VERB_EXAMPLES_MAX 2

enum option_kind {
    OPTION_FLAG,
    OPTION_TEXT,
    OPTION_CHOICE,   /* one of `choices`, separated by "|" */
    OPTION_OPTIONAL, /* a value only as --name=VALUE; "" without one */
};

struct verb_option {
    const char *name; /* without the dashes */
    enum option_kind kind;
    const char *value;   /* what the help calls it: "ID"; NULL for flags */
    const char *choices; /* OPTION_CHOICE */
    const char *help;
};

struct verb {
    const char *name;       /* "instance show" */
    const char *positional; /* "ID|NAME", "FILE..."; NULL = none */
    bool positional_needed;
    bool positional_many;
    bool local; /* runs inside earctl, without an aggregator */
    bool raw;   /* local, and parses its own arguments: `options` are for the help only */
    const char *summary;
    const char *examples[VERB_EXAMPLES_MAX];
    struct verb_option options[VERB_OPTIONS_MAX]; /* ends with name NULL */
};

extern const struct verb verbs[];
extern const size_t verb_count;
/* Options that every verb takes; of them, local verbs take only --help. Ends with name NULL. */
extern const struct verb_option common_options[];

/* The verb that the first words name (two words before one); `*words_out` = how many it took. */
const struct verb *verb_match(int count, char **words, int *words_out);
/* The nearest verb to the first two words, else to the first; NULL when none is near. `count` >= 1.
 */
const char *verb_nearest(int count, char **words);
const struct verb_option *verb_option(const struct verb *verb, const char *name);
const char *option_nearest(const struct verb *verb, const char *typed);

#endif
