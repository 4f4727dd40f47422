/* The store's rows back into the engine at start: parses and checks each once, at this border; what
 * they mean is resume.c's business. Runs on the caller's thread before the loop starts. */
#include "aggregator/engine/restore.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/text.h"
#include "common/json/json.h"

struct engine *engine_create(const struct engine_options *options, struct now now) {
    void *memory = calloc(1, engine_size(options->instances_max));
    return memory == NULL ? NULL : engine_init(memory, options, now);
}

void engine_destroy(struct engine *engine) { free(engine); }

/* Keys are ours, and short. */
static void put_key(char key[static RECORD_KEY_SIZE], const char *value) {
    struct text text = text_over(key, RECORD_KEY_SIZE);
    text_add(&text, value);
    ASSERT(!text.truncated);
}

static enum status get_text(const struct json_value *object, const char *key, char *target,
                            size_t capacity) {
    enum status status = json_get_string(object, key, target, capacity);
    if (status == STATUS_NOT_FOUND) target[0] = '\0';
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* Missing counts as false. */
static enum status get_flag(const struct json_value *object, const char *key, bool *flag) {
    enum status status = json_get_bool(object, key, flag);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status get_count(const struct json_value *object, const char *key, uint32_t *count) {
    int64_t value = 0;
    enum status status = json_get_integer(object, key, 0, 1000000, &value);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND) return status;
    *count = (uint32_t)value;
    return STATUS_OK;
}

/* Empty or missing = 0. */
static enum status get_time(const struct json_value *object, const char *key,
                            struct wall_time *at) {
    char text[CLOCK_RFC3339_SIZE];
    enum status status = get_text(object, key, text, sizeof text);
    *at = (struct wall_time){0};
    if (status != STATUS_OK || text[0] == '\0') return status;
    return wall_parse(text, strlen(text), at);
}

static enum status get_instance(const struct json_value *object, struct instance_id *id) {
    char text[sizeof id->text];
    enum status status = json_get_string(object, "instance_id", text, sizeof text);
    if (status != STATUS_OK) return status;
    return instance_id_parse(text, strlen(text), id);
}

static enum status get_boot(const struct json_value *object, const char *key,
                            struct boot_id *boot) {
    char text[sizeof boot->text];
    enum status status = get_text(object, key, text, sizeof text);
    if (status != STATUS_OK || text[0] == '\0') return status;
    return boot_id_parse(text, strlen(text), boot);
}

static enum status get_rung(const struct json_value *object, enum rung *rung) {
    char text[32];
    enum status status = json_get_string(object, "rung", text, sizeof text);
    if (status != STATUS_OK) return status;
    *rung = rung_find(text);
    return *rung == RUNG_NONE ? STATUS_MALFORMED : STATUS_OK;
}

static enum status get_fault(const struct json_value *object, enum fault_class *fault) {
    char text[32];
    enum status status = json_get_string(object, "fault", text, sizeof text);
    if (status != STATUS_OK) return status;
    for (enum fault_class at = FAULT_NONE; at < FAULT_COUNT; at++) {
        if (strcmp(fault_class_name(at), text) != 0) continue;
        *fault = at;
        return STATUS_OK;
    }
    return STATUS_MALFORMED;
}

static enum status get_trigger(const struct json_value *object, enum trigger *trigger) {
    char text[32];
    enum status status = json_get_string(object, "trigger", text, sizeof text);
    if (status != STATUS_OK) return status;
    for (enum trigger at = TRIGGER_HEALTH; at < TRIGGER_COUNT; at++) {
        if (strcmp(trigger_name(at), text) != 0) continue;
        *trigger = at;
        return STATUS_OK;
    }
    return STATUS_MALFORMED;
}

static enum status get_leg(const struct json_value *object, enum recover_leg *leg) {
    char text[16];
    enum status status = get_text(object, "leg", text, sizeof text);
    if (status != STATUS_OK) return status;
    for (enum recover_leg at = RECOVER_LEG_FIRST; at < RECOVER_LEG_COUNT; at++) {
        if (strcmp(recover_leg_name(at), text) != 0) continue;
        *leg = at;
        return STATUS_OK;
    }
    return STATUS_MALFORMED;
}

#define TRY(call)                                                                                  \
    do {                                                                                           \
        enum status status_ = (call);                                                              \
        if (status_ != STATUS_OK) return status_;                                                  \
    } while (0)

static enum status read_run(const struct json_value *object, struct engine_incident_row *row) {
    struct recover_run *run = &row->run;
    const struct json_value *at = NULL;
    TRY(json_get_object(object, "run", &at));
    enum rung rung = RUNG_NONE;
    TRY(get_rung(at, &rung));
    recover_begin(run, rung, &row->instance, &row->id, 1, "");
    char state[24];
    TRY(json_get_string(at, "state", state, sizeof state));
    run->state = recover_state_find(state);
    if (run->state >= RECOVER_ENDED) return STATUS_MALFORMED;
    TRY(get_leg(at, &run->leg));
    const recover_table *table = recover_plan(rung, run->leg);
    if (table == NULL) return STATUS_MALFORMED;
    /* A state this plan never waits in would wait for ever. */
    if ((*table)[run->state][RECOVER_IN_RESTORED].action == RECOVER_DO_NOTHING)
        return STATUS_MALFORMED;
    TRY(json_get_string(at, "action", run->action.text, sizeof run->action.text));
    TRY(get_count(at, "base", &run->base));
    TRY(get_count(at, "attempt", &run->attempt));
    TRY(get_count(at, "renewals", &run->renewals));
    TRY(get_flag(at, "stored", &run->stored));
    TRY(get_flag(at, "dark", &run->dark));
    TRY(get_flag(at, "acted", &run->acted));
    TRY(get_flag(at, "stop_acted", &run->stop_acted));
    TRY(get_text(at, "unit", run->unit, sizeof run->unit));
    TRY(get_text(at, "command_id", run->command_id, sizeof run->command_id));
    TRY(get_boot(at, "boot_before", &run->boot_before));
    TRY(get_time(at, "launch_before", &run->launch_before));
    return get_time(at, "since", &run->since);
}

static enum status read_ladder(const struct json_value *object, struct engine_incident_row *row) {
    const struct json_value *ladder = NULL;
    TRY(json_get_object(object, "ladder", &ladder));
    for (enum rung rung = RUNG_RESTART_SERVICE; rung < RUNG_COUNT; rung++) {
        const struct json_value *at = json_get(ladder, rung_name(rung));
        if (at == NULL) continue;
        TRY(get_count(at, "attempts", &row->attempts[rung]));
        TRY(get_flag(at, "failed", &row->failed[rung]));
    }
    return STATUS_OK;
}

static enum status read_incident(const struct json_value *root, struct engine_incident_row *row) {
    TRY(json_get_string(root, "incident_id", row->id.text, sizeof row->id.text));
    TRY(get_instance(root, &row->instance));
    TRY(get_fault(root, &row->fault));
    TRY(get_trigger(root, &row->trigger));
    TRY(get_time(root, "opened", &row->opened));
    TRY(get_text(root, "prediction_id", row->prediction.text, sizeof row->prediction.text));
    TRY(get_text(root, "cause", row->cause, sizeof row->cause));
    TRY(get_flag(root, "running", &row->running));
    TRY(get_flag(root, "acted", &row->acted));
    TRY(get_flag(root, "held", &row->held));
    TRY(get_flag(root, "asked", &row->asked));
    TRY(get_flag(root, "acknowledged", &row->acknowledged));
    TRY(get_count(root, "errors", &row->errors));
    TRY(get_time(root, "not_before", &row->not_before));
    TRY(get_text(root, "started", row->started_sort, sizeof row->started_sort));
    TRY(get_text(root, "actor", row->actor, sizeof row->actor));
    TRY(get_text(root, "intent", row->intent_sort, sizeof row->intent_sort));
    TRY(read_ladder(root, row));
    return row->running ? read_run(root, row) : STATUS_OK;
}

static enum status read_intent(const struct json_value *root, struct engine_intent_row *row) {
    char leg[16], state[24];
    TRY(get_instance(root, &row->instance));
    TRY(get_rung(root, &row->rung));
    TRY(get_time(root, "timestamp", &row->at));
    TRY(get_text(root, "leg", leg, sizeof leg));
    TRY(json_get_string(root, "status", state, sizeof state));
    TRY(get_time(root, "settled", &row->ended));
    row->first_leg = leg[0] == '\0';
    row->open = strcmp(state, "open") == 0;
    bool last_leg = row->rung != RUNG_STOP_START || strcmp(leg, "start") == 0;
    row->success = strcmp(state, "done") == 0 && last_leg;
    return STATUS_OK;
}

static enum status read_flags(const struct json_value *root, struct decide_flags *flags) {
    *flags = decide_flags_default();
    TRY(get_flag(root, "enabled", &flags->recovery_enabled)); /* the policy file's word for it */
    TRY(get_flag(root, "recovery_enabled", &flags->recovery_enabled));
    TRY(get_flag(root, "monitoring_enabled", &flags->monitoring_enabled));
    TRY(get_flag(root, "app_level_recovery", &flags->app_level_recovery));
    TRY(get_flag(root, "auto_restart", &flags->auto_restart));
    return get_flag(root, "quarantine", &flags->quarantine);
}

/* What one table's rows go into. */
struct restoring {
    struct engine *engine;
    struct now now;
    uint32_t *unreadable;
};

static enum status parse(const struct record *record, struct json_doc **doc) {
    return json_parse(record->item, strlen(record->item), JSON_BYTES_MAX, doc);
}

/* Not to know what was under way is to be paused, until a person resumes. */
static void unreadable(struct restoring *at) {
    (*at->unreadable)++;
    engine_restore_pause(at->engine, NULL, (struct wall_time){0}, at->now);
}

static void take_incident(struct restoring *at, const struct record *record) {
    CLEANUP(json_cleanup) struct json_doc *doc = NULL;
    struct engine_incident_row row = {0};
    enum status status = parse(record, &doc);
    if (status == STATUS_OK) status = read_incident(json_root(doc), &row);
    if (status == STATUS_OK) status = engine_restore_incident(at->engine, &row, at->now);
    if (status != STATUS_OK) unreadable(at);
}

static void take_intent(struct restoring *at, const struct record *record) {
    CLEANUP(json_cleanup) struct json_doc *doc = NULL;
    struct engine_intent_row row = {0};
    enum status status = parse(record, &doc);
    if (status == STATUS_OK) status = read_intent(json_root(doc), &row);
    if (status == STATUS_OK) status = engine_restore_intent(at->engine, &row, at->now);
    if (status != STATUS_OK) unreadable(at);
}

static void take_flags(struct restoring *at, const struct record *record) {
    CLEANUP(json_cleanup) struct json_doc *doc = NULL;
    struct instance_id id;
    if (instance_id_parse(record->partition, strlen(record->partition), &id) != STATUS_OK) return;
    struct decide_flags flags;
    enum status status = parse(record, &doc);
    if (status == STATUS_OK) status = read_flags(json_root(doc), &flags);
    if (status != STATUS_OK) {
        flags = (struct decide_flags){0};
        (*at->unreadable)++;
    }
    if (engine_restore_flags(at->engine, &id, &flags) != STATUS_OK) unreadable(at);
}

static void take_pause(struct restoring *at, const struct json_value *root) {
    bool paused = false;
    char reason[160];
    struct wall_time until;
    if (json_get_bool(root, "paused", &paused) != STATUS_OK ||
        get_text(root, "reason", reason, sizeof reason) != STATUS_OK ||
        get_time(root, "until", &until) != STATUS_OK) {
        unreadable(at);
        return;
    }
    if (paused) engine_restore_pause(at->engine, reason, until, at->now);
}

static void take_meta(struct restoring *at, const struct record *record) {
    bool pause = strcmp(record->partition, "pause") == 0;
    bool acknowledged = strncmp(record->partition, "acknowledged/", 13) == 0;
    if (!pause && !acknowledged) return;
    CLEANUP(json_cleanup) struct json_doc *doc = NULL;
    if (parse(record, &doc) != STATUS_OK) {
        unreadable(at);
        return;
    }
    if (pause) {
        take_pause(at, json_root(doc));
        return;
    }
    struct instance_id id;
    struct wall_time when;
    /* Not to know of an acknowledgement only keeps a limit where it was. */
    if (get_instance(json_root(doc), &id) != STATUS_OK ||
        get_time(json_root(doc), "acknowledged", &when) != STATUS_OK)
        return;
    engine_restore_acknowledged(at->engine, &id, when, at->now);
}

/* Only its key counts: the next one of the instance lies behind it. What cannot be read has a key
 * that we shall not write. */
static void take_event(struct restoring *at, const struct record *record) {
    struct instance_id id;
    struct wall_time when;
    if (instance_id_parse(record->partition, strlen(record->partition), &id) != STATUS_OK ||
        wall_parse(record->sort, strlen(record->sort), &when) != STATUS_OK)
        return;
    engine_restore_event(at->engine, &id, when);
}

static void take_row(struct restoring *at, enum record_table table, const struct record *record) {
    switch (table) {
    case RECORD_INCIDENTS: take_incident(at, record); break;
    case RECORD_INTENTS: take_intent(at, record); break;
    case RECORD_INSTANCE_CONFIG: take_flags(at, record); break;
    case RECORD_META: take_meta(at, record); break;
    case RECORD_RECOVERY_EVENTS: take_event(at, record); break;
    case RECORD_PREDICTION_EVENTS:
    case RECORD_AUDIT:
    case RECORD_OUTBOX:
    case RECORD_TABLE_COUNT: break;
    }
}

void engine_restore_rows(struct engine *engine, enum record_table table,
                         const struct record *records, size_t count, struct now now,
                         uint32_t *unreadable_rows) {
    struct restoring at = {.engine = engine, .now = now, .unreadable = unreadable_rows};
    for (size_t i = 0; i < count; i++) take_row(&at, table, &records[i]);
    /* More rows than can be read: some of what was under way may be among the rest. The switches
     * are read by key; of other META rows only acknowledgements count, which only relax a limit. */
    if (count >= STORE_QUERY_ROWS_MAX && table != RECORD_META && table != RECORD_RECOVERY_EVENTS)
        unreadable(&at);
}

static enum status take_all(struct store *store, const struct store_query *query,
                            struct restoring *at) {
    struct record *records = NULL;
    size_t count = 0;
    TRY(store_read(store, query, &records, &count));
    engine_restore_rows(at->engine, query->table, records, count, at->now, at->unreadable);
    store_records_free(records, count);
    return STATUS_OK;
}

static enum status take_tables(struct store *store, struct restoring *at,
                               struct duration flap_window) {
    struct store_query query = {.limit = STORE_QUERY_ROWS_MAX, .table = RECORD_INCIDENTS};
    put_key(query.from, "open");
    put_key(query.to, "open");
    TRY(take_all(store, &query, at));
    query = (struct store_query){.limit = STORE_QUERY_ROWS_MAX, .table = RECORD_INTENTS};
    char from[CLOCK_RFC3339_SIZE];
    put_key(query.from, wall_format_ms(wall_add(at->now.wall, duration_ms(-flap_window.ms)), from));
    TRY(take_all(store, &query, at));
    struct store_query events = {
        .limit = STORE_QUERY_ROWS_MAX, .table = RECORD_RECOVERY_EVENTS, .newest_first = true};
    memcpy(events.from, query.from, sizeof events.from);
    TRY(take_all(store, &events, at));
    query = (struct store_query){.limit = STORE_QUERY_ROWS_MAX, .table = RECORD_INSTANCE_CONFIG};
    TRY(take_all(store, &query, at));
    query = (struct store_query){.limit = 1, .table = RECORD_META};
    put_key(query.partition, "pause");
    TRY(take_all(store, &query, at));
    query = (struct store_query){
        .limit = STORE_QUERY_ROWS_MAX, .prefix = true, .table = RECORD_META, .newest_first = true};
    put_key(query.partition, "acknowledged/");
    return take_all(store, &query, at);
}

static enum status read_start(struct store *store, int64_t *number) {
    struct store_query query = {.limit = 1, .table = RECORD_META};
    put_key(query.partition, "start");
    struct record *records = NULL;
    size_t count = 0;
    TRY(store_read(store, &query, &records, &count));
    CLEANUP(json_cleanup) struct json_doc *doc = NULL;
    enum status status = STATUS_OK;
    *number = 0;
    if (count > 0) status = parse(&records[0], &doc);
    if (count > 0 && status == STATUS_OK)
        status = json_get_integer(json_root(doc), "number", 0, INT64_C(1) << 52, number);
    store_records_free(records, count);
    return status == STATUS_OK ? STATUS_OK : STATUS_CORRUPT;
}

static void keep_status(void *arg, uint64_t batch, enum status status) {
    (void)batch;
    *(enum status *)arg = status;
}

/* The number is durable before it is used: no two starts share an epoch. */
static enum status write_start(struct store *store, int64_t number) {
    char item[64];
    struct text text = text_over(item, sizeof item);
    text_add(&text, "{\"number\":");
    text_add_integer(&text, number);
    text_add(&text, "}");
    struct batch *batch = batch_create(0);
    if (batch == NULL) return STATUS_NO_MEMORY;
    enum status status = batch_add(batch, RECORD_PUT, RECORD_META, "start", NULL, item),
                written = STATUS_IO;
    if (status == STATUS_OK) status = store_submit(store, batch, keep_status, &written);
    if (status != STATUS_OK) {
        batch_destroy(batch);
        return status;
    }
    /* A read sees all batches before it: afterwards the answer is there. */
    int64_t unused = 0;
    TRY(read_start(store, &unused));
    return written;
}

enum status engine_restore(struct store *store, struct engine_options *options, uint64_t random,
                           struct now now, struct engine **engine_out, uint32_t *unreadable_out) {
    int64_t number = 0;
    TRY(read_start(store, &number));
    TRY(write_start(store, number + 1));
    options->epoch = (uint64_t)number + 1;
    options->seed = random ^ options->epoch * UINT64_C(0x9e3779b97f4a7c15);
    struct engine *engine = engine_create(options, now);
    if (engine == NULL) return STATUS_NO_MEMORY;
    *unreadable_out = 0;
    struct restoring at = {.engine = engine, .now = now, .unreadable = unreadable_out};
    enum status status = take_tables(store, &at, options->decide.flap_window);
    if (status != STATUS_OK) {
        engine_destroy(engine);
        return status;
    }
    engine_restored(engine, now);
    *engine_out = engine;
    return STATUS_OK;
}
