/* The control socket with a real server on it and a played engine. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/unit.h"
#include "tests/unit/control/rig.h"

#define PATIENT duration_s(5)

static struct client_answer answer;

static int ask(struct rig *rig, const char *line) {
    assert_ok(rig_ask(rig, line, &answer));
    return answer.exit_code;
}

static void done(void) {
    free(answer.document);
    answer.document = NULL;
}

TEST(a_question_gets_its_document) {
    (void)state;
    struct rig *rig = rig_create(RIG_ANSWERS, PATIENT, PATIENT);
    assert_int_equal(ask(rig, "{\"verb\":\"status\",\"output\":\"json\"}"), 0);
    assert_non_null(strstr(answer.document, "\"schema\":\"ear.status/1\""));
    assert_int_equal(answer.length, strlen(answer.document));
    assert_string_equal(answer.message, "");
    done();
    assert_int_equal(ask(rig, "{\"verb\":\"config show\"}"), 0);
    assert_string_equal(answer.document, "dry_run = true  # default\n");
    done();
    rig_destroy(rig);
}

TEST(exit_codes_follow_state_and_asking) {
    (void)state;
    struct rig *rig = rig_create(RIG_ANSWERS, PATIENT, PATIENT);
    static const struct {
        const char *line;
        int code;
    } rows[] = {
        {"{\"verb\":\"status\",\"options\":{\"exit-code\":true}}", 3},
        {"{\"verb\":\"instance show\",\"positional\":[\"web-7\"],\"options\":{\"exit-code\":true}}",
         0},
        {"{\"verb\":\"instance show\",\"positional\":[\"db-1\"],\"options\":{\"exit-code\":true}}",
         3},
        {"{\"verb\":\"instance show\",\"positional\":[\"wbe-7\"]}", 5},
        {"{\"verb\":\"recoveries show\",\"positional\":[\"INC-1\"]}", 5},
        {"{\"verb\":\"recoveries\"}", 0},
        {"{\"verb\":\"recoveries\",\"options\":{\"since\":\"yesterday\"}}", 2},
        {"{\"verb\":\"audit\"}", 0},
        {"{\"verb\":\"audit verify\"}", 1},
        {"{\"verb\":\"report\",\"output\":\"html\"}", 0},
        {"{\"verb\":\"status\",\"output\":\"html\"}", 2},
        {"{\"verb\":\"status\",\"output\":\"yaml\"}", 2},
        {"{\"verb\":\"frobnicate\"}", 2},
        {"{\"verb\":\"pause\"}", 2},
        {"{\"verb\":\"recover\",\"positional\":[\"web-7\"]}", 2},
        {"{\"verb\":\"recover\",\"positional\":[\"web-7\"],\"options\":{\"action\":\"explode\"}}",
         2},
        {"{\"verb\":\"recover\",\"positional\":[\"gone\"],\"options\":{\"action\":\"reboot\"}}", 5},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        int code = ask(rig, rows[i].line);
        if (code != rows[i].code) fail_msg("%s: %d (%s)", rows[i].line, code, answer.message);
        if (code != 0 && code != 3) assert_true(answer.message[0] != '\0');
        done();
    }
    rig_destroy(rig);
}

TEST(an_unknown_instance_offers_the_nearest) {
    (void)state;
    struct rig *rig = rig_create(RIG_ANSWERS, PATIENT, PATIENT);
    assert_int_equal(ask(rig, "{\"verb\":\"instance show\",\"positional\":[\"wbe-7\"]}"), 5);
    assert_string_equal(answer.message, "no such instance: wbe-7: did you mean web-7?");
    done();
    rig_destroy(rig);
}

TEST(what_acts_reaches_the_engine_with_its_actor) {
    (void)state;
    struct rig *rig = rig_create(RIG_ANSWERS, PATIENT, PATIENT);
    assert_int_equal(ask(rig, "{\"verb\":\"recover\",\"positional\":[\"web-7\"],\"options\":"
                              "{\"action\":\"restart-service\",\"unit\":\"web.service\","
                              "\"reason\":\"stuck\"}}"),
                     0);
    assert_memory_equal(answer.document, "recover by ", 11);
    done();
    assert_int_equal(rig->last.rung, RUNG_RESTART_SERVICE);
    assert_string_equal(rig->last.reason, "stuck");
    assert_string_equal(rig->last.unit, "web.service");
    assert_int_equal(rig->last.uid, geteuid());
    assert_true(rig->last.actor[0] != '\0');
    assert_string_equal(rig->last_instance.text, "i-0123456789abcdef0");
    assert_int_equal(ask(rig, "{\"verb\":\"pause\",\"options\":{\"reason\":\"deploy\",\"for\":"
                              "\"2h\"}}"),
                     0);
    done();
    assert_int_equal(rig->last.verb, OPERATOR_PAUSE);
    assert_int_equal(rig->last.pause_for.ms, 7200000);
    assert_int_equal(ask(rig, "{\"verb\":\"resume\"}"), 0);
    done();
    assert_int_equal(rig->last.verb, OPERATOR_RESUME);
    assert_int_equal(ask(rig, "{\"verb\":\"recoveries ack\",\"positional\":[\"INC-1\"]}"), 0);
    done();
    assert_string_equal(rig->last.record.text, "INC-1");
    rig_destroy(rig);
}

TEST(without_a_reason_it_is_a_dry_run_whose_code_passes_through) {
    (void)state;
    struct rig *rig = rig_create(RIG_ANSWERS, PATIENT, PATIENT);
    assert_int_equal(ask(rig, "{\"verb\":\"recover\",\"positional\":[\"web-7\"],\"options\":"
                              "{\"action\":\"reboot\"}}"),
                     6);
    done();
    assert_string_equal(rig->last.reason, "");
    assert_int_equal(ask(rig, "{\"verb\":\"recover\",\"positional\":[\"web-7\"],\"output\":"
                              "\"json\",\"options\":{\"action\":\"reboot\",\"reason\":\"x\","
                              "\"dry-run\":true}}"),
                     6);
    assert_non_null(strstr(answer.document, "\"schema\":\"ear.reply/1\",\"exit\":6"));
    done();
    assert_string_equal(rig->last.reason, ""); /* --dry-run wins */
    rig_destroy(rig);
}

