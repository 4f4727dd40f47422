/* Shared pieces of aws_probe: arguments "key=value", and one call in the air. */
#ifndef EAR_TESTS_REFEREE_AWS_AWS_PROBE_H
#define EAR_TESTS_REFEREE_AWS_AWS_PROBE_H

#include <pthread.h>

#include "aggregator/aws/aws.h"
#include "common/base/json_write.h"

#define PROBE_LINE_BYTES (8U * 1024U * 1024U)

struct probe {
    int argc;
    char **argv; /* "key=value" arguments */
    struct aws *aws;
    struct aws_order order;
    pthread_mutex_t lock; /* guards the rest and standard output */
    pthread_cond_t changed;
    unsigned outstanding;
    bool failed;
};

/* Value of the n-th argument `key`, counted from 0; NULL when there is none. */
const char *probe_argument(const struct probe *probe, const char *key, size_t n);
/* The same as a whole number; `otherwise` when absent or no number. */
int64_t probe_number(const struct probe *probe, const char *key, int64_t otherwise);

/* Starts the call named `name`; STATUS_NOT_FOUND when there is none of the name. */
enum status probe_call(struct probe *probe, const char *name);

/* The same through aggregator/calls.h. */
enum status probe_perform(struct probe *probe);

/* A call back's frame: opens {"result":{...},"answer":...; the caller writes the answer's value
 * with key "answer" and closes with probe_end(). */
struct json_writer probe_begin(struct probe *probe, const struct aws_result *result,
                               struct text *text);
void probe_end(struct probe *probe, struct json_writer *json);

/* Reads requests as JSON lines from standard input, writes a signature for each. */
int probe_sign(void);

#endif
