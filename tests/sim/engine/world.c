/* See world.h. One thread, virtual time. The auditor is audit.c. */
#include "tests/sim/engine/world_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/engine/restore.h"
#include "common/base/hash.h"

static unsigned below(struct world *w, unsigned bound) {
    return (unsigned)prng_below(&w->random, bound);
}
static bool chance(struct world *w, unsigned percent) {
    return w->faulty && below(w, 100) < percent;
}
static struct now now_of(const struct world *w) {
    return (struct now){{w->ms + 1000000}, {WALL_0 + w->ms}};
}

void violate(struct world *w, const char *format, ...) {
    if (w->report->violation[0] != '\0') return;
    int used = snprintf(w->report->violation, sizeof w->report->violation,
                        "at %lld ms: ", (long long)w->ms);
    va_list list;
    va_start(list, format);
    vsnprintf(w->report->violation + used, sizeof w->report->violation - (size_t)used, format,
              list);
    va_end(list);
}

static void trace(struct world *w, const char *what, const char *id) {
    w->report->hash = hash_bytes(w->report->hash, &w->ms, sizeof w->ms);
    w->report->hash = hash_bytes(w->report->hash, what, strlen(what));
    w->report->hash = hash_bytes(w->report->hash, id, strlen(id));
}

static void later(struct world *w, int64_t in_ms, enum kind kind, size_t what) {
    if (w->queue_count == QUEUE_MAX) {
        violate(w, "the world's queue is full");
        return;
    }
    w->queue[w->queue_count++] = (struct entry){.at = w->ms + in_ms,
                                                .order = w->order++,
                                                .kind = kind,
                                                .what = what,
                                                .generation = w->generation};
}

static struct entry next_entry(struct world *w) {
    size_t best = 0;
    for (size_t i = 1; i < w->queue_count; i++) {
        const struct entry *a = &w->queue[i], *b = &w->queue[best];
        if (a->at < b->at || (a->at == b->at && a->order < b->order)) best = i;
    }
    struct entry entry = w->queue[best];
    w->queue[best] = w->queue[--w->queue_count];
    return entry;
}

/* --- the store ----------------------------------------------------------------------------- */

static void put_row(struct world *w, enum record_operation_kind kind, struct row row) {
    if (kind == RECORD_APPEND_AUDIT || row.table == RECORD_OUTBOX ||
        row.table == RECORD_PREDICTION_EVENTS) {
        free(row.item);
        return;
    }
    for (size_t i = 0; i < w->row_count; i++) {
        struct row *at = &w->rows[i];
        if (at->item == NULL || at->table != row.table ||
            strcmp(at->partition, row.partition) != 0 || strcmp(at->sort, row.sort) != 0)
            continue;
        free(at->item);
        *at = row;
        return;
    }
    if (kind == RECORD_DELETE) return;
    if (w->row_count == ROWS_MAX)
        violate(w, "the world's store is full");
    else
        w->rows[w->row_count++] = row;
}

const struct row *find_intent(const struct world *w, const char *action) {
    for (size_t i = 0; i < w->row_count; i++)
        if (w->rows[i].item != NULL && w->rows[i].table == RECORD_INTENTS &&
            strcmp(w->rows[i].partition, action) == 0)
            return &w->rows[i];
    return NULL;
}

bool settled(const struct world *w, const char *action) {
    const struct row *row = find_intent(w, action);
    return row != NULL && strstr(row->item, "\"status\":\"open\"") == NULL;
}

static struct waiting_batch *hold_batch(struct world *w) {
    const struct engine_output *output = w->output;
    for (size_t b = 0; b < BATCHES_MAX; b++) {
        struct waiting_batch *batch = &w->batches[b];
        if (batch->used) continue;
        *batch = (struct waiting_batch){.used = true,
                                        .id = output->batch,
                                        .record_count = output->record_count,
                                        .effect_count = output->effect_count};
        batch->rows = calloc(output->record_count, sizeof *batch->rows);
        batch->kinds = calloc(output->record_count, sizeof *batch->kinds);
        batch->effects = calloc(output->effect_count + 1, sizeof *batch->effects);
        for (size_t i = 0; i < output->record_count; i++) {
            const struct engine_record *from = &output->records[i];
            batch->kinds[i] = from->kind;
            batch->rows[i].table = from->table;
            memcpy(batch->rows[i].partition, from->partition, RECORD_KEY_SIZE);
            memcpy(batch->rows[i].sort, from->sort, RECORD_KEY_SIZE);
            batch->rows[i].item = from->item == NULL ? NULL : strdup(from->item);
        }
        memcpy(batch->effects, output->effects, output->effect_count * sizeof *batch->effects);
        return batch;
    }
    violate(w, "too many batches wait");
    return NULL;
}

