/* Reads names out of a certificate. No data of its own; any thread. */
#include "aggregator/ingest/identity.h"

#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "common/base/text.h"

#define URI_SCHEME     "ear://"
#define ACCOUNT_DIGITS 12

enum status identity_parse_uri(const char *uri, size_t length, struct identity *identity_out) {
    const size_t scheme = sizeof URI_SCHEME - 1;
    if (length < scheme || memcmp(uri, URI_SCHEME, scheme) != 0) return STATUS_NOT_FOUND;
    struct identity identity = {0};
    const char *account = uri + scheme;
    if (length < scheme + ACCOUNT_DIGITS + 1 || account[ACCOUNT_DIGITS] != '/')
        return STATUS_MALFORMED;
    for (size_t i = 0; i < ACCOUNT_DIGITS; i++)
        if (account[i] < '0' || account[i] > '9') return STATUS_MALFORMED;
    memcpy(identity.account, account, ACCOUNT_DIGITS);
    const char *instance = account + ACCOUNT_DIGITS + 1;
    enum status status =
        instance_id_parse(instance, length - scheme - ACCOUNT_DIGITS - 1, &identity.instance);
    if (!status) *identity_out = identity;
    return status;
}

/* Joins what one more name says; two names that differ make the certificate useless. */
static enum status join(struct identity *into, const struct identity *said) {
    if (into->instance.text[0] != '\0' && !instance_id_equal(&into->instance, &said->instance))
        return STATUS_IDENTITY;
    if (into->account[0] != '\0' && said->account[0] != '\0' &&
        strcmp(into->account, said->account) != 0)
        return STATUS_IDENTITY;
    into->instance = said->instance;
    if (said->account[0] != '\0') memcpy(into->account, said->account, sizeof into->account);
    return STATUS_OK;
}

static enum status join_name(const GENERAL_NAME *name, struct identity *identity) {
    int type = 0;
    const ASN1_IA5STRING *value = GENERAL_NAME_get0_value(name, &type);
    if (type != GEN_DNS && type != GEN_URI) return STATUS_OK;
    const char *text = (const char *)ASN1_STRING_get0_data(value);
    size_t length = (size_t)ASN1_STRING_length(value);
    struct identity said = {0};
    if (type == GEN_DNS)
        return instance_id_parse(text, length, &said.instance) ? STATUS_OK : join(identity, &said);
    enum status status = identity_parse_uri(text, length, &said);
    if (status == STATUS_NOT_FOUND) return STATUS_OK;
    return status ? STATUS_IDENTITY : join(identity, &said);
}

static enum status join_alternative_names(const X509 *certificate, struct identity *identity) {
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    enum status status = STATUS_OK;
    for (int i = 0; !status && i < sk_GENERAL_NAME_num(names); i++)
        status = join_name(sk_GENERAL_NAME_value(names, i), identity);
    GENERAL_NAMES_free(names);
    return status;
}

static const ASN1_STRING *common_name(const X509 *certificate) {
    const X509_NAME *subject = X509_get_subject_name(certificate);
    int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    return at < 0 ? NULL : X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
}

enum status identity_of_certificate(const X509 *certificate, struct identity *identity_out) {
    struct identity identity = {0};
    enum status status = join_alternative_names(certificate, &identity);
    if (status) return status;
    const ASN1_STRING *name = common_name(certificate);
    if (identity.instance.text[0] == '\0' && name != NULL &&
        instance_id_parse((const char *)ASN1_STRING_get0_data(name),
                          (size_t)ASN1_STRING_length(name), &identity.instance))
        return STATUS_IDENTITY;
    if (identity.instance.text[0] == '\0') return STATUS_IDENTITY;
    *identity_out = identity;
    return STATUS_OK;
}

void identity_common_name(const X509 *certificate, char name[static INGEST_NAME_SIZE]) {
    struct text text = text_over(name, INGEST_NAME_SIZE);
    const ASN1_STRING *value = common_name(certificate);
    if (value == NULL) return;
    const unsigned char *bytes = ASN1_STRING_get0_data(value);
    for (int i = 0; i < ASN1_STRING_length(value); i++)
        text_add_character(&text, bytes[i] > ' ' && bytes[i] < 0x7f ? (char)bytes[i] : '?');
}

struct wall_time identity_not_after(const X509 *certificate) {
    struct tm fields;
    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &fields) != 1)
        return (struct wall_time){0};
    return (struct wall_time){(int64_t)timegm(&fields) * 1000};
}
