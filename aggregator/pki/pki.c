/* Making keys and certificates with OpenSSL; one thread, command line only. */
#include "aggregator/pki/pki.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "common/base/text.h"
#include "common/config/check.h"
#include "common/sys/file.h"

#define PEM_SIZE     8192
#define SERIAL_BYTES 20
#define SAN_SIZE     (PKI_HOSTS_MAX * (253 + 5)) /* each "DNS:" and a comma */
#define NAME_MAX_CN  64                          /* RFC 5280: ub-common-name */

static void free_key(EVP_PKEY **key) { EVP_PKEY_free(*key); }
static void free_certificate(X509 **certificate) { X509_free(*certificate); }

/* folder/name + suffix, in `path_out[FILE_PATH_SIZE]`; also left in `place_out` for a failure. */
static enum status path_of(const char *folder, const char *name, const char *suffix, char *path_out,
                           char *place_out) {
    struct text path = text_over(path_out, FILE_PATH_SIZE),
                place = text_over(place_out, PKI_PLACE_SIZE);
    text_add(&path, folder);
    text_add(&path, "/");
    text_add(&path, name);
    text_add(&path, suffix);
    text_add(&place, path_out);
    return path.truncated ? STATUS_TOO_LARGE : STATUS_OK;
}

static enum status write_pem(const char *folder, const char *name, const EVP_PKEY *key,
                             X509 *certificate, char *place_out) {
    char path[FILE_PATH_SIZE], *bytes;
    enum status status = path_of(folder, name, key != NULL ? ".key" : ".pem", path, place_out);
    if (status != STATUS_OK) return status;
    BIO *pem = BIO_new(BIO_s_mem());
    bool made =
        pem != NULL && (key != NULL ? PEM_write_bio_PrivateKey(pem, key, NULL, NULL, 0, NULL, NULL)
                                    : PEM_write_bio_X509(pem, certificate)) == 1;
    status = STATUS_NO_MEMORY;
    if (made) {
        size_t length = (size_t)BIO_get_mem_data(pem, &bytes);
        status = file_write_atomic(path, bytes, length, key != NULL ? 0600 : 0644);
        if (key != NULL) OPENSSL_cleanse(bytes, length);
    }
    BIO_free(pem);
    return status;
}

static enum status read_pem(const char *folder, const char *name, EVP_PKEY **key_out,
                            X509 **certificate_out, char *place_out) {
    char path[FILE_PATH_SIZE], bytes[PEM_SIZE];
    size_t length;
    enum status status = path_of(folder, name, key_out != NULL ? ".key" : ".pem", path, place_out);
    if (status == STATUS_OK) status = file_read(path, bytes, sizeof bytes, &length);
    if (status != STATUS_OK) return status;
    BIO *pem = BIO_new_mem_buf(bytes, (int)length);
    if (pem != NULL && key_out != NULL) *key_out = PEM_read_bio_PrivateKey(pem, NULL, NULL, NULL);
    if (pem != NULL && certificate_out != NULL)
        *certificate_out = PEM_read_bio_X509(pem, NULL, NULL, NULL);
    BIO_free(pem);
    OPENSSL_cleanse(bytes, sizeof bytes);
    bool good = key_out != NULL ? *key_out != NULL : *certificate_out != NULL;
    return good ? STATUS_OK : STATUS_MALFORMED;
}

/* 159 bits: positive, and never shorter than RFC 5280 allows. */
static bool set_serial(X509 *certificate) {
    uint8_t bytes[SERIAL_BYTES];
    if (RAND_bytes(bytes, sizeof bytes) != 1) return false;
    bytes[0] = (uint8_t)((bytes[0] & 0x7f) | 0x40);
    BIGNUM *number = BN_bin2bn(bytes, sizeof bytes, NULL);
    bool good =
        number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
    BN_free(number);
    return good;
}

