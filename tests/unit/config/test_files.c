/* Reading from the machine: the file, drop-ins, environment, credentials; a reload; never a part.
 */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/config_load/config_load.h"
#include "common/sys/file.h"
#include "tests/support/unit.h"
#include "tests/unit/sys/folder.h"

static char folder[FOLDER_SIZE];
static struct config_load *load;
static struct aggregator_config config;

static int make_folder(void **state) {
    (void)state;
    folder_make(folder);
    return 0;
}

static void write_file(const char *name, const char *text, mode_t mode) {
    mode_t old = umask(0);
    assert_ok(file_write_volatile(folder_path(folder, name), text, strlen(text), mode));
    (void)umask(old);
}

static void make_drop_in_folder(void) {
    assert_int_equal(mkdir(folder_path(folder, "a.d"), 0700), 0);
}

static const char *main_file(void) {
    static char path[FOLDER_SIZE + 8];
    (void)snprintf(path, sizeof path, "%s/a.json", folder);
    return path;
}

static enum status load_it(void) {
    config_load_destroy(load);
    return config_load_aggregator(main_file(), &config, &load);
}

static void expect(const char *part) {
    for (size_t i = 0; i < load->findings.count; i++)
        if (strstr(load->findings.items[i].text, part) != NULL) return;
    config_load_print_findings(load, stderr);
    fail_msg("not found: %s", part);
}

/* Removes what the case made; names it did not make do no harm. */
static void clean_up(void) {
    static const char *const names[] = {"a.json",           "a.d/10-x.json", "a.d/20-y.json",
                                        "a.d/notes.txt",    "a.d/.z.json",   "secret",
                                        "slack_webhook_url"};
    config_load_destroy(load);
    load = NULL;
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) (void)unlink(folder_path(folder, names[i]));
    (void)rmdir(folder_path(folder, "a.d"));
    assert_int_equal(rmdir(folder), 0);
}

TEST(drop_ins_are_read_in_the_order_of_their_names) {
    (void)make_folder(state);
    write_file("a.json", "{\"warmup\": \"1s\", \"healthy_time\": \"1s\"}", 0644);
    make_drop_in_folder();
    write_file("a.d/20-y.json", "{\"warmup\": \"20s\"}", 0644);
    write_file("a.d/10-x.json", "{\"warmup\": \"10s\", \"settle_time\": \"10s\"}", 0644);
    write_file("a.d/notes.txt", "not json", 0644);
    write_file("a.d/.z.json", "not json", 0644);
    assert_ok(load_it());
    assert_int_equal(config.warmup.ms, 20000);
    assert_int_equal(config.settle_time.ms, 10000);
    assert_int_equal(config.healthy_time.ms, 1000);
    clean_up();
}

TEST(the_environment_wins_over_files) {
    (void)make_folder(state);
    write_file("a.json", "{\"aws_region\": \"eu-west-1\"}", 0644);
    assert_int_equal(setenv("AWS_REGION", "eu-north-1", 1), 0);
    assert_ok(load_it());
    assert_string_equal(config.aws_region, "eu-north-1");
    clean_up();
}

TEST(a_given_file_must_exist) {
    (void)make_folder(state);
    assert_int_equal(load_it(), STATUS_MALFORMED);
    expect("a.json: does not exist");
    clean_up();
}

TEST(a_fault_anywhere_leaves_the_target_untouched) {
    (void)make_folder(state);
    static struct aggregator_config before;
    memset(&config, 0x5a, sizeof config);
    before = config;
    write_file("a.json", "{\"warmup\": \"1s\"}", 0644);
    make_drop_in_folder();
    write_file("a.d/10-x.json", "{\"healthy_time\": \"1s\",\n\"warmpu\": 2}", 0644);
    assert_int_equal(load_it(), STATUS_MALFORMED);
    expect("a.d/10-x.json:2: \"warmpu\" is not an option; did you mean \"warmup\"?");
    assert_memory_equal(&config, &before, sizeof config);
    clean_up();
}

TEST(a_file_that_everybody_may_write_is_refused) {
    (void)make_folder(state);
    write_file("a.json", "{}", 0666);
    assert_int_equal(load_it(), STATUS_MALFORMED);
    expect("a.json: everybody may write it");
    clean_up();
}

TEST(a_file_that_is_too_large_is_refused) {
    (void)make_folder(state);
    char *text = malloc(CONFIG_FILE_BYTES_MAX + 2);
    memset(text, ' ', CONFIG_FILE_BYTES_MAX + 1);
    text[CONFIG_FILE_BYTES_MAX + 1] = '\0';
    write_file("a.json", text, 0644);
    assert_int_equal(load_it(), STATUS_MALFORMED);
    expect("file is larger than 256 KiB");
    char *more = malloc(2 * CONFIG_FILE_BYTES_MAX);
    memset(more, ' ', 2 * CONFIG_FILE_BYTES_MAX - 1);
    more[2 * CONFIG_FILE_BYTES_MAX - 1] = '\0';
    write_file("a.json", more, 0644);
    assert_int_equal(load_it(), STATUS_MALFORMED);
    expect("larger than 256 KiB");
    free(text);
    free(more);
    clean_up();
}

TEST(a_folder_in_place_of_the_file_is_said) {
    (void)make_folder(state);
    assert_int_equal(mkdir(main_file(), 0700), 0);
    assert_int_equal(load_it(), STATUS_MALFORMED);
    expect("a.json: cannot be read: input or output error");
    assert_int_equal(rmdir(main_file()), 0);
    clean_up();
}

