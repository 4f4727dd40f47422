/* Reading a request of the control socket. */
#include "aggregator/control/request.h"

#include <string.h>

#include "common/base/printable.h"

int request_fail(struct request *request, int code, const char *what, const char *detail) {
    struct text text = text_over(request->message, sizeof request->message);
    printable_add(&text, what, false);
    if (detail == NULL || detail[0] == '\0') return code;
    text_add(&text, ": ");
    printable_add(&text, detail, false);
    return code;
}

static enum status wrong(struct request *request, enum status status, const char *what,
                         const char *name) {
    (void)request_fail(request, 0, what, name); /* the caller chooses the code */
    return status;
}

static bool find_format(const char *word, enum report_format *format_out) {
    static const struct {
        const char *word;
        enum report_format format;
    } words[] = {{"table", REPORT_TABLE},
                 {"json", REPORT_JSON},
                 {"csv", REPORT_CSV},
                 {"text", REPORT_TEXT},
                 {"html", REPORT_HTML}};
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
        if (strcmp(words[i].word, word) != 0) continue;
        *format_out = words[i].format;
        return true;
    }
    return false;
}

/* How the answer is to look; all of it may be absent. */
static enum status read_view(const struct json_value *root, struct request *request) {
    char output[16] = "table";
    int64_t offset = 0;
    enum status status = json_get_string(root, "output", output, sizeof output);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND)
        return wrong(request, STATUS_MALFORMED, "not in form", "output");
    if (!find_format(output, &request->view.format))
        return wrong(request, STATUS_MALFORMED, "no such form of output", output);
    status = json_get_integer(root, "utc_offset", -24 * 60, 24 * 60, &offset);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND)
        return wrong(request, STATUS_MALFORMED, "not in form", "utc_offset");
    status = json_get_bool(root, "ascii", &request->view.ascii);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND)
        return wrong(request, STATUS_MALFORMED, "not in form", "ascii");
    request->view.utc_offset_minutes = (int32_t)offset;
    return STATUS_OK;
}

enum status request_read(const char *bytes, size_t length, struct request *request) {
    enum status status = json_parse(bytes, length, CONTROL_REQUEST_MAX, &request->doc);
    if (status != STATUS_OK)
        return wrong(request, status, "the request is not JSON as wanted", status_text(status));
    const struct json_value *root = json_root(request->doc);
    if (json_get_string(root, "verb", request->verb, sizeof request->verb) != STATUS_OK)
        return wrong(request, STATUS_MALFORMED, "the request names no verb", NULL);
    const struct json_value *first = json_first(json_get(root, "positional"));
    if (first != NULL && json_as_string(first, request->first, sizeof request->first) != STATUS_OK)
        return wrong(request, STATUS_MALFORMED, "a name is too long or not in form", NULL);
    return read_view(root, request);
}

void request_fini(struct request *request) {
    json_destroy(request->doc);
    request->doc = NULL;
}

static const struct json_value *options_of(const struct request *request) {
    return json_get(json_root(request->doc), "options");
}

enum status request_text(struct request *request, const char *name, char *target, size_t size) {
    target[0] = '\0';
    enum status status = json_get_string(options_of(request), name, target, size);
    if (status == STATUS_NOT_FOUND) return STATUS_OK;
    if (status == STATUS_OK) return STATUS_OK;
    return wrong(request, status, status == STATUS_TOO_LARGE ? "option too long" : "not text",
                 name);
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
    return wrong(request, STATUS_MALFORMED, "wanted a time like 90s, 5m, 24h or 7d, at most 366d",
                 name);
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
    if (status != STATUS_OK || number < minimum || number > maximum)
        return wrong(request, STATUS_OUT_OF_RANGE, "not a number in range", name);
    *number_out = number;
    return STATUS_OK;
}
