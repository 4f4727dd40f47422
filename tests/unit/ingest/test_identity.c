/* The URI of a certificate's SAN. Whole certificates: functional.link.certificates. */
#include "tests/support/unit.h"

#include <string.h>

#include "aggregator/ingest/identity.h"

TEST(uri_gives_account_and_instance) {
    (void)state;
    const char *uri = "ear://123456789012/i-0123456789abcdef0";
    struct identity identity;
    assert_ok(identity_parse_uri(uri, strlen(uri), &identity));
    assert_string_equal(identity.account, "123456789012");
    assert_string_equal(identity.instance.text, "i-0123456789abcdef0");
}

TEST(uri_of_another_scheme_is_not_ours) {
    (void)state;
    const char *uri = "spiffe://123456789012/i-0123456789abcdef0";
    struct identity identity;
    assert_int_equal(identity_parse_uri(uri, strlen(uri), &identity), STATUS_NOT_FOUND);
}

TEST(uri_that_is_ours_but_wrong_is_malformed) {
    (void)state;
    const char *bad[] = {"ear://",
                         "ear://12345678901/i-0123456789abcdef0",
                         "ear://1234567890123/i-0123456789abcdef0",
                         "ear://12345678901x/i-0123456789abcdef0",
                         "ear://123456789012",
                         "ear://123456789012/",
                         "ear://123456789012/../i-01234567",
                         "ear://123456789012/i-01234567/x"};
    struct identity identity;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(identity_parse_uri(bad[i], strlen(bad[i]), &identity), STATUS_MALFORMED);
    const char nul[] = "ear://123456789012/i-01234567\0x";
    assert_int_equal(identity_parse_uri(nul, sizeof nul - 1, &identity), STATUS_MALFORMED);
}
