/* What acts, or changes whether anything acts: each is an event to the engine, which decides by its
 * own rules and writes the audit. Worker's thread. */
#include <stdlib.h>
#include <string.h>

#include "aggregator/control/handlers.h"
#include "common/base/printable.h"
#include "common/config/check.h"

/* The engine's text is made of outside words too, so each of its lines is made printable. */
static void add_lines(struct text *out, const char *lines, bool ascii) {
    char line[sizeof((struct effect_reply *)0)->text];
    while (*lines != '\0') {
        size_t length = strcspn(lines, "\n");
        struct text text = text_over(line, sizeof line);
        text_add_bytes(&text, lines, length);
        printable_add(out, line, ascii);
        text_add(out, "\n");
        lines += length;
        lines += *lines == '\n';
    }
}

static void write_reply(const struct request *request, const struct effect_reply *reply,
                        struct text *out) {
    if (request->view.format == REPORT_JSON)
        report_reply_json(reply->exit_code, reply->text, out);
    else
        add_lines(out, reply->text, request->view.ascii);
}

static int post_action(struct request *request, struct event *event, struct text *out) {
    struct effect_reply reply = {.token = 0};
    int code = request_ask_engine(request, event, &reply);
    if (code != 0) return code;
    struct fleet_snapshot *unasked CLEANUP(snapshot_free) = reply.snapshot;
    write_reply(request, &reply, out);
    return reply.exit_code;
}

static int need_operator(struct request *request) {
    if (request->may_act) return 0;
    return request_fail(request, EXIT_CODE_NOT_AUTHORISED,
                        "not permitted: your user may read but not act; who acts is in the group",
                        control_options(request->control)->act_group);
}

static int read_recover(struct request *request, struct event_operator *wanted) {
    char action[32];
    if (request_text(request, "action", action, sizeof action) != STATUS_OK ||
        request_text(request, "reason", wanted->reason, sizeof wanted->reason) != STATUS_OK ||
        request_text(request, "unit", wanted->unit, sizeof wanted->unit) != STATUS_OK)
        return EXIT_CODE_USAGE;
    wanted->rung = rung_find(action);
    if (wanted->rung == RUNG_NONE)
        return request_fail(request, EXIT_CODE_USAGE,
                            "--action wants restart-service, reboot or stop-start", action);
    if (wanted->unit[0] != '\0' && wanted->rung != RUNG_RESTART_SERVICE)
        return request_fail(request, EXIT_CODE_USAGE, "--unit goes with restart-service only",
                            NULL);
    const char *form = wanted->unit[0] == '\0' ? NULL : config_check_unit(wanted->unit);
    if (form != NULL) return request_fail(request, EXIT_CODE_USAGE, "--unit wants", form);
    if (request_flag(request, "dry-run")) wanted->reason[0] = '\0';
    return 0;
}

int do_recover(struct request *request, struct text *out) {
    struct fleet_snapshot *snapshot CLEANUP(snapshot_free) = NULL;
    const struct member_summary *member;
    struct event_operator wanted = {.verb = OPERATOR_RECOVER};
    int code = read_recover(request, &wanted);
    if (code == 0 && wanted.reason[0] != '\0') code = need_operator(request);
    if (code == 0) code = take_snapshot(request, &snapshot);
    if (code == 0) code = find_member(request, snapshot, &member);
    if (code != 0) return code;
    struct event *event = operator_event(OPERATOR_RECOVER);
    if (event != NULL) event->operator= wanted;
    if (event != NULL) event->instance = member->facts.id;
    return post_action(request, event, out);
}

int do_pause(struct request *request, struct text *out) {
    struct event_operator wanted = {.verb = OPERATOR_PAUSE};
    if (request_text(request, "reason", wanted.reason, sizeof wanted.reason) != STATUS_OK ||
        request_duration(request, "for", duration_ms(0), &wanted.pause_for) != STATUS_OK)
        return EXIT_CODE_USAGE;
    if (wanted.reason[0] == '\0')
        return request_fail(request, EXIT_CODE_USAGE, "--reason is needed: the audit keeps it",
                            NULL);
    int code = need_operator(request);
    if (code != 0) return code;
    struct event *event = operator_event(OPERATOR_PAUSE);
    if (event != NULL) event->operator= wanted;
    return post_action(request, event, out);
}

int do_resume(struct request *request, struct text *out) {
    struct event_operator wanted = {.verb = OPERATOR_RESUME};
    if (request_text(request, "reason", wanted.reason, sizeof wanted.reason) != STATUS_OK)
        return EXIT_CODE_USAGE;
    int code = need_operator(request);
    if (code != 0) return code;
    struct event *event = operator_event(OPERATOR_RESUME);
    if (event != NULL) event->operator= wanted;
    return post_action(request, event, out);
}

int do_acknowledge(struct request *request, struct text *out) {
    struct event_operator wanted = {.verb = OPERATOR_ACKNOWLEDGE};
    int code = need_operator(request);
    if (code != 0) return code;
    if (text_copy(wanted.record.text, sizeof wanted.record.text, request->first) != STATUS_OK)
        return request_fail(request, EXIT_CODE_NOT_FOUND, "no such recovery", request->first);
    struct event *event = operator_event(OPERATOR_ACKNOWLEDGE);
    if (event != NULL) event->operator= wanted;
    return post_action(request, event, out);
}
