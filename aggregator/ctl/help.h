/* Help texts, made of the verb table. */
#ifndef EAR_AGGREGATOR_CTL_HELP_H
#define EAR_AGGREGATOR_CTL_HELP_H

#include "aggregator/ctl/verbs.h"
#include "common/base/text.h"

void help_overview(struct text *out);
void help_verb(const struct verb *verb, struct text *out);

#endif
