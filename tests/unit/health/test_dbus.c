/* D-Bus: our requests byte by byte where it matters, foreign messages cut and broken. */
#include <string.h>

#include "agent/health/dbus.h"
#include "tests/support/unit.h"

/* The answer of a real system bus to Properties.Get, but for the unique names. */
static const uint8_t answer[] = {
    'l', 2,   1,   1, 15, 0,   0, 0, 9,   0,   0,   0,   45,  0,   0,
    0,                               /* body 15, serial 9, fields 45 */
    5,   1,   'u', 0, 2,  0,   0, 0, /* reply to 2 */
    6,   1,   's', 0, 5,  0,   0, 0, ':', '1', '.', '4', '2', 0,   0,
    0,                                                      /* destination */
    8,   1,   'g', 0, 1,  'v', 0, 0,                        /* signature */
    7,   1,   's', 0, 4,  0,   0, 0, ':', '1', '.', '0', 0, /* sender */
    0,   0,   0,                                            /* to 8 */
    1,   's', 0,   0, 6,  0,   0, 0, 'a', 'c', 't', 'i', 'v', 'e', 0};

TEST(authentication_sends_the_uid_in_hexadecimal_digits) {
    (void)state;
    char text[DBUS_REQUEST_SIZE];
    size_t length = dbus_auth(1000, text);
    assert_int_equal(text[0], '\0');
    assert_memory_equal(text + 1, "AUTH EXTERNAL 31303030\r\n", length - 1);
    assert_int_equal(length, 25);
}

TEST(the_request_asks_for_the_escaped_unit) {
    (void)state;
    uint8_t bytes[DBUS_REQUEST_SIZE];
    size_t length = 0;
    assert_ok(dbus_requests("web-1@a.service", bytes, &length));
    assert_memory_equal(bytes, "BEGIN\r\n", 7);
    static const char path[] = "/org/freedesktop/systemd1/unit/web_2d1_40a_2eservice";
    bool found = false;
    for (size_t i = 0; i + sizeof path <= length; i++)
        found = found || memcmp(bytes + i, path, sizeof path) == 0;
    assert_true(found);
    /* The first message: its own lengths lead exactly to the second. */
    const uint8_t *hello = bytes + 7;
    size_t fields = hello[12] | (size_t)hello[13] << 8, body = hello[4];
    size_t total = (16 + fields + 7) / 8 * 8 + body;
    assert_int_equal(hello[total], 'l');
    assert_int_equal(hello[total + 8], DBUS_GET_SERIAL);
}

TEST(a_first_digit_is_escaped_and_a_long_name_refused) {
    (void)state;
    uint8_t bytes[DBUS_REQUEST_SIZE];
    size_t length = 0;
    assert_ok(dbus_requests("9p.mount", bytes, &length));
    static const char path[] = "unit/_39p_2emount";
    bool found = false;
    for (size_t i = 0; i + sizeof path <= length; i++)
        found = found || memcmp(bytes + i, path, sizeof path) == 0;
    assert_true(found);
    char unit[512];
    memset(unit, '-', sizeof unit - 1);
    unit[sizeof unit - 1] = '\0';
    assert_int_equal(dbus_requests(unit, bytes, &length), STATUS_TOO_LARGE);
    assert_int_equal(dbus_requests("", bytes, &length), STATUS_TOO_LARGE);
}

TEST(the_state_is_read_once_the_message_is_whole) {
    (void)state;
    size_t used = 0;
    enum dbus_answer kind = DBUS_OTHER;
    char text[DBUS_STATE_SIZE];
    for (size_t length = 0; length < sizeof answer; length++)
        assert_int_equal(dbus_parse(answer, length, &used, &kind, text), STATUS_AGAIN);
    assert_ok(dbus_parse(answer, sizeof answer, &used, &kind, text));
    assert_int_equal(used, sizeof answer);
    assert_int_equal(kind, DBUS_STATE);
    assert_string_equal(text, "active");
}

TEST(answers_to_others_and_signals_are_passed_over) {
    (void)state;
    uint8_t other[sizeof answer];
    size_t used = 0;
    enum dbus_answer kind = DBUS_STATE;
    char text[DBUS_STATE_SIZE];
    memcpy(other, answer, sizeof answer);
    other[20] = 1; /* the answer to Hello */
    assert_ok(dbus_parse(other, sizeof other, &used, &kind, text));
    assert_int_equal(kind, DBUS_OTHER);
    memcpy(other, answer, sizeof answer);
    other[1] = 4; /* a signal */
    assert_ok(dbus_parse(other, sizeof other, &used, &kind, text));
    assert_int_equal(kind, DBUS_OTHER);
}

TEST(every_changed_byte_is_survived) {
    (void)state;
    size_t used = 0;
    enum dbus_answer kind;
    char text[DBUS_STATE_SIZE];
    for (size_t at = 0; at < sizeof answer; at++)
        for (unsigned value = 0; value < 256; value += 3) {
            uint8_t broken[sizeof answer];
            memcpy(broken, answer, sizeof answer);
            broken[at] = (uint8_t)value;
            used = 0;
            enum status status = dbus_parse(broken, sizeof broken, &used, &kind, text);
            if (status == STATUS_OK) assert_true(used > 0 && used <= sizeof broken);
        }
}

TEST(oversized_and_foreign_endian_messages_are_refused) {
    (void)state;
    uint8_t header[16] = {'l', 2, 0, 1, 0xff, 0xff, 0xff, 0xff};
    size_t used;
    enum dbus_answer kind;
    char text[DBUS_STATE_SIZE];
    assert_int_equal(dbus_parse(header, sizeof header, &used, &kind, text), STATUS_TOO_LARGE);
    header[0] = 'B';
    assert_int_equal(dbus_parse(header, sizeof header, &used, &kind, text), STATUS_MALFORMED);
}
