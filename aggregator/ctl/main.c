/* earctl: finds the verb, runs it here or asks the aggregator, prints, exits with its code. */
#include <errno.h>
#include <grp.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "aggregator/ctl/client.h"
#include "aggregator/ctl/help.h"
#include "aggregator/ctl/local.h"
#include "common/base/printable.h"
#include "common/sys/clock.h"
#include "common/sys/exit.h"
#include "common/sys/file.h"

#define DEFAULT_SOCKET "/run/ear-aggregator/control.sock"
#define REQUEST_SIZE   8192
#define HELP_SIZE      8192
#define ASK_TIMEOUT_S  30
#define WATCH_LEAST_MS 1000
#define WATCH_MS       2000

static int usage(const char *what, const char *hint) {
    fprintf(stderr, "earctl: %s\n", what);
    if (hint != NULL) fprintf(stderr, "earctl: did you mean `earctl %s`?\n", hint);
    fprintf(stderr, "earctl: `earctl --help` lists the verbs\n");
    return EXIT_CODE_USAGE;
}

static int print_help(const struct verb *verb, FILE *out) {
    char bytes[HELP_SIZE];
    struct text text = text_over(bytes, sizeof bytes);
    if (verb == NULL)
        help_overview(&text);
    else
        help_verb(verb, &text);
    ASSERT(!text.truncated); /* the table is ours */
    fputs(bytes, out);
    return EXIT_CODE_OK;
}

static int utc_offset_minutes(void) {
    time_t now = (time_t)(sys_now().wall.ms / 1000);
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

/* The socket's group is who may connect at all; named, so that the reader knows what to ask for. */
static int explain_denied(const char *path) {
    struct stat file;
    const struct group *group = stat(path, &file) == 0 ? getgrgid(file.st_gid) : NULL;
    fprintf(stderr, "earctl: %s: not permitted to connect", path);
    if (group != NULL) fprintf(stderr, "; members of group `%s` may", group->gr_name);
    fputs("\n", stderr);
    return EXIT_CODE_NOT_AUTHORISED;
}

static int explain(enum status status, const char *path) {
    if (status == STATUS_DENIED) return explain_denied(path);
    if (status == STATUS_TIMEOUT) {
        fprintf(stderr, "earctl: %s: no answer within %d s\n", path, ASK_TIMEOUT_S);
        return EXIT_CODE_TIMED_OUT;
    }
    if (status == STATUS_MALFORMED) {
        fprintf(stderr, "earctl: %s: the answer is not an aggregator's\n", path);
        return EXIT_CODE_FAILED;
    }
    fprintf(stderr, "earctl: %s: %s; is ear-aggregator running? (--socket names another)\n", path,
            status_text(status));
    return EXIT_CODE_UNREACHABLE;
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
    /* A refusal without a document must not replace a file with nothing. */
    if (answer.length > 0 || code == EXIT_CODE_OK) code = write_document(arguments, &answer);
    if (answer.message[0] != '\0') fprintf(stderr, "earctl: %s\n", answer.message);
    free(answer.document);
    return code;
}

/* A terminal that can be cleared, and whose owner did not ask for plain output. */
static bool may_clear(void) {
    const char *terminal = getenv("TERM"), *plain = getenv("NO_COLOR");
    if (plain != NULL && plain[0] != '\0') return false;
    return isatty(STDOUT_FILENO) && terminal != NULL && strcmp(terminal, "dumb") != 0;
}

/* Shows the same again and again. Ends by a signal, or when asking makes no sense any more. */
static int watch(const struct arguments *arguments, const char *seconds) {
    double every = WATCH_MS / 1000.0;
    if (seconds[0] != '\0' && (text_parse_double(seconds, strlen(seconds), &every) != STATUS_OK ||
                               every <= 0 || every > 86400))
        return usage("--watch wants seconds", NULL);
    int wait_ms = every * 1000 < WATCH_LEAST_MS ? WATCH_LEAST_MS : (int)(every * 1000);
    bool clear = may_clear();
    for (;;) {
        if (clear) fputs("\033[H\033[2J", stdout);
        int code = ask_once(arguments);
        if (code == EXIT_CODE_USAGE || code == EXIT_CODE_NOT_AUTHORISED ||
            code == EXIT_CODE_UNREACHABLE || ferror(stdout))
            return code;
        poll(NULL, 0, wait_ms);
    }
}

static int run_verb(const struct verb *verb, int count, char **words) {
    struct arguments arguments;
    char error[256];
    bool help = count == 1 && (strcmp(words[0], "--help") == 0 || strcmp(words[0], "-h") == 0);
    if (verb->raw && help && verb->options[0].name != NULL) return print_help(verb, stdout);
    if (verb->raw) return local_run_raw(verb, count, words);
    if (arguments_parse(verb, count, words, &arguments, error) != STATUS_OK) {
        fprintf(stderr, "earctl: %s\nearctl: `earctl %s --help` shows how\n", error, verb->name);
        return EXIT_CODE_USAGE;
    }
    if (arguments_get(&arguments, "help") != NULL) return print_help(verb, stdout);
    if (verb->local) return local_run(&arguments);
    const char *seconds = arguments_get(&arguments, "watch");
    return seconds == NULL ? ask_once(&arguments) : watch(&arguments, seconds);
}

/* Verbs run without a verb: nothing, --help, help [VERB], --version. -1 = it is none of these. */
static int run_plain(int argc, char **argv) {
    int words;
    if (argc < 2) {
        (void)print_help(NULL, stderr);
        return EXIT_CODE_USAGE;
    }
    bool help = strcmp(argv[1], "help") == 0;
    if (help && argc > 2) {
        const struct verb *verb = verb_match(argc - 2, argv + 2, &words);
        if (verb != NULL) return print_help(verb, stdout);
    }
    if (help || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return print_help(NULL, stdout);
    static char version[] = "version";
    if (strcmp(argv[1], "--version") == 0) argv[1] = version;
    return -1;
}

static int run(int argc, char **argv) {
    int words, code = run_plain(argc, argv);
    if (code >= 0) return code;
    const struct verb *verb = verb_match(argc - 1, argv + 1, &words);
    if (verb != NULL) return run_verb(verb, argc - 1 - words, argv + 1 + words);
    char what[128];
    struct text text = text_over(what, sizeof what);
    text_add(&text, "no such verb: ");
    printable_add(&text, argv[1], false);
    return usage(what, verb_nearest(argc - 1, argv + 1));
}

int main(int argc, char **argv) {
    setlocale(LC_CTYPE, "");
    signal(SIGPIPE, SIG_IGN);
    int code = run(argc, argv);
    if (fflush(stdout) == 0 && !ferror(stdout)) return code;
    if (code == EXIT_CODE_OK) fprintf(stderr, "earctl: cannot write: %s\n", strerror(errno));
    return code == EXIT_CODE_OK ? EXIT_CODE_FAILED : code;
}
