/* Sources of credentials. The caller owns the struct; file contents are wiped before they are
 * freed. */
#include "aggregator/aws/credentials.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "common/base/text.h"
#include "common/sys/file.h"

void aws_credentials_wipe(struct aws_credentials *credentials) {
    OPENSSL_cleanse(credentials, sizeof *credentials);
}

bool aws_credentials_equal(const struct aws_credentials *a, const struct aws_credentials *b) {
    return strcmp(a->access_key, b->access_key) == 0 && strcmp(a->secret, b->secret) == 0 &&
           strcmp(a->session_token, b->session_token) == 0;
}

enum aws_refresh aws_refresh_need(const struct aws_credentials *credentials, struct wall_time now) {
    if (credentials->expires.ms == 0) return AWS_REFRESH_NOT_NEEDED;
    int64_t left_ms = wall_since(credentials->expires, now).ms;
    if (left_ms <= 0) return AWS_REFRESH_EXPIRED;
    if (left_ms < AWS_REFRESH_MUST_MS) return AWS_REFRESH_REQUIRED;
    return left_ms < AWS_REFRESH_SOON_MS ? AWS_REFRESH_SOON : AWS_REFRESH_NOT_NEEDED;
}

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r'; }

/* A line of an INI text without its blanks at the ends. */
struct line {
    const char *start;
    size_t length;
    bool indented;
};

static struct line trim(const char *start, size_t length) {
    struct line line = {start, length, length > 0 && is_space(start[0])};
    while (line.length > 0 && is_space(line.start[0])) {
        line.start++;
        line.length--;
    }
    while (line.length > 0 && is_space(line.start[line.length - 1])) line.length--;
    return line;
}

static bool is_section(const struct line *line, const char *section) {
    if (line->length < 2 || line->start[line->length - 1] != ']') return false;
    struct line name = trim(line->start + 1, line->length - 2);
    return name.length == strlen(section) && memcmp(name.start, section, name.length) == 0;
}

/* Length of `value` without a comment that follows a blank. */
static size_t without_comment(const char *value, size_t length) {
    for (size_t i = 1; i < length; i++)
        if ((value[i] == '#' || value[i] == ';') && is_space(value[i - 1])) {
            while (i > 0 && is_space(value[i - 1])) i--;
            return i;
        }
    return length;
}

/* "key = value": STATUS_NOT_FOUND when the line holds another key. */
static enum status value_of(const struct line *line, const char *key, char *value_out,
                            size_t capacity) {
    const char *equals = memchr(line->start, '=', line->length);
    if (equals == NULL) return STATUS_NOT_FOUND;
    struct line name = trim(line->start, (size_t)(equals - line->start));
    if (name.length != strlen(key) || memcmp(name.start, key, name.length) != 0)
        return STATUS_NOT_FOUND;
    size_t used = (size_t)(equals - line->start) + 1;
    struct line value = trim(equals + 1, line->length - used);
    return text_copy_bytes(value_out, capacity, value.start,
                           without_comment(value.start, value.length));
}

enum status aws_profile_get(const char *text, size_t length, const char *section, const char *key,
                            char *value_out, size_t capacity) {
    bool inside = false;
    enum status found = STATUS_NOT_FOUND;
    for (size_t at = 0; at < length;) {
        const char *newline = memchr(text + at, '\n', length - at);
        size_t line_length = newline != NULL ? (size_t)(newline - (text + at)) : length - at;
        struct line line = trim(text + at, line_length);
        at += line_length + 1;
        if (line.length == 0 || line.start[0] == '#' || line.start[0] == ';') continue;
        if (line.start[0] == '[') {
            inside = is_section(&line, section);
            continue;
        }
        if (!inside || line.indented) continue;
        enum status status = value_of(&line, key, value_out, capacity);
        if (status == STATUS_NOT_FOUND) continue;
        if (status != STATUS_OK) return status;
        found = STATUS_OK;
    }
    return found;
}

/* Keys and tokens go into headers: visible ASCII only. */
static bool is_header_safe(const char *text) {
    for (; *text != '\0'; text++)
        if (*text <= ' ' || *text > '~') return false;
    return true;
}

static enum status check(const struct aws_credentials *credentials) {
    bool half = credentials->access_key[0] == '\0' || credentials->secret[0] == '\0';
    if (half || strchr(credentials->access_key, '/') != NULL) return STATUS_MALFORMED;
    bool safe = is_header_safe(credentials->access_key) && is_header_safe(credentials->secret) &&
                is_header_safe(credentials->session_token);
    return safe ? STATUS_OK : STATUS_MALFORMED;
}

static enum status copy_if_set(const char *value, char *target, size_t capacity) {
    return value == NULL ? STATUS_OK : text_copy(target, capacity, value);
}

static enum status load_environment(const struct aws_environment *environment,
                                    struct aws_credentials *credentials) {
    const char *key = aws_environment_get(environment, "AWS_ACCESS_KEY_ID");
    const char *secret = aws_environment_get(environment, "AWS_SECRET_ACCESS_KEY");
    const char *token = aws_environment_get(environment, "AWS_SESSION_TOKEN");
    const char *expires = aws_environment_get(environment, "AWS_CREDENTIAL_EXPIRATION");
    if (key == NULL && secret == NULL) return STATUS_NOT_FOUND;
    credentials->source = "environment";
    enum status status = copy_if_set(key, credentials->access_key, AWS_ACCESS_KEY_SIZE);
    if (status == STATUS_OK) status = copy_if_set(secret, credentials->secret, AWS_SECRET_SIZE);
    if (status == STATUS_OK)
        status = copy_if_set(token, credentials->session_token, AWS_TOKEN_SIZE);
    if (status == STATUS_OK && expires != NULL)
        status = wall_parse(expires, strlen(expires), &credentials->expires);
    return status == STATUS_OK ? check(credentials) : status;
}

