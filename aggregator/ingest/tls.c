/* Builds SSL_CTX objects; they are shared by the I/O threads and never changed after tls_create().
 */
#include "aggregator/ingest/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aggregator/ingest/identity.h"
#include "common/base/text.h"
#include "common/sys/error.h"

#define CHAIN_DEPTH_MAX 4
#define CHAIN_BYTES_MAX 16384 /* of a peer's certificate messages; OpenSSL's default is 100 KB */
#define GROUPS          "X25519:P-256"
/* Of TLS 1.2 (nng's mbedTLS 2.28 knows no 1.3): forward secrecy and authenticated encryption only.
 */
#define CIPHERS_TLS12 "ECDHE+AESGCM:ECDHE+CHACHA20"

static void describe(char problem[static INGEST_PROBLEM_BYTES], const char *what, const char *file,
                     const char *why) {
    struct text text = text_over(problem, INGEST_PROBLEM_BYTES);
    text_add(&text, what);
    if (file != NULL) {
        text_add(&text, " ");
        text_add(&text, file);
    }
    text_add(&text, ": ");
    text_add(&text, why);
}

static const char *newest_error(void) {
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    return reason != NULL ? reason : "not usable";
}

/* Opening tells a missing or forbidden file apart from one with wrong content. */
static enum status check_file(const char *what, const char *file, bool secret,
                              char problem[static INGEST_PROBLEM_BYTES]) {
    struct stat facts;
    if (file == NULL) {
        describe(problem, what, NULL, "no file is configured");
        return STATUS_NOT_FOUND;
    }
    if (access(file, R_OK) != 0 || stat(file, &facts) != 0) {
        enum status status = sys_status(errno);
        describe(problem, what, file, status_text(status));
        return status;
    }
    if (secret && (facts.st_mode & (S_IRWXO)) != 0) {
        describe(problem, what, file, "everybody may read it; chmod 0600");
        return STATUS_DENIED;
    }
    return STATUS_OK;
}

static int refuse_password(char *buffer, int size, int writing, void *data) {
    (void)buffer;
    (void)size;
    (void)writing;
    (void)data;
    return 0; /* an encrypted key is an error; OpenSSL would ask on the terminal */
}

/* Runs for each certificate of a peer's chain; keeps whom the leaf claims to be, for the alarm. */
static int on_verify(int verified, X509_STORE_CTX *store) {
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls_peer *peer = SSL_get_app_data(ssl);
    const X509 *leaf = X509_STORE_CTX_get0_cert(store);
    struct identity identity;
    if (peer == NULL || leaf == NULL || peer->name[0] != '\0') return verified;
    identity_common_name(leaf, peer->name);
    if (identity_of_certificate(leaf, &identity) == STATUS_OK) peer->instance = identity.instance;
    return verified;
}

static enum status set_rules(SSL_CTX *context) {
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
                                     SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                     SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_max_cert_list(context, CHAIN_BYTES_MAX);
    SSL_CTX_set_default_passwd_cb(context, refuse_password);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, on_verify);
    SSL_CTX_set_verify_depth(context, CHAIN_DEPTH_MAX);
    bool set = SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
               SSL_CTX_set_num_tickets(context, 0) == 1 &&
               SSL_CTX_set1_groups_list(context, GROUPS) == 1 &&
               SSL_CTX_set_cipher_list(context, CIPHERS_TLS12) == 1;
    return set ? STATUS_OK : STATUS_INTERNAL;
}

/* S15: a limit is one only if it reads back. */
static bool rules_hold(SSL_CTX *context) {
    return SSL_CTX_get_min_proto_version(context) == TLS1_2_VERSION &&
           SSL_CTX_get_verify_mode(context) ==
               (SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT) &&
           SSL_CTX_get_session_cache_mode(context) == SSL_SESS_CACHE_OFF &&
           SSL_CTX_get_max_cert_list(context) == CHAIN_BYTES_MAX &&
           (SSL_CTX_get_options(context) & SSL_OP_NO_RENEGOTIATION) != 0;
}

static enum status load_authorities(SSL_CTX *context, const char *file,
                                    char problem[static INGEST_PROBLEM_BYTES]) {
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(file);
    if (names == NULL || SSL_CTX_load_verify_locations(context, file, NULL) != 1) {
        sk_X509_NAME_pop_free(names, X509_NAME_free);
        describe(problem, "CA", file, newest_error());
        return STATUS_MALFORMED;
    }
    SSL_CTX_set_client_CA_list(context, names); /* takes ownership */
    return STATUS_OK;
}

static enum status load(SSL_CTX *context, const char *certificate_file, const char *key_file,
                        const char *ca_file, char problem[static INGEST_PROBLEM_BYTES]) {
    enum status status = check_file("certificate", certificate_file, false, problem);
    if (!status) status = check_file("key", key_file, true, problem);
    if (!status) status = check_file("CA", ca_file, false, problem);
    if (status) return status;
    if (SSL_CTX_use_certificate_chain_file(context, certificate_file) != 1) {
        describe(problem, "certificate", certificate_file, newest_error());
        return STATUS_MALFORMED;
    }
    if (SSL_CTX_use_PrivateKey_file(context, key_file, SSL_FILETYPE_PEM) != 1) {
        bool mismatch = ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH;
        describe(problem, "key", key_file,
                 mismatch ? "does not belong to the certificate" : newest_error());
        return mismatch ? STATUS_IDENTITY : STATUS_MALFORMED;
    }
    if (SSL_CTX_check_private_key(context) != 1) {
        describe(problem, "key", key_file, "does not belong to the certificate");
        return STATUS_IDENTITY;
    }
    return load_authorities(context, ca_file, problem);
}

enum status tls_create(const char *certificate_file, const char *key_file, const char *ca_file,
                       SSL_CTX **context_out, struct wall_time *expiry_out,
                       char problem_out[static INGEST_PROBLEM_BYTES]) {
    ERR_clear_error();
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (context == NULL) {
        describe(problem_out, "TLS", NULL, newest_error());
        return STATUS_NO_MEMORY;
    }
    enum status status = set_rules(context);
    if (status) describe(problem_out, "TLS rules", NULL, newest_error());
    if (!status) status = load(context, certificate_file, key_file, ca_file, problem_out);
    if (!status && !rules_hold(context)) {
        describe(problem_out, "TLS rules", NULL, "do not read back as set");
        status = STATUS_INTERNAL;
    }
    if (status) {
        SSL_CTX_free(context);
        return status;
    }
    *expiry_out = identity_not_after(SSL_CTX_get0_certificate(context));
    *context_out = context;
    return STATUS_OK;
}

SSL *tls_accept(SSL_CTX *context, int fd, struct tls_peer *peer) {
    SSL *ssl = SSL_new(context);
    if (ssl == NULL || SSL_set_fd(ssl, fd) != 1) {
        SSL_free(ssl);
        return NULL;
    }
    SSL_set_app_data(ssl, peer);
    SSL_set_accept_state(ssl);
    return ssl;
}
