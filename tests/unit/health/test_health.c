/* Checks against servers of this test on loopback; time is the test's own. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/health/health.h"
#include "tests/support/unit.h"

#define TURNS_MAX 2000 /* of one millisecond of waiting at most */

struct server {
    int listener;
    unsigned port;
    char url[64];
};

static struct server server_open(void) {
    struct server server = {.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof in;
    assert_int_equal(bind(server.listener, (struct sockaddr *)&in, sizeof in), 0);
    assert_int_equal(listen(server.listener, 4), 0);
    assert_int_equal(getsockname(server.listener, (struct sockaddr *)&in, &length), 0);
    server.port = ntohs(in.sin_port);
    (void)snprintf(server.url, sizeof server.url, "http://127.0.0.1:%u/ready", server.port);
    return server;
}

static struct health_check check_of(enum health_kind kind, const char *target) {
    struct health_check check = {.name = "app",
                                 .unit = "app.service",
                                 .kind = kind,
                                 .interval = {1000},
                                 .timeout = {500},
                                 .rise = 1,
                                 .fall = 1};
    (void)snprintf(check.target, sizeof check.target, "%s", target);
    return check;
}

static struct now at_ms(int64_t ms) { return (struct now){{ms}, {ms}}; }

static struct health *health_of(const struct health_check *check, const char *bus) {
    struct health *health = NULL;
    struct health_options options = {"/proc", bus, 1, check};
    assert_ok(health_create(&options, at_ms(1000), &health));
    return health;
}

static struct check_result result_of(const struct health *health) {
    struct check_result results[HEALTH_CHECKS_MAX];
    assert_int_equal(health_results(health, results), 1);
    return results[0];
}

/* Runs the check at a standing clock until it has a result; serves one connection meanwhile:
 * reads some, then sends `answer` (NULL = accepts and says nothing). */
static struct check_result run(struct health *health, const struct server *server,
                               const void *answer, size_t length) {
    int peer = -1;
    char request[4096];
    bool answered = false;
    for (int i = 0; i < TURNS_MAX; i++) {
        if (health_run(health, at_ms(1000))) break;
        struct pollfd fds[HEALTH_CHECKS_MAX + 1];
        size_t count = health_poll(health, fds);
        fds[count++] = (struct pollfd){.fd = peer >= 0 ? peer : server->listener, .events = POLLIN};
        (void)poll(fds, (nfds_t)count, answered ? 1 : 10);
        if ((fds[count - 1].revents & POLLIN) == 0) continue;
        if (peer < 0) {
            peer = accept(server->listener, NULL, NULL);
        } else if (!answered && recv(peer, request, sizeof request, 0) > 0 && answer != NULL) {
            assert_int_equal(send(peer, answer, length, MSG_NOSIGNAL), (ssize_t)length);
            (void)shutdown(peer, SHUT_WR);
            answered = true;
        }
    }
    if (peer >= 0) (void)close(peer);
    return result_of(health);
}

static struct check_result run_http(const char *answer, struct health_check *check) {
    struct server server = server_open();
    *check = check_of(HEALTH_HTTP, server.url);
    check->expect_status = 200;
    struct health *health = health_of(check, NULL);
    struct check_result result = run(health, &server, answer, strlen(answer));
    health_destroy(health);
    (void)close(server.listener);
    return result;
}

TEST(http_with_the_wanted_status_passes) {
    (void)state;
    struct health_check check;
    struct check_result result = run_http("HTTP/1.1 200 OK\r\nA: b\r\n\r\nfine", &check);
    assert_int_equal(result.state, CHECK_PASSING);
    assert_string_equal(result.name, "app");
    assert_string_equal(result.unit, "app.service");
    assert_string_equal(result.detail, "");
}

TEST(http_says_why_it_failed) {
    (void)state;
    static const struct {
        const char *answer, *detail;
    } rows[] = {
        {"HTTP/1.1 503 Down\r\n\r\n", "status 503, wanted 200"},
        {"HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:1/\r\n\r\n", "status 301, wanted 200"},
        {"SSH-2.0-OpenSSH_9.2\r\n", "answer is not HTTP/1"},
        {"HTTP/1.1 200 OK\r\nA: b\r\n", "connection closed before an answer"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct health_check check;
        struct check_result result = run_http(rows[i].answer, &check);
        assert_int_equal(result.state, CHECK_FAILING);
        assert_int_equal(result.failures, 1);
        assert_string_equal(result.detail, rows[i].detail);
    }
}

TEST(an_endless_head_fails_at_its_bound) {
    (void)state;
    struct health_check check;
    static char answer[20000];
    memset(answer, 'x', sizeof answer - 1);
    memcpy(answer, "HTTP/1.1 200 OK\r\n", 17);
    assert_string_equal(run_http(answer, &check).detail, "headers of the answer are over 8 KiB");
}

TEST(a_silent_server_fails_at_the_deadline) {
    (void)state;
    struct server server = server_open();
    struct health_check check = check_of(HEALTH_HTTP, server.url);
    struct health *health = health_of(&check, NULL);
    assert_false(health_run(health, at_ms(1000)));
    assert_int_equal(health_due(health).ms, 1500);
    assert_false(health_run(health, at_ms(1499)));
    assert_true(health_run(health, at_ms(1500)));
    assert_string_equal(result_of(health).detail, "no answer within 500ms");
    struct pollfd fds[HEALTH_CHECKS_MAX];
    assert_int_equal(health_poll(health, fds), 0); /* nothing is left open */
    assert_int_equal(health_due(health).ms, 2000);
    health_destroy(health);
    (void)close(server.listener);
}

TEST(tcp_passes_when_it_connects_and_fails_when_refused) {
    (void)state;
    struct server server = server_open();
    char target[32];
    (void)snprintf(target, sizeof target, "127.0.0.1:%u", server.port);
    struct health_check check = check_of(HEALTH_TCP, target);
    struct health *health = health_of(&check, NULL);
    for (int i = 0; i < TURNS_MAX && !health_run(health, at_ms(1000)); i++) (void)poll(NULL, 0, 1);
    assert_int_equal(result_of(health).state, CHECK_PASSING);
    (void)close(server.listener);
    for (int i = 0; i < TURNS_MAX && !health_run(health, at_ms(2000)); i++) (void)poll(NULL, 0, 1);
    assert_int_equal(result_of(health).state, CHECK_FAILING);
    assert_string_equal(result_of(health).detail, "connection refused");
    health_destroy(health);
}

TEST(a_live_process_is_found_by_its_name) {
    (void)state;
    char comm[32] = "", *newline;
    FILE *file = fopen("/proc/self/comm", "r");
    assert_non_null(file);
    assert_non_null(fgets(comm, sizeof comm, file));
    (void)fclose(file);
    if ((newline = strchr(comm, '\n')) != NULL) *newline = '\0';
    struct health_check check = check_of(HEALTH_PROCESS, comm);
    struct health *health = health_of(&check, NULL);
    for (int i = 0; i < TURNS_MAX && !health_run(health, at_ms(1000)); i++) {
    }
    assert_int_equal(result_of(health).state, CHECK_PASSING);
    health_destroy(health);
    check = check_of(HEALTH_PROCESS, "no such thing!");
    health = health_of(&check, NULL);
    for (int i = 0; i < TURNS_MAX && !health_run(health, at_ms(1000)); i++) {
    }
    assert_string_equal(result_of(health).detail, "no such process");
    health_destroy(health);
}

TEST(a_dead_process_that_waits_for_its_parent_does_not_count) {
    (void)state;
    struct health_check check = check_of(HEALTH_PROCESS, "dead");
    struct health *health = NULL;
    struct health_options options = {"tests/vectors/proc/linux-5.10/proc", NULL, 1, &check};
    assert_ok(health_create(&options, at_ms(1000), &health));
    for (int i = 0; i < TURNS_MAX && !health_run(health, at_ms(1000)); i++) {
    }
    assert_int_equal(result_of(health).state, CHECK_FAILING);
    health_destroy(health);
}

/* A system bus of one answer: a message of systemd as in test_dbus.c with another word in it. */
static size_t bus_answer(uint8_t *bytes, const char *word) {
    static const uint8_t head[] = {'l', 2, 1, 1, 0,   0, 0, 0, 9, 0, 0, 0,   8, 0,
                                   0,   0, 5, 1, 'u', 0, 2, 0, 0, 0, 1, 's', 0, 0};
    size_t length = strlen(word);
    memcpy(bytes, head, sizeof head);
    bytes[4] = (uint8_t)(9 + length);
    bytes[sizeof head] = (uint8_t)length;
    memset(bytes + sizeof head + 1, 0, 3);
    memcpy(bytes + sizeof head + 4, word, length + 1);
    return sizeof head + 4 + length + 1;
}

static struct check_result run_unit(const char *greeting, const char *word) {
    char path[108];
    (void)snprintf(path, sizeof path, "/tmp/ear_test_bus_%d", (int)getpid());
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), peer = -1;
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 1), 0);
    struct health_check check = check_of(HEALTH_UNIT, "web.service");
    struct health *health = health_of(&check, path);
    uint8_t bytes[128];
    char request[2048];
    int step = 0;
    for (int i = 0; i < TURNS_MAX && !health_run(health, at_ms(1000)); i++) {
        struct pollfd fd = {.fd = peer >= 0 ? peer : listener, .events = POLLIN};
        if (poll(&fd, 1, 1) <= 0) continue;
        if (peer < 0) {
            peer = accept(listener, NULL, NULL);
        } else if (recv(peer, request, sizeof request, 0) > 0 && step < 2) {
            size_t length = strlen(greeting);
            if (step == 1) length = bus_answer(bytes, word);
            (void)!send(peer, step == 0 ? (const void *)greeting : bytes, length, MSG_NOSIGNAL);
            step++;
        }
    }
    struct check_result result = result_of(health);
    health_destroy(health);
    if (peer >= 0) (void)close(peer);
    (void)close(listener);
    (void)unlink(path);
    return result;
}

