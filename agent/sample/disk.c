/* File systems; the state is the sampler's. */
#include "agent/sample/disk.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#include "agent/sample/volume.h"

/* Local file systems that hold data; others are the kernel's own views, memory, or far away. */
static bool holds_local_data(const struct scan *type) {
    static const char *const types[] = {"ext4",     "xfs", "ext3", "ext2", "btrfs",   "f2fs",
                                        "bcachefs", "zfs", "jfs",  "vfat", "reiserfs"};
    for (size_t i = 0; i < ARRAY_LENGTH(types); i++)
        if (scan_equals(type, types[i])) return true;
    return false;
}

static bool has_option(struct scan options, const char *wanted) {
    struct scan option;
    while (scan_until(&options, ',', &option))
        if (scan_equals(&option, wanted)) return true;
    return scan_equals(&options, wanted);
}

/* Undoes the kernel's \040 for blank, \011, \012, \134. */
static bool copy_path(const struct scan *word, char target[static DISK_PATH_SIZE]) {
    size_t length = 0;
    for (const char *at = word->at; at < word->end; at++) {
        char c = *at;
        if (c == '\\' && word->end - at > 3) {
            c = (char)((at[1] - '0') * 64 + (at[2] - '0') * 8 + (at[3] - '0'));
            at += 3;
        }
        if (length + 1 >= DISK_PATH_SIZE || c == '\0') return false;
        target[length++] = c;
    }
    target[length] = '\0';
    return length > 0;
}

static bool parse_number(struct scan part, unsigned *number_out) {
    uint64_t number;
    if (!scan_unsigned(&part, &number) || number > UINT32_MAX) return false;
    *number_out = (unsigned)number;
    return true;
}

/* The name in /dev, for file systems whose device number is their own invention (btrfs). */
static void copy_device(struct scan source, char *target, size_t capacity) {
    target[0] = '\0';
    if (!scan_starts(&source, "/dev/")) return;
    source.at += sizeof "/dev/" - 1;
    /* Names below a folder ("/dev/mapper/...") have a true number; a long one is not needed. */
    if (memchr(source.at, '/', scan_length(&source)) != NULL) return;
    if (scan_copy(&source, target, capacity) != STATUS_OK) target[0] = '\0';
}

static bool parse_mount(struct scan line, struct disk_mount *mount) {
    struct scan device, major, path, options, word, type, source, super;
    if (!scan_skip(&line, 2) || !scan_word(&line, &device) || !scan_skip(&line, 1) ||
        !scan_word(&line, &path) || !scan_word(&line, &options))
        return false;
    do {
        if (!scan_word(&line, &word)) return false;
    } while (!scan_equals(&word, "-"));
    if (!scan_word(&line, &type) || !scan_word(&line, &source) || !scan_word(&line, &super))
        return false;
    /* A container's root lies on its host's disk; other overlays are other containers'. */
    bool is_container_root = scan_equals(&type, "overlay") && scan_equals(&path, "/");
    if (!is_container_root && !holds_local_data(&type)) return false;
    if (!scan_until(&device, ':', &major)) return false;
    copy_device(source, mount->device, sizeof mount->device);
    mount->mount_read_only = has_option(options, "ro");
    mount->super_read_only = has_option(super, "ro") || has_option(super, "emergency_ro");
    return parse_number(major, &mount->major) && parse_number(device, &mount->minor) &&
           copy_path(&path, mount->path) &&
           scan_copy(&type, mount->type, sizeof mount->type) == STATUS_OK;
}

/* The same file system seen before: the shorter path names it. */
static bool joined(struct disk_mount *mounts, size_t count, const struct disk_mount *mount) {
    for (size_t i = 0; i < count; i++) {
        if (mounts[i].major != mount->major || mounts[i].minor != mount->minor) continue;
        if (strlen(mount->path) < strlen(mounts[i].path)) mounts[i] = *mount;
        return true;
    }
    return false;
}

size_t parse_mountinfo(const char *text, size_t length, const struct filter *filter,
                       struct disk_mount mounts_out[static DISK_MOUNTS_MAX]) {
    struct scan rest = scan_over(text, length), line;
    size_t count = 0;
    while (scan_line(&rest, &line)) {
        struct disk_mount mount = {0};
        if (!parse_mount(line, &mount) || !filter_wants(filter, mount.path)) continue;
        if (joined(mounts_out, count, &mount) || count == DISK_MOUNTS_MAX) continue;
        mounts_out[count++] = mount;
    }
    return count;
}

