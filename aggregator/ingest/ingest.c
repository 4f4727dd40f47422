/* The agents' port as a whole: options, certificates, workers. ingest_create() and friends run on
 * the program's thread; workers run on their own (worker.h). */
#include "aggregator/ingest/ingest.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "aggregator/ingest/listen.h"
#include "aggregator/ingest/worker.h"
#include "common/base/text.h"
#include "common/sys/file.h"

#define DESCRIPTORS_FOR_AGENTS_MIN 16 /* fewer than that, after the reserve, is a wrong setting */

struct ingest {
    struct shared shared;
    uint16_t port;
    bool started;
};

struct ingest_options ingest_options_default(void) {
    return (struct ingest_options){
        .handshake_timeout = duration_s(10),
        .io_timeout = duration_s(10),
        .first_timeout = duration_s(60),
        .idle_intervals = 3,
        .handshakes_max = 16,
        .pending_max = 256,
        .source_pending_max = 64,
        .source_rate_per_s = 100,
        .source_burst = 400,
        .connections_max = 16384,
        .rate_per_s = 2,
        .rate_burst = 10,
        .malformed_max = 3,
        .descriptor_reserve = 64,
    };
}

const char *ingest_reason_name(enum ingest_reason reason) {
    switch (reason) {
    case INGEST_REASON_NAME: return "name";
    case INGEST_REASON_ACCOUNT: return "account";
    case INGEST_REASON_CERTIFICATE: return "certificate";
    case INGEST_REASON_MALFORMED: return "malformed";
    case INGEST_REASON_COUNT: return "";
    }
    return "";
}

static enum status complain(char problem[static INGEST_PROBLEM_BYTES], enum status status,
                            const char *what) {
    struct text text = text_over(problem, INGEST_PROBLEM_BYTES);
    text_add(&text, what);
    text_add(&text, ": ");
    text_add(&text, status_text(status));
    return status;
}

static bool within(int64_t value, int64_t low, int64_t high) {
    return value >= low && value <= high;
}

struct range {
    const char *name;
    int64_t value, low, high;
};

static enum status check_options(const struct ingest_options *options,
                                 char problem[static INGEST_PROBLEM_BYTES]) {
    const struct range ranges[] = {
        {"threads", options->threads, 0, INGEST_THREADS_MAX},
        {"handshake_timeout", options->handshake_timeout.ms, 1, 300000},
        {"io_timeout", options->io_timeout.ms, 1, 300000},
        {"first_timeout", options->first_timeout.ms, 1, 3600000},
        {"idle_intervals", options->idle_intervals, 1, 1000},
        {"handshakes_max", options->handshakes_max, 1, 1024},
        {"pending_max", options->pending_max, 1, 65536},
        {"source_pending_max", options->source_pending_max, 1, 65536},
        {"source_rate_per_s", options->source_rate_per_s, 0, 1000000},
        {"source_burst", options->source_burst, 1, 1000000},
        {"connections_max", options->connections_max, 1, 65536},
        {"rate_per_s", options->rate_per_s, 0, 1000000},
        {"rate_burst", options->rate_burst, 1, 1000000},
        {"malformed_max", options->malformed_max, 1, 1000},
        {"descriptor_reserve", options->descriptor_reserve, 0, 65536},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(ranges); i++)
        if (!within(ranges[i].value, ranges[i].low, ranges[i].high))
            return complain(problem, STATUS_OUT_OF_RANGE, ranges[i].name);
    return STATUS_OK;
}

static enum status set_ceiling(struct shared *shared, char problem[static INGEST_PROBLEM_BYTES]) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return complain(problem, STATUS_INTERNAL, "RLIMIT_NOFILE");
    rlim_t most = limit.rlim_cur > INT32_MAX ? INT32_MAX : limit.rlim_cur;
    if (most < shared->options.descriptor_reserve + DESCRIPTORS_FOR_AGENTS_MIN)
        return complain(problem, STATUS_OUT_OF_RANGE, "descriptor_reserve against RLIMIT_NOFILE");
    shared->descriptor_ceiling = (int)most - (int)shared->options.descriptor_reserve;
    return STATUS_OK;
}

static unsigned choose_threads(unsigned wanted) {
    if (wanted != 0) return wanted;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores < 1 ? 1 : cores > INGEST_THREADS_MAX ? INGEST_THREADS_MAX : (unsigned)cores;
}

static enum status create_workers(struct ingest *ingest, const char *address, uint16_t port,
                                  char problem[static INGEST_PROBLEM_BYTES]) {
    struct shared *shared = &ingest->shared;
    int fds[INGEST_THREADS_MAX];
    unsigned count = choose_threads(shared->options.threads);
    enum status status =
        listen_open(address, port, shared->options.plain, count, fds, &ingest->port);
    if (status) return complain(problem, status, "agents' address");
    for (unsigned i = 0; i < count; i++) {
        /* Those after a failure are only closed. */
        if (!status)
            status = worker_create(shared, i, fds[i], &shared->workers[i]);
        else
            file_close(&fds[i]);
        if (!status) shared->worker_count++;
    }
    return status ? complain(problem, status, "agents' port") : STATUS_OK;
}

