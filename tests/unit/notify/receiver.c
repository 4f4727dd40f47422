/* The scripted receiver: one connection, one request at a time. */
#include "tests/unit/notify/receiver.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static size_t body_length(const char *request) {
    const char *header = strstr(request, "Content-Length: ");
    return header == NULL ? 0 : (size_t)strtoul(header + 16, NULL, 10);
}

/* Reads one request; false when the peer went away. */
static int read_request(struct receiver *r, int fd) {
    char bytes[20000];
    size_t length = 0;
    for (;;) {
        ssize_t got = read(fd, bytes + length, sizeof bytes - 1 - length);
        if (got <= 0) return 0;
        length += (size_t)got;
        bytes[length] = '\0';
        const char *body = strstr(bytes, "\r\n\r\n");
        if (body == NULL || strlen(body + 4) < body_length(bytes)) continue;
        snprintf(r->last_body, sizeof r->last_body, "%s", body + 4);
        return 1;
    }
}

static void serve(struct receiver *r, int fd) {
    pthread_mutex_lock(&r->lock);
    if (!read_request(r, fd)) {
        pthread_mutex_unlock(&r->lock);
        return;
    }
    size_t which = r->requests < r->answer_count ? r->requests : r->answer_count - 1;
    enum answer_kind kind = r->kinds[which];
    const char *text = r->texts[which];
    r->requests++;
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
    if (kind == ANSWER_TEXT) (void)!write(fd, text, strlen(text));
    if (kind == ANSWER_HANG) { /* until the other side gives up */
        struct pollfd peer = {.fd = fd, .events = POLLIN};
        poll(&peer, 1, 5000);
    }
    if (kind == ANSWER_RESET) {
        struct linger now = {1, 0};
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    }
}

static void *run(void *argument) {
    struct receiver *r = argument;
    for (;;) {
        int fd = accept(r->listener, NULL, NULL);
        if (fd < 0) return NULL;
        serve(r, fd);
        close(fd);
    }
}

void receiver_start(struct receiver *r) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    memset(r, 0, sizeof *r);
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->changed, NULL);
    r->listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(r->listener, (struct sockaddr *)&address, size) != 0 || listen(r->listener, 8) != 0 ||
        getsockname(r->listener, (struct sockaddr *)&address, &size) != 0)
        abort();
    r->port = ntohs(address.sin_port);
    pthread_create(&r->thread, NULL, run, r);
}

void receiver_answer(struct receiver *r, enum answer_kind kind, const char *text) {
    r->kinds[r->answer_count] = kind;
    r->texts[r->answer_count++] = text;
}

void receiver_wait(struct receiver *r, size_t count) {
    pthread_mutex_lock(&r->lock);
    while (r->requests < count) pthread_cond_wait(&r->changed, &r->lock);
    pthread_mutex_unlock(&r->lock);
}

void receiver_stop(struct receiver *r) {
    shutdown(r->listener, SHUT_RDWR);
    pthread_join(r->thread, NULL);
    close(r->listener);
    pthread_cond_destroy(&r->changed);
    pthread_mutex_destroy(&r->lock);
}
