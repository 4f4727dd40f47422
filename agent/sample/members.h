/* Numbers the further series: each (family, name, member) has one number while it lives, and the
 * dictionary changes only when a member comes or stays away. Bounded in count and in bytes, so that
 * a dictionary always fits its message. */
#ifndef EAR_AGENT_SAMPLE_MEMBERS_H
#define EAR_AGENT_SAMPLE_MEMBERS_H

#include "common/model/report.h"

/* Bytes of all names; a dictionary with its framing stays under the 16 KiB of one message. */
#define MEMBERS_TEXT_MAX (10 * 1024)
#define MEMBERS_OVERHEAD 16 /* bytes of framing counted for each entry */
#define MEMBERS_PATIENCE 3  /* samples a series may miss before it counts as lost */

/* Zeroes = empty. */
struct members {
    struct series_dictionary dictionary;  /* what to send: entries in the order of their numbers */
    struct series_name slots[SERIES_MAX]; /* by number; family NONE = free */
    uint64_t hashes[SERIES_MAX];
    uint8_t missed[SERIES_MAX]; /* samples in a row */
    bool has_value[SERIES_MAX]; /* in the present sample */
    float values[SERIES_MAX];
    size_t text_bytes;
    uint64_t refused; /* values not kept because the table was full */
    bool changed;
};

/* Starts a sample. */
void members_begin(struct members *members);
/* Gives one value. `name` from the metric table; `volume` NULL or "" = none. A value that is not
 * finite is left out, as is a member that no longer fits (counted in `refused`). */
void members_put(struct members *members, enum metric_member family, const char *name,
                 const char *member, const char *volume, double value);
/* Keeps the worst (largest) of a family's values in the core vector. */
void members_worst(struct metric_vector *core, enum metric metric, double value);
/* Ends a sample: drops series that stayed away MEMBERS_PATIENCE times, rebuilds the dictionary when
 * something changed.
 * values      SERIES_MAX places; count_out how many were used
 * lost        called for each series dropped; NULL = nobody wants to know */
void members_end(struct members *members, struct series_value *values, uint16_t *count_out,
                 void (*lost)(void *context, const struct series_name *name), void *context);

#endif
