/* Text from outside on a terminal (SAFETY F35). */
#include "common/base/printable.h"
#include "tests/support/unit.h"

static char buffer[128];

static const char *shown(const char *string, bool ascii) {
    struct text text = text_over(buffer, sizeof buffer);
    printable_add(&text, string, ascii);
    return buffer;
}

TEST(plain_text_stays) {
    (void)state;
    assert_string_equal(shown("", false), "");
    assert_string_equal(shown("web-7 <b>&'\"", false), "web-7 <b>&'\"");
    assert_string_equal(shown("caf\xc3\xa9 \xe2\x96\x81 \xf0\x9f\x90\xa2", false),
                        "caf\xc3\xa9 \xe2\x96\x81 \xf0\x9f\x90\xa2");
}

TEST(controls_and_escapes_become_question_marks) {
    (void)state;
    assert_string_equal(shown("a\nb\r\tc\x7f", false), "a?b??c?");
    assert_string_equal(shown("\x1b[31mred", false), "?[31mred");
    assert_string_equal(shown("\xc2\x9b"
                              "31m",
                              false),
                        "?31m"); /* CSI as C1 */
    assert_string_equal(shown("\xe2\x80\xae"
                              "txt.exe",
                              false),
                        "?txt.exe");
    assert_string_equal(shown("a\xe2\x80\xa8"
                              "b\xef\xbb\xbf",
                              false),
                        "a?b?");
}

TEST(bytes_that_are_not_utf8_become_question_marks) {
    (void)state;
    assert_string_equal(shown("\x9b"
                              "31m",
                              false),
                        "?31m");
    assert_string_equal(shown("\xc0\x80", false), "??");           /* overlong */
    assert_string_equal(shown("\xed\xa0\x80", false), "???");      /* surrogate */
    assert_string_equal(shown("\xf4\x90\x80\x80", false), "????"); /* beyond the last code */
    assert_string_equal(shown("\xe2\x96", false), "??");           /* cut */
    assert_string_equal(shown("\xff", false), "?");
}

TEST(ascii_terminals_see_ascii) {
    (void)state;
    assert_string_equal(shown("caf\xc3\xa9!", true), "caf?!");
}

TEST(no_character_is_cut_in_its_middle) {
    (void)state;
    char small[4];
    struct text text = text_over(small, sizeof small);
    printable_add(&text, "ab\xc3\xa9", false);
    assert_string_equal(small, "ab");
    assert_true(text.truncated);
}

TEST(width_counts_characters) {
    (void)state;
    assert_int_equal(printable_width(""), 0);
    assert_int_equal(printable_width("abc"), 3);
    assert_int_equal(printable_width("\xe2\x96\x81\xe2\x96\x88"
                                     "a"),
                     3);
}
