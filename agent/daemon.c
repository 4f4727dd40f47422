/* Carries out what agent_step() wants. Owns everything the running agent has, in one object made at
 * the start; only nng's threads, inside the link, run beside this one. */
#include "agent/daemon.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/setup.h"
#include "agent/status_file.h"
#include "common/base/prng.h"
#include "common/sys/clock.h"
#include "common/sys/log.h"
#include "common/sys/notify.h"
#include "common/sys/random.h"
#include "common/sys/signals.h"
#include "common/wire/wire.h"

#define REPORT_BYTES_TYPICAL 1024 /* for the size of the ring: some 500 are usual */
#define RING_BYTES_MIN       (4 * WIRE_MESSAGE_MAX)
#define RING_BYTES_MAX       (8 * 1024 * 1024)
#define LINK_RETRY_MS        30000 /* between tries to set up a link that could not be made */
#define LINK_RESULTS_MAX     8     /* taken in one turn */
/* A cycle's state is shown when its report is acknowledged, or after so long without it. */
#define SHOW_WAIT_MS 500
#define WAIT_MS_MAX  60000 /* of one poll */

struct daemon {
    const char *path;
    struct agent_config config, next_config;
    struct agent agent;
    struct sampler *sampler;
    struct health *health;
    struct link *link;
    struct sys_notify notify;
    struct prng prng;
    struct wall_time started_at;
    struct boot_time link_retry_at, watchdog_at, show_at; /* 0 = none */
    struct instance_id instance;
    struct boot_id boot;
    int signals;
    bool leaving, status_unwritable, dial_said, encode_said;
    uint64_t refused_said, dropped_said;
    char connection[LINK_PROBLEM_BYTES + 32];
    uint16_t check_count;
    struct check_result checks[HEALTH_CHECKS_MAX];
    struct sample sample;
    struct report report;
    struct link_result result;
    uint8_t *ring_bytes;
    struct ring_slot *ring_slots;
    uint8_t message[WIRE_MESSAGE_MAX];
    uint8_t arena[WIRE_ACK_ARENA_BYTES];
};

static void feed(struct daemon *d, struct agent_input *input);

static const char *not_configured(const struct daemon *d) {
    const char *reason = setup_not_configured(&d->config);
    return reason == NULL && d->boot.text[0] == '\0' ? "the boot id cannot be read" : reason;
}

/* The settings of the step; it reports only when everything for it is there. */
static struct agent_settings settings_of(const struct daemon *d) {
    struct agent_settings settings = setup_agent(&d->config);
    settings.reporting = not_configured(d) == NULL;
    return settings;
}

/* Status. */

static void describe(const struct daemon *d, char *text, size_t capacity) {
    unsigned passing = 0;
    for (uint16_t i = 0; i < d->check_count; i++) passing += d->checks[i].state == CHECK_PASSING;
    (void)snprintf(text, capacity,
                   "%s; report %llu acknowledged, %zu waiting; %u of %u checks pass", d->connection,
                   (unsigned long long)d->agent.acked, d->agent.ring.count, passing,
                   d->check_count);
}

static void show(struct daemon *d, struct now now) {
    char text[SYS_NOTIFY_TEXT_MAX];
    const char *reason = not_configured(d);
    d->show_at = (struct boot_time){0};
    if (reason != NULL)
        (void)snprintf(d->connection, sizeof d->connection, "not configured: %s", reason);
    describe(d, text, sizeof text);
    (void)sys_notify_text(&d->notify, text); /* systemd may be gone; nothing depends on it */
    struct status_file status = {.path = d->config.status_file,
                                 .stopping = d->agent.stopping,
                                 .started_at = d->started_at,
                                 .now = now.wall,
                                 .instance = d->config.instance_id,
                                 .not_configured = reason,
                                 .connection = d->connection,
                                 .interval = d->agent.interval,
                                 .sequence = d->agent.sequence,
                                 .acked = d->agent.acked,
                                 .acked_at = d->agent.acked_at,
                                 .waiting = d->agent.ring.count,
                                 .dropped = d->agent.ring.dropped,
                                 .check_count = d->check_count,
                                 .checks = d->checks};
    enum status written = status_file_write(&status);
    if (written != STATUS_OK && !d->status_unwritable)
        log_event(LOG_LEVEL_WARNING, "status_file.unwritable", log_string("path", status.path),
                  log_status("status", written), log_string("instead", "going on without it"));
    d->status_unwritable = written != STATUS_OK;
}

