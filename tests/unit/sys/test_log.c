/* One line for each event, whatever the values hold. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/json/json.h"
#include "common/sys/log.h"
#include "common/sys/thread.h"
#include "tests/support/unit.h"

static char line[LOG_LINE_BYTES_MAX + 1];
static const struct wall_time at = {1772525520123};

static void compose(enum log_format format, const char *event, const struct log_field *fields) {
    size_t length = log_compose(line, format, at, LOG_LEVEL_INFO, event, fields);
    assert_true(length > 0 && length <= LOG_LINE_BYTES_MAX);
    assert_int_equal(line[length - 1], '\n');
    line[length - 1] = '\0';
    assert_null(strchr(line, '\n'));
}

/* The line is JSON to a reader that is not ours (cJSON behind its strict wrapper). */
static void assert_json(void) {
    struct json_doc *doc = NULL;
    assert_ok(json_parse_foreign(line, strlen(line), LOG_LINE_BYTES_MAX, &doc));
    json_destroy(doc);
}

TEST(json_has_time_level_event_and_typed_fields) {
    (void)state;
    compose(LOG_FORMAT_JSON, "link.connected",
            (const struct log_field[]){log_string("peer", "a b"),
                                       log_integer("n", -1),
                                       log_unsigned("u", UINT64_MAX),
                                       log_number("x", 0.5),
                                       log_boolean("ok", true),
                                       log_duration("after", duration_s(2)),
                                       log_status("status", STATUS_TIMEOUT),
                                       log_string("no", NULL),
                                       {.kind = LOG_KIND_END}});
    assert_string_equal(
        line,
        "{\"time\":\"2026-03-03T08:12:00.123Z\",\"level\":\"info\",\"event\":\"link.connected\","
        "\"peer\":\"a b\",\"n\":-1,\"u\":18446744073709551615,\"x\":0.500000,\"ok\":true,"
        "\"after_ms\":2000,\"status\":\"timeout\",\"no\":null}");
    assert_json();
}

TEST(text_quotes_only_what_needs_it) {
    (void)state;
    compose(LOG_FORMAT_TEXT, "link.connected",
            (const struct log_field[]){log_string("peer", "10.0.0.1:7443"),
                                       log_string("why", "a b"),
                                       log_string("empty", ""),
                                       log_string("eq", "a=b"),
                                       log_integer("n", 5),
                                       log_boolean("ok", false),
                                       {.kind = LOG_KIND_END}});
    assert_string_equal(line, "time=2026-03-03T08:12:00.123Z level=info event=link.connected "
                              "peer=10.0.0.1:7443 why=\"a b\" empty=\"\" eq=\"a=b\" n=5 ok=false");
}

TEST(a_value_cannot_forge_a_line_or_a_field) {
    (void)state;
    const char *attack = "x\"}\n{\"level\":\"error\",\"event\":\"forged\" level=error\x1b[31m";
    const struct log_field fields[] = {log_string("from", attack), {.kind = LOG_KIND_END}};
    compose(LOG_FORMAT_JSON, "a", fields);
    assert_json();
    assert_null(strchr(line, 0x1b));
    struct json_doc *doc = NULL;
    char back[128];
    assert_ok(json_parse(line, strlen(line), LOG_LINE_BYTES_MAX, &doc));
    assert_ok(json_get_string(json_root(doc), "from", back, sizeof back));
    assert_string_equal(back, attack);
    json_destroy(doc);
    compose(LOG_FORMAT_TEXT, "a", fields);
    assert_null(strchr(line, 0x1b));
    assert_non_null(strstr(line, "from=\"x\\\"}\\n{"));
}

TEST(a_percent_sign_is_only_a_percent_sign) {
    (void)state;
    compose(LOG_FORMAT_JSON, "a",
            (const struct log_field[]){log_string("s", "%s%n%d"), {.kind = LOG_KIND_END}});
    assert_non_null(strstr(line, "\"s\":\"%s%n%d\""));
}

TEST(a_long_value_is_cut_at_a_character) {
    (void)state;
    char value[400];
    memset(value, 'a', 255);
    memcpy(value + 255, "\xc3\xbc tail", 8); /* the cut would split the character */
    compose(LOG_FORMAT_JSON, "a",
            (const struct log_field[]){log_string("s", value), {.kind = LOG_KIND_END}});
    assert_json();
    assert_null(strstr(line, "tail"));
    assert_null(strstr(line, "\xef\xbf\xbd"));
    assert_non_null(strstr(line, "aaa...\""));
}

