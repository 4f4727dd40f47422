/* Block devices; the state is the sampler's. */
#include "agent/sample/diskio.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/text.h"

#include "agent/sample/volume.h"

#define SECTOR_BYTES 512.0 /* whatever the device's own sector is (kernel, iostats) */

static bool is_of_no_interest(const struct scan *name) {
    static const char *const prefixes[] = {"loop", "ram", "zram", "fd", "sr", "nbd"};
    for (size_t i = 0; i < ARRAY_LENGTH(prefixes); i++)
        if (scan_starts(name, prefixes[i])) return true;
    return false;
}

bool parse_diskstats_line(const char *line, size_t length, struct diskio_row *row_out) {
    struct scan rest = scan_over(line, length), name;
    struct diskio_row row = {0};
    uint64_t merged, in_flight;
    if (!scan_skip(&rest, 2) || !scan_word(&rest, &name) || is_of_no_interest(&name)) return false;
    if (scan_copy(&name, row.name, sizeof row.name) != STATUS_OK) return false;
    uint64_t *const columns[] = {&row.reads,  &merged,      &row.read_sectors,  &row.read_ms,
                                 &row.writes, &merged,      &row.write_sectors, &row.write_ms,
                                 &in_flight,  &row.busy_ms, &row.weighted_ms};
    for (size_t i = 0; i < ARRAY_LENGTH(columns); i++)
        if (!scan_unsigned(&rest, columns[i])) return false;
    *row_out = row;
    return true;
}

bool diskio_is_partition(const char *name) {
    size_t length = strlen(name), digits = 0;
    while (digits < length && isdigit((unsigned char)name[length - 1 - digits])) digits++;
    if (digits == 0 || digits == length) return false;
    char before = name[length - 1 - digits];
    bool named_by_number = strncmp(name, "nvme", 4) == 0 || strncmp(name, "mmcblk", 6) == 0;
    if (named_by_number) return before == 'p';
    return strncmp(name, "xvd", 3) == 0 || strncmp(name, "sd", 2) == 0 ||
           strncmp(name, "vd", 2) == 0 || strncmp(name, "hd", 2) == 0;
}

static double per_request(double ms, double requests) {
    if (isnan(ms) || isnan(requests)) return (double)NAN;
    return requests > 0 ? ms / requests : 0.0;
}

struct diskio_rates diskio_rates_of(struct diskio_device *device, const struct diskio_row *row,
                                    double elapsed_s) {
    double reads = counter_delta(&device->reads, row->reads);
    double writes = counter_delta(&device->writes, row->writes);
    double read_ms = counter_delta(&device->read_ms, row->read_ms);
    double write_ms = counter_delta(&device->write_ms, row->write_ms);
    double busy = counter_rate(&device->busy, row->busy_ms, elapsed_s * 10.0);
    struct diskio_rates rates = {
        .await_ms = per_request(read_ms + write_ms, reads + writes),
        .queue = counter_rate(&device->weighted, row->weighted_ms, elapsed_s * 1000.0),
        .utilization_percent = busy > 100 ? 100 : busy,
        .read_bytes_per_s =
            SECTOR_BYTES * counter_rate(&device->read_sectors, row->read_sectors, elapsed_s),
        .write_bytes_per_s =
            SECTOR_BYTES * counter_rate(&device->write_sectors, row->write_sectors, elapsed_s),
    };
    return rates;
}

/* The place of a device, a new one when it is new; NULL when all are taken. */
static struct diskio_device *device_of(struct diskio_state *state, const char *name) {
    struct diskio_device *vacant = NULL;
    for (size_t i = 0; i < DISKIO_DEVICES_MAX; i++) {
        struct diskio_device *device = &state->devices[i];
        if (strcmp(device->name, name) == 0) return device;
        if (device->name[0] == '\0' && vacant == NULL) vacant = device;
    }
    if (vacant == NULL) return NULL;
    *vacant = (struct diskio_device){0};
    if (text_copy(vacant->name, sizeof vacant->name, name) != STATUS_OK) return NULL;
    return vacant;
}

