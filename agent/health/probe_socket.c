/* Probes over a socket: connect, perhaps TLS, send, receive. Non-blocking throughout. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/health/probe.h"
#include "common/base/text.h"
#include "common/sys/error.h"

static enum status say_errno(struct probe *probe, int error) {
    /* Own words for the common ones: strerror's depend on the C library. */
    const char *text = error == ECONNREFUSED                           ? "connection refused"
                       : error == ECONNRESET                           ? "connection reset"
                       : error == EHOSTUNREACH || error == ENETUNREACH ? "no route"
                       : error == ETIMEDOUT                            ? "connection timed out"
                       : error == ENOENT                               ? "no socket there"
                       : error == EACCES                               ? "not permitted"
                                                                       : NULL;
    if (text != NULL)
        (void)snprintf(probe->detail, sizeof probe->detail, "%s", text);
    else
        (void)snprintf(probe->detail, sizeof probe->detail, "socket error %d", error);
    return sys_status(error);
}

static enum status start(struct probe *probe, int family, const struct sockaddr *address,
                         socklen_t length) {
    probe->phase = PROBE_CONNECT;
    probe->events = POLLOUT;
    probe->fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe->fd < 0) return say_errno(probe, errno);
    if (connect(probe->fd, address, length) == 0 || errno == EINPROGRESS) return STATUS_AGAIN;
    return say_errno(probe, errno);
}

enum status probe_connect(struct probe *probe, const struct address *address) {
    return start(probe, address->socket.ss_family, (const struct sockaddr *)&address->socket,
                 address->socket_length);
}

enum status probe_connect_local(struct probe *probe, const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (text_copy(address.sun_path, sizeof address.sun_path, path) != STATUS_OK)
        return probe_say(probe, STATUS_TOO_LARGE, "path of the bus socket is too long");
    return start(probe, AF_UNIX, (const struct sockaddr *)&address, sizeof address);
}

static bool is_ready(const struct probe *probe) {
    struct pollfd entry = {.fd = probe->fd, .events = probe->events};
    return poll(&entry, 1, 0) > 0;
}

/* AGAIN until the connection stands; OK once it does. */
enum status probe_finish_connect(struct probe *probe) {
    int error = 0;
    socklen_t length = sizeof error;
    if (!is_ready(probe)) return STATUS_AGAIN;
    if (getsockopt(probe->fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0) error = errno;
    return error == 0 ? STATUS_OK : say_errno(probe, error);
}

static void want(struct probe *probe, bool to_write) {
    probe->events = to_write ? POLLOUT : POLLIN;
}

static enum status send_some(struct probe *probe, size_t *written_out) {
    const char *bytes = probe->request + probe->sent;
    size_t length = probe->request_length - probe->sent;
    bool wants_write = true;
    if (probe->tls != NULL) {
        enum status status = tls_write(probe->tls, bytes, length, written_out, &wants_write);
        want(probe, wants_write);
        return status;
    }
    ssize_t sent = send(probe->fd, bytes, length, MSG_NOSIGNAL);
    want(probe, true);
    if (sent < 0) return errno == EAGAIN ? STATUS_AGAIN : say_errno(probe, errno);
    *written_out = (size_t)sent;
    return STATUS_OK;
}

enum status probe_send(struct probe *probe) {
    while (probe->sent < probe->request_length) {
        size_t written = 0;
        enum status status = send_some(probe, &written);
        if (status != STATUS_OK) return status;
        probe->sent += written;
    }
    want(probe, false);
    return STATUS_OK;
}

enum status probe_receive(struct probe *probe) {
    size_t room = sizeof probe->buffer - probe->filled, got = 0;
    bool wants_write = false;
    if (room == 0) return STATUS_TOO_LARGE;
    if (probe->tls != NULL) {
        enum status status =
            tls_read(probe->tls, probe->buffer + probe->filled, room, &got, &wants_write);
        want(probe, wants_write);
        if (status != STATUS_OK) return status;
    } else {
        ssize_t result = recv(probe->fd, probe->buffer + probe->filled, room, 0);
        want(probe, false);
        if (result < 0) return errno == EAGAIN ? STATUS_AGAIN : say_errno(probe, errno);
        if (result == 0) return STATUS_CLOSED;
        got = (size_t)result;
    }
    probe->filled += got;
    return STATUS_OK;
}

static enum status shake_hands(struct probe *probe) {
    bool wants_write = false;
    enum status status = STATUS_OK;
    if (probe->tls == NULL) status = tls_create(probe->fd, &probe->tls);
    if (status == STATUS_OK) status = tls_handshake(probe->tls, &wants_write);
    want(probe, wants_write);
    if (status == STATUS_OK || status == STATUS_AGAIN) return status;
    return probe_say(probe, status, "TLS handshake failed");
}

static enum status judge(struct probe *probe, const struct health_check *check, int answer) {
    bool good =
        check->expect_status != 0 ? answer == check->expect_status : answer >= 200 && answer < 400;
    if (good) return STATUS_OK;
    if (check->expect_status != 0)
        (void)snprintf(probe->detail, sizeof probe->detail, "status %d, wanted %d", answer,
                       check->expect_status);
    else
        (void)snprintf(probe->detail, sizeof probe->detail, "status %d, wanted 200 to 399", answer);
    return STATUS_UNAVAILABLE;
}

/* Reads until the answer's head is whole. */
static enum status receive_answer(struct probe *probe, const struct health_check *check) {
    for (;;) {
        int answer;
        enum status got = probe_receive(probe);
        if (got == STATUS_AGAIN) return got;
        if (got != STATUS_OK && got != STATUS_CLOSED && got != STATUS_TOO_LARGE) {
            if (probe->tls != NULL) return probe_say(probe, got, "TLS failed");
            return got;
        }
        enum status status = http_parse(probe->buffer, probe->filled, &answer);
        if (status == STATUS_OK) return judge(probe, check, answer);
        if (status == STATUS_MALFORMED) return probe_say(probe, status, "answer is not HTTP/1");
        if (status == STATUS_TOO_LARGE || got == STATUS_TOO_LARGE)
            return probe_say(probe, STATUS_TOO_LARGE, "headers of the answer are over 8 KiB");
        if (got == STATUS_CLOSED)
            return probe_say(probe, STATUS_CLOSED, "connection closed before an answer");
    }
}

enum status probe_step_socket(struct probe *probe, const struct health_check *check) {
    enum status status = STATUS_OK;
    if (probe->phase == PROBE_CONNECT) {
        status = probe_finish_connect(probe);
        if (status != STATUS_OK || check->kind == HEALTH_TCP) return status;
        bool tls = strncmp(check->target, "https:", 6) == 0;
        probe->phase = tls ? PROBE_HANDSHAKE : PROBE_SEND;
    }
    if (probe->phase == PROBE_HANDSHAKE) {
        status = shake_hands(probe);
        if (status != STATUS_OK) return status;
        probe->phase = PROBE_SEND;
    }
    if (probe->phase == PROBE_SEND) {
        status = probe_send(probe);
        if (status == STATUS_AGAIN) return status;
        /* A server that answers without reading, as with 503, may have closed its side already. */
        probe->phase = PROBE_RECEIVE;
    }
    return receive_answer(probe, check);
}