static void drop_batch(struct waiting_batch *batch, bool with_items) {
    for (size_t i = 0; with_items && i < batch->record_count; i++) free(batch->rows[i].item);
    free(batch->rows);
    free(batch->kinds);
    free(batch->effects);
    *batch = (struct waiting_batch){0};
}

/* --- the engine's edges -------------------------------------------------------------------- */

static void feed(struct world *w, const struct event *event);

static void decide_fate(struct world *w, struct sent *sent) {
    bool mutates = call_mutates(sent->call.kind);
    sent->answer = STATUS_OK;
    sent->effect = mutates;
    if (!mutates) {
        if (chance(w, w->faults.read_fail_percent))
            sent->answer = below(w, 2) == 0 ? STATUS_THROTTLED : STATUS_TIMEOUT;
        return;
    }
    if (chance(w, w->faults.throttle_percent)) {
        sent->answer = STATUS_THROTTLED;
        sent->effect = false;
        return;
    }
    if (!chance(w, w->faults.lost_percent)) return;
    sent->answer = below(w, 3) == 0 ? STATUS_UNAVAILABLE : STATUS_UNKNOWN_OUTCOME;
    sent->effect = below(w, 2) == 0;
    sent->no_answer = true;
}

static void make_call(struct world *w, const struct call *call) {
    trace(w, call_kind_name(call->kind), call->action.text);
    if (call_mutates(call->kind)) {
        audit_call(w, call);
        w->report->calls++;
    }
    if (w->sent_count == CALLS_MAX) {
        violate(w, "too many calls");
        return;
    }
    struct sent *sent = &w->sent[w->sent_count];
    *sent = (struct sent){.call = *call, .at = w->ms};
    decide_fate(w, sent);
    struct action *action = find_action(w, call->action.text);
    if (action != NULL && call_mutates(call->kind)) action->lost = sent->no_answer;
    int64_t landing = 20 + below(w, 400);
    /* A lost call may land as late as its signature holds. */
    if (sent->no_answer && chance(w, w->faults.late_percent))
        landing = below(w, (unsigned)w->options.recover.signature_window.ms);
    if (sent->effect) later(w, landing, LAND, w->sent_count);
    int64_t answer = sent->no_answer ? (int64_t)call->deadline.ms : landing + 20 + below(w, 300);
    later(w, answer, ANSWER, w->sent_count);
    w->sent_count++;
}

static void run_effect(struct world *w, const struct effect *effect) {
    switch (effect->kind) {
    case EFFECT_CALL: make_call(w, &effect->call); break;
    case EFFECT_POLL: later(w, 500, POLL, 0); break;
    case EFFECT_REPLY:
    case EFFECT_LOG:
        if (getenv("EAR_SIM_LOG") != NULL && effect->kind == EFFECT_LOG)
            fprintf(stderr, "%8.1f %s %s %s: %s -> %s (%s) %s\n", (double)w->ms / 1000,
                    effect->log.event, effect->log.instance.text, effect->log.rule,
                    effect->log.old_state, effect->log.new_state, effect->log.incident.text,
                    effect->log.text);
        break;
    case EFFECT_PAUSE_FILE: w->pause_file = effect->present; break;
    case EFFECT_NOTIFY:
    case EFFECT_KIND_COUNT: break;
    }
}

static void give_up(struct world *w, const struct effect *effect) {
    if (effect->kind != EFFECT_CALL) return;
    struct event event = {.kind = EVENT_CALL_DONE, .instance = effect->call.instance};
    event.call = (struct call_result){.kind = effect->call.kind,
                                      .action = effect->call.action,
                                      .instance = effect->call.instance,
                                      .serial = effect->call.serial,
                                      .status = STATUS_AGAIN};
    feed(w, &event);
}

static void run_step(struct world *w, const struct event *event) {
    engine_step(w->engine, event, now_of(w), w->output);
    if (w->output->batch == 0) {
        /* The output is the next step's too: effects here only make entries, never steps. */
        for (size_t i = 0; i < w->output->effect_count; i++) run_effect(w, &w->output->effects[i]);
        return;
    }
    for (size_t i = 0; i < w->output->effect_count; i++) {
        const struct effect *effect = &w->output->effects[i];
        if (engine_effect_at_once(effect)) run_effect(w, effect);
    }
    struct waiting_batch *batch = hold_batch(w);
    if (batch != NULL) later(w, 1 + below(w, 40), BATCH, (size_t)(batch - w->batches));
}

static void feed(struct world *w, const struct event *event) {
    if (w->engine == NULL) return;
    run_step(w, event);
    static const struct event tick = {.kind = EVENT_TICK};
    for (unsigned i = 0; w->output->more && i < 1000; i++) run_step(w, &tick);
}

