/* A connection that has greeted: frames in, messages to the sink, acks out. On its worker's thread,
 * in the worker's scratch; only unfinished frames and unsent replies are kept by the connection. */
#include <stdlib.h>
#include <string.h>

#include "aggregator/ingest/worker.h"

#define ROUNDS_MAX 8 /* reads for one event, so that one busy agent does not starve the others */

static const struct ingest_options *options_of(const struct connection *connection) {
    return &connection->worker->shared->options;
}

static enum status keep(uint8_t **kept, size_t *kept_length, const uint8_t *bytes, size_t length) {
    if (length == 0) {
        free(*kept);
        *kept = NULL;
        *kept_length = 0;
        return STATUS_OK;
    }
    uint8_t *copy = realloc(*kept, length);
    if (copy == NULL) return STATUS_NO_MEMORY;
    memmove(copy, bytes, length);
    *kept = copy;
    *kept_length = length;
    return STATUS_OK;
}

static enum status write_out(struct connection *connection, const uint8_t *bytes, size_t length) {
    while (length > 0) {
        size_t written = 0;
        enum status status = stream_write(&connection->stream, bytes, length, &written);
        if (status == STATUS_AGAIN) {
            if (connection->blocked_at.ms == 0)
                connection->blocked_at = connection->worker->now.boot;
            return keep(&connection->unsent, &connection->unsent_length, bytes, length);
        }
        if (status) return status;
        WORKER_ADD(connection->worker, bytes_out, written);
        bytes += written;
        length -= written;
    }
    connection->stream.wants_write = false;
    connection->blocked_at = (struct boot_time){0};
    return keep(&connection->unsent, &connection->unsent_length, NULL, 0);
}

enum status dialogue_flush(struct connection *connection) {
    /* The copy stands in the worker's scratch, because write_out() replaces what is kept. */
    struct worker *worker = connection->worker;
    size_t length = connection->unsent_length;
    ASSERT(length <= sizeof worker->out);
    memcpy(worker->out, connection->unsent, length);
    return write_out(connection, worker->out, length);
}

static enum status send_replies(struct connection *connection) {
    struct worker *worker = connection->worker;
    size_t length = worker->out_length;
    worker->out_length = 0;
    return length == 0 ? STATUS_OK : write_out(connection, worker->out, length);
}

static enum status reply(struct connection *connection, uint32_t id, const struct ack *ack) {
    struct worker *worker = connection->worker;
    uint8_t *at = worker->out + worker->out_length;
    size_t length = 0;
    ASSERT(sizeof worker->out - worker->out_length >= WORKER_REPLY_MAX);
    enum status status = wire_encode_ack(ack, at + FRAME_HEADER_BYTES, WIRE_ACK_MAX, &length);
    if (status) return STATUS_INTERNAL; /* the sink's ack is our own making */
    frame_header_write(id, length, at);
    worker->out_length += FRAME_HEADER_BYTES + length;
    return STATUS_OK;
}

static void count_taken(struct worker *worker, enum wire_kind kind) {
    switch (kind) {
    case WIRE_REPORT: WORKER_ADD(worker, reports, 1); return;
    case WIRE_DICTIONARY: WORKER_ADD(worker, dictionaries, 1); return;
    case WIRE_NOTICE: WORKER_ADD(worker, notices, 1); return;
    }
}

static enum status to_sink(struct connection *connection, const struct wire_message *message,
                           struct ack *ack_out) {
    const struct ingest_sink *sink = &connection->worker->shared->sink;
    switch (message->kind) {
    case WIRE_REPORT:
        return sink->report(sink->context, &connection->peer, &message->of.report, ack_out);
    case WIRE_DICTIONARY:
        return sink->dictionary(sink->context, &connection->peer, &message->boot, message->sequence,
                                &message->of.dictionary, ack_out);
    case WIRE_NOTICE:
        return sink->notice(sink->context, &connection->peer, &message->of.notice, ack_out);
    }
    return STATUS_INTERNAL;
}

/* An agent may be told another interval; it is silent only by the longer of the two. */
static void expect(struct connection *connection, const struct wire_message *message,
                   const struct ack *ack) {
    if (message->kind != WIRE_REPORT) return;
    int64_t interval = message->of.report.interval_ms;
    if (ack->interval_ms > interval) interval = ack->interval_ms;
    connection->silence_max = duration_ms(interval * options_of(connection)->idle_intervals);
}

/* On a plain listener the first message names the connection; under TLS the certificate did. Either
 * way nobody speaks for anybody else (T14, F28). */
static enum status check_name(struct connection *connection, const struct wire_message *message) {
    if (!connection->named) {
        struct identity identity = {.instance = message->instance};
        return handshake_name(connection, &identity);
    }
    if (instance_id_equal(&connection->peer.instance, &message->instance)) return STATUS_OK;
    connection_refuse(connection, INGEST_REASON_NAME, STATUS_IDENTITY, &message->instance,
                      "a message in another instance's name");
    return STATUS_IDENTITY;
}

static enum status serve_message(struct connection *connection, uint32_t id) {
    struct worker *worker = connection->worker;
    const struct wire_message *message = &worker->message;
    struct ack ack = {0};
    enum status status = check_name(connection, message);
    if (status) return status;
    if (to_sink(connection, message, &ack) == STATUS_OK) {
        if (ack.sequence == 0) ack.sequence = message->sequence;
        count_taken(worker, message->kind);
    } else {
        ack = (struct ack){0}; /* not taken: the agent keeps it and comes again */
        WORKER_ADD(worker, not_taken, 1);
    }
    expect(connection, message, &ack);
    return reply(connection, id, &ack);
}

