/* The command line of `earctl pki`. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "aggregator/pki/pki.h"
#include "common/base/printable.h"
#include "common/base/text.h"
#include "common/sys/clock.h"
#include "common/sys/exit.h"

#define USAGE          EXIT_CODE_USAGE
#define DEFAULT_FOLDER "/etc/ear/pki"

struct options {
    const char *folder, *account;
    const char *hosts[PKI_HOSTS_MAX];
    size_t host_count;
    int64_t days; /* 0 = the kind's own */
    bool renew;
};

static int help(FILE *out) {
    fputs(
        "Examples:\n"
        "  earctl pki init --dir /etc/ear/pki\n"
        "  earctl pki server --dir /etc/ear/pki --host ear.example.com --host 10.0.0.5\n"
        "  earctl pki agent i-0123456789abcdef0 --dir /etc/ear/pki --account 123456789012\n\n"
        "Usage: earctl pki init [--renew] | server --host NAME... | agent INSTANCE --account A\n\n"
        "A small site CA (EC P-256). init makes ca.pem and ca.key; server and agent make or renew\n"
        "a certificate with a new key, signed by it. Keys are 0600: copy an agent's .pem and .key\n"
        "and ca.pem to its instance, keep ca.key offline. Renewing an agent's certificate takes\n"
        "effect when the agent is reloaded.\n\n"
        "  --dir FOLDER      where the files lie (default " DEFAULT_FOLDER ")\n"
        "  --days N          validity: init 3650, server 397, agent 30; at most 7300\n"
        "  --host NAME       DNS name or address of the aggregator; may be repeated\n"
        "  --account ID      AWS account of the instance, twelve digits\n"
        "  --renew           init: a new certificate over the CA's existing key\n",
        out);
    return out == stdout ? EXIT_CODE_OK : USAGE;
}

static int wrong(const char *what, const char *word) {
    char shown[256];
    struct text text = text_over(shown, sizeof shown);
    printable_add(&text, word, false);
    fprintf(stderr, "earctl pki: %s%s\n", what, shown);
    return USAGE;
}

/* 0 = go on, else the exit code; --help gives -1. */
static int read_options(int argc, char **argv, struct options *o) {
    static const struct option names[] = {{"dir", required_argument, NULL, 'd'},
                                          {"days", required_argument, NULL, 'n'},
                                          {"host", required_argument, NULL, 'h'},
                                          {"account", required_argument, NULL, 'a'},
                                          {"renew", no_argument, NULL, 'r'},
                                          {"help", no_argument, NULL, '?' + 128},
                                          {NULL, 0, NULL, 0}};
    int option;
    optind = 0;
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        if (option == 'd') o->folder = optarg;
        if (option == 'a') o->account = optarg;
        if (option == 'r') o->renew = true;
        if (option == 'h' && o->host_count == PKI_HOSTS_MAX) return wrong("too many --host", "");
        if (option == 'h') o->hosts[o->host_count++] = optarg;
        if (option == 'n' && (text_parse_integer(optarg, strlen(optarg), &o->days) != STATUS_OK ||
                              o->days < 1 || o->days > PKI_DAYS_MAX))
            return wrong("--days wants 1 to 7300, not ", optarg);
        if (option == '?' + 128) return -1;
        if (option == '?') return USAGE; /* getopt_long has said what */
    }
    return 0;
}

static const char *advice(enum status status) {
    if (status == STATUS_EXISTS) return "; --renew keeps its key and renews its certificate";
    if (status == STATUS_NOT_FOUND) return "; `earctl pki init` makes the CA";
    if (status == STATUS_IDENTITY) return "; the CA's key and certificate are no pair";
    if (status == STATUS_EXPIRED) return "; `earctl pki init --renew` renews the CA";
    return "";
}

static int finish(enum status status, const char *place, const char *made, const char *folder) {
    if (status == STATUS_OK) {
        fprintf(stderr, "earctl pki: wrote %s in %s\n", made, folder);
        return EXIT_CODE_OK;
    }
    char shown[PKI_PLACE_SIZE];
    struct text text = text_over(shown, sizeof shown);
    printable_add(&text, place, false);
    fprintf(stderr, "earctl pki: %s: %s%s\n", shown, status_text(status), advice(status));
    return EXIT_CODE_FAILED;
}

static int make_ca(const struct options *o, char *place) {
    if (mkdir(o->folder, 0700) != 0 && errno != EEXIST) {
        fprintf(stderr, "earctl pki: %s: %s\n", o->folder, strerror(errno));
        return EXIT_CODE_FAILED;
    }
    int64_t days = o->days == 0 ? PKI_CA_DAYS : o->days;
    enum status status = pki_make_ca(o->folder, o->renew, days, sys_now().wall, place);
    return finish(status, place, o->renew ? "ca.pem" : "ca.pem and ca.key", o->folder);
}

/* A certificate for addresses alone is refused by every agent, so it is said here. */
static void warn_of_addresses(const struct options *o) {
    for (size_t i = 0; i < o->host_count; i++)
        if (!pki_is_address(o->hosts[i])) return;
    fputs("earctl pki: agents check names, not addresses: give a --host NAME too, and set the "
          "agents' server_name to it\n",
          stderr);
}

static int make_server(const struct options *o, char *place) {
    if (o->host_count == 0) return wrong("--host is needed: the agents check the name", "");
    int64_t days = o->days == 0 ? PKI_SERVER_DAYS : o->days;
    warn_of_addresses(o);
    enum status status =
        pki_make_server(o->folder, o->hosts, o->host_count, days, sys_now().wall, place);
    return finish(status, place, "server.pem and server.key", o->folder);
}

static int make_agent(const struct options *o, const char *name, char *place) {
    struct instance_id instance;
    if (name == NULL || instance_id_parse(name, strlen(name), &instance) != STATUS_OK)
        return wrong("wants an instance id (i- and 8 to 17 hex digits), not ",
                     name == NULL ? "nothing" : name);
    if (o->account == NULL) return wrong("--account is needed: it stands in the certificate", "");
    enum status status =
        pki_make_agent(o->folder, &instance, o->account, o->days == 0 ? PKI_AGENT_DAYS : o->days,
                       sys_now().wall, place);
    return finish(status, place, instance.text, o->folder);
}

int pki_main(int argc, char **argv) {
    struct options o = {.folder = DEFAULT_FOLDER};
    char place[PKI_PLACE_SIZE] = "";
    static char program[] = "earctl pki"; /* what getopt_long calls itself in its messages */
    argv[0] = program;
    int code = read_options(argc, argv, &o);
    if (code != 0) return code < 0 ? help(stdout) : code;
    const char *verb = optind < argc ? argv[optind++] : NULL;
    const char *name = optind < argc ? argv[optind++] : NULL;
    if (verb == NULL) return help(stderr);
    if (optind < argc) return wrong("unexpected word: ", argv[optind]);
    bool agent = strcmp(verb, "agent") == 0;
    if (!agent && name != NULL) return wrong("unexpected word: ", name);
    if (strcmp(verb, "init") == 0) return make_ca(&o, place);
    if (strcmp(verb, "server") == 0) return make_server(&o, place);
    if (agent) return make_agent(&o, name, place);
    return wrong("knows init, server and agent, not ", verb);
}
