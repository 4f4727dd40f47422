/* Verbs that run inside earctl, without an aggregator. */
#ifndef EAR_AGGREGATOR_CTL_LOCAL_H
#define EAR_AGGREGATOR_CTL_LOCAL_H

#include "aggregator/ctl/arguments.h"

/* `words` as typed behind the verb, for verbs that parse their own. Gives the exit code. */
int local_run_raw(const struct verb *verb, int count, char **words);
int local_run(const struct arguments *arguments);

#endif