/* Sampling. */

static void log_missing(struct daemon *d) {
    const char *metrics, *file;
    for (unsigned i = 0; i < SOURCE_COUNT; i++) {
        file = sampler_missing(d->sampler, &metrics);
        if (file == NULL) break;
        log_event(LOG_LEVEL_INFO, "sample.missing", log_string("file", file),
                  log_string("without", metrics));
    }
    uint64_t refused = sampler_refused(d->sampler);
    if (refused > 0 && d->refused_said == 0)
        log_event(LOG_LEVEL_WARNING, "sample.members_full", log_unsigned("left_out", refused));
    d->refused_said = refused;
}

static void log_checks(struct daemon *d, const struct check_result *before, uint16_t count) {
    for (uint16_t i = 0; i < d->check_count; i++) {
        const struct check_result *check = &d->checks[i];
        enum check_state old = CHECK_UNKNOWN;
        for (uint16_t k = 0; k < count; k++)
            if (strcmp(before[k].name, check->name) == 0) old = before[k].state;
        if (old == check->state) continue;
        log_event(check->state == CHECK_FAILING ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO,
                  "check.changed", log_string("check", check->name),
                  log_string("from", check_state_name(old)),
                  log_string("to", check_state_name(check->state)),
                  log_unsigned("failures", check->failures), log_string("detail", check->detail),
                  log_string("unit", check->unit));
    }
}

static void refresh_checks(struct daemon *d) {
    struct check_result before[HEALTH_CHECKS_MAX];
    uint16_t count = d->check_count;
    memcpy(before, d->checks, count * sizeof before[0]);
    d->check_count = health_results(d->health, d->checks);
    log_checks(d, before, count);
}

static void fill_report(struct daemon *d, uint64_t sequence, struct now now) {
    const struct sample *sample = &d->sample;
    struct report *report = &d->report;
    *report = (struct report){.instance = d->instance,
                              .boot = d->boot,
                              .sequence = sequence,
                              .sampled_at = now.wall,
                              .interval_ms = (uint32_t)d->agent.interval.ms,
                              .agent_version = EAR_VERSION,
                              .core = sample->core,
                              .further_count = sample->further_count,
                              .check_count = d->check_count,
                              .event_count = sample->event_count};
    report->dictionary_generation = sampler_dictionary(d->sampler)->generation;
    memcpy(report->further, sample->further, sample->further_count * sizeof report->further[0]);
    memcpy(report->checks, d->checks, d->check_count * sizeof report->checks[0]);
    memcpy(report->events, sample->events, sample->event_count * sizeof report->events[0]);
}

static void log_encode_failure(struct daemon *d, const char *what, enum status status) {
    if (!d->encode_said)
        log_event(LOG_LEVEL_ERROR, "wire.not_encoded", log_string("message", what),
                  log_status("status", status), log_string("instead", "it is left out"));
    d->encode_said = true;
}

static void sample(struct daemon *d, uint64_t sequence, struct now now) {
    struct agent_input input = {.kind = AGENT_INPUT_SAMPLED, .now = now, .bytes = d->message};
    sampler_take(d->sampler, now, &d->sample);
    log_missing(d);
    refresh_checks(d);
    fill_report(d, sequence, now);
    input.dictionary_generation = d->report.dictionary_generation;
    if (d->agent.reporting) {
        enum status status =
            wire_encode_report(&d->report, d->message, sizeof d->message, &input.length);
        if (status != STATUS_OK) {
            log_encode_failure(d, "report", status);
            input.length = 0;
        }
    }
    feed(d, &input);
    if (d->agent.ring.dropped > 0 && d->dropped_said == 0)
        log_event(LOG_LEVEL_WARNING, "ring.full", log_unsigned("dropped", d->agent.ring.dropped),
                  log_string("instead", "the oldest reports go"));
    d->dropped_said = d->agent.ring.dropped;
    d->show_at = boot_add(now.boot, duration_ms(SHOW_WAIT_MS));
}

