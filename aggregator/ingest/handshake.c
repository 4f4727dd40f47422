/* A connection until it has a name: admission, TLS, identity, greeting. On its worker's thread.
 *
 * A handshake costs memory and about a millisecond of CPU, so few may be in progress at once. Who
 * holds a place must get on: when others wait, a handshake that made no step for STALL_MS gives up
 * its place, and the newest waiter, which is most likely alive, gets it. So neither idle nor
 * half-open connections lock an agent out (F7, F32). One source may only begin so many a second;
 * the rest of its connections wait their turn, or for their deadline. */
#include <string.h>

#include "aggregator/ingest/worker.h"
#include "common/base/text.h"

#define STALL_MS 1000

static bool source_allows(const struct connection *connection) {
    const struct worker *worker = connection->worker;
    const struct ingest_options *options = &worker->shared->options;
    return source_may(&worker->sources, connection->source, options->source_rate_per_s,
                      options->source_burst, worker->now.boot);
}

static enum status begin(struct connection *connection) {
    struct worker *worker = connection->worker;
    struct shared *shared = worker->shared;
    source_take(&worker->sources, connection->source, shared->options.source_rate_per_s,
                shared->options.source_burst, worker->now.boot);
    (void)pthread_mutex_lock(&shared->tls_lock); /* fails only by misuse, as unlock */
    SSL *ssl = tls_accept(shared->tls, connection->stream.fd, &connection->shown);
    (void)pthread_mutex_unlock(&shared->tls_lock);
    if (ssl == NULL) return STATUS_NO_MEMORY;
    connection->stream.ssl = ssl;
    if (connection->state == CONNECTION_QUEUED) worker->queued--;
    connection->state = CONNECTION_HANDSHAKE;
    connection->progress_at = worker->now.boot;
    worker->handshaking++;
    return STATUS_OK;
}

static void join_queue(struct connection *connection) {
    if (connection->state == CONNECTION_QUEUED) return;
    connection->state = CONNECTION_QUEUED;
    connection->worker->queued++;
}

static struct boot_time expiry(const struct worker *worker, const X509 *certificate) {
    struct wall_time at = identity_not_after(certificate);
    if (at.ms == 0) return (struct boot_time){0};
    int64_t left = wall_since(at, worker->now.wall).ms;
    return boot_add(worker->now.boot, duration_ms(left > 1 ? left : 1));
}

static void refuse_account(struct connection *connection, const char *account_before,
                           const char *account) {
    char detail[96];
    struct text text = text_over(detail, sizeof detail);
    text_add(&text, "seen under account ");
    text_add(&text, account_before);
    text_add(&text, ", now ");
    text_add(&text, account[0] != '\0' ? account : "not stated");
    connection_refuse(connection, INGEST_REASON_ACCOUNT, STATUS_IDENTITY, NULL, detail);
}

static void take_identity(struct connection *connection, const struct identity *identity,
                          const struct registry_place *place) {
    connection->peer.instance = identity->instance;
    connection->shown.instance = identity->instance;
    memcpy(connection->peer.account, identity->account, sizeof connection->peer.account);
    connection->peer.connection = place->number;
    if (place->bucket.filled_at.ms != 0) connection->bucket = place->bucket;
    /* The older one took its rate along; a new connection must not be a way to a new burst. */
    if (place->older != 0) connection->bucket = (struct bucket){1000, connection->worker->now.boot};
}

enum status handshake_name(struct connection *connection, const struct identity *identity) {
    struct shared *shared = connection->worker->shared;
    struct registry_place place = {0};
    enum status status = registry_enter(shared->registry, identity, connection->id, &place);
    if (status != STATUS_OK && status != STATUS_IDENTITY) return status;
    take_identity(connection, identity, &place);
    if (status == STATUS_IDENTITY) refuse_account(connection, place.account, identity->account);
    enum status closed = place.older != 0 ? worker_close_replaced(shared, place.older) : STATUS_OK;
    if (status) return status;
    connection->expires_at = identity->expires;
    connection_take_name(connection);
    return closed;
}

