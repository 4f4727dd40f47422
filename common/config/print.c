/* The effective configuration as a file with comments. Pure. */
#include <string.h>

#include "common/config/config.h"
#include "common/config/value.h"

/* Length of "group." in the name; 0 outside groups. */
static size_t group_length(const char *name) {
    const char *dot = strchr(name, '.');
    return dot == NULL ? 0 : (size_t)(dot - name) + 1;
}

static bool same_group(const struct config_option *a, const struct config_option *b) {
    size_t length = group_length(a->name);
    return length == group_length(b->name) && memcmp(a->name, b->name, length) == 0;
}

/* Whether a value follows row `at` on its level, so that a comma is due. */
static bool followed(const struct config_table *table, size_t at, bool inside_group) {
    for (size_t i = at + 1; i < table->option_count; i++) {
        bool same = same_group(&table->options[at], &table->options[i]);
        if (inside_group && !same) return false;
        if (!inside_group && same && group_length(table->options[at].name) > 0) continue;
        if (!table->options[i].secret) return true;
    }
    return false;
}

static void add_origin(const struct config_load *load, size_t row, struct text *out) {
    const struct config_origin *origin = &load->origins[row];
    text_add(out, " // ");
    switch (origin->kind) {
    case CONFIG_FROM_DEFAULT: text_add(out, "default"); break;
    case CONFIG_FROM_FILE:
        text_add(out, load->sources[origin->source]);
        text_add(out, ":");
        text_add_unsigned(out, origin->line);
        break;
    case CONFIG_FROM_SECRET_FILE: text_add(out, load->sources[origin->source]); break;
    case CONFIG_FROM_ENVIRONMENT:
        text_add(out, "environment ");
        text_add(out, load->table->options[row].environment);
        break;
    }
    text_add(out, "\n");
}

static void print_secret(const struct config_load *load, size_t row, const char *key,
                         struct text *out) {
    const struct config_option *option = &load->table->options[row];
    bool set = ((const char *)load->target)[option->offset] != '\0';
    text_add(out, "// \"");
    text_add(out, key);
    text_add(out, set ? "\": set, secret, not shown" : "\": not set");
    add_origin(load, row, out);
}

static void print_row(const struct config_load *load, size_t row, struct text *out) {
    const struct config_option *option = &load->table->options[row];
    size_t group = group_length(option->name);
    const char *key = option->name + group;
    text_add(out, group > 0 ? "    " : "  ");
    if (option->secret) {
        print_secret(load, row, key, out);
        return;
    }
    struct json_writer json = json_writer_over(out);
    config_value_write(option, load->target, &json, key);
    if (followed(load->table, row, group > 0)) text_add(out, ",");
    add_origin(load, row, out);
}

void config_print(const struct config_load *load, struct text *out) {
    const struct config_table *table = load->table;
    text_add(out, "{\n");
    for (size_t i = 0; i < table->option_count; i++) {
        const struct config_option *option = &table->options[i];
        size_t group = group_length(option->name);
        if (group > 0 && (i == 0 || !same_group(option, &table->options[i - 1]))) {
            text_add(out, "  \"");
            text_add_bytes(out, option->name, group - 1);
            text_add(out, "\": {\n");
        }
        print_row(load, i, out);
        bool last = i + 1 == table->option_count || !same_group(option, &table->options[i + 1]);
        if (group > 0 && last) text_add(out, followed(table, i, false) ? "  },\n" : "  }\n");
    }
    text_add(out, "}\n");
}
