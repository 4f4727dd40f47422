/* What the two halves of loading share: config.c (defaults, variables, secrets) and config_read.c
 * (files). Not for other folders. */
#ifndef EAR_COMMON_CONFIG_LOAD_PARTS_H
#define EAR_COMMON_CONFIG_LOAD_PARTS_H

#include "common/config/config.h"
#include "common/config/value.h"

#define CONFIG_NO_LINE 0

/* "SOURCE:LINE: ", without the line for CONFIG_NO_LINE. */
void config_add_place(struct text *out, const char *source, unsigned line);
/* "found VALUE; allowed: ...". */
void config_add_misfit(struct text *out, const struct config_option *option,
                       const struct config_value *value);
/* Sets every field that has a default; the rest stays as it is. */
void config_set_initial(const struct config_option *options, size_t count, void *base);
/* Makes `name` the present source; false, with a finding, when there are too many. */
bool config_begin_source(struct config_load *load, const char *name, bool is_private);
/* Notes that the present source sets `option`. */
void config_set_origin(struct config_load *load, const struct config_option *option,
                       enum config_origin_kind kind, unsigned line);

#endif
