/* The control socket: how earctl reaches a running aggregator. A Unix socket; one request and one
 * answer a connection.
 *
 * Request: one line of JSON, at most CONTROL_REQUEST_MAX bytes:
 *   {"verb":"recover","positional":["web-7"],"options":{"action":"reboot"},"output":"table",
 *    "utc_offset":60,"ascii":false}
 * Answer: one line of JSON {"exit":0,"bytes":123,"message":""}, then `bytes` bytes of document.
 * `exit` is a code of common/sys/exit.h; `message` is for stderr.
 *
 * Who may: members of the read group read, members of the act group also act; root and the
 * aggregator's own user may both. The peer's user id (SO_PEERCRED) is the actor in the audit. */
#ifndef EAR_AGGREGATOR_CONTROL_CONTROL_H
#define EAR_AGGREGATOR_CONTROL_CONTROL_H

#include "aggregator/rows/rows.h"
#include "aggregator/store/store.h"
#include "common/base/text.h"
#include "common/model/effect.h"
#include "common/model/event.h"

#define CONTROL_REQUEST_MAX 8192
#define CONTROL_ANSWER_MAX  (64U * 1024U * 1024U) /* 20,000 instances in JSON, 3 KiB each */
#define CONTROL_WORKERS     4 /* requests served at once; more wait in the listen queue */

struct control_options {
    const char *socket_path;    /* made 0600, then 0660 of read_group; replaced when stale */
    const char *read_group;     /* "" = root and our own user only */
    const char *act_group;      /* who acts must be in both: the socket's file admits read_group */
    struct duration io_timeout; /* of reading a whole request, and of writing a whole answer */
    struct duration engine_timeout; /* of the engine's reply */
    struct store *store;            /* borrowed, as the next ones */
    struct rows *rows;
    const char *audit_database, *audit_heads, *audit_public_key; /* paths, copied */
    /* Takes ownership of the heap event (calloc), whatever it answers. */
    enum status (*post)(void *context, struct event *event);
    /* The configuration in force with the origin of each value, secrets masked. */
    void (*show_config)(void *context, struct text *out);
    void *context;
};

struct control;

/* Binds the socket and starts the workers. STATUS_BUSY: another aggregator answers there;
 * STATUS_EXISTS: something that is no socket lies there; STATUS_TOO_LARGE: the path; STATUS_IO ...
 * `place_out[256]` names the path and the fault. */
enum status control_create(const struct control_options *options, struct control **control_out,
                           char *place_out) MUST_USE;
/* Closes the socket, ends the workers within their time-outs, removes the file. Replies that come
 * later are dropped, so the engine may still run: stop first, then end the engine, then destroy.
 * NULL and a second call are fine. */
void control_stop(struct control *control);
/* Stops, and frees; nothing may call control_reply() any more. NULL is fine. */
void control_destroy(struct control *control);

/* The engine's reply to a posted operator event; takes ownership of reply->snapshot. Never blocks.
 * Engine's thread. A reply nobody waits for any more is dropped. */
void control_reply(struct control *control, struct effect_reply *reply);

#endif
