/* `earctl --help` and `earctl VERB --help`. */
#include "aggregator/ctl/help.h"

#include <string.h>

static void pad(struct text *out, size_t from, size_t to) {
    for (; from < to; from++) text_add_character(out, ' ');
}

void help_overview(struct text *out) {
    text_add(out, "Examples:\n  earctl status\n  earctl recover web-7 --action reboot\n\n"
                  "Usage: earctl VERB [options]\n\n");
    for (size_t i = 0; i < verb_count; i++) {
        const struct verb *verb = &verbs[i];
        size_t length = strlen(verb->name);
        text_add(out, "  ");
        text_add(out, verb->name);
        if (verb->positional != NULL) {
            text_add(out, " ");
            text_add(out, verb->positional);
            length += 1 + strlen(verb->positional);
        }
        pad(out, length, 28);
        /* The first sentence is enough here. */
        const char *end = strstr(verb->summary, ". ");
        size_t sentence = end != NULL ? (size_t)(end - verb->summary) : strlen(verb->summary) - 1;
        text_add(out, " ");
        text_add_bytes(out, verb->summary, sentence);
        text_add(out, "\n");
    }
    text_add(out,
             "\nearctl VERB --help shows examples and options.\n"
             "Exit codes: 0 done, 1 failed, 2 usage, 3 not healthy, 4 not permitted, 5 no such "
             "thing,\n6 refused by a safety rule, 7 aggregator unreachable, 8 timed out, 10 "
             "predicted to fail.\n");
}

static void add_options(const struct verb_option *options, struct text *out) {
    for (const struct verb_option *o = options; o->name != NULL; o++) {
        size_t length = strlen(o->name);
        text_add(out, "  --");
        text_add(out, o->name);
        if (o->kind == OPTION_OPTIONAL) {
            text_add(out, "[=");
            text_add(out, o->value);
            text_add(out, "]");
            length += 3 + strlen(o->value);
        } else if (o->value != NULL) {
            text_add(out, " ");
            text_add(out, o->value);
            length += 1 + strlen(o->value);
        }
        pad(out, length, 22);
        text_add(out, " ");
        text_add(out, o->help);
        if (o->choices != NULL) {
            text_add(out, ": ");
            text_add(out, o->choices);
        }
        text_add(out, "\n");
    }
}

void help_verb(const struct verb *verb, struct text *out) {
    text_add(out, "Examples:\n");
    for (size_t i = 0; i < VERB_EXAMPLES_MAX && verb->examples[i] != NULL; i++) {
        text_add(out, "  ");
        text_add(out, verb->examples[i]);
        text_add(out, "\n");
    }
    text_add(out, "\nUsage: earctl ");
    text_add(out, verb->name);
    if (verb->positional != NULL) {
        text_add(out, verb->positional_needed ? " " : " [");
        text_add(out, verb->positional);
        if (verb->positional_many) text_add(out, "...");
        if (!verb->positional_needed) text_add(out, "]");
    }
    text_add(out, " [options]\n\n");
    text_add(out, verb->summary);
    text_add(out, "\n\n");
    add_options(verb->options, out);
    if (!verb->local) add_options(common_options, out);
}
