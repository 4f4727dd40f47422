/* The table of ear-agent. */
#include "common/config/agent_options.h"
#include "tests/unit/config/tables.h"

static struct agent_config config;

static void refuse(const char *file, const char *finding) {
    assert_int_equal(load_text(&agent_table, &config, file), STATUS_MALFORMED);
    expect_error(finding);
}

TEST(the_table_is_sound) {
    (void)state;
    check_table(&agent_table, &config);
}

TEST(the_defaults_are_the_documented_ones) {
    (void)state;
    assert_ok(load_text(&agent_table, &config, "{}"));
    assert_int_equal(config.sample_interval.ms, 10000);
    assert_string_equal(config.proc_path, "/proc");
    assert_string_equal(config.status_file, "/run/ear-agent/status.json");
    assert_string_equal(config.aggregator_address, ""); /* unconfigured: the agent stays up */
    assert_int_equal(config.check_count, 0);
    assert_string_equal(config.interfaces_exclude.items[0], "lo");
    assert_int_equal(config.redial_max.ms, 60000);
}

TEST(a_second_is_the_shortest_sample_interval) {
    (void)state;
    assert_ok(load_text(&agent_table, &config, "{\"sample_interval\": \"1s\"}"));
    refuse("{\"sample_interval\": \"999ms\"}",
           "a.json:1: sample_interval: found \"999ms\"; allowed: a duration from 1s to 1h");
}

TEST(a_full_configuration) {
    (void)state;
    const char *file =
        "{ // of a web server\n"
        "\"aggregator_address\": \"tls+tcp://ear.example.com:7443\",\n"
        "\"certificate_file\": \"/etc/ear/agent.crt\", \"key_file\": \"/etc/ear/agent.key\",\n"
        "\"ca_file\": \"/etc/ear/ca.crt\", \"instance_id\": \"i-0123456789abcdef0\",\n"
        "\"services\": [{\"unit\": \"nginx.service\"},\n"
        "  {\"name\": \"db\", \"process\": \"postgres\"}],\n"
        "\"checks\": [\n"
        "  {\"name\": \"web\", \"type\": \"http\", \"target\": \"http://127.0.0.1:8080/health\",\n"
        "   \"unit\": \"nginx.service\", \"interval\": \"5s\", \"timeout\": \"2s\", \"fall\": 2},\n"
        "  {\"name\": \"db\", \"type\": \"tcp\", \"target\": \"127.0.0.1:5432\"},\n"
        "  {\"name\": \"cron\", \"type\": \"process\", \"target\": \"cron\"},\n"
        "  {\"name\": \"ssh\", \"type\": \"unit\", \"target\": \"ssh.service\"}]}";
    assert_ok(load_text(&agent_table, &config, file));
    assert_int_equal(config.service_count, 2);
    assert_string_equal(config.services[0].name, "nginx.service");
    assert_string_equal(config.services[1].process, "postgres");
    assert_int_equal(config.check_count, 4);
    assert_int_equal(config.checks[0].type, AGENT_CHECK_HTTP);
    assert_int_equal(config.checks[0].fall, 2);
    assert_int_equal(config.checks[0].rise, 2);
    assert_int_equal(config.checks[0].expect_status, 200);
    assert_int_equal(config.checks[3].type, AGENT_CHECK_UNIT);
}

TEST(tls_needs_its_three_files) {
    (void)state;
    refuse("{\"aggregator_address\": \"tls+tcp://a:1\"}",
           "a.json:1: aggregator_address: tls+tcp needs certificate_file, key_file and ca_file");
    refuse("{\"certificate_file\": \"/a\"}",
           "a.json:1: certificate_file: certificate_file and key_file belong together; one of them "
           "is not set");
    assert_ok(load_text(&agent_table, &config, "{\"aggregator_address\": \"tcp://a:1\"}"));
}

TEST(a_target_must_fit_its_type) {
    (void)state;
    static const struct {
        const char *type, *target;
    } wrong[] = {{"http", "127.0.0.1:80"},  {"http", "ftp://a"},
                 {"tcp", "http://a"},       {"tcp", "localhost"},
                 {"process", "/usr/bin/x"}, {"unit", "nginx"},
                 {"unit", "-H.service"},    {"tcp", "a:0"}};
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        char file[256];
        struct text text = text_over(file, sizeof file);
        text_add(&text, "{\"checks\": [{\"name\": \"a\", \"type\": \"");
        text_add(&text, wrong[i].type);
        text_add(&text, "\", \"target\": \"");
        text_add(&text, wrong[i].target);
        text_add(&text, "\"}]}");
        if (load_text(&agent_table, &config, file) == STATUS_OK) fail_msg("taken: %s", file);
    }
    refuse("{\n\"checks\": [{\"name\": \"a\", \"type\": \"tcp\", \"target\": \"b\"}]}",
           "a.json:2: checks: object 1: target: found \"b\"; allowed: HOST:PORT");
}

TEST(names_are_unique) {
    (void)state;
    refuse("{\"checks\": [{\"name\": \"a\", \"type\": \"process\", \"target\": \"b\"},"
           "{\"name\": \"a\", \"type\": \"process\", \"target\": \"c\"}]}",
           "a.json:1: checks: object 2: \"a\" is the name of another check too");
    refuse("{\"services\": [{\"process\": \"a\"}, {\"name\": \"a\", \"process\": \"b\"}]}",
           "a.json:1: services: object 2: \"a\" is the name of another service too");
}

TEST(a_service_must_be_findable) {
    (void)state;
    refuse("{\"services\": [{\"name\": \"a\"}]}",
           "a.json:1: services: object 1: needs one of unit, process, pid_file, cgroup");
    refuse("{\"services\": [{\"pid_file\": \"/run/a.pid\"}]}",
           "a.json:1: services: object 1: needs a name of at most 63 bytes");
}

TEST(a_time_out_is_within_its_interval) {
    (void)state;
    refuse("{\"checks\": [{\"name\": \"a\", \"type\": \"process\", \"target\": \"b\", "
           "\"interval\": \"1s\"}]}",
           "a.json:1: checks: object 1: timeout is longer than interval");
}
