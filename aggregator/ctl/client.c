/* One question and one answer over a Unix socket. */
#include "aggregator/ctl/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/printable.h"
#include "common/json/json.h"
#include "common/sys/file.h"

#define HEAD_MAX 4096

static enum status connect_to(const char *path, struct duration timeout, int *fd_out) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval limit = {.tv_sec = timeout.ms / 1000, .tv_usec = timeout.ms % 1000 * 1000};
    if (text_copy(address.sun_path, sizeof address.sun_path, path) != STATUS_OK)
        return STATUS_UNREACHABLE;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return STATUS_IO;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        int error = errno;
        close(fd);
        return error == EACCES || error == EPERM ? STATUS_DENIED : STATUS_UNREACHABLE;
    }
    *fd_out = fd;
    return STATUS_OK;
}

static enum status send_all(int fd, const char *bytes, size_t length) {
    while (length > 0) {
        ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return STATUS_CLOSED;
        bytes += sent;
        length -= (size_t)sent;
    }
    return STATUS_OK;
}

/* One read; 0 bytes at the end. */
static enum status receive(int fd, char *bytes, size_t size, size_t *got_out) {
    ssize_t got;
    do got = recv(fd, bytes, size, 0);
    while (got < 0 && errno == EINTR);
    if (got < 0) return errno == EAGAIN ? STATUS_TIMEOUT : STATUS_CLOSED;
    *got_out = (size_t)got;
    return STATUS_OK;
}

static enum status read_head(const char *bytes, size_t length, struct client_answer *answer,
                             size_t *document_out) {
    struct json_doc *doc CLEANUP(json_cleanup) = NULL;
    int64_t code, size;
    enum status status = json_parse(bytes, length, HEAD_MAX, &doc);
    if (status == STATUS_OK) status = json_get_integer(json_root(doc), "exit", 0, 255, &code);
    if (status == STATUS_OK)
        status = json_get_integer(json_root(doc), "bytes", 0, CLIENT_ANSWER_MAX, &size);
    if (status == STATUS_OK)
        status =
            json_get_string(json_root(doc), "message", answer->message, sizeof answer->message);
    if (status != STATUS_OK) return STATUS_MALFORMED;
    char plain[sizeof answer->message];
    struct text text = text_over(plain, sizeof plain);
    printable_add(&text, answer->message, false);
    memcpy(answer->message, plain, sizeof plain);
    answer->exit_code = (int)code;
    *document_out = (size_t)size;
    return STATUS_OK;
}

static enum status read_answer(int fd, struct client_answer *answer) {
    char head[HEAD_MAX];
    size_t length = 0, got = 0, wanted = 0;
    const char *end = NULL;
    while (end == NULL) {
        if (length == sizeof head) return STATUS_MALFORMED;
        enum status status = receive(fd, head + length, sizeof head - length, &got);
        if (status != STATUS_OK) return status;
        if (got == 0) return STATUS_CLOSED;
        end = memchr(head + length, '\n', got);
        length += got;
    }
    enum status status = read_head(head, (size_t)(end - head), answer, &wanted);
    if (status != STATUS_OK) return status;
    answer->document = malloc(wanted + 1);
    if (answer->document == NULL) return STATUS_NO_MEMORY;
    answer->length = length - (size_t)(end - head) - 1;
    if (answer->length > wanted) return STATUS_MALFORMED;
    memcpy(answer->document, end + 1, answer->length);
    while (answer->length < wanted) {
        status = receive(fd, answer->document + answer->length, wanted - answer->length, &got);
        if (status != STATUS_OK) return status;
        if (got == 0) return STATUS_CLOSED;
        answer->length += got;
    }
    answer->document[wanted] = '\0';
    return STATUS_OK;
}

enum status client_ask(const char *path, const char *line, size_t length, struct duration timeout,
                       struct client_answer *answer_out) {
    int fd CLEANUP(file_close) = -1;
    struct client_answer answer = {.exit_code = 1};
    enum status status = connect_to(path, timeout, &fd);
    if (status == STATUS_OK) {
        /* An aggregator that refuses us answers without reading the request and closes: its answer
         * counts, not that sending failed. */
        if (send_all(fd, line, length) == STATUS_OK) IGNORE(send_all(fd, "\n", 1));
        status = read_answer(fd, &answer);
    }
    if (status != STATUS_OK) {
        free(answer.document);
        return status;
    }
    *answer_out = answer;
    return STATUS_OK;
}
