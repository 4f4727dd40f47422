/* The agent's road to its aggregator: one nng REQ socket over TLS with certificates on both sides,
 * one request outstanding (DESIGN 6). Bytes in, bytes out: what they mean is the agent's business,
 * and so is its replay ring. nng's own threads only copy results into the link and wake its
 * descriptor; everything else runs on the one thread that owns the link.
 *
 * Pacing is the link's own: after each failure it waits a random time, uniform between `dial_min`
 * and a ceiling that doubles from `dial_min` to `dial_max` (full jitter), and falls back to
 * `dial_min` after the first acknowledged request. nng 1.5.2's own back-off takes the remainder of
 * a signed random number and so waits for ever half of the time; the link never lets it run.
 *
 * Never fork after link_create(): nng's threads and locks do not survive it. At the end wait for
 * the ack (bounded), link_destroy(), and _exit(): nng's exit handlers may hang. */
#ifndef EAR_AGENT_LINK_LINK_H
#define EAR_AGENT_LINK_LINK_H

#include "common/base/clock.h"

#define LINK_URL_SIZE      192 /* "tls+tcp://ear.example.internal:7443" */
#define LINK_MESSAGE_MAX   16384
#define LINK_PROBLEM_BYTES 192

struct link;

struct link_options {
    const char *url; /* "tls+tcp://HOST:PORT"; "tcp://..." only to 127.0.0.0/8 or ::1 */
    /* PEM files, read during create; NULL for tcp. */
    const char *certificate_file; /* the agent's, with its chain */
    const char *key_file;
    const char *ca_file;
    const char *server_name;      /* the name the aggregator's certificate must have; NULL = HOST */
    struct duration dial_min;     /* 1 s */
    struct duration dial_max;     /* 60 s */
    struct duration dial_timeout; /* TCP, TLS and greeting together; 15 s */
    struct duration ack_timeout;  /* from link_send() to the ack; 20 s */
};

enum link_result_kind {
    LINK_CONNECTED, /* send the dictionary, then reports */
    LINK_ACK,       /* the answer to the request outstanding is in `bytes` */
    LINK_LOST, /* the connection is gone, and with it any request outstanding; redials by itself */
    LINK_DIAL_FAILED, /* one attempt failed; the next follows by itself */
};

struct link_result {
    enum link_result_kind kind;
    enum status status;       /* LOST, DIAL_FAILED: why, as far as nng tells */
    struct duration retry_in; /* LOST, DIAL_FAILED: until the next attempt */
    bool had_request;         /* LOST: a request was outstanding, its outcome is unknown */
    size_t length;            /* ACK: bytes used */
    uint8_t bytes[1024];      /* ACK: longer answers are dropped as STATUS_MALFORMED -> LOST */
};

/* Defaults named above; url and files are NULL. */
struct link_options link_options_default(void);

/* Reads the files, opens the socket and begins to dial; never waits for the network.
 * problem_out  what was wrong, with the file's name; filled on failure; may be NULL
 * STATUS_MALFORMED (url, PEM), STATUS_NOT_FOUND, STATUS_DENIED, STATUS_REFUSED (tcp to a host that
 * is not this one), STATUS_NO_MEMORY. */
enum status link_create(const struct link_options *options, struct link **link_out,
                        char problem_out[LINK_PROBLEM_BYTES]) MUST_USE;
/* Waits for nng's callbacks, closes, frees. NULL is fine. */
void link_destroy(struct link *link);

/* Polls as readable when link_take() has something to do or to give. Owned by the link. */
int link_fd(const struct link *link);
/* Gives the next result. STATUS_AGAIN when there is none now; call until then. Also moves the
 * dialling on, so call it whenever link_fd() is readable. */
enum status link_take(struct link *link, struct link_result *result_out) MUST_USE;

/* Sends one request of 1..LINK_MESSAGE_MAX bytes, which are copied. The answer comes as LINK_ACK,
 * or as LINK_LOST when the connection goes or `ack_timeout` passes. STATUS_UNREACHABLE when not
 * connected, STATUS_BUSY while a request is outstanding. */
enum status link_send(struct link *link, const uint8_t *bytes, size_t length) MUST_USE;

bool link_connected(const struct link *link);
bool link_busy(const struct link *link); /* a request is outstanding */

/* Reads the three files again for the connections to come (renewed certificate); the present one
 * stays. On failure the old ones stay. */
enum status link_reload(struct link *link, const char *certificate_file, const char *key_file,
                        const char *ca_file, char problem_out[LINK_PROBLEM_BYTES]) MUST_USE;

#endif
