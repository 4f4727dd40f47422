/* Defaults, variables, secrets, findings and the report on a reload. Pure; all state is the
 * caller's. */
#include "common/config/config.h"

#include <string.h>

#include "common/config/load_parts.h"
#include "common/config/value.h"

/* Findings */

void config_add_place(struct text *out, const char *source, unsigned line) {
    text_add(out, source);
    if (line != CONFIG_NO_LINE) {
        text_add(out, ":");
        text_add_unsigned(out, line);
    }
    text_add(out, ": ");
}

struct text config_fault_in(struct config_load *load, enum config_severity severity,
                            const char *name) {
    struct text out = config_findings_add(&load->findings, severity);
    config_add_place(&out, name, CONFIG_NO_LINE);
    return out;
}

struct text config_fault(struct config_load *load, enum config_severity severity,
                         const char *option) {
    struct text out = config_findings_add(&load->findings, severity);
    if (option == NULL) return out;
    const struct config_table *table = load->table;
    const struct config_option *row = config_find(table->options, table->option_count, option);
    if (row != NULL) {
        const struct config_origin *origin = &load->origins[row - table->options];
        switch (origin->kind) {
        case CONFIG_FROM_DEFAULT: break;
        case CONFIG_FROM_FILE:
        case CONFIG_FROM_SECRET_FILE:
            config_add_place(&out, load->sources[origin->source], origin->line);
            break;
        case CONFIG_FROM_ENVIRONMENT:
            config_add_place(&out, row->environment, CONFIG_NO_LINE);
            break;
        }
    }
    text_add(&out, option);
    text_add(&out, ": ");
    return out;
}

void config_add_misfit(struct text *out, const struct config_option *option,
                       const struct config_value *value) {
    text_add(out, "found ");
    config_value_found(option, value, out);
    text_add(out, "; allowed: ");
    config_value_allowed(option, out);
}

/* Beginning */

void config_set_initial(const struct config_option *options, size_t count, void *base) {
    for (size_t i = 0; i < count; i++) {
        if (options[i].initial == NULL || options[i].type == CONFIG_OBJECTS) continue;
        struct config_value value = {CONFIG_VALUE_WORD, options[i].initial,
                                     strlen(options[i].initial)};
        ASSERT(config_value_set(&options[i], base, &value)); /* a table whose default breaks it */
    }
}

void config_begin(struct config_load *load, const struct config_table *table, void *target) {
    ASSERT(table->option_count <= CONFIG_OPTIONS_MAX);
    memset(load, 0, sizeof *load);
    load->table = table;
    load->target = target;
    memset(target, 0, table->struct_size);
    config_set_initial(table->options, table->option_count, target);
}

static void add_source(struct config_load *load, const char *name) {
    char *slot = load->sources[load->source_count++];
    size_t length = strlen(name);
    if (length >= CONFIG_SOURCE_SIZE) length = CONFIG_SOURCE_SIZE - 1;
    for (size_t i = 0; i < length; i++)
        slot[i] =
            (unsigned char)name[i] < 0x20 ? '?' : name[i]; /* it stands in comments and logs */
    slot[length] = '\0';
}

/* False, with a finding, when there are too many. */
bool config_begin_source(struct config_load *load, const char *name, bool is_private) {
    if (load->source_count == CONFIG_SOURCES_MAX) {
        struct text out = config_fault_in(load, CONFIG_ERROR, name);
        text_add(&out, "not read: more than 48 files");
        return false;
    }
    add_source(load, name);
    load->private_source = is_private;
    return true;
}

void config_set_origin(struct config_load *load, const struct config_option *option,
                       enum config_origin_kind kind, unsigned line) {
    unsigned source = load->source_count > 0 ? (unsigned)load->source_count - 1 : 0;
    load->origins[option - load->table->options] =
        (struct config_origin){.kind = kind, .source = source, .line = line};
}

/* Environment and secrets */

static const char *find_variable(const char *const *variables, const char *name) {
    size_t length = strlen(name);
    for (size_t i = 0; variables[i] != NULL; i++)
        if (strncmp(variables[i], name, length) == 0 && variables[i][length] == '=')
            return variables[i] + length + 1;
    return NULL;
}

static void apply_variable(struct config_load *load, const struct config_option *option,
                           const char *text) {
    struct config_value value = {CONFIG_VALUE_WORD, text, strlen(text)};
    config_set_origin(load, option, CONFIG_FROM_ENVIRONMENT, CONFIG_NO_LINE);
    if (!config_value_set(option, load->target, &value)) {
        struct text out = config_fault(load, CONFIG_ERROR, option->name);
        config_add_misfit(&out, option, &value);
    } else if (option->secret && text[0] != '\0') {
        struct text out = config_fault(load, CONFIG_WARNING, option->name);
        text_add(&out, "secret in the environment; a credential or a file of mode 0600 keeps it "
                       "from other processes");
    }
}

void config_apply_environment(struct config_load *load, const char *const *variables) {
    for (size_t i = 0; i < load->table->option_count; i++) {
        const struct config_option *option = &load->table->options[i];
        if (option->environment == NULL) continue;
        const char *text = find_variable(variables, option->environment);
        if (text != NULL) apply_variable(load, option, text);
    }
}

void config_apply_secret(struct config_load *load, const char *option, const char *name,
                         const char *bytes, size_t length) {
    const struct config_option *row =
        config_find(load->table->options, load->table->option_count, option);
    if (!config_begin_source(load, name, true)) return;
    if (row == NULL || !row->secret) {
        struct text out = config_fault_in(load, CONFIG_ERROR, name);
        config_quote(&out, option, strlen(option));
        text_add(&out, " is not a secret option");
        return;
    }
    if (length > 0 && bytes[length - 1] == '\n') length--;
    config_set_origin(load, row, CONFIG_FROM_SECRET_FILE, CONFIG_NO_LINE);
    struct config_value value = {CONFIG_VALUE_WORD, bytes, length};
    if (config_value_set(row, load->target, &value)) return;
    struct text out = config_fault(load, CONFIG_ERROR, option);
    config_add_misfit(&out, row, &value);
}

enum status config_finish(struct config_load *load) {
    /* Checks between options would only repeat what is wrong with one of them. */
    if (load->findings.errors == 0 && load->table->finish != NULL)
        load->table->finish(load->target, load);
    return load->findings.errors == 0 ? STATUS_OK : STATUS_MALFORMED;
}

/* Reload */

static size_t differing(const struct config_table *table, const void *before, const void *after,
                        bool all, const struct config_option **changed, size_t capacity) {
    size_t count = 0;
    for (size_t i = 0; i < table->option_count; i++) {
        const struct config_option *option = &table->options[i];
        if ((!all && option->reloadable) || config_value_equal(option, before, after)) continue;
        if (count < capacity) changed[count] = option;
        count++;
    }
    return count;
}

size_t config_changes(const struct config_table *table, const void *before, const void *after,
                      const struct config_option **changed, size_t capacity) {
    return differing(table, before, after, true, changed, capacity);
}

size_t config_not_reloadable(const struct config_table *table, const void *before,
                             const void *after, const struct config_option **changed,
                             size_t capacity) {
    return differing(table, before, after, false, changed, capacity);
}