/* `latest` NULL or the time that the certificate must not outlive: its issuer's end. */
static bool set_times(X509 *certificate, struct wall_time now, int64_t days,
                      const ASN1_TIME *latest) {
    time_t at = (time_t)(now.ms / 1000);
    if (X509_time_adj_ex(X509_getm_notBefore(certificate), 0, -PKI_BACKDATE_S, &at) == NULL ||
        X509_time_adj_ex(X509_getm_notAfter(certificate), (int)days, 0, &at) == NULL)
        return false;
    if (latest == NULL || ASN1_TIME_compare(X509_get0_notAfter(certificate), latest) <= 0)
        return true;
    return X509_set1_notAfter(certificate, latest) == 1;
}

static bool add_extension(X509 *certificate, X509 *issuer, int kind, const char *value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, kind, value);
    bool good = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return good;
}

/* What a certificate is for. */
struct purpose {
    const char *common_name;
    const char *alternative_names; /* NULL for the CA */
    const char *extended_usage;    /* NULL for the CA */
};

static bool fill(X509 *certificate, X509 *issuer, EVP_PKEY *key, const struct purpose *purpose,
                 struct wall_time now, int64_t days) {
    X509_NAME *name = X509_get_subject_name(certificate);
    bool ca = purpose->extended_usage == NULL;
    if (X509_set_version(certificate, X509_VERSION_3) != 1 || !set_serial(certificate) ||
        !set_times(certificate, now, days, ca ? NULL : X509_get0_notAfter(issuer)) ||
        X509_set_pubkey(certificate, key) != 1 ||
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const uint8_t *)purpose->common_name,
                                   -1, -1, 0) != 1 ||
        X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) != 1)
        return false;
    if (!add_extension(certificate, issuer, NID_basic_constraints,
                       ca ? "critical,CA:TRUE,pathlen:0" : "critical,CA:FALSE") ||
        !add_extension(certificate, issuer, NID_key_usage,
                       ca ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature") ||
        !add_extension(certificate, issuer, NID_subject_key_identifier, "hash"))
        return false;
    if (ca) return true;
    return add_extension(certificate, issuer, NID_authority_key_identifier, "keyid:always") &&
           add_extension(certificate, issuer, NID_ext_key_usage, purpose->extended_usage) &&
           add_extension(certificate, issuer, NID_subject_alt_name, purpose->alternative_names);
}

enum status pki_make_ca(const char *folder, bool renew, int64_t days, struct wall_time now,
                        char *place_out) {
    static const struct purpose purpose = {.common_name = "ear site CA"};
    EVP_PKEY *key CLEANUP(free_key) = NULL;
    enum status status = read_pem(folder, "ca", &key, NULL, place_out);
    if (status == STATUS_OK && !renew) return STATUS_EXISTS;
    if (status != STATUS_OK && (renew || status != STATUS_NOT_FOUND)) return status;
    if (key == NULL) {
        key = EVP_EC_gen("P-256");
        if (key == NULL) return STATUS_NO_MEMORY;
        status = write_pem(folder, "ca", key, NULL, place_out);
        if (status != STATUS_OK) return status;
    }
    X509 *certificate CLEANUP(free_certificate) = X509_new();
    if (certificate == NULL || !fill(certificate, certificate, key, &purpose, now, days) ||
        X509_sign(certificate, key, EVP_sha256()) == 0)
        return STATUS_INTERNAL;
    return write_pem(folder, "ca", NULL, certificate, place_out);
}

/* The CA, checked: a pair, and still valid. */
static enum status read_ca(const char *folder, struct wall_time now, EVP_PKEY **key_out,
                           X509 **certificate_out, char *place_out) {
    time_t at = (time_t)(now.ms / 1000);
    enum status status = read_pem(folder, "ca", key_out, NULL, place_out);
    if (status == STATUS_OK) status = read_pem(folder, "ca", NULL, certificate_out, place_out);
    if (status != STATUS_OK) return status;
    if (X509_check_private_key(*certificate_out, *key_out) != 1) return STATUS_IDENTITY;
    return X509_cmp_time(X509_get0_notAfter(*certificate_out), &at) > 0 ? STATUS_OK
                                                                        : STATUS_EXPIRED;
}

