/* The forms of the channels: pure, from checked content to the bytes that are sent. */
#ifndef EAR_AGGREGATOR_NOTIFY_FORMAT_H
#define EAR_AGGREGATOR_NOTIFY_FORMAT_H

#include "aggregator/notify/content.h"

#define FORMAT_BODY_SIZE    8192
#define FORMAT_SUBJECT_SIZE 100 /* SNS: below 100 characters, NUL included here */

/* Slack's incoming webhook: fallback text and blocks, `&<>` escaped, under Slack's limits.
 * `channel` and `username` (may be empty) are sent as legacy webhooks take them; app webhooks
 * ignore them (aws-facts 7.1: one webhook per channel). Left truncated when it does not fit. */
void format_slack(const struct content *content, const char *channel, const char *username,
                  struct text *body);
/* Several notifications as one, when they came in a flood: a count and the first titles. */
void format_slack_summary(const struct content *contents, size_t count, size_t total,
                          const char *channel, const char *username, struct text *body);

/* SNS: subject in printable ASCII without line breaks, and a plain-text message. */
void format_sns(const struct content *content, struct text *subject, struct text *message);
void format_sns_summary(const struct content *contents, size_t count, size_t total,
                        struct text *subject, struct text *message);

#endif
