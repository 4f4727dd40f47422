/* Block files. Any thread; one instance by one thread at a time for writing. The only names put
 * into paths are instance ids that passed their parser and numbers. */
#include "aggregator/rows/blocks.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/text.h"
#include "common/sys/error.h"
#include "common/sys/file.h"
#include "common/sys/log.h"

#define PATH_BYTES  768
#define BLOCK_MODE  0640
#define FOLDER_MODE 0750
#define SUFFIX      ".block"

struct name {
    int64_t start;
    unsigned twin;
};

struct listing {
    size_t count;
    struct name names[BLOCKS_LISTED_MAX];
};

static struct text shard_path(const char *folder, const struct instance_id *instance,
                              char path[PATH_BYTES]) {
    uint8_t first = (uint8_t)(instance_id_hash(instance) >> 56);
    struct text text = text_over(path, PATH_BYTES);
    text_add(&text, folder);
    text_add_character(&text, '/');
    text_add_hex(&text, &first, 1);
    return text;
}

static struct text instance_path(const char *folder, const struct instance_id *instance,
                                 char path[PATH_BYTES]) {
    struct text text = shard_path(folder, instance, path);
    text_add_character(&text, '/');
    text_add(&text, instance->text);
    return text;
}

static enum status file_path(const char *folder, const struct instance_id *instance,
                             struct name name, char path[PATH_BYTES]) {
    struct text text = instance_path(folder, instance, path);
    text_add_character(&text, '/');
    text_add_integer(&text, name.start);
    text_add_character(&text, '-');
    text_add_unsigned(&text, name.twin);
    text_add(&text, SUFFIX);
    return text.truncated ? STATUS_TOO_LARGE : STATUS_OK;
}

static enum status make_folder(const char *path) {
    if (mkdir(path, FOLDER_MODE) == 0) return file_sync_folder(path);
    return errno == EEXIST ? STATUS_OK : sys_status(errno);
}

static enum status make_folders(const char *folder, const struct instance_id *instance) {
    char path[PATH_BYTES];
    if (shard_path(folder, instance, path).truncated) return STATUS_TOO_LARGE;
    enum status status = make_folder(path);
    if (status != STATUS_OK) return status;
    if (instance_path(folder, instance, path).truncated) return STATUS_TOO_LARGE;
    return make_folder(path);
}

/* STATUS_EXISTS when the file holds exactly these bytes, STATUS_NOT_FOUND when there is none. */
static enum status compare(const char *path, const uint8_t *bytes, size_t length) {
    char *there = malloc(HISTORY_BYTES_MAX + 1);
    size_t there_length = 0;
    if (!there) return STATUS_NO_MEMORY;
    enum status status = file_read(path, there, HISTORY_BYTES_MAX + 1, &there_length);
    if (status == STATUS_OK && there_length == length && memcmp(there, bytes, length) == 0)
        status = STATUS_EXISTS;
    free(there);
    return status;
}

enum status blocks_write(const char *folder, const struct instance_id *instance, int64_t start,
                         const uint8_t *bytes, size_t length) {
    char path[PATH_BYTES];
    enum status status = make_folders(folder, instance);
    if (status != STATUS_OK) return status;
    for (unsigned twin = 0; twin < BLOCKS_TWINS_MAX; twin++) {
        status = file_path(folder, instance, (struct name){start, twin}, path);
        if (status != STATUS_OK) return status;
        status = compare(path, bytes, length);
        if (status == STATUS_EXISTS) return STATUS_OK;
        if (status == STATUS_NO_MEMORY) return status;
        if (status == STATUS_NOT_FOUND) return file_write_atomic(path, bytes, length, BLOCK_MODE);
    }
    return STATUS_FULL;
}

/* "29520000-0.block"; whatever else lies there is not ours to touch. */
static bool parse_name(const char *text, struct name *name) {
    size_t length = strlen(text), suffix = sizeof SUFFIX - 1;
    if (length < suffix + 3 || strcmp(text + length - suffix, SUFFIX) != 0) return false;
    const char *dash = strchr(text, '-');
    const char *dot = text + length - suffix;
    int64_t twin = 0;
    if (!dash || dash == text || dot - dash != 2) return false;
    if (text_parse_integer(text, (size_t)(dash - text), &name->start) != STATUS_OK) return false;
    if (text_parse_integer(dash + 1, 1, &twin) != STATUS_OK || twin < 0) return false;
    name->twin = (unsigned)twin;
    return name->start >= 0;
}

static int compare_names(const void *a, const void *b) {
    const struct name *one = a, *two = b;
    if (one->start != two->start) return one->start < two->start ? -1 : 1;
    return one->twin < two->twin ? -1 : one->twin > two->twin;
}