/* A certificate with a key of its own, signed by the folder's CA. The key is written first: after a
 * crash between the two, the pair does not fit and the command is repeated. */
static enum status make_leaf(const char *folder, const char *file, const struct purpose *purpose,
                             int64_t days, struct wall_time now, char *place_out) {
    EVP_PKEY *ca_key CLEANUP(free_key) = NULL;
    X509 *ca CLEANUP(free_certificate) = NULL;
    enum status status = read_ca(folder, now, &ca_key, &ca, place_out);
    if (status != STATUS_OK) return status;
    EVP_PKEY *key CLEANUP(free_key) = EVP_EC_gen("P-256");
    X509 *certificate CLEANUP(free_certificate) = X509_new();
    struct text place = text_over(place_out, PKI_PLACE_SIZE);
    text_add(&place, purpose->alternative_names);
    if (key == NULL || certificate == NULL) return STATUS_NO_MEMORY;
    if (!fill(certificate, ca, key, purpose, now, days)) return STATUS_MALFORMED;
    if (X509_sign(certificate, ca_key, EVP_sha256()) == 0) return STATUS_INTERNAL;
    status = write_pem(folder, file, key, NULL, place_out);
    return status == STATUS_OK ? write_pem(folder, file, NULL, certificate, place_out) : status;
}

/* A DNS name or an address: also keeps anything else out of the SAN's text form. */
static bool is_host(const char *host) {
    return strlen(host) <= 253 && config_check_host(host) == NULL;
}

bool pki_is_address(const char *host) {
    ASN1_OCTET_STRING *address = a2i_IPADDRESS(host);
    bool good = address != NULL;
    ASN1_OCTET_STRING_free(address);
    return good;
}

enum status pki_make_server(const char *folder, const char *const *hosts, size_t host_count,
                            int64_t days, struct wall_time now, char *place_out) {
    char names[SAN_SIZE];
    struct text text = text_over(names, sizeof names), place = text_over(place_out, PKI_PLACE_SIZE);
    for (size_t i = 0; i < host_count; i++) {
        bool address = pki_is_address(hosts[i]);
        if (!is_host(hosts[i]) || (!address && strchr(hosts[i], ':') != NULL)) {
            text_add(&place, hosts[i]);
            return STATUS_MALFORMED;
        }
        text_add(&text, i == 0 ? "" : ",");
        text_add(&text, address ? "IP:" : "DNS:");
        text_add(&text, hosts[i]);
    }
    if (host_count == 0) return STATUS_TOO_FEW;
    if (text.truncated) return STATUS_TOO_LARGE;
    /* Peers look at the alternative names; a long host does not fit a common name. */
    const char *name = strlen(hosts[0]) <= NAME_MAX_CN ? hosts[0] : "ear-aggregator";
    struct purpose purpose = {name, names, "serverAuth"};
    return make_leaf(folder, "server", &purpose, days, now, place_out);
}

enum status pki_make_agent(const char *folder, const struct instance_id *instance,
                           const char *account, int64_t days, struct wall_time now,
                           char *place_out) {
    char names[SAN_SIZE];
    struct text text = text_over(names, sizeof names), place = text_over(place_out, PKI_PLACE_SIZE);
    if (strlen(account) != 12 || strspn(account, "0123456789") != 12) {
        text_add(&place, account);
        return STATUS_MALFORMED;
    }
    text_add(&text, "DNS:");
    text_add(&text, instance->text);
    text_add(&text, ",URI:ear://");
    text_add(&text, account);
    text_add(&text, "/");
    text_add(&text, instance->text);
    struct purpose purpose = {instance->text, names, "clientAuth"};
    return make_leaf(folder, instance->text, &purpose, days, now, place_out);
}
