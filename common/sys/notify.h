/* Tells systemd how the service is (sd_notify(3), without libsystemd). */
#ifndef EAR_COMMON_SYS_NOTIFY_H
#define EAR_COMMON_SYS_NOTIFY_H

#include <sys/socket.h>
#include <sys/un.h>

#include "common/base/clock.h"

#define SYS_NOTIFY_TEXT_MAX 512 /* bytes of a status text; more is cut */

/* Plain data; an object of zeroes, or one whose socket is absent, makes every call do nothing. */
struct sys_notify {
    int fd; /* -1 or 0: nobody listens */
    struct sockaddr_un address;
    socklen_t address_length;
    struct duration watchdog; /* WATCHDOG=1 is due this often; 0 = no watchdog asked for */
};

/* Opens the socket of NOTIFY_SOCKET (a path, or "@name" for the abstract space) and reads
 * WATCHDOG_USEC and WATCHDOG_PID. The watchdog interval given is half of systemd's, as its manual
 * advises. Without NOTIFY_SOCKET: STATUS_OK and an object that does nothing. STATUS_MALFORMED for
 * an address or number that cannot be used; the program may go on. Takes both variables out of the
 * environment, so that no child speaks for us; call before threads start. */
enum status sys_notify_open(struct sys_notify *notify) MUST_USE;
void sys_notify_close(struct sys_notify *notify);

/* Each sends one datagram and never blocks. The result says whether it left; a program may ignore
 * it (systemd's own time-outs then act). `text` is for people, one line; NULL = no STATUS. One
 * thread. */
enum status sys_notify_ready(const struct sys_notify *notify, const char *text);
enum status sys_notify_text(const struct sys_notify *notify, const char *text);
enum status sys_notify_watchdog(const struct sys_notify *notify);
/* Before a reload; followed by sys_notify_ready. */
enum status sys_notify_reloading(const struct sys_notify *notify);
enum status sys_notify_stopping(const struct sys_notify *notify, const char *text);

#endif
