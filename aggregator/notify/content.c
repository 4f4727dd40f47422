/* From the outbox's JSON to plain fields, and from those to the lines every channel shows. */
#include "aggregator/notify/content.h"

#include <string.h>

#include "common/json/json.h"

/* One string member and where it goes. */
struct member {
    const char *key;
    char *target;
    size_t size;
};

static enum status read_strings(const struct json_value *object, const struct member *members,
                                size_t count, char *place_out) {
    for (size_t i = 0; i < count; i++) {
        enum status status =
            json_get_string(object, members[i].key, members[i].target, members[i].size);
        if (status == STATUS_NOT_FOUND) continue; /* absent = empty: the writer's null */
        if (status == STATUS_OK) continue;
        struct text place = text_over(place_out, 64);
        text_add(&place, members[i].key);
        return status;
    }
    return STATUS_OK;
}

static enum status read_instance(const struct json_value *object, struct content *c,
                                 char *place_out) {
    if (object == NULL) return STATUS_OK;
    const struct member members[] = {{"id", c->instance, sizeof c->instance},
                                     {"name", c->instance_name, sizeof c->instance_name},
                                     {"az", c->availability_zone, sizeof c->availability_zone}};
    c->has_instance = true;
    /* Absent flags stay false; they are shown, never acted on. */
    IGNORE(json_get_bool(object, "recovery_enabled", &c->recovery_enabled));
    IGNORE(json_get_bool(object, "quarantine", &c->quarantine));
    IGNORE(json_get_integer(object, "past_recoveries", 0, UINT32_MAX, &c->past_recoveries));
    return read_strings(object, members, ARRAY_LENGTH(members), place_out);
}

static void read_factors(const struct json_value *array, struct content *c) {
    for (const struct json_value *pair = json_first(array);
         pair != NULL && c->factor_count < CONTENT_FACTORS_MAX; pair = json_next(pair)) {
        char *factor = c->factors[c->factor_count];
        if (json_as_string(json_first(pair), factor, PREDICTION_REASON_SIZE) == STATUS_OK)
            c->factor_count++;
    }
}

static enum status read_prediction(const struct json_value *object, struct content *c,
                                   char *place_out) {
    if (object == NULL) return STATUS_OK;
    const struct json_value *window = json_get(object, "window");
    const struct json_value *earliest = json_first(window);
    const struct member members[] = {{"kind", c->kind, sizeof c->kind}};
    struct text place = text_over(place_out, 64);
    text_add(&place, "prediction.confidence");
    enum status status = json_get_number(object, "confidence", 0, 1, &c->confidence);
    if (status != STATUS_OK) return status;
    if (earliest != NULL) {
        status = json_as_string(earliest, c->earliest, sizeof c->earliest);
        if (status == STATUS_OK)
            status = json_as_string(json_next(earliest), c->latest, sizeof c->latest);
        if (status != STATUS_OK) return status;
    }
    read_factors(json_get(object, "factors"), c);
    c->has_prediction = true;
    return read_strings(object, members, ARRAY_LENGTH(members), place_out);
}

static enum status read_all(const struct json_value *root, struct content *c, char *place_out) {
    const struct member top[] = {{"id", c->id, sizeof c->id},
                                 {"time", c->time, sizeof c->time},
                                 {"severity", c->severity, sizeof c->severity},
                                 {"event", c->event, sizeof c->event},
                                 {"title", c->title, sizeof c->title},
                                 {"cause", c->cause, sizeof c->cause},
                                 {"automation", c->automation, sizeof c->automation},
                                 {"account", c->account, sizeof c->account},
                                 {"region", c->region, sizeof c->region},
                                 {"url", c->url, sizeof c->url}};
    const struct member plan[] = {{"subject", c->subject, sizeof c->subject},
                                  {"action", c->action, sizeof c->action},
                                  {"state", c->state, sizeof c->state},
                                  {"result", c->result, sizeof c->result}};
    enum status status = read_strings(root, top, ARRAY_LENGTH(top), place_out);
    if (status == STATUS_OK)
        status = read_strings(json_get(root, "plan"), plan, ARRAY_LENGTH(plan), place_out);
    if (status == STATUS_OK) status = read_instance(json_get(root, "instance"), c, place_out);
    if (status == STATUS_OK) status = read_prediction(json_get(root, "prediction"), c, place_out);
    if (status == STATUS_OK && c->title[0] == '\0') {
        struct text place = text_over(place_out, 64);
        text_add(&place, "title");
        status = STATUS_MALFORMED;
    }
    return status;
}

enum status content_read(const char *item, struct content *content_out, char place_out[static 64]) {
    struct json_doc *doc CLEANUP(json_cleanup) = NULL;
    struct content content = {.has_instance = false};
    struct text place = text_over(place_out, 64);
    text_add(&place, "document");
    enum status status = json_parse(item, strlen(item), NOTIFICATION_JSON_SIZE, &doc);
    if (status == STATUS_OK) status = read_all(json_root(doc), &content, place_out);
    if (status == STATUS_OK) *content_out = content;
    return status;
}

static void add_fact(struct text *text, const char *name, const char *value) {
    if (value[0] == '\0') return;
    text_add(text, name);
    text_add(text, ": ");
    text_add(text, value);
    text_add(text, "\n");
}

static void add_instance(struct text *text, const struct content *c) {
    text_add(text, "Instance: ");
    if (c->instance_name[0] != '\0') {
        text_add(text, c->instance_name);
        text_add(text, " ");
    }
    text_add(text, c->instance);
    if (c->availability_zone[0] != '\0') {
        text_add(text, " in ");
        text_add(text, c->availability_zone);
    }
    text_add(text, "\n");
}

static void add_prediction(struct text *text, const struct content *c) {
    text_add(text, "Predicted: ");
    text_add(text, c->kind[0] == '\0' ? "failure" : c->kind);
    text_add(text, ", confidence ");
    text_add_fixed(text, c->confidence, 2);
    if (c->earliest[0] != '\0') {
        text_add(text, ", between ");
        text_add(text, c->earliest);
        text_add(text, " and ");
        text_add(text, c->latest);
    }
    text_add(text, "\n");
    for (size_t i = 0; i < c->factor_count; i++) add_fact(text, "Reason", c->factors[i]);
}

void content_facts(const struct content *c, struct text *text) {
    if (c->has_instance) add_instance(text, c);
    add_fact(text, "Cause", c->cause);
    if (c->has_prediction) add_prediction(text, c);
    add_fact(text, "Action", c->action);
    add_fact(text, "Recovery status", c->state);
    add_fact(text, "Result", c->result);
    add_fact(text, "Automation", c->automation);
    add_fact(text, "Account", c->account[0] == '\0' ? "unknown" : c->account);
    add_fact(text, "Region", c->region);
    if (c->has_instance) {
        text_add(text, "Past recoveries: ");
        text_add_integer(text, c->past_recoveries);
        text_add(text, "\n");
        add_fact(text, "Quarantine", c->quarantine ? "yes" : "no");
        add_fact(text, "Recovery enabled", c->recovery_enabled ? "yes" : "no");
    }
    add_fact(text, "Dashboard", c->url);
    add_fact(text, "Id", c->subject[0] == '\0' ? c->id : c->subject);
}
