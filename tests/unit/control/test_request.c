/* Requests read at the border. */
#include <string.h>

#include "aggregator/control/request.h"
#include "tests/support/unit.h"

static struct request request;

static enum status read_line(const char *line) {
    request_fini(&request);
    memset(&request, 0, sizeof request);
    return request_read(line, strlen(line), &request);
}

TEST(a_request_becomes_plain_words) {
    (void)state;
    assert_ok(read_line("{\"verb\":\"recover\",\"positional\":[\"web-7\",\"x\"],\"options\":{"
                        "\"action\":\"reboot\",\"dry-run\":true},\"output\":\"csv\","
                        "\"utc_offset\":-90,\"ascii\":true,\"unknown\":1}"));
    char word[8];
    assert_string_equal(request.verb, "recover");
    assert_string_equal(request.first, "web-7");
    assert_int_equal(request.view.format, REPORT_CSV);
    assert_int_equal(request.view.utc_offset_minutes, -90);
    assert_true(request.view.ascii);
    assert_true(request_flag(&request, "dry-run"));
    assert_false(request_flag(&request, "all"));
    assert_ok(request_text(&request, "action", word, sizeof word));
    assert_string_equal(word, "reboot");
    assert_ok(request_text(&request, "reason", word, sizeof word));
    assert_string_equal(word, "");
    assert_int_equal(request_text(&request, "dry-run", word, sizeof word), STATUS_MALFORMED);
    request_fini(&request);
}

TEST(texts_that_do_not_fit_are_refused_not_cut) {
    (void)state;
    char word[4];
    assert_ok(read_line("{\"verb\":\"x\",\"options\":{\"reason\":\"long\"}}"));
    assert_int_equal(request_text(&request, "reason", word, sizeof word), STATUS_TOO_LARGE);
    assert_string_equal(request.message, "option too long: reason");
    request_fini(&request);
}

TEST(durations_have_units_and_bounds) {
    (void)state;
    static const struct {
        const char *word;
        int64_t ms; /* -1 = refused */
    } rows[] = {{"90s", 90000},
                {"5m", 300000},
                {"24h", 86400000},
                {"7d", 604800000},
                {"366d", 31622400000},
                {"367d", -1},
                {"0s", -1},
                {"-1h", -1},
                {"h", -1},
                {"5", -1},
                {"1.5h", -1},
                {"5 m", -1},
                {"99999999999999d", -1},
                {"1w", -1}};
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        char line[128];
        struct duration span = {7};
        struct text text = text_over(line, sizeof line);
        text_add(&text, "{\"verb\":\"x\",\"options\":{\"for\":\"");
        text_add(&text, rows[i].word);
        text_add(&text, "\"}}");
        assert_ok(read_line(line));
        enum status status = request_duration(&request, "for", duration_ms(1), &span);
        assert_int_equal(status == STATUS_OK ? span.ms : -1, rows[i].ms);
    }
    struct duration span;
    assert_ok(request_duration(&request, "since", duration_ms(42), &span));
    assert_int_equal(span.ms, 42);
    request_fini(&request);
}

TEST(numbers_have_bounds) {
    (void)state;
    static const struct {
        const char *word;
        double number;
    } rows[] = {{"0.5", 0.5}, {"0", 0},    {"1", 1}, {"1.01", -1},
                {"-0.1", -1}, {"nan", -1}, {"x", -1}};
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        char line[128];
        double number = 7;
        struct text text = text_over(line, sizeof line);
        text_add(&text, "{\"verb\":\"x\",\"options\":{\"p\":\"");
        text_add(&text, rows[i].word);
        text_add(&text, "\"}}");
        assert_ok(read_line(line));
        enum status status = request_number(&request, "p", 0, 1, 0.25, &number);
        assert_true((status == STATUS_OK ? number : -1) == rows[i].number);
    }
    double number;
    assert_ok(request_number(&request, "q", 0, 1, 0.25, &number));
    assert_true(number == 0.25);
    request_fini(&request);
}

TEST(messages_are_printable_and_bounded) {
    (void)state;
    char word[1000];
    memset(word, '\x1b', sizeof word - 1);
    word[sizeof word - 1] = '\0';
    assert_int_equal(request_fail(&request, 5, "no such instance", word), 5);
    assert_memory_equal(request.message, "no such instance: ??", 20);
    assert_int_equal(strlen(request.message), sizeof request.message - 1);
}
