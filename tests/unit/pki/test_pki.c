/* Certificates read back with OpenSSL's library; the openssl program judges them in
 * tests/functional/pki. */
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aggregator/pki/pki.h"
#include "tests/support/unit.h"

#define NOW_MS 1772525520000 /* 2026-03-03T08:12:00Z */
#define DAY_MS 86400000LL

static const struct wall_time now = {NOW_MS};
static const struct instance_id instance = {"i-0123456789abcdef0"};
static char folder[64], place[PKI_PLACE_SIZE];

static void make_folder(void) {
    snprintf(folder, sizeof folder, "/tmp/ear-pki-XXXXXX");
    assert_non_null(mkdtemp(folder));
}

static void path_of(const char *file, char path[128]) {
    snprintf(path, 128, "%s/%s", folder, file);
}

static void remove_folder(void) {
    static const char *const files[] = {"ca.pem",
                                        "ca.key",
                                        "server.pem",
                                        "server.key",
                                        "i-0123456789abcdef0.pem",
                                        "i-0123456789abcdef0.key"};
    for (size_t i = 0; i < ARRAY_LENGTH(files); i++) {
        char path[128];
        path_of(files[i], path);
        unlink(path);
    }
    assert_int_equal(rmdir(folder), 0); /* nothing else was left there */
}

static X509 *load(const char *file) {
    char path[128];
    path_of(file, path);
    FILE *in = fopen(path, "r");
    assert_non_null(in);
    X509 *certificate = PEM_read_X509(in, NULL, NULL, NULL);
    fclose(in);
    assert_non_null(certificate);
    return certificate;
}

static mode_t mode_of(const char *file) {
    struct stat status;
    char path[128];
    path_of(file, path);
    assert_int_equal(stat(path, &status), 0);
    return status.st_mode & 07777;
}

static int64_t seconds_from_now(const ASN1_TIME *at) {
    ASN1_TIME *base = ASN1_TIME_set(NULL, NOW_MS / 1000);
    int days, seconds;
    assert_int_equal(ASN1_TIME_diff(&days, &seconds, base, at), 1);
    ASN1_TIME_free(base);
    return (int64_t)days * 86400 + seconds;
}

static enum status make_server(const char *host, int64_t days, struct wall_time at) {
    return pki_make_server(folder, &host, 1, days, at, place);
}

TEST(keys_are_0600_and_certificates_readable) {
    (void)state;
    make_folder();
    assert_ok(pki_make_ca(folder, false, 10, now, place));
    assert_ok(make_server("ear.example.com", 10, now));
    assert_ok(pki_make_agent(folder, &instance, "123456789012", 10, now, place));
    assert_int_equal(mode_of("ca.key"), 0600);
    assert_int_equal(mode_of("server.key"), 0600);
    assert_int_equal(mode_of("i-0123456789abcdef0.key"), 0600);
    assert_int_equal(mode_of("ca.pem"), 0644);
    remove_folder();
}

TEST(times_are_backdated_and_as_long_as_asked) {
    (void)state;
    make_folder();
    assert_ok(pki_make_ca(folder, false, 100, now, place));
    assert_ok(make_server("ear.example.com", 30, now));
    X509 *server = load("server.pem");
    assert_int_equal(seconds_from_now(X509_get0_notBefore(server)), -PKI_BACKDATE_S);
    assert_int_equal(seconds_from_now(X509_get0_notAfter(server)), 30 * 86400);
    X509_free(server);
    remove_folder();
}

TEST(no_certificate_outlives_its_ca) {
    (void)state;
    make_folder();
    assert_ok(pki_make_ca(folder, false, 10, now, place));
    assert_ok(make_server("ear.example.com", 397, now));
    X509 *server = load("server.pem");
    assert_int_equal(seconds_from_now(X509_get0_notAfter(server)), 10 * 86400);
    X509_free(server);
    remove_folder();
}

TEST(an_expired_ca_signs_nothing) {
    (void)state;
    make_folder();
    assert_ok(pki_make_ca(folder, false, 10, now, place));
    struct wall_time later = {NOW_MS + 11 * DAY_MS};
    assert_int_equal(make_server("ear.example.com", 10, later), STATUS_EXPIRED);
    assert_ok(pki_make_ca(folder, true, 10, later, place));
    assert_ok(make_server("ear.example.com", 5, later));
    remove_folder();
}

TEST(serials_are_random_and_twenty_bytes_long) {
    (void)state;
    make_folder();
    assert_ok(pki_make_ca(folder, false, 10, now, place));
    ASN1_INTEGER *before = NULL;
    for (int i = 0; i < 3; i++) {
        assert_ok(make_server("ear.example.com", 10, now));
        X509 *server = load("server.pem");
        const ASN1_INTEGER *serial = X509_get0_serialNumber(server);
        assert_int_equal(ASN1_STRING_length(serial), 20);
        assert_int_not_equal(ASN1_STRING_type(serial), V_ASN1_NEG_INTEGER);
        if (before != NULL) assert_int_not_equal(ASN1_INTEGER_cmp(before, serial), 0);
        ASN1_INTEGER_free(before);
        before = ASN1_INTEGER_dup(serial);
        X509_free(server);
    }
    ASN1_INTEGER_free(before);
    remove_folder();
}

