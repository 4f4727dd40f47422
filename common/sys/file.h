/* Whole files, bounded; and durable ones. */
#ifndef EAR_COMMON_SYS_FILE_H
#define EAR_COMMON_SYS_FILE_H

#include <sys/types.h>

#include "common/base/status.h"

#define FILE_PATH_SIZE 4096 /* bytes of a path, NUL included (PATH_MAX of Linux) */

/* Reads the whole of `path` into `buffer` and ends it with a NUL.
 * capacity    bytes at `buffer`, NUL included, at least 1
 * length_out  bytes read, without the NUL; the file itself may hold NULs
 * STATUS_TOO_LARGE when the file does not fit (nothing of it may then be used), STATUS_NOT_FOUND,
 * STATUS_DENIED, STATUS_IO (also for a folder). Works on /proc and /sys, whose sizes read as 0, and
 * on a FIFO or terminal without waiting for a writer. Any thread. */
enum status file_read(const char *path, char *buffer, size_t capacity, size_t *length_out) MUST_USE;
/* The same, `path` relative to the open folder `folder` (AT_FDCWD allowed). */
enum status file_read_at(int folder, const char *path, char *buffer, size_t capacity,
                         size_t *length_out) MUST_USE;

/* The same from where the open descriptor stands; it stays open. */
enum status file_read_open(int fd, char *buffer, size_t capacity, size_t *length_out) MUST_USE;

/* Replaces `path` as one step: a reader, or a crash at any point, sees the old whole file or the
 * new one. Writes a new file beside it, created with `mode` (SAFETY S6), syncs it, renames it,
 * syncs the folder. A failed sync is an error and the old file stays. STATUS_TOO_LARGE when the
 * path is too long. */
enum status file_write_atomic(const char *path, const void *bytes, size_t length,
                              mode_t mode) MUST_USE;
/* The same without the two syncs, for files in /run that need not outlive the machine. */
enum status file_write_volatile(const char *path, const void *bytes, size_t length,
                                mode_t mode) MUST_USE;

/* Opens for appending, creating it with `mode`; close-on-exec. The caller closes *fd_out. */
enum status file_open_append(const char *path, mode_t mode, int *fd_out) MUST_USE;
/* Writes all of `length` bytes at the end. On an error some of them may stand in the file. */
enum status file_append(int fd, const void *bytes, size_t length) MUST_USE;
/* fdatasync; after a failure the kernel may have dropped the data, so the caller must not just try
 * again but treat the file as not written (the rule PostgreSQL learned in 2018). */
enum status file_sync(int fd) MUST_USE;
/* Makes created, renamed and removed names in the folder of `path` durable. */
enum status file_sync_folder(const char *path) MUST_USE;

/* For CLEANUP(file_close): closes when >= 0 and sets -1. Not for written files whose close matters.
 */
void file_close(int *fd);

#endif
