/* Random walks over all plans with a hostile world: answers lost, late, doubled and wrong, words of
 * the engine at the wrong time, restarts and vanished instances at any step. After every step the
 * promises of RECOVERY and SAFETY R1 to R3 must hold. The seed is printed with every failure. */
#include <stdio.h>
#include <string.h>

#include "aggregator/recover/recover.h"
#include "common/base/prng.h"
#include "tests/support/unit.h"

#define STEPS       10000
#define SEEDS       24
#define ACTIONS_MAX 512

/* What the outside knows of one action of a run. */
struct action {
    char text[sizeof((struct action_id *)0)->text];
    enum call_kind kind;
    bool durable; /* its intent may be in the store */
    bool landed;  /* its call may have taken effect, or was taken */
    bool refused; /* the last call of it surely had no effect */
    bool settled;
    unsigned calls;
    int64_t called_at;
};

static struct recover_policy policy;
static struct recover_run run;
static struct recover_effects effects;
static struct recover_evidence evidence;
static struct now now;
static struct prng prng;
static uint64_t seed;
static unsigned step_number;

static struct action actions[ACTIONS_MAX];
static size_t action_count;
static struct call out; /* the last call */
static unsigned runs, calls_made, ends[RECOVER_END_COUNT];

static const struct instance_id box = {"i-0123456789abcdef0"};
static const struct record_id incident = {"INC-01ARZ3NDEKTSV4RRFFQ69G5FAV"};

static bool chance(unsigned percent) { return prng_below(&prng, 100) < percent; }

#define HOLDS(condition) holds(condition, #condition, __LINE__)

static void holds(bool condition, const char *what, int line) {
    if (condition) return;
    fail_msg("seed %llu step %u line %d: %s, in %s %s/%s %s", (unsigned long long)seed, step_number,
             line, what, rung_name(run.rung), recover_leg_name(run.leg),
             recover_state_name(run.state), run.action.text);
}

static struct action *action_of(const char *text) {
    for (size_t i = 0; i < action_count; i++)
        if (strcmp(actions[i].text, text) == 0) return &actions[i];
    HOLDS(action_count < ACTIONS_MAX);
    struct action *action = &actions[action_count++];
    memset(action, 0, sizeof *action);
    memcpy(action->text, text, strlen(text) + 1);
    return action;
}

static void begin_run(void) {
    enum rung rung = (enum rung)(RUNG_RESTART_SERVICE + prng_below(&prng, 3));
    recover_begin(&run, rung, &box, &incident, 1, rung == RUNG_RESTART_SERVICE ? "a.service" : "");
    memset(actions, 0, sizeof actions);
    action_count = 0;
    out = (struct call){0};
    evidence.boot.text[35] = '1';
    evidence.launch_time.ms = 1000;
    runs++;
}

/* The world drifts: states, boots and checks change now and then. */
static void drift(void) {
    static const enum instance_state states[] = {INSTANCE_RUNNING, INSTANCE_RUNNING,
                                                 INSTANCE_PENDING, INSTANCE_STOPPING,
                                                 INSTANCE_STOPPED, INSTANCE_STOPPED};
    if (chance(20)) evidence.state = states[prng_below(&prng, ARRAY_LENGTH(states))];
    if (chance(10)) evidence.boot.text[35] = (char)('1' + prng_below(&prng, 3));
    if (chance(10)) evidence.launch_time.ms = 1000 + (int64_t)prng_below(&prng, 3);
    if (chance(30)) evidence.facts_after_call = chance(80);
    if (chance(30)) evidence.checks_ok = chance(80);
    if (chance(30)) evidence.agent_speaking = chance(80);
    if (chance(30)) evidence.service_ok = chance(80);
}

static bool well(void) {
    bool agent = run.rung != RUNG_STOP_START || run.boot_before.text[0] != '\0';
    bool whole = run.rung != RUNG_RESTART_SERVICE;
    if (agent && !evidence.agent_speaking) return false;
    if (whole && !evidence.checks_ok) return false;
    if (whole && agent && boot_id_equal(&evidence.boot, &run.boot_before)) return false;
    if (run.rung == RUNG_STOP_START &&
        (!evidence.facts_after_call || evidence.state != INSTANCE_RUNNING ||
         evidence.launch_time.ms == run.launch_before.ms))
        return false;
    return evidence.service_ok;
}

static enum call_kind wanted_kind(enum recover_leg leg) {
    if (run.rung == RUNG_RESTART_SERVICE) return CALL_RUN_DOCUMENT;
    if (run.rung == RUNG_REBOOT) return CALL_REBOOT;
    if (leg == RECOVER_LEG_FORCE) return CALL_STOP_FORCE;
    return leg == RECOVER_LEG_START ? CALL_START : CALL_STOP;
}

