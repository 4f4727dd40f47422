/* Bytes of a connection, by TLS or plainly; never blocks. One connection, its thread. */
#ifndef EAR_AGGREGATOR_INGEST_STREAM_H
#define EAR_AGGREGATOR_INGEST_STREAM_H

#include <openssl/ssl.h>

#include "common/base/status.h"

struct stream {
    int fd;
    SSL *ssl;         /* NULL = plain */
    bool wants_write; /* the newest AGAIN waits for room to write, else for something to read */
};

/* Moves a handshake on. STATUS_OK when done, STATUS_AGAIN, STATUS_CLOSED, STATUS_IDENTITY when the
 * peer's certificate is missing or bad, STATUS_MALFORMED for everything else. */
enum status stream_handshake(struct stream *stream) MUST_USE;
/* Reads 1..capacity bytes. STATUS_AGAIN, STATUS_CLOSED, STATUS_IO. */
enum status stream_read(struct stream *stream, uint8_t *buffer, size_t capacity,
                        size_t *length_out) MUST_USE;
/* Writes 1..length bytes, length >= 1; *length_out may be less. Statuses as stream_read(). */
enum status stream_write(struct stream *stream, const uint8_t *bytes, size_t length,
                         size_t *length_out) MUST_USE;
/* Bytes wait inside TLS, where epoll does not see them. */
bool stream_pending(const struct stream *stream);
/* Frees and closes; idempotent. */
void stream_close(struct stream *stream);

#endif
