/* The composition root's body. It owns every edge; the main thread builds, reloads and stops it,
 * and the edges' threads reach each other only through the functions wired here. */
#include "aggregator/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aggregator/attempts.h"
#include "aggregator/calls.h"
#include "aggregator/control/control.h"
#include "aggregator/engine/loop.h"
#include "aggregator/engine/restore.h"
#include "aggregator/expiry.h"
#include "aggregator/poller.h"
#include "aggregator/publish.h"
#include "aggregator/settings.h"
#include "aggregator/sink.h"
#include "common/sys/clock.h"
#include "common/sys/error.h"
#include "common/sys/file.h"
#include "common/sys/log.h"
#include "common/sys/random.h"

#define ACCOUNT_WAIT_S   5
#define CONTROL_IO_S     5
#define CONTROL_ENGINE_S 10
#define PATH_PARTS_SIZE  (FILE_PATH_SIZE)

struct daemon {
    const char *config_path;
    struct aggregator_config *config; /* owned; replaced by the main thread on reload */
    pthread_mutex_t lock;
    struct config_load *load; /* owned; guarded by lock, as what follows */
    struct notify *notify;    /* replaced on reload */
    struct store *store;
    struct aws *aws;
    struct attempts attempts; /* the aws thread's */
    struct calls calls;
    struct poller *poller;
    struct engine_options engine_options;
    struct engine_loop *loop;
    struct rows *rows;
    struct control *control;
    struct sink sink;
    struct ingest *ingest;               /* NULL while no certificate is configured */
    enum expiry_stage certificate_stage; /* the main thread's, as said last */
    uint64_t random;
    char store_directory[PATH_PARTS_SIZE], database[PATH_PARTS_SIZE], heads[PATH_PARTS_SIZE];
    char audit_key[PATH_PARTS_SIZE], audit_public_key[PATH_PARTS_SIZE];
    /* Copies that other threads read: `config` is replaced on reload. */
    char pause_file[AGGREGATOR_PATH_SIZE], endpoint[AGGREGATOR_URL_SIZE];
};

static enum status fail(const char *what, const char *place, enum status status) {
    log_event(LOG_LEVEL_ERROR, what, log_string("place", place), log_status("status", status),
              log_string("reason", status_text(status)));
    return status;
}

/* --- the store --- */

static enum status join_path(char *out, const char *folder, const char *name) {
    struct text text = text_over(out, PATH_PARTS_SIZE);
    text_add(&text, folder);
    text_add(&text, "/");
    text_add(&text, name);
    return text.truncated ? STATUS_TOO_LARGE : STATUS_OK;
}

static enum status make_folder(const char *path) {
    if (mkdir(path, 0700) == 0 || errno == EEXIST) return STATUS_OK;
    return fail("state.failed", path, sys_status(errno));
}

static enum status choose_paths(struct daemon *d) {
    const char *state = d->config->state_directory;
    char keys[PATH_PARTS_SIZE];
    enum status status = join_path(d->store_directory, state, "store");
    if (status == STATUS_OK) status = join_path(keys, state, "keys");
    if (status == STATUS_OK) status = join_path(d->audit_key, keys, "audit.pem");
    if (status == STATUS_OK) status = join_path(d->audit_public_key, keys, "audit.pem.pub");
    if (status == STATUS_OK)
        status = join_path(d->database, d->store_directory, STORE_INTENTS_FILE);
    if (status == STATUS_OK) status = join_path(d->heads, d->store_directory, STORE_HEADS_FILE);
    if (status != STATUS_OK) return fail("state.failed", state, status);
    status = make_folder(state);
    return status == STATUS_OK ? make_folder(keys) : status;
}

