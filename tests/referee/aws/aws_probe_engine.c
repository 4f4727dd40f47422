/* aws_probe's way through aggregator/calls.h, which carries out the engine's calls:
 * "perform kind=reboot id=... action=...". The event that would enter the engine is printed. */
#include <stdlib.h>
#include <string.h>

#include "aggregator/calls.h"
#include "common/base/text.h"
#include "tests/referee/aws/aws_probe.h"

static enum status post(void *context, struct event *event) {
    const struct call_result *result = &event->call;
    struct text text;
    const struct aws_result shown = {.status = result->status};
    struct json_writer json = probe_begin(context, &shown, &text);
    json_open_object(&json, "answer");
    json_string(&json, "kind", call_kind_name(result->kind));
    json_string(&json, "action", result->action.text);
    json_string(&json, "instance", result->instance.text);
    json_integer(&json, "serial", result->serial);
    json_string(&json, "code", result->code);
    json_bool(&json, "found", result->found);
    json_string(&json, "command_id", result->command_id);
    json_string(&json, "run", run_state_name(result->run));
    json_integer(&json, "response_code", result->response_code);
    json_string(&json, "output", result->output);
    json_string(&json, "facts_id", result->facts.id.text);
    json_string(&json, "state", instance_state_name(result->facts.state));
    json_string(&json, "checks_id", result->checks.id.text);
    json_string(&json, "system", check_status_name(result->checks.system));
    json_close_object(&json);
    probe_end(context, &json);
    free(event);
    return STATUS_OK;
}

static enum call_kind take_kind(const struct probe *probe) {
    const char *name = probe_argument(probe, "kind", 0);
    int kind = 0;
    while (kind < CALL_COUNT && strcmp(call_kind_name((enum call_kind)kind), name) != 0) kind++;
    return (enum call_kind)kind;
}

/* An absent argument leaves the field empty, one that does not fit too. */
static void take(const struct probe *probe, const char *key, char *target, size_t capacity) {
    const char *value = probe_argument(probe, key, 0);
    if (value == NULL || text_copy(target, capacity, value) != STATUS_OK) target[0] = '\0';
}

enum status probe_perform(struct probe *probe) {
    static struct calls calls; /* outlives aws, as calls.h asks */
    calls = (struct calls){probe->aws, "ear-restart-services", post, probe};
    struct call call = {.kind = take_kind(probe),
                        .serial = 7,
                        .since = {probe_number(probe, "since_ms", 0)},
                        .deadline = probe->order.deadline};
    take(probe, "id", call.instance.text, sizeof call.instance.text);
    take(probe, "action", call.action.text, sizeof call.action.text);
    take(probe, "unit", call.unit, sizeof call.unit);
    take(probe, "command_id", call.command_id, sizeof call.command_id);
    return calls_submit(&calls, &call);
}