/* Sorted, oldest first. The caller frees *listing_out. */
static enum status list(const char *folder, const struct instance_id *instance,
                        struct listing **listing_out) {
    char path[PATH_BYTES];
    if (instance_path(folder, instance, path).truncated) return STATUS_TOO_LARGE;
    DIR *open_folder = opendir(path);
    if (!open_folder) return sys_status(errno);
    struct listing *listing = malloc(sizeof *listing);
    const struct dirent *entry;
    if (listing) listing->count = 0;
    while (listing && (entry = readdir(open_folder)) != NULL)
        if (listing->count < BLOCKS_LISTED_MAX &&
            parse_name(entry->d_name, &listing->names[listing->count]))
            listing->count++;
    closedir(open_folder);
    if (!listing) return STATUS_NO_MEMORY;
    qsort(listing->names, listing->count, sizeof listing->names[0], compare_names);
    *listing_out = listing;
    return STATUS_OK;
}

static void set_aside(const char *path, enum status status) {
    char aside[PATH_BYTES];
    struct text text = text_over(aside, sizeof aside);
    text_add(&text, path);
    text_add(&text, ".corrupt");
    bool moved = !text.truncated && rename(path, aside) == 0;
    log_event(LOG_LEVEL_ERROR, "history.block_corrupt", log_string("file", path),
              log_status("status", status), log_string("now", moved ? aside : path));
}

/* A file that a newer version wrote is passed over and left alone. */
static bool give(const char *path, const struct instance_id *instance,
                 void (*take)(void *context, const struct history_sealed *sealed), void *context) {
    struct history_sealed sealed;
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return true; /* expired meanwhile */
    bool mappable = fstat(fd, &info) == 0 && info.st_size > 0 && info.st_size <= HISTORY_BYTES_MAX;
    size_t length = mappable ? (size_t)info.st_size : 0;
    void *bytes = mappable ? mmap(NULL, length, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
    file_close(&fd);
    enum status status = STATUS_CORRUPT;
    if (bytes != MAP_FAILED) {
        status = history_open(bytes, length, &sealed);
        if (status == STATUS_OK && !instance_id_equal(&sealed.instance, instance))
            status = STATUS_CORRUPT;
        if (status == STATUS_OK) take(context, &sealed);
        (void)munmap(bytes, length); /* fails for wrong arguments only */
    }
    if (status == STATUS_OK || status == STATUS_NEWER) return true;
    set_aside(path, status);
    return false;
}

enum status blocks_each(const char *folder, const struct instance_id *instance, int64_t from,
                        int64_t to,
                        void (*take)(void *context, const struct history_sealed *sealed),
                        void *context, uint64_t *corrupt_out) {
    struct listing *listing = NULL;
    char path[PATH_BYTES];
    uint64_t corrupt = 0;
    enum status status = list(folder, instance, &listing);
    if (status != STATUS_OK || !listing) return status;
    for (size_t i = 0; i < listing->count; i++) {
        struct name name = listing->names[i];
        if (name.start + HISTORY_MINUTES <= from || name.start >= to) continue;
        if (file_path(folder, instance, name, path) != STATUS_OK) continue;
        if (!give(path, instance, take, context)) corrupt++;
    }
    free(listing);
    if (corrupt_out) *corrupt_out += corrupt;
    return STATUS_OK;
}

void blocks_expire(const char *folder, const struct instance_id *instance, int64_t before,
                   size_t keep) {
    struct listing *listing = NULL;
    char path[PATH_BYTES];
    if (list(folder, instance, &listing) != STATUS_OK || !listing)
        return; /* no folder: nothing to remove */
    for (size_t i = 0; i + keep < listing->count; i++) {
        struct name name = listing->names[i];
        if (name.start + HISTORY_MINUTES > before) break;
        if (file_path(folder, instance, name, path) != STATUS_OK || unlink(path) == 0) continue;
        log_event(LOG_LEVEL_WARNING, "history.remove_failed", log_string("file", path),
                  log_errno("error", errno));
        break;
    }
    free(listing);
}

static void shard_instances(const char *path,
                            void (*take)(void *context, const struct instance_id *instance),
                            void *context) {
    DIR *shard = opendir(path);
    const struct dirent *entry;
    struct instance_id instance;
    if (!shard) return; /* a plain file, or removed meanwhile */
    while ((entry = readdir(shard)) != NULL)
        if (instance_id_parse(entry->d_name, strlen(entry->d_name), &instance) == STATUS_OK)
            take(context, &instance);
    closedir(shard);
}

enum status blocks_instances(const char *folder,
                             void (*take)(void *context, const struct instance_id *instance),
                             void *context) {
    char path[PATH_BYTES];
    for (unsigned shard = 0; shard < 256; shard++) {
        uint8_t byte = (uint8_t)shard;
        struct text text = text_over(path, sizeof path);
        text_add(&text, folder);
        text_add_character(&text, '/');
        text_add_hex(&text, &byte, 1);
        if (text.truncated) return STATUS_TOO_LARGE;
        shard_instances(path, take, context);
    }
    return STATUS_OK;
}