/* --- EC2, SSM ------------------------------------------------------------------------------ */

static void set_state(struct world *w, struct box *box, enum instance_state state) {
    box->before = box->facts.state;
    box->changed_at = w->ms;
    box->facts.state = state;
}

static void boot(struct world *w, size_t number) {
    struct box *box = &w->boxes[number];
    box->boot++;
    box->hung = box->agent_up = false;
    box->service_up = false;
    later(w, 5000 + below(w, 20000), BOOTED, number);
}

static void land_command(struct world *w, size_t number, const struct call *call) {
    struct box *box = &w->boxes[number];
    if (w->command_count == ACTIONS_MAX) return;
    struct command *command = &w->commands[w->command_count++];
    *command = (struct command){.box = number, .done_at = w->ms + 500 + below(w, 8000)};
    memcpy(command->comment, call->action.text, sizeof command->comment);
    snprintf(command->id, sizeof command->id, "%08zx-0000-4000-8000-000000000000",
             w->command_count);
    command->fails =
        box->hung || !box->agent_up || (w->faulty && box->bad_service && below(w, 2) == 0);
    if (!command->fails && !box->bad_service) box->service_up = true;
    w->report->restarts++;
}

static void land(struct world *w, struct sent *sent) {
    size_t number = box_of(w, &sent->call.instance);
    struct box *box = &w->boxes[number];
    if (sent->landed) return;
    sent->landed = true;
    trace(w, "effect", sent->call.action.text);
    audit_effect(w, sent->call.action.text);
    switch (sent->call.kind) {
    case CALL_RUN_DOCUMENT: land_command(w, number, &sent->call); break;
    case CALL_REBOOT:
        w->report->reboots++;
        if (box->facts.state == INSTANCE_RUNNING && !chance(w, w->faults.swallow_percent))
            boot(w, number);
        break;
    case CALL_STOP:
    case CALL_STOP_FORCE:
        w->report->stops++;
        if (box->facts.state != INSTANCE_RUNNING && box->facts.state != INSTANCE_STOPPING) break;
        set_state(w, box, INSTANCE_STOPPING);
        box->agent_up = box->service_up = false;
        box->stuck = sent->call.kind == CALL_STOP && chance(w, w->faults.stuck_percent);
        if (!box->stuck) later(w, 3000 + below(w, 15000), STOPPED, number);
        break;
    case CALL_START:
        w->report->starts++;
        if (box->facts.state != INSTANCE_STOPPED) break;
        set_state(w, box, INSTANCE_PENDING);
        later(w, 2000 + below(w, 8000), RUNNING, number);
        break;
    case CALL_DESCRIBE:
    case CALL_FIND_RUN:
    case CALL_POLL_RUN:
    case CALL_COUNT: break;
    }
}

static struct instance_facts seen_facts(struct world *w, const struct box *box) {
    struct instance_facts facts = box->facts;
    bool lags = w->faults.lag_ms > 0 && w->ms - box->changed_at < (int64_t)w->faults.lag_ms;
    if (w->faulty && lags && below(w, 2) == 0) facts.state = box->before;
    return facts;
}

static struct instance_checks seen_checks(const struct world *w, const struct box *box) {
    bool running = box->facts.state == INSTANCE_RUNNING;
    bool impaired = box->hung && w->ms - box->hung_at > 20000;
    enum check_status status =
        running ? impaired ? CHECK_STATUS_IMPAIRED : CHECK_STATUS_OK : CHECK_STATUS_NOT_APPLICABLE;
    if (running && !box->hung && !box->agent_up) status = CHECK_STATUS_INITIALIZING;
    return (struct instance_checks){.id = box->facts.id,
                                    .state = box->facts.state,
                                    .system =
                                        running ? CHECK_STATUS_OK : CHECK_STATUS_NOT_APPLICABLE,
                                    .instance = status};
}

static void fill_answer(struct world *w, const struct sent *sent, struct call_result *result) {
    const struct call *call = &sent->call;
    size_t number = box_of(w, &call->instance);
    const struct box *box = &w->boxes[number];
    switch (call->kind) {
    case CALL_DESCRIBE:
        result->facts = seen_facts(w, box);
        result->checks = seen_checks(w, box);
        break;
    case CALL_FIND_RUN:
        for (size_t i = 0; i < w->command_count; i++) {
            if (strcmp(w->commands[i].comment, call->action.text) != 0) continue;
            result->found = true;
            memcpy(result->command_id, w->commands[i].id, COMMAND_ID_SIZE);
        }
        break;
    case CALL_RUN_DOCUMENT:
        for (size_t i = 0; i < w->command_count; i++)
            if (strcmp(w->commands[i].comment, call->action.text) == 0)
                memcpy(result->command_id, w->commands[i].id, COMMAND_ID_SIZE);
        break;
    case CALL_POLL_RUN:
        result->run = RUN_PENDING;
        for (size_t i = 0; i < w->command_count; i++) {
            const struct command *command = &w->commands[i];
            if (strcmp(command->id, call->command_id) != 0 || w->ms < command->done_at) continue;
            result->run = command->fails ? RUN_FAILED : RUN_SUCCESS;
        }
        break;
    case CALL_REBOOT:
    case CALL_STOP:
    case CALL_STOP_FORCE: break;
    case CALL_START:
        if (box->facts.state != INSTANCE_PENDING && box->facts.state != INSTANCE_RUNNING)
            result->status = STATUS_REFUSED;
        break;
    case CALL_COUNT: break;
    }
}

