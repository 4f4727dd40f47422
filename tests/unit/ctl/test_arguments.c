/* Command lines against the verb table, and the request made of them. */
#include <string.h>

#include "aggregator/ctl/arguments.h"
#include "tests/support/unit.h"

static char error[256];
static struct arguments arguments;

static const struct verb *find(const char *name) {
    for (size_t i = 0; i < verb_count; i++)
        if (strcmp(verbs[i].name, name) == 0) return &verbs[i];
    fail_msg("no verb %s", name);
    return NULL;
}

/* `words` ends with NULL. */
static enum status parse(const char *verb, char **words) {
    int count = 0;
    while (words[count] != NULL) count++;
    error[0] = '\0';
    return arguments_parse(find(verb), count, words, &arguments, error);
}

#define WORDS(...) ((char *[]){__VA_ARGS__, NULL})

TEST(values_come_behind_a_blank_or_an_equals_sign) {
    (void)state;
    assert_ok(parse("recover", WORDS("web-7", "--action", "reboot", "--reason=a=b c")));
    assert_string_equal(arguments.positional[0], "web-7");
    assert_string_equal(arguments_get(&arguments, "action"), "reboot");
    assert_string_equal(arguments_get(&arguments, "reason"), "a=b c");
    assert_null(arguments_get(&arguments, "unit"));
    assert_ok(parse("recover", WORDS("--reason", "--dry-run", "web-7")));
    assert_string_equal(arguments_get(&arguments, "reason"), "--dry-run"); /* a value as given */
}

TEST(wrong_command_lines_are_refused_with_a_hint) {
    (void)state;
    static const struct {
        const char *verb;
        char *words[4];
        const char *error;
    } rows[] = {
        {"status", {"--alll"}, "unknown option --alll; did you mean --all?"},
        {"status", {"--jsno"}, "unknown option --jsno"},
        {"status", {"--outptu", "json"}, "unknown option --outptu; did you mean --output?"},
        {"status", {"-v"}, "unknown option -v"},
        {"status", {"web-7"}, "unexpected word: web-7"},
        {"status", {"--all=yes"}, "takes no value: --all"},
        {"status", {"--az"}, "wants a value: --az"},
        {"status", {"--output", "xml"}, "--output takes table|json|csv|text, not xml"},
        {"status", {"--output", "tab"}, "--output takes table|json|csv|text, not tab"},
        {"status", {"--output="}, "--output takes table|json|csv|text, not "},
        {"status", {"--output", "html"}, "--output takes table|json|csv|text, not html"},
        {"instance show", {"--since", "1d"}, "missing: ID|NAME"},
        {"instance show", {"a", "b"}, "unexpected word: b"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        assert_int_equal(parse(rows[i].verb, (char **)rows[i].words), STATUS_MALFORMED);
        assert_string_equal(error, rows[i].error);
    }
    assert_int_equal(parse("status", WORDS("--\x1b[31m")), STATUS_MALFORMED);
    assert_string_equal(error, "unknown option --?[31m");
}

TEST(help_needs_no_name) {
    (void)state;
    assert_ok(parse("instance show", WORDS("--help")));
    assert_non_null(arguments_get(&arguments, "help"));
    assert_ok(parse("instance show", WORDS("-h")));
    assert_non_null(arguments_get(&arguments, "help"));
}

TEST(two_dashes_end_the_options) {
    (void)state;
    assert_ok(parse("instance show", WORDS("--", "--odd-name")));
    assert_string_equal(arguments.positional[0], "--odd-name");
    assert_ok(parse("instance show", WORDS("-")));
    assert_string_equal(arguments.positional[0], "-");
}

TEST(an_optional_value_needs_its_equals_sign) {
    (void)state;
    assert_ok(parse("status", WORDS("--watch", "--all")));
    assert_string_equal(arguments_get(&arguments, "watch"), "");
    assert_ok(parse("status", WORDS("--watch=5")));
    assert_string_equal(arguments_get(&arguments, "watch"), "5");
    assert_int_equal(parse("status", WORDS("--watch", "5")), STATUS_MALFORMED);
}

TEST(the_last_of_a_repeated_option_counts) {
    (void)state;
    char line[512];
    struct text text = text_over(line, sizeof line);
    assert_ok(parse("recoveries", WORDS("--since", "1d", "--since", "2d")));
    assert_string_equal(arguments_get(&arguments, "since"), "2d");
    arguments_write_request(&arguments, "json", 60, false, &text);
    assert_string_equal(line, "{\"verb\":\"recoveries\",\"positional\":[],\"options\":{\"since\":"
                              "\"2d\"},\"output\":\"json\",\"utc_offset\":60,\"ascii\":false}");
}

TEST(what_is_earctls_own_business_is_not_sent) {
    (void)state;
    char line[512];
    struct text text = text_over(line, sizeof line);
    assert_ok(parse("recover", WORDS("web \"7\"", "--action", "reboot", "--dry-run", "--socket",
                                     "/s", "--out", "/f", "--quiet", "--output", "table")));
    arguments_write_request(&arguments, "table", -90, true, &text);
    assert_string_equal(line,
                        "{\"verb\":\"recover\",\"positional\":[\"web \\\"7\\\"\"],\"options\":"
                        "{\"action\":\"reboot\",\"dry-run\":true},\"output\":\"table\","
                        "\"utc_offset\":-90,\"ascii\":true}");
}

TEST(too_many_options_or_too_long_names_are_refused) {
    (void)state;
    char *many[ARGUMENTS_MAX + 2], name[100];
    for (size_t i = 0; i <= ARGUMENTS_MAX; i++) many[i] = "--all";
    many[ARGUMENTS_MAX + 1] = NULL;
    assert_int_equal(parse("status", many), STATUS_MALFORMED);
    assert_string_equal(error, "too many options");
    memset(name, 'x', sizeof name - 1);
    name[0] = name[1] = '-';
    name[sizeof name - 1] = '\0';
    assert_int_equal(parse("status", WORDS(name)), STATUS_MALFORMED);
}
