/* What systemd receives, on a socket of the test. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/sys/notify.h"
#include "tests/support/unit.h"
#include "tests/unit/sys/folder.h"

static char received[2048];

/* Binds a datagram socket; `length` bytes of the name, which may start with NUL. */
static int listen_at(const char *name, size_t length) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, name, length);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, size), 0);
    return fd;
}

static const char *receive(int fd) {
    ssize_t got = recv(fd, received, sizeof received - 1, 0);
    received[got < 0 ? 0 : got] = '\0';
    return received;
}

static void open_at(struct sys_notify *notify, const char *name) {
    assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
    assert_ok(sys_notify_open(notify));
    assert_null(getenv("NOTIFY_SOCKET"));
}

TEST(every_state_arrives_over_a_path) {
    (void)state;
    char folder[FOLDER_SIZE];
    folder_make(folder);
    const char *path = folder_path(folder, "notify");
    int fd = listen_at(path, strlen(path));
    struct sys_notify notify;
    open_at(&notify, path);
    assert_ok(sys_notify_ready(&notify, "watching"));
    assert_string_equal(receive(fd), "READY=1\nSTATUS=watching\n");
    assert_ok(sys_notify_text(&notify, "3 agents"));
    assert_string_equal(receive(fd), "STATUS=3 agents\n");
    assert_ok(sys_notify_watchdog(&notify));
    assert_string_equal(receive(fd), "WATCHDOG=1\n");
    assert_ok(sys_notify_stopping(&notify, NULL));
    assert_string_equal(receive(fd), "STOPPING=1\n");
    assert_ok(sys_notify_reloading(&notify));
    assert_int_equal(strncmp(receive(fd), "RELOADING=1\nMONOTONIC_USEC=", 27), 0);
    sys_notify_close(&notify);
    (void)close(fd);
    (void)unlink(path);
    (void)rmdir(folder);
}

TEST(abstract_sockets_work) {
    (void)state;
    char name[64];
    int length = snprintf(name, sizeof name, "@ear-test-%ld", (long)getpid());
    struct sys_notify notify;
    char real[64];
    memcpy(real, name, (size_t)length);
    real[0] = '\0';
    int fd = listen_at(real, (size_t)length);
    open_at(&notify, name);
    assert_ok(sys_notify_ready(&notify, NULL));
    assert_string_equal(receive(fd), "READY=1\n");
    sys_notify_close(&notify);
    (void)close(fd);
}

TEST(a_status_text_cannot_add_an_assignment) {
    (void)state;
    char folder[FOLDER_SIZE];
    folder_make(folder);
    const char *path = folder_path(folder, "notify");
    int fd = listen_at(path, strlen(path));
    struct sys_notify notify;
    open_at(&notify, path);
    assert_ok(sys_notify_text(&notify, "x\nMAINPID=1\nREADY=1"));
    assert_string_equal(receive(fd), "STATUS=x MAINPID=1 READY=1\n");
    static char lengthy[4000];
    memset(lengthy, 'a', sizeof lengthy - 1);
    assert_ok(sys_notify_text(&notify, lengthy));
    assert_int_equal(strlen(receive(fd)), strlen("STATUS=\n") + SYS_NOTIFY_TEXT_MAX);
    sys_notify_close(&notify);
    (void)close(fd);
    (void)unlink(path);
    (void)rmdir(folder);
}

TEST(without_a_socket_nothing_happens) {
    (void)state;
    struct sys_notify notify;
    (void)unsetenv("NOTIFY_SOCKET");
    assert_ok(sys_notify_open(&notify));
    assert_ok(sys_notify_ready(&notify, "x"));
    assert_int_equal(notify.watchdog.ms, 0);
    const struct sys_notify zeroes = {0};
    assert_ok(sys_notify_watchdog(&zeroes));
}

TEST(addresses_that_cannot_be_used_are_refused) {
    (void)state;
    static char too_long[200] = "/";
    memset(too_long + 1, 'a', sizeof too_long - 2);
    const char *const wrong[] = {"relative", "@", "/", "vsock:2:1", too_long};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct sys_notify notify;
        (void)setenv("NOTIFY_SOCKET", wrong[i], 1);
        assert_int_equal(sys_notify_open(&notify), STATUS_MALFORMED);
        assert_ok(sys_notify_ready(&notify, NULL)); /* the program goes on, silently */
    }
}

TEST(a_receiver_that_is_gone_is_an_error_and_no_signal) {
    (void)state;
    struct sys_notify notify;
    open_at(&notify, "/nonexistent/notify");
    assert_int_equal(sys_notify_ready(&notify, NULL), STATUS_NOT_FOUND);
    sys_notify_close(&notify);
}

static struct duration watchdog_of(const char *us, const char *pid) {
    struct sys_notify notify;
    (void)setenv("NOTIFY_SOCKET", "@x", 1);
    (void)setenv("WATCHDOG_USEC", us, 1);
    if (pid == NULL)
        (void)unsetenv("WATCHDOG_PID");
    else
        (void)setenv("WATCHDOG_PID", pid, 1);
    enum status status = sys_notify_open(&notify);
    struct duration watchdog = notify.watchdog;
    assert_null(getenv("WATCHDOG_USEC"));
    sys_notify_close(&notify);
    return status == STATUS_OK ? watchdog : duration_ms(-1);
}

TEST(the_watchdog_is_due_at_half_its_time) {
    (void)state;
    char own[32];
    (void)snprintf(own, sizeof own, "%ld", (long)getpid());
    assert_int_equal(watchdog_of("30000000", NULL).ms, 15000);
    assert_int_equal(watchdog_of("30000000", own).ms, 15000);
    assert_int_equal(watchdog_of("30000000", "1").ms, 0); /* another process's */
    assert_int_equal(watchdog_of("1", NULL).ms, 1);
    assert_int_equal(watchdog_of("0", NULL).ms, -1);
    assert_int_equal(watchdog_of("soon", NULL).ms, -1);
}
