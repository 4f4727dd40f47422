/* The checks' owner: schedule, probes, counts. One thread, the caller's poll loop. */
#include "agent/health/health.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/health/probe.h"
#include "common/base/text.h"

#define PATH_SIZE 256

struct entry {
    struct health_check check;
    struct counts counts;
    struct boot_time due; /* of the next start */
    struct probe probe;
};

struct health {
    char proc_path[PATH_SIZE], bus_socket[PATH_SIZE];
    size_t count;
    struct entry entries[]; /* HEALTH_CHECKS_MAX, untouched ones cost no memory */
};

static const char *address_fault(enum status status) {
    switch (status_class(status)) {
    case STATUS_CLASS_OK: return NULL;
    case STATUS_CLASS_GIVE_UP:
        return "link-local, multicast and unspecified addresses are not "
               "checked";
    case STATUS_CLASS_CALLER:
    case STATUS_CLASS_RETRY:
    case STATUS_CLASS_BUG: break;
    }
    return status == STATUS_UNSUPPORTED ? "the host must be an IP address or localhost"
                                        : "not an address of the form wanted";
}

const char *health_fault(const struct health_check *check) {
    struct address address;
    struct address_url url;
    if (check->rise < 1 || check->fall < 1) return "rise and fall must be at least 1";
    if (check->interval.ms <= 0 || check->timeout.ms <= 0) return "needs an interval and a timeout";
    switch (check->kind) {
    case HEALTH_HTTP: return address_fault(address_parse_url(check->target, &url));
    case HEALTH_TCP: return address_fault(address_parse(check->target, &address));
    case HEALTH_PROCESS: return check->target[0] == '\0' ? "needs a command name" : NULL;
    case HEALTH_UNIT: return check->target[0] == '\0' ? "needs a unit" : NULL;
    }
    return "unknown kind";
}

static bool same_check(const struct health_check *a, const struct health_check *b) {
    return strcmp(a->name, b->name) == 0 && strcmp(a->unit, b->unit) == 0 && a->kind == b->kind &&
           strcmp(a->target, b->target) == 0 && a->interval.ms == b->interval.ms &&
           a->timeout.ms == b->timeout.ms && a->grace.ms == b->grace.ms && a->rise == b->rise &&
           a->fall == b->fall && a->expect_status == b->expect_status;
}

static const struct entry *find(const struct health *health, const struct health_check *check) {
    for (size_t i = 0; health != NULL && i < health->count; i++)
        if (same_check(&health->entries[i].check, check)) return &health->entries[i];
    return NULL;
}

/* First starts are spread over the first second, so that checks do not all run at once. */
static void start_entry(struct entry *entry, size_t index, struct now now) {
    counts_grace(&entry->counts, entry->check.grace, now.boot);
    int64_t spread = (int64_t)index * 1000 / HEALTH_CHECKS_MAX;
    entry->due = boot_add(now.boot, duration_ms(spread));
}

static enum status fill(struct health *health, const struct health_options *options) {
    const char *bus = options->bus_socket != NULL ? options->bus_socket : HEALTH_BUS_PATH;
    if (options->check_count > HEALTH_CHECKS_MAX) return STATUS_OUT_OF_RANGE;
    for (size_t i = 0; i < options->check_count; i++)
        if (health_fault(&options->checks[i]) != NULL) return STATUS_OUT_OF_RANGE;
    enum status status = text_copy(health->proc_path, sizeof health->proc_path, options->proc_path);
    return status != STATUS_OK ? status : text_copy(health->bus_socket, PATH_SIZE, bus);
}

/* A new object that goes on with the counts of `before` (NULL = none). */
static enum status create(const struct health_options *options, struct now now,
                          const struct health *before, struct health **health_out) {
    struct health *health =
        calloc(1, sizeof *health + HEALTH_CHECKS_MAX * sizeof health->entries[0]);
    if (health == NULL) return STATUS_NO_MEMORY;
    enum status status = fill(health, options);
    if (status != STATUS_OK) {
        free(health);
        return status;
    }
    health->count = options->check_count;
    for (size_t i = 0; i < health->count; i++) {
        struct entry *entry = &health->entries[i];
        const struct entry *kept = find(before, &options->checks[i]);
        entry->check = options->checks[i];
        entry->probe.fd = -1;
        start_entry(entry, i, now);
        if (kept != NULL) entry->counts = kept->counts;
    }
    *health_out = health;
    return STATUS_OK;
}