static void answer(struct world *w, struct sent *sent) {
    struct event event = {.kind = EVENT_CALL_DONE, .instance = sent->call.instance};
    event.call = (struct call_result){.kind = sent->call.kind,
                                      .action = sent->call.action,
                                      .instance = sent->call.instance,
                                      .serial = sent->call.serial,
                                      .asked_at = {sent->at + 1000000},
                                      .status = sent->answer};
    if (sent->answer == STATUS_OK) fill_answer(w, sent, &event.call);
    if (!call_mutates(sent->call.kind) || sent->answer != STATUS_OK) {
        feed(w, &event);
    } else {
        feed(w, &event);
    }
    /* Answers come twice now and then. */
    if (chance(w, 3)) feed(w, &event);
}

static void told_checks(struct world *w, const struct instance_checks *checks, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct box *box = &w->boxes[i];
        bool impaired = checks[i].instance == CHECK_STATUS_IMPAIRED;
        if (impaired && !box->told_impaired && !box->told_silent && box->told_check != 0)
            audit_unhealthy(w, i);
        box->told_impaired = impaired;
    }
}

static void poll(struct world *w) {
    if (w->engine == NULL) return;
    struct instance_facts facts[WORLD_INSTANCES_MAX];
    struct instance_checks checks[WORLD_INSTANCES_MAX];
    for (size_t i = 0; i < w->box_count; i++) {
        facts[i] = seen_facts(w, &w->boxes[i]);
        checks[i] = seen_checks(w, &w->boxes[i]);
    }
    struct event event = {.kind = EVENT_INVENTORY, .count = w->box_count, .facts = facts};
    if (chance(w, w->faults.read_fail_percent)) event.status = STATUS_TIMEOUT;
    feed(w, &event);
    event = (struct event){.kind = EVENT_STATUS_CHECKS, .count = w->box_count, .checks = checks};
    if (chance(w, w->faults.read_fail_percent))
        event.status = STATUS_UNAVAILABLE;
    else
        told_checks(w, checks, w->box_count);
    feed(w, &event);
}

/* --- agents -------------------------------------------------------------------------------- */

static void report_seen(struct world *w, size_t number) {
    struct box *box = &w->boxes[number];
    struct event event = {.kind = EVENT_AGENT_SEEN, .instance = box->facts.id};
    event.agent.interval_ms = 5000;
    snprintf(event.agent.boot.text, sizeof event.agent.boot.text, "%08x-0000-4000-8000-%012zx",
             box->boot, number);
    if (box->told_boot != box->boot) box->told_check = -1;
    box->told_seen = true;
    box->told_silent = false;
    box->told_boot = box->boot;
    feed(w, &event);
}

static void report_check(struct world *w, size_t number) {
    struct box *box = &w->boxes[number];
    struct event event = {.kind = EVENT_AGENT_CHECK, .instance = box->facts.id};
    event.agent.check =
        (struct check_result){.name = "http",
                              .unit = "web.service",
                              .state = box->service_up ? CHECK_PASSING : CHECK_FAILING};
    if (!box->service_up && !box->told_impaired) audit_unhealthy(w, number);
    box->told_check = box->service_up ? 1 : 0;
    feed(w, &event);
}

/* An agent's report each 5 s: only changes reach the engine, as rows would post them. */
static void agent(struct world *w, size_t number) {
    struct box *box = &w->boxes[number];
    later(w, 5000, AGENT, number);
    bool speaks = box->agent_up && !box->hung && box->facts.state == INSTANCE_RUNNING;
    if (speaks) box->last_report = w->ms;
    if (w->engine == NULL) return;
    if (!speaks) {
        if (box->told_silent || w->ms - box->last_report < 15000) return;
        struct event event = {.kind = EVENT_AGENT_SILENT, .instance = box->facts.id};
        event.agent.silent_for = duration_ms(w->ms - box->last_report);
        if (!box->told_impaired && box->told_check != 0 && box->facts.state == INSTANCE_RUNNING)
            audit_unhealthy(w, number);
        box->told_silent = true;
        box->told_seen = false;
        feed(w, &event);
        return;
    }
    if (!box->told_seen || box->told_boot != box->boot) report_seen(w, number);
    int check = box->service_up ? 1 : 0;
    if (check == box->told_check) {
        box->check_changed = w->ms;
    } else if (box->told_check == -1 || w->ms - box->check_changed >= 10000) {
        report_check(w, number);
    }
}

