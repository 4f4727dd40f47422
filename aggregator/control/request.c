/* Reading a request of the control socket. */
#include "aggregator/control/request.h"

#include <string.h>

static void say(struct request *request, const char *what, const char *name) {
    struct text text = text_over(request->message, sizeof request->message);
    text_add(&text, what);
    text_add(&text, name);
}

static enum report_format find_format(const char *word) {
    if (strcmp(word, "json") == 0) return REPORT_JSON;
    if (strcmp(word, "csv") == 0) return REPORT_CSV;
    if (strcmp(word, "text") == 0) return REPORT_TEXT;
    if (strcmp(word, "html") == 0) return REPORT_HTML;
    return REPORT_TABLE;
}

enum status request_read(const char *bytes, size_t length, struct request *request) {
    char output[16] = "table";
    int64_t offset = 0;
    enum status status = json_parse(bytes, length, CONTROL_REQUEST_MAX, &request->doc);
    if (status != STATUS_OK) {
        say(request, "request is not in form: ", status_text(status));
        return status;
    }
    const struct json_value *root = json_root(request->doc);
    status = json_get_string(root, "verb", request->verb, sizeof request->verb);
    if (status != STATUS_OK) {
        say(request, "request without a verb", "");
        return status;
    }
    const struct json_value *first = json_first(json_get(root, "positional"));
    if (first != NULL &&
        json_as_string(first, request->first, sizeof request->first) != STATUS_OK) {
        say(request, "name too long or not in form", "");
        return STATUS_MALFORMED;
    }
    IGNORE(json_get_string(root, "output", output, sizeof output)); /* absent = table */
    IGNORE(json_get_integer(root, "utc_offset", -24 * 60, 24 * 60, &offset));
    IGNORE(json_get_bool(root, "ascii", &request->view.ascii));
    request->view.format = find_format(output);
    request->view.utc_offset_minutes = (int32_t)offset;
    return STATUS_OK;
}

void request_fini(struct request *request) { json_destroy(request->doc); }

static const struct json_value *options_of(const struct request *request) {
    return json_get(json_root(request->doc), "options");
}

enum status request_text(struct request *request, const char *name, char *target, size_t size) {
    target[0] = '\0';
    enum status status = json_get_string(options_of(request), name, target, size);
    if (status == STATUS_NOT_FOUND) return STATUS_OK;
    if (status != STATUS_OK) say(request, "too long or not text: --", name);
    return status;
}

bool request_flag(const struct request *request, const char *name) {
    bool flag = false;
    IGNORE(json_get_bool(options_of(request), name, &flag)); /* absent = false */
    return flag;
}

enum status request_duration(struct request *request, const char *name, struct duration fallback,
                             struct duration *span_out) {
    static const struct {
        char unit;
        int64_t ms;
    } units[] = {{'s', 1000}, {'m', 60000}, {'h', 3600000}, {'d', 86400000}};
    char word[32];
    int64_t number;
    enum status status = request_text(request, name, word, sizeof word);
    if (status != STATUS_OK) return status;
    size_t length = strlen(word);
    if (length == 0) {
        *span_out = fallback;
        return STATUS_OK;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(units); i++) {
        if (word[length - 1] != units[i].unit) continue;
        if (text_parse_integer(word, length - 1, &number) != STATUS_OK || number < 1 ||
            number > 366LL * 86400000 / units[i].ms)
            break;
        *span_out = duration_ms(number * units[i].ms);
        return STATUS_OK;
    }
    say(request, "wanted a time like 90s, 5m, 24h or 7d (at most 366d): --", name);
    return STATUS_MALFORMED;
}

enum status request_number(struct request *request, const char *name, double minimum,
                           double maximum, double fallback, double *number_out) {
    char word[32];
    double number;
    enum status status = request_text(request, name, word, sizeof word);
    if (status != STATUS_OK) return status;
    *number_out = fallback;
    if (word[0] == '\0') return STATUS_OK;
    status = text_parse_double(word, strlen(word), &number);
    if (status != STATUS_OK || number < minimum || number > maximum) {
        say(request, "not a number in range: --", name);
        return STATUS_OUT_OF_RANGE;
    }
    *number_out = number;
    return STATUS_OK;
}