/* R1 to R3 for a call that changes something. */
static void check_mutating(const struct call *call, const struct recover_run *before,
                           const struct recover_event *event) {
    struct action *action = action_of(call->action.text);
    bool first = event->kind == RECOVER_EVENT_DURABLE && before->state == RECOVER_STORING;
    bool again = event->kind == RECOVER_EVENT_ALLOWED && before->state == RECOVER_ASKING;
    calls_made++;
    HOLDS(first || again);
    HOLDS(action->durable && !action->settled);
    HOLDS(!action->landed);
    HOLDS(again || action->calls == 0);
    HOLDS(action->calls == 0 || action->refused);
    HOLDS(call->kind == wanted_kind(run.leg) && call->kind == action->kind);
    HOLDS(strcmp(call->action.text, run.action.text) == 0);
    HOLDS(call->kind != CALL_RUN_DOCUMENT || strcmp(call->unit, "a.service") == 0);
    for (size_t i = 0; i < action_count; i++) {
        const struct action *other = &actions[i];
        if (other == action || other->kind != action->kind || !other->landed) continue;
        HOLDS(call->kind != CALL_REBOOT); /* a reboot that may have landed is never repeated */
        int64_t least = policy.settle_time.ms;
        HOLDS(now.boot.ms - other->called_at >= least);
        HOLDS(other->settled);
    }
    action->calls++;
    action->called_at = now.boot.ms;
    action->refused = false;
    HOLDS(action->calls <= policy.tries_max || call->kind == CALL_START);
}

static void check_settled(const struct recover_effect *effect) {
    struct action *action = action_of(effect->call.action.text);
    HOLDS(action->durable && !action->settled);
    HOLDS(effect->call.kind == action->kind);
    HOLDS(effect->note[0] != '\0');
    if (strcmp(effect->note, "not_done") == 0 && action->landed) {
        /* Only after its window, or when EC2 itself gave a start up again. */
        HOLDS(now.boot.ms - action->called_at >= policy.settle_time.ms);
    }
    action->settled = true;
}

static void check_end(const struct recover_run *before, const struct recover_event *event) {
    HOLDS(before->state != RECOVER_ENDED && run.state == RECOVER_ENDED);
    HOLDS(run.end != RECOVER_END_NONE && run.end < RECOVER_END_COUNT);
    HOLDS(run.reason[0] != '\0');
    ends[run.end]++;
    bool stopped = false, open = false;
    for (size_t i = 0; i < action_count; i++) {
        open = open || (actions[i].durable && !actions[i].settled);
        stopped = stopped || (actions[i].kind == CALL_STOP && actions[i].landed &&
                              run.leg != RECOVER_LEG_FIRST);
    }
    HOLDS(!open);
    if (run.end == RECOVER_END_SUCCESS)
        HOLDS(well() && now.boot.ms - before->healthy_since.ms >= policy.healthy_time.ms);
    if (stopped && evidence.state != INSTANCE_RUNNING)
        HOLDS(run.end == RECOVER_END_HELD || run.end == RECOVER_END_GONE ||
              run.end == RECOVER_END_SUCCESS);
    if (run.end == RECOVER_END_REFUSED)
        for (size_t i = 0; i < action_count; i++) HOLDS(!actions[i].landed || actions[i].settled);
    if (run.end != RECOVER_END_FAILED || event->kind != RECOVER_EVENT_RESULT) return;
    /* Only a command can fail by its answer; the other rungs only by their time. */
    HOLDS(event->result->kind == CALL_RUN_DOCUMENT || event->result->kind == CALL_POLL_RUN);
}

static void note_before(const struct recover_run *before, const struct recover_event *event) {
    struct action *action = action_count == 0 ? NULL : action_of(before->action.text);
    bool restored = event->kind == RECOVER_EVENT_RESTORED;
    if (action == NULL) return;
    if (before->state == RECOVER_STORING && event->kind != RECOVER_EVENT_TICK)
        action->durable = action->durable || event->kind == RECOVER_EVENT_DURABLE || restored ||
                          event->kind == RECOVER_EVENT_REFUSED || event->kind == RECOVER_EVENT_GONE;
    if (restored && (before->state == RECOVER_STORING || before->state == RECOVER_CALLING)) {
        action->landed = true;
        if (action->called_at == 0 || before->state == RECOVER_CALLING)
            action->called_at = now.boot.ms;
    }
}

