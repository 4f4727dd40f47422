/* earctl's verbs. */
#include "aggregator/ctl/verbs.h"

#include <string.h>

#include "common/base/nearest.h"
#include "common/base/text.h"

#define VERB_TYPED_SIZE 128

const struct verb_option common_options[] = {
    {"output", OPTION_CHOICE, "FORMAT", "table|json|csv|text", "form of the answer"},
    {"socket", OPTION_TEXT, "PATH", NULL,
     "control socket (else EAR_CONTROL_SOCKET, else /run/ear-aggregator/control.sock)"},
    {"out", OPTION_TEXT, "FILE", NULL, "write the answer into FILE"},
    {"quiet", OPTION_FLAG, NULL, NULL, "nothing on stderr but errors"},
    {"help", OPTION_FLAG, NULL, NULL, "show this text"},
    {.name = NULL}};

#define EXIT_CODE_OPTION                                                                           \
    { "exit-code", OPTION_FLAG, NULL, NULL, "exit 3 when not healthy, 10 when predicted to fail" }
#define SINCE_OPTION                                                                               \
    { "since", OPTION_TEXT, "TIME", NULL, "how far back: 90s, 5m, 24h, 7d (default 7d)" }
#define AZ_OPTION                                                                                  \
    { "az", OPTION_TEXT, "ZONE", NULL, "only this zone: eu-west-1b, or 1b" }

const struct verb verbs[] = {
    {.name = "status",
     .summary =
         "Fleet summary: state of automation and its brakes, then instances, problems first.",
     .examples = {"earctl status", "earctl status --watch=5 --az 1b"},
     .options = {{"all", OPTION_FLAG, NULL, NULL, "healthy instances too"},
                 AZ_OPTION,
                 {"watch", OPTION_OPTIONAL, "SECONDS", NULL,
                  "show it again every so often (default 2)"},
                 EXIT_CODE_OPTION}},
    {.name = "instances",
     .summary = "All instances that carry the tag, one line each.",
     .examples = {"earctl instances --only unhealthy", "earctl instances --sort az --output csv"},
     .options = {{"sort", OPTION_CHOICE, "KEY", "risk|name|az", "order (default risk)"},
                 {"only", OPTION_CHOICE, "STATE", "unhealthy|predicted|silent|recovering|unknown",
                  "only instances in this state"},
                 AZ_OPTION}},
    {.name = "instance show",
     .positional = "ID|NAME",
     .positional_needed = true,
     .summary = "One instance: state, checks, prediction with its reasons, the week in lines.",
     .examples = {"earctl instance show web-7",
                  "earctl instance show i-0123456789abcdef0 --since 24h --metric mem_used_percent"},
     .options = {SINCE_OPTION,
                 {"metric", OPTION_TEXT, "NAME", NULL, "only this metric"},
                 EXIT_CODE_OPTION}},
    {.name = "predictions",
     .summary = "The newest prediction of each instance, most likely failure first.",
     .examples = {"earctl predictions --min-confidence 0.5", "earctl predictions --output json"},
     .options = {{"min-confidence", OPTION_TEXT, "P", NULL, "0 to 1 (default 0)"}, AZ_OPTION}},
    {.name = "recoveries",
     .summary = "What was recovered, or was tried to, newest first.",
     .examples = {"earctl recoveries --since 24h", "earctl recoveries --status failed"},
     .options = {SINCE_OPTION,
                 {"status", OPTION_CHOICE, "STATUS", "in_progress|success|failed",
                  "only with this status"}}},
    {.name = "recoveries show",
     .positional = "RECOVERY",
     .positional_needed = true,
     .summary = "One recovery, step by step, with its evidence.",
     .examples = {"earctl recoveries show INC-01JZX4N0C9K3T7Q2V5W8Y1B4D6"}},
    {.name = "recoveries ack",
     .positional = "RECOVERY",
     .positional_needed = true,
     .summary =
         "Take note of a recovery that waits for a person; its instance may be helped again.",
     .examples = {"earctl recoveries ack INC-01JZX4N0C9K3T7Q2V5W8Y1B4D6"}},
    {.name = "recover",
     .positional = "ID|NAME",
     .positional_needed = true,
     .summary =
         "Recover one instance by the same rules as the automatic way. Without --reason it is a "
         "dry run that shows what would be done and what speaks against it.",
     .examples = {"earctl recover web-7 --action reboot",
                  "earctl recover web-7 --action restart-service --reason \"stuck worker\""},
     .options = {{"action", OPTION_CHOICE, "ACTION", "restart-service|reboot|stop-start",
                  "what to do (needed)"},
                 {"unit", OPTION_TEXT, "UNIT", NULL,
                  "service to restart (default: the one whose check fails)"},
                 {"reason", OPTION_TEXT, "TEXT", NULL, "do it, and write down why"},
                 {"dry-run", OPTION_FLAG, NULL, NULL, "only show, whatever else is given"}}},
    {.name = "pause",
     .summary = "Stop all automatic action. What runs is finished; nothing new starts. Survives "
                "restarts and upgrades.",
     .examples = {"earctl pause --reason \"deploy of 14:00\" --for 2h",
                  "earctl pause --reason \"incident 4711\""},
     .options = {{"reason", OPTION_TEXT, "TEXT", NULL, "why (needed)"},
                 {"for", OPTION_TEXT, "TIME", NULL,
                  "ends by itself: 30m, 2h (default: until resume)"}}},
    {.name = "resume",
     .summary = "Lift a pause that was set by `earctl pause`.",
     .examples = {"earctl resume --reason \"deploy is through\""},
     .options = {{"reason", OPTION_TEXT, "TEXT", NULL, "why"}}},
    {.name = "report",
     .summary = "The last seven days: recoveries, times, predictions, decisions not to act.",
     .examples = {"earctl report", "earctl report --format html --out week.html"},
     .options = {{"format", OPTION_CHOICE, "FORMAT", "text|json|csv|html", "form (default text)"}}},
    {.name = "audit",
     .summary = "The audit trail, newest first: every action and every decision not to act.",
     .examples = {"earctl audit --since 24h", "earctl audit --output json --out audit.jsonl"},
     .options = {SINCE_OPTION}},
    {.name = "audit verify",
     .summary = "Check the audit trail: any changed, dropped or reordered row and a cut tail show.",
     .examples = {"earctl audit verify", "earctl audit verify --output json"}},
    {.name = "replay",
     .positional = "METRICS",
     .positional_many = true,
     .local = true,
     .raw = true,
     .summary = "Run recorded metrics (CSV or CSV.gz) through the predictor; clock from the data.",
     .examples = {"earctl replay --out predictions.csv metrics-000.csv.gz"},
     .options = {{"model", OPTION_CHOICE, "MODEL", "trend", "how to score (default trend)"},
                 {"out", OPTION_TEXT, "FILE", NULL, "where the predictions go, written whole"}}},
    {.name = "pki",
     .positional = "init|server|agent",
     .positional_many = true,
     .local = true,
     .raw = true,
     .summary = "Make and renew a small site CA, the aggregator's and the agents' certificates.",
     .examples =
         {"earctl pki init --dir /etc/ear/pki",
          "earctl pki agent i-0123456789abcdef0 --dir /etc/ear/pki --account 123456789012"}},
    {.name = "config validate",
     .positional = "FILE",
     .positional_needed = true,
     .local = true,
     .summary = "Check a configuration file; every error names file, line and key.",
     .examples = {"earctl config validate /etc/ear/aggregator.json",
                  "earctl config validate --agent /etc/ear/agent.json"},
     .options = {{"agent", OPTION_FLAG, NULL, NULL, "it is an agent's file"}}},
    {.name = "config show",
     .summary = "The running aggregator's configuration, with the origin of each value.",
     .examples = {"earctl config show", "earctl config show --out running.txt"}},
    {.name = "version",
     .local = true,
     .summary = "Version of earctl.",
     .examples = {"earctl version", "earctl --version"}},
};
const size_t verb_count = ARRAY_LENGTH(verbs);

