/* The options of a table as a section of a manual page, mdoc(7). Pure. */
#include <string.h>

#include "common/config/config.h"
#include "common/config/value.h"

#define COLUMNS_MAX 78
#define FACTS_SIZE  1024 /* the longest is a list of words of some 200 bytes */

static size_t column_of(const struct text *out) {
    size_t column = 0;
    while (column < out->length && out->data[out->length - 1 - column] != '\n') column++;
    return column;
}

/* The blank between two sentences: mdoc wants each to start a line. */
static bool ends_sentence(const char *string, const char *blank) {
    bool stop = blank - string >= 2 && blank[-1] == '.' && blank[-2] != ' ';
    return stop && blank[1] >= 'A' && blank[1] <= 'Z';
}

static size_t word_length(const char *word) {
    size_t length = 0;
    while (word[length] != '\0' && word[length] != ' ' && word[length] != '\n') length++;
    return length;
}

/* Text that mdoc takes as it stands: no control line, no escape, no long line. */
static void add_plain(struct text *out, const char *string) {
    for (const char *at = string; *at != '\0'; at++) {
        size_t column = column_of(out);
        bool full = column + 1 + word_length(at + 1) > COLUMNS_MAX;
        if (*at == ' ' && column > 0 && (full || ends_sentence(string, at))) {
            text_add(out, "\n");
            continue;
        }
        if (column == 0 && (*at == '.' || *at == '\'')) text_add(out, "\\&");
        if (*at == '\\')
            text_add(out, "\\e");
        else
            text_add_character(out, *at);
    }
}

static void add_facts(struct text *out, const struct config_option *option) {
    char facts[FACTS_SIZE];
    struct text text = text_over(facts, sizeof facts);
    text_add(&text, "Allowed: ");
    config_value_allowed(option, &text);
    if (option->type != CONFIG_OBJECTS && option->initial == NULL) {
        text_add(&text, "; must be given");
    } else if (option->type != CONFIG_OBJECTS) {
        text_add(&text, "; default: ");
        text_add(&text, option->initial[0] == '\0' ? "empty" : option->initial);
    }
    text_add(&text, ".");
    add_plain(out, facts);
    text_add(out, "\n");
}

static void add_flags(struct text *out, const struct config_option *option) {
    if (option->environment != NULL) {
        text_add(out, "Environment:\n.Ev ");
        text_add(out, option->environment);
        text_add(out, " .\n");
    }
    if (option->secret)
        text_add(out, "Secret: never printed, and refused in a file that everybody may read.\n");
    if (!option->reloadable) text_add(out, "A change needs a restart.\n");
}

static void add_row(struct text *out, const struct config_option *option, bool element) {
    text_add(out, ".It Cm ");
    text_add(out, option->name);
    text_add(out, "\n");
    add_plain(out, option->help);
    text_add(out, "\n");
    add_facts(out, option);
    if (!element) add_flags(out, option);
}

void config_print_man(const struct config_table *table, struct text *out) {
    text_add(out, ".Sh OPTIONS\n.Bl -tag -width Ds\n");
    for (size_t i = 0; i < table->option_count; i++) {
        const struct config_option *option = &table->options[i];
        add_row(out, option, false);
        if (option->type != CONFIG_OBJECTS) continue;
        text_add(out, "Each object has\n.Bl -tag -width Ds\n");
        for (size_t j = 0; j < option->element_count; j++) add_row(out, &option->element[j], true);
        text_add(out, ".El\n");
    }
    text_add(out, ".El\n");
}