/* What the answer to the present call means for its action. */
static void note_answer(const struct recover_run *before, const struct recover_event *event) {
    if (before->state != RECOVER_CALLING || run.state == RECOVER_CALLING) return;
    struct action *action = action_of(before->action.text);
    bool taken = event->kind == RECOVER_EVENT_RESULT && event->result->status == STATUS_OK;
    if (taken || run.dark || event->kind == RECOVER_EVENT_GONE)
        action->landed = true;
    else if (event->kind == RECOVER_EVENT_RESULT)
        action->refused = true;
}

static void check_step(const struct recover_run *before, const struct recover_event *event) {
    HOLDS(effects.count <= RECOVER_EFFECTS_MAX);
    HOLDS(run.state < RECOVER_STATE_COUNT);
    HOLDS(before->state != RECOVER_ENDED || (effects.count == 0 && run.state == RECOVER_ENDED));
    note_answer(before, event);
    unsigned ended = 0, sent = 0;
    for (size_t i = 0; i < effects.count; i++) {
        const struct recover_effect *effect = &effects.effects[i];
        switch (effect->kind) {
        case RECOVER_EFFECT_CALL:
            sent++;
            HOLDS(effect->call.serial == run.serial && effect->call.serial > before->next_serial);
            HOLDS(effect->call.deadline.ms > 0);
            HOLDS(instance_id_equal(&effect->call.instance, &box));
            if (call_mutates(effect->call.kind)) check_mutating(&effect->call, before, event);
            out = effect->call;
            break;
        case RECOVER_EFFECT_INTEND:
            HOLDS(call_mutates(effect->call.kind) && run.state == RECOVER_STORING);
            HOLDS(!action_of(effect->call.action.text)->durable); /* a number is used once */
            action_of(effect->call.action.text)->kind = effect->call.kind;
            break;
        case RECOVER_EFFECT_SETTLED: check_settled(effect); break;
        case RECOVER_EFFECT_ENDED:
            ended++;
            check_end(before, event);
            break;
        case RECOVER_EFFECT_ASK: HOLDS(run.state == RECOVER_ASKING); break;
        }
    }
    HOLDS(sent <= 1);
    HOLDS((ended == 1) == (run.state == RECOVER_ENDED && before->state != RECOVER_ENDED));
    /* Whoever waits for the world is woken. */
    bool engine = run.state == RECOVER_IDLE || run.state == RECOVER_ASKING ||
                  run.state == RECOVER_STORING || run.state == RECOVER_ENDED;
    HOLDS(engine || recover_due(&run).ms != 0 || run.state == before->state);
}

static void step(enum recover_event_kind kind, const struct call_result *result) {
    struct recover_event event = {.kind = kind,
                                  .result = result,
                                  .evidence = evidence,
                                  .reason = kind == RECOVER_EVENT_REFUSED ? "rule: numbers" : NULL,
                                  .now = now};
    struct recover_run before = run;
    note_before(&before, &event);
    recover_step(&policy, &run, &event, &effects);
    check_step(&before, &event);
}

static void pass(int64_t ms) {
    now.boot.ms += ms;
    now.wall.ms += ms;
}

static enum status some_status(void) {
    if (chance(60)) return STATUS_OK;
    return (enum status)prng_below(&prng, STATUS_COUNT);
}

static struct call_result some_answer(void) {
    struct call_result answer = {.kind = out.kind,
                                 .action = out.action,
                                 .instance = out.instance,
                                 .serial = out.serial,
                                 .status = some_status(),
                                 .found = chance(30),
                                 .command_id = "command-1",
                                 .run = (enum run_state)prng_below(&prng, RUN_UNDELIVERABLE + 1)};
    return answer;
}

static void answer_call(void) {
    struct call_result answer = some_answer();
    step(RECOVER_EVENT_RESULT, &answer);
    if (chance(10)) step(RECOVER_EVENT_RESULT, &answer); /* twice */
}

/* A word that has no cell may bring evidence with it: that the effect is there is noted. */
static void check_unchanged(const struct recover_run *before) {
    struct recover_run same = *before;
    if (!before->effect_seen && run.effect_seen) {
        same.effect_seen = true;
        same.deadline = boot_add(now.boot, policy.proof_timeout);
    }
    HOLDS(memcmp(&same, &run, sizeof run) == 0 && effects.count == 0);
}

static void answer_wrongly(void) {
    struct call_result answer = some_answer();
    switch (prng_below(&prng, 4)) {
    case 0: answer.serial += 1 + (uint32_t)prng_below(&prng, 3); break;
    case 1: answer.kind = (enum call_kind)((answer.kind + 1) % CALL_COUNT); break;
    case 2: answer.action.text[0]++; break;
    default: answer.instance.text[3]++; break;
    }
    struct recover_run before = run;
    step(RECOVER_EVENT_RESULT, &answer);
    HOLDS(memcmp(&before, &run, sizeof run) == 0);
}

