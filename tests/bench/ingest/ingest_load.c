/* Agents by the hundred from one thread: each has its certificate, one request outstanding, and
 * sends its next report when the ack is there.
 *     ingest_load PORT CA AGENTS_FILE SECONDS VALUES anyack|exactack [tls1.2]
 * AGENTS_FILE holds a line "instance certificate key" for each connection. exactack fails when an
 * ack is not the report's own. Prints acks a second and quantiles of report-to-ack time, over
 * SECONDS that begin after a warm-up of a fifth of them. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/wire/frame.h"

#define AGENTS_MAX  1024
#define REPLY_BYTES 1024
#define BUCKETS     4096 /* of 20 us: up to 82 ms, the last holds the rest */
#define BUCKET_NS   20000

struct agent {
    SSL *ssl;
    int fd;
    struct report report;
    uint64_t sent_ns;
    uint32_t id;
    size_t have;
    uint8_t reply[REPLY_BYTES];
};

static struct agent agents[AGENTS_MAX];
static size_t agent_count;
static uint64_t buckets[BUCKETS];
static uint64_t acks, acks_all; /* while counting; with the warm-up */
static bool exact, counting;

static _Noreturn void give_up(const char *what) {
    fprintf(stderr, "ingest_load: %s\n", what);
    exit(1);
}

static uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void fill_report(struct report *report, const char *instance, unsigned values) {
    if (instance_id_parse(instance, strlen(instance), &report->instance)) give_up("bad instance");
    strcpy(report->boot.text, "01234567-89ab-cdef-0123-456789abcdef");
    strcpy(report->agent_version, "0.1.0");
    report->interval_ms = 10000;
    for (unsigned metric = 0; metric < values && metric < METRIC_COUNT; metric++)
        metric_set(&report->core, (enum metric)metric, 10.0 + metric);
}

static void connect_agent(struct agent *agent, SSL_CTX *context, uint16_t port) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    const int on = 1;
    uint8_t greeting[FRAME_GREETING_BYTES];
    size_t length;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    agent->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(agent->fd, (struct sockaddr *)&to, sizeof to) != 0) give_up("connect");
    setsockopt(agent->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    agent->ssl = SSL_new(context);
    if (SSL_set_fd(agent->ssl, agent->fd) != 1 || SSL_connect(agent->ssl) != 1)
        give_up("handshake");
    frame_greeting_write(FRAME_REQ, greeting);
    if (SSL_write_ex(agent->ssl, greeting, sizeof greeting, &length) != 1) give_up("greet");
    for (size_t have = 0; have < sizeof greeting; have += length)
        if (SSL_read_ex(agent->ssl, greeting + have, sizeof greeting - have, &length) != 1)
            give_up("greeting");
    if (frame_greeting_check(FRAME_REP, greeting, sizeof greeting)) give_up("not a REP peer");
}

