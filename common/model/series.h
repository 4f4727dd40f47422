/* Further series: one member of a family (a mount, a device, an interface, a service), named once
 * in the agent's dictionary and then reported as (number, value) pairs. */
#ifndef EAR_COMMON_MODEL_SERIES_H
#define EAR_COMMON_MODEL_SERIES_H

#include "common/model/metric.h"

#define SERIES_MAX         256 /* entries of one agent's dictionary (DESIGN 6) */
#define SERIES_NAME_SIZE   40
#define SERIES_MEMBER_SIZE 96 /* "/var/lib/docker", "nvme1n1", "eth0", "web.service" */
#define SERIES_VOLUME_SIZE 24 /* "vol-0123456789abcdef0", or empty */

struct series_name {
    uint16_t number;             /* 0..SERIES_MAX-1, chosen by the agent */
    enum metric_member family;   /* never METRIC_MEMBER_NONE */
    char name[SERIES_NAME_SIZE]; /* a metric name of the core vector or one of its kind */
    char member[SERIES_MEMBER_SIZE];
    char volume[SERIES_VOLUME_SIZE]; /* the EBS volume behind a device or mount, when known */
};

/* Sent at connect and on each change; replaces the one before as a whole. */
struct series_dictionary {
    uint32_t generation; /* rises with each change within a boot */
    uint16_t count;
    struct series_name names[SERIES_MAX];
};

struct series_value {
    uint16_t number;
    float value; /* finite */
};

/* Wire word of a family: "mount", "device", "interface", "service"; "" for none. Static storage. */
const char *series_family_name(enum metric_member family);

#endif
