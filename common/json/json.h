/* Strict reading of JSON from outside (writing is common/base/json_write.h). cJSON builds the tree;
 * this wrapper refuses what cJSON lets through (SAFETY 5.2): more bytes than asked for, trailing
 * bytes, nesting deeper than JSON_DEPTH_MAX, the same key twice in one object, numbers that are not
 * finite or not in RFC 8259's form, raw control characters and bytes that are not UTF-8 in strings,
 * and \u0000.
 *
 * A document is read by one thread at a time. Values are borrowed and live until json_destroy().
 * Every getter takes NULL for the value it looks in and then answers STATUS_NOT_FOUND, so that
 * lookups can be chained. Unknown members are ignored. JSON null counts as absent. */
#ifndef EAR_COMMON_JSON_JSON_H
#define EAR_COMMON_JSON_JSON_H

#include "common/base/status.h"

/* Usual cap on a document, bytes (SAFETY 5.2: cJSON takes 32 times that in memory). */
#define JSON_BYTES_MAX (256U * 1024U)
/* Deepest nesting of objects and arrays; no document we read needs half of it. */
#define JSON_DEPTH_MAX 32

struct json_doc;   /* owns the tree */
struct json_value; /* one node; borrowed from its document */

enum json_type {
    JSON_ABSENT, /* NULL was given, or the value is null */
    JSON_BOOL,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT,
};

/* Parses all of `length` bytes at `bytes` (need not end in NUL).
 * limit    most bytes accepted, usually JSON_BYTES_MAX
 * doc_out  owned by the caller, json_destroy()
 * STATUS_OK; STATUS_TOO_LARGE above `limit` or JSON_DEPTH_MAX; STATUS_DUPLICATE for a repeated key;
 * STATUS_OUT_OF_RANGE for a number that no double holds; STATUS_MALFORMED; STATUS_NO_MEMORY. */
enum status json_parse(const char *bytes, size_t length, size_t limit,
                       struct json_doc **doc_out) MUST_USE;
/* The same for answers that carry output of foreign programs: an escaped NUL in a string becomes
 * U+FFFD instead of making the whole document malformed. */
enum status json_parse_foreign(const char *bytes, size_t length, size_t limit,
                               struct json_doc **doc_out) MUST_USE;
void json_destroy(struct json_doc *doc); /* NULL is fine */
/* For CLEANUP(json_cleanup). */
void json_cleanup(struct json_doc **doc);

const struct json_value *json_root(const struct json_doc *doc);
enum json_type json_type(const struct json_value *value);

/* Member `key` of an object (case matters); NULL when absent, null, or `object` is no object. */
const struct json_value *json_get(const struct json_value *object, const char *key);
/* The same, one call a level, ending with a NULL key: json_path(root, "Command", "Status", NULL).
 */
const struct json_value *json_path(const struct json_value *object, ...);

/* Typed members of an object. STATUS_NOT_FOUND when absent or null, STATUS_MALFORMED for another
 * type; outputs are written on success only.
 * json_get_string   copies with NUL into target[capacity]; STATUS_TOO_LARGE when it does not fit
 * json_get_number   minimum..maximum inclusive, else STATUS_OUT_OF_RANGE
 * json_get_integer  the same, and whole and within +-2^53: larger numbers lose digits, ids are
 *                   strings */
enum status json_get_string(const struct json_value *object, const char *key, char *target,
                            size_t capacity) MUST_USE;
enum status json_get_number(const struct json_value *object, const char *key, double minimum,
                            double maximum, double *number_out) MUST_USE;
enum status json_get_integer(const struct json_value *object, const char *key, int64_t minimum,
                             int64_t maximum, int64_t *number_out) MUST_USE;
enum status json_get_bool(const struct json_value *object, const char *key,
                          bool *flag_out) MUST_USE;
enum status json_get_array(const struct json_value *object, const char *key,
                           const struct json_value **array_out) MUST_USE;
enum status json_get_object(const struct json_value *object, const char *key,
                            const struct json_value **object_out) MUST_USE;

/* Typed values themselves (elements of arrays): the same rules. */
enum status json_as_string(const struct json_value *value, char *target, size_t capacity) MUST_USE;
enum status json_as_number(const struct json_value *value, double minimum, double maximum,
                           double *number_out) MUST_USE;
/* The bytes of a string, borrowed and NUL-terminated; NULL for any other type. */
const char *json_text(const struct json_value *value);

/* Elements of an array or members of an object, in the order of the document:
 * for (v = json_first(array); v; v = json_next(v)). NULL for other types. */
const struct json_value *json_first(const struct json_value *container);
const struct json_value *json_next(const struct json_value *value);
/* Name of a member of an object, borrowed; NULL for elements of arrays. */
const char *json_key(const struct json_value *value);
/* Number of elements or members; 0 for other types. */
size_t json_length(const struct json_value *container);

#endif
