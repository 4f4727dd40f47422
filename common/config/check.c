/* Forms of texts, by allow-lists. Pure. */
#include "common/config/check.h"

#include <string.h>

#include "common/base/id.h"
#include "common/base/text.h"

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_small(char c) { return c >= 'a' && c <= 'z'; }
static bool is_letter(char c) { return is_small(c) || (c >= 'A' && c <= 'Z'); }

/* Whether all of `length` bytes are letters, digits or one of `others`; at least one byte. */
static bool only(const char *text, size_t length, const char *others) {
    for (size_t i = 0; i < length; i++) {
        if (is_letter(text[i]) || is_digit(text[i])) continue;
        if (text[i] == '\0' || strchr(others, text[i]) == NULL) return false;
    }
    return length > 0;
}

static bool starts(const char *text, const char *prefix) {
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool is_port(const char *text, int64_t least) {
    int64_t port;
    size_t length = strlen(text);
    if (length == 0 || !is_digit(text[0]) || length > 5) return false;
    return text_parse_integer(text, length, &port) == STATUS_OK && port >= least && port <= 65535;
}

static bool is_host(const char *text, size_t length) {
    return length < 254 && only(text, length, ".-") && text[0] != '-' && text[0] != '.';
}

/* HOST:PORT or [IPV6]:PORT. */
static bool is_host_port(const char *text, int64_t least_port) {
    const char *colon = strrchr(text, ':');
    if (colon == NULL || !is_port(colon + 1, least_port)) return false;
    size_t length = (size_t)(colon - text);
    if (length > 2 && text[0] == '[' && text[length - 1] == ']')
        return length < 48 && only(text + 1, length - 2, ":.%");
    return is_host(text, length);
}

const char *config_check_agent_address(const char *text) {
    const char *rest = starts(text, "tls+tcp://") ? text + 10
                       : starts(text, "tcp://")   ? text + 6
                                                  : NULL;
    if (rest != NULL && is_host_port(rest, 1)) return NULL;
    return "tls+tcp://HOST:PORT, or tcp://HOST:PORT without encryption";
}

const char *config_check_listen_address(const char *text) {
    return is_host_port(text, 0) ? NULL : "ADDRESS:PORT, as 0.0.0.0:7443 or [::]:7443";
}

const char *config_check_instance_id(const char *text) {
    struct instance_id id;
    if (instance_id_parse(text, strlen(text), &id) == STATUS_OK) return NULL;
    return "an instance id, i- and 8 to 17 of 0-9 and a-f";
}

const char *config_check_url(const char *text) {
    static const char allowed[] = "an https:// or http:// address without blanks or quotes";
    const char *rest = starts(text, "https://")  ? text + 8
                       : starts(text, "http://") ? text + 7
                                                 : NULL;
    if (rest == NULL || !only(rest, strlen(rest), "-._~:/?#[]@!$&()*+,;=%")) return allowed;
    return is_letter(rest[0]) || is_digit(rest[0]) || rest[0] == '[' ? NULL : allowed;
}

const char *config_check_region(const char *text) {
    size_t length = strlen(text);
    bool right = length >= 5 && length < 32 && is_small(text[0]) && is_digit(text[length - 1]);
    for (size_t i = 0; i < length; i++)
        right = right && (is_small(text[i]) || is_digit(text[i]) || text[i] == '-');
    return right ? NULL : "an AWS region, as eu-central-1";
}

const char *config_check_account(const char *text) {
    bool right = strlen(text) == 12;
    for (size_t i = 0; right && i < 12; i++) right = is_digit(text[i]);
    return right ? NULL : "an AWS account, 12 digits";
}

const char *config_check_arn(const char *text) {
    size_t colons = 0, length = strlen(text);
    for (size_t i = 0; i < length; i++) colons += text[i] == ':';
    if (starts(text, "arn:") && colons >= 5 && only(text, length, ":/-_.")) return NULL;
    return "an ARN, as arn:aws:sns:eu-central-1:123456789012:topic";
}

const char *config_check_name(const char *text) {
    return only(text, strlen(text), "._-") && text[0] != '-' && text[0] != '.'
               ? NULL
               : "a name of letters, digits and . _ -";
}

const char *config_check_host(const char *text) {
    size_t length = strlen(text);
    bool right = is_host(text, length) || (length < 46 && only(text, length, ":."));
    return right ? NULL : "a host name or an IP address";
}

const char *config_check_unit(const char *text) {
    static const char *const kinds[] = {".service", ".socket", ".target", ".timer",
                                        ".mount",   ".path",   ".slice",  ".scope"};
    size_t length = strlen(text);
    bool right = only(text, length, ":_.@-\\") && text[0] != '-' && text[0] != '.';
    bool known = false;
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
        size_t kind = strlen(kinds[i]);
        known = known || (length > kind && strcmp(text + length - kind, kinds[i]) == 0);
    }
    return right && known ? NULL : "a systemd unit, as nginx.service";
}

const char *config_check_command(const char *text) {
    size_t length = strlen(text);
    if (length >= 1 && length <= 15 && strchr(text, '/') == NULL && text[0] != '\x01') return NULL;
    return "a command name as in /proc/PID/comm, 1 to 15 bytes";
}
