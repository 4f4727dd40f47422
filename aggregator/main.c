/* ear-aggregator: the command line, systemd's protocol and the signals; the rest is daemon.c. */
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/daemon.h"
#include "common/sys/exit.h"
#include "common/sys/file.h"
#include "common/sys/log.h"
#include "common/sys/notify.h"
#include "common/sys/signals.h"

#define STATUS_EVERY_MS 5000

struct command {
    const char *config_path;
    bool test;
    bool print_man;
};

static const char help[] =
    "Examples:\n"
    "  ear-aggregator -t                      check the configuration and exit\n"
    "  ear-aggregator -c ./aggregator.json    run with this configuration\n\n"
    "Usage: ear-aggregator [-c FILE] [-t]\n\n"
    "Watches EC2 instances that carry the tag AutoRecovery=enabled, predicts their failures and\n"
    "recovers them through EC2 and SSM. A fresh installation runs dry: it says what it would "
    "do.\n\n"
    "  -c, --config FILE  configuration (default " CONFIG_AGGREGATOR_FILE " and aggregator.d/)\n"
    "  -t, --test         check the configuration; errors name file, line and key\n"
    "      --man          the OPTIONS section of the manual page, from the option table\n"
    "  -V, --version      version\n"
    "  -h, --help         this text\n\n"
    "SIGHUP reloads: everything is validated, then swapped; a fault keeps the old configuration.\n"
    "SIGTERM stops. earctl shows what goes on.\n";

/* -1 = go on, else the exit code. */
static int read_command(int argc, char **argv, struct command *command) {
    static const struct option names[] = {
        {"config", required_argument, NULL, 'c'}, {"test", no_argument, NULL, 't'},
        {"man", no_argument, NULL, 'm'},          {"version", no_argument, NULL, 'V'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0}};
    int option;
    while ((option = getopt_long(argc, argv, "c:tVh", names, NULL)) != -1) {
        switch (option) {
        case 'c': command->config_path = optarg; break;
        case 't': command->test = true; break;
        case 'm': command->print_man = true; break;
        case 'V': printf("ear-aggregator " EAR_VERSION "\n"); return EXIT_CODE_OK;
        case 'h': fputs(help, stdout); return EXIT_CODE_OK;
        default: fputs("ear-aggregator: --help shows how\n", stderr); return EXIT_CODE_USAGE;
        }
    }
    if (optind == argc) return -1;
    fprintf(stderr, "ear-aggregator: unexpected word: %s\n", argv[optind]);
    return EXIT_CODE_USAGE;
}

/* Waits for signals, tells systemd how it goes; returns when asked to stop. */
static void serve(struct daemon *daemon, int signals, const struct sys_notify *notify) {
    char line[SYS_NOTIFY_TEXT_MAX];
    int wait = STATUS_EVERY_MS;
    if (notify->watchdog.ms > 0 && notify->watchdog.ms < wait) wait = (int)notify->watchdog.ms;
    for (;;) {
        struct pollfd ready = {.fd = signals, .events = POLLIN};
        enum signals_event event;
        (void)poll(&ready, 1, wait); /* interrupted or timed out: both go on below */
        while (signals_read(signals, &event) == STATUS_OK) {
            if (event == SIGNALS_STOP) return;
            /* Notices to systemd may be lost; its own time-outs then act. */
            (void)sys_notify_reloading(notify);
            daemon_reload(daemon);
            (void)sys_notify_ready(notify, NULL);
        }
        daemon_watch(daemon);
        daemon_describe(daemon, line, sizeof line);
        (void)sys_notify_watchdog(notify);
        (void)sys_notify_text(notify, line);
    }
}

static int run(const struct command *command, struct aggregator_config *config,
               struct config_load *load) {
    struct sys_notify notify = {.fd = -1};
    struct daemon *daemon;
    int signals CLEANUP(file_close) = -1;
    log_configure((enum log_format)config->log_format, (enum log_level)config->log_level);
    config_load_log_findings(load);
    enum status status = signals_open(&signals);
    if (status == STATUS_OK && sys_notify_open(&notify) != STATUS_OK)
        log_event(LOG_LEVEL_WARNING, "systemd.not_notified",
                  log_string("instead", "NOTIFY_SOCKET cannot be used; going on without"));
    if (status == STATUS_OK) status = daemon_start(command->config_path, config, load, &daemon);
    if (status != STATUS_OK) {
        log_event(LOG_LEVEL_ERROR, "aggregator.not_started", log_status("status", status));
        return EXIT_CODE_FAILED;
    }
    (void)sys_notify_ready(&notify, "started");
    serve(daemon, signals, &notify);
    (void)sys_notify_stopping(&notify, "stopping");
    daemon_stop(daemon);
    sys_notify_close(&notify);
    log_event(LOG_LEVEL_INFO, "aggregator.stopped");
    return EXIT_CODE_OK;
}

int main(int argc, char **argv) {
    struct command command = {.config_path = NULL};
    int code = read_command(argc, argv, &command);
    if (code >= 0) return code;
    if (command.print_man)
        return config_load_print_man(&aggregator_table, stdout) == STATUS_OK ? EXIT_CODE_OK
                                                                             : EXIT_CODE_FAILED;
    struct aggregator_config *config = malloc(sizeof *config); /* the daemon takes it over */
    struct config_load *load = NULL;
    enum status status = STATUS_NO_MEMORY;
    if (config != NULL) status = config_load_aggregator(command.config_path, config, &load);
    if (command.test || status != STATUS_OK) {
        if (load == NULL) fprintf(stderr, "ear-aggregator: %s\n", status_text(status));
        code = load == NULL ? EXIT_CODE_FAILED
                            : (int)config_load_verdict(load, status, stdout, stderr);
        config_load_destroy(load);
        free(config);
        return command.test ? code : EXIT_CODE_CONFIG;
    }
    return run(&command, config, load);
}
