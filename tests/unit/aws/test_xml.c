/* The XML reader: paths, and the documents it must refuse. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/aws/xml.h"
#include "common/base/text.h"
#include "tests/support/unit.h"

enum { ITEM = 1, NAME, DEEP };

struct seen {
    char text[512];
    struct text out;
};

static enum status on_begin(void *context, int id) {
    struct seen *seen = context;
    text_add_character(&seen->out, '<');
    text_add_integer(&seen->out, id);
    return STATUS_OK;
}

static enum status on_end(void *context, int id, const char *text, size_t length) {
    struct seen *seen = context;
    (void)id;
    assert_int_equal(length, strlen(text));
    text_add(&seen->out, text);
    text_add_character(&seen->out, '>');
    return STATUS_OK;
}

static const struct aws_xml_path paths[] = {
    {"set/item", ITEM}, {"set/item/name", NAME}, {"set/item/a/b/c", DEEP}};
static const struct aws_xml_schema schema = {"Answer", paths, ARRAY_LENGTH(paths)};

static enum status parse_bytes(const char *bytes, size_t length, struct seen *seen) {
    seen->out = text_over(seen->text, sizeof seen->text);
    const struct aws_xml_handler handler = {seen, on_begin, on_end};
    return aws_xml_parse(bytes, length, &schema, &handler);
}

static enum status parse(const char *xml, struct seen *seen) {
    return parse_bytes(xml, strlen(xml), seen);
}

TEST(wanted_paths_are_called_back_in_order) {
    (void)state;
    struct seen seen;
    assert_ok(parse("<?xml version=\"1.0\"?>\n<Answer xmlns=\"http://x\"><name>no</name><set>\n"
                    " <item><name>a &lt; b</name><other><name>no</name></other></item>"
                    "<item><a><b><c>d</c></b></a><name/></item></set></Answer>",
                    &seen));
    assert_string_equal(seen.text, "<1<2a < b>><1<3d><2>>");
}

TEST(names_are_matched_at_their_own_depth_only) {
    (void)state;
    struct seen seen;
    assert_ok(parse("<Answer><set><x><item><name>no</name></item></x><set><item><name>no</name>"
                    "</item></set><item><item><name>no</name></item></item></set></Answer>",
                    &seen));
    assert_string_equal(seen.text, "<1>");
}

TEST(another_root_is_malformed) {
    (void)state;
    struct seen seen;
    assert_int_equal(parse("<html><body>500</body></html>", &seen), STATUS_MALFORMED);
    assert_string_equal(seen.text, "");
}

TEST(every_truncation_is_malformed) {
    (void)state;
    static const char whole[] = "<Answer><set><item><name>a</name></item></set></Answer>";
    struct seen seen;
    for (size_t length = 0; length < sizeof whole - 1; length++)
        assert_int_equal(parse_bytes(whole, length, &seen), STATUS_MALFORMED);
    assert_ok(parse_bytes(whole, sizeof whole - 1, &seen));
}

TEST(document_types_and_so_entity_bombs_are_refused) {
    (void)state;
    struct seen seen;
    assert_int_equal(
        parse("<!DOCTYPE Answer [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;\">"
              "<!ENTITY c \"&b;&b;&b;&b;&b;&b;\">]><Answer><set><item><name>&c;</name></item>"
              "</set></Answer>",
              &seen),
        STATUS_MALFORMED);
    assert_int_equal(parse("<!DOCTYPE Answer SYSTEM \"file:///etc/passwd\"><Answer/>", &seen),
                     STATUS_MALFORMED);
    assert_int_equal(parse("<Answer><set><item><name>&x;</name></item></set></Answer>", &seen),
                     STATUS_MALFORMED);
}

TEST(deep_nesting_is_refused) {
    (void)state;
    char xml[4096];
    struct text text = text_over(xml, sizeof xml);
    text_add(&text, "<Answer>");
    for (int i = 0; i < AWS_XML_DEPTH_MAX; i++) text_add(&text, "<x>");
    for (int i = 0; i < AWS_XML_DEPTH_MAX; i++) text_add(&text, "</x>");
    text_add(&text, "</Answer>");
    struct seen seen;
    assert_int_equal(parse(xml, &seen), STATUS_TOO_LARGE);
}

TEST(long_text_of_a_wanted_element_is_refused) {
    (void)state;
    size_t length = AWS_XML_TEXT_MAX + 1;
    char *xml = malloc(length + 128);
    assert_non_null(xml);
    size_t at = (size_t)snprintf(xml, 64, "<Answer><set><item><name>");
    memset(xml + at, 'x', length);
    (void)snprintf(xml + at + length, 64, "</name></item></set></Answer>");
    struct seen seen;
    assert_int_equal(parse(xml, &seen), STATUS_TOO_LARGE);
    /* Where nobody looks it does no harm. */
    memcpy(xml, "<Answer><set><item><nome>", at);
    memcpy(xml + at + length, "</nome>", 7);
    assert_ok(parse(xml, &seen));
    free(xml);
}

TEST(documents_past_the_bound_are_refused) {
    (void)state;
    struct seen seen;
    char *xml = calloc(1, AWS_XML_BYTES_MAX + 1);
    assert_non_null(xml);
    assert_int_equal(parse_bytes(xml, AWS_XML_BYTES_MAX + 1, &seen), STATUS_TOO_LARGE);
    free(xml);
}

static enum status refuse(void *context, int id) {
    (void)context;
    (void)id;
    return STATUS_NO_MEMORY;
}

TEST(an_error_of_the_call_back_ends_the_parse_with_it) {
    (void)state;
    const struct aws_xml_handler handler = {NULL, refuse, NULL};
    static const char xml[] = "<Answer><set><item/></set></Answer>";
    assert_int_equal(aws_xml_parse(xml, sizeof xml - 1, &schema, &handler), STATUS_NO_MEMORY);
}
