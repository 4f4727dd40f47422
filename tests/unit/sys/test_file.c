/* Bounded reads and durable writes. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/sys/file.h"
#include "tests/support/unit.h"
#include "tests/unit/sys/folder.h"

static char folder[FOLDER_SIZE];
static char buffer[64];
static size_t length;

static size_t entries(void) {
    size_t count = 0;
    DIR *open_folder = opendir(folder);
    assert_non_null(open_folder);
    for (const struct dirent *entry; (entry = readdir(open_folder)) != NULL;)
        count += entry->d_name[0] != '.' || strlen(entry->d_name) > 2;
    (void)closedir(open_folder);
    return count;
}

static void remove_folder(const char *file) {
    if (file != NULL) assert_int_equal(unlink(folder_path(folder, file)), 0);
    assert_int_equal(rmdir(folder), 0); /* fails when a temporary file was left */
}

TEST(what_is_written_is_read_back) {
    (void)state;
    folder_make(folder);
    const char *path = folder_path(folder, "a");
    assert_ok(file_write_atomic(path, "one\0two", 7, 0600));
    assert_ok(file_read(path, buffer, sizeof buffer, &length));
    assert_int_equal(length, 7);
    assert_memory_equal(buffer, "one\0two", 8); /* and a NUL behind */
    assert_ok(file_write_volatile(path, "", 0, 0600));
    assert_ok(file_read(path, buffer, sizeof buffer, &length));
    assert_int_equal(length, 0);
    remove_folder("a");
}

TEST(a_file_that_does_not_fit_is_refused) {
    (void)state;
    folder_make(folder);
    const char *path = folder_path(folder, "a");
    assert_ok(file_write_volatile(path, "12345678", 8, 0600));
    assert_int_equal(file_read(path, buffer, 8, &length), STATUS_TOO_LARGE);
    assert_ok(file_read(path, buffer, 9, &length));
    assert_string_equal(buffer, "12345678");
    assert_int_equal(file_read("/dev/zero", buffer, sizeof buffer, &length), STATUS_TOO_LARGE);
    remove_folder("a");
}

TEST(files_of_proc_are_read_whole) {
    (void)state;
    assert_ok(file_read("/proc/self/comm", buffer, sizeof buffer, &length));
    assert_true(length > 1 && buffer[length - 1] == '\n');
}

TEST(reading_says_why_it_failed) {
    (void)state;
    folder_make(folder);
    assert_int_equal(file_read(folder_path(folder, "none"), buffer, sizeof buffer, &length),
                     STATUS_NOT_FOUND);
    assert_int_equal(file_read(folder, buffer, sizeof buffer, &length), STATUS_IO);
    remove_folder(NULL);
}

TEST(reading_a_fifo_without_writer_does_not_wait) {
    (void)state;
    folder_make(folder);
    const char *path = folder_path(folder, "fifo");
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_ok(file_read(path, buffer, sizeof buffer, &length));
    assert_int_equal(length, 0);
    remove_folder("fifo");
}

TEST(reading_relative_to_a_folder) {
    (void)state;
    int proc = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(proc >= 0);
    assert_ok(file_read_at(proc, "comm", buffer, sizeof buffer, &length));
    file_close(&proc);
    assert_int_equal(proc, -1);
    file_close(&proc);
}

TEST(the_mode_is_set_at_open) {
    (void)state;
    folder_make(folder);
    const char *path = folder_path(folder, "key");
    mode_t old = umask(0);
    assert_ok(file_write_atomic(path, "x", 1, 0600));
    (void)umask(old);
    struct stat about;
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 07777, 0600);
    remove_folder("key");
}

TEST(a_failed_write_leaves_the_old_file_and_nothing_else) {
    (void)state;
    folder_make(folder);
    /* The target is a folder that is not empty: the rename fails at the last step. */
    const char *path = folder_path(folder, "target");
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_not_equal(file_write_atomic(path, "x", 1, 0600), STATUS_OK);
    assert_int_equal(entries(), 1);
    assert_int_equal(rmdir(folder_path(folder, "target")), 0);
    assert_int_equal(file_write_atomic(folder_path(folder, "no/such"), "x", 1, 0600),
                     STATUS_NOT_FOUND);
    remove_folder(NULL);
}

TEST(a_symbolic_link_is_replaced_and_not_followed) {
    (void)state;
    folder_make(folder);
    char victim[4096];
    (void)snprintf(victim, sizeof victim, "%s/victim", folder);
    assert_ok(file_write_volatile(victim, "safe", 4, 0600));
    assert_int_equal(symlink(victim, folder_path(folder, "link")), 0);
    assert_ok(file_write_atomic(folder_path(folder, "link"), "new", 3, 0600));
    assert_ok(file_read(victim, buffer, sizeof buffer, &length));
    assert_string_equal(buffer, "safe");
    assert_int_equal(unlink(victim), 0);
    remove_folder("link");
}

TEST(a_full_disk_is_said) {
    (void)state;
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    assert_true(full >= 0);
    assert_int_equal(file_append(full, "x", 1), STATUS_NO_SPACE);
    assert_ok(file_append(full, "", 0));
    file_close(&full);
}

TEST(a_sync_that_fails_is_an_error) {
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_not_equal(file_sync(ends[1]), STATUS_OK);
    assert_int_not_equal(file_sync(-1), STATUS_OK);
    file_close(&ends[0]);
    file_close(&ends[1]);
}

TEST(appending_goes_to_the_end) {
    (void)state;
    folder_make(folder);
    const char *path = folder_path(folder, "log");
    for (int i = 0; i < 2; i++) {
        int fd;
        assert_ok(file_open_append(path, 0600, &fd));
        assert_ok(file_append(fd, "ab", 2));
        assert_ok(file_sync(fd));
        file_close(&fd);
    }
    assert_ok(file_sync_folder(path));
    assert_ok(file_read(path, buffer, sizeof buffer, &length));
    assert_string_equal(buffer, "abab");
    remove_folder("log");
}

TEST(a_path_that_is_too_long_is_refused) {
    (void)state;
    static char path[FILE_PATH_SIZE + 10];
    memset(path, 'a', sizeof path - 1);
    assert_int_equal(file_write_atomic(path, "x", 1, 0600), STATUS_TOO_LARGE);
    path[0] = '/';
    path[FILE_PATH_SIZE + 5] = '/';
    assert_int_equal(file_sync_folder(path), STATUS_TOO_LARGE);
}
