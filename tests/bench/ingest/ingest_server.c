/* The agents' port under load, with one of three sinks:
 *     ingest_server CERT KEY CA null|rows|predict STATE_DIRECTORY
 * null acknowledges at once; rows fills rows and the journal (in STATE_DIRECTORY) before the ack;
 * predict does so with the prediction streams and the scoring pass. Prints "port N"; at the end of
 * stdin its CPU time and what ingest counted. One I/O thread; the caller pins it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "aggregator/ingest/ingest.h"
#include "aggregator/rows/rows.h"
#include "common/sys/clock.h"

static enum status null_report(void *context, struct ingest_peer *peer, const struct report *report,
                               struct ack *ack_out) {
    (void)context;
    (void)peer;
    ack_out->sequence = report->sequence;
    return STATUS_OK;
}

static enum status rows_sink_report(void *context, struct ingest_peer *peer,
                                    const struct report *report, struct ack *ack_out) {
    return rows_report(context, peer->connection, report, sys_now(), ack_out);
}

static enum status no_dictionary(void *context, struct ingest_peer *peer,
                                 const struct boot_id *boot, uint64_t sequence,
                                 const struct series_dictionary *dictionary, struct ack *ack_out) {
    (void)context;
    (void)peer;
    (void)boot;
    (void)sequence;
    (void)dictionary;
    (void)ack_out;
    return STATUS_UNSUPPORTED;
}

static enum status no_notice(void *context, struct ingest_peer *peer, const struct notice *notice,
                             struct ack *ack_out) {
    (void)context;
    (void)peer;
    (void)notice;
    (void)ack_out;
    return STATUS_UNSUPPORTED;
}

static void on_refused(void *context, const struct ingest_refusal *refusal) {
    (void)context;
    fprintf(stderr, "refused: %s %s\n", ingest_reason_name(refusal->reason), refusal->detail);
}

static void on_closed(void *context, struct ingest_peer *peer) {
    (void)context;
    (void)peer;
}

static enum status drop_event(void *context, struct event *event) {
    (void)context;
    free(event);
    return STATUS_OK;
}

static struct rows *open_rows(const char *folder, bool predict) {
    struct rows_options options = rows_options_default();
    struct rows *rows = NULL;
    options.state_directory = folder;
    options.predict = predict;
    options.post = drop_event;
    enum status status = rows_create(&options, &rows);
    if (!status) status = rows_start(rows);
    if (status) {
        fprintf(stderr, "rows: %s\n", status_text(status));
        exit(1);
    }
    return rows;
}

/* ru_maxrss would be the caller's: it survives exec. */
static long resident_kb(void) {
    long pages = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%ld %ld", &pages, &resident) != 2) resident = 0;
    if (file != NULL) fclose(file);
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static void print_outcome(const struct ingest *ingest) {
    struct ingest_counters counters;
    struct rusage usage;
    ingest_counters(ingest, &counters);
    getrusage(RUSAGE_SELF, &usage);
    printf("reports=%llu not_taken=%llu cpu_us=%lld rss_kb=%ld\n",
           (unsigned long long)counters.reports, (unsigned long long)counters.not_taken,
           (long long)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
               usage.ru_utime.tv_usec + usage.ru_stime.tv_usec,
           resident_kb());
}

int main(int argc, char **argv) {
    struct ingest_options options = ingest_options_default();
    char problem[INGEST_PROBLEM_BYTES] = "";
    struct ingest *ingest = NULL;
    if (argc != 6) return 64;
    options.address = "127.0.0.1";
    options.certificate_file = argv[1];
    options.key_file = argv[2];
    options.ca_file = argv[3];
    options.threads = 1;
    options.rate_per_s = 0; /* the point is how fast it goes */
    bool null = strcmp(argv[4], "null") == 0;
    struct rows *rows = null ? NULL : open_rows(argv[5], strcmp(argv[4], "predict") == 0);
    const struct ingest_sink sink = {rows,          null ? null_report : rows_sink_report,
                                     no_dictionary, no_notice,
                                     on_refused,    on_closed};
    enum status status = ingest_create(&options, &sink, &ingest, problem);
    if (!status) status = ingest_start(ingest);
    if (status) {
        fprintf(stderr, "%s\n", problem);
        return 1;
    }
    printf("port %u\n", ingest_port(ingest));
    fflush(stdout);
    while (getchar() != EOF) {
    }
    ingest_stop(ingest);
    print_outcome(ingest);
    ingest_destroy(ingest);
    rows_destroy(rows);
    return 0;
}