static enum status serve_malformed(struct connection *connection, uint32_t id, enum status status) {
    WORKER_ADD(connection->worker, malformed, 1);
    if (++connection->malformed >= options_of(connection)->malformed_max) {
        connection_refuse(connection, INGEST_REASON_MALFORMED, status, NULL, status_text(status));
        return STATUS_MALFORMED;
    }
    return reply(connection, id, &(struct ack){0});
}

static enum status serve_frame(struct connection *connection, const struct frame *frame) {
    struct worker *worker = connection->worker;
    enum status status =
        wire_decode(&worker->arena, frame->body, frame->body_length, &worker->message);
    connection->heard_at = worker->now.boot;
    if (status == STATUS_OK) return serve_message(connection, frame->id);
    if (status != STATUS_UNSUPPORTED && status != STATUS_NEWER)
        return serve_malformed(connection, frame->id, status);
    WORKER_ADD(worker, unsupported, 1); /* a newer agent's; it learns that it was not taken */
    return reply(connection, frame->id, &(struct ack){0});
}

/* False when the agent has to wait; then it is said until when. */
static bool within_rate(struct connection *connection) {
    const struct ingest_options *options = options_of(connection);
    struct worker *worker = connection->worker;
    if (options->rate_per_s == 0) return true;
    int64_t wait = bucket_take(&connection->bucket, options->rate_per_s, options->rate_burst,
                               worker->now.boot);
    if (wait == 0) return true;
    connection->resume_at = boot_add(worker->now.boot, duration_ms(wait));
    WORKER_ADD(worker, throttled, 1);
    return false;
}

static enum status serve_broken_frame(struct connection *connection, enum status status) {
    WORKER_ADD(connection->worker, malformed, 1);
    connection_refuse(connection, INGEST_REASON_MALFORMED, status, NULL,
                      "a frame that is too large, or none");
    return status;
}

/* Serves the whole frames in `bytes`; *used_out of them are done with. */
static enum status serve_frames(struct connection *connection, const uint8_t *bytes, size_t length,
                                size_t *used_out) {
    struct worker *worker = connection->worker;
    size_t at = 0;
    enum status status = STATUS_OK;
    while (!status && connection->unsent_length == 0) {
        struct frame frame;
        size_t used = 0;
        status = frame_read(bytes + at, length - at, &frame, &used);
        if (status == STATUS_AGAIN || (!status && !within_rate(connection))) {
            status = STATUS_OK;
            break;
        }
        if (status) return serve_broken_frame(connection, status);
        status = serve_frame(connection, &frame);
        at += used;
        if (!status && sizeof worker->out - worker->out_length < WORKER_REPLY_MAX)
            status = send_replies(connection);
    }
    WORKER_ADD(worker, bytes_in, at);
    *used_out = at;
    return status ? status : send_replies(connection);
}

static enum status serve_greeting(struct connection *connection, const uint8_t *bytes,
                                  size_t length, size_t *used_out) {
    enum status status = frame_greeting_check(FRAME_REQ, bytes, length);
    *used_out = 0;
    if (status == STATUS_AGAIN) return STATUS_OK;
    if (status) return serve_broken_frame(connection, status);
    *used_out = FRAME_GREETING_BYTES;
    connection->state = CONNECTION_OPEN;
    connection->heard_at = connection->worker->now.boot;
    connection->silence_max = options_of(connection)->first_timeout;
    return STATUS_OK;
}

/* Serves what stands in the worker's `in`, and moves what is left to its front. */
static enum status serve_bytes(struct connection *connection, size_t *have) {
    struct worker *worker = connection->worker;
    size_t done = 0, used = 0;
    enum status status = STATUS_OK;
    if (connection->state == CONNECTION_GREETING)
        status = serve_greeting(connection, worker->in, *have, &done);
    if (!status && connection->state == CONNECTION_OPEN)
        status = serve_frames(connection, worker->in + done, *have - done, &used);
    done += used;
    *have -= done;
    memmove(worker->in, worker->in + done, *have);
    if (done > 0) connection->frame_at = (struct boot_time){0};
    return status;
}

static bool must_wait(const struct connection *connection) {
    return connection->unsent_length > 0 || connection->resume_at.ms != 0;
}

enum status dialogue_run(struct connection *connection) {
    struct worker *worker = connection->worker;
    size_t have = connection->rest_length;
    if (have > 0) memcpy(worker->in, connection->rest, have);
    enum status status = serve_bytes(connection, &have);
    for (int round = 0; !status && !must_wait(connection); round++) {
        size_t got = 0;
        if (round == ROUNDS_MAX) {
            /* What waits inside TLS is not seen by epoll: a timer brings us back. */
            connection->resume_at = boot_add(worker->now.boot, duration_ms(1));
            break;
        }
        status =
            stream_read(&connection->stream, worker->in + have, sizeof worker->in - have, &got);
        if (status == STATUS_AGAIN) {
            status = STATUS_OK;
            break;
        }
        have += got;
        if (!status) status = serve_bytes(connection, &have);
        if (!stream_pending(&connection->stream)) break;
    }
    if (status) return status;
    if (have > 0 && connection->frame_at.ms == 0) connection->frame_at = worker->now.boot;
    return keep(&connection->rest, &connection->rest_length, worker->in, have);
}
