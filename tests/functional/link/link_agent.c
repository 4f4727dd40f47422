/* The real link without an agent: prints each result as a line, sends what it is told on stdin
 * ("send FILE", "reload CERT KEY CA", "threads", "quit"). Options come in pairs, as link_server's.
 */
#include <dirent.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/link/link.h"
#include "common/base/base.h"

static const char *const kinds[] = {"connected", "ack", "lost", "dial_failed"};

static void print_result(const struct link_result *result) {
    printf("%s", kinds[result->kind]);
    if (result->kind == LINK_ACK) {
        printf(" bytes=");
        for (size_t i = 0; i < result->length; i++) printf("%02x", result->bytes[i]);
    } else {
        printf(" status=%s had_request=%d retry_ms=%lld", status_name(result->status),
               result->had_request, (long long)result->retry_in.ms);
    }
    printf("\n");
}

static void send_file(struct link *link, const char *path) {
    static uint8_t bytes[LINK_MESSAGE_MAX + 1];
    FILE *file = fopen(path, "rb");
    size_t length = file != NULL ? fread(bytes, 1, sizeof bytes, file) : 0;
    if (file != NULL) fclose(file);
    printf("sent status=%s\n", status_name(link_send(link, bytes, length)));
}

static void print_threads(void) {
    DIR *tasks = opendir("/proc/self/task");
    int count = 0;
    for (struct dirent *task; tasks != NULL && (task = readdir(tasks)) != NULL;)
        count += task->d_name[0] != '.';
    if (tasks != NULL) closedir(tasks);
    printf("threads count=%d\n", count);
}

static void reload(struct link *link, char *words) {
    char problem[LINK_PROBLEM_BYTES] = "";
    const char *certificate = strtok(words, " ");
    const char *key = strtok(NULL, " ");
    const char *ca = strtok(NULL, " ");
    enum status status = link_reload(link, certificate, key, ca, problem);
    printf("reload status=%s problem=%s\n", status_name(status), problem);
}

/* False when there will be no more. */
static bool serve_command(struct link *link) {
    static char line[4 * 4096];
    size_t length = 0;
    while (length + 1 < sizeof line && read(0, line + length, 1) == 1 && line[length] != '\n')
        length++;
    line[length] = '\0';
    if (length == 0 || strcmp(line, "quit") == 0) return false;
    if (strncmp(line, "send ", 5) == 0) send_file(link, line + 5);
    if (strncmp(line, "reload ", 7) == 0) reload(link, line + 7);
    if (strcmp(line, "threads") == 0) print_threads();
    return true;
}

static void serve(struct link *link) {
    struct link_result result;
    struct pollfd fds[2] = {{.fd = link_fd(link), .events = POLLIN}, {.fd = 0, .events = POLLIN}};
    for (;;) {
        if (poll(fds, 2, -1) < 0) return;
        while (link_take(link, &result) == STATUS_OK) print_result(&result);
        if (fds[1].revents != 0 && !serve_command(link)) return;
    }
}

static void set(struct link_options *options, const char *name, const char *value) {
    struct duration span = duration_ms(strtol(value, NULL, 10));
    if (strcmp(name, "--url") == 0) options->url = value;
    if (strcmp(name, "--certificate") == 0) options->certificate_file = value;
    if (strcmp(name, "--key") == 0) options->key_file = value;
    if (strcmp(name, "--ca") == 0) options->ca_file = value;
    if (strcmp(name, "--name") == 0) options->server_name = value;
    if (strcmp(name, "--dial-min-ms") == 0) options->dial_min = span;
    if (strcmp(name, "--dial-max-ms") == 0) options->dial_max = span;
    if (strcmp(name, "--dial-ms") == 0) options->dial_timeout = span;
    if (strcmp(name, "--ack-ms") == 0) options->ack_timeout = span;
}

int main(int argc, char **argv) {
    struct link_options options = link_options_default();
    char problem[LINK_PROBLEM_BYTES] = "";
    struct link *link = NULL;
    for (int i = 1; i + 1 < argc; i += 2) set(&options, argv[i], argv[i + 1]);
    setvbuf(stdout, NULL, _IOLBF, 0);
    enum status status = link_create(&options, &link, problem);
    if (status) {
        printf("failed status=%s problem=%s\n", status_name(status), problem);
        return 1;
    }
    printf("created\n");
    serve(link);
    link_destroy(link);
    printf("destroyed\n");
    fflush(stdout);
    _exit(0); /* as the agent does: nng's exit handlers may hang */
}
