/* The JSON form of a notification; pure. */
#include "common/model/notification.h"

#include "common/base/json_write.h"

const char *severity_name(enum severity severity) {
    static const char *const names[SEVERITY_COUNT] = {
        [SEVERITY_INFO] = "info",
        [SEVERITY_WARNING] = "warning",
        [SEVERITY_ERROR] = "error",
        [SEVERITY_CRITICAL] = "critical",
    };
    return (unsigned)severity < SEVERITY_COUNT ? names[severity] : "unknown";
}

static void write_time(struct json_writer *json, const char *key, struct wall_time at) {
    char text[CLOCK_RFC3339_SIZE];
    json_string(json, key, wall_format(at, text));
}

static void write_instance(struct json_writer *json, const struct notification *n) {
    json_open_object(json, "instance");
    json_string(json, "id", n->instance.text);
    json_string(json, "name", n->instance_name);
    json_string(json, "az", n->availability_zone);
    json_bool(json, "recovery_enabled", n->recovery_enabled);
    json_bool(json, "quarantine", n->quarantine);
    json_integer(json, "past_recoveries", n->past_recoveries);
    json_close_object(json);
}

static void write_prediction(struct json_writer *json, const struct prediction *p) {
    json_open_object(json, "prediction");
    json_string(json, "kind", failure_kind_name(p->kind));
    json_fixed(json, "confidence", (double)p->confidence, 2);
    if (p->has_time) {
        json_open_array(json, "window");
        write_time(json, NULL, p->earliest);
        write_time(json, NULL, p->latest);
        json_close_array(json);
        write_time(json, "likely", p->likely);
    }
    json_open_array(json, "factors");
    for (size_t i = 0; i < p->reason_count && i < PREDICTION_REASONS_MAX; i++) {
        json_open_array(json, NULL);
        json_string(json, NULL, p->reasons[i].text);
        json_fixed(json, NULL, (double)p->reasons[i].share, 2);
        json_close_array(json);
    }
    json_close_array(json);
    json_close_object(json);
}

void notification_write(const struct notification *n, struct text *text) {
    struct json_writer writer = json_writer_over(text), *json = &writer;
    json_open_object(json, NULL);
    json_string(json, "schema", "ear.notification/1");
    json_string(json, "id", n->id.text);
    write_time(json, "time", n->at);
    json_string(json, "severity", severity_name(n->severity));
    json_string(json, "title", n->title);
    json_string(json, "cause", n->cause);
    json_string(json, "event", n->event);
    json_string(json, "automation", n->automation);
    json_string(json, "account", n->account);
    json_string(json, "region", n->region);
    if (n->instance.text[0] != '\0') write_instance(json, n);
    if (n->has_prediction) write_prediction(json, &n->prediction);
    json_open_object(json, "plan");
    json_string(json, "subject", n->subject.text);
    json_string(json, "action", n->action);
    json_string(json, "state", n->state);
    json_string(json, "result", n->result);
    json_close_object(json);
    json_string(json, "url", n->url);
    json_close_object(json);
}