static enum status create(struct ingest *ingest, const struct ingest_options *options,
                          char problem[static INGEST_PROBLEM_BYTES]) {
    struct shared *shared = &ingest->shared;
    enum status status = check_options(options, problem);
    if (!status) status = set_ceiling(shared, problem);
    if (status) return status;
    status = registry_create(&shared->registry);
    if (status) return complain(problem, status, "agents' registry");
    if (!options->plain)
        status = tls_create(options->certificate_file, options->key_file, options->ca_file,
                            &shared->tls, &shared->tls_expiry, problem);
    if (status) return status;
    return create_workers(ingest, options->address, options->port, problem);
}

enum status ingest_create(const struct ingest_options *options, const struct ingest_sink *sink,
                          struct ingest **ingest_out, char problem_out[INGEST_PROBLEM_BYTES]) {
    char unread[INGEST_PROBLEM_BYTES];
    char *problem = problem_out != NULL ? problem_out : unread;
    struct ingest *ingest = calloc(1, sizeof *ingest);
    if (ingest == NULL || pthread_mutex_init(&ingest->shared.tls_lock, NULL) != 0) {
        free(ingest);
        return complain(problem, STATUS_NO_MEMORY, "agents' port");
    }
    ingest->shared.options = *options;
    ingest->shared.sink = *sink;
    atomic_init(&ingest->shared.stopping, false);
    enum status status = create(ingest, options, problem);
    if (status)
        ingest_destroy(ingest);
    else
        *ingest_out = ingest;
    return status;
}

enum status ingest_start(struct ingest *ingest) {
    ingest->started = true;
    for (unsigned i = 0; i < ingest->shared.worker_count; i++) {
        enum status status = worker_start(ingest->shared.workers[i]);
        if (status == STATUS_OK) continue;
        ingest_stop(ingest);
        return status;
    }
    return STATUS_OK;
}

void ingest_stop(struct ingest *ingest) {
    if (!ingest->started) return;
    atomic_store(&ingest->shared.stopping, true);
    for (unsigned i = 0; i < ingest->shared.worker_count; i++)
        worker_wake(ingest->shared.workers[i]);
    for (unsigned i = 0; i < ingest->shared.worker_count; i++)
        worker_join(ingest->shared.workers[i]);
    ingest->started = false;
}

void ingest_destroy(struct ingest *ingest) {
    if (ingest == NULL) return;
    ingest_stop(ingest);
    for (unsigned i = 0; i < INGEST_THREADS_MAX; i++) worker_destroy(ingest->shared.workers[i]);
    registry_destroy(ingest->shared.registry);
    SSL_CTX_free(ingest->shared.tls);
    (void)pthread_mutex_destroy(&ingest->shared.tls_lock); /* fails only while held: our own bug */
    free(ingest);
}

uint16_t ingest_port(const struct ingest *ingest) { return ingest->port; }

enum status ingest_reload(struct ingest *ingest, const char *certificate_file, const char *key_file,
                          const char *ca_file, char problem_out[INGEST_PROBLEM_BYTES]) {
    struct shared *shared = &ingest->shared;
    char unread[INGEST_PROBLEM_BYTES];
    SSL_CTX *fresh = NULL, *old;
    struct wall_time expiry;
    if (shared->options.plain) return STATUS_OK; /* there is nothing to load */
    enum status status = tls_create(certificate_file, key_file, ca_file, &fresh, &expiry,
                                    problem_out != NULL ? problem_out : unread);
    if (status) return status;
    (void)pthread_mutex_lock(&shared->tls_lock); /* fails only by misuse, as unlock */
    old = shared->tls;
    shared->tls = fresh;
    shared->tls_expiry = expiry;
    (void)pthread_mutex_unlock(&shared->tls_lock);
    SSL_CTX_free(old); /* connections that use it hold it */
    return STATUS_OK;
}

struct wall_time ingest_certificate_expiry(struct ingest *ingest) {
    (void)pthread_mutex_lock(&ingest->shared.tls_lock);
    struct wall_time expiry = ingest->shared.tls_expiry;
    (void)pthread_mutex_unlock(&ingest->shared.tls_lock);
    return expiry;
}

void ingest_counters(const struct ingest *ingest, struct ingest_counters *counters_out) {
    *counters_out = (struct ingest_counters){0};
    for (unsigned i = 0; i < ingest->shared.worker_count; i++) {
        const struct worker_counters *from = &ingest->shared.workers[i]->counters;
#define ADD_COUNTER(name, help)                                                                    \
    counters_out->name += atomic_load_explicit(&from->name, memory_order_relaxed);
        INGEST_COUNTER_TABLE(ADD_COUNTER)
#undef ADD_COUNTER
    }
}