/* Sending. */

static void send_or_fail(struct daemon *d, const char *what, enum status encoded,
                         const uint8_t *bytes, size_t length, struct now now) {
    if (encoded != STATUS_OK) log_encode_failure(d, what, encoded);
    if (encoded == STATUS_OK && d->link != NULL && link_send(d->link, bytes, length) == STATUS_OK)
        return;
    struct agent_input input = {.kind = AGENT_INPUT_FAILED, .now = now};
    feed(d, &input);
}

static void send_dictionary(struct daemon *d, uint64_t sequence, struct now now) {
    size_t length = 0;
    enum status status =
        wire_encode_dictionary(&d->instance, &d->boot, sequence, sampler_dictionary(d->sampler),
                               d->message, sizeof d->message, &length);
    send_or_fail(d, "dictionary", status, d->message, length, now);
}

static void send_notice(struct daemon *d, const struct agent_effect *effect, struct now now) {
    size_t length = 0;
    struct notice notice = {d->instance, d->boot, effect->sequence, effect->notice};
    enum status status = wire_encode_notice(&notice, d->message, sizeof d->message, &length);
    send_or_fail(d, "notice", status, d->message, length, now);
}

static void carry_out(struct daemon *d, const struct agent_effect *effect, struct now now) {
    switch (effect->kind) {
    case AGENT_EFFECT_SAMPLE: sample(d, effect->sequence, now); break;
    case AGENT_EFFECT_SEND_DICTIONARY: send_dictionary(d, effect->sequence, now); break;
    case AGENT_EFFECT_SEND_REPORT:
        send_or_fail(d, "report", STATUS_OK, effect->bytes, effect->length, now);
        break;
    case AGENT_EFFECT_SEND_NOTICE: send_notice(d, effect, now); break;
    case AGENT_EFFECT_GRACE: health_grace(d->health, now); break;
    case AGENT_EFFECT_EXIT: d->leaving = true; break;
    }
}

/* One input, and what follows from it. Nests three deep at most: timer, sampled, failed. */
static void feed(struct daemon *d, struct agent_input *input) {
    struct agent_effects effects;
    input->random = prng_next(&d->prng);
    agent_step(&d->agent, input, &effects);
    for (size_t i = 0; i < effects.count; i++) carry_out(d, &effects.effects[i], input->now);
}

/* The link. */

static void say_connection(struct daemon *d, const char *text, enum status status) {
    if (status == STATUS_OK)
        (void)snprintf(d->connection, sizeof d->connection, "%s", text);
    else
        (void)snprintf(d->connection, sizeof d->connection, "%s: %s", text, status_text(status));
}

static void open_link(struct daemon *d, struct now now) {
    char problem[LINK_PROBLEM_BYTES] = "";
    d->link_retry_at = (struct boot_time){0};
    if (!d->agent.reporting || d->link != NULL) return;
    struct link_options options = setup_link(&d->config);
    enum status status = link_create(&options, &d->link, problem);
    if (status == STATUS_OK) {
        say_connection(d, "connecting", STATUS_OK);
        return;
    }
    d->link = NULL;
    d->link_retry_at = boot_add(now.boot, duration_ms(LINK_RETRY_MS));
    (void)snprintf(d->connection, sizeof d->connection, "no link: %s", problem);
    log_event(LOG_LEVEL_ERROR, "link.not_made", log_status("status", status),
              log_string("problem", problem), log_duration("retry_in", duration_ms(LINK_RETRY_MS)));
}

static void on_ack(struct daemon *d, struct now now) {
    struct wire_arena arena = {d->arena, sizeof d->arena, 0, false};
    struct agent_input input = {.kind = AGENT_INPUT_ACK, .now = now};
    enum status status = wire_decode_ack(&arena, d->result.bytes, d->result.length, &input.ack);
    if (status != STATUS_OK) {
        log_event(LOG_LEVEL_WARNING, "link.bad_ack", log_status("status", status),
                  log_string("instead", "the message is sent again"));
        input.kind = AGENT_INPUT_FAILED;
    }
    feed(d, &input);
}

