/* Whole-file reads and durable writes over plain system calls. No data; any thread. */
#include "common/sys/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/text.h"
#include "common/sys/error.h"
#include "common/sys/random.h"

#define TEMPORARY_TRIES 8 /* a clash of 64 random bits means something else is wrong */

void file_close(int *fd) {
    if (*fd >= 0) (void)close(*fd); /* nothing was written through it that the caller relies on */
    *fd = -1;
}

enum status file_read_open(int fd, char *buffer, size_t capacity, size_t *length_out) {
    size_t length = 0;
    for (;;) {
        /* At capacity the last byte is asked for too, only to learn that the file goes on. */
        ssize_t got = read(fd, buffer + length, capacity - length);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return sys_status(errno);
        if (got == 0) break;
        length += (size_t)got;
        if (length == capacity) return STATUS_TOO_LARGE;
    }
    buffer[length] = '\0';
    *length_out = length;
    return STATUS_OK;
}

enum status file_read_at(int folder, const char *path, char *buffer, size_t capacity,
                         size_t *length_out) {
    CLEANUP(file_close) int fd = openat(folder, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) return sys_status(errno);
    return file_read_open(fd, buffer, capacity, length_out);
}

enum status file_read(const char *path, char *buffer, size_t capacity, size_t *length_out) {
    return file_read_at(AT_FDCWD, path, buffer, capacity, length_out);
}

enum status file_append(int fd, const void *bytes, size_t length) {
    const char *at = bytes;
    while (length > 0) {
        ssize_t put = write(fd, at, length);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return sys_status(errno);
        if (put == 0) return STATUS_IO;
        at += put;
        length -= (size_t)put;
    }
    return STATUS_OK;
}

enum status file_sync(int fd) { return fdatasync(fd) == 0 ? STATUS_OK : sys_status(errno); }

enum status file_open_append(const char *path, mode_t mode, int *fd_out) {
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, mode);
    if (fd < 0) return sys_status(errno);
    *fd_out = fd;
    return STATUS_OK;
}

enum status file_sync_folder(const char *path) {
    char folder[FILE_PATH_SIZE];
    const char *slash = strrchr(path, '/');
    enum status status = STATUS_OK;
    if (slash == NULL)
        status = text_copy(folder, sizeof folder, ".");
    else /* "/x" lies in "/" */
        status = text_copy_bytes(folder, sizeof folder, path,
                                 slash == path ? 1 : (size_t)(slash - path));
    if (status != STATUS_OK) return status;
    CLEANUP(file_close) int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return sys_status(errno);
    return fsync(fd) == 0 ? STATUS_OK : sys_status(errno);
}

/* Creates a new file beside `path`; its name goes to `name`. */
static enum status open_temporary(const char *path, mode_t mode, char name[static FILE_PATH_SIZE],
                                  int *fd_out) {
    for (int i = 0; i < TEMPORARY_TRIES; i++) {
        uint8_t random[8];
        enum status status = sys_random(random, sizeof random);
        if (status != STATUS_OK) return status;
        struct text text = text_over(name, FILE_PATH_SIZE);
        text_add(&text, path);
        text_add(&text, ".new-");
        text_add_hex(&text, random, sizeof random);
        if (text.truncated) return STATUS_TOO_LARGE;
        int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
        if (fd >= 0) {
            *fd_out = fd;
            return STATUS_OK;
        }
        if (errno != EEXIST) return sys_status(errno);
    }
    return STATUS_EXISTS;
}

/* Writes and closes `fd`; `durable` syncs it first. */
static enum status fill(int fd, const void *bytes, size_t length, bool durable) {
    enum status status = file_append(fd, bytes, length);
    if (status == STATUS_OK && durable && fsync(fd) != 0) status = sys_status(errno);
    if (close(fd) != 0 && status == STATUS_OK) status = sys_status(errno); /* NFS tells here */
    return status;
}

static enum status replace(const char *path, const void *bytes, size_t length, mode_t mode,
                           bool durable) {
    char name[FILE_PATH_SIZE];
    int fd = -1;
    enum status status = open_temporary(path, mode, name, &fd);
    if (status != STATUS_OK) return status;
    status = fill(fd, bytes, length, durable);
    if (status == STATUS_OK && rename(name, path) != 0) status = sys_status(errno);
    if (status != STATUS_OK) {
        (void)unlink(name); /* a left-over is harmless; the first error is what counts */
        return status;
    }
    return durable ? file_sync_folder(path) : STATUS_OK;
}

enum status file_write_atomic(const char *path, const void *bytes, size_t length, mode_t mode) {
    return replace(path, bytes, length, mode, true);
}

enum status file_write_volatile(const char *path, const void *bytes, size_t length, mode_t mode) {
    return replace(path, bytes, length, mode, false);
}
