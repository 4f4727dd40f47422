/* The EBS volume behind a block device: Nitro shows it as the NVMe serial number. */
#ifndef EAR_AGENT_SAMPLE_VOLUME_H
#define EAR_AGENT_SAMPLE_VOLUME_H

#include "agent/sample/source.h"
#include "common/model/series.h"

/* "vol0123456789abcdef0" (blanks behind it allowed) -> "vol-0123456789abcdef0". STATUS_NOT_FOUND
 * when it is no EBS serial: an instance store's begins with AWS. Pure. Source: Amazon EBS user
 * guide, "Identify the device"; U23. */
enum status parse_volume_serial(const char *text, size_t length,
                                char volume_out[static SERIES_VOLUME_SIZE]) MUST_USE;
/* By device number, partitions included: "259:3". Empty when unknown. */
void read_volume_by_number(struct source *source, unsigned major, unsigned minor,
                           char volume_out[static SERIES_VOLUME_SIZE]);
/* By name, partitions included: "nvme1n1p1". Looks one level below a device mapper device that lies
 * on one disk. */
void read_volume_by_name(struct source *source, const char *device,
                         char volume_out[static SERIES_VOLUME_SIZE]);

#endif
