/* One agent's connection, from accept to close; belongs to its worker's thread. The files beside
 * this one hold its ages: connection.c birth, deadlines and death; handshake.c until it has a name;
 * dialogue.c frames and messages. */
#ifndef EAR_AGGREGATOR_INGEST_CONNECTION_H
#define EAR_AGGREGATOR_INGEST_CONNECTION_H

#include <sys/socket.h>

#include "aggregator/ingest/bucket.h"
#include "aggregator/ingest/identity.h"
#include "aggregator/ingest/stream.h"
#include "aggregator/ingest/tls.h"
#include "aggregator/ingest/wheel.h"

struct worker;

enum connection_state {
    CONNECTION_WAITING,   /* accepted, has not sent a byte: costs a descriptor and this struct */
    CONNECTION_QUEUED,    /* wants to shake hands, but too many do */
    CONNECTION_HANDSHAKE, /* TLS */
    CONNECTION_GREETING,  /* SP's eight bytes */
    CONNECTION_OPEN,
};

struct connection {
    struct worker *worker;
    uint64_t id;
    enum connection_state state;
    struct stream stream;
    struct ingest_peer peer;
    struct tls_peer shown;              /* by the certificate, proven or not */
    uint8_t source[16];                 /* the peer's address as source.h keeps it */
    bool named;                         /* in the registry and known to the sink */
    struct connection *next, *previous; /* in the worker's pending list while not named */
    uint32_t watched;                   /* epoll's events */
    struct wheel_node timer;
    struct boot_time accepted_at;
    struct boot_time progress_at; /* newest step of the handshake */
    int handshake_step;           /* OSSL_HANDSHAKE_STATE */
    struct boot_time expires_at;  /* of its certificate; 0 = never */
    struct boot_time heard_at;    /* newest whole message */
    struct duration silence_max;  /* after that */
    struct boot_time frame_at;    /* an unfinished frame began; 0 = none */
    struct boot_time blocked_at;  /* a reply does not leave; 0 = none */
    struct boot_time resume_at;   /* its rate is used up until then; 0 = not */
    struct bucket bucket;
    unsigned malformed;
    uint8_t *rest; /* owned: bytes received and not served */
    size_t rest_length;
    uint8_t *unsent; /* owned: replies that did not leave */
    size_t unsent_length;
};

struct connection_list {
    struct connection *oldest, *newest;
    unsigned count;
};

/* Takes over `fd`. On failure it is closed. STATUS_FULL (no place), STATUS_NO_MEMORY, STATUS_IO. */
enum status connection_open(struct worker *worker, int fd, const struct sockaddr *from,
                            struct connection **connection_out) MUST_USE;
/* Tells the sink and the registry, frees. The pointer is dead after it. */
void connection_close(struct connection *connection);
/* The connection of that id, or NULL when it is gone. */
struct connection *connection_find(struct worker *worker, uint64_t id);
/* Which worker an id belongs to. */
unsigned connection_worker_index(uint64_t id);
struct connection *connection_of_timer(struct wheel_node *node);
/* Both come from one host, as far as addresses tell. */
bool connection_same_source(const struct connection *a, const struct connection *b);

/* Serves what epoll reported; may close the connection. */
void connection_ready(struct connection *connection, uint32_t events);
/* Serves a deadline; may close the connection. */
void connection_on_time(struct connection *connection);
/* Watches what it now waits for, and its next deadline. */
void connection_settle(struct connection *connection);

/* The connection got its name: it leaves the pending list. For handshake.c. */
void connection_take_name(struct connection *connection);

/* Turns the peer away: counts, tells the sink. The caller closes.
 * claimed  NULL, or in whose name it spoke
 * detail   why, for people; cut to fit */
void connection_refuse(struct connection *connection, enum ingest_reason reason, enum status status,
                       const struct instance_id *claimed, const char *detail);

/* handshake.c: each gives STATUS_OK to go on, anything else to close. */
enum status handshake_ready(struct connection *connection) MUST_USE;
enum status handshake_greet(struct connection *connection) MUST_USE;
/* Gives the connection the name of `identity`; an older one of the instance is closed. */
enum status handshake_name(struct connection *connection, const struct identity *identity) MUST_USE;
/* Lets queued connections shake hands as far as there are places. */
void handshake_admit(struct worker *worker);

/* dialogue.c: reads, serves and answers until nothing is left or something must be waited for. */
enum status dialogue_run(struct connection *connection) MUST_USE;
/* Sends what could not be sent before. */
enum status dialogue_flush(struct connection *connection) MUST_USE;

/* Closes one pending connection to make room: the one that has waited longest, silent ones first;
 * never `newest`, and with `same_source` only one from where `newest` came. False when there is
 * none. newest may be NULL without `same_source`. */
bool connection_shed(struct worker *worker, const struct connection *newest, bool same_source);

#endif
