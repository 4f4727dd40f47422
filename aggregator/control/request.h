/* One request of the control socket: checked at the border, then plain words. */
#ifndef EAR_AGGREGATOR_CONTROL_REQUEST_H
#define EAR_AGGREGATOR_CONTROL_REQUEST_H

#include "aggregator/control/control.h"
#include "aggregator/report/table.h"
#include "common/json/json.h"

#define REQUEST_WORD_SIZE 192

struct request {
    struct control *control; /* borrowed */
    struct json_doc *doc;    /* owned */
    char verb[32];
    char first[REQUEST_WORD_SIZE]; /* first positional; empty = none */
    struct report_view view;
    uint32_t uid;
    char actor[64];
    bool may_act;
    char message[512]; /* for stderr, printable; set by handlers */
};

/* `bytes` is the request line without its newline. Statuses of json_parse, STATUS_MALFORMED;
 * `message` then says which member. */
enum status request_read(const char *bytes, size_t length, struct request *request) MUST_USE;
void request_fini(struct request *request); /* zeroes are fine; for CLEANUP too */

/* An option's text; "" when absent. STATUS_TOO_LARGE and kin are said in `message`. */
enum status request_text(struct request *request, const char *name, char *target,
                         size_t size) MUST_USE;
bool request_flag(const struct request *request, const char *name);
/* "90s", "5m", "24h", "7d"; `fallback` when absent. STATUS_MALFORMED says so in `message`. */
enum status request_duration(struct request *request, const char *name, struct duration fallback,
                             struct duration *span_out) MUST_USE;
enum status request_number(struct request *request, const char *name, double minimum,
                           double maximum, double fallback, double *number_out) MUST_USE;

/* Sets `message` to "WHAT: DETAIL" (`detail` NULL or "" = only what), both made printable; gives
 * `code`. */
int request_fail(struct request *request, int code, const char *what, const char *detail);

/* Carries a request out: writes the document into `out`, gives the exit code. */
int handle_request(struct request *request, struct text *out);
/* The n-th verb that handle_request knows, or NULL: for the test against earctl's table. */
const char *handler_verb(size_t index);

/* Posts an operator event and waits for its reply; sets `message` and gives the exit code on
 * failure (7: no reply in time). On 0 the reply's snapshot, if any, is the caller's. */
int request_ask_engine(struct request *request, struct event *event,
                       struct effect_reply *reply_out);

/* What the handlers need of the server. */
const struct control_options *control_options(const struct control *control);

#endif
