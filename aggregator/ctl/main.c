/* earctl: finds the verb, runs it here or asks the aggregator, prints, exits with its code. */
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "aggregator/ctl/client.h"
#include "aggregator/ctl/help.h"
#include "aggregator/ctl/local.h"
#include "common/sys/file.h"

#define DEFAULT_SOCKET "/run/ear-aggregator/control.sock"
#define REQUEST_SIZE   8192
#define HELP_SIZE      8192
#define ASK_TIMEOUT_S  30
#define USAGE          2
#define NOT_PERMITTED  4
#define UNREACHABLE    7
#define TIMED_OUT      8
#define WATCH_LEAST_MS 1000

static int usage(const char *what, const char *hint) {
    fprintf(stderr, "earctl: %s\n", what);
    if (hint != NULL) fprintf(stderr, "earctl: did you mean `earctl %s`?\n", hint);
    fprintf(stderr, "earctl: `earctl --help` lists the verbs\n");
    return USAGE;
}

static int print_help(const struct verb *verb) {
    char bytes[HELP_SIZE];
    struct text text = text_over(bytes, sizeof bytes);
    if (verb == NULL)
        help_overview(&text);
    else
        help_verb(verb, &text);
    fputs(bytes, stdout);
    return 0;
}

static int utc_offset_minutes(void) {
    time_t now = time(NULL);
    struct tm local;
    return localtime_r(&now, &local) == NULL ? 0 : (int)(local.tm_gmtoff / 60);
}

static const char *choose_output(const struct arguments *arguments) {
    const char *output = arguments_get(arguments, "output");
    const char *format = arguments_get(arguments, "format"); /* of verbs that write a document */
    if (format != NULL) return format;
    return output != NULL ? output : "table";
}

static const char *choose_socket(const struct arguments *arguments) {
    const char *path = arguments_get(arguments, "socket");
    if (path == NULL) path = getenv("EAR_CONTROL_SOCKET");
    return path == NULL || path[0] == '\0' ? DEFAULT_SOCKET : path;
}

static int explain(enum status status, const char *path) {
    if (status == STATUS_DENIED) {
        fprintf(stderr, "earctl: %s: not permitted; join the group that may use it\n", path);
        return NOT_PERMITTED;
    }
    if (status == STATUS_TIMEOUT) {
        fprintf(stderr, "earctl: %s: no answer within %d s\n", path, ASK_TIMEOUT_S);
        return TIMED_OUT;
    }
    fprintf(stderr, "earctl: %s: %s; is ear-aggregator running? (--socket names another)\n", path,
            status_text(status));
    return UNREACHABLE;
}

static int write_document(const struct arguments *arguments, const struct client_answer *answer) {
    const char *path = arguments_get(arguments, "out");
    if (path == NULL) {
        if (fwrite(answer->document, 1, answer->length, stdout) == answer->length &&
            fflush(stdout) == 0)
            return answer->exit_code;
        fprintf(stderr, "earctl: cannot write: %s\n", strerror(errno));
        return 1;
    }
    enum status status = file_write_atomic(path, answer->document, answer->length, 0644);
    if (status != STATUS_OK) {
        fprintf(stderr, "earctl: %s: %s\n", path, status_text(status));
        return 1;
    }
    if (arguments_get(arguments, "quiet") == NULL) fprintf(stderr, "earctl: wrote %s\n", path);
    return answer->exit_code;
}

static int ask_once(const struct arguments *arguments) {
    char line[REQUEST_SIZE];
    struct text text = text_over(line, sizeof line);
    struct client_answer answer;
    const char *path = choose_socket(arguments);
    bool ascii = strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
    arguments_write_request(arguments, choose_output(arguments), utc_offset_minutes(), ascii,
                            &text);
    if (text.truncated) return usage("the request is longer than 8 KiB", NULL);
    enum status status = client_ask(path, line, text.length, duration_s(ASK_TIMEOUT_S), &answer);
    if (status != STATUS_OK) return explain(status, path);
    int code = answer.exit_code;
    if (answer.length > 0 || arguments_get(arguments, "out") != NULL)
        code = write_document(arguments, &answer);
    if (answer.message[0] != '\0') fprintf(stderr, "earctl: %s\n", answer.message);
    free(answer.document);
    return code;
}

/* Shows the same again and again; a terminal is cleared between. Ends by a signal, or when the
 * aggregator cannot be reached. */
static int watch(const struct arguments *arguments, const char *seconds) {
    double every;
    if (text_parse_double(seconds, strlen(seconds), &every) != STATUS_OK || every > 86400)
        return usage("--watch wants seconds", NULL);
    int wait_ms = every * 1000 < WATCH_LEAST_MS ? WATCH_LEAST_MS : (int)(every * 1000);
    for (;;) {
        if (isatty(STDOUT_FILENO)) fputs("\033[H\033[2J", stdout);
        int code = ask_once(arguments);
        if (code == USAGE || code == NOT_PERMITTED || code == UNREACHABLE) return code;
        poll(NULL, 0, wait_ms);
    }
}

static int run_verb(const struct verb *verb, int count, char **words) {
    struct arguments arguments;
    char error[256];
    if (verb->raw) return local_run_raw(verb, count, words);
    if (arguments_parse(verb, count, words, &arguments, error) != STATUS_OK) {
        fprintf(stderr, "earctl: %s\nearctl: `earctl %s --help` shows how\n", error, verb->name);
        return USAGE;
    }
    if (arguments_get(&arguments, "help") != NULL) return print_help(verb);
    if (verb->local) return local_run(&arguments);
    const char *seconds = arguments_get(&arguments, "watch");
    return seconds == NULL ? ask_once(&arguments) : watch(&arguments, seconds);
}

int main(int argc, char **argv) {
    int words;
    setlocale(LC_CTYPE, "");
    signal(SIGPIPE, SIG_IGN);
    if (argc < 2) {
        (void)print_help(NULL);
        return USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) return print_help(NULL);
    static char version[] = "version";
    if (strcmp(argv[1], "--version") == 0) argv[1] = version;
    const struct verb *verb = verb_match(argc - 1, argv + 1, &words);
    if (verb == NULL) {
        char what[128];
        struct text text = text_over(what, sizeof what);
        text_add(&text, "no such verb: ");
        text_add(&text, argv[1]);
        return usage(what, verb_nearest(argv[1]));
    }
    return run_verb(verb, argc - 1 - words, argv + 1 + words);
}
