/* The chain's hash, its key and the signed heads; used by the store's thread. */
#include "aggregator/store/audit.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aggregator/store/audit_private.h"
#include "common/base/json_write.h"
#include "common/sys/error.h"
#include "common/sys/file.h"

#define KEY_BYTES_MAX 4096

void audit_hash(const uint8_t previous[AUDIT_HASH_BYTES], const char *writer, int64_t number,
                const char *item, uint8_t hash_out[AUDIT_HASH_BYTES]) {
    char frame[AUDIT_WRITER_SIZE + 32];
    struct text text = text_over(frame, sizeof frame);
    text_add(&text, writer);
    text_add(&text, "\n");
    text_add_integer(&text, number);
    text_add(&text, "\n");
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    /* SHA-256 of short inputs fails only without memory; a row must then not look hashed. */
    ASSERT(context != NULL && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
           EVP_DigestUpdate(context, previous, AUDIT_HASH_BYTES) == 1 &&
           EVP_DigestUpdate(context, frame, text.length) == 1 &&
           EVP_DigestUpdate(context, item, strlen(item)) == 1 &&
           EVP_DigestFinal_ex(context, hash_out, NULL) == 1);
    EVP_MD_CTX_free(context);
}

static enum status make_key(const char *path, EVP_PKEY **key_out) {
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    BIO *private_pem = BIO_new(BIO_s_mem()), *public_pem = BIO_new(BIO_s_mem());
    enum status status = STATUS_NO_MEMORY;
    char public_path[FILE_PATH_SIZE];
    struct text text = text_over(public_path, sizeof public_path);
    text_add(&text, path);
    text_add(&text, ".pub");
    if (text.truncated) status = STATUS_TOO_LARGE;
    if (key == NULL || private_pem == NULL || public_pem == NULL || text.truncated ||
        PEM_write_bio_PrivateKey(private_pem, key, NULL, NULL, 0, NULL, NULL) != 1 ||
        PEM_write_bio_PUBKEY(public_pem, key) != 1)
        goto out;
    char *bytes;
    size_t length = (size_t)BIO_get_mem_data(public_pem, &bytes);
    status = file_write_atomic(public_path, bytes, length, 0644);
    if (status != STATUS_OK) goto out;
    length = (size_t)BIO_get_mem_data(private_pem, &bytes);
    status = file_write_atomic(path, bytes, length, 0600);
    OPENSSL_cleanse(bytes, length);
    if (status == STATUS_OK) {
        *key_out = key;
        key = NULL;
    }
out:
    EVP_PKEY_free(key);
    BIO_free(private_pem);
    BIO_free(public_pem);
    return status;
}

static enum status read_key(const char *path, EVP_PKEY **key_out) {
    char bytes[KEY_BYTES_MAX];
    size_t length;
    enum status status = file_read(path, bytes, sizeof bytes, &length);
    if (status != STATUS_OK) return status;
    BIO *pem = BIO_new_mem_buf(bytes, (int)length);
    EVP_PKEY *key = pem == NULL ? NULL : PEM_read_bio_PrivateKey(pem, NULL, NULL, NULL);
    BIO_free(pem);
    OPENSSL_cleanse(bytes, sizeof bytes);
    if (key == NULL) return STATUS_MALFORMED;
    if (EVP_PKEY_get_id(key) != EVP_PKEY_ED25519) {
        EVP_PKEY_free(key);
        return STATUS_UNSUPPORTED;
    }
    *key_out = key;
    return STATUS_OK;
}

enum status audit_key_open(const char *path, struct audit_key **key_out) {
    struct stat about;
    EVP_PKEY *pair = NULL;
    enum status status;
    if (stat(path, &about) == 0)
        status = (about.st_mode & 077) != 0 ? STATUS_DENIED : read_key(path, &pair);
    else
        status = errno == ENOENT ? make_key(path, &pair) : sys_status(errno);
    if (status != STATUS_OK) return status;
    struct audit_key *key = calloc(1, sizeof *key);
    if (key == NULL) {
        EVP_PKEY_free(pair);
        return STATUS_NO_MEMORY;
    }
    key->pair = pair;
    *key_out = key;
    return STATUS_OK;
}

void audit_key_destroy(struct audit_key *key) {
    if (key == NULL) return;
    EVP_PKEY_free(key->pair);
    free(key);
}

size_t audit_head_text(char text_out[AUDIT_HEAD_SIZE], const char *writer, int64_t count,
                       const char *head_hex, const char *time) {
    struct text text = text_over(text_out, AUDIT_HEAD_SIZE);
    text_add(&text, "ear.audit-head/1\n");
    text_add(&text, writer);
    text_add(&text, "\n");
    text_add_integer(&text, count);
    text_add(&text, "\n");
    text_add(&text, head_hex);
    text_add(&text, "\n");
    text_add(&text, time);
    return text.length;
}

/* One-shot Ed25519 over `length` bytes. */
static bool sign(EVP_PKEY *pair, const char *bytes, size_t length,
                 uint8_t signature_out[AUDIT_SIGNATURE_BYTES]) {
    size_t signature_length = AUDIT_SIGNATURE_BYTES;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = context != NULL && EVP_DigestSignInit(context, NULL, NULL, NULL, pair) == 1 &&
                EVP_DigestSign(context, signature_out, &signature_length, (const uint8_t *)bytes,
                               length) == 1;
    EVP_MD_CTX_free(context);
    return good && signature_length == AUDIT_SIGNATURE_BYTES;
}

enum status audit_sign_head(const struct audit_key *key, const char *heads_file,
                            const struct audit_chain *chain, struct wall_time now) {
    char signed_text[AUDIT_HEAD_SIZE], time[CLOCK_RFC3339_SIZE], line[AUDIT_HEAD_SIZE * 2];
    char head_hex[AUDIT_HASH_BYTES * 2 + 1], signature_hex[AUDIT_SIGNATURE_BYTES * 2 + 1];
    uint8_t signature[AUDIT_SIGNATURE_BYTES];
    struct text hex = text_over(head_hex, sizeof head_hex);
    text_add_hex(&hex, chain->head, AUDIT_HASH_BYTES);
    wall_format(now, time);
    size_t length = audit_head_text(signed_text, chain->writer, chain->count, head_hex, time);
    if (!sign(key->pair, signed_text, length, signature)) return STATUS_INTERNAL;
    hex = text_over(signature_hex, sizeof signature_hex);
    text_add_hex(&hex, signature, sizeof signature);
    struct text text = text_over(line, sizeof line);
    struct json_writer json = json_writer_over(&text);
    json_open_object(&json, NULL);
    json_string(&json, "writer", chain->writer);
    json_integer(&json, "count", chain->count);
    json_string(&json, "head", head_hex);
    json_string(&json, "time", time);
    json_string(&json, "signature", signature_hex);
    json_close_object(&json);
    text_add(&text, "\n");
    int fd CLEANUP(file_close) = -1;
    enum status status = file_open_append(heads_file, 0600, &fd);
    if (status == STATUS_OK) status = file_append(fd, line, text.length);
    return status == STATUS_OK ? file_sync(fd) : status;
}
