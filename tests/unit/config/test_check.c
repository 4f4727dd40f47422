/* Forms of texts. */
#include <stddef.h>

#include "common/config/check.h"
#include "tests/support/unit.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static void expect(const char *(*check)(const char *), const char *const *right, size_t right_count,
                   const char *const *wrong, size_t wrong_count) {
    for (size_t i = 0; i < right_count; i++)
        if (check(right[i]) != NULL) fail_msg("refused: %s", right[i]);
    for (size_t i = 0; i < wrong_count; i++)
        if (check(wrong[i]) == NULL) fail_msg("taken: %s", wrong[i]);
    assert_non_null(check("\x01"));
}

TEST(agent_addresses) {
    (void)state;
    const char *const right[] = {"tls+tcp://ear.example.com:7443", "tcp://127.0.0.1:1",
                                 "tls+tcp://[::1]:7443"};
    const char *const wrong[] = {"tls://a:1",     "http://a:1",    "tcp://a",     "tcp://:1",
                                 "tcp://a:0",     "tcp://a:65536", "tcp://a b:1", "tcp://a:1x",
                                 "tcp://a:-1",    "a:1",           "tcp://-a:1",  "tcp://a/b:1",
                                 "tcp://::1:7443"};
    expect(config_check_agent_address, right, LENGTH(right), wrong, LENGTH(wrong));
}

TEST(listen_addresses) {
    (void)state;
    const char *const right[] = {"0.0.0.0:7443", "127.0.0.1:0", "[::]:7443", "localhost:1"};
    const char *const wrong[] = {"7443",     ":7443",         "0.0.0.0",
                                 "0.0.0.0:", "0.0.0.0:99999", "tcp://0.0.0.0:1"};
    expect(config_check_listen_address, right, LENGTH(right), wrong, LENGTH(wrong));
}

TEST(urls) {
    (void)state;
    const char *const right[] = {"https://hooks.slack.com/services/T0/B0/x",
                                 "http://127.0.0.1:8080/health?a=b", "http://[::1]:1/"};
    const char *const wrong[] = {"https://",     "ftp://a/",           "https:// a",
                                 "https://a\"b", "file:///etc/passwd", "javascript:alert(1)",
                                 "https:///x",   "HTTPS://a",          "https://\xc3\xa9"};
    expect(config_check_url, right, LENGTH(right), wrong, LENGTH(wrong));
}

TEST(aws_names) {
    (void)state;
    const char *const regions[] = {"us-east-1", "eu-central-1", "us-gov-west-1", "ap-southeast-4"};
    const char *const not_regions[] = {"us-east", "US-EAST-1", "us_east_1", "x", "us-east-1/x"};
    expect(config_check_region, regions, LENGTH(regions), not_regions, LENGTH(not_regions));
    const char *const accounts[] = {"123456789012", "000000000000"};
    const char *const not_accounts[] = {"12345678901", "1234567890123", "12345678901a"};
    expect(config_check_account, accounts, LENGTH(accounts), not_accounts, LENGTH(not_accounts));
    const char *const arns[] = {"arn:aws:sns:eu-central-1:123456789012:topic",
                                "arn:aws-cn:sns:cn-north-1:123456789012:a_b-c"};
    const char *const not_arns[] = {"arn:aws:sns", "topic", "arn:aws:sns:eu-central-1:1:a b"};
    expect(config_check_arn, arns, LENGTH(arns), not_arns, LENGTH(not_arns));
    const char *const ids[] = {"i-12345678", "i-0123456789abcdef0"};
    const char *const not_ids[] = {"i-1", "i-../../x", "I-12345678"};
    expect(config_check_instance_id, ids, LENGTH(ids), not_ids, LENGTH(not_ids));
}

TEST(units_names_and_commands) {
    (void)state;
    const char *const units[] = {"nginx.service", "a@b.service", "dev-sda.mount", "x\\x2dy.scope"};
    const char *const not_units[] = {"nginx",       "-H.service",   ".service",
                                     "a b.service", "a;b.service",  "../a.service",
                                     "a/b.service", "$(x).service", "a.conf"};
    expect(config_check_unit, units, LENGTH(units), not_units, LENGTH(not_units));
    const char *const names[] = {"api", "Api_1.x-y", "1"};
    const char *const not_names[] = {"-a", ".a", "a b", "a/b", "a\n", "\xc3\xa9"};
    expect(config_check_name, names, LENGTH(names), not_names, LENGTH(not_names));
    const char *const commands[] = {"nginx", "kworker:0", "a b", "123456789012345"};
    const char *const not_commands[] = {"/usr/sbin/nginx", "1234567890123456"};
    expect(config_check_command, commands, LENGTH(commands), not_commands, LENGTH(not_commands));
    const char *const hosts[] = {"ear.example.com", "10.0.0.1", "::1", "fe80::1"};
    const char *const not_hosts[] = {"a b", "-a", "a/b", "http://a"};
    expect(config_check_host, hosts, LENGTH(hosts), not_hosts, LENGTH(not_hosts));
}