enum status health_create(const struct health_options *options, struct now now,
                          struct health **health_out) {
    return create(options, now, NULL, health_out);
}

void health_destroy(struct health *health) {
    if (health == NULL) return;
    for (size_t i = 0; i < health->count; i++) probe_stop(&health->entries[i].probe);
    free(health);
}

enum status health_reload(struct health **health, const struct health_options *options,
                          struct now now) {
    struct health *fresh;
    enum status status = create(options, now, *health, &fresh);
    if (status != STATUS_OK) return status;
    health_destroy(*health);
    *health = fresh;
    return STATUS_OK;
}

static bool has_socket(const struct probe *probe) {
    return probe->phase >= PROBE_CONNECT && probe->phase <= PROBE_RECEIVE;
}

size_t health_poll(const struct health *health, struct pollfd *fds) {
    size_t count = 0;
    for (size_t i = 0; i < health->count; i++) {
        const struct probe *probe = &health->entries[i].probe;
        if (!has_socket(probe)) continue;
        fds[count++] = (struct pollfd){.fd = probe->fd, .events = probe->events};
    }
    return count;
}

static struct boot_time due_of(const struct entry *entry) {
    switch (entry->probe.phase) {
    case PROBE_IDLE: return entry->due;
    case PROBE_CONNECT:
    case PROBE_HANDSHAKE:
    case PROBE_SEND:
    case PROBE_RECEIVE: return entry->probe.deadline;
    case PROBE_SCAN: break;
    }
    return (struct boot_time){0}; /* at once */
}

struct boot_time health_due(const struct health *health) {
    struct boot_time due = {INT64_MAX};
    for (size_t i = 0; i < health->count; i++) {
        struct boot_time own = due_of(&health->entries[i]);
        if (own.ms < due.ms) due = own;
    }
    return due;
}

/* Starts or moves on; AGAIN when there is no result now. */
static enum status advance(struct entry *entry, const struct probe_world *world, struct now now) {
    if (entry->probe.phase != PROBE_IDLE)
        return probe_step(&entry->probe, &entry->check, world, now.boot);
    if (now.boot.ms < entry->due.ms) return STATUS_AGAIN;
    /* After a long sleep of the machine the missed runs are not made up for. */
    entry->due = boot_add(entry->due, entry->check.interval);
    if (entry->due.ms <= now.boot.ms) entry->due = boot_add(now.boot, entry->check.interval);
    return probe_start(&entry->probe, &entry->check, world, now.boot);
}

bool health_run(struct health *health, struct now now) {
    struct probe_world world = {health->proc_path, health->bus_socket};
    bool changed = false;
    for (size_t i = 0; i < health->count; i++) {
        struct entry *entry = &health->entries[i];
        enum status status = advance(entry, &world, now);
        if (status == STATUS_AGAIN) continue;
        enum check_state before = entry->counts.state;
        counts_add(&entry->counts, entry->check.rise, entry->check.fall, status == STATUS_OK,
                   now.boot);
        changed = changed || before != entry->counts.state;
    }
    return changed;
}

void health_grace(struct health *health, struct now now) {
    for (size_t i = 0; i < health->count; i++)
        counts_grace(&health->entries[i].counts, health->entries[i].check.grace, now.boot);
}

uint16_t health_results(const struct health *health,
                        struct check_result results_out[static HEALTH_CHECKS_MAX]) {
    for (size_t i = 0; i < health->count; i++) {
        const struct entry *entry = &health->entries[i];
        struct check_result *result = &results_out[i];
        *result =
            (struct check_result){.state = entry->counts.state, .failures = entry->counts.failures};
        /* Sizes are those of struct check_result. */
        (void)snprintf(result->name, sizeof result->name, "%s", entry->check.name);
        (void)snprintf(result->unit, sizeof result->unit, "%s", entry->check.unit);
        (void)snprintf(result->detail, sizeof result->detail, "%s", entry->probe.detail);
    }
    return (uint16_t)health->count;
}
