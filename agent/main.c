/* ear-agent: the command line. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/daemon.h"
#include "agent/once.h"
#include "agent/setup.h"
#include "agent/status_file.h"
#include "common/sys/clock.h"

enum verb { VERB_RUN, VERB_CHECK, VERB_SHOW, VERB_ONCE, VERB_STATUS, VERB_HELP, VERB_VERSION };

struct arguments {
    enum verb verb;
    bool verb_given;
    const char *path; /* NULL = the default */
    bool as_json, exit_code;
};

enum { OPTION_ONCE = 256, OPTION_JSON, OPTION_STATUS, OPTION_EXIT_CODE, OPTION_SHOW };

static const char help[] =
    "Examples:\n"
    "  ear-agent --once                    show what this machine would report now\n"
    "  ear-agent -t -c /etc/ear/agent.json check a configuration before a reload\n"
    "\n"
    "Usage: ear-agent [-c FILE] [VERB]\n"
    "\n"
    "Samples this machine, checks its applications and reports to ear-aggregator.\n"
    "Without a verb it runs until SIGTERM; SIGHUP reloads the configuration.\n"
    "\n"
    "  -c, --config FILE   configuration, default " CONFIG_AGENT_FILE "\n"
    "  -t, --check         check the configuration and exit: 0 right, 1 not\n"
    "      --show-config   print the effective configuration with its origins\n"
    "      --once          print one sample, with each health check run once\n"
    "      --json          with --once: one JSON object\n"
    "      --status        print the state of the running agent as JSON\n"
    "      --exit-code     with --once, --status: exit 3 when not healthy\n"
    "  -h, --help          print this\n"
    "  -V, --version       print the version\n"
    "\n"
    "Exit codes: 0 done, 1 failed, 2 usage, 3 not healthy, 78 refused configuration.\n";

static bool set_verb(struct arguments *arguments, enum verb verb) {
    bool is_new = !arguments->verb_given || arguments->verb == verb;
    arguments->verb = verb;
    arguments->verb_given = true;
    if (!is_new) (void)fprintf(stderr, "ear-agent: one verb at a time\n");
    return is_new;
}

static bool take(struct arguments *arguments, int option) {
    switch (option) {
    case 'c': arguments->path = optarg; return true;
    case 't': return set_verb(arguments, VERB_CHECK);
    case OPTION_SHOW: return set_verb(arguments, VERB_SHOW);
    case OPTION_ONCE: return set_verb(arguments, VERB_ONCE);
    case OPTION_STATUS: return set_verb(arguments, VERB_STATUS);
    case 'h': return set_verb(arguments, VERB_HELP);
    case 'V': return set_verb(arguments, VERB_VERSION);
    case OPTION_JSON: arguments->as_json = true; return true;
    case OPTION_EXIT_CODE: arguments->exit_code = true; return true;
    default: return false; /* getopt has said what is wrong */
    }
}

static bool parse(int count, char **words, struct arguments *arguments) {
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"check", no_argument, NULL, 't'},
        {"show-config", no_argument, NULL, OPTION_SHOW},
        {"once", no_argument, NULL, OPTION_ONCE},
        {"json", no_argument, NULL, OPTION_JSON},
        {"status", no_argument, NULL, OPTION_STATUS},
        {"exit-code", no_argument, NULL, OPTION_EXIT_CODE},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},
        {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(count, words, "c:thV", options, NULL)) != -1)
        if (!take(arguments, option)) return false;
    if (optind == count) return true;
    (void)fprintf(stderr, "ear-agent: unexpected argument: %s\n", words[optind]);
    return false;
}

/* A full disk behind stdout is a failure, not a success with half of the output. */
static enum exit_code finish(enum exit_code code) {
    if (fflush(stdout) == 0 && ferror(stdout) == 0) return code;
    (void)fprintf(stderr, "ear-agent: cannot write the output\n");
    return EXIT_CODE_FAILED;
}

static enum exit_code run_once(const struct arguments *arguments,
                               const struct agent_config *config) {
    bool healthy = false;
    enum status status = once_run(config, arguments->as_json, stdout, &healthy);
    if (status != STATUS_OK) {
        (void)fprintf(stderr, "ear-agent: %s\n", status_text(status));
        return EXIT_CODE_FAILED;
    }
    return finish(arguments->exit_code && !healthy ? EXIT_CODE_NOT_HEALTHY : EXIT_CODE_OK);
}

static enum exit_code print_status(const struct arguments *arguments,
                                   const struct agent_config *config) {
    bool healthy = status_file_print(config->status_file, sys_now().wall, stdout);
    return finish(arguments->exit_code && !healthy ? EXIT_CODE_NOT_HEALTHY : EXIT_CODE_OK);
}

static enum exit_code check(const struct arguments *arguments) {
    (void)fprintf(stderr, "ear-agent: configuration %s is right\n",
                  arguments->path == NULL ? CONFIG_AGENT_FILE : arguments->path);
    return EXIT_CODE_OK;
}

static enum exit_code show(const struct config_load *load) {
    if (config_load_print(load, stdout) != STATUS_OK) return EXIT_CODE_FAILED;
    return finish(EXIT_CODE_OK);
}

static enum exit_code with_config(const struct arguments *arguments, struct agent_config *config) {
    struct config_load *load = NULL;
    enum status status = setup_load(arguments->path, config, &load);
    if (load != NULL) config_load_print_findings(load, stderr);
    enum exit_code code = arguments->verb == VERB_RUN ? EXIT_CODE_CONFIG : EXIT_CODE_FAILED;
    if (status == STATUS_OK && arguments->verb == VERB_CHECK) code = check(arguments);
    if (status == STATUS_OK && arguments->verb == VERB_SHOW) code = show(load);
    config_load_destroy(load);
    if (status != STATUS_OK) return code;
    switch (arguments->verb) {
    case VERB_ONCE: return run_once(arguments, config);
    case VERB_STATUS: return print_status(arguments, config);
    case VERB_RUN: return daemon_run(arguments->path, config);
    case VERB_CHECK:
    case VERB_SHOW:
    case VERB_HELP:
    case VERB_VERSION: break;
    }
    return code;
}

static enum exit_code run(const struct arguments *arguments) {
    if (arguments->verb == VERB_HELP || arguments->verb == VERB_VERSION) {
        (void)fputs(arguments->verb == VERB_HELP ? help : "ear-agent " EAR_VERSION "\n", stdout);
        return finish(EXIT_CODE_OK);
    }
    struct agent_config *config = calloc(1, sizeof *config);
    if (config == NULL) return EXIT_CODE_FAILED;
    enum exit_code code = with_config(arguments, config);
    free(config);
    return code;
}

int main(int count, char **words) {
    struct arguments arguments = {0};
    if (!parse(count, words, &arguments)) {
        (void)fprintf(stderr, "Try: ear-agent --help\n");
        return EXIT_CODE_USAGE;
    }
    enum exit_code code = run(&arguments);
    if (arguments.verb == VERB_RUN) _exit((int)code); /* see daemon_run() */
    return (int)code;
}
