/* A fleet of agents from one thread: each with its certificate and connection, a passing check, and
 * a report every INTERVAL_MS, spread over the interval. Commands on standard input make one agent's
 * check fail or pass again, in a report sent at once, as ear-agent does.
 *     decision_load PORT CA AGENTS_FILE INTERVAL_MS
 * AGENTS_FILE holds a line "instance certificate key" for each agent. Prints "ready N" when all
 * have been acknowledged once, then for each command "fail I" or "pass I" a line "acked I SENT_US
 * ACKED_US REPORTS" (epoch microseconds; reports acknowledged so far, of all). Ends with its input.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/wire/frame.h"

#define AGENTS_MAX   4096
#define REPLY_BYTES  1024
#define VALUES       20
#define COMMAND_SIZE 256

struct agent {
    SSL *ssl;
    struct report report;
    int64_t due_ms;
    int64_t sent_us;
    uint32_t id;
    size_t have;
    bool waiting; /* for an ack */
    bool urgent;  /* a command's report is to be sent, or is under way */
    bool urgent_sent;
    uint8_t reply[REPLY_BYTES];
};

static struct agent agents[AGENTS_MAX];
static size_t agent_count;
static uint64_t acks;

static _Noreturn void give_up(const char *what) {
    fprintf(stderr, "decision_load: %s\n", what);
    exit(1);
}

static int64_t clock_us(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t now_ms(void) { return clock_us(CLOCK_MONOTONIC) / 1000; }

static void set_check(struct report *report, enum check_state state) {
    struct check_result *check = &report->checks[0];
    check->state = state;
    check->failures = state == CHECK_FAILING ? 2 : 0;
    strcpy(check->detail, state == CHECK_FAILING ? "connection refused" : "");
}

static void fill_report(struct report *report, const char *instance, uint32_t interval_ms) {
    if (instance_id_parse(instance, strlen(instance), &report->instance)) give_up("bad instance");
    strcpy(report->boot.text, "01234567-89ab-cdef-0123-456789abcdef");
    strcpy(report->agent_version, "0.1.0");
    report->interval_ms = interval_ms;
    for (unsigned metric = 0; metric < VALUES && metric < METRIC_COUNT; metric++)
        metric_set(&report->core, (enum metric)metric, 10.0 + metric);
    report->check_count = 1;
    strcpy(report->checks[0].name, "web-http");
    strcpy(report->checks[0].unit, "web.service");
    set_check(report, CHECK_PASSING);
}

static void greet(SSL *ssl) {
    uint8_t greeting[FRAME_GREETING_BYTES];
    size_t length;
    frame_greeting_write(FRAME_REQ, greeting);
    if (SSL_write_ex(ssl, greeting, sizeof greeting, &length) != 1) give_up("greet");
    for (size_t have = 0; have < sizeof greeting; have += length)
        if (SSL_read_ex(ssl, greeting + have, sizeof greeting - have, &length) != 1)
            give_up("greeting");
    if (frame_greeting_check(FRAME_REP, greeting, sizeof greeting)) give_up("not a REP peer");
}

static void connect_agent(struct agent *agent, SSL_CTX *context, uint16_t port) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    const int on = 1;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0) give_up("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    agent->ssl = SSL_new(context);
    if (SSL_set_fd(agent->ssl, fd) != 1 || SSL_connect(agent->ssl) != 1) give_up("handshake");
    greet(agent->ssl);
}

