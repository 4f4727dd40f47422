/* The strict wrapper round cJSON. A document owns its tree; nothing is shared between documents, so
 * different documents may be used in different threads. The only file that names cJSON. */
#include "common/json/json.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "common/base/text.h"
#include "common/json/json_scan.h"

/* Integers a double holds exactly. */
#define EXACT_INTEGER_MAX 9007199254740992.0

struct json_doc {
    cJSON *root;
};

/* json_value is never defined: it is cJSON's node under our name. */
static const cJSON *node_of(const struct json_value *value) {
    return (const cJSON *)(const void *)value;
}
static const struct json_value *value_of(const cJSON *node) {
    return (const struct json_value *)(const void *)node;
}

static int compare_keys(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorting keeps a hostile object of many members at n log n. */
static enum status check_keys(const cJSON *object) {
    size_t count = 0, filled = 0;
    for (const cJSON *child = object->child; child != NULL; child = child->next) count++;
    if (count < 2) return STATUS_OK;
    const char **keys = calloc(count, sizeof *keys);
    if (keys == NULL) return STATUS_NO_MEMORY;
    for (const cJSON *child = object->child; child != NULL; child = child->next)
        keys[filled++] = child->string;
    qsort(keys, count, sizeof *keys, compare_keys);
    enum status status = STATUS_OK;
    for (size_t i = 1; i < count && status == STATUS_OK; i++)
        if (strcmp(keys[i - 1], keys[i]) == 0) status = STATUS_DUPLICATE;
    free(keys);
    return status;
}

/* Recursion is bounded by JSON_DEPTH_MAX, which the scan has enforced. */
static enum status check_tree(const cJSON *node) {
    if (cJSON_IsNumber(node) && !isfinite(node->valuedouble)) return STATUS_OUT_OF_RANGE;
    if (cJSON_IsObject(node)) {
        enum status status = check_keys(node);
        if (status != STATUS_OK) return status;
    }
    for (const cJSON *child = node->child; child != NULL; child = child->next) {
        enum status status = check_tree(child);
        if (status != STATUS_OK) return status;
    }
    return STATUS_OK;
}

/* `bytes` holds a NUL at bytes[length]: cJSON finds the end of the document by it. */
static enum status build(const char *bytes, size_t length, struct json_doc **doc_out) {
    struct json_doc *doc = calloc(1, sizeof *doc);
    if (doc == NULL) return STATUS_NO_MEMORY;
    const char *end = NULL;
    doc->root = cJSON_ParseWithLengthOpts(bytes, length + 1, &end, 1);
    enum status status = doc->root == NULL ? STATUS_MALFORMED : check_tree(doc->root);
    if (status != STATUS_OK) {
        json_destroy(doc);
        return status;
    }
    *doc_out = doc;
    return STATUS_OK;
}

/* Turns each escape of NUL into one of U+FFFD, which has the same length. */
static void replace_nul_escapes(char *bytes, size_t length) {
    for (size_t at = 0; at + 1 < length; at++) {
        if (bytes[at] != '\\') continue;
        if (at + 6 <= length && memcmp(bytes + at, "\\u0000", 6) == 0)
            memcpy(bytes + at, "\\ufffd", 6);
        at++; /* whatever the backslash escapes does not start an escape itself */
    }
}

static enum status parse(const char *bytes, size_t length, size_t limit, bool nul_allowed,
                         struct json_doc **doc_out) {
    if (length > limit) return STATUS_TOO_LARGE;
    size_t nul_escapes = 0;
    enum status status = json_scan(bytes, length, &nul_escapes);
    if (status != STATUS_OK) return status;
    if (nul_escapes > 0 && !nul_allowed) return STATUS_MALFORMED;
    char *copy = malloc(length + 1);
    if (copy == NULL) return STATUS_NO_MEMORY;
    if (length > 0) memcpy(copy, bytes, length);
    copy[length] = '\0';
    if (nul_escapes > 0) replace_nul_escapes(copy, length);
    status = build(copy, length, doc_out);
    free(copy);
    return status;
}

enum status json_parse(const char *bytes, size_t length, size_t limit, struct json_doc **doc_out) {
    return parse(bytes, length, limit, false, doc_out);
}

enum status json_parse_foreign(const char *bytes, size_t length, size_t limit,
                               struct json_doc **doc_out) {
    return parse(bytes, length, limit, true, doc_out);
}

void json_destroy(struct json_doc *doc) {
    if (doc == NULL) return;
    cJSON_Delete(doc->root);
    free(doc);
}

void json_cleanup(struct json_doc **doc) { json_destroy(*doc); }

const struct json_value *json_root(const struct json_doc *doc) {
    return doc == NULL ? NULL : value_of(doc->root);
}

enum json_type json_type(const struct json_value *value) {
    const cJSON *node = node_of(value);
    if (node == NULL || cJSON_IsNull(node)) return JSON_ABSENT;
    if (cJSON_IsBool(node)) return JSON_BOOL;
    if (cJSON_IsNumber(node)) return JSON_NUMBER;
    if (cJSON_IsString(node)) return JSON_STRING;
    return cJSON_IsArray(node) ? JSON_ARRAY : JSON_OBJECT;
}

const struct json_value *json_get(const struct json_value *object, const char *key) {
    if (json_type(object) != JSON_OBJECT) return NULL;
    const cJSON *node = cJSON_GetObjectItemCaseSensitive(node_of(object), key);
    return node == NULL || cJSON_IsNull(node) ? NULL : value_of(node);
}

const struct json_value *json_path(const struct json_value *object, ...) {
    va_list keys;
    va_start(keys, object);
    const struct json_value *value = object;
    const char *key = va_arg(keys, const char *);
    while (key != NULL && value != NULL) {
        value = json_get(value, key);
        key = va_arg(keys, const char *);
    }
    va_end(keys);
    return value;
}

/* What a getter answers for a value that is not of the wanted type. */
static enum status wrong_type(const struct json_value *value) {
    return json_type(value) == JSON_ABSENT ? STATUS_NOT_FOUND : STATUS_MALFORMED;
}

const char *json_text(const struct json_value *value) {
    return json_type(value) == JSON_STRING ? node_of(value)->valuestring : NULL;
}

enum status json_as_string(const struct json_value *value, char *target, size_t capacity) {
    const char *text = json_text(value);
    if (text == NULL) return wrong_type(value);
    if (strlen(text) >= capacity) return STATUS_TOO_LARGE;
    return text_copy(target, capacity, text);
}

enum status json_as_number(const struct json_value *value, double minimum, double maximum,
                           double *number_out) {
    if (json_type(value) != JSON_NUMBER) return wrong_type(value);
    double number = node_of(value)->valuedouble;
    if (!(number >= minimum && number <= maximum)) return STATUS_OUT_OF_RANGE;
    *number_out = number;
    return STATUS_OK;
}

enum status json_get_string(const struct json_value *object, const char *key, char *target,
                            size_t capacity) {
    return json_as_string(json_get(object, key), target, capacity);
}

enum status json_get_number(const struct json_value *object, const char *key, double minimum,
                            double maximum, double *number_out) {
    return json_as_number(json_get(object, key), minimum, maximum, number_out);
}

enum status json_get_integer(const struct json_value *object, const char *key, int64_t minimum,
                             int64_t maximum, int64_t *number_out) {
    double number = 0;
    enum status status =
        json_get_number(object, key, -EXACT_INTEGER_MAX, EXACT_INTEGER_MAX, &number);
    if (status != STATUS_OK) return status;
    int64_t whole = (int64_t)number;
    if ((double)whole != number) return STATUS_MALFORMED;
    if (whole < minimum || whole > maximum) return STATUS_OUT_OF_RANGE;
    *number_out = whole;
    return STATUS_OK;
}

enum status json_get_bool(const struct json_value *object, const char *key, bool *flag_out) {
    const struct json_value *value = json_get(object, key);
    if (json_type(value) != JSON_BOOL) return wrong_type(value);
    *flag_out = cJSON_IsTrue(node_of(value));
    return STATUS_OK;
}

static enum status get_typed(const struct json_value *object, const char *key, enum json_type type,
                             const struct json_value **value_out) {
    const struct json_value *value = json_get(object, key);
    if (json_type(value) != type) return wrong_type(value);
    *value_out = value;
    return STATUS_OK;
}

enum status json_get_array(const struct json_value *object, const char *key,
                           const struct json_value **array_out) {
    return get_typed(object, key, JSON_ARRAY, array_out);
}

enum status json_get_object(const struct json_value *object, const char *key,
                            const struct json_value **object_out) {
    return get_typed(object, key, JSON_OBJECT, object_out);
}

const struct json_value *json_first(const struct json_value *container) {
    enum json_type type = json_type(container);
    return type == JSON_ARRAY || type == JSON_OBJECT ? value_of(node_of(container)->child) : NULL;
}

const struct json_value *json_next(const struct json_value *value) {
    return value == NULL ? NULL : value_of(node_of(value)->next);
}

const char *json_key(const struct json_value *value) {
    return value == NULL ? NULL : node_of(value)->string;
}

size_t json_length(const struct json_value *container) {
    size_t count = 0;
    for (const struct json_value *v = json_first(container); v != NULL; v = json_next(v)) count++;
    return count;
}
