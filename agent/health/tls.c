/* mbedTLS client over a descriptor; lives as long as one check, so that the agent keeps none of its
 * buffers between checks. */
#include "agent/health/tls.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/ssl.h>

#include "common/sys/random.h"

struct tls {
    int fd;
    mbedtls_ssl_context ssl;
    mbedtls_ssl_config config;
    mbedtls_ctr_drbg_context random;
};

static int send_some(void *context, const unsigned char *bytes, size_t length) {
    const struct tls *tls = context;
    ssize_t sent = send(tls->fd, bytes, length, MSG_NOSIGNAL);
    if (sent >= 0) return (int)sent;
    return errno == EAGAIN || errno == EINTR ? MBEDTLS_ERR_SSL_WANT_WRITE
                                             : MBEDTLS_ERR_SSL_INTERNAL_ERROR;
}

static int receive_some(void *context, unsigned char *bytes, size_t capacity) {
    const struct tls *tls = context;
    ssize_t got = recv(tls->fd, bytes, capacity, 0);
    if (got >= 0) return (int)got; /* 0: mbedTLS takes it as the end */
    return errno == EAGAIN || errno == EINTR ? MBEDTLS_ERR_SSL_WANT_READ
                                             : MBEDTLS_ERR_SSL_INTERNAL_ERROR;
}

static int entropy(void *context, unsigned char *bytes, size_t length) {
    (void)context;
    return sys_random(bytes, length) == STATUS_OK ? 0 : MBEDTLS_ERR_CTR_DRBG_ENTROPY_SOURCE_FAILED;
}

void tls_destroy(struct tls *tls) {
    if (tls == NULL) return;
    mbedtls_ssl_free(&tls->ssl);
    mbedtls_ssl_config_free(&tls->config);
    mbedtls_ctr_drbg_free(&tls->random);
    free(tls);
}

enum status tls_create(int fd, struct tls **tls_out) {
    struct tls *tls = calloc(1, sizeof *tls);
    if (tls == NULL) return STATUS_NO_MEMORY;
    tls->fd = fd;
    mbedtls_ssl_init(&tls->ssl);
    mbedtls_ssl_config_init(&tls->config);
    mbedtls_ctr_drbg_init(&tls->random);
    if (mbedtls_ctr_drbg_seed(&tls->random, entropy, NULL, NULL, 0) != 0 ||
        mbedtls_ssl_config_defaults(&tls->config, MBEDTLS_SSL_IS_CLIENT,
                                    MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT) != 0)
        goto failed;
    mbedtls_ssl_conf_authmode(&tls->config, MBEDTLS_SSL_VERIFY_NONE);
    mbedtls_ssl_conf_min_version(&tls->config, MBEDTLS_SSL_MAJOR_VERSION_3,
                                 MBEDTLS_SSL_MINOR_VERSION_3); /* TLS 1.2 */
    mbedtls_ssl_conf_rng(&tls->config, mbedtls_ctr_drbg_random, &tls->random);
    if (mbedtls_ssl_setup(&tls->ssl, &tls->config) != 0) goto failed;
    mbedtls_ssl_set_bio(&tls->ssl, tls, send_some, receive_some, NULL);
    *tls_out = tls;
    return STATUS_OK;
failed:
    tls_destroy(tls);
    return STATUS_NO_MEMORY;
}

static enum status status_of(int result, bool *wants_write_out) {
    *wants_write_out = result == MBEDTLS_ERR_SSL_WANT_WRITE;
    if (result == MBEDTLS_ERR_SSL_WANT_WRITE || result == MBEDTLS_ERR_SSL_WANT_READ)
        return STATUS_AGAIN;
    if (result == 0 || result == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY ||
        result == MBEDTLS_ERR_SSL_CONN_EOF)
        return STATUS_CLOSED;
    return STATUS_IO;
}

enum status tls_handshake(struct tls *tls, bool *wants_write_out) {
    int result = mbedtls_ssl_handshake(&tls->ssl);
    return result == 0 ? STATUS_OK : status_of(result, wants_write_out);
}

enum status tls_write(struct tls *tls, const char *bytes, size_t length, size_t *written_out,
                      bool *wants_write_out) {
    int result = mbedtls_ssl_write(&tls->ssl, (const unsigned char *)bytes, length);
    if (result <= 0) return status_of(result, wants_write_out);
    *written_out = (size_t)result;
    return STATUS_OK;
}

enum status tls_read(struct tls *tls, char *bytes, size_t capacity, size_t *read_out,
                     bool *wants_write_out) {
    int result = mbedtls_ssl_read(&tls->ssl, (unsigned char *)bytes, capacity);
    if (result <= 0) return status_of(result, wants_write_out);
    *read_out = (size_t)result;
    return STATUS_OK;
}