/* --- faults, people ------------------------------------------------------------------------ */

static void break_one(struct world *w) {
    if (w->faulty) later(w, 20000 + below(w, 200000), BREAK, 0);
    if (!w->faulty) return;
    struct box *box = &w->boxes[below(w, (unsigned)w->box_count)];
    if (box->facts.state != INSTANCE_RUNNING) return;
    if (below(w, 2) == 0) {
        box->service_up = false;
        box->bad_service = below(w, 100) < w->faults.bad_service_percent;
        return;
    }
    if (!box->hung) box->hung_at = w->ms;
    box->hung = true;
}

static void storm(struct world *w) {
    if (!w->faulty) return;
    for (size_t i = 0; i < w->box_count; i++) {
        struct box *box = &w->boxes[i];
        if (box->facts.state != INSTANCE_RUNNING || box->hung || below(w, 10) < 4) continue;
        box->hung = true;
        box->hung_at = w->ms;
    }
}

static void say(struct world *w, enum operator_verb verb, size_t number, enum rung rung) {
    if (w->engine == NULL) return;
    struct event event = {.kind = EVENT_OPERATOR, .instance = w->boxes[number].facts.id};
    event.operator.verb = verb;
    event.operator.token = 1;
    event.operator.rung = rung;
    snprintf(event.operator.actor, sizeof event.operator.actor, "alice");
    snprintf(event.operator.reason, sizeof event.operator.reason, "because");
    feed(w, &event);
}

/* Acknowledges the first open incident of the store. */
static void acknowledge(struct world *w) {
    for (size_t i = 0; i < w->row_count; i++) {
        const struct row *row = &w->rows[i];
        if (row->item == NULL || row->table != RECORD_INCIDENTS || strcmp(row->sort, "open") != 0)
            continue;
        struct event event = {.kind = EVENT_OPERATOR};
        event.operator.verb = OPERATOR_ACKNOWLEDGE;
        event.operator.token = 2;
        snprintf(event.operator.record.text, sizeof event.operator.record.text, "%s",
                 row->partition);
        for (size_t b = 0; b < w->box_count; b++)
            if (strstr(row->item, w->boxes[b].facts.id.text) != NULL) w->acknowledged_at[b] = w->ms;
        if (w->engine != NULL) feed(w, &event);
        return;
    }
}

static void person(struct world *w) {
    if (!w->faulty) return;
    later(w, 60000 + below(w, 300000), PERSON, 0);
    if (w->engine == NULL) return;
    size_t number = below(w, (unsigned)w->box_count);
    switch (below(w, 5)) {
    case 0:
        say(w, OPERATOR_PAUSE, 0, RUNG_NONE);
        if (!w->paused) w->paused_at = w->ms;
        w->paused = true;
        break;
    case 1:
        w->paused = false;
        say(w, OPERATOR_RESUME, 0, RUNG_NONE);
        break;
    case 2: say(w, OPERATOR_RECOVER, number, RUNG_RESTART_SERVICE); break;
    case 3: acknowledge(w); break;
    default:
        if (w->faults.untag) w->boxes[number].facts.opted_in = below(w, 2) == 0;
        break;
    }
}

static void predict(struct world *w) {
    later(w, 10000, PREDICT, 0);
    struct box *box = &w->boxes[0];
    if (w->faulty && below(w, 20) == 0) box->leak = !box->leak;
    struct event event = {.kind = EVENT_PREDICTION, .instance = box->facts.id};
    event.prediction = (struct prediction){.instance = box->facts.id,
                                           .at = now_of(w).wall,
                                           .confidence = box->leak ? 0.9F : 0.1F,
                                           .kind = FAILURE_MEMORY_LEAK,
                                           .reason_count = 1};
    event.prediction.reasons[0].metric = METRIC_SERVICE_MEMORY_USED;
    event.prediction.reasons[0].share = 1;
    snprintf(event.prediction.reasons[0].member, SERIES_MEMBER_SIZE, "web.service");
    feed(w, &event);
}

/* --- crash and restart --------------------------------------------------------------------- */

