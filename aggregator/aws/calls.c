/* The call table as data. Constant; any thread. */
#include "aggregator/aws/calls.h"

static const struct aws_service_row services[AWS_SERVICE_COUNT] = {
#define AWS_ROW(name, host, variable, protocol, version, target)                                   \
    [AWS_SERVICE_##name] = {host, variable, protocol, version, target},
    AWS_SERVICES(AWS_ROW)
#undef AWS_ROW
};

static const struct aws_call_row calls[AWS_CALL_COUNT] = {
#define AWS_ROW(name, service, operation, idempotency, rate, action, dry_run, token)               \
    [AWS_##name] = {                                                                               \
        AWS_SERVICE_##service, operation, idempotency, AWS_RATE_##rate, action, dry_run, token},
    AWS_CALLS(AWS_ROW)
#undef AWS_ROW
};

const struct aws_service_row *aws_service_row(enum aws_service service) {
    ASSERT((unsigned)service < AWS_SERVICE_COUNT);
    return &services[service];
}

const struct aws_call_row *aws_call_row(enum aws_call call) {
    ASSERT((unsigned)call < AWS_CALL_COUNT);
    return &calls[call];
}