static void open_agents(const char *file_name, const char *ca, uint16_t port, unsigned values,
                        bool tls12) {
    char instance[64], certificate[1024], key[1024];
    FILE *file = fopen(file_name, "r");
    if (file == NULL) give_up("no agents file");
    while (agent_count < AGENTS_MAX &&
           fscanf(file, "%63s %1023s %1023s", instance, certificate, key) == 3) {
        struct agent *agent = &agents[agent_count++];
        SSL_CTX *context = SSL_CTX_new(TLS_client_method());
        if (tls12) SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
        if (SSL_CTX_load_verify_locations(context, ca, NULL) != 1 ||
            SSL_CTX_use_certificate_chain_file(context, certificate) != 1 ||
            SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
            give_up("certificate");
        SSL_CTX_set_read_ahead(context, 1);
        fill_report(&agent->report, instance, values);
        connect_agent(agent, context, port);
        SSL_CTX_free(context);
    }
    fclose(file);
}

static void send_report(struct agent *agent) {
    uint8_t bytes[FRAME_MAX];
    size_t length, written;
    struct timespec wall;
    clock_gettime(CLOCK_REALTIME, &wall);
    agent->report.sampled_at.ms = (int64_t)wall.tv_sec * 1000 + wall.tv_nsec / 1000000;
    agent->report.sequence++;
    agent->id = 0x80000000u | (uint32_t)agent->report.sequence;
    if (wire_encode_report(&agent->report, bytes + FRAME_HEADER_BYTES, WIRE_MESSAGE_MAX, &length))
        give_up("encode");
    frame_header_write(agent->id, length, bytes);
    agent->sent_ns = now_ns();
    if (SSL_write_ex(agent->ssl, bytes, FRAME_HEADER_BYTES + length, &written) != 1)
        give_up("send");
}

static void check_ack(const struct agent *agent, const struct frame *frame) {
    static uint8_t memory[WIRE_ACK_ARENA_BYTES];
    struct wire_arena arena = {.bytes = memory, .capacity = sizeof memory};
    struct ack ack;
    if (frame->id != agent->id) give_up("an answer to another request");
    if (!exact) return;
    if (wire_decode_ack(&arena, frame->body, frame->body_length, &ack)) give_up("bad ack");
    if (ack.sequence != agent->report.sequence) give_up("not acknowledged");
}

static void count_ack(const struct agent *agent) {
    acks_all++;
    if (!counting) return;
    uint64_t bucket = (now_ns() - agent->sent_ns) / BUCKET_NS;
    buckets[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
    acks++;
}

/* nng sends an answer in two TLS records: what waits inside TLS is not seen by epoll. */
static void serve(struct agent *agent) {
    size_t got, used;
    struct frame frame;
    do {
        if (SSL_read_ex(agent->ssl, agent->reply + agent->have, REPLY_BYTES - agent->have, &got) !=
            1)
            give_up("closed by the server");
        agent->have += got;
    } while (SSL_has_pending(agent->ssl) == 1);
    enum status status = frame_read(agent->reply, agent->have, &frame, &used);
    if (status == STATUS_AGAIN) return;
    if (status || used != agent->have) give_up("bad frame");
    check_ack(agent, &frame);
    count_ack(agent);
    agent->have = 0;
    send_report(agent);
}

static void run_until(int epoll, uint64_t end_ns) {
    struct epoll_event events[128];
    while (now_ns() < end_ns) {
        int count = epoll_wait(epoll, events, 128, 1000);
        if (count == 0) give_up("no ack for a second");
        for (int i = 0; i < count; i++) serve(events[i].data.ptr);
    }
}

static double quantile_us(double share) {
    uint64_t wanted = (uint64_t)((double)acks * share), seen = 0;
    for (size_t i = 0; i < BUCKETS; i++)
        if ((seen += buckets[i]) > wanted) return (double)(i + 1) * BUCKET_NS / 1000;
    return 0;
}

int main(int argc, char **argv) {
    if (argc < 7) return 64;
    uint16_t port = (uint16_t)strtoul(argv[1], NULL, 10);
    double seconds = strtod(argv[4], NULL);
    exact = strcmp(argv[6], "exactack") == 0;
    open_agents(argv[3], argv[2], port, (unsigned)strtoul(argv[5], NULL, 10), argc > 7);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    for (size_t i = 0; i < agent_count; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &agents[i]};
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, agents[i].fd, &event) != 0) give_up("epoll");
        send_report(&agents[i]);
    }
    uint64_t span_ns = (uint64_t)(seconds * 1e9);
    run_until(epoll, now_ns() + span_ns / 5);
    counting = true;
    uint64_t start = now_ns();
    run_until(epoll, start + span_ns);
    double taken = (double)(now_ns() - start) / 1e9;
    printf("connections=%zu acks_per_s=%.0f acks_all=%llu p50_us=%.0f p99_us=%.0f\n", agent_count,
           (double)acks / taken, (unsigned long long)acks_all, quantile_us(0.50),
           quantile_us(0.99));
    return 0;
}