static enum status open_store(struct daemon *d) {
    char host[48] = "aggregator", place[256];
    IGNORE(gethostname(host, sizeof host)); /* the name of the chain only */
    host[sizeof host - 1] = '\0';
    struct store_options options = {.directory = d->store_directory,
                                    .audit_key_file = d->audit_key,
                                    .writer = host,
                                    .checkpoint = d->config->audit_checkpoint_interval};
    options.table_names[RECORD_RECOVERY_EVENTS] = d->config->recovery_events_table;
    options.table_names[RECORD_PREDICTION_EVENTS] = d->config->prediction_events_table;
    options.table_names[RECORD_INSTANCE_CONFIG] = d->config->instance_config_table;
    enum status status = store_open_sqlite(&options, &d->store, place);
    if (status != STATUS_CORRUPT)
        return status == STATUS_OK ? status : fail("store.failed", place, status);
    /* F44: set aside, begin anew, and do nothing until a person has looked: the pause says so. */
    log_event(LOG_LEVEL_ERROR, "store.corrupt", log_string("place", place),
              log_string("instead", "files are set aside as *.corrupt-*; a new store is begun and "
                                    "automatic recovery is paused until `earctl resume`"));
    status = store_set_aside(d->store_directory, sys_now().wall);
    if (status == STATUS_OK) status = store_open_sqlite(&options, &d->store, place);
    if (status != STATUS_OK) return fail("store.failed", place, status);
    static const char reason[] = "the store was corrupt and was begun anew\n";
    status = file_write_atomic(d->config->pause_file, reason, sizeof reason - 1, 0640);
    return status == STATUS_OK ? status : fail("pause.failed", d->config->pause_file, status);
}

/* --- what the engine's effects reach --- */

static enum status post_event(void *context, struct event *event) {
    struct daemon *d = context;
    return engine_post(d->loop, event);
}

/* Whether a call's answer says that what we did to the instance is over. A restart is over when its
 * command has ended, or cannot be found; a boot brings the agent's own grace. */
static bool ends_action(const struct call_result *result) {
    switch (result->kind) {
    case CALL_RUN_DOCUMENT:
        return result->status != STATUS_OK && result->status != STATUS_UNKNOWN_OUTCOME;
    case CALL_FIND_RUN: return result->status == STATUS_OK && !result->found;
    case CALL_POLL_RUN:
        return result->status == STATUS_OK && result->run != RUN_UNKNOWN &&
               result->run != RUN_PENDING && result->run != RUN_IN_PROGRESS;
    case CALL_REBOOT:
    case CALL_STOP:
    case CALL_STOP_FORCE:
    case CALL_START: return true;
    case CALL_DESCRIBE:
    case CALL_COUNT: return false;
    }
    return false;
}

/* For answers of calls: the grace that edge_call() began ends before the engine hears of it, so
 * that its proof rests on checks that count. */
static enum status post_answer(void *context, struct event *event) {
    struct daemon *d = context;
    if (event->kind == EVENT_CALL_DONE && d->rows != NULL && ends_action(&event->call))
        rows_set_grace(d->rows, &event->call.instance, false);
    return engine_post(d->loop, event);
}

static enum status edge_call(void *context, const struct call *call) {
    struct daemon *d = context;
    if (call_mutates(call->kind)) rows_set_grace(d->rows, &call->instance, true);
    return calls_submit(&d->calls, call);
}

static void edge_reply(void *context, struct effect_reply *reply) {
    struct daemon *d = context;
    if (d->control != NULL) {
        control_reply(d->control, reply);
        return;
    }
    snapshot_destroy(reply->snapshot);
    reply->snapshot = NULL;
}

static void edge_log(void *context, const struct effect_log *log) {
    static const enum log_level levels[] = {[EFFECT_LEVEL_INFO] = LOG_LEVEL_INFO,
                                            [EFFECT_LEVEL_WARNING] = LOG_LEVEL_WARNING,
                                            [EFFECT_LEVEL_ERROR] = LOG_LEVEL_ERROR};
    (void)context;
    log_event(levels[log->level], log->event, log_string("instance", log->instance.text),
              log_string("recovery", log->incident.text), log_string("rule", log->rule),
              log_string("from", log->old_state), log_string("to", log->new_state),
              log_string("text", log->text));
}

static void edge_notify(void *context) {
    struct daemon *d = context;
    pthread_mutex_lock(&d->lock);
    if (d->notify != NULL) notify_wake(d->notify);
    pthread_mutex_unlock(&d->lock);
}

static void edge_poll(void *context) {
    struct daemon *d = context;
    if (d->poller != NULL) poller_wake(d->poller);
}

static void edge_pause_file(void *context, bool present, const char *reason) {
    struct daemon *d = context;
    const char *path = d->pause_file;
    enum status status = STATUS_OK;
    if (present)
        status = file_write_atomic(path, reason, strlen(reason), 0640);
    else if (unlink(path) != 0 && errno != ENOENT)
        status = sys_status(errno);
    if (status != STATUS_OK)
        log_event(LOG_LEVEL_ERROR, "pause.file_failed", log_string("file", path),
                  log_status("status", status),
                  log_string("instead", "the pause holds by the store's record"));
}