static enum status finish(struct connection *connection) {
    struct worker *worker = connection->worker;
    const X509 *certificate = SSL_get0_peer_certificate(connection->stream.ssl);
    struct identity identity;
    worker->handshaking--;
    connection->state = CONNECTION_GREETING;
    WORKER_ADD(worker, handshakes, 1);
    if (certificate == NULL || identity_of_certificate(certificate, &identity)) {
        connection_refuse(connection, INGEST_REASON_CERTIFICATE, STATUS_IDENTITY, NULL,
                          "the certificate names no instance, or several");
        return STATUS_IDENTITY;
    }
    identity.expires = expiry(worker, certificate);
    enum status status = handshake_name(connection, &identity);
    return status ? status : handshake_greet(connection);
}

static void tell_failure(struct connection *connection, enum status status) {
    WORKER_ADD(connection->worker, handshakes_failed, 1);
    if (status != STATUS_IDENTITY) return; /* noise of the network: counted, no alarm */
    long result = SSL_get_verify_result(connection->stream.ssl);
    const char *why = result != X509_V_OK ? X509_verify_cert_error_string(result)
                                          : "the peer showed no certificate";
    connection_refuse(connection, INGEST_REASON_CERTIFICATE,
                      result == X509_V_ERR_CERT_HAS_EXPIRED ? STATUS_EXPIRED : STATUS_IDENTITY,
                      NULL, why);
}

static enum status shake(struct connection *connection) {
    enum status status = stream_handshake(&connection->stream);
    if (status == STATUS_OK) {
        status = finish(connection);
        /* The greeting may have come with the end of the handshake, where epoll does not see it. */
        return status ? status : dialogue_run(connection);
    }
    if (status != STATUS_AGAIN) {
        tell_failure(connection, status);
        return status;
    }
    int step = (int)SSL_get_state(connection->stream.ssl);
    if (step != connection->handshake_step) connection->progress_at = connection->worker->now.boot;
    connection->handshake_step = step;
    return STATUS_OK;
}

enum status handshake_ready(struct connection *connection) {
    const struct worker *worker = connection->worker;
    if (connection->state != CONNECTION_HANDSHAKE) {
        if (worker->handshaking >= worker->shared->options.handshakes_max ||
            !source_allows(connection)) {
            join_queue(connection);
            return STATUS_OK;
        }
        enum status status = begin(connection);
        if (status) return status;
    }
    return shake(connection);
}

enum status handshake_greet(struct connection *connection) {
    uint8_t greeting[FRAME_GREETING_BYTES];
    size_t written = 0;
    frame_greeting_write(FRAME_REP, greeting);
    connection->state = CONNECTION_GREETING;
    enum status status = stream_write(&connection->stream, greeting, sizeof greeting, &written);
    if (status) return status == STATUS_AGAIN ? STATUS_IO : status; /* a fresh socket has room */
    connection->stream.wants_write = false;
    return written == sizeof greeting ? STATUS_OK : STATUS_IO;
}

static struct connection *most_stalled(struct worker *worker) {
    struct connection *found = NULL;
    for (struct connection *at = worker->pending.oldest; at != NULL; at = at->next)
        if (at->state == CONNECTION_HANDSHAKE &&
            (found == NULL || at->progress_at.ms < found->progress_at.ms))
            found = at;
    return found;
}

static struct connection *newest_allowed(struct worker *worker) {
    struct connection *at = worker->pending.newest;
    while (at != NULL && (at->state != CONNECTION_QUEUED || !source_allows(at))) at = at->previous;
    return at;
}

static bool make_place(struct worker *worker) {
    if (worker->handshaking < worker->shared->options.handshakes_max) return true;
    struct connection *stalled = most_stalled(worker);
    if (stalled == NULL) return false;
    if (boot_since(worker->now.boot, stalled->progress_at).ms < STALL_MS) return false;
    WORKER_ADD(worker, shed, 1);
    connection_close(stalled);
    return true;
}

void handshake_admit(struct worker *worker) {
    while (worker->queued > 0) {
        struct connection *connection = newest_allowed(worker);
        if (connection == NULL || !make_place(worker)) return;
        enum status status = begin(connection);
        if (!status) status = shake(connection);
        if (status)
            connection_close(connection);
        else
            connection_settle(connection);
    }
}