static void commit(struct world *w, struct waiting_batch *batch) {
    for (size_t i = 0; i < batch->record_count; i++) {
        if (batch->kinds[i] == RECORD_PUT_NEW && batch->rows[i].table == RECORD_INTENTS &&
            find_intent(w, batch->rows[i].partition) != NULL)
            violate(w, "an intent's key was used twice: %s", batch->rows[i].partition);
        if (strstr(batch->rows[i].item == NULL ? "" : batch->rows[i].item,
                   "\"status\":\"success\"") != NULL)
            w->report->successes++;
        if (batch->rows[i].table == RECORD_INCIDENTS && strcmp(batch->rows[i].sort, "closed") == 0)
            w->report->incidents++;
        put_row(w, batch->kinds[i], batch->rows[i]);
    }
}

static void crash(struct world *w) {
    if (!w->faulty) return;
    later(w, 1000 + below(w, w->faults.crash_s * 2000), CRASH, 0);
    if (w->engine == NULL) return;
    w->report->crashes++;
    trace(w, "crash", "");
    /* In order of submission a prefix of what waits is durable; its effects never left. */
    bool durable = true;
    for (;;) {
        struct waiting_batch *oldest = NULL;
        for (size_t i = 0; i < BATCHES_MAX; i++)
            if (w->batches[i].used && (oldest == NULL || w->batches[i].id < oldest->id))
                oldest = &w->batches[i];
        if (oldest == NULL) break;
        durable = durable && below(w, 2) == 0;
        if (durable) commit(w, oldest);
        drop_batch(oldest, !durable);
    }
    free(w->memory);
    w->memory = NULL;
    w->engine = NULL;
    w->generation++;
    later(w, 500 + below(w, 20000), START, 0);
}

static void tell_pause_file(struct world *w) {
    struct event file = {.kind = EVENT_PAUSE_FILE, .present = w->pause_file};
    w->pause_told = w->pause_file;
    feed(w, &file);
}

static void start(struct world *w) {
    w->options.epoch = ++w->starts;
    w->options.seed = prng_next(&w->random);
    w->memory = calloc(1, engine_size(w->options.instances_max));
    w->engine = engine_init(w->memory, &w->options, now_of(w));
    static const enum record_table tables[] = {RECORD_INCIDENTS, RECORD_INTENTS, RECORD_META};
    uint32_t unreadable = 0;
    for (size_t t = 0; t < ARRAY_LENGTH(tables); t++)
        for (size_t i = 0; i < w->row_count; i++) {
            const struct row *row = &w->rows[i];
            if (row->item == NULL || row->table != tables[t]) continue;
            if (tables[t] == RECORD_INCIDENTS && strcmp(row->sort, "open") != 0) continue;
            struct record record = {.item = row->item};
            memcpy(record.partition, row->partition, RECORD_KEY_SIZE);
            memcpy(record.sort, row->sort, RECORD_KEY_SIZE);
            engine_restore_rows(w->engine, tables[t], &record, 1, now_of(w), &unreadable);
        }
    if (unreadable > 0) violate(w, "%u rows could not be read back", unreadable);
    engine_restored(w->engine, now_of(w));
    for (size_t i = 0; i < w->box_count; i++) {
        struct box *box = &w->boxes[i];
        box->told_seen = box->told_silent = box->told_impaired = false;
        box->told_check = -1;
        box->told_boot = 0;
        box->noted_at = 0;
        box->last_report = w->ms;
    }
    tell_pause_file(w);
    w->note_count = 0;
    w->storm_until = 0;
    later(w, 300, POLL, 0);
}

static void batch_done(struct world *w, size_t place) {
    struct waiting_batch *batch = &w->batches[place];
    if (!batch->used) return;
    /* Order of submission: wait for the older ones. */
    for (size_t i = 0; i < BATCHES_MAX; i++)
        if (w->batches[i].used && w->batches[i].id < batch->id) {
            later(w, 1, BATCH, place);
            return;
        }
    struct event event = {.kind = EVENT_BATCH_DONE, .batch = batch->id, .status = STATUS_OK};
    if (chance(w, w->faults.store_fail_percent))
        event.status = below(w, 2) == 0 ? STATUS_BUSY : STATUS_NO_SPACE;
    struct waiting_batch taken = *batch;
    *batch = (struct waiting_batch){0};
    if (event.status == STATUS_OK) {
        commit(w, &taken);
        for (size_t i = 0; i < taken.effect_count; i++)
            if (!engine_effect_at_once(&taken.effects[i])) run_effect(w, &taken.effects[i]);
    }
    feed(w, &event);
    for (size_t i = 0; i < taken.effect_count && event.status != STATUS_OK; i++)
        if (!engine_effect_at_once(&taken.effects[i])) give_up(w, &taken.effects[i]);
    drop_batch(&taken, event.status != STATUS_OK);
}

/* --- the run ------------------------------------------------------------------------------- */