static void on_lost(struct daemon *d, struct now now) {
    struct agent_input input = {.kind = AGENT_INPUT_LOST, .now = now};
    log_event(LOG_LEVEL_WARNING, "link.lost", log_status("status", d->result.status),
              log_boolean("outcome_unknown", d->result.had_request),
              log_unsigned("waiting", d->agent.ring.count),
              log_duration("retry_in", d->result.retry_in));
    say_connection(d, "connecting, was lost", d->result.status);
    d->dial_said = true;
    feed(d, &input);
}

static void on_result(struct daemon *d, struct now now) {
    switch (d->result.kind) {
    case LINK_CONNECTED: {
        struct agent_input input = {.kind = AGENT_INPUT_CONNECTED, .now = now};
        log_event(LOG_LEVEL_INFO, "link.connected",
                  log_string("aggregator", d->config.aggregator_address),
                  log_unsigned("waiting", d->agent.ring.count));
        say_connection(d, "connected", STATUS_OK);
        d->dial_said = false;
        feed(d, &input);
        break;
    }
    case LINK_ACK: on_ack(d, now); break;
    case LINK_LOST: on_lost(d, now); break;
    case LINK_DIAL_FAILED:
        say_connection(d, "connecting, last try", d->result.status);
        /* One line for each time of absence, not for each try. */
        if (!d->dial_said)
            log_event(LOG_LEVEL_WARNING, "link.dial_failed", log_status("status", d->result.status),
                      log_string("aggregator", d->config.aggregator_address),
                      log_duration("retry_in", d->result.retry_in));
        d->dial_said = true;
        break;
    }
}

static void take_results(struct daemon *d, struct now now) {
    for (unsigned i = 0; d->link != NULL && i < LINK_RESULTS_MAX; i++) {
        if (link_take(d->link, &d->result) != STATUS_OK) return;
        on_result(d, now);
    }
}

/* Reload: all is checked, then all is swapped; else nothing changes (SAFETY F36). */

static enum status make_health(const struct agent_config *config, struct now now,
                               struct health **health) {
    struct health_check checks[HEALTH_CHECKS_MAX];
    struct health_options options = {config->proc_path, setup_bus_socket(),
                                     setup_checks(config, checks), checks};
    return *health == NULL ? health_create(&options, now, health)
                           : health_reload(health, &options, now);
}

static void apply_log(const struct agent_config *config) {
    log_configure((enum log_format)config->log_format, (enum log_level)config->log_level);
}

static void reload_link(struct daemon *d) {
    char problem[LINK_PROBLEM_BYTES] = "";
    const struct agent_config *c = &d->config;
    if (d->link == NULL || c->certificate_file[0] == '\0') return;
    enum status status =
        link_reload(d->link, c->certificate_file, c->key_file, c->ca_file, problem);
    if (status != STATUS_OK)
        log_event(LOG_LEVEL_ERROR, "link.not_reloaded", log_status("status", status),
                  log_string("problem", problem), log_string("instead", "the old files stay"));
}

static enum status swap(struct daemon *d, struct now now) {
    struct sampler_options options;
    setup_sampler(&d->next_config, &options);
    enum status status = make_health(&d->next_config, now, &d->health);
    if (status == STATUS_OK) status = sampler_reload(d->sampler, &options);
    if (status != STATUS_OK) return status;
    d->config = d->next_config;
    apply_log(&d->config);
    struct agent_input input = {.kind = AGENT_INPUT_RELOAD, .now = now, .settings = settings_of(d)};
    feed(d, &input);
    reload_link(d);
    refresh_checks(d);
    return STATUS_OK;
}