/* Length of `name` when words[0..] spell it, in words; 0 = no. */
static int words_of(const char *name, int count, char **words) {
    int taken = 0;
    while (*name != '\0') {
        size_t length = strcspn(name, " ");
        if (taken == count || strlen(words[taken]) != length ||
            strncmp(words[taken], name, length) != 0)
            return 0;
        name += length;
        name += *name == ' ';
        taken++;
    }
    return taken;
}

const struct verb *verb_match(int count, char **words, int *words_out) {
    const struct verb *best = NULL;
    *words_out = 0;
    for (size_t i = 0; i < verb_count; i++) {
        int taken = words_of(verbs[i].name, count, words);
        if (taken <= *words_out) continue;
        *words_out = taken;
        best = &verbs[i];
    }
    return best;
}

const char *verb_nearest(int count, char **words) {
    char two[VERB_TYPED_SIZE];
    struct text text = text_over(two, sizeof two);
    text_add(&text, words[0]);
    if (count > 1) {
        text_add(&text, " ");
        text_add(&text, words[1]);
    }
    struct nearest both = nearest_to(two), first = nearest_to(words[0]);
    for (size_t i = 0; i < verb_count; i++) {
        if (!text.truncated) nearest_try(&both, verbs[i].name);
        nearest_try(&first, verbs[i].name);
    }
    return both.found != NULL ? both.found : first.found;
}

static const struct verb_option *find_option(const struct verb_option *options, const char *name) {
    for (const struct verb_option *o = options; o->name != NULL; o++)
        if (strcmp(o->name, name) == 0) return o;
    return NULL;
}

const struct verb_option *verb_option(const struct verb *verb, const char *name) {
    const struct verb_option *own = find_option(verb->options, name);
    if (own != NULL) return own;
    /* What runs inside earctl asks nobody and writes no document of an aggregator. */
    if (verb->local && strcmp(name, "help") != 0) return NULL;
    return find_option(common_options, name);
}

const char *option_nearest(const struct verb *verb, const char *typed) {
    const struct verb_option *const lists[] = {verb->options, common_options};
    struct nearest nearest = nearest_to(typed);
    for (size_t l = 0; l < ARRAY_LENGTH(lists); l++)
        for (const struct verb_option *o = lists[l]; o->name != NULL; o++)
            if (verb_option(verb, o->name) == o) nearest_try(&nearest, o->name);
    return nearest.found;
}
