/* See url.h. */
#include "agent/link/url.h"

#include <string.h>

#include "common/base/text.h"

static bool is_host_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == ':';
}

static bool is_loopback(const char *host) {
    return strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0 ||
           strcmp(host, "localhost") == 0;
}

static enum status parse_port(const char *text) {
    int64_t port;
    enum status status = text_parse_integer(text, strlen(text), &port);
    if (status) return STATUS_MALFORMED;
    return port >= 1 && port <= 65535 ? STATUS_OK : STATUS_MALFORMED;
}

static enum status copy_host(const char *host, size_t length, struct url *url) {
    bool bracketed = length >= 2 && host[0] == '[' && host[length - 1] == ']';
    if (bracketed) {
        host++;
        length -= 2;
    }
    if (length == 0) return STATUS_MALFORMED;
    for (size_t i = 0; i < length; i++) {
        if (!is_host_character(host[i])) return STATUS_MALFORMED;
        if (host[i] == ':' && !bracketed) return STATUS_MALFORMED;
    }
    return text_copy_bytes(url->host, sizeof url->host, host, length);
}

enum status url_parse(const char *text, struct url *url_out) {
    struct url url = {.tls = strncmp(text, "tls+tcp://", 10) == 0};
    if (!url.tls && strncmp(text, "tcp://", 6) != 0) return STATUS_MALFORMED;
    const char *host = text + (url.tls ? 10 : 6);
    const char *colon = strrchr(host, ':');
    if (colon == NULL) return STATUS_MALFORMED;
    enum status status = parse_port(colon + 1);
    if (!status) status = copy_host(host, (size_t)(colon - host), &url);
    if (!status && !url.tls && !is_loopback(url.host)) status = STATUS_REFUSED;
    if (!status) *url_out = url;
    return status;
}
