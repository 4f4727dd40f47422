/* The printed configuration reads back as itself; the manual names every option. */
#include <string.h>

#include "common/config/agent_options.h"
#include "common/config/aggregator_options.h"
#include "tests/unit/config/loading.h"

static char printed[128 * 1024];

static void print_it(void) {
    struct text out = text_over(printed, sizeof printed);
    config_print(&load, &out);
    assert_false(out.truncated);
}

static void expect_line(const char *line) {
    if (strstr(printed, line) == NULL) fail_msg("not printed: %s\n%s", line, printed);
}

TEST(the_agents_configuration_reads_back) {
    (void)state;
    static struct agent_config config, back;
    const struct config_option *changed[1];
    assert_ok(load_text(&agent_table, &config,
                        "{\"sample_interval\": \"1500ms\", \"mounts_exclude\": [\"/snap/*\"],\n"
                        "\"services\": [{\"unit\": \"a.service\"}], \"checks\": [{\"name\": \"a\","
                        "\"type\": \"http\", \"target\": \"https://a/?q=1\"}]}"));
    print_it();
    assert_ok(load_text(&agent_table, &back, printed));
    assert_int_equal(config_changes(&agent_table, &config, &back, changed, 1), 0);
}

TEST(the_aggregators_configuration_reads_back) {
    (void)state;
    static struct aggregator_config config, back;
    const struct config_option *changed[1];
    assert_ok(load_text(&aggregator_table, &config,
                        "{\"dry_run\": false, \"enabled_rungs_health\": [\"reboot\"],\n"
                        "\"high_confidence_threshold\": 0.875, \"breaker_percent\": 12.5,\n"
                        "\"thresholds\": {\"iowait_warning\": 1}}"));
    print_it();
    assert_ok(load_text(&aggregator_table, &back, printed));
    assert_int_equal(config_changes(&aggregator_table, &config, &back, changed, 1), 0);
}

TEST(each_option_says_where_it_comes_from) {
    (void)state;
    static struct aggregator_config config;
    const char *file = "{\n\"warmup\": \"30s\", \"thresholds\": {\n\"iowait_warning\": 1}}";
    const char *const variables[] = {"AWS_REGION=eu-west-1", NULL};
    config_begin(&load, &aggregator_table, &config);
    config_apply_file(&load, "/etc/ear/aggregator.json", file, strlen(file), false);
    config_apply_environment(&load, variables);
    assert_ok(config_finish(&load));
    print_it();
    expect_line("  \"warmup\":\"30s\", // /etc/ear/aggregator.json:2\n");
    expect_line("    \"iowait_warning\":1, // /etc/ear/aggregator.json:3\n");
    expect_line("  \"aws_region\":\"eu-west-1\", // environment AWS_REGION\n");
    expect_line("  \"healthy_time\":\"5m\", // default\n");
    expect_line("  \"notify_allow_loopback\":false // default\n}\n");
    expect_line("  \"thresholds\": {\n    \"cpu_steal_warning\":5, // default\n");
    expect_line("    \"status_check_failure_count\":3 // default\n  },\n");
}

TEST(secrets_are_never_printed) {
    (void)state;
    static struct aggregator_config config;
    config_begin(&load, &aggregator_table, &config);
    config_apply_secret(&load, "slack_webhook_url", "/run/credentials/slack_webhook_url",
                        "https://hooks.example.com/secret", 32);
    assert_ok(config_finish(&load));
    print_it();
    assert_null(strstr(printed, "hooks.example.com"));
    expect_line("  // \"slack_webhook_url\": set, secret, not shown // "
                "/run/credentials/slack_webhook_url\n");
    expect_line("  // \"teams_webhook_url\": not set // default\n");
}

TEST(the_manual_names_every_option_its_variable_and_its_default) {
    (void)state;
    const struct config_table *const tables[] = {&agent_table, &aggregator_table};
    for (size_t t = 0; t < ARRAY_LENGTH(tables); t++) {
        struct text out = text_over(printed, sizeof printed);
        config_print_man(tables[t], &out);
        assert_false(out.truncated);
        for (size_t i = 0; i < tables[t]->option_count; i++) {
            const struct config_option *row = &tables[t]->options[i];
            char item[128];
            struct text text = text_over(item, sizeof item);
            text_add(&text, ".It Cm ");
            text_add(&text, row->name);
            text_add(&text, "\n");
            expect_line(item);
            if (row->environment != NULL) expect_line(row->environment);
        }
    }
    expect_line(".It Cm warmup\nAfter a start or resume silence means nothing for so long.\n"
                "Allowed: a duration from 1s to 1d; default: 10m.\n");
}

TEST(no_line_of_the_manual_is_taken_for_a_request) {
    (void)state;
    static const char *const requests[] = {".Sh ", ".Bl ", ".It ", ".El", ".Ev "};
    struct text out = text_over(printed, sizeof printed);
    config_print_man(&aggregator_table, &out);
    for (char *line = strtok(printed, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        bool known = line[0] != '.' && line[0] != '\'';
        for (size_t i = 0; i < ARRAY_LENGTH(requests); i++)
            known = known || strncmp(line, requests[i], strlen(requests[i])) == 0;
        if (!known) fail_msg("%s", line);
        if (strlen(line) > 80) fail_msg("longer than 80 bytes: %s", line);
    }
}

TEST(text_that_does_not_fit_says_so) {
    (void)state;
    static struct agent_config config;
    char small[64];
    struct text out = text_over(small, sizeof small);
    assert_ok(load_text(&agent_table, &config, "{}"));
    config_print(&load, &out);
    assert_true(out.truncated);
    out = text_over(small, sizeof small);
    config_print_man(&agent_table, &out);
    assert_true(out.truncated);
}
