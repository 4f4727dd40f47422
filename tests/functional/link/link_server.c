/* The real ingest with a sink that writes down what it gets: one line on stdout for each call, in
 * words that tests read. Commands come on stdin, one a line: "counters", "reload CERT KEY CA",
 * "expiry", "quit" (as does the end of stdin). The first line says "port N". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/ingest/ingest.h"

struct settings {
    struct ingest_options options;
    uint64_t not_taken_below; /* reports with a lower sequence are not taken */
    uint32_t directives;      /* of every ack */
};

static enum status on_report(void *context, struct ingest_peer *peer, const struct report *report,
                             struct ack *ack_out) {
    const struct settings *settings = context;
    printf("report instance=%s account=%s boot=%s sequence=%llu present=%llx further=%u checks=%u "
           "events=%u version=%s connection=%llu\n",
           peer->instance.text, peer->account, report->boot.text,
           (unsigned long long)report->sequence, (unsigned long long)report->core.present,
           report->further_count, report->check_count, report->event_count, report->agent_version,
           (unsigned long long)peer->connection);
    if (report->sequence < settings->not_taken_below) return STATUS_NO_SPACE;
    ack_out->sequence = report->sequence;
    ack_out->directives = settings->directives;
    return STATUS_OK;
}

static enum status on_dictionary(void *context, struct ingest_peer *peer,
                                 const struct boot_id *boot, uint64_t sequence,
                                 const struct series_dictionary *dictionary, struct ack *ack_out) {
    (void)context;
    printf("dictionary instance=%s boot=%s sequence=%llu generation=%u count=%u\n",
           peer->instance.text, boot->text, (unsigned long long)sequence, dictionary->generation,
           dictionary->count);
    ack_out->sequence = sequence;
    return STATUS_OK;
}

static enum status on_notice(void *context, struct ingest_peer *peer, const struct notice *notice,
                             struct ack *ack_out) {
    (void)context;
    printf("notice instance=%s kind=%s\n", peer->instance.text, notice_kind_name(notice->kind));
    ack_out->sequence = notice->sequence;
    return STATUS_OK;
}

static void on_refused(void *context, const struct ingest_refusal *refusal) {
    (void)context;
    printf("refused reason=%s status=%s instance=%s claimed=%s name=%s detail=%s\n",
           ingest_reason_name(refusal->reason), status_name(refusal->status),
           refusal->instance.text, refusal->claimed.text, refusal->peer_name, refusal->detail);
}

static void on_closed(void *context, struct ingest_peer *peer) {
    (void)context;
    printf("closed instance=%s\n", peer->instance.text);
}

static void print_counters(const struct ingest *ingest) {
    struct ingest_counters counters;
    ingest_counters(ingest, &counters);
    printf("counters");
#define PRINT_COUNTER(name, help) printf(" " #name "=%llu", (unsigned long long)counters.name);
    INGEST_COUNTER_TABLE(PRINT_COUNTER)
#undef PRINT_COUNTER
    printf("\n");
}

static void reload(struct ingest *ingest, char *line) {
    char problem[INGEST_PROBLEM_BYTES] = "";
    const char *blank = " \n";
    (void)strtok(line, blank);
    const char *certificate = strtok(NULL, blank);
    const char *key = strtok(NULL, blank);
    const char *ca = strtok(NULL, blank);
    enum status status = ingest_reload(ingest, certificate, key, ca, problem);
    printf("reload status=%s problem=%s\n", status_name(status), problem);
}

static void serve_commands(struct ingest *ingest) {
    char line[4 * 4096];
    while (fgets(line, sizeof line, stdin) != NULL && strncmp(line, "quit", 4) != 0) {
        if (strncmp(line, "counters", 8) == 0) print_counters(ingest);
        if (strncmp(line, "reload", 6) == 0) reload(ingest, line);
        if (strncmp(line, "expiry", 6) == 0)
            printf("expiry ms=%lld\n", (long long)ingest_certificate_expiry(ingest).ms);
    }
}

static void set(struct settings *settings, const char *name, const char *value) {
    struct ingest_options *options = &settings->options;
    unsigned number = (unsigned)strtoul(value, NULL, 10);
    if (strcmp(name, "--certificate") == 0) options->certificate_file = value;
    if (strcmp(name, "--key") == 0) options->key_file = value;
    if (strcmp(name, "--ca") == 0) options->ca_file = value;
    if (strcmp(name, "--address") == 0) options->address = value;
    if (strcmp(name, "--plain") == 0) options->plain = number != 0;
    if (strcmp(name, "--port") == 0) options->port = (uint16_t)number;
    if (strcmp(name, "--threads") == 0) options->threads = number;
    if (strcmp(name, "--handshake-ms") == 0) options->handshake_timeout = duration_ms(number);
    if (strcmp(name, "--io-ms") == 0) options->io_timeout = duration_ms(number);
    if (strcmp(name, "--first-ms") == 0) options->first_timeout = duration_ms(number);
    if (strcmp(name, "--handshakes") == 0) options->handshakes_max = number;
    if (strcmp(name, "--pending") == 0) options->pending_max = number;
    if (strcmp(name, "--source-pending") == 0) options->source_pending_max = number;
    if (strcmp(name, "--source-rate") == 0) options->source_rate_per_s = number;
    if (strcmp(name, "--source-burst") == 0) options->source_burst = number;
    if (strcmp(name, "--connections") == 0) options->connections_max = number;
    if (strcmp(name, "--rate") == 0) options->rate_per_s = number;
    if (strcmp(name, "--burst") == 0) options->rate_burst = number;
    if (strcmp(name, "--not-taken-below") == 0) settings->not_taken_below = number;
    if (strcmp(name, "--directives") == 0) settings->directives = number;
}

int main(int argc, char **argv) {
    struct settings settings = {.options = ingest_options_default()};
    char problem[INGEST_PROBLEM_BYTES] = "";
    struct ingest *ingest = NULL;
    settings.options.address = "127.0.0.1";
    for (int i = 1; i + 1 < argc; i += 2) set(&settings, argv[i], argv[i + 1]);
    const struct ingest_sink sink = {&settings, on_report,  on_dictionary,
                                     on_notice, on_refused, on_closed};
    setvbuf(stdout, NULL, _IOLBF, 0);
    enum status status = ingest_create(&settings.options, &sink, &ingest, problem);
    if (!status) status = ingest_start(ingest);
    if (status) {
        printf("failed status=%s problem=%s\n", status_name(status), problem);
        return 1;
    }
    printf("port %u\n", ingest_port(ingest));
    serve_commands(ingest);
    ingest_stop(ingest);
    print_counters(ingest);
    ingest_destroy(ingest);
    return 0;
}
