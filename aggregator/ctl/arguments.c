/* Parsing by the verb table, and the request made of it. */
#include "aggregator/ctl/arguments.h"

#include <string.h>

#include "common/base/json_write.h"
#include "common/base/printable.h"

static enum status wrong(char *error_out, const char *what, const char *word, const char *hint) {
    struct text text = text_over(error_out, 256);
    text_add(&text, what);
    printable_add(&text, word, false);
    if (hint != NULL) {
        text_add(&text, "; did you mean --");
        text_add(&text, hint);
        text_add(&text, "?");
    }
    return STATUS_MALFORMED;
}

static bool is_choice(const char *choices, const char *value) {
    size_t length = strlen(value);
    while (*choices != '\0') {
        size_t word = strcspn(choices, "|");
        if (word == length && strncmp(choices, value, length) == 0) return true;
        choices += word;
        choices += *choices == '|';
    }
    return false;
}

/* One option at words[*at]; moves *at behind it. */
static enum status take_option(const struct verb *verb, int count, char **words, int *at,
                               struct arguments *arguments, char *error_out) {
    char name[64];
    const char *typed = words[*at] + 2, *equals = strchr(typed, '=');
    size_t length = equals == NULL ? strlen(typed) : (size_t)(equals - typed);
    if (text_copy_bytes(name, sizeof name, typed, length) != STATUS_OK)
        return wrong(error_out, "unknown option ", words[*at], NULL);
    const struct verb_option *option = verb_option(verb, name);
    if (option == NULL)
        return wrong(error_out, "unknown option --", name, option_nearest(verb, name));
    if (arguments->count == ARGUMENTS_MAX) return wrong(error_out, "too many options", "", NULL);
    const char *value = equals == NULL ? NULL : equals + 1;
    if (option->kind == OPTION_FLAG && value != NULL)
        return wrong(error_out, "takes no value: --", name, NULL);
    if (option->kind == OPTION_FLAG || (option->kind == OPTION_OPTIONAL && value == NULL)) {
        value = "";
    } else if (value == NULL) {
        if (*at + 1 == count) return wrong(error_out, "wants a value: --", name, NULL);
        value = words[++*at];
    }
    if (option->kind == OPTION_CHOICE && !is_choice(option->choices, value)) {
        struct text text = text_over(error_out, 256);
        text_add(&text, "--");
        text_add(&text, name);
        text_add(&text, " takes ");
        text_add(&text, option->choices);
        text_add(&text, ", not ");
        printable_add(&text, value, false);
        return STATUS_MALFORMED;
    }
    arguments->given[arguments->count++] = (struct argument){option, value};
    ++*at;
    return STATUS_OK;
}

enum status arguments_parse(const struct verb *verb, int count, char **words,
                            struct arguments *arguments_out, char *error_out) {
    struct arguments arguments = {.verb = verb};
    bool options_ended = false;
    for (int at = 0; at < count;) {
        if (!options_ended && strcmp(words[at], "--") == 0) {
            options_ended = true;
            at++;
            continue;
        }
        if (!options_ended && words[at][0] == '-' && words[at][1] == '-') {
            enum status status = take_option(verb, count, words, &at, &arguments, error_out);
            if (status != STATUS_OK) return status;
            continue;
        }
        if (!options_ended && strcmp(words[at], "-h") == 0) {
            static char help[] = "--help";
            words[at] = help;
            continue;
        }
        if (!options_ended && words[at][0] == '-' && words[at][1] != '\0')
            return wrong(error_out, "unknown option ", words[at], NULL);
        if (verb->positional == NULL ||
            (arguments.positional_count > 0 && !verb->positional_many) ||
            arguments.positional_count == ARGUMENTS_MAX)
            return wrong(error_out, "unexpected word: ", words[at], NULL);
        arguments.positional[arguments.positional_count++] = words[at++];
    }
    if (verb->positional_needed && arguments.positional_count == 0 &&
        arguments_get(&arguments, "help") == NULL)
        return wrong(error_out, "missing: ", verb->positional, NULL);
    *arguments_out = arguments;
    return STATUS_OK;
}

const char *arguments_get(const struct arguments *arguments, const char *name) {
    for (size_t i = arguments->count; i-- > 0;)
        if (strcmp(arguments->given[i].option->name, name) == 0) return arguments->given[i].value;
    return NULL;
}

static bool is_common(const struct verb_option *option) {
    for (const struct verb_option *o = common_options; o->name != NULL; o++)
        if (o == option) return true;
    return false;
}

void arguments_write_request(const struct arguments *arguments, const char *output,
                             int utc_offset_minutes, bool ascii, struct text *line) {
    struct json_writer json = json_writer_over(line);
    json_open_object(&json, NULL);
    json_string(&json, "verb", arguments->verb->name);
    json_open_array(&json, "positional");
    for (size_t i = 0; i < arguments->positional_count; i++)
        json_string(&json, NULL, arguments->positional[i]);
    json_close_array(&json);
    json_open_object(&json, "options");
    for (size_t i = 0; i < arguments->count; i++) {
        const struct argument *a = &arguments->given[i];
        if (is_common(a->option) || arguments_get(arguments, a->option->name) != a->value)
            continue; /* the last of a repeated option counts */
        if (a->option->kind == OPTION_FLAG)
            json_bool(&json, a->option->name, true);
        else
            json_string(&json, a->option->name, a->value);
    }
    json_close_object(&json);
    json_string(&json, "output", output);
    json_integer(&json, "utc_offset", utc_offset_minutes);
    json_bool(&json, "ascii", ascii);
    json_close_object(&json);
}
