/* Reads PEM files into nng's TLS configuration. No data of its own; the owner's thread. */
#include "agent/link/credentials.h"

#include <mbedtls/pk.h>
#include <mbedtls/x509_crt.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/text.h"
#include "common/sys/file.h"

#define PEM_BYTES_MAX 32768 /* of one file: a chain of some eight certificates */

struct pem {
    char *bytes; /* owned, NUL-terminated */
    size_t length;
};

static void pem_fini(struct pem *pem) {
    if (pem->bytes != NULL) explicit_bzero(pem->bytes, PEM_BYTES_MAX); /* one of them is a key */
    free(pem->bytes);
    pem->bytes = NULL;
}

static enum status complain(char problem[static LINK_PROBLEM_BYTES], enum status status,
                            const char *what, const char *file, const char *why) {
    struct text text = text_over(problem, LINK_PROBLEM_BYTES);
    text_add(&text, what);
    text_add(&text, " ");
    text_add(&text, file != NULL ? file : "(not configured)");
    text_add(&text, ": ");
    text_add(&text, why);
    return status;
}

static enum status read_pem(const char *what, const char *file, struct pem *pem,
                            char problem[static LINK_PROBLEM_BYTES]) {
    if (file == NULL) return complain(problem, STATUS_NOT_FOUND, what, file, "no file");
    pem->bytes = calloc(1, PEM_BYTES_MAX);
    if (pem->bytes == NULL) return complain(problem, STATUS_NO_MEMORY, what, file, "no memory");
    enum status status = file_read(file, pem->bytes, PEM_BYTES_MAX, &pem->length);
    return status ? complain(problem, status, what, file, status_text(status)) : STATUS_OK;
}

/* mbedTLS wants the NUL counted. */
static int parse_certificate(mbedtls_x509_crt *certificate, const struct pem *pem) {
    return mbedtls_x509_crt_parse(certificate, (const unsigned char *)pem->bytes, pem->length + 1);
}

static bool is_certificate(const struct pem *pem) {
    mbedtls_x509_crt certificate;
    mbedtls_x509_crt_init(&certificate);
    bool parsed = parse_certificate(&certificate, pem) == 0;
    mbedtls_x509_crt_free(&certificate);
    return parsed;
}

static bool is_key(const struct pem *pem) {
    mbedtls_pk_context key;
    mbedtls_pk_init(&key);
    bool parsed = mbedtls_pk_parse_key(&key, (const unsigned char *)pem->bytes, pem->length + 1,
                                       NULL, 0) == 0;
    mbedtls_pk_free(&key);
    return parsed;
}

/* nng would take a key of another certificate, and every handshake would fail without a word. */
static bool belong_together(const struct pem *certificate_pem, const struct pem *key_pem) {
    mbedtls_x509_crt certificate;
    mbedtls_pk_context key;
    mbedtls_x509_crt_init(&certificate);
    mbedtls_pk_init(&key);
    bool match = parse_certificate(&certificate, certificate_pem) == 0 &&
                 mbedtls_pk_parse_key(&key, (const unsigned char *)key_pem->bytes,
                                      key_pem->length + 1, NULL, 0) == 0 &&
                 mbedtls_pk_check_pair(&certificate.pk, &key) == 0;
    mbedtls_pk_free(&key);
    mbedtls_x509_crt_free(&certificate);
    return match;
}

static bool configure(nng_tls_config *config, const struct pem *certificate, const struct pem *key,
                      const struct pem *ca, const char *server_name) {
    return nng_tls_config_auth_mode(config, NNG_TLS_AUTH_MODE_REQUIRED) == 0 &&
           nng_tls_config_ca_chain(config, ca->bytes, NULL) == 0 &&
           nng_tls_config_own_cert(config, certificate->bytes, key->bytes, NULL) == 0 &&
           nng_tls_config_server_name(config, server_name) == 0;
}

enum status credentials_load(const char *certificate_file, const char *key_file,
                             const char *ca_file, const char *server_name,
                             nng_tls_config **config_out,
                             char problem_out[static LINK_PROBLEM_BYTES]) {
    CLEANUP(pem_fini) struct pem certificate = {0};
    CLEANUP(pem_fini) struct pem key = {0};
    CLEANUP(pem_fini) struct pem ca = {0};
    enum status status = read_pem("certificate", certificate_file, &certificate, problem_out);
    if (!status) status = read_pem("key", key_file, &key, problem_out);
    if (!status) status = read_pem("CA", ca_file, &ca, problem_out);
    if (status) return status;
    const char *wrong = "is not a certificate in PEM";
    if (!is_certificate(&certificate))
        return complain(problem_out, STATUS_MALFORMED, "certificate", certificate_file, wrong);
    if (!is_certificate(&ca)) return complain(problem_out, STATUS_MALFORMED, "CA", ca_file, wrong);
    if (!is_key(&key))
        return complain(problem_out, STATUS_MALFORMED, "key", key_file,
                        "is not a key in PEM, or it is encrypted");
    if (!belong_together(&certificate, &key))
        return complain(problem_out, STATUS_IDENTITY, "key", key_file,
                        "does not belong to the certificate");
    nng_tls_config *config;
    if (nng_tls_config_alloc(&config, NNG_TLS_MODE_CLIENT) != 0)
        return complain(problem_out, STATUS_NO_MEMORY, "certificate", certificate_file,
                        "no memory");
    if (!configure(config, &certificate, &key, &ca, server_name)) {
        nng_tls_config_free(config);
        return complain(problem_out, STATUS_MALFORMED, "certificate", certificate_file,
                        "not accepted by TLS");
    }
    *config_out = config;
    return STATUS_OK;
}
