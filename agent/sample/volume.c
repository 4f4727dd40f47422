/* Serial numbers in sysfs, read anew each time: a name may be given to another volume. */
#include "agent/sample/volume.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "common/base/text.h"

#define SERIAL_DIGITS_MIN 8
#define SERIAL_DIGITS_MAX 17
#define SLAVES_MAX        2 /* one is wanted, a second makes the answer ambiguous */

enum status parse_volume_serial(const char *text, size_t length,
                                char volume_out[static SERIES_VOLUME_SIZE]) {
    struct scan rest = scan_over(text, length), line, word;
    if (!scan_line(&rest, &line) || !scan_word(&line, &word) || !scan_starts(&word, "vol"))
        return STATUS_NOT_FOUND;
    word.at += 3;
    if (word.at < word.end && *word.at == '-') word.at++;
    size_t digits = scan_length(&word);
    if (digits < SERIAL_DIGITS_MIN || digits > SERIAL_DIGITS_MAX) return STATUS_NOT_FOUND;
    for (const char *at = word.at; at < word.end; at++)
        if (!((*at >= '0' && *at <= '9') || (*at >= 'a' && *at <= 'f'))) return STATUS_NOT_FOUND;
    memcpy(volume_out, "vol-", 4);
    memcpy(volume_out + 4, word.at, digits);
    volume_out[4 + digits] = '\0';
    return STATUS_OK;
}

static bool read_serial(struct source *source, const char *path, char *volume_out) {
    struct scan text;
    return source_read_path(source, SOURCE_ROOT_SYS, path, &text) &&
           parse_volume_serial(text.at, scan_length(&text), volume_out) == STATUS_OK;
}

/* The one device below a device mapper device, or false. */
static bool only_slave(struct source *source, const char *folder, char *slave, size_t capacity) {
    char path[SOURCE_PATH_SIZE];
    if (!source_path(source, SOURCE_ROOT_SYS, folder, path)) return false;
    DIR *entries = opendir(path);
    if (entries == NULL) return false;
    unsigned count = 0;
    const struct dirent *entry;
    while (count < SLAVES_MAX && (entry = readdir(entries)) != NULL) {
        if (entry->d_name[0] == '.') continue;
        count++;
        if (text_copy(slave, capacity, entry->d_name) != STATUS_OK) count = SLAVES_MAX;
    }
    (void)closedir(entries);
    return count == 1;
}

/* `base` is the device's folder below sys_path; a partition's disk is the folder above. */
static bool read_below(struct source *source, const char *base, char *volume_out) {
    char path[SOURCE_PATH_SIZE];
    (void)snprintf(path, sizeof path, "%s/device/serial", base);
    if (read_serial(source, path, volume_out)) return true;
    (void)snprintf(path, sizeof path, "%s/../device/serial", base);
    return read_serial(source, path, volume_out);
}

static void read_volume(struct source *source, const char *base, char *volume_out) {
    char path[SOURCE_PATH_SIZE], slave[64];
    volume_out[0] = '\0';
    if (read_below(source, base, volume_out)) return;
    (void)snprintf(path, sizeof path, "%s/slaves", base);
    if (!only_slave(source, path, slave, sizeof slave)) return;
    (void)snprintf(path, sizeof path, "%s/slaves/%s", base, slave);
    (void)read_below(source, path, volume_out); /* unknown stays empty */
}

void read_volume_by_number(struct source *source, unsigned major, unsigned minor,
                           char volume_out[static SERIES_VOLUME_SIZE]) {
    char base[64];
    (void)snprintf(base, sizeof base, "dev/block/%u:%u", major, minor);
    read_volume(source, base, volume_out);
}

void read_volume_by_name(struct source *source, const char *device,
                         char volume_out[static SERIES_VOLUME_SIZE]) {
    char base[128];
    (void)snprintf(base, sizeof base, "class/block/%s", device);
    read_volume(source, base, volume_out);
}