static void open_agents(const char *file_name, const char *ca, uint16_t port,
                        uint32_t interval_ms) {
    char instance[64], certificate[1024], key[1024];
    FILE *file = fopen(file_name, "r");
    if (file == NULL) give_up("no agents file");
    while (agent_count < AGENTS_MAX &&
           fscanf(file, "%63s %1023s %1023s", instance, certificate, key) == 3) {
        struct agent *agent = &agents[agent_count++];
        SSL_CTX *context = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
        if (SSL_CTX_load_verify_locations(context, ca, NULL) != 1 ||
            SSL_CTX_use_certificate_chain_file(context, certificate) != 1 ||
            SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
            give_up("certificate");
        SSL_CTX_set_read_ahead(context, 1);
        fill_report(&agent->report, instance, interval_ms);
        connect_agent(agent, context, port);
        SSL_CTX_free(context);
    }
    fclose(file);
}

static void send_report(struct agent *agent) {
    uint8_t bytes[FRAME_MAX];
    size_t length, written;
    agent->report.sampled_at.ms = clock_us(CLOCK_REALTIME) / 1000;
    agent->report.sequence++;
    agent->id = 0x80000000u | (uint32_t)agent->report.sequence;
    if (wire_encode_report(&agent->report, bytes + FRAME_HEADER_BYTES, WIRE_MESSAGE_MAX, &length))
        give_up("encode");
    frame_header_write(agent->id, length, bytes);
    agent->sent_us = clock_us(CLOCK_REALTIME);
    if (SSL_write_ex(agent->ssl, bytes, FRAME_HEADER_BYTES + length, &written) != 1)
        give_up("send");
    agent->waiting = true;
    agent->urgent_sent = agent->urgent;
}

static void take_ack(struct agent *agent, const struct frame *frame, int64_t interval_ms) {
    static uint8_t memory[WIRE_ACK_ARENA_BYTES];
    struct wire_arena arena = {.bytes = memory, .capacity = sizeof memory};
    struct ack ack;
    int64_t acked_us = clock_us(CLOCK_REALTIME);
    if (frame->id != agent->id) give_up("an answer to another request");
    if (wire_decode_ack(&arena, frame->body, frame->body_length, &ack)) give_up("bad ack");
    if (ack.sequence != agent->report.sequence) give_up("not acknowledged");
    acks++;
    agent->waiting = false;
    agent->have = 0;
    agent->due_ms = now_ms() + interval_ms;
    if (agent->urgent_sent) {
        printf("acked %s %lld %lld %llu\n", agent->report.instance.text, (long long)agent->sent_us,
               (long long)acked_us, (unsigned long long)acks);
        agent->urgent = agent->urgent_sent = false;
    } else if (agent->urgent) {
        send_report(agent); /* the command came while another report was under way */
    }
}

static void serve(struct agent *agent, int64_t interval_ms) {
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
    take_ack(agent, &frame, interval_ms);
}

static void obey(const char *line) {
    char verb[8], instance[64];
    if (sscanf(line, "%7s %63s", verb, instance) != 2) give_up("bad command");
    for (size_t i = 0; i < agent_count; i++) {
        struct agent *agent = &agents[i];
        if (strcmp(agent->report.instance.text, instance) != 0) continue;
        set_check(&agent->report, strcmp(verb, "fail") == 0 ? CHECK_FAILING : CHECK_PASSING);
        agent->urgent = true;
        if (!agent->waiting) send_report(agent);
        return;
    }
    give_up("no such agent");
}

/* Whole lines from standard input; false at its end. */
static bool read_commands(void) {
    static char buffer[COMMAND_SIZE];
    static size_t have;
    ssize_t got = read(STDIN_FILENO, buffer + have, sizeof buffer - 1 - have);
    if (got <= 0) return false;
    have += (size_t)got;
    buffer[have] = '\0';
    char *line = buffer, *end;
    while ((end = strchr(line, '\n')) != NULL) {
        *end = '\0';
        obey(line);
        line = end + 1;
    }
    have -= (size_t)(line - buffer);
    memmove(buffer, line, have);
    return true;
}

static int64_t send_due(void) {
    int64_t now = now_ms(), next = now + 1000;
    for (size_t i = 0; i < agent_count; i++) {
        if (agents[i].waiting) continue;
        if (agents[i].due_ms <= now)
            send_report(&agents[i]);
        else if (agents[i].due_ms < next)
            next = agents[i].due_ms;
    }
    return next - now;
}

static void serve_all(int epoll, int64_t interval_ms) {
    struct epoll_event events[128];
    bool ready = false, open = true;
    while (open) {
        int count = epoll_wait(epoll, events, 128, (int)send_due());
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr == NULL)
                open = read_commands();
            else
                serve(events[i].data.ptr, interval_ms);
        }
        if (!ready && acks >= agent_count) {
            ready = true;
            printf("ready %zu\n", agent_count);
        }
    }
}

int main(int argc, char **argv) {
    if (argc != 5) return 64;
    int64_t interval_ms = strtoll(argv[4], NULL, 10);
    setvbuf(stdout, NULL, _IOLBF, 0);
    open_agents(argv[3], argv[2], (uint16_t)strtoul(argv[1], NULL, 10), (uint32_t)interval_ms);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event input = {.events = EPOLLIN, .data.ptr = NULL};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &input) != 0) give_up("standard input");
    for (size_t i = 0; i < agent_count; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &agents[i]};
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, SSL_get_fd(agents[i].ssl), &event) != 0)
            give_up("epoll");
        agents[i].due_ms = now_ms() + (int64_t)i * interval_ms / (int64_t)agent_count;
    }
    serve_all(epoll, interval_ms);
    return 0;
}
