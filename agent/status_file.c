/* The status file; no data of its own. */
#include "agent/status_file.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/json_write.h"
#include "common/config/config_json.h"
#include "common/sys/file.h"

#define STATUS_FILE_MODE 0644

static void write_time(struct json_writer *json, const char *key, struct wall_time at) {
    char text[CLOCK_RFC3339_SIZE];
    json_string(json, key, at.ms == 0 ? NULL : wall_format(at, text));
}

static void write_checks(struct json_writer *json, const struct status_file *status) {
    json_open_array(json, "checks");
    for (uint16_t i = 0; i < status->check_count; i++) {
        const struct check_result *check = &status->checks[i];
        json_open_object(json, NULL);
        json_string(json, "name", check->name);
        json_string(json, "state", check_state_name(check->state));
        json_integer(json, "failures", check->failures);
        json_string(json, "detail", check->detail);
        json_string(json, "unit", check->unit);
        json_close_object(json);
    }
    json_close_array(json);
}

static bool checks_good(const struct status_file *status) {
    for (uint16_t i = 0; i < status->check_count; i++)
        if (status->checks[i].state == CHECK_FAILING) return false;
    return true;
}

enum status status_file_write(const struct status_file *status) {
    char bytes[STATUS_FILE_SIZE];
    if (status->path[0] == '\0') return STATUS_OK;
    struct text text = text_over(bytes, sizeof bytes);
    struct json_writer json = json_writer_over(&text);
    json_open_object(&json, NULL);
    json_string(&json, "status", status->stopping ? "stopping" : "running");
    write_time(&json, "starttime", status->started_at);
    json_string(&json, "configstatus",
                status->not_configured == NULL ? "configured" : "not configured");
    json_string(&json, "version", EAR_VERSION);
    json_integer(&json, "pid", getpid());
    json_integer(&json, "updated_ms", status->now.ms);
    json_integer(&json, "interval_ms", status->interval.ms);
    json_bool(&json, "healthy", status->not_configured == NULL && checks_good(status));
    json_string(&json, "instance", status->instance);
    json_string(&json, "reason", status->not_configured);
    json_string(&json, "connection", status->connection);
    json_integer(&json, "sequence", (int64_t)status->sequence);
    json_integer(&json, "acknowledged", (int64_t)status->acked);
    write_time(&json, "acknowledged_at", status->acked_at);
    json_integer(&json, "waiting", (int64_t)status->waiting);
    json_integer(&json, "dropped", (int64_t)status->dropped);
    write_checks(&json, status);
    json_close_object(&json);
    text_add_character(&text, '\n');
    if (text.truncated) return STATUS_TOO_LARGE;
    return file_write_volatile(status->path, bytes, text.length, STATUS_FILE_MODE);
}

/* What the printer needs of a file. */
struct found {
    int64_t pid, updated_ms, interval_ms;
    bool healthy;
    char started[CLOCK_RFC3339_SIZE], config[32], version[VERSION_SIZE];
};

static void keep_text(char *target, size_t capacity, const struct config_token *token) {
    struct text text = text_over(target, capacity);
    if (token->kind == CONFIG_TOKEN_STRING) text_add(&text, token->text);
}

static void keep_number(int64_t *target, const struct config_token *token) {
    int64_t number;
    if (token->kind == CONFIG_TOKEN_NUMBER &&
        text_parse_integer(token->text, token->length, &number) == STATUS_OK)
        *target = number;
}

static void keep(struct found *found, const char *key, const struct config_token *token) {
    if (strcmp(key, "pid") == 0) keep_number(&found->pid, token);
    if (strcmp(key, "updated_ms") == 0) keep_number(&found->updated_ms, token);
    if (strcmp(key, "interval_ms") == 0) keep_number(&found->interval_ms, token);
    if (strcmp(key, "healthy") == 0) found->healthy = token->kind == CONFIG_TOKEN_TRUE;
    if (strcmp(key, "starttime") == 0) keep_text(found->started, sizeof found->started, token);
    if (strcmp(key, "configstatus") == 0) keep_text(found->config, sizeof found->config, token);
    if (strcmp(key, "version") == 0) keep_text(found->version, sizeof found->version, token);
}

static enum status read_members(struct config_json *json, struct found *found) {
    struct config_token token;
    char key[32];
    enum status status = config_json_next(json, &token);
    if (status != STATUS_OK || token.kind != CONFIG_TOKEN_OBJECT_OPEN) return STATUS_MALFORMED;
    for (;;) {
        status = config_json_next(json, &token);
        if (status != STATUS_OK || token.kind == CONFIG_TOKEN_OBJECT_CLOSE) return status;
        struct text text = text_over(key, sizeof key);
        text_add(&text, token.text);
        status = config_json_next(json, &token);
        if (status != STATUS_OK) return status;
        keep(found, key, &token);
        bool opens =
            token.kind == CONFIG_TOKEN_OBJECT_OPEN || token.kind == CONFIG_TOKEN_ARRAY_OPEN;
        if (opens && (status = config_json_skip(json)) != STATUS_OK) return status;
    }
}

static bool parse(const char *bytes, size_t length, struct found *found) {
    struct config_json *json = malloc(sizeof *json);
    if (json == NULL) return false;
    config_json_begin(json, bytes, length);
    enum status status = read_members(json, found);
    free(json);
    return status == STATUS_OK && found->pid > 0;
}

static bool is_alive(int64_t pid) {
    /* Another user's process answers EPERM, and lives. */
    return kill((pid_t)pid, 0) == 0 || errno == EPERM;
}

static void print_other(const char *word, const struct found *found, FILE *out) {
    char bytes[512];
    struct text text = text_over(bytes, sizeof bytes);
    struct json_writer json = json_writer_over(&text);
    json_open_object(&json, NULL);
    json_string(&json, "status", word);
    json_string(&json, "starttime", found->started[0] == '\0' ? NULL : found->started);
    json_string(&json, "configstatus", found->config[0] == '\0' ? "unknown" : found->config);
    json_string(&json, "version", found->version[0] == '\0' ? EAR_VERSION : found->version);
    json_close_object(&json);
    (void)fprintf(out, "%s\n", bytes); /* the caller's last close tells */
}

bool status_file_print(const char *path, struct wall_time now, FILE *out) {
    char bytes[STATUS_FILE_SIZE];
    size_t length;
    struct found found = {0};
    if (file_read(path, bytes, sizeof bytes, &length) != STATUS_OK ||
        !parse(bytes, length, &found) || !is_alive(found.pid)) {
        print_other("stopped", &found, out);
        return false;
    }
    int64_t late_ms = (found.interval_ms > 0 ? found.interval_ms : 0) * STATUS_FILE_LATE_CYCLES;
    if (now.ms - found.updated_ms > late_ms + 1000) {
        print_other("stalled", &found, out);
        return false;
    }
    (void)fwrite(bytes, 1, length, out); /* the caller's last close tells */
    return found.healthy;
}