TEST(secrets_stand_in_private_files_only) {
    (void)make_folder(state);
    const char *text = "{\"slack_webhook_url\": \"https://hooks.example.com/x\"}";
    write_file("a.json", text, 0644);
    assert_int_equal(load_it(), STATUS_MALFORMED);
    expect("slack_webhook_url: secret in a file that everybody may read");
    write_file("a.json", text, 0640);
    assert_ok(load_it());
    assert_string_equal(config.slack_webhook_url, "https://hooks.example.com/x");
    clean_up();
}

static void write_secret_configuration(void) {
    char text[FOLDER_SIZE + 64];
    (void)snprintf(text, sizeof text, "{\"slack_webhook_url_file\": \"%s/secret\"}", folder);
    write_file("a.json", text, 0644);
}

TEST(a_secret_file_is_read_when_only_its_owner_can) {
    (void)make_folder(state);
    write_secret_configuration();
    assert_int_equal(load_it(), STATUS_MALFORMED);
    expect("secret: does not exist");
    write_file("secret", "https://hooks.example.com/file\n", 0644);
    assert_int_equal(load_it(), STATUS_MALFORMED);
    expect("holds a secret, but others may read or write it");
    write_file("secret", "https://hooks.example.com/file\n", 0600);
    assert_ok(load_it());
    assert_string_equal(config.slack_webhook_url, "https://hooks.example.com/file");
    clean_up();
}

TEST(a_credential_wins_over_all) {
    (void)make_folder(state);
    write_secret_configuration();
    write_file("secret", "https://hooks.example.com/file\n", 0600);
    write_file("slack_webhook_url", "https://hooks.example.com/credential", 0400);
    (void)setenv("SLACK_WEBHOOK_URL", "https://hooks.example.com/environment", 1);
    (void)setenv("CREDENTIALS_DIRECTORY", folder, 1);
    assert_ok(load_it());
    assert_string_equal(config.slack_webhook_url, "https://hooks.example.com/credential");
    (void)unsetenv("CREDENTIALS_DIRECTORY");
    assert_ok(load_it());
    assert_string_equal(config.slack_webhook_url, "https://hooks.example.com/file");
    clean_up();
}

TEST(a_reload_takes_what_may_change_and_refuses_the_rest_whole) {
    (void)make_folder(state);
    static struct aggregator_config next;
    struct config_load *reload;
    write_file("a.json", "{\"warmup\": \"1s\"}", 0644);
    assert_ok(load_it());
    write_file("a.json", "{\"warmup\": \"2s\"}", 0644);
    assert_ok(config_reload_aggregator(main_file(), &config, &next, &reload));
    assert_int_equal(next.warmup.ms, 2000);
    config_load_destroy(reload);
    write_file("a.json", "{\"warmup\": \"3s\",\n\"listen_address\": \"127.0.0.1:1\"}", 0644);
    assert_int_equal(config_reload_aggregator(main_file(), &config, &next, &reload),
                     STATUS_REFUSED);
    assert_int_equal(reload->findings.errors, 1);
    assert_non_null(strstr(reload->findings.items[0].text,
                           "a.json:2: listen_address: changed, which needs a restart"));
    config_load_destroy(reload);
    write_file("a.json", "{", 0644);
    assert_int_equal(config_reload_aggregator(main_file(), &config, &next, &reload),
                     STATUS_MALFORMED);
    config_load_destroy(reload);
    clean_up();
}

TEST(an_agent_without_configuration_starts_with_defaults) {
    (void)state;
    static struct agent_config agent;
    if (access(CONFIG_AGENT_FILE, F_OK) == 0) skip(); /* this machine has one */
    struct config_load *found;
    assert_ok(config_load_agent(NULL, &agent, &found));
    assert_int_equal(agent.sample_interval.ms, 10000);
    config_load_destroy(found);
}

TEST(printing_goes_to_the_stream) {
    (void)make_folder(state);
    char *text = NULL;
    size_t length = 0;
    write_file("a.json", "{\"warmup\": \"1s\"}", 0644);
    assert_ok(load_it());
    FILE *out = open_memstream(&text, &length);
    assert_ok(config_load_print(load, out));
    assert_ok(config_load_print_man(&agent_table, out));
    (void)fclose(out);
    assert_non_null(strstr(text, "\"warmup\":\"1s\", // "));
    assert_non_null(strstr(text, ".It Cm sample_interval"));
    free(text);
    clean_up();
}

TEST(a_check_names_the_faults_and_fails) {
    (void)make_folder(state);
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    write_file("a.json", "{\"warmpu\": \"1s\"}", 0644);
    enum status status = load_it();
    assert_int_equal(config_load_verdict(load, status, out, out), EXIT_CODE_FAILED);
    (void)fflush(out);
    assert_non_null(
        strstr(text, "a.json:1: \"warmpu\" is not an option; did you mean \"warmup\"?\n"));
    assert_null(strstr(text, "is right"));
    write_file("a.json", "{\"warmup\": \"1s\"}", 0644);
    status = load_it();
    assert_int_equal(config_load_verdict(load, status, out, out), EXIT_CODE_OK);
    assert_int_equal(config_load_verdict(NULL, STATUS_NO_MEMORY, out, out), EXIT_CODE_FAILED);
    (void)fclose(out);
    assert_non_null(strstr(text, "ear-aggregator: configuration is right (1 files read)\n"));
    assert_non_null(strstr(text, "out of memory\n"));
    free(text);
    clean_up();
}
