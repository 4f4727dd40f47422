/* SigV4 on OpenSSL's digest and one-shot HMAC. The canonical request is hashed as it is formed and
 * never stands in memory as a whole. No state; any thread. */
#include "aggregator/aws/sigv4.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "common/base/text.h"

#define DIGEST_BYTES    32
#define SECRET_MAX      256 /* AWS's are 40 characters; others' stand-ins may be longer */
#define HEADER_NAME_MAX 128 /* bytes of a header's name */
#define TERMINATOR      "aws4_request"

static bool hmac(const void *key, size_t key_length, const char *data, uint8_t out[DIGEST_BYTES]) {
    unsigned length = 0;
    return HMAC(EVP_sha256(), key, (int)key_length, (const unsigned char *)data, strlen(data), out,
                &length) != NULL &&
           length == DIGEST_BYTES;
}

static void to_hex(const uint8_t digest[DIGEST_BYTES], char hex[AWS_SIGV4_HEX_SIZE]) {
    struct text text = text_over(hex, AWS_SIGV4_HEX_SIZE);
    text_add_hex(&text, digest, DIGEST_BYTES);
}

static enum status derive_bytes(const char *secret, const char *day, const char *region,
                                const char *service, uint8_t out[DIGEST_BYTES]) {
    char start[4 + SECRET_MAX + 1];
    struct text text = text_over(start, sizeof start);
    text_add(&text, "AWS4");
    text_add(&text, secret);
    enum status status = text.truncated ? STATUS_TOO_LARGE : STATUS_OK;
    if (status == STATUS_OK &&
        !(hmac(start, text.length, day, out) && hmac(out, DIGEST_BYTES, region, out) &&
          hmac(out, DIGEST_BYTES, service, out) && hmac(out, DIGEST_BYTES, TERMINATOR, out)))
        status = STATUS_INTERNAL;
    OPENSSL_cleanse(start, sizeof start);
    return status;
}

enum status aws_sigv4_derive(const char *secret, const char *date, const char *region,
                             const char *service, struct aws_sigv4_key *key_out) {
    struct aws_sigv4_key key = {0};
    char day[9];
    enum status status = text_copy_bytes(day, sizeof day, date, strnlen(date, 8));
    if (status != STATUS_OK) return status;
    struct text scope = text_over(key.scope, sizeof key.scope);
    text_add(&scope, day);
    text_add_character(&scope, '/');
    text_add(&scope, region);
    text_add_character(&scope, '/');
    text_add(&scope, service);
    text_add(&scope, "/" TERMINATOR);
    if (scope.truncated) return STATUS_TOO_LARGE;
    status = derive_bytes(secret, day, region, service, key.bytes);
    if (status == STATUS_OK) *key_out = key;
    aws_sigv4_key_wipe(&key);
    return status;
}

void aws_sigv4_key_wipe(struct aws_sigv4_key *key) { OPENSSL_cleanse(key, sizeof *key); }

static int lower(int c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; }

static int compare_names(const char *a, const char *b) {
    for (;; a++, b++) {
        int left = lower((unsigned char)*a), right = lower((unsigned char)*b);
        if (left != right || left == 0) return left - right;
    }
}

/* Insertion sort: stable, so that repeated names keep their order, and at most 24 entries. */
static void sort_headers(const struct aws_sigv4_request *request,
                         const struct aws_sigv4_header *sorted[AWS_SIGV4_HEADERS_MAX]) {
    for (size_t i = 0; i < request->header_count; i++) {
        size_t at = i;
        while (at > 0 && compare_names(sorted[at - 1]->name, request->headers[i].name) > 0) {
            sorted[at] = sorted[at - 1];
            at--;
        }
        sorted[at] = &request->headers[i];
    }
}

static void add_lower(struct text *text, const char *name) {
    for (; *name != '\0'; name++) text_add_character(text, (char)lower((unsigned char)*name));
}

static bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/* Trims the value and turns each run of blanks into one space. */
static void add_collapsed(struct text *text, const char *value) {
    bool any = false, gap = false;
    for (; *value != '\0'; value++) {
        if (is_blank(*value)) {
            gap = any;
            continue;
        }
        if (gap) text_add_character(text, ' ');
        text_add_character(text, *value);
        any = true;
        gap = false;
    }
}

/* The running hash of the canonical request, and the names signed so far. */
struct canonical {
    EVP_MD_CTX *hash;
    struct text *names;
    bool failed;
};

static void feed(struct canonical *canonical, const char *bytes, size_t length) {
    if (EVP_DigestUpdate(canonical->hash, bytes, length) != 1) canonical->failed = true;
}

static void feed_line(struct canonical *canonical, const char *line) {
    feed(canonical, line, strlen(line));
    feed(canonical, "\n", 1);
}

