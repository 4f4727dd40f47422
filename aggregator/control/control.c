/* The control socket's life: its file, its workers, its end. Each worker accepts, serves and closes
 * one connection after the other; they share the options and the table of waiters (ask.c). */
#include "aggregator/control/control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "aggregator/control/control_private.h"
#include "aggregator/control/peer.h"
#include "aggregator/control/request.h"
#include "common/base/text.h"
#include "common/sys/clock.h"
#include "common/sys/error.h"
#include "common/sys/log.h"

#define LISTEN_BACKLOG  32
#define ACCEPT_RETRY_MS 200 /* after accept() failed for want of descriptors or memory */

const struct control_options *control_options(const struct control *control) {
    return &control->options;
}

/* Out of descriptors or memory: waits a little, or until the end. False = the server stops. */
static bool wait_a_little(struct control *control) {
    struct timespec until = sys_deadline(duration_ms(ACCEPT_RETRY_MS));
    int result = 0;
    pthread_mutex_lock(&control->lock);
    while (!control->stopping && result == 0)
        result = pthread_cond_timedwait(&control->changed, &control->lock, &until);
    bool go_on = !control->stopping;
    pthread_mutex_unlock(&control->lock);
    return go_on;
}

static void run_worker(void *argument) {
    struct control *control = argument;
    for (;;) {
        int fd = accept(control->listener, NULL, NULL);
        if (fd < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
        if (fd < 0 && wait_a_little(control)) continue;
        if (fd < 0) return;
        (void)fcntl(fd, F_SETFD, FD_CLOEXEC); /* cannot fail on an open descriptor */
        control_serve(control, fd);
        close(fd);
    }
}

static enum status fail(char *place_out, const char *path, enum status status) {
    struct text text = text_over(place_out, 256);
    text_add(&text, path);
    text_add(&text, ": ");
    text_add(&text, status == STATUS_BUSY     ? "another aggregator answers there"
                    : status == STATUS_EXISTS ? "exists and is not a socket"
                                              : status_text(status));
    return status;
}

/* A socket file nobody answers on is a leftover of a crash and is replaced; a live one is not, nor
 * is anything that is no socket. */
static enum status clear_stale(const struct sockaddr_un *address) {
    struct stat file;
    if (lstat(address->sun_path, &file) != 0)
        return errno == ENOENT ? STATUS_OK : sys_status(errno);
    if (!S_ISSOCK(file.st_mode)) return STATUS_EXISTS;
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe < 0) return sys_status(errno);
    int result = connect(probe, (const struct sockaddr *)address, sizeof *address);
    int error = errno;
    close(probe);
    if (result == 0 || error == EAGAIN) return STATUS_BUSY; /* EAGAIN: its queue is full */
    if (error != ECONNREFUSED) return sys_status(error);
    return unlink(address->sun_path) == 0 || errno == ENOENT ? STATUS_OK : sys_status(errno);
}

/* The group whose members may connect at all: who may act but not read is let in by no one. */
static void give_to_group(const struct control_options *o) {
    const char *name = o->read_group[0] != '\0' ? o->read_group : o->act_group;
    gid_t group;
    if (name[0] == '\0') return;
    bool known = peer_find_group(name, &group) == STATUS_OK;
    if (known && chown(o->socket_path, (uid_t)-1, group) == 0 && chmod(o->socket_path, 0660) == 0)
        return;
    log_event(LOG_LEVEL_WARNING, "control.group_not_set", log_string("socket", o->socket_path),
              log_string("group", name),
              known ? log_errno("error", errno) : log_string("error", "no such group"),
              log_string("instead", "only root and the aggregator's own user may connect"));
}

static enum status bind_socket(struct control *control, char *place_out) {
    const char *path = control->options.socket_path;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    enum status status = text_copy(address.sun_path, sizeof address.sun_path, path);
    if (status == STATUS_OK) status = clear_stale(&address);
    if (status != STATUS_OK) return fail(place_out, path, status);
    control->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (control->listener < 0) return fail(place_out, path, sys_status(errno));
    /* On Linux the file takes the socket's mode: owner only from its first moment (S6); the group's
     * bits come after the file belongs to the group. */
    if (fchmod(control->listener, 0600) != 0 ||
        bind(control->listener, (struct sockaddr *)&address, sizeof address) != 0)
        return fail(place_out, path, sys_status(errno));
    control->bound = true;
    give_to_group(&control->options);
    if (listen(control->listener, LISTEN_BACKLOG) != 0)
        return fail(place_out, path, sys_status(errno));
    return STATUS_OK;
}

static bool copy_strings(struct control_options *o) {
    const char **strings[] = {&o->socket_path,    &o->read_group,  &o->act_group,
                              &o->audit_database, &o->audit_heads, &o->audit_public_key};
    bool good = true;
    for (size_t i = 0; i < ARRAY_LENGTH(strings); i++) {
        *strings[i] = strdup(*strings[i] == NULL ? "" : *strings[i]);
        good = good && *strings[i] != NULL;
    }
    return good;
}

static void init_lock(struct control *control) {
    pthread_condattr_t attributes;
    pthread_mutex_init(&control->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&control->changed, &attributes);
    pthread_condattr_destroy(&attributes);
}

enum status control_create(const struct control_options *options, struct control **control_out,
                           char *place_out) {
    struct control *control = calloc(1, sizeof *control);
    place_out[0] = '\0';
    if (control == NULL) return STATUS_NO_MEMORY;
    control->options = *options;
    control->listener = -1;
    init_lock(control);
    enum status status = copy_strings(&control->options) ? STATUS_OK : STATUS_NO_MEMORY;
    if (status == STATUS_OK) status = bind_socket(control, place_out);
    for (size_t i = 0; i < CONTROL_WORKERS && status == STATUS_OK; i++)
        status = thread_start(&control->workers[i], "ear-control", 0, run_worker, control);
    if (status != STATUS_OK) {
        control_destroy(control);
        return status;
    }
    *control_out = control;
    return STATUS_OK;
}

void control_stop(struct control *control) {
    if (control == NULL) return;
    pthread_mutex_lock(&control->lock);
    control->stopping = true;
    pthread_cond_broadcast(&control->changed);
    pthread_mutex_unlock(&control->lock);
    if (control->bound) unlink(control->options.socket_path);
    control->bound = false;
    if (control->listener >= 0) shutdown(control->listener, SHUT_RDWR);
    for (size_t i = 0; i < CONTROL_WORKERS; i++) thread_join(&control->workers[i]);
    if (control->listener >= 0) close(control->listener);
    control->listener = -1;
}

void control_destroy(struct control *control) {
    if (control == NULL) return;
    control_stop(control);
    const struct control_options *o = &control->options;
    const char *const strings[] = {o->socket_path,    o->read_group,  o->act_group,
                                   o->audit_database, o->audit_heads, o->audit_public_key};
    for (size_t i = 0; i < ARRAY_LENGTH(strings); i++) free((char *)strings[i]);
    pthread_cond_destroy(&control->changed);
    pthread_mutex_destroy(&control->lock);
    free(control);
}
