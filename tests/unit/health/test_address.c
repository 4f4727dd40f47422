/* Addresses that may be checked, and those that must not be. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "agent/health/address.h"
#include "tests/support/unit.h"

TEST(numbers_and_localhost_are_addresses) {
    (void)state;
    struct address address;
    assert_ok(address_parse("127.0.0.1:8080", &address));
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address.socket;
    assert_int_equal(ntohs(v4->sin_port), 8080);
    assert_int_equal(ntohl(v4->sin_addr.s_addr), INADDR_LOOPBACK);
    assert_ok(address_parse("localhost:1", &address));
    assert_int_equal(ntohl(v4->sin_addr.s_addr), INADDR_LOOPBACK);
    assert_ok(address_parse("[::1]:65535", &address));
    assert_int_equal(address.socket.ss_family, AF_INET6);
    assert_ok(address_parse("10.0.0.7:22", &address));
}

TEST(addresses_that_must_not_be_checked_are_denied) {
    (void)state;
    static const char *const denied[] = {
        "169.254.169.254:80", "0.0.0.0:80",         "224.0.0.1:80",
        "255.255.255.255:80", "[fe80::1]:80",       "[::]:80",
        "[ff02::1]:80",       "[fd00:ec2::254]:80", "[::ffff:169.254.1.1]:80",
        "240.0.0.1:80"};
    struct address address;
    for (size_t i = 0; i < ARRAY_LENGTH(denied); i++)
        assert_int_equal(address_parse(denied[i], &address), STATUS_DENIED);
}

TEST(what_is_no_address_is_refused) {
    (void)state;
    static const char *const broken[] = {"",
                                         ":80",
                                         "127.0.0.1",
                                         "127.0.0.1:",
                                         "127.0.0.1:0",
                                         "127.0.0.1:65536",
                                         "127.0.0.1:8x",
                                         "[::1]",
                                         "[::1",
                                         "[::1]x:80",
                                         "[zz]:80",
                                         "127.0.0.1:-1"};
    struct address address;
    for (size_t i = 0; i < ARRAY_LENGTH(broken); i++)
        assert_int_equal(address_parse(broken[i], &address), STATUS_MALFORMED);
    assert_int_equal(address_parse("example.com:80", &address), STATUS_UNSUPPORTED);
}

TEST(urls_are_taken_apart) {
    (void)state;
    struct address_url url;
    assert_ok(address_parse_url("http://127.0.0.1", &url));
    assert_string_equal(url.path, "/");
    assert_string_equal(url.host, "127.0.0.1");
    assert_false(url.tls);
    assert_ok(address_parse_url("https://localhost:8443/health?deep=1", &url));
    assert_true(url.tls);
    assert_string_equal(url.host, "localhost:8443");
    assert_string_equal(url.path, "/health?deep=1");
    assert_ok(address_parse_url("http://[::1]:81?x", &url));
    assert_string_equal(url.path, "/?x");
}

TEST(urls_with_users_blanks_or_control_characters_are_refused) {
    (void)state;
    static const char *const broken[] = {"ftp://127.0.0.1/",
                                         "http://",
                                         "http://user@127.0.0.1/",
                                         "http://127.0.0.1/a b",
                                         "http://127.0.0.1/\r\nX: y",
                                         "http://127.0.0.1/#part",
                                         "http://127.0.0.1:x/",
                                         "//127.0.0.1/",
                                         "http://127.0.0.1\\@10.0.0.1/"};
    struct address_url url;
    for (size_t i = 0; i < ARRAY_LENGTH(broken); i++)
        assert_int_equal(address_parse_url(broken[i], &url), STATUS_MALFORMED);
    assert_int_equal(address_parse_url("http://169.254.169.254/latest", &url), STATUS_DENIED);
    char big[ADDRESS_TEXT_MAX + 2];
    memset(big, 'a', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    memcpy(big, "http://127.0.0.1/", 17);
    assert_int_equal(address_parse_url(big, &url), STATUS_MALFORMED);
}