TEST(units_are_taken_from_the_allow_list_of_forms) {
    (void)state;
    struct rig *rig = rig_create(RIG_ANSWERS, PATIENT, PATIENT);
    static const char *const units[] = {"web", "-web.service", "web.service; reboot",
                                        "../web.service"};
    for (size_t i = 0; i < ARRAY_LENGTH(units); i++) {
        char line[256];
        snprintf(line, sizeof line,
                 "{\"verb\":\"recover\",\"positional\":[\"web-7\"],\"options\":{\"action\":"
                 "\"restart-service\",\"unit\":\"%s\",\"reason\":\"x\"}}",
                 units[i]);
        assert_int_equal(ask(rig, line), 2);
        done();
    }
    assert_int_equal(rig->last.rung, RUNG_NONE); /* none reached the engine */
    rig_destroy(rig);
}

TEST(an_engine_that_does_not_answer_is_unreachable) {
    (void)state;
    struct rig *rig = rig_create(RIG_SILENT, PATIENT, duration_ms(50));
    assert_int_equal(ask(rig, "{\"verb\":\"status\"}"), 7);
    assert_non_null(strstr(answer.message, "did not answer in time"));
    done();
    rig_destroy(rig);
}

TEST(a_full_engine_says_so) {
    (void)state;
    struct rig *rig = rig_create(RIG_FULL, PATIENT, PATIENT);
    assert_int_equal(ask(rig, "{\"verb\":\"status\"}"), 7);
    assert_string_equal(answer.message, "the engine's queue is full");
    done();
    rig_destroy(rig);
}

TEST(replies_nobody_waits_for_are_dropped_and_freed) {
    (void)state;
    struct rig *rig = rig_create(RIG_TWICE, PATIENT, PATIENT);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(ask(rig, "{\"verb\":\"status\"}"), 0);
        done();
    }
    rig_destroy(rig); /* the address sanitizer counts the snapshots */
}

TEST(stopping_answers_those_who_wait) {
    (void)state;
    struct rig *rig = rig_create(RIG_SILENT, PATIENT, duration_s(60));
    int fd = rig_connect(rig);
    static const char line[] = "{\"verb\":\"status\"}\n";
    assert_int_equal(send(fd, line, sizeof line - 1, 0), (ssize_t)sizeof line - 1);
    struct pollfd idle = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&idle, 1, 50), 0);
    rig_destroy(rig);
    char bytes[512];
    ssize_t got = recv(fd, bytes, sizeof bytes - 1, 0);
    assert_true(got > 0);
    bytes[got] = '\0';
    assert_non_null(strstr(bytes, "\"exit\":7"));
    assert_non_null(strstr(bytes, "shutting down"));
    close(fd);
}