static bool exists(const struct source *source, const char *path) {
    char full[SOURCE_PATH_SIZE];
    return source_path(source, SOURCE_ROOT_SYS, path, full) && access(full, F_OK) == 0;
}

static bool is_whole_device(const struct source *source, bool has_sys, const char *name) {
    char path[64];
    if (!has_sys) return !diskio_is_partition(name);
    (void)snprintf(path, sizeof path, "block/%s", name);
    return exists(source, path);
}

/* Sums of all devices; stays NaN until one device has a rate. */
struct sums {
    double read, write;
};

static void add(double *sum, double value) {
    if (isnan(value)) return;
    *sum = isnan(*sum) ? value : *sum + value;
}

static void put_device(struct source *source, struct diskio_device *device,
                       const struct diskio_rates *rates, struct sums *sums,
                       struct metric_vector *core, struct members *members) {
    static const enum metric_member family = METRIC_MEMBER_DEVICE;
    char volume[SERIES_VOLUME_SIZE];
    read_volume_by_name(source, device->name, volume);
    members_worst(core, METRIC_DISKIO_AWAIT, rates->await_ms);
    members_worst(core, METRIC_DISKIO_QUEUE, rates->queue);
    members_worst(core, METRIC_DISKIO_UTILIZATION, rates->utilization_percent);
    members_put(members, family, metric_row(METRIC_DISKIO_AWAIT)->name, device->name, volume,
                rates->await_ms);
    members_put(members, family, metric_row(METRIC_DISKIO_QUEUE)->name, device->name, volume,
                rates->queue);
    members_put(members, family, metric_row(METRIC_DISKIO_UTILIZATION)->name, device->name, volume,
                rates->utilization_percent);
    /* A mapped or RAID device's bytes are counted on the disks below it. */
    if (strncmp(device->name, "dm-", 3) == 0 || strncmp(device->name, "md", 2) == 0) return;
    add(&sums->read, rates->read_bytes_per_s);
    add(&sums->write, rates->write_bytes_per_s);
}

static void drop_unseen(struct diskio_state *state) {
    for (size_t i = 0; i < DISKIO_DEVICES_MAX; i++)
        if (!state->devices[i].seen) state->devices[i].name[0] = '\0';
}

/* Copies the wanted rows out of the shared text before the serial numbers are read into it. */
static size_t collect(const struct source *source, struct scan text, const struct filter *filter,
                      struct diskio_row rows[static DISKIO_DEVICES_MAX]) {
    bool has_sys = exists(source, "block");
    struct scan line;
    size_t count = 0;
    for (unsigned i = 0; i < DISKIO_ROWS_MAX && scan_line(&text, &line); i++) {
        struct diskio_row row;
        if (!parse_diskstats_line(line.at, scan_length(&line), &row) ||
            !filter_wants(filter, row.name) || !is_whole_device(source, has_sys, row.name))
            continue;
        if (count == DISKIO_DEVICES_MAX) break;
        rows[count++] = row;
    }
    return count;
}

void read_diskio(struct source *source, struct diskio_state *state, const struct filter *filter,
                 double elapsed_s, struct metric_vector *core, struct members *members) {
    struct diskio_row rows[DISKIO_DEVICES_MAX];
    struct sums sums = {(double)NAN, (double)NAN};
    struct scan text;
    for (size_t i = 0; i < DISKIO_DEVICES_MAX; i++) state->devices[i].seen = false;
    size_t count = 0;
    if (source_read(source, SOURCE_DISKSTATS, &text)) count = collect(source, text, filter, rows);
    for (size_t i = 0; i < count; i++) {
        struct diskio_device *device = device_of(state, rows[i].name);
        if (device == NULL) continue;
        device->seen = true;
        struct diskio_rates rates = diskio_rates_of(device, &rows[i], elapsed_s);
        put_device(source, device, &rates, &sums, core, members);
    }
    drop_unseen(state);
    metric_set(core, METRIC_DISKIO_READ_BYTES, sums.read);
    metric_set(core, METRIC_DISKIO_WRITE_BYTES, sums.write);
}
