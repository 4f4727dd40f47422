#include "aggregator/attempts.h"

#include <stdio.h>
#include <string.h>

#include "common/sys/log.h"
#include "tests/support/unit.h"

/* Counts the lines of one event that the code under test wrote into `file`. */
static unsigned lines_of(FILE *file, const char *event) {
    char line[2048];
    unsigned count = 0;
    rewind(file);
    while (fgets(line, sizeof line, file) != NULL) count += strstr(line, event) != NULL;
    return count;
}

static struct aws_observation attempt(enum aws_call call, enum status status, const char *code) {
    return (struct aws_observation){.call = call,
                                    .operation = aws_call_row(call)->operation,
                                    .attempt = 1,
                                    .code = code,
                                    .message = "",
                                    .request_id = "",
                                    .status = status};
}

/* Sends the log of `count` attempts to a file, and gives that. */
static FILE *log_of(const struct aws_observation *attempts_made, size_t count) {
    struct attempts attempts = {0};
    FILE *file = tmpfile();
    assert_non_null(file);
    log_set_descriptor(fileno(file));
    for (size_t i = 0; i < count; i++) attempts_observe(&attempts, &attempts_made[i]);
    log_set_descriptor(2);
    return file;
}

TEST(read_that_fails_again_and_again_is_said_once_and_its_end_once) {
    (void)state;
    const enum aws_call call = AWS_EC2_DESCRIBE_INSTANCES;
    const struct aws_observation made[] = {
        attempt(call, STATUS_OK, ""),          attempt(call, STATUS_UNREACHABLE, ""),
        attempt(call, STATUS_UNREACHABLE, ""), attempt(call, STATUS_UNREACHABLE, ""),
        attempt(call, STATUS_OK, ""),          attempt(call, STATUS_OK, "")};
    FILE *file = log_of(made, ARRAY_LENGTH(made));
    assert_int_equal(lines_of(file, "aws.failed"), 1);
    assert_int_equal(lines_of(file, "aws.works_again"), 1);
    assert_int_equal(lines_of(file, "\"repeats\":2"), 1);
    fclose(file);
}

TEST(another_reason_or_another_operation_is_said_at_once) {
    (void)state;
    const struct aws_observation made[] = {
        attempt(AWS_EC2_DESCRIBE_INSTANCES, STATUS_UNREACHABLE, ""),
        attempt(AWS_EC2_DESCRIBE_INSTANCES, STATUS_DENIED, "UnauthorizedOperation"),
        attempt(AWS_EC2_DESCRIBE_INSTANCES, STATUS_DENIED, "AuthFailure"),
        attempt(AWS_EC2_DESCRIBE_INSTANCE_STATUS, STATUS_DENIED, "AuthFailure")};
    FILE *file = log_of(made, ARRAY_LENGTH(made));
    assert_int_equal(lines_of(file, "aws.failed"), 4);
    fclose(file);
}

TEST(each_attempt_of_a_call_that_acts_is_said) {
    (void)state;
    const enum aws_call call = AWS_EC2_REBOOT_INSTANCES;
    const struct aws_observation made[] = {attempt(call, STATUS_UNREACHABLE, ""),
                                           attempt(call, STATUS_UNREACHABLE, ""),
                                           attempt(call, STATUS_UNREACHABLE, "")};
    FILE *file = log_of(made, ARRAY_LENGTH(made));
    assert_int_equal(lines_of(file, "aws.failed"), 3);
    fclose(file);
}