static void show_config(void *context, struct text *out) {
    struct daemon *d = context;
    char *bytes = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&bytes, &length);
    if (stream == NULL) return;
    pthread_mutex_lock(&d->lock);
    enum status status = config_load_print(d->load, stream);
    pthread_mutex_unlock(&d->lock);
    if (fclose(stream) == 0 && status == STATUS_OK) text_add_bytes(out, bytes, length);
    free(bytes);
}

/* --- AWS --- */

/* Our own setting for the endpoint stands in the place of the SDKs' variable. */
static const char *get_environment(void *context, const char *name) {
    struct daemon *d = context;
    if (strcmp(name, "AWS_ENDPOINT_URL") == 0 && d->endpoint[0] != '\0') return d->endpoint;
    return getenv(name);
}

static enum status start_aws(struct daemon *d) {
    struct aws_options options = {.region = d->config->aws_region,
                                  .environment = {get_environment, d},
                                  .observer = attempts_observe,
                                  .observer_context = &d->attempts};
    enum status status = aws_create(&options, &d->aws);
    if (status != STATUS_OK) return fail("aws.failed", d->config->aws_region, status);
    d->calls = (struct calls){.aws = d->aws, .post = post_answer, .context = d};
    struct text document = text_over(d->calls.document, sizeof d->calls.document);
    text_add(&document, d->config->project_name);
    text_add(&document, "-restart-services");
    return STATUS_OK;
}

static void find_account(struct daemon *d) {
    char *account = d->engine_options.account;
    if (account[0] != '\0') return;
    enum status status = publish_find_account(d->aws, duration_s(ACCOUNT_WAIT_S), account);
    if (status != STATUS_OK)
        log_event(LOG_LEVEL_WARNING, "aws.account_unknown", log_status("status", status),
                  log_string("instead", "notifications say \"unknown\" until the next start; set "
                                        "aws_account_id to fix it"));
}

static enum status start_poller(struct daemon *d) {
    struct poller_options options = {.aws = d->aws,
                                     .inventory_interval = d->config->inventory_poll_interval,
                                     .status_interval = d->config->status_poll_interval,
                                     .pause_file = d->config->pause_file,
                                     .seed = d->random ^ 1,
                                     .post = post_event,
                                     .context = d};
    enum status status = poller_create(&options, &d->poller);
    return status == STATUS_OK ? status : fail("poller.failed", "thread", status);
}

/* --- engine, rows, control, agents --- */

static enum status start_engine(struct daemon *d) {
    static const struct engine_edges table = {.call = edge_call,
                                              .reply = edge_reply,
                                              .log = edge_log,
                                              .notify_wake = edge_notify,
                                              .poll = edge_poll,
                                              .pause_file = edge_pause_file};
    struct engine_edges edges = table;
    struct engine *engine;
    uint32_t unreadable = 0;
    edges.context = d;
    d->engine_options = engine_options_default();
    engine_options_from_config(d->config, &d->engine_options);
    find_account(d);
    enum status status =
        engine_restore(d->store, &d->engine_options, d->random, sys_now(), &engine, &unreadable);
    if (status != STATUS_OK) return fail("engine.restore_failed", d->database, status);
    if (unreadable > 0)
        log_event(LOG_LEVEL_ERROR, "engine.rows_unreadable", log_unsigned("rows", unreadable),
                  log_string("instead", "their instances are left alone until a person looks"));
    status = engine_loop_create(engine, d->store, &edges, &d->loop);
    if (status != STATUS_OK) {
        engine_destroy(engine);
        return fail("engine.failed", "thread", status);
    }
    return STATUS_OK;
}

static enum status start_rows(struct daemon *d) {
    struct rows_options options = settings_rows(d->config, d->engine_options.epoch);
    options.post = post_event;
    options.context = d;
    enum status status = rows_create(&options, &d->rows);
    if (status == STATUS_OK) status = rows_start(d->rows);
    return status == STATUS_OK ? status
                               : fail("history.failed", d->config->state_directory, status);
}

static enum status start_notify(struct daemon *d) {
    struct notify_options options = settings_notify(d->config, d->random ^ 2);
    options.publish = publish_and_wait;
    options.publish_context = d->aws;
    struct notify *notify;
    enum status status = notify_create(&options, d->store, &notify);
    if (status != STATUS_OK) return fail("notify.failed", "thread", status);
    pthread_mutex_lock(&d->lock);
    d->notify = notify;
    pthread_mutex_unlock(&d->lock);
    return STATUS_OK;
}