static void reload(struct daemon *d, struct now now) {
    struct config_load *load = NULL;
    (void)sys_notify_reloading(&d->notify); /* nothing depends on it */
    enum status status = setup_reload(d->path, &d->config, &d->next_config, &load);
    if (load != NULL) config_load_log_findings(load);
    config_load_destroy(load);
    if (status == STATUS_OK) status = swap(d, now);
    if (status == STATUS_OK)
        log_event(LOG_LEVEL_INFO, "config.reloaded", log_unsigned("checks", d->config.check_count),
                  log_unsigned("services", d->config.service_count));
    else
        log_event(LOG_LEVEL_ERROR, "config.reload_refused", log_status("status", status),
                  log_string("instead", "the present configuration stays"));
    char text[SYS_NOTIFY_TEXT_MAX];
    describe(d, text, sizeof text);
    (void)sys_notify_ready(&d->notify, text); /* nothing depends on it */
    show(d, now);
}

static void stop(struct daemon *d, struct now now) {
    struct agent_input input = {.kind = AGENT_INPUT_STOP, .now = now, .notice = NOTICE_STOPPING};
    log_event(LOG_LEVEL_INFO, "agent.stopping", log_unsigned("waiting", d->agent.ring.count));
    (void)sys_notify_stopping(&d->notify, "stopping"); /* nothing depends on it */
    feed(d, &input);
    show(d, now);
}

static void take_signals(struct daemon *d, struct now now) {
    enum signals_event event;
    while (signals_read(d->signals, &event) == STATUS_OK) switch (event) {
        case SIGNALS_STOP: stop(d, now); break;
        case SIGNALS_RELOAD: reload(d, now); break;
        }
}

/* The loop. */

static void earlier(struct boot_time *due, struct boot_time other) {
    if (other.ms > 0 && other.ms < due->ms) *due = other;
}

static int wait_ms(const struct daemon *d, struct now now) {
    struct boot_time due = agent_due(&d->agent);
    struct boot_time checks = health_due(d->health);
    if (checks.ms < due.ms) due = checks; /* 0 = at once */
    earlier(&due, d->link_retry_at);
    earlier(&due, d->watchdog_at);
    earlier(&due, d->show_at);
    int64_t wait = due.ms <= now.boot.ms ? 0 : due.ms - now.boot.ms;
    return (int)(wait > WAIT_MS_MAX ? WAIT_MS_MAX : wait);
}

static void wait_for_work(struct daemon *d, struct now now) {
    struct pollfd fds[2 + HEALTH_CHECKS_MAX];
    size_t count = 0;
    fds[count++] = (struct pollfd){.fd = d->signals, .events = POLLIN};
    if (d->link != NULL) fds[count++] = (struct pollfd){.fd = link_fd(d->link), .events = POLLIN};
    count += health_poll(d->health, fds + count);
    (void)poll(fds, (nfds_t)count, wait_ms(d, now)); /* every turn looks at everything */
}

static void tend_watchdog(struct daemon *d, struct now now) {
    if (d->notify.watchdog.ms <= 0 || now.boot.ms < d->watchdog_at.ms) return;
    d->watchdog_at = boot_add(now.boot, d->notify.watchdog);
    (void)sys_notify_watchdog(&d->notify); /* a lost one costs one of the two in each interval */
}

static void turn(struct daemon *d) {
    struct now now = sys_now();
    tend_watchdog(d, now);
    take_signals(d, now);
    if (d->link_retry_at.ms > 0 && now.boot.ms >= d->link_retry_at.ms) open_link(d, now);
    take_results(d, now);
    if (health_run(d->health, now)) {
        struct agent_input changed = {.kind = AGENT_INPUT_CHECK_CHANGED, .now = now};
        feed(d, &changed);
    }
    struct agent_input timer = {.kind = AGENT_INPUT_TIMER, .now = now};
    if (now.boot.ms >= agent_due(&d->agent).ms) feed(d, &timer);
    bool settled = d->agent.outstanding == AGENT_REQUEST_NONE || now.boot.ms >= d->show_at.ms;
    if (d->show_at.ms > 0 && settled) show(d, now);
    if (!d->leaving) wait_for_work(d, now);
}

