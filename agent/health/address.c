/* Addresses of checks; pure. */
#include "agent/health/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "common/base/text.h"

#define PORT_HTTP  80
#define PORT_HTTPS 443

static enum status set_v4(struct in_addr host, uint16_t port, struct address *out) {
    struct sockaddr_in *in = (struct sockaddr_in *)&out->socket;
    uint32_t number = ntohl(host.s_addr);
    bool link_local = number >> 16 == 0xa9fe; /* 169.254.0.0/16 */
    if (number == 0 || link_local || number >> 28 >= 14) return STATUS_DENIED;
    in->sin_family = AF_INET;
    in->sin_addr = host;
    in->sin_port = htons(port);
    out->socket_length = sizeof *in;
    return STATUS_OK;
}

static enum status set_v6(struct in6_addr host, uint16_t port, struct address *out) {
    static const struct in6_addr metadata = {
        .s6_addr = {0xfd, 0x00, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54}};
    struct sockaddr_in6 *in = (struct sockaddr_in6 *)&out->socket;
    if (IN6_IS_ADDR_UNSPECIFIED(&host) || IN6_IS_ADDR_MULTICAST(&host) ||
        IN6_IS_ADDR_LINKLOCAL(&host) || IN6_ARE_ADDR_EQUAL(&host, &metadata))
        return STATUS_DENIED;
    if (IN6_IS_ADDR_V4MAPPED(&host)) {
        struct in_addr inner;
        memcpy(&inner, &host.s6_addr[12], sizeof inner);
        return set_v4(inner, port, out);
    }
    in->sin6_family = AF_INET6;
    in->sin6_addr = host;
    in->sin6_port = htons(port);
    out->socket_length = sizeof *in;
    return STATUS_OK;
}

static enum status set(const char *host, bool bracketed, uint16_t port, struct address *out) {
    struct in_addr v4;
    struct in6_addr v6;
    *out = (struct address){0};
    if (bracketed) {
        if (inet_pton(AF_INET6, host, &v6) != 1) return STATUS_MALFORMED;
        return set_v6(v6, port, out);
    }
    if (strcmp(host, "localhost") == 0) host = "127.0.0.1";
    if (inet_pton(AF_INET, host, &v4) != 1) return STATUS_UNSUPPORTED;
    return set_v4(v4, port, out);
}

/* Parts of HOST[:PORT] in `length` bytes. */
static enum status parse(const char *text, size_t length, int64_t port, struct address *out) {
    char host[ADDRESS_HOST_SIZE];
    bool bracketed = length > 0 && text[0] == '[';
    const char *close = bracketed ? memchr(text, ']', length) : NULL;
    if (bracketed && close == NULL) return STATUS_MALFORMED;
    const char *start = bracketed ? text + 1 : text;
    size_t behind = bracketed ? (size_t)(close - text) + 1 : 0;
    const char *colon = memchr(text + behind, ':', length - behind);
    if (bracketed && behind < length && colon != text + behind) return STATUS_MALFORMED;
    size_t host_length =
        bracketed ? (size_t)(close - start) : (colon != NULL ? (size_t)(colon - text) : length);
    if (colon != NULL &&
        text_parse_integer(colon + 1, (size_t)(text + length - colon - 1), &port) != STATUS_OK)
        return STATUS_MALFORMED;
    if (port < 1 || port > UINT16_MAX || host_length == 0) return STATUS_MALFORMED;
    if (text_copy_bytes(host, sizeof host, start, host_length) != STATUS_OK)
        return STATUS_MALFORMED;
    return set(host, bracketed, (uint16_t)port, out);
}

enum status address_parse(const char *text, struct address *address_out) {
    return parse(text, strlen(text), 0, address_out);
}

static bool is_clean(const char *text) {
    for (; *text != '\0'; text++)
        if (*text <= ' ' || *text == 0x7f || *text == '@' || *text == '#' || *text == '\\')
            return false;
    return true;
}

enum status address_parse_url(const char *text, struct address_url *url_out) {
    struct address_url url = {0};
    if (strlen(text) > ADDRESS_TEXT_MAX || !is_clean(text)) return STATUS_MALFORMED;
    if (strncmp(text, "https://", 8) == 0)
        url.tls = true;
    else if (strncmp(text, "http://", 7) != 0)
        return STATUS_MALFORMED;
    const char *host = text + (url.tls ? 8 : 7);
    size_t length = strcspn(host, "/?");
    if (text_copy_bytes(url.host, sizeof url.host, host, length) != STATUS_OK)
        return STATUS_MALFORMED;
    const char *path = host + length;
    struct text target = text_over(url.path, sizeof url.path);
    if (*path != '/') text_add_character(&target, '/');
    text_add(&target, path);
    if (target.truncated) return STATUS_TOO_LARGE;
    enum status status = parse(host, length, url.tls ? PORT_HTTPS : PORT_HTTP, &url.address);
    if (status == STATUS_OK) *url_out = url;
    return status;
}