TEST(renewing_keeps_the_cas_key_so_that_old_certificates_verify) {
    (void)state;
    make_folder();
    assert_ok(pki_make_ca(folder, false, 10, now, place));
    assert_ok(make_server("ear.example.com", 10, now));
    X509 *old = load("ca.pem");
    assert_int_equal(pki_make_ca(folder, false, 10, now, place), STATUS_EXISTS);
    assert_ok(pki_make_ca(folder, true, 20, now, place));
    X509 *renewed = load("ca.pem"), *server = load("server.pem");
    assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(old), X509_get0_pubkey(renewed)), 1);
    assert_int_not_equal(
        ASN1_INTEGER_cmp(X509_get0_serialNumber(old), X509_get0_serialNumber(renewed)), 0);
    assert_int_equal(X509_verify(server, X509_get0_pubkey(renewed)), 1);
    assert_int_equal(X509_check_issued(renewed, server), X509_V_OK);
    X509_free(old);
    X509_free(renewed);
    X509_free(server);
    remove_folder();
}

TEST(a_renewed_leaf_has_a_new_key) {
    (void)state;
    make_folder();
    assert_ok(pki_make_ca(folder, false, 10, now, place));
    assert_ok(make_server("ear.example.com", 10, now));
    X509 *first = load("server.pem");
    assert_ok(make_server("ear.example.com", 10, now));
    X509 *second = load("server.pem");
    assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(first), X509_get0_pubkey(second)), 0);
    X509_free(first);
    X509_free(second);
    remove_folder();
}

TEST(hosts_that_are_none_are_refused) {
    (void)state;
    make_folder();
    assert_ok(pki_make_ca(folder, false, 10, now, place));
    static const char *const hosts[] = {"",       "a b",      "a,DNS:evil.example", "DNS:x",
                                        "a:b",    "*.x.com",  "-x.example",         "ex\nample",
                                        "x/../y", "@section", "dirName:x"};
    for (size_t i = 0; i < ARRAY_LENGTH(hosts); i++) {
        enum status status = make_server(hosts[i], 10, now);
        if (status != STATUS_MALFORMED) fail_msg("%s: %s", hosts[i], status_name(status));
        assert_string_equal(place, hosts[i]);
    }
    char path[128];
    path_of("server.pem", path);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(pki_make_server(folder, NULL, 0, 10, now, place), STATUS_TOO_FEW);
    remove_folder();
}

TEST(names_and_addresses_go_where_they_belong) {
    (void)state;
    make_folder();
    assert_ok(pki_make_ca(folder, false, 10, now, place));
    static const char *const hosts[] = {"ear.example.com", "10.0.0.5", "2001:db8::5"};
    assert_ok(pki_make_server(folder, hosts, 3, 10, now, place));
    X509 *server = load("server.pem");
    assert_int_equal(X509_check_host(server, "ear.example.com", 0, 0, NULL), 1);
    assert_int_equal(X509_check_host(server, "10.0.0.5", 0, 0, NULL), 0);
    assert_int_equal(X509_check_ip_asc(server, "10.0.0.5", 0), 1);
    assert_int_equal(X509_check_ip_asc(server, "2001:db8::5", 0), 1);
    assert_int_equal(X509_check_ip_asc(server, "10.0.0.6", 0), 0);
    X509_free(server);
    remove_folder();
}

TEST(a_host_longer_than_a_common_name_still_gets_its_certificate) {
    (void)state;
    static const char host[] = "a-very-long-label-of-a-host.in-a-very-long-zone-of-names."
                               "some-region.compute.internal.example.com";
    make_folder();
    assert_ok(pki_make_ca(folder, false, 10, now, place));
    assert_ok(make_server(host, 10, now));
    X509 *server = load("server.pem");
    assert_int_equal(X509_check_host(server, host, 0, 0, NULL), 1);
    X509_free(server);
    remove_folder();
}

TEST(accounts_are_twelve_digits) {
    (void)state;
    make_folder();
    assert_ok(pki_make_ca(folder, false, 10, now, place));
    static const char *const accounts[] = {"", "12345678901", "1234567890123", "12345678901x",
                                           "12345678901/"};
    for (size_t i = 0; i < ARRAY_LENGTH(accounts); i++) {
        assert_int_equal(pki_make_agent(folder, &instance, accounts[i], 10, now, place),
                         STATUS_MALFORMED);
        assert_string_equal(place, accounts[i]);
    }
    remove_folder();
}

TEST(without_a_ca_nothing_is_signed) {
    (void)state;
    make_folder();
    assert_int_equal(make_server("ear.example.com", 10, now), STATUS_NOT_FOUND);
    assert_non_null(strstr(place, "/ca.key"));
    assert_int_equal(pki_make_ca(folder, true, 10, now, place), STATUS_NOT_FOUND);
    remove_folder();
    assert_int_equal(pki_make_ca("/nonexistent/pki", false, 10, now, place), STATUS_NOT_FOUND);
}

TEST(a_key_of_another_ca_signs_nothing) {
    (void)state;
    char kept[128], key[128];
    make_folder();
    assert_ok(pki_make_ca(folder, false, 10, now, place));
    path_of("ca.key", key);
    path_of("server.key", kept);
    assert_ok(make_server("ear.example.com", 10, now));
    assert_int_equal(rename(kept, key), 0); /* another key in the CA's place */
    assert_int_equal(make_server("ear.example.com", 10, now), STATUS_IDENTITY);
    remove_folder();
}

TEST(broken_files_are_named) {
    (void)state;
    char path[128];
    make_folder();
    assert_ok(pki_make_ca(folder, false, 10, now, place));
    path_of("ca.pem", path);
    FILE *file = fopen(path, "w");
    fputs("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", file);
    fclose(file);
    assert_int_equal(make_server("ear.example.com", 10, now), STATUS_MALFORMED);
    assert_string_equal(place, path);
    remove_folder();
}