static void end_faults(struct world *w) {
    w->faulty = false;
    w->paused = false;
    for (size_t i = 0; i < w->box_count; i++) {
        struct box *box = &w->boxes[i];
        box->hung = box->bad_service = box->leak = false;
        box->facts.opted_in = true;
        if (box->facts.state == INSTANCE_RUNNING && box->boot > 0) {
            box->agent_up = box->service_up = true;
        }
        if (box->facts.state == INSTANCE_STOPPING && box->stuck) later(w, 1000, STOPPED, i);
    }
    say(w, OPERATOR_RESUME, 0, RUNG_NONE);
    struct event event = {.kind = EVENT_PREDICTION, .instance = w->boxes[0].facts.id};
    event.prediction.instance = event.instance;
    feed(w, &event);
}

static bool open_incident(const struct world *w, bool held_too) {
    for (size_t i = 0; i < w->row_count; i++) {
        const struct row *row = &w->rows[i];
        if (row->item == NULL || row->table != RECORD_INCIDENTS || strcmp(row->sort, "open") != 0)
            continue;
        if (held_too || strstr(row->item, "\"held\":true") == NULL) return true;
    }
    return false;
}

static void handle(struct world *w, const struct entry *entry) {
    bool stale = entry->generation != w->generation;
    switch (entry->kind) {
    case TICK: {
        later(w, 1000, TICK, 0);
        if (w->pause_file != w->pause_told && w->engine != NULL) tell_pause_file(w);
        static const struct event tick = {.kind = EVENT_TICK};
        feed(w, &tick);
        break;
    }
    case AGENT: agent(w, entry->what); break;
    case POLL:
        if (entry->what == 1) later(w, 20000, POLL, 1);
        poll(w);
        break;
    case LAND: land(w, &w->sent[entry->what]); break;
    case ANSWER:
        if (!stale) answer(w, &w->sent[entry->what]);
        break;
    case BATCH:
        if (!stale) batch_done(w, entry->what);
        break;
    case CRASH: crash(w); break;
    case START: start(w); break;
    case BREAK: break_one(w); break;
    case STORM: storm(w); break;
    case PERSON: person(w); break;
    case PREDICT: predict(w); break;
    case STOPPED:
        if (w->boxes[entry->what].facts.state == INSTANCE_STOPPING) {
            set_state(w, &w->boxes[entry->what], INSTANCE_STOPPED);
            snprintf(w->boxes[entry->what].facts.state_reason, 64, "Client.UserInitiatedShutdown");
        }
        break;
    case RUNNING: {
        struct box *box = &w->boxes[entry->what];
        if (box->facts.state != INSTANCE_PENDING) break;
        if (chance(w, w->faults.capacity_percent)) {
            set_state(w, box, INSTANCE_STOPPED);
            break;
        }
        set_state(w, box, INSTANCE_RUNNING);
        box->facts.launch_time = now_of(w).wall;
        box->facts.state_reason[0] = '\0';
        boot(w, entry->what);
        break;
    }
    case BOOTED: {
        struct box *box = &w->boxes[entry->what];
        if (box->facts.state != INSTANCE_RUNNING) break;
        box->agent_up = true;
        box->service_up = !box->bad_service;
        break;
    }
    case END_FAULTS: end_faults(w); break;
    }
}

static struct engine_options quick(const struct world_faults *faults) {
    struct engine_options options = engine_options_default();
    struct decide_policy *decide_policy = &options.decide;
    struct recover_policy *policy = &options.recover;
    options.instances_max = WORLD_INSTANCES_MAX;
    options.store_retry = duration_s(5);
    decide_policy->dry_run = faults->dry_run;
    for (enum rung rung = RUNG_RESTART_SERVICE; rung < RUNG_COUNT; rung++)
        decide_policy->enabled[TRIGGER_HEALTH][rung] = true;
    decide_policy->enabled[TRIGGER_PREDICTION][RUNG_RESTART_SERVICE] = true;
    decide_policy->confirm_time = duration_s(30);
    decide_policy->minimum_instance_age = duration_s(30);
    decide_policy->warmup = duration_s(60);
    decide_policy->rest_after_success = duration_s(120);
    decide_policy->breaker_window = duration_s(60);
    decide_policy->breaker_cooldown = duration_s(120);
    decide_policy->budget_window = duration_s(600);
    decide_policy->flap_window = duration_s(3600);
    decide_policy->status_max_age = duration_s(60);
    decide_policy->inventory_max_age = duration_s(90);
    decide_policy->service_restarts_window = duration_s(300);
    policy->read_deadline = policy->call_deadline = duration_s(5);
    policy->answer_grace = duration_s(2);
    policy->retry_pause = duration_s(2);
    policy->poll_pause = duration_s(2);
    policy->restart_service_timeout = duration_s(60);
    policy->reboot_timeout = policy->stop_timeout = policy->start_timeout = duration_s(90);
    policy->proof_timeout = duration_s(90);
    policy->healthy_time = duration_s(30);
    policy->signature_window = duration_s(120);
    policy->settle_time = duration_s(30);
    return options;
}

