/* What must be true of every row of the call table. */
#include <string.h>

#include "aggregator/aws/calls.h"
#include "tests/support/unit.h"

TEST(no_call_ends_an_instances_life) {
    (void)state;
    for (int call = 0; call < AWS_CALL_COUNT; call++)
        assert_null(strstr(aws_call_row((enum aws_call)call)->operation, "Terminate"));
}

TEST(every_iam_action_is_service_and_operation) {
    (void)state;
    for (int call = 0; call < AWS_CALL_COUNT; call++) {
        const struct aws_call_row *row = aws_call_row((enum aws_call)call);
        const char *service = aws_service_row(row->service)->name;
        size_t length = strlen(service);
        assert_memory_equal(row->iam_action, service, length);
        assert_int_equal(row->iam_action[length], ':');
        assert_string_equal(row->iam_action + length + 1, row->operation);
    }
}

TEST(only_reads_are_paged_and_only_reads_read) {
    (void)state;
    for (int call = 0; call < AWS_CALL_COUNT; call++) {
        const struct aws_call_row *row = aws_call_row((enum aws_call)call);
        if (row->token_field[0] != '\0') assert_int_equal(row->idempotency, AWS_READ);
        assert_int_equal(row->rate == AWS_RATE_READ, row->idempotency == AWS_READ);
    }
}

TEST(dry_run_is_ec2s_alone) {
    (void)state;
    for (int call = 0; call < AWS_CALL_COUNT; call++) {
        const struct aws_call_row *row = aws_call_row((enum aws_call)call);
        assert_int_equal(row->dry_run, row->service == AWS_SERVICE_EC2);
    }
}
