/* Lives of an aggregator's rows for the kill test: sends reports in virtual time and is killed at a
 * given write, sync, rename or removal of journal and blocks. The calls are counted by the linker's
 * --wrap, in this program only.
 *
 *     rows-program run DIR FIRST LAST KILL_AT TORN   prints "ack SEQUENCE" for each one
 * acknowledged, "done CALLS" when it was not killed rows-program check DIR LAST prints "have
 * SEQUENCE" for each sample found
 *
 * Sequence n is the sample of minute BASE + n * SPACING, with value n % 89 + 1. */
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aggregator/rows/rows.h"
#include "common/base/text.h"

#define BASE_MINUTE 29520000
#define SPACING     7 /* minutes between two reports */
#define SYNC_EVERY  3 /* reports */

ssize_t __real_write(int fd, const void *bytes, size_t length);
int __real_fdatasync(int fd);
int __real_fsync(int fd);
int __real_rename(const char *from, const char *to);
int __real_unlink(const char *path);
int __real_ftruncate(int fd, off_t length);
int __real_mkdir(const char *path, mode_t mode);
ssize_t __wrap_write(int fd, const void *bytes, size_t length);
int __wrap_fdatasync(int fd);
int __wrap_fsync(int fd);
int __wrap_rename(const char *from, const char *to);
int __wrap_unlink(const char *path);
int __wrap_ftruncate(int fd, off_t length);
int __wrap_mkdir(const char *path, mode_t mode);

static int64_t calls, kill_at;
static bool torn;

static bool counted(void) { return ++calls == kill_at; }

static void die(void) {
    (void)raise(SIGKILL); /* does not return */
    abort();
}

ssize_t __wrap_write(int fd, const void *bytes, size_t length) {
    if (fd <= STDERR_FILENO) return __real_write(fd, bytes, length);
    if (counted()) {
        if (torn && __real_write(fd, bytes, length / 2) < 0) abort();
        die();
    }
    return __real_write(fd, bytes, length);
}

int __wrap_fdatasync(int fd) {
    if (counted()) die();
    return __real_fdatasync(fd);
}

int __wrap_fsync(int fd) {
    if (counted()) die();
    return __real_fsync(fd);
}

/* Killed after the call when `torn`: the name is there, the sync of its folder is not. */
int __wrap_rename(const char *from, const char *to) {
    bool last = counted();
    if (last && !torn) die();
    int result = __real_rename(from, to);
    if (last) die();
    return result;
}

int __wrap_unlink(const char *path) {
    bool last = counted();
    if (last && !torn) die();
    int result = __real_unlink(path);
    if (last) die();
    return result;
}

int __wrap_ftruncate(int fd, off_t length) {
    if (counted()) die();
    return __real_ftruncate(fd, length);
}

int __wrap_mkdir(const char *path, mode_t mode) {
    bool last = counted();
    if (last && !torn) die();
    int result = __real_mkdir(path, mode);
    if (last) die();
    return result;
}

static const struct instance_id instance = {"i-0123456789abcdef0"};
static const struct instance_id neighbour = {"i-0fedcba9876543210"};
static const struct boot_id boot = {"11111111-2222-3333-4444-555555555555"};

static struct rows *open_rows(const char *folder) {
    struct rows_options options = rows_options_default();
    struct rows *rows = NULL;
    options.state_directory = folder;
    enum status status = rows_create(&options, &rows);
    if (status == STATUS_OK) return rows;
    fprintf(stderr, "rows_create: %s\n", status_name(status));
    exit(1);
}

static struct now time_of(int64_t sequence) {
    int64_t minute = BASE_MINUTE + sequence * SPACING;
    return (struct now){{(minute - BASE_MINUTE) * 60000 + 1000}, {minute * 60000}};
}

static double value_of(int64_t sequence) { return (double)(sequence % 89 + 1); }

static bool send_one(struct rows *rows, const struct instance_id *id, int64_t sequence) {
    struct report report = {
        .instance = *id, .boot = boot, .sequence = (uint64_t)sequence, .interval_ms = 420000};
    struct ack ack;
    metric_set(&report.core, METRIC_MEM_USED, value_of(sequence));
    metric_set(&report.core, METRIC_LOAD1, 1);
    return rows_report(rows, 1, &report, time_of(sequence), &ack) == STATUS_OK &&
           ack.sequence == (uint64_t)sequence;
}

static void say(const char *word, int64_t number) {
    char line[64];
    int length = snprintf(line, sizeof line, "%s %" PRId64 "\n", word, number);
    if (__real_write(STDOUT_FILENO, line, (size_t)length) != length) abort();
}

static int run(const char *folder, int64_t first, int64_t last) {
    struct rows *rows = open_rows(folder);
    for (int64_t sequence = first; sequence <= last; sequence++) {
        if (!send_one(rows, &instance, sequence) || !send_one(rows, &neighbour, sequence)) return 1;
        say("ack", sequence);
        if (sequence % SYNC_EVERY == 0) rows_sync(rows, time_of(sequence));
    }
    rows_destroy(rows);
    say("done", calls);
    return 0;
}

static bool has(struct rows *rows, const struct instance_id *id, int64_t sequence) {
    struct history_point point;
    int64_t minute = BASE_MINUTE + sequence * SPACING;
    enum status status =
        rows_window(rows, id, "mem_used_percent", NULL, minute, minute + 1, &point, 1);
    return status == STATUS_OK && point.count > 0 &&
           fabs((double)point.mean - value_of(sequence)) < 0.01;
}

static int check(const char *folder, int64_t last) {
    struct rows *rows = open_rows(folder);
    for (int64_t sequence = 1; sequence <= last; sequence++)
        if (has(rows, &instance, sequence) && has(rows, &neighbour, sequence))
            say("have", sequence);
    rows_destroy(rows);
    return 0;
}

static int64_t number_of(const char *word) {
    int64_t number = 0;
    if (text_parse_integer(word, strlen(word), &number) == STATUS_OK) return number;
    fprintf(stderr, "not a number: %s\n", word);
    exit(2);
}

int main(int argc, char **argv) {
    if (argc == 7 && strcmp(argv[1], "run") == 0) {
        kill_at = number_of(argv[5]);
        torn = number_of(argv[6]) != 0;
        return run(argv[2], number_of(argv[3]), number_of(argv[4]));
    }
    if (argc == 4 && strcmp(argv[1], "check") == 0) return check(argv[2], number_of(argv[3]));
    fprintf(stderr, "usage: rows-program run DIR FIRST LAST KILL_AT TORN | check DIR LAST\n");
    return 2;
}