struct disk_space disk_space_of(uint64_t blocks, uint64_t blocks_idle, uint64_t blocks_available,
                                uint64_t inodes, uint64_t inodes_idle) {
    struct disk_space space = {(double)NAN, (double)NAN};
    double used = blocks > blocks_idle ? (double)(blocks - blocks_idle) : 0.0;
    double usable = used + (double)blocks_available;
    if (usable > 0) space.used_percent = 100.0 * used / usable;
    if (inodes > 0 && inodes >= inodes_idle)
        space.inodes_used_percent = 100.0 * (double)(inodes - inodes_idle) / (double)inodes;
    return space;
}

bool disk_turned_read_only(struct disk_state *state, const struct disk_mount *mount,
                           bool *is_news_out) {
    bool read_only = mount->mount_read_only || mount->super_read_only;
    size_t at = 0;
    while (at < state->count &&
           (state->writable[at].major != mount->major || state->writable[at].minor != mount->minor))
        at++;
    bool known = at < state->count;
    *is_news_out = false;
    bool below = mount->super_read_only && !mount->mount_read_only;
    if (!known && (!read_only || below) && state->count < DISK_MOUNTS_MAX) {
        state->writable[state->count].major = mount->major;
        state->writable[state->count].minor = mount->minor;
        state->writable[state->count++].said = false;
        known = true;
    }
    if (!read_only) {
        if (known) state->writable[at].said = false;
        return false;
    }
    if (!known) return below; /* mounted read-only on purpose */
    *is_news_out = !state->writable[at].said;
    state->writable[at].said = true;
    return true;
}

static bool read_space(const struct source *source, const struct disk_mount *mount,
                       struct disk_space *space_out) {
    char path[SOURCE_PATH_SIZE + DISK_PATH_SIZE];
    struct statvfs fs;
    (void)snprintf(path, sizeof path, "%s%s", source->root_path, mount->path);
    if (statvfs(path, &fs) != 0) return false;
    *space_out = disk_space_of(fs.f_blocks, fs.f_bfree, fs.f_bavail, fs.f_files, fs.f_ffree);
    return true;
}

static void put_space(struct source *source, const struct disk_mount *mount,
                      struct metric_vector *core, struct members *members) {
    struct disk_space space;
    char volume[SERIES_VOLUME_SIZE];
    if (!read_space(source, mount, &space)) return;
    read_volume_by_number(source, mount->major, mount->minor, volume);
    if (volume[0] == '\0' && mount->device[0] != '\0')
        read_volume_by_name(source, mount->device, volume);
    members_worst(core, METRIC_DISK_USED, space.used_percent);
    members_worst(core, METRIC_DISK_INODES_USED, space.inodes_used_percent);
    members_put(members, METRIC_MEMBER_MOUNT, metric_row(METRIC_DISK_USED)->name, mount->path,
                volume, space.used_percent);
    members_put(members, METRIC_MEMBER_MOUNT, metric_row(METRIC_DISK_INODES_USED)->name,
                mount->path, volume, space.inodes_used_percent);
}

void read_disks(struct source *source, struct disk_state *state, const struct filter *filter,
                struct metric_vector *core, struct members *members,
                void (*turned)(void *context, const char *path), void *context) {
    struct disk_mount mounts[DISK_MOUNTS_MAX];
    struct scan text;
    bool foreign_root = source->root_path[0] != '\0';
    if (!source_read(source, foreign_root ? SOURCE_MOUNTINFO_INIT : SOURCE_MOUNTINFO, &text))
        return;
    size_t count = parse_mountinfo(text.at, scan_length(&text), filter, mounts);
    unsigned read_only = 0;
    for (size_t i = 0; i < count; i++) {
        bool is_news;
        put_space(source, &mounts[i], core, members);
        if (!disk_turned_read_only(state, &mounts[i], &is_news)) continue;
        read_only++;
        if (is_news && turned != NULL) turned(context, mounts[i].path);
    }
    metric_set(core, METRIC_DISK_READ_ONLY, read_only);
}
