/* A libcurl easy handle behind the rules for outgoing HTTP; used by one thread. */
#include "aggregator/notify/webhook.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/base/text.h"

#define RETRY_AFTER_MAX_S 86400

struct webhook {
    CURL *easy;
    struct curl_slist *headers;
    bool allow_loopback;
    bool address_refused; /* by the last call */
    size_t answer_bytes;  /* of the last call */
};

static bool is_forbidden_v4(uint32_t address, bool allow_loopback) {
    uint8_t first = (uint8_t)(address >> 24);
    if (first == 127) return !allow_loopback;
    bool link_local = address >> 16 == 0xa9fe;       /* 169.254.0.0/16, with the metadata service */
    return first == 0 || link_local || first >= 224; /* unspecified; multicast and reserved */
}

static bool is_forbidden(const struct sockaddr *address, bool allow_loopback) {
    static const uint8_t metadata_v6[16] = {0xfd, 0x00, 0x0e, 0xc2, 0, 0, 0,    0,
                                            0,    0,    0,    0,    0, 0, 0x02, 0x54};
    if (address->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, address, sizeof v4);
        return is_forbidden_v4(ntohl(v4.sin_addr.s_addr), allow_loopback);
    }
    if (address->sa_family != AF_INET6) return true;
    struct sockaddr_in6 v6;
    memcpy(&v6, address, sizeof v6);
    const struct in6_addr *a = &v6.sin6_addr;
    if (IN6_IS_ADDR_LOOPBACK(a)) return !allow_loopback;
    if (IN6_IS_ADDR_V4MAPPED(a) || IN6_IS_ADDR_V4COMPAT(a)) {
        uint32_t inner;
        memcpy(&inner, a->s6_addr + 12, sizeof inner);
        return is_forbidden_v4(ntohl(inner), allow_loopback);
    }
    return IN6_IS_ADDR_UNSPECIFIED(a) || IN6_IS_ADDR_LINKLOCAL(a) || IN6_IS_ADDR_MULTICAST(a) ||
           memcmp(a, metadata_v6, sizeof metadata_v6) == 0;
}

static curl_socket_t open_socket(void *context, curlsocktype purpose,
                                 struct curl_sockaddr *address) {
    struct webhook *webhook = context;
    (void)purpose;
    if (is_forbidden(&address->addr, webhook->allow_loopback)) {
        webhook->address_refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static size_t take_answer(char *bytes, size_t size, size_t count, void *context) {
    struct webhook *webhook = context;
    (void)bytes; /* the status line says all we use */
    webhook->answer_bytes += size * count;
    return webhook->answer_bytes > WEBHOOK_ANSWER_MAX ? 0 : size * count;
}

enum status webhook_create(bool allow_loopback, struct webhook **webhook_out) {
    struct webhook *webhook = calloc(1, sizeof *webhook);
    if (webhook == NULL) return STATUS_NO_MEMORY;
    webhook->allow_loopback = allow_loopback;
    webhook->easy = curl_easy_init();
    webhook->headers = curl_slist_append(NULL, "Content-Type: application/json");
    struct curl_slist *more = curl_slist_append(webhook->headers, "Expect:");
    if (webhook->easy == NULL || webhook->headers == NULL || more == NULL) {
        webhook_destroy(webhook);
        return STATUS_NO_MEMORY;
    }
    *webhook_out = webhook;
    return STATUS_OK;
}

void webhook_destroy(struct webhook *webhook) {
    if (webhook == NULL) return;
    curl_slist_free_all(webhook->headers);
    curl_easy_cleanup(webhook->easy);
    free(webhook);
}

static void prepare(struct webhook *webhook, const char *url, const char *body, size_t length,
                    struct duration deadline) {
    CURL *easy = webhook->easy;
    curl_easy_reset(easy);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, webhook->allow_loopback ? "https,http" : "https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, webhook->headers);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)length);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)deadline.ms);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, webhook);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_answer);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, webhook);
}

static enum status status_of_http(long http) {
    if (http >= 200 && http < 300) return STATUS_OK;
    if (http == 429) return STATUS_THROTTLED;
    if (http == 408 || http >= 500) return STATUS_UNAVAILABLE;
    if (http >= 300 && http < 400) return STATUS_REFUSED; /* redirects are not followed */
    return http == 401 || http == 403 || http == 404 || http == 410 ? STATUS_DENIED
                                                                    : STATUS_REFUSED;
}

static enum status status_of_failure(const struct webhook *webhook, CURLcode code) {
    if (webhook->address_refused || code == CURLE_UNSUPPORTED_PROTOCOL ||
        code == CURLE_URL_MALFORMAT)
        return STATUS_DENIED;
    if (code == CURLE_OPERATION_TIMEDOUT) return STATUS_TIMEOUT;
    if (code == CURLE_WRITE_ERROR) return STATUS_TOO_LARGE;
    if (code == CURLE_OUT_OF_MEMORY) return STATUS_NO_MEMORY;
    return STATUS_UNREACHABLE;
}

void webhook_post(struct webhook *webhook, const char *url, const char *body, size_t length,
                  struct duration deadline, struct webhook_verdict *verdict_out) {
    struct webhook_verdict verdict = {.status = STATUS_INTERNAL};
    struct text detail = text_over(verdict.detail, sizeof verdict.detail);
    curl_off_t retry_after = 0;
    webhook->address_refused = false;
    webhook->answer_bytes = 0;
    prepare(webhook, url, body, length, deadline);
    CURLcode code = curl_easy_perform(webhook->easy);
    curl_easy_getinfo(webhook->easy, CURLINFO_RESPONSE_CODE, &verdict.http);
    curl_easy_getinfo(webhook->easy, CURLINFO_RETRY_AFTER, &retry_after);
    /* A huge body after a good status line is still a delivery: it was only not read to its end. */
    bool answered = code == CURLE_OK || (code == CURLE_WRITE_ERROR && verdict.http != 0);
    verdict.status = answered ? status_of_http(verdict.http) : status_of_failure(webhook, code);
    if (retry_after > 0)
        verdict.retry_after =
            duration_s(retry_after > RETRY_AFTER_MAX_S ? RETRY_AFTER_MAX_S : retry_after);
    if (answered) {
        text_add(&detail, "HTTP ");
        text_add_integer(&detail, verdict.http);
    } else {
        text_add(&detail, webhook->address_refused
                              ? "the address is loopback, link-local or multicast"
                              : curl_easy_strerror(code));
    }
    *verdict_out = verdict;
}
