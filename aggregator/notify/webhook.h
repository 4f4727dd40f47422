/* One POST of JSON to a webhook, by the rules for outgoing HTTP (SAFETY 4.1): https only, no
 * redirects, no proxy or netrc, and never to a link-local, loopback, unspecified or multicast
 * address, checked after the name was resolved (F48). Blocks up to its deadline: for the notifier's
 * thread. */
#ifndef EAR_AGGREGATOR_NOTIFY_WEBHOOK_H
#define EAR_AGGREGATOR_NOTIFY_WEBHOOK_H

#include "common/base/clock.h"

#define WEBHOOK_ANSWER_MAX 4096 /* bytes of the answer that are read; more ends the call */

struct webhook;

/* allow_loopback  http and loopback addresses too: tests and rehearsals (`notify_allow_loopback`)
 */
enum status webhook_create(bool allow_loopback, struct webhook **webhook_out) MUST_USE;
void webhook_destroy(struct webhook *webhook);

struct webhook_verdict {
    enum status status;          /* OK: 2xx; THROTTLED: 429; by class: try again or give up */
    long http;                   /* 0 = no answer */
    struct duration retry_after; /* 0 = not said */
    char detail[128];            /* what happened, without the URL, which is a secret */
};

/* `url` is a secret and appears in no message. */
void webhook_post(struct webhook *webhook, const char *url, const char *body, size_t length,
                  struct duration deadline, struct webhook_verdict *verdict_out);

#endif
