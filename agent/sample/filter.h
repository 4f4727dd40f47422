/* Which members a person wants: lists of names, "*" at the end of one stands for any rest. */
#ifndef EAR_AGENT_SAMPLE_FILTER_H
#define EAR_AGENT_SAMPLE_FILTER_H

#include "common/base/base.h"

#define FILTER_NAMES_MAX 16
#define FILTER_NAME_SIZE 128

struct filter {
    size_t include_count, exclude_count; /* no include = all */
    char include[FILTER_NAMES_MAX][FILTER_NAME_SIZE];
    char exclude[FILTER_NAMES_MAX][FILTER_NAME_SIZE];
};

bool filter_wants(const struct filter *filter, const char *name);

#endif
