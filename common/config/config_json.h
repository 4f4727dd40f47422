/* Strict JSON with `//` comments as a stream of tokens that know their line. No allocation.
 *
 * Accepted: RFC 8259 in UTF-8, one value, and comments from `//` to the end of the line wherever a
 * blank may stand. Refused, each with a line: trailing commas, single quotes, NUL, a byte that is
 * not UTF-8, unpaired surrogates, control characters in strings, nesting or sizes beyond the bounds
 * below, the same key twice in one object, anything after the value. */
#ifndef EAR_COMMON_CONFIG_CONFIG_JSON_H
#define EAR_COMMON_CONFIG_CONFIG_JSON_H

#include "common/base/status.h"

#define CONFIG_FILE_BYTES_MAX   (256 * 1024)
#define CONFIG_DEPTH_MAX        8
#define CONFIG_STRING_BYTES_MAX 2048 /* of one decoded string or key */
#define CONFIG_KEYS_MAX         512  /* of all objects open at one place */

enum config_token_kind {
    CONFIG_TOKEN_OBJECT_OPEN,
    CONFIG_TOKEN_OBJECT_CLOSE,
    CONFIG_TOKEN_ARRAY_OPEN,
    CONFIG_TOKEN_ARRAY_CLOSE,
    CONFIG_TOKEN_KEY,
    CONFIG_TOKEN_STRING,
    CONFIG_TOKEN_NUMBER,
    CONFIG_TOKEN_TRUE,
    CONFIG_TOKEN_FALSE,
    CONFIG_TOKEN_NULL,
    CONFIG_TOKEN_END,
};

struct config_token {
    enum config_token_kind kind;
    unsigned line; /* from 1, where the token starts */
    /* KEY and STRING: the decoded text, ended by NUL; NUMBER: as written, not ended by NUL; else
     * "". Borrowed until the next call of config_json_next(). */
    const char *text;
    size_t length;
};

/* The caller's storage; treat the fields as private. About 7 KiB. */
struct config_json {
    const char *at, *end; /* borrowed input */
    unsigned line;
    unsigned depth;
    char closer[CONFIG_DEPTH_MAX];      /* '}' or ']' of each open level */
    size_t first_key[CONFIG_DEPTH_MAX]; /* where its keys start in `keys` */
    uint64_t keys[CONFIG_KEYS_MAX];     /* hashes of the keys of the open objects */
    size_t key_count;
    int state;           /* what may come next; see config_json.c */
    const char *problem; /* static text, set when a call fails */
    unsigned problem_line;
    char text[CONFIG_STRING_BYTES_MAX + 1];
};

/* Starts reading `length` bytes at `bytes`, borrowed until the last call. A UTF-8 byte-order mark
 * is skipped. */
void config_json_begin(struct config_json *json, const char *bytes, size_t length);

/* Gives the next token; after the value, CONFIG_TOKEN_END. STATUS_MALFORMED or STATUS_TOO_LARGE,
 * with json->problem and json->problem_line; every later call then fails the same way. Pure. */
enum status config_json_next(struct config_json *json, struct config_token *token_out) MUST_USE;

/* After a token that opens an object or array: reads on to its end, dropping what is inside. */
enum status config_json_skip(struct config_json *json) MUST_USE;

#endif
