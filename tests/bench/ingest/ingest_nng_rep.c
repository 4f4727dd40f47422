/* The peer to compare with: nng's own REP over TLS, which answers each request at once.
 *     ingest_nng_rep PORT CERT KEY CA
 * Prints "port N"; ends with stdin. Many contexts, as nng's examples do it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <nng/supplemental/tls/tls.h>

#define CONTEXTS 128

/* An encoded ack whose sequence says nothing; as long as a real one. */
static const unsigned char answer[] = {0x22, 0x04, 0x08, 0xff, 0xff, 0x03};

struct work {
    nng_ctx context;
    nng_aio *aio;
    int sending;
};

static void on_done(void *argument) {
    struct work *work = argument;
    if (nng_aio_result(work->aio) != 0) {
        nng_msg *unsent = work->sending ? nng_aio_get_msg(work->aio) : NULL;
        if (unsent != NULL) nng_msg_free(unsent);
        if (nng_aio_result(work->aio) == NNG_ECLOSED) return;
    } else if (!work->sending) {
        nng_msg *message = nng_aio_get_msg(work->aio);
        nng_msg_clear(message);
        if (nng_msg_append(message, answer, sizeof answer) == 0) {
            work->sending = 1;
            nng_aio_set_msg(work->aio, message);
            nng_ctx_send(work->context, work->aio);
            return;
        }
        nng_msg_free(message);
    }
    work->sending = 0;
    nng_ctx_recv(work->context, work->aio);
}

static void check(const char *what, int error) {
    if (error == 0) return;
    fprintf(stderr, "%s: %s\n", what, nng_strerror(error));
    exit(1);
}

static char *read_all(const char *path) {
    char *text = calloc(1, 65536);
    FILE *file = fopen(path, "rb");
    if (text == NULL || file == NULL || fread(text, 1, 65535, file) == 0) exit(1);
    fclose(file);
    return text;
}

/* ru_maxrss would be the caller's: it survives exec. */
static long resident_kb(void) {
    long pages = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%ld %ld", &pages, &resident) != 2) resident = 0;
    if (file != NULL) fclose(file);
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

int main(int argc, char **argv) {
    static struct work works[CONTEXTS];
    nng_socket socket;
    nng_listener listener;
    nng_tls_config *config;
    char url[64];
    if (argc != 5) return 64;
    snprintf(url, sizeof url, "tls+tcp://127.0.0.1:%s", argv[1]);
    check("open", nng_rep0_open(&socket));
    check("tls", nng_tls_config_alloc(&config, NNG_TLS_MODE_SERVER));
    check("ca", nng_tls_config_ca_chain(config, read_all(argv[4]), NULL));
    check("cert", nng_tls_config_own_cert(config, read_all(argv[2]), read_all(argv[3]), NULL));
    check("auth", nng_tls_config_auth_mode(config, NNG_TLS_AUTH_MODE_REQUIRED));
    check("listener", nng_listener_create(&listener, socket, url));
    check("config", nng_listener_set_ptr(listener, NNG_OPT_TLS_CONFIG, config));
    check("listen", nng_listener_start(listener, 0));
    for (int i = 0; i < CONTEXTS; i++) {
        check("context", nng_ctx_open(&works[i].context, socket));
        check("aio", nng_aio_alloc(&works[i].aio, on_done, &works[i]));
        nng_ctx_recv(works[i].context, works[i].aio);
    }
    printf("port %s\n", argv[1]);
    fflush(stdout);
    while (getchar() != EOF) {
    }
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("cpu_us=%lld rss_kb=%ld\n",
           (long long)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
               usage.ru_utime.tv_usec + usage.ru_stime.tv_usec,
           resident_kb());
    fflush(stdout);
    _Exit(0); /* nng may hang on its way out with connections open */
}
