/* The options of a table as a section of a manual page, mdoc(7). Pure. */
#include <string.h>

#include "common/config/config.h"
#include "common/config/value.h"

/* Text that mdoc takes as it stands: no control line, no escape, sentences on lines of their own.
 */
static void add_plain(struct text *out, const char *string) {
    bool line_start = out->length == 0 || out->data[out->length - 1] == '\n';
    for (const char *at = string; *at != '\0'; at++) {
        if (line_start && (*at == '.' || *at == '\'')) text_add(out, "\\&");
        if (*at == '\\')
            text_add(out, "\\e");
        else
            text_add_character(out, *at);
        line_start = *at == '\n';
        if (*at == '.' && at[1] == ' ') {
            text_add(out, "\n");
            line_start = true;
            at++;
        }
    }
}

static void add_facts(struct text *out, const struct config_option *option) {
    char allowed[1024];
    struct text text = text_over(allowed, sizeof allowed);
    config_value_allowed(option, &text);
    add_plain(out, "Allowed: ");
    add_plain(out, allowed);
    if (option->type != CONFIG_OBJECTS) {
        if (option->initial == NULL) {
            add_plain(out, "; must be given");
        } else {
            add_plain(out, "; default: ");
            add_plain(out, option->initial[0] == '\0' ? "empty" : option->initial);
        }
    }
    add_plain(out, ".\n");
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