static void build(struct world *w) {
    w->box_count = 3 + below(w, 22);
    for (size_t i = 0; i < w->box_count; i++) {
        struct box *box = &w->boxes[i];
        box->facts = (struct instance_facts){
            .state = INSTANCE_RUNNING, .opted_in = true, .launch_time = {WALL_0 - 86400000}};
        snprintf(box->facts.id.text, sizeof box->facts.id.text, "i-%017zx", i + 1);
        snprintf(box->facts.availability_zone, 24, "eu-west-1%c", (char)('a' + i % 3));
        box->before = INSTANCE_RUNNING;
        box->boot = 1;
        box->agent_up = box->service_up = true;
        box->told_check = -1;
        later(w, below(w, 5000), AGENT, i);
    }
    later(w, 0, TICK, 0);
    later(w, 100, POLL, 1);
    later(w, 90000 + below(w, 60000), BREAK, 0);
    if (w->faults.storm) later(w, 200000 + below(w, 400000), STORM, 0);
    if (w->faults.people) later(w, 60000, PERSON, 0);
    if (w->faults.predictions) later(w, 30000, PREDICT, 0);
    if (w->faults.crash_s > 0) later(w, 30000 + below(w, 60000), CRASH, 0);
}

static void check_end(struct world *w) {
    if (w->faults.dry_run) return;
    if (open_incident(w, false)) violate(w, "an incident is still open after the world settled");
    if (open_incident(w, true)) return;       /* stopped by us, and a person was called */
    for (size_t i = 0; i < w->box_count; i++) /* What a person acknowledged is that person's. */
        if (w->boxes[i].facts.state != INSTANCE_RUNNING && !w->faults.untag &&
            w->acknowledged_at[i] == 0)
            violate(w, "instance %zu was left %s and nobody was called", i,
                    instance_state_name(w->boxes[i].facts.state));
}

void world_run_with(uint64_t seed, unsigned minutes, const struct world_faults *faults,
                    struct world_report *out) {
    struct world *w = calloc(1, sizeof *w);
    *out = (struct world_report){.hash = HASH_SEED};
    w->random = prng_seeded(seed);
    w->faults = *faults;
    w->report = out;
    w->faulty = true;
    w->options = quick(faults);
    w->output = calloc(1, sizeof *w->output);
    build(w);
    start(w);
    later(w, (int64_t)minutes * 60000, END_FAULTS, 0);
    int64_t end = (int64_t)minutes * 60000 + (int64_t)SETTLE_S_MAX * 1000;
    while (out->violation[0] == '\0') {
        struct entry entry = next_entry(w);
        if (entry.at > end) break;
        w->ms = entry.at;
        handle(w, &entry);
        bool calm = !w->faulty && w->ms > (int64_t)minutes * 60000 + 120000 && w->engine != NULL;
        if (calm && entry.kind == TICK && !open_incident(w, false)) break;
    }
    if (out->violation[0] == '\0') check_end(w);
    for (size_t i = 0; i < BATCHES_MAX; i++)
        if (w->batches[i].used) drop_batch(&w->batches[i], true);
    for (size_t i = 0; i < w->row_count; i++) free(w->rows[i].item);
    free(w->memory);
    free(w->output);
    free(w);
}

static unsigned pick(struct prng *random, unsigned most) {
    /* Half of the faults are off in each seed (swarm). */
    return prng_below(random, 2) == 0 ? 0 : (unsigned)prng_below(random, most + 1);
}

void world_run(uint64_t seed, unsigned minutes, struct world_report *out) {
    struct prng random = prng_seeded(seed ^ 0x5eed);
    struct world_faults faults = {
        .lost_percent = pick(&random, 40),
        .throttle_percent = pick(&random, 40),
        .late_percent = pick(&random, 100),
        .swallow_percent = pick(&random, 100),
        .stuck_percent = pick(&random, 60),
        .capacity_percent = pick(&random, 50),
        .bad_service_percent = pick(&random, 80),
        .read_fail_percent = pick(&random, 30),
        .lag_ms = pick(&random, 20000),
        .crash_s = pick(&random, 1) * (20 + (unsigned)prng_below(&random, 300)),
        .store_fail_percent = pick(&random, 10),
        .storm = prng_below(&random, 3) == 0,
        .people = prng_below(&random, 2) == 0,
        .untag = prng_below(&random, 4) == 0,
        .predictions = prng_below(&random, 2) == 0,
        .dry_run = prng_below(&random, 12) == 0,
    };
    world_run_with(seed, minutes, &faults, out);
}