TEST(replies_after_the_stop_are_dropped_and_freed) {
    (void)state;
    struct rig *rig = rig_create(RIG_ANSWERS, PATIENT, PATIENT);
    control_stop(rig->control);
    assert_int_equal(access(rig->socket, F_OK), -1);
    assert_int_equal(rig_connect(rig), -1);
    struct effect_reply late = {.token = 1, .snapshot = calloc(1, sizeof *late.snapshot)};
    control_reply(rig->control, &late);
    assert_null(late.snapshot);
    control_stop(rig->control);
    rig_destroy(rig);
}

TEST(requests_that_are_none_are_refused) {
    (void)state;
    struct rig *rig = rig_create(RIG_ANSWERS, PATIENT, PATIENT);
    static const char *const lines[] = {"",
                                        "{",
                                        "[]",
                                        "null",
                                        "{\"verb\":7}",
                                        "{}",
                                        "{\"verb\":\"status\"} trailing",
                                        "{\"verb\":\"status\",\"verb\":\"pause\"}",
                                        "{\"verb\":\"status\",\"utc_offset\":99999}",
                                        "{\"verb\":\"status\",\"ascii\":\"yes\"}",
                                        "{\"verb\":\"0123456789012345678901234567890123456789\"}"};
    for (size_t i = 0; i < ARRAY_LENGTH(lines); i++) {
        int code = ask(rig, lines[i]);
        if (code != 2) fail_msg("%s: %d", lines[i], code);
        assert_true(answer.message[0] != '\0');
        done();
    }
    rig_destroy(rig);
}

TEST(messages_of_the_worst_length_still_arrive) {
    (void)state;
    struct rig *rig = rig_create(RIG_ANSWERS, PATIENT, PATIENT);
    char line[1024];
    struct text text = text_over(line, sizeof line);
    text_add(&text, "{\"verb\":\"instance show\",\"positional\":[\"");
    for (size_t i = 0; i < 190; i++) text_add(&text, "\\\"");
    text_add(&text, "\"]}");
    assert_int_equal(ask(rig, line), 5);
    assert_memory_equal(answer.message, "no such instance: \"\"\"", 21);
    done();
    rig_destroy(rig);
}

TEST(an_oversized_request_is_refused) {
    (void)state;
    struct rig *rig = rig_create(RIG_ANSWERS, PATIENT, PATIENT);
    char *line = malloc(3 * CONTROL_REQUEST_MAX);
    memset(line, ' ', 3 * CONTROL_REQUEST_MAX);
    line[3 * CONTROL_REQUEST_MAX - 1] = '\0';
    assert_int_equal(ask(rig, line), 2);
    assert_string_equal(answer.message, "the request is larger than 8 KiB");
    done();
    free(line);
    assert_int_equal(ask(rig, "{\"verb\":\"status\"}"), 0);
    done();
    rig_destroy(rig);
}

TEST(half_a_request_and_a_close_harm_nobody) {
    (void)state;
    struct rig *rig = rig_create(RIG_ANSWERS, PATIENT, PATIENT);
    for (size_t i = 0; i < 3 * CONTROL_WORKERS; i++) {
        int fd = rig_connect(rig);
        assert_int_equal(send(fd, "{\"verb\":", 8, 0), 8);
        close(fd);
    }
    assert_int_equal(ask(rig, "{\"verb\":\"status\"}"), 0);
    done();
    rig_destroy(rig);
}

TEST(a_client_that_drips_meets_its_deadline_while_others_are_served) {
    (void)state;
    struct rig *rig = rig_create(RIG_ANSWERS, duration_ms(300), PATIENT);
    int slow = rig_connect(rig);
    assert_int_equal(send(slow, "{", 1, 0), 1);
    assert_int_equal(ask(rig, "{\"verb\":\"status\"}"), 0);
    done();
    /* One byte each 50 ms would keep a time-out of each read away for ever. */
    struct pollfd answered = {.fd = slow, .events = POLLIN};
    size_t sent = 0;
    while (poll(&answered, 1, 50) == 0 && sent < 100) sent += send(slow, " ", 1, MSG_NOSIGNAL) == 1;
    assert_true(sent >= 2 && sent < 30);
    char bytes[256];
    ssize_t got = recv(slow, bytes, sizeof bytes - 1, 0);
    assert_true(got > 0);
    bytes[got] = '\0';
    assert_non_null(strstr(bytes, "no whole request came in time"));
    close(slow);
    rig_destroy(rig);
}

