/* The answer's head, however it arrives. */
#include <string.h>

#include "agent/health/http.h"
#include "tests/support/unit.h"

static enum status parse(const char *text, int *status_out) {
    return http_parse(text, strlen(text), status_out);
}

TEST(the_status_is_given_once_the_head_is_whole) {
    (void)state;
    static const char answer[] = "HTTP/1.1 503 Service Unavailable\r\nA: b\r\n\r\nbody";
    size_t head = strlen(answer) - strlen("body");
    int status = 0;
    for (size_t length = 0; length < head; length++)
        assert_int_equal(http_parse(answer, length, &status), STATUS_AGAIN);
    for (size_t length = head; length <= strlen(answer); length++) {
        assert_ok(http_parse(answer, length, &status));
        assert_int_equal(status, 503);
    }
}

TEST(forms_that_servers_really_send_are_taken) {
    (void)state;
    int status = 0;
    assert_ok(parse("HTTP/1.0 200\r\n\r\n", &status));
    assert_int_equal(status, 200);
    assert_ok(parse("HTTP/1.1 204 No Content\n\n", &status));
    assert_int_equal(status, 204);
    assert_ok(parse("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nL: x\r\n\r\n"
                    "HTTP/1.1 200 OK\r\n\r\n",
                    &status));
    assert_int_equal(status, 200);
}

TEST(what_is_not_http_is_known_early) {
    (void)state;
    static const char *const texts[] = {"SSH-2.0-x",
                                        "HTTP/2 200\r\n\r\n",
                                        "HTTP/1.x 200 \r\n\r\n",
                                        "HTTP/1.1 2000 x\r\n\r\n",
                                        "HTTP/1.1 099 x\r\n\r\n",
                                        "HTTP/1.1 600 x\r\n\r\n",
                                        "HTTP/1.1200 OK\r\n\r\n",
                                        "\n\n",
                                        "HTTP/1.1 20\r\n\r\n"};
    int status = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
        assert_int_equal(parse(texts[i], &status), STATUS_MALFORMED);
}

TEST(endless_heads_are_bounded) {
    (void)state;
    static char text[HTTP_RESPONSE_MAX];
    int status = 0;
    memset(text, 'a', sizeof text);
    memcpy(text, "HTTP/1.1 200 OK\r\n", 17);
    assert_int_equal(http_parse(text, sizeof text - 1, &status), STATUS_AGAIN);
    assert_int_equal(http_parse(text, sizeof text, &status), STATUS_TOO_LARGE);
    memcpy(text, "HTTP/1.1 100 a\r\n\r\n", 18);
    for (unsigned i = 1; i <= HTTP_INTERIM_MAX; i++) memcpy(text + i * 18, text, 18);
    assert_int_equal(http_parse(text, (HTTP_INTERIM_MAX + 1) * 18, &status), STATUS_MALFORMED);
}

TEST(the_request_names_host_and_path_and_asks_to_close) {
    (void)state;
    struct address_url url;
    char request[HTTP_REQUEST_SIZE];
    assert_ok(address_parse_url("http://127.0.0.1:81/ready?a=b", &url));
    size_t length = http_request(&url, request);
    assert_int_equal(length, strlen(request));
    assert_ptr_equal(strstr(request, "GET /ready?a=b HTTP/1.1\r\nHost: 127.0.0.1:81\r\n"), request);
    assert_non_null(strstr(request, "\r\nConnection: close\r\n"));
    assert_string_equal(request + length - 4, "\r\n\r\n");
}

TEST(the_longest_url_still_fits_its_request) {
    (void)state;
    static char text[ADDRESS_TEXT_MAX + 1];
    struct address_url url;
    char request[HTTP_REQUEST_SIZE];
    memset(text, 'p', ADDRESS_TEXT_MAX);
    memcpy(text, "http://127.0.0.1:65535/", 23);
    assert_ok(address_parse_url(text, &url));
    assert_true(http_request(&url, request) < HTTP_REQUEST_SIZE - 1);
}
