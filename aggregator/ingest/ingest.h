/* The agents' port: an SP/REP endpoint that unmodified nng REQ peers talk to, over TLS with
 * certificates on both sides (DESIGN 6). K threads, each with its own SO_REUSEPORT listener, epoll
 * and timers; a connection stays on its thread. A message that passed every check goes to the sink,
 * on that thread; the sink's answer goes back as the ack.
 *
 * What a stranger can do is bounded: bytes, handshakes, descriptors, time. What an agent can do is
 * speak of itself (T14): each message must name the instance of its certificate. */
#ifndef EAR_AGGREGATOR_INGEST_INGEST_H
#define EAR_AGGREGATOR_INGEST_INGEST_H

#include "common/base/clock.h"
#include "common/model/report.h"

#define INGEST_THREADS_MAX   4
#define INGEST_ADDRESS_SIZE  64 /* "[2001:db8::1]:65535" */
#define INGEST_ACCOUNT_SIZE  16 /* twelve digits */
#define INGEST_NAME_SIZE     64 /* of a certificate, cut to fit */
#define INGEST_PATH_SIZE     4096
#define INGEST_PROBLEM_BYTES 256

struct ingest;

/* One connection, as its sink sees it. Borrowed for the call, except what `user` points to. */
struct ingest_peer {
    struct instance_id instance; /* by its certificate; on a plain listener by its first message */
    char account[INGEST_ACCOUNT_SIZE]; /* by its certificate; empty = not stated */
    char address[INGEST_ADDRESS_SIZE]; /* where it came from */
    uint64_t connection;               /* rises with each connection that gets a name, whichever
                                          thread it is on: of two, the greater is newer */
    void *user; /* the sink's own, NULL at first: its row, so it need not look twice */
};

enum ingest_reason {
    INGEST_REASON_NAME,        /* a valid certificate, but a message in another's name (F28) */
    INGEST_REASON_ACCOUNT,     /* one instance id under two accounts: both are refused */
    INGEST_REASON_CERTIFICATE, /* none, expired, another CA's, or it names no instance */
    INGEST_REASON_MALFORMED,   /* `malformed_max` bad messages, or a broken frame */
    INGEST_REASON_COUNT
};

struct ingest_refusal {
    enum ingest_reason reason;
    enum status status;
    struct instance_id instance;      /* who the certificate says it is; empty = unknown */
    struct instance_id claimed;       /* NAME: in whose name it spoke; else empty */
    char peer_name[INGEST_NAME_SIZE]; /* the certificate's common name, cut; may be empty */
    char address[INGEST_ADDRESS_SIZE];
    char detail[96]; /* "certificate has expired", "accounts 1.. and 2.." */
};

/* Where messages go. Every function may be called from any of the K threads at once, for one
 * connection from one thread only; they must not block longer than an append to a file takes. A
 * status other than OK answers "not taken" (sequence 0): the agent keeps the message and sends it
 * again. *ack_out is all zero at the call. None may be NULL. */
struct ingest_sink {
    void *context;
    /* Duplicates by (instance, boot, sequence) are the sink's to drop and to ack again (F27). */
    enum status (*report)(void *context, struct ingest_peer *peer, const struct report *report,
                          struct ack *ack_out);
    enum status (*dictionary)(void *context, struct ingest_peer *peer, const struct boot_id *boot,
                              uint64_t sequence, const struct series_dictionary *dictionary,
                              struct ack *ack_out);
    enum status (*notice)(void *context, struct ingest_peer *peer, const struct notice *notice,
                          struct ack *ack_out);
    /* A peer was turned away and its connection is being closed. NAME and ACCOUNT come each time;
     * the others at most INGEST_REFUSALS_PER_S a second a thread (all are counted). */
    void (*refused)(void *context, const struct ingest_refusal *refusal);
    /* A connection that had a name is gone; the last call with this peer. Not a sign of ill health:
     * a newer connection of the instance may exist already. */
    void (*closed)(void *context, struct ingest_peer *peer);
};

#define INGEST_REFUSALS_PER_S 10