/* One canonical line for all `count` headers of the same name. */
static enum status feed_header(struct canonical *canonical,
                               const struct aws_sigv4_header *const *same, size_t count) {
    char line[HEADER_NAME_MAX + AWS_SIGV4_VALUE_MAX];
    struct text text = text_over(line, sizeof line);
    add_lower(&text, same[0]->name);
    if (canonical->names->length > 0) text_add_character(canonical->names, ';');
    text_add(canonical->names, line);
    text_add_character(&text, ':');
    for (size_t i = 0; i < count; i++) {
        if (i > 0) text_add_character(&text, ',');
        add_collapsed(&text, same[i]->value);
    }
    enum status status = text.truncated ? STATUS_TOO_LARGE : STATUS_OK;
    if (status == STATUS_OK) feed_line(canonical, line);
    OPENSSL_cleanse(line, sizeof line); /* may have held the session token */
    return status;
}

static enum status feed_headers(struct canonical *canonical,
                                const struct aws_sigv4_request *request) {
    const struct aws_sigv4_header *sorted[AWS_SIGV4_HEADERS_MAX];
    if (request->header_count > AWS_SIGV4_HEADERS_MAX) return STATUS_TOO_LARGE;
    sort_headers(request, sorted);
    for (size_t i = 0; i < request->header_count;) {
        size_t same = 1;
        while (i + same < request->header_count &&
               compare_names(sorted[i]->name, sorted[i + same]->name) == 0)
            same++;
        enum status status = feed_header(canonical, &sorted[i], same);
        if (status != STATUS_OK) return status;
        i += same;
    }
    return STATUS_OK;
}

static enum status hash_request(const struct aws_sigv4_request *request, struct text *names,
                                const char *payload_hash, char hex[AWS_SIGV4_HEX_SIZE]) {
    struct canonical canonical = {.hash = EVP_MD_CTX_new(), .names = names};
    if (canonical.hash == NULL) return STATUS_NO_MEMORY;
    canonical.failed = EVP_DigestInit_ex(canonical.hash, EVP_sha256(), NULL) != 1;
    feed_line(&canonical, request->method);
    feed_line(&canonical, request->path);
    feed_line(&canonical, request->query);
    enum status status = feed_headers(&canonical, request);
    feed(&canonical, "\n", 1);
    feed_line(&canonical, names->data);
    feed(&canonical, payload_hash, strlen(payload_hash));
    uint8_t digest[DIGEST_BYTES];
    unsigned length = 0;
    if (EVP_DigestFinal_ex(canonical.hash, digest, &length) != 1) canonical.failed = true;
    EVP_MD_CTX_free(canonical.hash);
    if (status != STATUS_OK) return status;
    if (names->truncated) return STATUS_TOO_LARGE;
    if (canonical.failed) return STATUS_INTERNAL;
    to_hex(digest, hex);
    return STATUS_OK;
}

static enum status hash_body(const struct aws_sigv4_request *request,
                             char hex[AWS_SIGV4_HEX_SIZE]) {
    uint8_t digest[DIGEST_BYTES];
    unsigned length = 0;
    const void *body = request->body_length > 0 ? request->body : "";
    if (EVP_Digest(body, request->body_length, digest, &length, EVP_sha256(), NULL) != 1)
        return STATUS_INTERNAL;
    to_hex(digest, hex);
    return STATUS_OK;
}

static enum status sign_string(const char *amz_date, const struct aws_sigv4_key *key,
                               struct aws_sigv4_signature *signature) {
    char string[512];
    struct text text = text_over(string, sizeof string);
    text_add(&text, "AWS4-HMAC-SHA256\n");
    text_add(&text, amz_date);
    text_add_character(&text, '\n');
    text_add(&text, key->scope);
    text_add_character(&text, '\n');
    text_add(&text, signature->canonical_hash);
    if (text.truncated) return STATUS_TOO_LARGE;
    uint8_t mac[DIGEST_BYTES];
    if (!hmac(key->bytes, sizeof key->bytes, string, mac)) return STATUS_INTERNAL;
    to_hex(mac, signature->signature);
    return STATUS_OK;
}

enum status aws_sigv4_sign(const struct aws_sigv4_request *request, const char *amz_date,
                           const char *access_key, const struct aws_sigv4_key *key,
                           struct aws_sigv4_signature *signature_out) {
    struct aws_sigv4_signature signature = {0};
    char name_bytes[AWS_SIGV4_HEADERS_MAX * 32];
    struct text names = text_over(name_bytes, sizeof name_bytes);
    enum status status = hash_body(request, signature.payload_hash);
    if (status == STATUS_OK)
        status = hash_request(request, &names, signature.payload_hash, signature.canonical_hash);
    if (status == STATUS_OK) status = sign_string(amz_date, key, &signature);
    if (status != STATUS_OK) return status;
    struct text text = text_over(signature.authorization, sizeof signature.authorization);
    text_add(&text, "AWS4-HMAC-SHA256 Credential=");
    text_add(&text, access_key);
    text_add_character(&text, '/');
    text_add(&text, key->scope);
    text_add(&text, ", SignedHeaders=");
    text_add(&text, names.data);
    text_add(&text, ", Signature=");
    text_add(&text, signature.signature);
    if (text.truncated) return STATUS_TOO_LARGE;
    *signature_out = signature;
    return STATUS_OK;
}
