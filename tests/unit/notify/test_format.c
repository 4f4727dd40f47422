/* The channels' forms: all fields of SPEC 147 in each, hostile names harmless, limits kept. */
#include <stdlib.h>
#include <string.h>

#include "aggregator/notify/format.h"
#include "common/json/json.h"
#include "tests/support/unit.h"

static struct notification sample(void) {
    struct notification n = {.at = {1772525520000},
                             .severity = SEVERITY_WARNING,
                             .recovery_enabled = true,
                             .past_recoveries = 3,
                             .has_prediction = true};
    strcpy(n.id.text, "01JABC");
    strcpy(n.event, "recovery.started");
    strcpy(n.title, "web-7: service web.service is restarted");
    strcpy(n.cause, "check web fails: connection refused, 3 in a row");
    strcpy(n.automation, "on");
    strcpy(n.instance.text, "i-0123456789abcdef0");
    strcpy(n.instance_name, "web-7");
    strcpy(n.availability_zone, "eu-west-1b");
    strcpy(n.account, "123456789012");
    strcpy(n.region, "eu-west-1");
    strcpy(n.subject.text, "INC-01JX");
    strcpy(n.action, "restart-service");
    strcpy(n.state, "in_progress");
    strcpy(n.result, "command sent");
    strcpy(n.url, "http://127.0.0.1:8080/instances/i-0123456789abcdef0");
    n.prediction.kind = FAILURE_MEMORY_LEAK;
    n.prediction.confidence = 0.91F;
    n.prediction.has_time = true;
    n.prediction.earliest = n.prediction.latest = n.prediction.likely = n.at;
    n.prediction.reason_count = 1;
    strcpy(n.prediction.reasons[0].text, "web.service grows 1.9 GB/h");
    n.prediction.reasons[0].share = 1.0F;
    return n;
}

static struct content read_back(const struct notification *n) {
    char item[NOTIFICATION_JSON_SIZE], place[64];
    struct text text = text_over(item, sizeof item);
    struct content content;
    notification_write(n, &text);
    assert_false(text.truncated);
    assert_int_equal(content_read(item, &content, place), STATUS_OK);
    return content;
}

static const char *const facts[] = {"i-0123456789abcdef0",
                                    "web-7",
                                    "123456789012",
                                    "eu-west-1",
                                    "connection refused",
                                    "restart-service",
                                    "in_progress",
                                    "command sent",
                                    "127.0.0.1:8080/instances",
                                    "Past recoveries: 3",
                                    "Quarantine: no",
                                    "Recovery enabled: yes",
                                    "memory_leak",
                                    "0.91",
                                    "1.9 GB/h",
                                    "INC-01JX"};

TEST(slack_shows_every_fact) {
    (void)state;
    struct notification n = sample();
    struct content content = read_back(&n);
    char body[FORMAT_BODY_SIZE];
    struct text text = text_over(body, sizeof body);
    format_slack(&content, "#ops", "EC2 Auto-Recovery", &text);
    assert_false(text.truncated);
    for (size_t i = 0; i < ARRAY_LENGTH(facts); i++) assert_non_null(strstr(body, facts[i]));
    struct json_doc *doc;
    assert_int_equal(json_parse(body, text.length, FORMAT_BODY_SIZE, &doc), STATUS_OK);
    assert_int_equal(json_length(json_get(json_root(doc), "blocks")), 2);
    json_destroy(doc);
}

TEST(sns_shows_every_fact_under_an_ascii_subject) {
    (void)state;
    struct notification n = sample();
    strcpy(n.title,
           "caf\xc3\xa9\nInjected: header and a very long title that goes on and on and on, past "
           "the hundred characters");
    struct content content = read_back(&n);
    char subject[FORMAT_SUBJECT_SIZE], message[FORMAT_BODY_SIZE];
    struct text head = text_over(subject, sizeof subject),
                body = text_over(message, sizeof message);
    format_sns(&content, &head, &body);
    assert_true(strlen(subject) < 100);
    for (const char *c = subject; *c != '\0'; c++) assert_true(*c >= 0x20 && *c < 0x7f);
    for (size_t i = 0; i < ARRAY_LENGTH(facts); i++) assert_non_null(strstr(message, facts[i]));
}

TEST(hostile_names_are_escaped_for_slack) {
    (void)state;
    struct notification n = sample();
    strcpy(n.instance_name, "<!channel> & \"quoted\" \x01");
    struct content content = read_back(&n);
    char body[FORMAT_BODY_SIZE];
    struct text text = text_over(body, sizeof body);
    format_slack(&content, "", "", &text);
    assert_null(strstr(body, "<!channel>"));
    assert_non_null(strstr(body, "&lt;!channel&gt; &amp; "));
    assert_null(strchr(body, '\x01'));
    assert_null(strstr(body, "\"channel\":"));
}

TEST(the_longest_fields_still_fit) {
    (void)state;
    struct notification n = sample();
    memset(n.cause, '&', sizeof n.cause - 1);
    memset(n.result, '<', sizeof n.result - 1);
    memset(n.title, '"', sizeof n.title - 1);
    n.cause[sizeof n.cause - 1] = n.result[sizeof n.result - 1] = n.title[sizeof n.title - 1] =
        '\0';
    struct content content = read_back(&n);
    char body[FORMAT_BODY_SIZE];
    struct text text = text_over(body, sizeof body);
    format_slack(&content, "#ops", "ear", &text);
    assert_false(text.truncated);
}

TEST(a_flood_becomes_one_message_with_its_count) {
    (void)state;
    struct notification n = sample();
    struct content contents[2] = {read_back(&n), read_back(&n)};
    char body[FORMAT_BODY_SIZE];
    struct text text = text_over(body, sizeof body);
    format_slack_summary(contents, 2, 14, "", "", &text);
    assert_non_null(strstr(body, "14 notifications"));
    assert_non_null(strstr(body, "and 12 more"));
}

TEST(a_document_out_of_form_is_refused_by_member) {
    (void)state;
    struct content content;
    char place[64];
    assert_int_equal(content_read("{\"title\":7}", &content, place), STATUS_MALFORMED);
    assert_string_equal(place, "title");
    assert_int_equal(content_read("{\"id\":\"x\"}", &content, place), STATUS_MALFORMED);
    assert_string_equal(place, "title");
    assert_int_equal(
        content_read("{\"title\":\"t\",\"prediction\":{\"confidence\":1.5}}", &content, place),
        STATUS_OUT_OF_RANGE);
    assert_string_equal(place, "prediction.confidence");
    assert_int_equal(content_read("not json", &content, place), STATUS_MALFORMED);
}