static enum status make_ring(struct daemon *d, struct ring *ring) {
    size_t slots = (size_t)d->config.replay_ring_reports;
    size_t bytes = slots * REPORT_BYTES_TYPICAL;
    if (bytes < RING_BYTES_MIN) bytes = RING_BYTES_MIN;
    if (bytes > RING_BYTES_MAX) bytes = RING_BYTES_MAX;
    d->ring_bytes = malloc(bytes);
    d->ring_slots = malloc(slots * sizeof d->ring_slots[0]);
    if (d->ring_bytes == NULL || d->ring_slots == NULL) return STATUS_NO_MEMORY;
    ring_init(ring, d->ring_bytes, bytes, d->ring_slots, slots);
    return STATUS_OK;
}

static void seed(struct daemon *d, struct now now) {
    uint64_t number;
    /* Only jitter hangs on it. */
    if (sys_random(&number, sizeof number) != STATUS_OK) number = (uint64_t)now.wall.ms;
    d->prng = prng_seeded(number);
}

static void read_identity(struct daemon *d) {
    const char *id = d->config.instance_id;
    if (id[0] != '\0' && instance_id_parse(id, strlen(id), &d->instance) != STATUS_OK)
        d->instance.text[0] = '\0';
    if (sampler_boot_id(d->sampler, &d->boot) != STATUS_OK) d->boot.text[0] = '\0';
}

static enum status start(struct daemon *d) {
    struct sampler_options options;
    struct ring ring;
    struct now now = sys_now();
    enum status status = signals_open(&d->signals);
    if (status != STATUS_OK) return status;
    if (sys_notify_open(&d->notify) != STATUS_OK)
        log_event(LOG_LEVEL_WARNING, "notify.unusable",
                  log_string("instead", "going on without telling systemd"));
    seed(d, now);
    d->started_at = now.wall;
    setup_sampler(&d->config, &options);
    status = sampler_create(&options, &d->sampler);
    if (status == STATUS_OK) status = make_health(&d->config, now, &d->health);
    if (status == STATUS_OK) status = make_ring(d, &ring);
    if (status != STATUS_OK) return status;
    read_identity(d);
    struct agent_settings settings = settings_of(d);
    agent_init(&d->agent, &settings, &ring, now);
    open_link(d, now);
    return STATUS_OK;
}

static void say_started(struct daemon *d) {
    const char *reason = not_configured(d);
    log_event(LOG_LEVEL_INFO, "agent.started", log_string("version", EAR_VERSION),
              log_string("instance", d->config.instance_id), log_string("boot", d->boot.text),
              log_duration("interval", d->config.sample_interval),
              log_unsigned("checks", d->config.check_count),
              log_unsigned("services", d->config.service_count));
    if (reason != NULL)
        log_event(LOG_LEVEL_WARNING, "agent.not_configured", log_string("reason", reason),
                  log_string("instead", "sampling, reporting nowhere"));
    /* systemd may be gone; nothing depends on it. */
    (void)sys_notify_ready(&d->notify, reason == NULL ? "started" : "not configured");
}

static void destroy(struct daemon *d) {
    link_destroy(d->link);
    health_destroy(d->health);
    sampler_destroy(d->sampler);
    sys_notify_close(&d->notify);
    file_close(&d->signals);
    free(d->ring_bytes);
    free(d->ring_slots);
    free(d);
}

enum exit_code daemon_run(const char *path, const struct agent_config *config) {
    struct daemon *d = calloc(1, sizeof *d);
    if (d == NULL) return EXIT_CODE_FAILED;
    d->path = path;
    d->config = *config;
    d->signals = -1;
    apply_log(config);
    enum status status = start(d);
    if (status != STATUS_OK) {
        log_event(LOG_LEVEL_ERROR, "agent.not_started", log_status("status", status));
        destroy(d);
        return EXIT_CODE_FAILED;
    }
    say_started(d);
    while (!d->leaving) turn(d);
    show(d, sys_now());
    log_event(LOG_LEVEL_INFO, "agent.stopped", log_unsigned("acknowledged", d->agent.acked),
              log_unsigned("waiting", d->agent.ring.count));
    destroy(d);
    return EXIT_CODE_OK;
}
