/* The server under test and the engine's part, played. */
#include "tests/unit/control/rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/support/unit.h"

static enum status post(void *context, struct event *event) {
    struct rig *rig = context;
    if (rig->mode == RIG_FULL) {
        free(event);
        return STATUS_FULL;
    }
    enum status status = queue_push(rig->events, &event, QUEUE_HIGH);
    if (status != STATUS_OK) free(event);
    return status;
}

static enum status post_from_rows(void *context, struct event *event) {
    (void)context;
    free(event);
    return STATUS_OK;
}

static void show_config(void *context, struct text *out) {
    (void)context;
    text_add(out, "dry_run = true  # default\n");
}

static struct fleet_snapshot *make_snapshot(void) {
    struct fleet_snapshot *s = calloc(1, sizeof *s);
    s->members = calloc(2, sizeof *s->members);
    s->count = 2;
    s->store_usable = true;
    static const char *const names[] = {"db-1", "web-7"};
    static const char *const ids[] = {"i-0123456789abcdef1", "i-0123456789abcdef0"};
    for (size_t i = 0; i < 2; i++) {
        snprintf(s->members[i].facts.id.text, sizeof s->members[i].facts.id.text, "%s", ids[i]);
        snprintf(s->members[i].facts.name, sizeof s->members[i].facts.name, "%s", names[i]);
        s->members[i].state = i == 0 ? MEMBER_UNHEALTHY : MEMBER_HEALTHY;
        s->members[i].since_report = duration_ms(-1);
    }
    return s;
}

static void reply_to(struct rig *rig, const struct event *event) {
    static const char *const verbs[OPERATOR_VERB_COUNT] = {"snapshot", "recover", "pause", "resume",
                                                           "acknowledge"};
    const struct event_operator *o = &event->operator;
    struct effect_reply reply = {.token = o->token};
    if (o->verb == OPERATOR_SNAPSHOT) {
        reply.snapshot = make_snapshot();
    } else {
        rig->last = *o;
        rig->last_instance = event->instance;
        snprintf(reply.text, sizeof reply.text, "%s by %s\n", verbs[o->verb], o->actor);
        reply.exit_code = o->verb == OPERATOR_RECOVER && o->reason[0] == '\0' ? 6 : 0;
    }
    if (rig->mode == RIG_TWICE) {
        struct effect_reply other = {.token = o->token + 1000, .snapshot = make_snapshot()};
        struct effect_reply nobody = {.token = 0, .snapshot = make_snapshot()};
        control_reply(rig->control, &other);
        control_reply(rig->control, &nobody);
    }
    struct effect_reply again = reply;
    if (reply.snapshot != NULL) again.snapshot = make_snapshot();
    control_reply(rig->control, &reply);
    if (rig->mode == RIG_TWICE)
        control_reply(rig->control, &again);
    else if (again.snapshot != NULL) {
        free(again.snapshot->members);
        free(again.snapshot);
    }
}

static void run_engine(void *argument) {
    struct rig *rig = argument;
    struct event *event;
    while (queue_wait(rig->events, &event, duration_ms(-1)) == STATUS_OK) {
        if (rig->mode != RIG_SILENT) reply_to(rig, event);
        free(event);
    }
}

struct control_options rig_options(struct rig *rig, struct duration io_timeout,
                                   struct duration engine_timeout) {
    return (struct control_options){.socket_path = rig->socket,
                                    .read_group = "",
                                    .act_group = "",
                                    .io_timeout = io_timeout,
                                    .engine_timeout = engine_timeout,
                                    .store = rig->store,
                                    .rows = rig->rows,
                                    .audit_database = "/nonexistent/intents.db",
                                    .audit_heads = "/nonexistent/audit.heads",
                                    .audit_public_key = "/nonexistent/key.pub",
                                    .post = post,
                                    .show_config = show_config,
                                    .context = rig};
}

struct rig *rig_create(enum rig_engine mode, struct duration io_timeout,
                       struct duration engine_timeout) {
    struct rig *rig = calloc(1, sizeof *rig);
    struct rows_options rows = rows_options_default();
    assert_non_null(rig);
    rig->mode = mode;
    snprintf(rig->folder, sizeof rig->folder, "/tmp/ear-control-XXXXXX");
    assert_non_null(mkdtemp(rig->folder));
    snprintf(rig->socket, sizeof rig->socket, "%s/control.sock", rig->folder);
    rows.state_directory = NULL;
    rows.instances_max = 4;
    rows.predict = false;
    rows.post = post_from_rows;
    assert_ok(rows_create(&rows, &rig->rows));
    assert_ok(store_open_memory(&rig->store));
    assert_ok(queue_create(sizeof(struct event *), 64, 8, &rig->events));
    struct control_options options = rig_options(rig, io_timeout, engine_timeout);
    assert_ok(control_create(&options, &rig->control, rig->place));
    assert_ok(thread_start(&rig->engine, "fake-engine", 0, run_engine, rig));
    return rig;
}

void rig_destroy(struct rig *rig) {
    struct event *event;
    control_destroy(rig->control);
    queue_close(rig->events);
    thread_join(&rig->engine);
    while (queue_pop(rig->events, &event) == STATUS_OK) free(event);
    queue_destroy(rig->events);
    rows_destroy(rig->rows);
    store_destroy(rig->store);
    unlink(rig->socket);
    rmdir(rig->folder);
    free(rig);
}

enum status rig_ask(struct rig *rig, const char *line, struct client_answer *answer_out) {
    return client_ask(rig->socket, line, strlen(line), duration_s(5), answer_out);
}

int rig_connect(struct rig *rig) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    memcpy(address.sun_path, rig->socket, strlen(rig->socket) + 1);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
    close(fd);
    return -1;
}
