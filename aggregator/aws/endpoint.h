/* From region and service to the address a request goes to (aws-facts 2.2, 2.3). Pure but for the
 * look-up the caller passes in; any thread. */
#ifndef EAR_AGGREGATOR_AWS_ENDPOINT_H
#define EAR_AGGREGATOR_AWS_ENDPOINT_H

#include "aggregator/aws/calls.h"

#define AWS_REGION_SIZE 32
#define AWS_HOST_SIZE   256

/* Value of an environment variable, or NULL when unset. Borrowed until the environment changes. */
struct aws_environment {
    const char *(*get)(void *context, const char *name);
    void *context;
};
/* The process's own environment. */
struct aws_environment aws_environment_of_process(void);
/* aws_environment value that counts an empty variable as unset; NULL then. */
const char *aws_environment_get(const struct aws_environment *environment, const char *name);

struct aws_partition {
    const char *name;              /* "aws-cn": begins every ARN */
    const char *suffix;            /* "amazonaws.com.cn" */
    const char *dual_stack_suffix; /* used with AWS_USE_DUALSTACK_ENDPOINT */
};

struct aws_endpoint {
    char url[AWS_HOST_SIZE + 16]; /* "https://ec2.eu-west-1.amazonaws.com/" */
    char host[AWS_HOST_SIZE]; /* value of the Host header: with ":port" when not the scheme's own */
    bool loopback;            /* never through a proxy; the only kind that may be http */
};

/* The partition a region belongs to, by its pattern; NULL when it is no region's name. Static. */
const struct aws_partition *aws_partition_of(const char *region);

/* AWS_REGION, else AWS_DEFAULT_REGION. STATUS_NOT_FOUND when neither is set, STATUS_MALFORMED when
 * it is no region's name: a name is checked before it becomes part of a host. */
enum status aws_region_from_environment(const struct aws_environment *environment,
                                        char region_out[static AWS_REGION_SIZE]) MUST_USE;

/* Resolves a service's endpoint. Overrides, in order: AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL;
 * AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true ignores both. AWS_USE_FIPS_ENDPOINT and
 * AWS_USE_DUALSTACK_ENDPOINT count for names we build. STATUS_MALFORMED for a region or a URL not
 * in its form; STATUS_DENIED for http to anything but loopback. */
enum status aws_endpoint_resolve(const struct aws_environment *environment,
                                 enum aws_service service, const char *region,
                                 struct aws_endpoint *endpoint_out) MUST_USE;

/* Checks and takes apart "http[s]://host[:port][/]": nothing else may follow, no user, no query. */
enum status aws_endpoint_parse(const char *url, struct aws_endpoint *endpoint_out) MUST_USE;

#endif
