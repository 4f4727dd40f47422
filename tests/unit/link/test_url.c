/* The aggregator's address: what is taken, and that plain TCP never leaves the host. */
#include "tests/support/unit.h"

#include <string.h>

#include "agent/link/url.h"

TEST(host_is_read_from_both_schemes) {
    (void)state;
    struct url url;
    assert_ok(url_parse("tls+tcp://ear.example.internal:7443", &url));
    assert_true(url.tls);
    assert_string_equal(url.host, "ear.example.internal");
    assert_ok(url_parse("tls+tcp://[2001:db8::1]:7443", &url));
    assert_string_equal(url.host, "2001:db8::1");
    assert_ok(url_parse("tcp://127.0.0.1:1", &url));
    assert_false(url.tls);
}

TEST(plain_tcp_to_another_host_is_refused) {
    (void)state;
    struct url url;
    assert_int_equal(url_parse("tcp://10.0.0.1:7443", &url), STATUS_REFUSED);
    assert_int_equal(url_parse("tcp://localhost.example:7443", &url), STATUS_REFUSED);
    assert_ok(url_parse("tcp://[::1]:7443", &url));
    assert_ok(url_parse("tcp://localhost:7443", &url));
}

TEST(what_is_not_an_address_is_malformed) {
    (void)state;
    struct url url;
    const char *bad[] = {"",
                         "ear.example:7443",
                         "http://ear.example:80",
                         "tls+tcp://ear.example",
                         "tls+tcp://:7443",
                         "tls+tcp://ear.example:0",
                         "tls+tcp://ear.example:65536",
                         "tls+tcp://ear.example:74x3",
                         "tls+tcp://ear.example:7443/path",
                         "tls+tcp://ear example:7443",
                         "tls+tcp://2001:db8::1:7443",
                         "tls+tcp://user@ear.example:7443"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(url_parse(bad[i], &url), STATUS_MALFORMED);
}

TEST(host_too_long_is_said_so) {
    (void)state;
    struct url url;
    char text[256] = "tls+tcp://";
    memset(text + 10, 'a', 200);
    strcpy(text + 210, ":7443");
    assert_int_equal(url_parse(text, &url), STATUS_TOO_LARGE);
}
