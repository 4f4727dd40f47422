/* A signalfd over the three signals a daemon obeys. The main thread calls it. */
#include "common/sys/signals.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "common/sys/error.h"

enum status signals_open(int *fd_out) {
    sigset_t set;
    (void)sigemptyset(&set); /* these fail only for numbers that are no signals */
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGHUP);
    int error = pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (error != 0) return sys_status(error);
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR) return sys_status(errno);
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0) return sys_status(errno);
    *fd_out = fd;
    return STATUS_OK;
}

enum status signals_read(int fd, enum signals_event *event_out) {
    struct signalfd_siginfo info;
    ssize_t got = read(fd, &info, sizeof info);
    if (got < 0) return sys_status(errno);
    if (got != (ssize_t)sizeof info) return STATUS_IO;
    *event_out = info.ssi_signo == SIGHUP ? SIGNALS_RELOAD : SIGNALS_STOP;
    return STATUS_OK;
}
