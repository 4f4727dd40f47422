/* The verb table: complete, parsable by its own examples, and one with the aggregator's handlers.
 */
#include <string.h>

#include "aggregator/control/request.h"
#include "aggregator/ctl/arguments.h"
#include "aggregator/ctl/help.h"
#include "tests/support/unit.h"

#define WORDS_MAX 32

/* Splits a line as a shell would that knows blanks and double quotes. Returns the word count. */
static int split(const char *line, char *storage, char **words) {
    int count = 0;
    while (*line != '\0') {
        while (*line == ' ') line++;
        if (*line == '\0') break;
        assert_true(count < WORDS_MAX);
        words[count++] = storage;
        bool quoted = false;
        for (; *line != '\0' && (quoted || *line != ' '); line++) {
            if (*line == '"')
                quoted = !quoted;
            else
                *storage++ = *line;
        }
        assert_false(quoted);
        *storage++ = '\0';
    }
    return count;
}

TEST(each_verb_has_a_summary_and_an_example) {
    (void)state;
    for (size_t i = 0; i < verb_count; i++) {
        assert_true(strlen(verbs[i].summary) > 20 || strcmp(verbs[i].name, "version") == 0);
        assert_non_null(verbs[i].examples[0]);
        assert_int_equal(verbs[i].summary[strlen(verbs[i].summary) - 1], '.');
    }
}

TEST(each_example_parses_as_its_own_verb) {
    (void)state;
    for (size_t i = 0; i < verb_count; i++) {
        for (size_t e = 0; e < VERB_EXAMPLES_MAX && verbs[i].examples[e] != NULL; e++) {
            char storage[512], error[256] = "", *words[WORDS_MAX];
            int taken, count = split(verbs[i].examples[e], storage, words);
            assert_string_equal(words[0], "earctl");
            if (strcmp(words[1], "--version") == 0) continue; /* earctl's own */
            const struct verb *verb = verb_match(count - 1, words + 1, &taken);
            assert_ptr_equal(verb, &verbs[i]);
            if (verb->raw) continue; /* parses its own arguments */
            struct arguments arguments;
            enum status status =
                arguments_parse(verb, count - 1 - taken, words + 1 + taken, &arguments, error);
            if (status != STATUS_OK) fail_msg("%s: %s", verbs[i].examples[e], error);
        }
    }
}

TEST(option_names_are_unique_within_a_verb) {
    (void)state;
    for (size_t i = 0; i < verb_count; i++) {
        for (const struct verb_option *o = verbs[i].options; o->name != NULL; o++) {
            assert_true(o < verbs[i].options + VERB_OPTIONS_MAX - 1); /* the end marker fits */
            assert_ptr_equal(verb_option(&verbs[i], o->name), o);
            assert_true((o->kind == OPTION_FLAG) == (o->value == NULL));
            assert_true((o->kind == OPTION_CHOICE) == (o->choices != NULL));
            for (const struct verb_option *c = common_options; c->name != NULL && !verbs[i].raw;
                 c++)
                assert_string_not_equal(c->name, o->name);
        }
    }
}

static const struct verb *find(const char *name) {
    for (size_t i = 0; i < verb_count; i++)
        if (strcmp(verbs[i].name, name) == 0) return &verbs[i];
    return NULL;
}

static bool has_handler(const char *name) {
    for (size_t i = 0; handler_verb(i) != NULL; i++)
        if (strcmp(handler_verb(i), name) == 0) return true;
    return false;
}

TEST(each_remote_verb_has_a_handler_and_each_handler_a_verb) {
    (void)state;
    for (size_t i = 0; i < verb_count; i++)
        if (verbs[i].local == has_handler(verbs[i].name)) fail_msg("%s", verbs[i].name);
    for (size_t i = 0; handler_verb(i) != NULL; i++)
        if (find(handler_verb(i)) == NULL) fail_msg("%s", handler_verb(i));
}

TEST(the_verbs_that_the_issue_names_are_there) {
    (void)state;
    static const char *const names[] = {
        "status",  "instances", "instance show", "predictions", "recoveries",     "recoveries show",
        "recover", "pause",     "resume",        "report",      "audit",          "audit verify",
        "replay",  "pki",       "config show",   "version",     "config validate"};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) assert_non_null(find(names[i]));
}

TEST(local_verbs_take_nothing_that_only_an_aggregator_can_give) {
    (void)state;
    for (const struct verb_option *o = common_options; o->name != NULL; o++) {
        bool help = strcmp(o->name, "help") == 0;
        assert_true((verb_option(find("version"), o->name) != NULL) == help);
        assert_ptr_equal(verb_option(find("status"), o->name), o);
    }
    assert_null(option_nearest(find("version"), "sockte"));
    assert_string_equal(option_nearest(find("status"), "sockte"), "socket");
}

TEST(the_longer_verb_wins) {
    (void)state;
    int taken;
    char *show[] = {"recoveries", "show", "INC-1"}, *plain[] = {"recoveries", "--since", "1d"};
    assert_string_equal(verb_match(3, show, &taken)->name, "recoveries show");
    assert_int_equal(taken, 2);
    assert_string_equal(verb_match(3, plain, &taken)->name, "recoveries");
    assert_int_equal(taken, 1);
    char *half[] = {"instance"};
    assert_null(verb_match(1, half, &taken));
    assert_null(verb_match(0, half, &taken));
}

TEST(near_verbs_are_offered_and_far_ones_not) {
    (void)state;
    static const struct {
        int count;
        char *words[2];
        const char *nearest;
    } rows[] = {{1, {"statsu"}, "status"},
                {1, {"instance"}, "instances"},
                {2, {"instance", "shov"}, "instance show"},
                {2, {"recoverys", "show"}, "recoveries show"},
                {2, {"recoverie", "INC-1"}, "recoveries"},
                {2, {"config", "validat"}, "config validate"},
                {1, {"frobnicate"}, NULL},
                {1, {""}, NULL}};
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        const char *found = verb_nearest(rows[i].count, (char **)rows[i].words);
        if (rows[i].nearest == NULL)
            assert_null(found);
        else
            assert_string_equal(found == NULL ? "none" : found, rows[i].nearest);
    }
}

TEST(help_is_whole_and_starts_with_examples) {
    (void)state;
    static char bytes[16384];
    struct text out = text_over(bytes, 8192); /* what main.c gives */
    help_overview(&out);
    assert_false(out.truncated);
    assert_memory_equal(bytes, "Examples:\n  earctl ", 19);
    for (size_t i = 0; i < verb_count; i++) {
        assert_non_null(strstr(bytes, verbs[i].name));
    }
    for (size_t i = 0; i < verb_count; i++) {
        out = text_over(bytes, 8192);
        help_verb(&verbs[i], &out);
        assert_false(out.truncated);
        assert_memory_equal(bytes, "Examples:\n  earctl ", 19);
        for (const struct verb_option *o = verbs[i].options; o->name != NULL; o++)
            assert_non_null(strstr(bytes, o->name));
    }
}
