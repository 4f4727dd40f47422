/* Partitions, regions, endpoints. Constant data; any thread. */
#include "aggregator/aws/endpoint.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/text.h"

static const char *get_of_process(void *context, const char *name) {
    (void)context;
    return getenv(name);
}

struct aws_environment aws_environment_of_process(void) {
    return (struct aws_environment){get_of_process, NULL};
}

const char *aws_environment_get(const struct aws_environment *environment, const char *name) {
    const char *value = environment->get(environment->context, name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

static bool flag_set(const struct aws_environment *environment, const char *name) {
    const char *value = aws_environment_get(environment, name);
    return value != NULL && strcasecmp(value, "true") == 0;
}

/* First parts of region names; "us-gov" stands before "us" because the longer one must win. */
static const struct {
    const char *prefix;
    struct aws_partition partition;
} prefixes[] = {
    {"us-gov-", {"aws-us-gov", "amazonaws.com", "api.aws"}},
    {"cn-", {"aws-cn", "amazonaws.com.cn", "api.amazonwebservices.com.cn"}},
    {"eusc-de-", {"aws-eusc", "amazonaws.eu", "api.amazonwebservices.eu"}},
    {"us-", {"aws", "amazonaws.com", "api.aws"}},
    {"eu-", {"aws", "amazonaws.com", "api.aws"}},
    {"ap-", {"aws", "amazonaws.com", "api.aws"}},
    {"sa-", {"aws", "amazonaws.com", "api.aws"}},
    {"ca-", {"aws", "amazonaws.com", "api.aws"}},
    {"me-", {"aws", "amazonaws.com", "api.aws"}},
    {"af-", {"aws", "amazonaws.com", "api.aws"}},
    {"il-", {"aws", "amazonaws.com", "api.aws"}},
    {"mx-", {"aws", "amazonaws.com", "api.aws"}},
};

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_letter(char c) { return c >= 'a' && c <= 'z'; }

/* "\w+-\d+" of the patterns, without underscores: "west-1", "southeast-2". */
static bool is_direction_and_number(const char *text) {
    size_t letters = 0, digits = 0;
    while (is_letter(text[letters]) || is_digit(text[letters])) letters++;
    if (letters == 0 || text[letters] != '-') return false;
    text += letters + 1;
    while (is_digit(text[digits])) digits++;
    return digits > 0 && text[digits] == '\0';
}

const struct aws_partition *aws_partition_of(const char *region) {
    if (strlen(region) >= AWS_REGION_SIZE) return NULL;
    for (size_t i = 0; i < ARRAY_LENGTH(prefixes); i++) {
        size_t length = strlen(prefixes[i].prefix);
        if (strncmp(region, prefixes[i].prefix, length) == 0 &&
            is_direction_and_number(region + length))
            return &prefixes[i].partition;
    }
    return NULL;
}

enum status aws_region_from_environment(const struct aws_environment *environment,
                                        char region_out[static AWS_REGION_SIZE]) {
    const char *region = aws_environment_get(environment, "AWS_REGION");
    if (region == NULL) region = aws_environment_get(environment, "AWS_DEFAULT_REGION");
    if (region == NULL) return STATUS_NOT_FOUND;
    if (aws_partition_of(region) == NULL) return STATUS_MALFORMED;
    return text_copy(region_out, AWS_REGION_SIZE, region);
}

static bool is_host_character(char c) {
    return is_letter(c) || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '-' || c == '.';
}

/* 127.0.0.0/8 as four decimal numbers, so that "127.0.0.1.example.com" is none. */
static bool is_loopback_v4(const char *host, size_t length) {
    unsigned parts = 0;
    size_t at = 0;
    while (at < length) {
        unsigned number = 0, digits = 0;
        while (at < length && is_digit(host[at]) && digits < 3) {
            number = number * 10 + (unsigned)(host[at++] - '0');
            digits++;
        }
        if (digits == 0 || number > 255 || (parts == 0 && number != 127)) return false;
        parts++;
        if (at == length) break;
        if (host[at++] != '.' || parts == 4) return false;
    }
    return parts == 4 && is_digit(host[length - 1]);
}

static bool is_loopback(const char *host, size_t length) {
    return (length == 9 && strncasecmp(host, "localhost", 9) == 0) ||
           (length == 5 && strncmp(host, "[::1]", 5) == 0) || is_loopback_v4(host, length);
}

/* Length of the host at `text`; 0 when there is none. An IPv6 address stands in brackets. */
static size_t host_length(const char *text) {
    size_t length = 0;
    if (text[0] == '[') {
        length = strspn(text + 1, "0123456789abcdefABCDEF:.");
        return length > 0 && text[length + 1] == ']' ? length + 2 : 0;
    }
    while (is_host_character(text[length])) length++;
    return length;
}

/* ":port" or nothing; *length_out bytes of it. */
static bool parse_port(const char *text, size_t *length_out, unsigned *port_out) {
    *length_out = 0;
    if (text[0] != ':') return true;
    unsigned port = 0;
    size_t at = 1;
    for (; is_digit(text[at]) && at <= 5; at++) port = port * 10 + (unsigned)(text[at] - '0');
    *length_out = at;
    *port_out = port;
    return at > 1 && port >= 1 && port <= 65535;
}

enum status aws_endpoint_parse(const char *url, struct aws_endpoint *endpoint_out) {
    bool secure = strncmp(url, "https://", 8) == 0;
    if (!secure && strncmp(url, "http://", 7) != 0) return STATUS_MALFORMED;
    const char *host = url + (secure ? 8 : 7);
    size_t length = host_length(host), port_length = 0;
    unsigned own_port = secure ? 443 : 80, port = own_port;
    if (length == 0 || !parse_port(host + length, &port_length, &port)) return STATUS_MALFORMED;
    const char *rest = host + length + port_length;
    if (rest[0] != '\0' && strcmp(rest, "/") != 0) return STATUS_MALFORMED;
    struct aws_endpoint endpoint = {.loopback = is_loopback(host, length)};
    if (!secure && !endpoint.loopback) return STATUS_DENIED;
    size_t shown = port == own_port ? length : length + port_length;
    enum status status = text_copy_bytes(endpoint.host, sizeof endpoint.host, host, shown);
    if (status != STATUS_OK) return status;
    struct text text = text_over(endpoint.url, sizeof endpoint.url);
    text_add(&text, secure ? "https://" : "http://");
    text_add(&text, endpoint.host);
    text_add_character(&text, '/');
    if (text.truncated) return STATUS_TOO_LARGE;
    *endpoint_out = endpoint;
    return STATUS_OK;
}

static const char *configured_url(const struct aws_environment *environment,
                                  enum aws_service service) {
    if (flag_set(environment, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")) return NULL;
    const char *url = aws_environment_get(environment, aws_service_row(service)->variable);
    return url != NULL ? url : aws_environment_get(environment, "AWS_ENDPOINT_URL");
}

enum status aws_endpoint_resolve(const struct aws_environment *environment,
                                 enum aws_service service, const char *region,
                                 struct aws_endpoint *endpoint_out) {
    const struct aws_partition *partition = aws_partition_of(region);
    if (partition == NULL) return STATUS_MALFORMED;
    const char *url = configured_url(environment, service);
    if (url != NULL) return aws_endpoint_parse(url, endpoint_out);
    bool dual_stack = flag_set(environment, "AWS_USE_DUALSTACK_ENDPOINT");
    /* GovCloud's plain hosts of these services are FIPS hosts already (aws-facts 2.3). */
    bool fips = flag_set(environment, "AWS_USE_FIPS_ENDPOINT") &&
                (dual_stack || strcmp(partition->name, "aws-us-gov") != 0);
    char built[AWS_HOST_SIZE];
    struct text text = text_over(built, sizeof built);
    text_add(&text, "https://");
    text_add(&text, aws_service_row(service)->name);
    text_add(&text, fips ? "-fips." : ".");
    text_add(&text, region);
    text_add_character(&text, '.');
    text_add(&text, dual_stack ? partition->dual_stack_suffix : partition->suffix);
    if (text.truncated) return STATUS_TOO_LARGE;
    return aws_endpoint_parse(built, endpoint_out);
}
