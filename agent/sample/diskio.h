/* Block devices from /proc/diskstats: time of a request, queue, utilisation, throughput. */
#ifndef EAR_AGENT_SAMPLE_DISKIO_H
#define EAR_AGENT_SAMPLE_DISKIO_H

#include "agent/sample/counter.h"
#include "agent/sample/filter.h"
#include "agent/sample/members.h"
#include "agent/sample/source.h"

#define DISKIO_DEVICES_MAX 32
#define DISKIO_NAME_SIZE   32
#define DISKIO_ROWS_MAX    256 /* rows of the file looked at: devices and their partitions */

/* One row: counts since boot. Source: kernel, admin-guide/iostats. */
struct diskio_row {
    char name[DISKIO_NAME_SIZE];
    uint64_t reads, read_sectors, read_ms;
    uint64_t writes, write_sectors, write_ms;
    uint64_t busy_ms;     /* time with a request in flight */
    uint64_t weighted_ms; /* requests in flight, summed over time */
};

struct diskio_device {
    char name[DISKIO_NAME_SIZE]; /* empty = place not taken */
    bool seen;                   /* in the present sample */
    struct counter reads, read_sectors, read_ms, writes, write_sectors, write_ms, busy, weighted;
};

struct diskio_state {
    struct diskio_device devices[DISKIO_DEVICES_MAX];
};

/* What one device did since the last reading; NaN = not known. */
struct diskio_rates {
    double await_ms, queue, utilization_percent, read_bytes_per_s, write_bytes_per_s;
};

/* Parses one line; false for a short or broken one, and for loop, RAM, floppy and optical devices.
 * Pure. */
bool parse_diskstats_line(const char *line, size_t length, struct diskio_row *row_out);
/* Whether a name looks like a partition: nvme0n1p1, xvda1, sda2. For machines without /sys; there
 * a whole Xen disk named xvda1 is not seen. Pure. */
bool diskio_is_partition(const char *name);
/* Rates of a device over `elapsed_s`; the state then holds `row`. An idle device has await 0. Pure.
 */
struct diskio_rates diskio_rates_of(struct diskio_device *device, const struct diskio_row *row,
                                    double elapsed_s);
void read_diskio(struct source *source, struct diskio_state *state, const struct filter *filter,
                 double elapsed_s, struct metric_vector *core, struct members *members);

#endif
