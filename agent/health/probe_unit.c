/* Asks systemd over the system bus for a unit's state. */
#include <stdio.h>
#include <string.h>

#include "agent/health/dbus.h"
#include "agent/health/probe.h"

#define TURNS_MAX   16 /* reads in one step */
#define ANSWERS_MAX 32 /* messages looked at before the one that was asked for */

static void consume(struct probe *probe, size_t length) {
    probe->filled -= length;
    memmove(probe->buffer, probe->buffer + length, probe->filled);
}

/* The bus's lines during authentication: "OK <guid>" is wanted. */
static enum status authenticate(struct probe *probe, const char *unit) {
    const char *newline = memchr(probe->buffer, '\n', probe->filled);
    if (newline == NULL) return STATUS_AGAIN;
    if (probe->filled < 3 || memcmp(probe->buffer, "OK ", 3) != 0)
        return probe_say(probe, STATUS_DENIED, "the system bus refused us");
    consume(probe, (size_t)(newline - probe->buffer) + 1);
    probe->authenticated = true;
    probe->sent = 0;
    probe->phase = PROBE_SEND;
    if (dbus_requests(unit, (uint8_t *)probe->request, &probe->request_length) != STATUS_OK)
        return probe_say(probe, STATUS_TOO_LARGE, "name of the unit is too long");
    return STATUS_OK;
}

static enum status judge(struct probe *probe, const char *state) {
    /* "reloading" is a running unit that reads its configuration. */
    if (strcmp(state, "active") == 0 || strcmp(state, "reloading") == 0) return STATUS_OK;
    (void)snprintf(probe->detail, sizeof probe->detail, "unit is %s", state);
    return STATUS_UNAVAILABLE;
}

/* AGAIN when what came so far does not hold the answer. */
static enum status read_answers(struct probe *probe) {
    for (unsigned i = 0; i < ANSWERS_MAX; i++) {
        size_t used = 0;
        enum dbus_answer answer = DBUS_OTHER;
        char text[DBUS_STATE_SIZE];
        enum status status =
            dbus_parse((const uint8_t *)probe->buffer, probe->filled, &used, &answer, text);
        if (status == STATUS_AGAIN) return status;
        if (status != STATUS_OK)
            return probe_say(probe, status, "answer of the system bus is malformed");
        consume(probe, used);
        if (answer == DBUS_STATE) return judge(probe, text);
        if (answer != DBUS_ERROR) continue;
        (void)snprintf(probe->detail, sizeof probe->detail, "systemd: %s", text);
        return STATUS_NOT_FOUND;
    }
    return STATUS_AGAIN;
}

/* One turn: send what is due, take what came. AGAIN from the socket ends the loop of the caller. */
static enum status turn(struct probe *probe, bool *is_over_out, const char *unit) {
    *is_over_out = true;
    if (probe->phase == PROBE_SEND) {
        enum status sent = probe_send(probe);
        if (sent != STATUS_OK) return sent;
        probe->phase = PROBE_RECEIVE;
    }
    enum status status = probe_receive(probe);
    if (status == STATUS_CLOSED)
        return probe_say(probe, status, "the system bus closed the connection");
    if (status == STATUS_TOO_LARGE)
        return probe_say(probe, status, "answer of the system bus is over 8 KiB");
    if (status != STATUS_OK) return status;
    bool was_authenticated = probe->authenticated;
    status = was_authenticated ? read_answers(probe) : authenticate(probe, unit);
    *is_over_out =
        was_authenticated ? status != STATUS_AGAIN : status != STATUS_AGAIN && status != STATUS_OK;
    return status;
}

enum status probe_step_unit(struct probe *probe, const struct health_check *check) {
    if (probe->phase == PROBE_CONNECT) {
        enum status status = probe_finish_connect(probe);
        if (status != STATUS_OK) return status;
        probe->phase = PROBE_SEND;
    }
    for (unsigned i = 0; i < TURNS_MAX; i++) {
        bool is_over;
        enum status status = turn(probe, &is_over, check->target);
        if (is_over) return status;
    }
    return STATUS_AGAIN; /* a bus that never stops talking: on with the others meanwhile */
}