TEST(an_active_unit_passes) {
    (void)state;
    assert_int_equal(run_unit("OK 0123456789abcdef\r\n", "active").state, CHECK_PASSING);
    assert_int_equal(run_unit("OK 0123456789abcdef\r\n", "reloading").state, CHECK_PASSING);
}

TEST(a_failed_unit_fails_with_its_state) {
    (void)state;
    struct check_result result = run_unit("OK 0123456789abcdef\r\n", "failed");
    assert_int_equal(result.state, CHECK_FAILING);
    assert_string_equal(result.detail, "unit is failed");
}

TEST(a_bus_that_refuses_us_is_said) {
    (void)state;
    assert_string_equal(run_unit("REJECTED EXTERNAL\r\n", "active").detail,
                        "the system bus refused us");
}

TEST(a_bus_that_is_not_there_is_said) {
    (void)state;
    struct health_check check = check_of(HEALTH_UNIT, "web.service");
    struct health *health = health_of(&check, "/nonexistent/bus");
    assert_true(health_run(health, at_ms(1000)));
    assert_string_equal(result_of(health).detail, "no socket there");
    health_destroy(health);
}

TEST(faults_of_a_check_are_named_before_it_runs) {
    (void)state;
    struct health_check check = check_of(HEALTH_HTTP, "http://169.254.169.254/");
    assert_string_equal(health_fault(&check),
                        "link-local, multicast and unspecified addresses are not checked");
    check = check_of(HEALTH_TCP, "example.com:80");
    assert_string_equal(health_fault(&check), "the host must be an IP address or localhost");
    check = check_of(HEALTH_TCP, "127.0.0.1:80");
    assert_null(health_fault(&check));
    check.fall = 0;
    struct health *health = NULL;
    struct health_options options = {"/proc", NULL, 1, &check};
    assert_int_equal(health_create(&options, at_ms(1), &health), STATUS_OUT_OF_RANGE);
    options.check_count = HEALTH_CHECKS_MAX + 1;
    assert_int_equal(health_create(&options, at_ms(1), &health), STATUS_OUT_OF_RANGE);
}

TEST(a_reload_keeps_the_counts_of_what_stays_and_refuses_as_a_whole) {
    (void)state;
    struct health_check checks[2] = {check_of(HEALTH_UNIT, "a.service"),
                                     check_of(HEALTH_UNIT, "b.service")};
    struct health *health = health_of(&checks[0], "/nonexistent/bus");
    assert_true(health_run(health, at_ms(1000)));
    assert_int_equal(result_of(health).state, CHECK_FAILING);
    checks[1].rise = 0;
    struct health_options options = {"/proc", "/nonexistent/bus", 2, checks};
    assert_int_equal(health_reload(&health, &options, at_ms(1100)), STATUS_OUT_OF_RANGE);
    assert_int_equal(result_of(health).state, CHECK_FAILING);
    checks[1].rise = 1;
    (void)snprintf(checks[1].name, sizeof checks[1].name, "other");
    assert_ok(health_reload(&health, &options, at_ms(1200)));
    struct check_result results[HEALTH_CHECKS_MAX];
    assert_int_equal(health_results(health, results), 2);
    assert_int_equal(results[0].state, CHECK_FAILING);
    assert_int_equal(results[1].state, CHECK_UNKNOWN);
    health_destroy(health);
}