struct ingest_options {
    const char *address; /* numeric, "0.0.0.0", "::", "127.0.0.1"; borrowed during create */
    uint16_t port;       /* 0 = any free one: ingest_port() */
    /* PEM files, borrowed during create. The key file must not be readable by others. */
    const char *certificate_file; /* the server's, with its chain */
    const char *key_file;
    const char *ca_file; /* who signs agents; several certificates while a CA is being replaced */
    bool plain;          /* no TLS and no identity: tests and benchmarks, loopback only */
    unsigned threads;    /* 1..INGEST_THREADS_MAX; 0 = one a core */
    struct duration handshake_timeout; /* from accept to the greeting's end; 10 s */
    struct duration io_timeout;        /* a frame begun must end, a reply must leave; 10 s */
    struct duration first_timeout;     /* from the greeting to the first report; 60 s */
    unsigned idle_intervals;           /* silent for so many of its own intervals: closed; 3 */
    unsigned handshakes_max;           /* handshakes in progress a thread; 16 */
    unsigned pending_max;              /* connections without a name, a thread; 256 */
    unsigned source_pending_max;       /* the same from one address; 64 */
    unsigned source_rate_per_s;  /* handshakes begun from one address, a thread; more wait; 100; 0 =
                                    no  limit */
    unsigned source_burst;       /* 400 */
    unsigned connections_max;    /* all of them, a thread; 16,384 */
    unsigned rate_per_s;         /* messages of one agent; 2; 0 = no limit */
    unsigned rate_burst;         /* 10 */
    unsigned malformed_max;      /* bad messages before the connection is closed; 3 */
    unsigned descriptor_reserve; /* descriptors of RLIMIT_NOFILE never given to agents (F7); 64 */
};

/* The defaults named above; addresses and files are NULL. */
struct ingest_options ingest_options_default(void);

/* Loads certificates, binds all listeners, reads the limits back (S15); accepts nobody yet.
 * problem_out  what was wrong, with the file's name; filled on every failure; may be NULL
 * STATUS_OUT_OF_RANGE for an option, STATUS_MALFORMED or STATUS_IDENTITY for a certificate or key,
 * STATUS_DENIED (port, key file's mode), STATUS_BUSY (port taken), STATUS_NOT_FOUND,
 * STATUS_REFUSED (`plain` on an address that is not loopback), STATUS_NO_MEMORY. */
enum status ingest_create(const struct ingest_options *options, const struct ingest_sink *sink,
                          struct ingest **ingest_out,
                          char problem_out[INGEST_PROBLEM_BYTES]) MUST_USE;
/* Starts the threads. STATUS_FULL when the system has none left. */
enum status ingest_start(struct ingest *ingest) MUST_USE;
/* Closes every connection and joins the threads; bounded by the longest sink call. Idempotent; not
 * from a sink function. */
void ingest_stop(struct ingest *ingest);
/* Stops and frees. NULL is fine. */
void ingest_destroy(struct ingest *ingest);

/* The port it is bound to. */
uint16_t ingest_port(const struct ingest *ingest);

/* Loads the three files anew (SIGHUP, renewed server certificate, second CA) and uses them for
 * handshakes from now on; on any failure the old ones stay. Connections that exist stay too, until
 * their own certificate expires. Any thread but the I/O threads. */
enum status ingest_reload(struct ingest *ingest, const char *certificate_file, const char *key_file,
                          const char *ca_file, char problem_out[INGEST_PROBLEM_BYTES]) MUST_USE;
/* When the server's certificate in use stops being valid (T13); 0 on a plain listener. */
struct wall_time ingest_certificate_expiry(struct ingest *ingest);

/* Since creation, except the first three. Any thread. */
#define INGEST_COUNTER_TABLE(X)                                                                    \
    X(connections, "connections now, named ones")                                                  \
    X(pending, "connections now without a name")                                                   \
    X(handshaking, "handshakes in progress now")                                                   \
    X(accepted, "connections accepted")                                                            \
    X(handshakes, "handshakes done")                                                               \
    X(handshakes_failed, "handshakes that failed")                                                 \
    X(reports, "reports acknowledged")                                                             \
    X(dictionaries, "dictionaries acknowledged")                                                   \
    X(notices, "notices acknowledged")                                                             \
    X(not_taken, "messages the sink did not take")                                                 \
    X(malformed, "messages or frames that were malformed")                                         \
    X(unsupported, "messages of a kind unknown here")                                              \
    X(throttled, "times an agent was made to wait by its rate limit")                              \
    X(refused_name, "messages in another's name")                                                  \
    X(refused_account, "instance ids under two accounts")                                          \
    X(replaced, "connections closed because the instance came again")                              \
    X(closed_deadline, "connections closed by a deadline")                                         \
    X(closed_idle, "named connections closed for silence")                                         \
    X(closed_expired, "connections closed because their certificate expired")                      \
    X(shed, "connections closed to keep descriptors or places free")                               \
    X(bytes_in, "bytes of frames received")                                                        \
    X(bytes_out, "bytes of frames sent")

struct ingest_counters {
#define INGEST_COUNTER_MEMBER(name, help) uint64_t name;
    INGEST_COUNTER_TABLE(INGEST_COUNTER_MEMBER)
#undef INGEST_COUNTER_MEMBER
};
void ingest_counters(const struct ingest *ingest, struct ingest_counters *counters_out);

/* "name", "account", "certificate", "malformed". Static storage. */
const char *ingest_reason_name(enum ingest_reason reason);

#endif
