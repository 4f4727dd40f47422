/* Reads one file's tokens into the typed struct by the table. Pure; all state is the caller's. */
#include <string.h>

#include "common/config/config.h"
#include "common/config/load_parts.h"
#include "common/config/value.h"

#define ELEMENT_NAME_SIZE (2 * CONFIG_NAME_SIZE + 16)

/* A finding at a line of the present file. */
static struct text fault_at(struct config_load *load, unsigned line, const char *key) {
    struct text out = config_findings_add(&load->findings, CONFIG_ERROR);
    config_add_place(&out, load->sources[load->source_count - 1], line);
    if (key != NULL) {
        text_add(&out, key);
        text_add(&out, ": ");
    }
    return out;
}

/* Files. A false return means that the reader failed and this file is over; what is wrong with
 * single values is reported, and reading goes on. */

static bool next(struct config_load *load, struct config_token *token) {
    return config_json_next(&load->json, token) == STATUS_OK;
}

static bool opens(const struct config_token *token) {
    return token->kind == CONFIG_TOKEN_OBJECT_OPEN || token->kind == CONFIG_TOKEN_ARRAY_OPEN;
}

/* Passes over the rest of the value that starts with `token`. */
static bool skip_rest(struct config_load *load, const struct config_token *token) {
    return !opens(token) || config_json_skip(&load->json) == STATUS_OK;
}

static struct config_value value_of(const struct config_token *token) {
    struct config_value value = {CONFIG_VALUE_OTHER, "", 0};
    switch (token->kind) {
    case CONFIG_TOKEN_STRING:
        return (struct config_value){CONFIG_VALUE_STRING, token->text, token->length};
    case CONFIG_TOKEN_NUMBER:
        return (struct config_value){CONFIG_VALUE_NUMBER, token->text, token->length};
    case CONFIG_TOKEN_TRUE: return (struct config_value){CONFIG_VALUE_BOOLEAN, "true", 4};
    case CONFIG_TOKEN_FALSE: return (struct config_value){CONFIG_VALUE_BOOLEAN, "false", 5};
    case CONFIG_TOKEN_NULL: value.text = "null"; break;
    case CONFIG_TOKEN_OBJECT_OPEN: value.text = "an object"; break;
    case CONFIG_TOKEN_ARRAY_OPEN: value.text = "a list"; break;
    case CONFIG_TOKEN_OBJECT_CLOSE:
    case CONFIG_TOKEN_ARRAY_CLOSE:
    case CONFIG_TOKEN_KEY:
    case CONFIG_TOKEN_END: break;
    }
    value.length = strlen(value.text);
    return value;
}

static bool report_misfit(struct config_load *load, const struct config_option *option,
                          const char *key, const struct config_token *token) {
    struct config_value value = value_of(token);
    struct text out = fault_at(load, token->line, key);
    config_add_misfit(&out, option, &value);
    return skip_rest(load, token);
}

/* The items of a SET or STRINGS. */
static bool read_items(struct config_load *load, const struct config_option *option, void *base,
                       const char *key) {
    struct config_token token;
    config_value_clear(option, base);
    while (next(load, &token)) {
        if (token.kind == CONFIG_TOKEN_ARRAY_CLOSE) return true;
        struct config_value value = value_of(&token);
        if (config_value_append(option, base, &value)) continue;
        if (!report_misfit(load, option, key, &token)) return false;
    }
    return false;
}

static bool read_objects(struct config_load *load, const struct config_option *option, void *base,
                         const char *key);

/* The value of an option, whose first token is `token`. */
static bool read_value(struct config_load *load, const struct config_option *option, void *base,
                       const char *key, const struct config_token *token) {
    bool list = token->kind == CONFIG_TOKEN_ARRAY_OPEN;
    if (list && (option->type == CONFIG_SET || option->type == CONFIG_STRINGS))
        return read_items(load, option, base, key);
    if (list && option->type == CONFIG_OBJECTS) return read_objects(load, option, base, key);
    struct config_value value = value_of(token);
    if (config_value_set(option, base, &value)) return true;
    return report_misfit(load, option, key, token);
}

/* dotted: the key itself holds a dot, as "thresholds.iowait_warning". */
static bool report_unknown(struct config_load *load, unsigned line, const char *key, bool dotted,
                           const char *nearest) {
    struct text out = config_findings_add(&load->findings, CONFIG_ERROR);
    config_add_place(&out, load->sources[load->source_count - 1], line);
    config_quote(&out, key, strlen(key));
    text_add(&out, " is not an option");
    if (dotted) text_add(&out, "; an option of a group stands in the object of the group");
    if (nearest != NULL) {
        text_add(&out, "; did you mean \"");
        text_add(&out, nearest);
        text_add(&out, "\"?");
    }
    struct config_token token;
    return next(load, &token) && skip_rest(load, &token);
}

/* One key and value of an object in a list. `seen` has a bit for each row. */
static bool read_member(struct config_load *load, const struct config_option *list, void *base,
                        const char *element, const struct config_token *at, uint32_t *seen) {
    const struct config_option *row = config_find(list->element, list->element_count, at->text);
    char key[ELEMENT_NAME_SIZE + CONFIG_NAME_SIZE];
    struct text name = text_over(key, sizeof key);
    text_add(&name, element);
    text_add(&name, ".");
    if (row == NULL) {
        const char *nearest = config_nearest(list->element, list->element_count, at->text);
        text_add_bytes(&name, at->text, at->length < CONFIG_NAME_SIZE ? at->length : 0);
        return report_unknown(load, at->line, key, false, nearest);
    }
    text_add(&name, row->name);
    *seen |= 1U << (row - list->element);
    struct config_token token;
    return next(load, &token) && read_value(load, row, base, key, &token);
}