TEST(as_many_slow_clients_as_workers_only_delay_the_next) {
    (void)state;
    struct rig *rig = rig_create(RIG_ANSWERS, duration_ms(200), PATIENT);
    int slow[CONTROL_WORKERS];
    for (size_t i = 0; i < CONTROL_WORKERS; i++) slow[i] = rig_connect(rig);
    assert_int_equal(ask(rig, "{\"verb\":\"status\"}"), 0);
    done();
    for (size_t i = 0; i < CONTROL_WORKERS; i++) close(slow[i]);
    rig_destroy(rig);
}

TEST(the_socket_is_its_owners_alone_without_a_group) {
    (void)state;
    struct rig *rig = rig_create(RIG_ANSWERS, PATIENT, PATIENT);
    struct stat file;
    assert_int_equal(stat(rig->socket, &file), 0);
    assert_int_equal(file.st_mode & 07777, 0600);
    rig_destroy(rig);
}

TEST(a_live_socket_is_not_taken_over) {
    (void)state;
    struct rig *rig = rig_create(RIG_ANSWERS, PATIENT, PATIENT);
    struct control_options options = rig_options(rig, PATIENT, PATIENT);
    struct control *second = NULL;
    char place[256];
    assert_int_equal(control_create(&options, &second, place), STATUS_BUSY);
    assert_non_null(strstr(place, "another aggregator answers there"));
    assert_null(second);
    assert_int_equal(ask(rig, "{\"verb\":\"status\"}"), 0); /* the first one lives on */
    done();
    rig_destroy(rig);
}

TEST(a_stale_socket_is_replaced) {
    (void)state;
    struct rig *rig = rig_create(RIG_ANSWERS, PATIENT, PATIENT);
    char stale[128], place[256];
    snprintf(stale, sizeof stale, "%s/stale.sock", rig->folder);
    struct control_options options = rig_options(rig, PATIENT, PATIENT);
    options.socket_path = stale;
    /* A socket that was bound and whose owner is gone without removing it. */
    struct control *gone = NULL;
    assert_ok(control_create(&options, &gone, place));
    char kept[160];
    snprintf(kept, sizeof kept, "%s.kept", stale);
    assert_int_equal(link(stale, kept), 0);
    control_destroy(gone);
    assert_int_equal(access(stale, F_OK), -1); /* a clean end removes it */
    assert_int_equal(rename(kept, stale), 0);
    struct control *control = NULL;
    assert_ok(control_create(&options, &control, place));
    struct client_answer mine;
    assert_ok(client_ask(stale, "{\"verb\":\"config show\"}", 22, PATIENT, &mine));
    assert_int_equal(mine.exit_code, 0);
    free(mine.document);
    control_destroy(control);
    rig_destroy(rig);
}

TEST(a_file_that_is_no_socket_is_left_alone) {
    (void)state;
    struct rig *rig = rig_create(RIG_ANSWERS, PATIENT, PATIENT);
    char path[128], place[256];
    snprintf(path, sizeof path, "%s/precious", rig->folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
    struct control_options options = rig_options(rig, PATIENT, PATIENT);
    options.socket_path = path;
    struct control *control = NULL;
    assert_int_equal(control_create(&options, &control, place), STATUS_EXISTS);
    assert_non_null(strstr(place, "is not a socket"));
    assert_int_equal(access(path, F_OK), 0);
    unlink(path);
    rig_destroy(rig);
}

TEST(paths_that_cannot_be_bound_are_named) {
    (void)state;
    struct rig *rig = rig_create(RIG_ANSWERS, PATIENT, PATIENT);
    struct control_options options = rig_options(rig, PATIENT, PATIENT);
    struct control *control = NULL;
    char place[256], path[200];
    memset(path, 'x', sizeof path - 1);
    path[0] = '/';
    path[sizeof path - 1] = '\0';
    options.socket_path = path;
    assert_int_equal(control_create(&options, &control, place), STATUS_TOO_LARGE);
    options.socket_path = "/nonexistent/folder/control.sock";
    assert_int_not_equal(control_create(&options, &control, place), STATUS_OK);
    assert_memory_equal(place, "/nonexistent/folder/control.sock: ", 34);
    rig_destroy(rig);
}
