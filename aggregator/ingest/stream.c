/* See stream.h. Threads that write here block SIGPIPE (common/sys/thread.h), so a peer that is gone
 * is an error, not a signal. */
#include "aggregator/ingest/stream.h"

#include <errno.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

static enum status tls_status(struct stream *stream, int result) {
    int error = SSL_get_error(stream->ssl, result);
    stream->wants_write = error == SSL_ERROR_WANT_WRITE;
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return STATUS_AGAIN;
    /* After a fatal error OpenSSL must not be asked to say good-bye. */
    return error == SSL_ERROR_ZERO_RETURN || error == SSL_ERROR_SYSCALL ? STATUS_CLOSED : STATUS_IO;
}

static enum status socket_status(struct stream *stream, bool writing) {
    stream->wants_write = writing;
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return STATUS_AGAIN;
    return errno == ECONNRESET || errno == EPIPE ? STATUS_CLOSED : STATUS_IO;
}

enum status stream_handshake(struct stream *stream) {
    ERR_clear_error();
    int result = SSL_accept(stream->ssl);
    if (result == 1) return STATUS_OK;
    enum status status = tls_status(stream, result);
    if (status == STATUS_AGAIN) return status;
    int reason = ERR_GET_REASON(ERR_peek_error());
    bool certificate = SSL_get_verify_result(stream->ssl) != X509_V_OK ||
                       reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE;
    if (certificate) return STATUS_IDENTITY;
    return status == STATUS_CLOSED ? STATUS_CLOSED : STATUS_MALFORMED;
}

enum status stream_read(struct stream *stream, uint8_t *buffer, size_t capacity,
                        size_t *length_out) {
    if (stream->ssl != NULL) {
        ERR_clear_error();
        int result = SSL_read_ex(stream->ssl, buffer, capacity, length_out);
        return result == 1 ? STATUS_OK : tls_status(stream, result);
    }
    ssize_t got = recv(stream->fd, buffer, capacity, 0);
    if (got == 0) return STATUS_CLOSED;
    if (got < 0) return socket_status(stream, false);
    *length_out = (size_t)got;
    return STATUS_OK;
}

enum status stream_write(struct stream *stream, const uint8_t *bytes, size_t length,
                         size_t *length_out) {
    if (stream->ssl != NULL) {
        ERR_clear_error();
        int result = SSL_write_ex(stream->ssl, bytes, length, length_out);
        return result == 1 ? STATUS_OK : tls_status(stream, result);
    }
    ssize_t put = send(stream->fd, bytes, length, MSG_NOSIGNAL);
    if (put < 0) return socket_status(stream, true);
    *length_out = (size_t)put;
    return STATUS_OK;
}

bool stream_pending(const struct stream *stream) {
    return stream->ssl != NULL && SSL_has_pending(stream->ssl) == 1;
}

void stream_close(struct stream *stream) {
    SSL_free(stream->ssl);
    stream->ssl = NULL;
    if (stream->fd >= 0)
        (void)close(stream->fd); /* replies that matter were acknowledged or lost */
    stream->fd = -1;
}