static bool read_element(struct config_load *load, const struct config_option *list, void *base,
                         const char *element, unsigned line) {
    uint32_t seen = 0;
    struct config_token token;
    config_set_initial(list->element, list->element_count, base);
    for (;;) {
        if (!next(load, &token)) return false;
        if (token.kind == CONFIG_TOKEN_OBJECT_CLOSE) break;
        if (!read_member(load, list, base, element, &token, &seen)) return false;
    }
    for (size_t i = 0; i < list->element_count; i++) {
        if (list->element[i].initial != NULL || (seen & 1U << i) != 0) continue;
        struct text out = fault_at(load, line, element);
        text_add(&out, list->element[i].name);
        text_add(&out, " is missing; allowed: ");
        config_value_allowed(&list->element[i], &out);
    }
    return true;
}

static void name_element(struct text *out, const char *key, size_t index) {
    text_add(out, key);
    text_add(out, "[");
    text_add_unsigned(out, index + 1);
    text_add(out, "]");
}

static bool read_objects(struct config_load *load, const struct config_option *option, void *base,
                         const char *key) {
    size_t *count = (size_t *)(void *)((char *)base + option->count_offset);
    struct config_token token;
    memset((char *)base + option->offset, 0, option->size);
    *count = 0;
    for (;;) {
        if (!next(load, &token)) return false;
        if (token.kind == CONFIG_TOKEN_ARRAY_CLOSE) return true;
        bool room = (double)*count < option->maximum;
        if (token.kind != CONFIG_TOKEN_OBJECT_OPEN || !room) {
            if (!report_misfit(load, option, key, &token)) return false;
            continue;
        }
        char element[ELEMENT_NAME_SIZE];
        struct text name = text_over(element, sizeof element);
        name_element(&name, key, *count);
        char *place = (char *)base + option->offset + *count * option->element_size;
        ++*count;
        if (!read_element(load, option, place, element, token.line)) return false;
    }
}

static bool read_option(struct config_load *load, const struct config_option *option,
                        unsigned line) {
    struct config_token token;
    if (!next(load, &token)) return false;
    config_set_origin(load, option, CONFIG_FROM_FILE, line);
    if (option->secret && !load->private_source) {
        struct text out = fault_at(load, line, option->name);
        text_add(&out, "secret in a file that everybody may read; put it in a credential or a file "
                       "of mode 0600");
    }
    return read_value(load, option, load->target, option->name, &token);
}

static bool read_members(struct config_load *load, const char *prefix);

static bool read_group(struct config_load *load, const char *name, unsigned line) {
    struct config_token token;
    if (!next(load, &token)) return false;
    if (token.kind != CONFIG_TOKEN_OBJECT_OPEN) {
        struct config_value value = value_of(&token);
        struct text out = fault_at(load, line, name);
        text_add(&out, "found ");
        config_value_found(NULL, &value, &out);
        text_add(&out, "; allowed: an object of options");
        return skip_rest(load, &token);
    }
    char prefix[CONFIG_NAME_SIZE + 1];
    struct text text = text_over(prefix, sizeof prefix);
    text_add(&text, name);
    text_add(&text, ".");
    return read_members(load, prefix);
}

static bool report_stranger(struct config_load *load, const struct config_token *key,
                            const char *name) {
    const struct config_table *table = load->table;
    bool dotted = strchr(key->text, '.') != NULL;
    const char *nearest = dotted ? NULL : config_nearest(table->options, table->option_count, name);
    return report_unknown(load, key->line, name, dotted, nearest);
}

/* The members of the outermost object (prefix "") or of a group (prefix "group."). */
static bool read_members(struct config_load *load, const char *prefix) {
    const struct config_table *table = load->table;
    struct config_token token;
    for (;;) {
        if (!next(load, &token)) return false;
        if (token.kind == CONFIG_TOKEN_OBJECT_CLOSE) return true;
        char name[CONFIG_NAME_SIZE];
        struct text full = text_over(name, sizeof name);
        text_add(&full, prefix);
        text_add(&full, token.text);
        /* A dot in a key would let one option be written in two ways. */
        bool plain = !full.truncated && strchr(token.text, '.') == NULL;
        const struct config_option *option =
            plain ? config_find(table->options, table->option_count, name) : NULL;
        bool more;
        if (option != NULL)
            more = read_option(load, option, token.line);
        else if (plain && config_is_group(table->options, table->option_count, name))
            more = read_group(load, name, token.line);
        else
            more = report_stranger(load, &token, name);
        if (!more) return false;
    }
}

static bool read_document(struct config_load *load) {
    struct config_token token;
    if (!next(load, &token)) return false;
    if (token.kind != CONFIG_TOKEN_OBJECT_OPEN) {
        struct text out = fault_at(load, token.line, NULL);
        text_add(&out, "the configuration must be one object { ... }");
        return skip_rest(load, &token);
    }
    return read_members(load, "") && next(load, &token);
}

void config_apply_file(struct config_load *load, const char *name, const char *bytes, size_t length,
                       bool is_private) {
    if (!config_begin_source(load, name, is_private)) return;
    config_json_begin(&load->json, bytes, length);
    if (read_document(load)) return;
    struct text out = fault_at(load, load->json.problem_line, NULL);
    text_add(&out, load->json.problem);
}
