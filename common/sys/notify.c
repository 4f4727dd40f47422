/* One datagram socket to systemd. The caller owns the object; one thread uses it. */
#include "common/sys/notify.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base/text.h"
#include "common/sys/error.h"

static enum status parse_address(const char *name, struct sys_notify *notify) {
    size_t length = strlen(name);
    if ((name[0] != '/' && name[0] != '@') || length < 2 ||
        length >= sizeof notify->address.sun_path)
        return STATUS_MALFORMED;
    notify->address.sun_family = AF_UNIX;
    memcpy(notify->address.sun_path, name, length);
    /* An abstract name starts with NUL and its length is part of it. */
    if (name[0] == '@') notify->address.sun_path[0] = '\0';
    notify->address_length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    return STATUS_OK;
}

static enum status read_watchdog(struct duration *interval_out) {
    *interval_out = duration_ms(0);
    const char *us = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    int64_t number;
    if (us == NULL) return STATUS_OK;
    if (pid != NULL) {
        if (text_parse_integer(pid, strlen(pid), &number) != STATUS_OK) return STATUS_MALFORMED;
        if (number != getpid()) return STATUS_OK; /* meant for our parent */
    }
    if (text_parse_integer(us, strlen(us), &number) != STATUS_OK || number <= 0)
        return STATUS_MALFORMED;
    *interval_out = duration_ms(number < 4000 ? 1 : number / 2000);
    return STATUS_OK;
}

enum status sys_notify_open(struct sys_notify *notify) {
    *notify = (struct sys_notify){.fd = -1};
    const char *name = getenv("NOTIFY_SOCKET");
    if (name == NULL || name[0] == '\0') return STATUS_OK;
    enum status status = parse_address(name, notify);
    if (status == STATUS_OK) status = read_watchdog(&notify->watchdog);
    (void)unsetenv("NOTIFY_SOCKET"); /* cannot fail for a name without '=' */
    (void)unsetenv("WATCHDOG_USEC");
    (void)unsetenv("WATCHDOG_PID");
    if (status != STATUS_OK) return status;
    notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return notify->fd >= 0 ? STATUS_OK : sys_status(errno);
}

void sys_notify_close(struct sys_notify *notify) {
    if (notify->fd > 0) (void)close(notify->fd);
    *notify = (struct sys_notify){.fd = -1};
}

static enum status send_text(const struct sys_notify *notify, const struct text *text) {
    if (notify->fd <= 0) return STATUS_OK;
    ssize_t sent = sendto(notify->fd, text->data, text->length, MSG_NOSIGNAL,
                          (const struct sockaddr *)&notify->address, notify->address_length);
    return sent >= 0 ? STATUS_OK : sys_status(errno);
}

/* STATUS= is one line: a newline would start another assignment (as "MAINPID=1"). */
static void add_status(struct text *message, const char *text) {
    if (text == NULL) return;
    text_add(message, "STATUS=");
    for (size_t i = 0; text[i] != '\0' && i < SYS_NOTIFY_TEXT_MAX; i++)
        text_add_character(message, (unsigned char)text[i] < ' ' ? ' ' : text[i]);
    text_add(message, "\n");
}

static enum status send_state(const struct sys_notify *notify, const char *state,
                              const char *text) {
    char storage[SYS_NOTIFY_TEXT_MAX + 128];
    struct text message = text_over(storage, sizeof storage);
    text_add(&message, state);
    add_status(&message, text);
    return send_text(notify, &message);
}

enum status sys_notify_ready(const struct sys_notify *notify, const char *text) {
    return send_state(notify, "READY=1\n", text);
}

enum status sys_notify_text(const struct sys_notify *notify, const char *text) {
    return send_state(notify, "", text);
}

enum status sys_notify_watchdog(const struct sys_notify *notify) {
    return send_state(notify, "WATCHDOG=1\n", NULL);
}

enum status sys_notify_stopping(const struct sys_notify *notify, const char *text) {
    return send_state(notify, "STOPPING=1\n", text);
}

enum status sys_notify_reloading(const struct sys_notify *notify) {
    struct timespec at; /* Type=notify-reload wants systemd's own clock, CLOCK_MONOTONIC */
    ASSERT(clock_gettime(CLOCK_MONOTONIC, &at) == 0);
    char storage[96];
    struct text message = text_over(storage, sizeof storage);
    text_add(&message, "RELOADING=1\nMONOTONIC_USEC=");
    text_add_integer(&message, (int64_t)at.tv_sec * 1000000 + at.tv_nsec / 1000);
    text_add(&message, "\n");
    return send_text(notify, &message);
}