TEST(bytes_that_are_not_text_are_replaced) {
    (void)state;
    compose(LOG_FORMAT_JSON, "a",
            (const struct log_field[]){log_bytes("s", "a\0b\xff", 4), {.kind = LOG_KIND_END}});
    assert_json();
    assert_non_null(strstr(line, "\"s\":\"a\\u0000b\xef\xbf\xbd\""));
}

TEST(a_line_that_would_be_too_long_leaves_fields_out_and_says_so) {
    (void)state;
    char value[257];
    memset(value, 1, 256); /* six bytes each when escaped */
    value[256] = '\0';
    const struct log_field fields[] = {log_string("a", value),
                                       log_string("b", value),
                                       log_string("c", value),
                                       {.kind = LOG_KIND_END}};
    for (int format = 0; format < 2; format++) {
        compose((enum log_format)format, "a", fields);
        assert_non_null(strstr(line, "truncated"));
        assert_non_null(strstr(line, "\\u0001"));
        if (format == LOG_FORMAT_JSON) assert_json();
    }
}

TEST(more_fields_than_allowed_are_left_out) {
    (void)state;
    struct log_field fields[LOG_FIELDS_MAX + 2];
    for (size_t i = 0; i <= LOG_FIELDS_MAX; i++) fields[i] = log_integer("n", (int64_t)i);
    fields[LOG_FIELDS_MAX + 1] = (struct log_field){.kind = LOG_KIND_END};
    compose(LOG_FORMAT_JSON, "a", fields);
    assert_non_null(strstr(line, "\"n\":31,\"truncated\":true}"));
}

TEST(numbers_that_json_does_not_know_are_null) {
    (void)state;
    compose(LOG_FORMAT_JSON, "a",
            (const struct log_field[]){log_number("x", (double)NAN), {.kind = LOG_KIND_END}});
    assert_non_null(strstr(line, "\"x\":null"));
    assert_json();
}

/* Reads what was logged to a pipe; returns the number of bytes. */
static size_t drain(int fd, char *out, size_t capacity) {
    ssize_t got = read(fd, out, capacity - 1);
    size_t length = got < 0 ? 0 : (size_t)got;
    out[length] = '\0';
    return length;
}

static void open_pipe(int ends[2]) {
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    log_set_descriptor(ends[1]);
}

TEST(events_below_the_level_are_not_written) {
    (void)state;
    int ends[2];
    char out[512];
    open_pipe(ends);
    log_configure(LOG_FORMAT_TEXT, LOG_LEVEL_WARNING);
    log_event(LOG_LEVEL_INFO, "quiet");
    assert_int_equal(drain(ends[0], out, sizeof out), 0);
    assert_false(log_wants(LOG_LEVEL_INFO));
    log_event(LOG_LEVEL_ERROR, "loud", log_integer("n", 1));
    assert_true(drain(ends[0], out, sizeof out) > 0);
    assert_non_null(strstr(out, "level=error event=loud n=1\n"));
}

TEST(a_descriptor_that_takes_nothing_is_counted_and_errno_kept) {
    (void)state;
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    log_set_descriptor(full);
    log_configure(LOG_FORMAT_JSON, LOG_LEVEL_INFO);
    uint64_t before = log_lost();
    errno = EBUSY;
    log_event(LOG_LEVEL_INFO, "a");
    assert_int_equal(errno, EBUSY);
    assert_int_equal(log_lost() - before, 1);
    log_set_descriptor(STDERR_FILENO);
    (void)close(full);
}

static void log_often(void *argument) {
    const char *who = argument;
    for (int i = 0; i < 20; i++) log_event(LOG_LEVEL_INFO, "tick", log_string("who", who));
}

TEST(lines_of_several_threads_stay_whole) {
    (void)state;
    int ends[2];
    static char out[65536];
    open_pipe(ends);
    log_configure(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
    struct thread threads[4];
    static char names[4][2] = {"a", "b", "c", "d"};
    for (int i = 0; i < 4; i++) assert_ok(thread_start(&threads[i], "log", 0, log_often, names[i]));
    for (int i = 0; i < 4; i++) thread_join(&threads[i]);
    (void)drain(ends[0], out, sizeof out);
    int lines = 0;
    for (char *at_line = strtok(out, "\n"); at_line != NULL;
         at_line = strtok(NULL, "\n"), lines++) {
        assert_int_equal(strncmp(at_line, "time=", 5), 0);
        assert_int_equal(strncmp(at_line + strlen(at_line) - 16, "event=tick who=", 15), 0);
    }
    assert_int_equal(lines, 80);
    log_set_descriptor(STDERR_FILENO);
}