static enum status start_control(struct daemon *d) {
    char place[256];
    struct control_options options = {.socket_path = d->config->control_socket,
                                      .read_group = d->config->control_group,
                                      .act_group = d->config->operators_group,
                                      .io_timeout = duration_s(CONTROL_IO_S),
                                      .engine_timeout = duration_s(CONTROL_ENGINE_S),
                                      .store = d->store,
                                      .rows = d->rows,
                                      .audit_database = d->database,
                                      .audit_heads = d->heads,
                                      .audit_public_key = d->audit_public_key,
                                      .post = post_event,
                                      .show_config = show_config,
                                      .context = d};
    enum status status = control_create(&options, &d->control, place);
    return status == STATUS_OK ? status : fail("control.failed", place, status);
}

static enum status start_ingest(struct daemon *d) {
    char host[64], problem[INGEST_PROBLEM_BYTES];
    struct ingest_options options;
    if (d->config->certificate_file[0] == '\0') {
        log_event(LOG_LEVEL_WARNING, "agents.not_configured",
                  log_string("instead", "no agent can report: set certificate_file, key_file and "
                                        "ca_file (earctl pki makes them)"));
        return STATUS_OK;
    }
    enum status status = settings_ingest(d->config, host, &options);
    if (status != STATUS_OK) return fail("agents.failed", d->config->listen_address, status);
    d->sink.rows = d->rows;
    atomic_store(&d->sink.interval_ms, (uint32_t)d->config->report_interval.ms);
    pthread_mutex_init(&d->sink.refusals.lock, NULL);
    struct ingest_sink sink = sink_table(&d->sink);
    status = ingest_create(&options, &sink, &d->ingest, problem);
    if (status != STATUS_OK) return fail("agents.failed", problem, status);
    status = ingest_start(d->ingest);
    if (status != STATUS_OK) return fail("agents.failed", "threads", status);
    log_event(LOG_LEVEL_INFO, "agents.listening", log_string("address", host),
              log_integer("port", ingest_port(d->ingest)));
    return STATUS_OK;
}

/* The order is that of need: nothing can post before the loop exists, nothing is served before the
 * engine runs. */
static enum status start_all(struct daemon *d) {
    enum status status = choose_paths(d);
    if (status == STATUS_OK) status = open_store(d);
    if (status == STATUS_OK) status = start_aws(d);
    if (status == STATUS_OK) status = start_engine(d);
    if (status == STATUS_OK) status = start_rows(d);
    if (status == STATUS_OK) status = start_notify(d);
    if (status == STATUS_OK) status = start_control(d);
    if (status == STATUS_OK) status = start_poller(d);
    if (status == STATUS_OK) status = engine_loop_start(d->loop);
    return status == STATUS_OK ? start_ingest(d) : status;
}

static void log_start(const struct daemon *d) {
    const struct aggregator_config *c = d->config;
    log_event(LOG_LEVEL_INFO, "aggregator.started", log_string("version", EAR_VERSION),
              log_string("region", aws_region(d->aws)),
              log_string("account", d->engine_options.account), log_boolean("dry_run", c->dry_run),
              log_boolean("recovery_enabled", c->recovery_enabled),
              log_duration("prediction_day", c->prediction_day),
              log_unsigned("epoch", d->engine_options.epoch),
              log_string("state", c->state_directory), log_string("control", c->control_socket));
}

enum status daemon_start(const char *config_path, struct aggregator_config *config,
                         struct config_load *load, struct daemon **daemon_out) {
    struct daemon *d = calloc(1, sizeof *d);
    if (d == NULL) {
        config_load_destroy(load);
        free(config);
        return STATUS_NO_MEMORY;
    }
    d->config_path = config_path;
    d->config = config;
    d->load = load;
    memcpy(d->pause_file, config->pause_file, sizeof d->pause_file);
    memcpy(d->endpoint, config->aws_endpoint_url, sizeof d->endpoint);
    pthread_mutex_init(&d->lock, NULL);
    enum status status = sys_random(&d->random, sizeof d->random);
    if (status == STATUS_OK) status = start_all(d);
    if (status != STATUS_OK) {
        daemon_stop(d);
        return status;
    }
    log_start(d);
    daemon_watch(d);
    *daemon_out = d;
    return STATUS_OK;
}

