/* One connection of the control socket, from its first byte to the answer's last. Reading the
 * request and writing the answer each have one deadline as a whole, so that a peer that drips bytes
 * cannot hold a worker. Worker's thread; owns the request and the document. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "aggregator/control/control_private.h"
#include "aggregator/control/peer.h"
#include "aggregator/control/request.h"
#include "common/base/json_write.h"
#include "common/sys/clock.h"
#include "common/sys/exit.h"
#include "common/sys/log.h"

/* A message escaped at worst (six bytes for one) and the rest of the head; the client's bound is
 * the same. */
#define HEAD_SIZE 4096

static bool wait_for(int fd, short events, struct boot_time until) {
    for (;;) {
        struct duration left = boot_since(until, sys_now().boot);
        struct pollfd ready = {.fd = fd, .events = events};
        if (left.ms <= 0) return false;
        int result = poll(&ready, 1, left.ms > 60000 ? 60000 : (int)left.ms);
        if (result > 0) return true;
        if (result < 0 && errno != EINTR) return false;
    }
}

static bool write_all(int fd, const char *bytes, size_t length, struct boot_time until) {
    while (length > 0) {
        ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0 && (errno != EAGAIN || !wait_for(fd, POLLOUT, until))) return false;
        if (sent < 0) continue;
        bytes += sent;
        length -= (size_t)sent;
    }
    return true;
}

static void answer(const struct control *control, int fd, int exit_code, const char *message,
                   const struct text *document) {
    struct boot_time until = boot_add(sys_now().boot, control->options.io_timeout);
    char head[HEAD_SIZE];
    struct text text = text_over(head, sizeof head);
    struct json_writer json = json_writer_over(&text);
    json_open_object(&json, NULL);
    json_integer(&json, "exit", exit_code);
    json_integer(&json, "bytes", document == NULL ? 0 : (int64_t)document->length);
    json_string(&json, "message", message);
    json_close_object(&json);
    text_add(&text, "\n");
    ASSERT(!text.truncated);
    /* A client that went away, or reads too slowly, gets no more: there is nobody to tell. */
    if (write_all(fd, head, text.length, until) && document != NULL)
        (void)write_all(fd, document->data, document->length, until);
}

/* Reads up to the newline. STATUS_TIMEOUT, STATUS_CLOSED, STATUS_TOO_LARGE. */
static enum status read_line(int fd, struct boot_time until, char *bytes, size_t size,
                             size_t *length_out) {
    for (size_t length = 0; length < size;) {
        if (!wait_for(fd, POLLIN, until)) return STATUS_TIMEOUT;
        ssize_t got = recv(fd, bytes + length, size - length, MSG_DONTWAIT);
        if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (got <= 0) return STATUS_CLOSED;
        const char *end = memchr(bytes + length, '\n', (size_t)got);
        length += (size_t)got;
        if (end == NULL) continue;
        *length_out = (size_t)(end - bytes);
        return STATUS_OK;
    }
    return STATUS_TOO_LARGE;
}

static const char *explain(enum status status) {
    if (status == STATUS_TOO_LARGE) return "the request is larger than 8 KiB";
    return status == STATUS_TIMEOUT ? "no whole request came in time" : "no whole request came";
}

static void run_request(struct control *control, int fd, struct request *request) {
    char *document = malloc(CONTROL_ANSWER_MAX); /* pages are touched only as far as it is filled */
    if (document == NULL) {
        answer(control, fd, EXIT_CODE_FAILED, "out of memory", NULL);
        return;
    }
    struct text out = text_over(document, CONTROL_ANSWER_MAX);
    int exit_code = handle_request(request, &out);
    if (out.truncated)
        answer(control, fd, EXIT_CODE_FAILED, "the answer is too large; narrow the question", NULL);
    else
        answer(control, fd, exit_code, request->message, &out);
    free(document);
}

/* Says no to a peer that may not read, without reading a byte of it. */
static bool admit(struct control *control, int fd, struct peer *peer) {
    const struct control_options *o = &control->options;
    if (peer_identify(fd, o->read_group, o->act_group, peer) != STATUS_OK) {
        answer(control, fd, EXIT_CODE_NOT_AUTHORISED, "your user cannot be identified", NULL);
        return false;
    }
    if (peer->may_read) return true;
    char message[256];
    struct text text = text_over(message, sizeof message);
    text_add(&text, "not permitted: your user is not in the group that may read");
    if (o->read_group[0] != '\0') text_add(&text, ", ");
    text_add(&text, o->read_group);
    log_event(LOG_LEVEL_WARNING, "control.denied", log_string("user", peer->name),
              log_unsigned("uid", peer->uid));
    answer(control, fd, EXIT_CODE_NOT_AUTHORISED, message, NULL);
    return false;
}

void control_serve(struct control *control, int fd) {
    struct boot_time until = boot_add(sys_now().boot, control->options.io_timeout);
    char line[CONTROL_REQUEST_MAX];
    size_t length = 0;
    struct peer peer;
    if (!admit(control, fd, &peer)) return;
    enum status status = read_line(fd, until, line, sizeof line, &length);
    if (status != STATUS_OK) {
        answer(control, fd, EXIT_CODE_USAGE, explain(status), NULL);
        return;
    }
    struct request request CLEANUP(request_fini) = {.control = control};
    request.uid = peer.uid;
    request.may_act = peer.may_act;
    IGNORE(text_copy(request.actor, sizeof request.actor, peer.name)); /* of the same size */
    if (request_read(line, length, &request) == STATUS_OK)
        run_request(control, fd, &request);
    else
        answer(control, fd, EXIT_CODE_USAGE, request.message, NULL);
}