static void engine_answers(void) {
    bool storing = run.state == RECOVER_STORING;
    unsigned die = (unsigned)prng_below(&prng, 100);
    if (die < 70)
        step(storing ? RECOVER_EVENT_DURABLE : RECOVER_EVENT_ALLOWED, NULL);
    else if (die < 92)
        step(RECOVER_EVENT_REFUSED, NULL);
    else if (die < 94)
        step(RECOVER_EVENT_GONE, NULL);
    else if (storing)
        step(RECOVER_EVENT_NOT_DURABLE, NULL);
}

/* Words of the engine in states that do not ask for them; a second "durable" is one of them. */
static void stray_word(void) {
    static const enum recover_event_kind words[] = {RECOVER_EVENT_BEGIN, RECOVER_EVENT_ALLOWED,
                                                    RECOVER_EVENT_DURABLE};
    enum recover_event_kind word = words[prng_below(&prng, ARRAY_LENGTH(words))];
    if (run.state == RECOVER_STORING || run.state == RECOVER_ASKING || run.state == RECOVER_IDLE)
        return;
    struct recover_run before = run;
    step(word, NULL);
    check_unchanged(&before);
}

static void random_step(void) {
    drift();
    pass((int64_t)prng_below(&prng, 3000));
    if (chance(2)) pass((int64_t)prng_below(&prng, 1000000));
    if (run.state == RECOVER_IDLE) step(RECOVER_EVENT_BEGIN, NULL);
    unsigned die = (unsigned)prng_below(&prng, 1000);
    if (die < 5)
        step(RECOVER_EVENT_RESTORED, NULL);
    else if (die < 8)
        step(RECOVER_EVENT_GONE, NULL);
    else if (die < 60)
        stray_word();
    else if (die < 120)
        answer_wrongly();
    else if (run.state == RECOVER_ASKING || run.state == RECOVER_STORING)
        engine_answers();
    else if (die < 600 && run.serial != 0)
        answer_call();
    else
        step(RECOVER_EVENT_TICK, NULL);
}

static void start_walk(uint64_t of_seed) {
    seed = of_seed;
    prng = prng_seeded(seed);
    policy = recover_policy_default();
    now = (struct now){{1000000}, {INT64_C(1772524800000)}};
    evidence = (struct recover_evidence){.state = INSTANCE_RUNNING,
                                         .launch_time = {1000},
                                         .agent_speaking = true,
                                         .boot = {"00000000-0000-4000-8000-000000000001"}};
    begin_run();
}

TEST(no_walk_breaks_a_promise) {
    (void)state;
    runs = calls_made = 0;
    memset(ends, 0, sizeof ends);
    for (uint64_t i = 1; i <= SEEDS; i++) {
        start_walk(i);
        for (step_number = 0; step_number < STEPS; step_number++) {
            if (run.state == RECOVER_ENDED) begin_run();
            random_step();
        }
    }
    print_message("seeds 1 to %d: %u runs, %u calls\n", SEEDS, runs, calls_made);
    /* The walk went everywhere it should. */
    assert_true(runs > 1000 && calls_made > 1000);
    for (unsigned e = RECOVER_END_SUCCESS; e < RECOVER_END_COUNT; e++)
        if (ends[e] < 10)
            fail_msg("only %u runs ended as %s", ends[e], recover_end_name((enum recover_end)e));
}

/* From wherever a walk left it, a run ends when the world answers and the rules allow it: nothing
 * holds its slot for ever (U11). */
TEST(every_run_ends_once_the_world_answers) {
    (void)state;
    for (uint64_t i = 1; i <= 400; i++) {
        start_walk(1000 + i);
        unsigned length = (unsigned)prng_below(&prng, 120);
        for (step_number = 0; step_number < length; step_number++) {
            if (run.state == RECOVER_ENDED) begin_run();
            random_step();
        }
        for (unsigned k = 0; k < 100000 && run.state != RECOVER_ENDED; k++, step_number++) {
            struct call_result answer = some_answer();
            answer.status = STATUS_OK;
            if (run.state == RECOVER_IDLE)
                step(RECOVER_EVENT_BEGIN, NULL);
            else if (run.state == RECOVER_ASKING)
                step(RECOVER_EVENT_ALLOWED, NULL);
            else if (run.state == RECOVER_STORING)
                step(RECOVER_EVENT_DURABLE, NULL);
            else if (run.serial != 0)
                step(RECOVER_EVENT_RESULT, &answer);
            pass(1000);
            step(RECOVER_EVENT_TICK, NULL);
        }
        HOLDS(run.state == RECOVER_ENDED);
    }
}