/* --- reload --- */

static void replace_notify(struct daemon *d) {
    pthread_mutex_lock(&d->lock);
    struct notify *old = d->notify;
    d->notify = NULL;
    pthread_mutex_unlock(&d->lock);
    notify_destroy(old);
    if (start_notify(d) != STATUS_OK)
        log_event(LOG_LEVEL_ERROR, "notify.stopped",
                  log_string("instead", "notifications wait in the outbox until the next reload"));
}

static void apply(struct daemon *d) {
    const struct aggregator_config *c = d->config;
    struct engine_options options = d->engine_options;
    char problem[INGEST_PROBLEM_BYTES];
    log_configure((enum log_format)c->log_format, (enum log_level)c->log_level);
    engine_options_from_config(c, &options);
    engine_loop_configure(d->loop, &options.decide, &options.recover);
    atomic_store(&d->sink.interval_ms, (uint32_t)c->report_interval.ms);
    struct predict_settings levels = settings_predict(c);
    rows_set_levels(d->rows, &levels);
    poller_configure(d->poller, c->inventory_poll_interval, c->status_poll_interval);
    replace_notify(d);
    if (d->ingest == NULL) return;
    enum status status =
        ingest_reload(d->ingest, c->certificate_file, c->key_file, c->ca_file, problem);
    if (status != STATUS_OK)
        log_event(LOG_LEVEL_ERROR, "agents.reload_failed", log_string("place", problem),
                  log_status("status", status), log_string("instead", "the old certificates stay"));
}

void daemon_reload(struct daemon *d) {
    struct aggregator_config *next = malloc(sizeof *next);
    struct config_load *load = NULL;
    enum status status = STATUS_NO_MEMORY;
    if (next != NULL) status = config_reload_aggregator(d->config_path, d->config, next, &load);
    if (load != NULL) config_load_log_findings(load);
    if (status != STATUS_OK) {
        log_event(LOG_LEVEL_ERROR, "config.reload_refused", log_status("status", status),
                  log_string("instead", "the configuration stays as it was"));
        config_load_destroy(load);
        free(next);
        return;
    }
    struct aggregator_config *old = d->config;
    pthread_mutex_lock(&d->lock);
    struct config_load *old_load = d->load;
    d->load = load;
    d->config = next;
    pthread_mutex_unlock(&d->lock);
    apply(d);
    config_load_destroy(old_load);
    free(old);
    d->certificate_stage = EXPIRY_FAR; /* a new certificate speaks for itself */
    daemon_watch(d);
    log_event(LOG_LEVEL_INFO, "config.reloaded", log_boolean("dry_run", next->dry_run),
              log_boolean("recovery_enabled", next->recovery_enabled));
}

void daemon_watch(struct daemon *d) {
    if (d->ingest == NULL) return;
    expiry_watch(d->config->certificate_file, ingest_certificate_expiry(d->ingest), sys_now().wall,
                 &d->certificate_stage);
}

void daemon_describe(struct daemon *d, char *line_out, size_t size) {
    struct text text = text_over(line_out, size);
    struct rows_counters counters;
    rows_counters(d->rows, &counters);
    text_add(&text, d->config->dry_run ? "dry run" : "acting");
    if (!d->config->recovery_enabled) text_add(&text, ", recovery disabled");
    text_add(&text, "; ");
    text_add_unsigned(&text, counters.instances);
    text_add(&text, " agents seen, ");
    text_add_unsigned(&text, counters.reports);
    text_add(&text, " reports");
    if (d->ingest == NULL) text_add(&text, "; not configured for agents");
}

void daemon_stop(struct daemon *d) {
    if (d == NULL) return;
    /* From the outside in: nobody new, then the engine, whose effects reach all below, then the
     * edges, whose late answers its closed queue turns away, and memory last. */
    if (d->ingest != NULL) ingest_stop(d->ingest);
    control_stop(d->control);
    poller_stop(d->poller);
    engine_loop_stop(d->loop);
    notify_destroy(d->notify);
    aws_destroy(d->aws);
    poller_destroy(d->poller);
    ingest_destroy(d->ingest);
    rows_destroy(d->rows);
    store_destroy(d->store);
    engine_loop_destroy(d->loop);
    control_destroy(d->control);
    config_load_destroy(d->load);
    free(d->config);
    pthread_mutex_destroy(&d->lock);
    free(d);
}
