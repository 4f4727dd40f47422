/* The course of a probe; its storage is the health object's. */
#include "agent/health/probe.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/health/dbus.h"
#include "common/base/text.h"

enum status probe_say(struct probe *probe, enum status status, const char *detail) {
    struct text text = text_over(probe->detail, sizeof probe->detail);
    text_add(&text, detail);
    return status;
}

void probe_stop(struct probe *probe) {
    tls_destroy(probe->tls);
    probe->tls = NULL;
    if (probe->phase >= PROBE_CONNECT && probe->phase <= PROBE_RECEIVE && probe->fd >= 0)
        (void)close(probe->fd);
    probe->fd = -1;
    if (probe->folder != NULL) (void)closedir(probe->folder);
    probe->folder = NULL;
    probe->phase = PROBE_IDLE;
}

/* Ends the run unless it is still under way. */
static enum status settle(struct probe *probe, enum status status) {
    if (status == STATUS_AGAIN) return status;
    if (status == STATUS_OK) probe->detail[0] = '\0';
    probe_stop(probe);
    return status;
}

static enum status begin_http(struct probe *probe, const struct health_check *check) {
    struct address_url url;
    enum status status = address_parse_url(check->target, &url);
    if (status != STATUS_OK) return probe_say(probe, status, "address cannot be checked");
    _Static_assert(sizeof probe->request >= HTTP_REQUEST_SIZE, "a request must fit");
    probe->request_length = http_request(&url, probe->request);
    return probe_connect(probe, &url.address);
}

static enum status begin_tcp(struct probe *probe, const struct health_check *check) {
    struct address address;
    enum status status = address_parse(check->target, &address);
    if (status != STATUS_OK) return probe_say(probe, status, "address cannot be checked");
    return probe_connect(probe, &address);
}

static enum status begin_unit(struct probe *probe, const struct probe_world *world) {
    _Static_assert(sizeof probe->request >= DBUS_REQUEST_SIZE, "a request must fit");
    probe->request_length = dbus_auth((unsigned)geteuid(), probe->request);
    return probe_connect_local(probe, world->bus_socket);
}

static enum status begin(struct probe *probe, const struct health_check *check,
                         const struct probe_world *world) {
    switch (check->kind) {
    case HEALTH_HTTP: return begin_http(probe, check);
    case HEALTH_TCP: return begin_tcp(probe, check);
    case HEALTH_UNIT: return begin_unit(probe, world);
    case HEALTH_PROCESS: probe->phase = PROBE_SCAN; return STATUS_AGAIN;
    }
    return STATUS_INTERNAL;
}

static enum status step(struct probe *probe, const struct health_check *check,
                        const struct probe_world *world) {
    switch (check->kind) {
    case HEALTH_HTTP:
    case HEALTH_TCP: return probe_step_socket(probe, check);
    case HEALTH_UNIT: return probe_step_unit(probe, check);
    case HEALTH_PROCESS: return probe_step_process(probe, check, world);
    }
    return STATUS_INTERNAL;
}

enum status probe_start(struct probe *probe, const struct health_check *check,
                        const struct probe_world *world, struct boot_time now) {
    probe->fd = -1;
    probe->sent = probe->filled = 0;
    probe->authenticated = false;
    probe->deadline = boot_add(now, check->timeout);
    enum status status = begin(probe, check, world);
    if (status == STATUS_AGAIN) status = step(probe, check, world);
    return settle(probe, status);
}

enum status probe_step(struct probe *probe, const struct health_check *check,
                       const struct probe_world *world, struct boot_time now) {
    enum status status = step(probe, check, world);
    if (status == STATUS_AGAIN && now.ms >= probe->deadline.ms) {
        char span[CLOCK_RFC3339_SIZE];
        (void)snprintf(probe->detail, sizeof probe->detail, "no answer within %s",
                       duration_format(check->timeout, span));
        status = STATUS_TIMEOUT;
    }
    return settle(probe, status);
}
