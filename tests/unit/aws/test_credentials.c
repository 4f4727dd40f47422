/* Credentials: sources in their order, refusals, expiry (aws-facts 2.1; SAFETY F24). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aggregator/aws/credentials.h"
#include "common/sys/file.h"
#include "tests/support/unit.h"

struct variable {
    const char *name, *value;
};

static const char *get(void *context, const char *name) {
    for (const struct variable *at = context; at->name != NULL; at++)
        if (strcmp(at->name, name) == 0) return at->value;
    return NULL;
}

static enum status load(struct variable *variables, const char *profile,
                        struct aws_credentials *credentials) {
    const struct aws_environment environment = {get, variables};
    return aws_credentials_load(&environment, profile, credentials);
}

static void write_file(char *path, const char *text) {
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_ok(file_append(fd, text, strlen(text)));
    close(fd);
}

static const char shared[] = "# comment\n[default]\naws_access_key_id = AKIDFILE\n"
                             "aws_secret_access_key=secret/file+= ; note\n"
                             "s3 =\n  aws_access_key_id = nested\n\n[ other ]\r\n"
                             "aws_access_key_id=AKIDOTHER\r\naws_secret_access_key=o\r\n"
                             "aws_session_token=tok\nexpiration = 2026-01-02T03:04:05Z\n"
                             "[half]\naws_access_key_id=AKIDHALF\n[empty]\n";

TEST(environment_comes_first) {
    (void)state;
    struct variable variables[] = {
        {"AWS_ACCESS_KEY_ID", "AKIDENV"}, {"AWS_SECRET_ACCESS_KEY", "s"},
        {"AWS_SESSION_TOKEN", "t"},       {"AWS_CREDENTIAL_EXPIRATION", "2026-01-02T03:04:05Z"},
        {"AWS_PROFILE", "other"},         {NULL, NULL}};
    struct aws_credentials credentials;
    assert_ok(load(variables, NULL, &credentials));
    assert_string_equal(credentials.access_key, "AKIDENV");
    assert_string_equal(credentials.session_token, "t");
    assert_string_equal(credentials.source, "environment");
    assert_int_equal(credentials.expires.ms, 1767323045000);
}

TEST(shared_file_is_read_by_profile) {
    (void)state;
    char path[] = "/tmp/ear-credentials-XXXXXX";
    write_file(path, shared);
    struct variable variables[] = {{"AWS_SHARED_CREDENTIALS_FILE", path},
                                   {"AWS_CONFIG_FILE", "/nonexistent"},
                                   {NULL, NULL},
                                   {NULL, NULL}};
    struct aws_credentials credentials;
    enum status status = load(variables, NULL, &credentials);
    struct aws_credentials other;
    variables[2] = (struct variable){"AWS_PROFILE", "other"};
    enum status other_status = load(variables, NULL, &other);
    unlink(path);
    assert_ok(status);
    assert_string_equal(credentials.access_key, "AKIDFILE");
    assert_string_equal(credentials.secret, "secret/file+=");
    assert_string_equal(credentials.session_token, "");
    assert_int_equal(credentials.expires.ms, 0);
    assert_ok(other_status);
    assert_string_equal(other.access_key, "AKIDOTHER");
    assert_string_equal(other.session_token, "tok");
    assert_int_equal(other.expires.ms, 1767323045000);
}

TEST(a_profile_of_our_own_setting_passes_over_the_environment) {
    (void)state;
    char path[] = "/tmp/ear-credentials-XXXXXX";
    write_file(path, shared);
    struct variable variables[] = {{"AWS_SHARED_CREDENTIALS_FILE", path},
                                   {"AWS_CONFIG_FILE", "/nonexistent"},
                                   {"AWS_ACCESS_KEY_ID", "AKIDENV"},
                                   {"AWS_SECRET_ACCESS_KEY", "s"},
                                   {NULL, NULL}};
    struct aws_credentials credentials;
    enum status status = load(variables, "other", &credentials);
    enum status half = load(variables, "half", &credentials);
    enum status empty = load(variables, "empty", &credentials);
    unlink(path);
    assert_ok(status);
    assert_string_equal(credentials.access_key, "AKIDOTHER");
    assert_int_equal(half, STATUS_MALFORMED);
    assert_int_equal(empty, STATUS_NOT_FOUND);
}

TEST(config_file_names_profiles_with_their_word) {
    (void)state;
    char path[] = "/tmp/ear-config-XXXXXX";
    write_file(path, "[profile p]\naws_access_key_id=AKIDP\naws_secret_access_key=s\n[p]\n"
                     "aws_access_key_id=WRONG\naws_secret_access_key=s\n");
    struct variable variables[] = {
        {"AWS_SHARED_CREDENTIALS_FILE", "/nonexistent"}, {"AWS_CONFIG_FILE", path}, {NULL, NULL}};
    struct aws_credentials credentials;
    enum status status = load(variables, "p", &credentials);
    enum status absent = load(variables, NULL, &credentials);
    unlink(path);
    assert_ok(status);
    assert_string_equal(credentials.access_key, "AKIDP");
    assert_string_equal(credentials.source, "config file");
    assert_int_equal(absent, STATUS_NOT_FOUND);
}

TEST(region_of_the_profile_is_read_and_checked) {
    (void)state;
    char path[] = "/tmp/ear-config-XXXXXX";
    write_file(path, "[default]\nregion = eu-west-1 # home\n[profile p]\nregion=us-gov-west-1\n"
                     "[profile bad]\nregion=eu-west-1.evil\n[profile none]\noutput=json\n");
    struct variable variables[] = {{"AWS_CONFIG_FILE", path}, {NULL, NULL}};
    const struct aws_environment environment = {get, variables};
    char one[AWS_REGION_SIZE] = "", two[AWS_REGION_SIZE] = "", other[AWS_REGION_SIZE] = "";
    enum status status = aws_profile_region(&environment, NULL, one);
    enum status chosen = aws_profile_region(&environment, "p", two);
    enum status bad = aws_profile_region(&environment, "bad", other);
    enum status none = aws_profile_region(&environment, "none", other);
    unlink(path);
    assert_ok(status);
    assert_string_equal(one, "eu-west-1");
    assert_ok(chosen);
    assert_string_equal(two, "us-gov-west-1");
    assert_int_equal(bad, STATUS_MALFORMED);
    assert_int_equal(none, STATUS_NOT_FOUND);
    assert_int_equal(aws_profile_region(&environment, NULL, other), STATUS_NOT_FOUND);
    assert_string_equal(other, "");
}

TEST(half_keys_and_bytes_that_no_header_may_hold_are_refused) {
    (void)state;
    struct aws_credentials credentials;
    struct variable half[] = {{"AWS_ACCESS_KEY_ID", "A"}, {"HOME", "/nonexistent"}, {NULL, NULL}};
    assert_int_equal(load(half, NULL, &credentials), STATUS_MALFORMED);
    struct variable split[] = {
        {"AWS_ACCESS_KEY_ID", "A\r\nX: y"}, {"AWS_SECRET_ACCESS_KEY", "s"}, {NULL, NULL}};
    assert_int_equal(load(split, NULL, &credentials), STATUS_MALFORMED);
    struct variable slash[] = {
        {"AWS_ACCESS_KEY_ID", "A/B"}, {"AWS_SECRET_ACCESS_KEY", "s"}, {NULL, NULL}};
    assert_int_equal(load(slash, NULL, &credentials), STATUS_MALFORMED);
    struct variable time[] = {{"AWS_ACCESS_KEY_ID", "A"},
                              {"AWS_SECRET_ACCESS_KEY", "s"},
                              {"AWS_CREDENTIAL_EXPIRATION", "soon"},
                              {NULL, NULL}};
    assert_int_equal(load(time, NULL, &credentials), STATUS_MALFORMED);
    struct variable nothing[] = {{NULL, NULL}};
    assert_int_equal(load(nothing, NULL, &credentials), STATUS_NOT_FOUND);
}

TEST(refresh_is_asked_for_below_fifteen_and_required_below_ten_minutes) {
    (void)state;
    struct aws_credentials credentials = {0};
    struct wall_time now = {1767323045000};
    assert_int_equal(aws_refresh_need(&credentials, now), AWS_REFRESH_NOT_NEEDED);
    const struct {
        int64_t left_s;
        enum aws_refresh need;
    } rows[] = {{901, AWS_REFRESH_NOT_NEEDED}, {899, AWS_REFRESH_SOON},   {601, AWS_REFRESH_SOON},
                {599, AWS_REFRESH_REQUIRED},   {1, AWS_REFRESH_REQUIRED}, {0, AWS_REFRESH_EXPIRED},
                {-5, AWS_REFRESH_EXPIRED}};
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        credentials.expires = wall_add(now, duration_s(rows[i].left_s));
        assert_int_equal(aws_refresh_need(&credentials, now), rows[i].need);
    }
}

TEST(wiping_leaves_nothing) {
    (void)state;
    struct aws_credentials credentials = {.access_key = "A", .secret = "s", .session_token = "t"};
    aws_credentials_wipe(&credentials);
    static const struct aws_credentials zero;
    assert_memory_equal(&credentials, &zero, sizeof credentials);
}
