/* See listen.h. No data; any thread. */
#include "aggregator/ingest/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/sys/error.h"
#include "common/sys/file.h"

#define BACKLOG 1024 /* connections the kernel holds for us; it cuts to net.core.somaxconn */

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static enum status parse(const char *text, uint16_t port, union address *address_out,
                         socklen_t *length_out) {
    union address address;
    memset(&address, 0, sizeof address);
    if (inet_pton(AF_INET, text, &address.v4.sin_addr) == 1) {
        address.v4.sin_family = AF_INET;
        address.v4.sin_port = htons(port);
        *length_out = sizeof address.v4;
    } else if (inet_pton(AF_INET6, text, &address.v6.sin6_addr) == 1) {
        address.v6.sin6_family = AF_INET6;
        address.v6.sin6_port = htons(port);
        *length_out = sizeof address.v6;
    } else {
        return STATUS_MALFORMED;
    }
    *address_out = address;
    return STATUS_OK;
}

static bool is_loopback(const union address *address) {
    if (address->any.sa_family == AF_INET6) return IN6_IS_ADDR_LOOPBACK(&address->v6.sin6_addr);
    return ntohl(address->v4.sin_addr.s_addr) >> 24 == 127;
}

static enum status bind_status(int error) {
    if (error == EADDRINUSE) return STATUS_BUSY;
    if (error == EADDRNOTAVAIL) return STATUS_NOT_FOUND;
    return sys_status(error);
}

/* S15: the option that lets several listeners share the port reads back. */
static bool shares_port(int fd) {
    int value = 0;
    socklen_t length = sizeof value;
    return getsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &value, &length) == 0 && value == 1;
}

/* Without SO_REUSEPORT for a sole listener, so that a second program on the port is refused. */
static enum status open_one(const union address *address, socklen_t length, bool share,
                            int *fd_out) {
    const int on = 1;
    CLEANUP(file_close)
    int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return sys_status(errno);
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) return sys_status(errno);
    if (share && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0)
        return sys_status(errno);
    if (share && !shares_port(fd)) return STATUS_INTERNAL;
    if (bind(fd, &address->any, length) != 0) return bind_status(errno);
    *fd_out = fd;
    fd = -1;
    return STATUS_OK;
}

static enum status read_port(int fd, union address *address) {
    union address bound;
    socklen_t length = sizeof bound;
    if (getsockname(fd, &bound.any, &length) != 0) return sys_status(errno);
    if (bound.any.sa_family == AF_INET6)
        address->v6.sin6_port = bound.v6.sin6_port;
    else
        address->v4.sin_port = bound.v4.sin_port;
    return STATUS_OK;
}

static enum status listen_all(const int *fds, unsigned count) {
    for (unsigned i = 0; i < count; i++)
        if (listen(fds[i], BACKLOG) != 0) return bind_status(errno);
    return STATUS_OK;
}

enum status listen_open(const char *address, uint16_t port, bool loopback, unsigned count,
                        int *fds_out, uint16_t *port_out) {
    union address bound;
    socklen_t length = 0;
    unsigned opened = 0;
    enum status status = parse(address, port, &bound, &length);
    if (status) return status;
    if (loopback && !is_loopback(&bound)) return STATUS_REFUSED;
    for (; !status && opened < count; opened += !status) {
        status = open_one(&bound, length, count > 1, &fds_out[opened]);
        if (!status) status = read_port(fds_out[opened], &bound);
    }
    if (!status) status = listen_all(fds_out, count);
    if (status) {
        while (opened > 0) file_close(&fds_out[--opened]);
        return status;
    }
    bool v6 = bound.any.sa_family == AF_INET6;
    *port_out = ntohs(v6 ? bound.v6.sin6_port : bound.v4.sin_port);
    return STATUS_OK;
}
