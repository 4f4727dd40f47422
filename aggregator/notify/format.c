/* Slack and SNS forms; pure. */
#include "aggregator/notify/format.h"

#include <string.h>

#include "common/base/json_write.h"

#define SLACK_HEADER_MAX  150  /* characters of a header block */
#define SLACK_SECTION_MAX 2900 /* of the 3,000 a section takes */

static void add_mrkdwn(struct text *text, const char *plain) {
    for (const char *c = plain; *c != '\0'; c++) {
        if (*c == '&')
            text_add(text, "&amp;");
        else if (*c == '<')
            text_add(text, "&lt;");
        else if (*c == '>')
            text_add(text, "&gt;");
        else
            text_add_character(text, *c);
    }
}

static void add_title(struct text *text, const struct content *c) {
    text_add(text, "[");
    text_add(text, c->severity);
    text_add(text, "] ");
    text_add(text, c->title);
}

/* {"type":"header"|"section","text":{"type":...,"text":...}} */
static void add_block(struct json_writer *json, const char *type, const char *kind,
                      const char *text) {
    json_open_object(json, NULL);
    json_string(json, "type", type);
    json_open_object(json, "text");
    json_string(json, "type", kind);
    json_string(json, "text", text);
    json_close_object(json);
    json_close_object(json);
}

static void slack_message(const char *title, const char *facts, const char *channel,
                          const char *username, struct text *body) {
    char header[SLACK_HEADER_MAX], section[SLACK_SECTION_MAX], fallback[SLACK_SECTION_MAX];
    struct text cut = text_over(header, sizeof header),
                escaped = text_over(section, sizeof section);
    struct text plain = text_over(fallback, sizeof fallback);
    text_add(&cut, title); /* cut to the limit on purpose; the fallback carries the whole */
    add_mrkdwn(&escaped, facts);
    add_mrkdwn(&plain, title);
    struct json_writer json = json_writer_over(body);
    json_open_object(&json, NULL);
    json_string(&json, "text", fallback);
    if (channel[0] != '\0') json_string(&json, "channel", channel);
    if (username[0] != '\0') json_string(&json, "username", username);
    json_open_array(&json, "blocks");
    add_block(&json, "header", "plain_text", header);
    add_block(&json, "section", "mrkdwn", section);
    json_close_array(&json);
    json_close_object(&json);
}

void format_slack(const struct content *content, const char *channel, const char *username,
                  struct text *body) {
    char title[192], facts[SLACK_SECTION_MAX];
    struct text head = text_over(title, sizeof title), lines = text_over(facts, sizeof facts);
    add_title(&head, content);
    content_facts(content, &lines);
    slack_message(title, facts, channel, username, body);
}

static void summarize(const struct content *contents, size_t count, size_t total,
                      struct text *title, struct text *lines) {
    text_add_unsigned(title, total);
    text_add(title, " notifications from ear");
    for (size_t i = 0; i < count; i++) {
        add_title(lines, &contents[i]);
        text_add(lines, "\n");
    }
    if (total > count) {
        text_add(lines, "and ");
        text_add_unsigned(lines, total - count);
        text_add(lines, " more; earctl recoveries and earctl audit list all\n");
    }
}

void format_slack_summary(const struct content *contents, size_t count, size_t total,
                          const char *channel, const char *username, struct text *body) {
    char title[96], facts[SLACK_SECTION_MAX];
    struct text head = text_over(title, sizeof title), lines = text_over(facts, sizeof facts);
    summarize(contents, count, total, &head, &lines);
    slack_message(title, facts, channel, username, body);
}

static void add_ascii(struct text *text, const char *from) {
    for (const char *c = from; *c != '\0'; c++)
        text_add_character(text, *c >= 0x20 && *c < 0x7f ? *c : '?');
}

void format_sns(const struct content *content, struct text *subject, struct text *message) {
    char title[192];
    struct text head = text_over(title, sizeof title);
    add_title(&head, content);
    add_ascii(subject, title);
    text_add(message, title);
    text_add(message, "\n\n");
    content_facts(content, message);
}

void format_sns_summary(const struct content *contents, size_t count, size_t total,
                        struct text *subject, struct text *message) {
    char title[96];
    struct text head = text_over(title, sizeof title);
    summarize(contents, count, total, &head, message);
    add_ascii(subject, title);
}