static enum status get_optional(const char *text, size_t length, const char *section,
                                const char *key, char *target, size_t capacity) {
    enum status status = aws_profile_get(text, length, section, key, target, capacity);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status read_section(const char *text, size_t length, const char *section, void *out) {
    struct aws_credentials *credentials = out;
    char expires[64] = "";
    enum status status = get_optional(text, length, section, "aws_access_key_id",
                                      credentials->access_key, AWS_ACCESS_KEY_SIZE);
    if (status == STATUS_OK)
        status = get_optional(text, length, section, "aws_secret_access_key", credentials->secret,
                              AWS_SECRET_SIZE);
    if (status == STATUS_OK)
        status = get_optional(text, length, section, "aws_session_token",
                              credentials->session_token, AWS_TOKEN_SIZE);
    /* Not AWS's own key, but what tools that rotate the file write beside the token. */
    if (status == STATUS_OK)
        status = get_optional(text, length, section, "expiration", expires, sizeof expires);
    if (status != STATUS_OK) return status;
    if (credentials->access_key[0] == '\0' && credentials->secret[0] == '\0')
        return STATUS_NOT_FOUND;
    if (expires[0] != '\0') status = wall_parse(expires, strlen(expires), &credentials->expires);
    return status == STATUS_OK ? check(credentials) : status;
}

/* The variable's path, else ~/.aws/NAME. */
static enum status shared_path(const struct aws_environment *environment, const char *variable,
                               const char *name, char path[static FILE_PATH_SIZE]) {
    const char *set = aws_environment_get(environment, variable);
    if (set != NULL) return text_copy(path, FILE_PATH_SIZE, set);
    const char *home = aws_environment_get(environment, "HOME");
    if (home == NULL) return STATUS_NOT_FOUND;
    struct text text = text_over(path, FILE_PATH_SIZE);
    text_add(&text, home);
    text_add(&text, "/.aws/");
    text_add(&text, name);
    return text.truncated ? STATUS_TOO_LARGE : STATUS_OK;
}

/* What is done with a file's text. */
typedef enum status use_text(const char *text, size_t length, const char *section, void *out);

static enum status use_file(const char *path, const char *section, use_text *use, void *out) {
    char *bytes = malloc(AWS_PROFILE_BYTES_MAX);
    if (bytes == NULL) return STATUS_NO_MEMORY;
    size_t length = 0;
    enum status status = file_read(path, bytes, AWS_PROFILE_BYTES_MAX, &length);
    if (status == STATUS_OK) status = use(bytes, length, section, out);
    OPENSSL_cleanse(bytes, AWS_PROFILE_BYTES_MAX);
    free(bytes);
    return status;
}

static enum status use_credentials_file(const struct aws_environment *environment,
                                        const char *profile, struct aws_credentials *credentials) {
    char path[FILE_PATH_SIZE];
    enum status status =
        shared_path(environment, "AWS_SHARED_CREDENTIALS_FILE", "credentials", path);
    credentials->source = "credentials file";
    return status == STATUS_OK ? use_file(path, profile, read_section, credentials) : status;
}

/* In the configuration file every profile but the default one has "profile " before its name. */
static enum status use_config_file(const struct aws_environment *environment, const char *profile,
                                   use_text *use, void *out) {
    char path[FILE_PATH_SIZE], section[256];
    struct text text = text_over(section, sizeof section);
    if (strcmp(profile, "default") != 0) text_add(&text, "profile ");
    text_add(&text, profile);
    if (text.truncated) return STATUS_TOO_LARGE;
    enum status status = shared_path(environment, "AWS_CONFIG_FILE", "config", path);
    return status == STATUS_OK ? use_file(path, section, use, out) : status;
}

static bool is_chosen(const char *profile) { return profile != NULL && profile[0] != '\0'; }

/* Our own setting, else AWS_PROFILE, else "default". */
static const char *profile_name(const struct aws_environment *environment, const char *chosen) {
    const char *name = chosen;
    if (!is_chosen(chosen)) name = aws_environment_get(environment, "AWS_PROFILE");
    return name != NULL ? name : "default";
}

static enum status load_first(const struct aws_environment *environment, const char *chosen,
                              struct aws_credentials *credentials) {
    enum status status = STATUS_NOT_FOUND;
    if (!is_chosen(chosen)) status = load_environment(environment, credentials);
    if (status != STATUS_NOT_FOUND) return status;
    const char *profile = profile_name(environment, chosen);
    status = use_credentials_file(environment, profile, credentials);
    if (status != STATUS_NOT_FOUND) return status;
    credentials->source = "config file";
    return use_config_file(environment, profile, read_section, credentials);
}

enum status aws_credentials_load(const struct aws_environment *environment, const char *profile,
                                 struct aws_credentials *credentials_out) {
    struct aws_credentials credentials = {0};
    enum status status = load_first(environment, profile, &credentials);
    if (status == STATUS_OK) *credentials_out = credentials;
    aws_credentials_wipe(&credentials);
    return status;
}

static enum status read_region(const char *text, size_t length, const char *section, void *out) {
    char region[AWS_REGION_SIZE];
    enum status status = aws_profile_get(text, length, section, "region", region, sizeof region);
    if (status == STATUS_NOT_FOUND) return status;
    if (status != STATUS_OK || aws_partition_of(region) == NULL) return STATUS_MALFORMED;
    return text_copy(out, AWS_REGION_SIZE, region);
}

enum status aws_profile_region(const struct aws_environment *environment, const char *profile,
                               char region_out[static AWS_REGION_SIZE]) {
    return use_config_file(environment, profile_name(environment, profile), read_region,
                           region_out);
}
