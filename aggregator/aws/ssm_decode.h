/* Readers of SSM's answers, apart from the calls so that tests and fuzzers reach them. Private to
 * this folder. Pure but for the heap; shapes as struct aws_operation's `decode`. */
#ifndef EAR_AGGREGATOR_AWS_SSM_DECODE_H
#define EAR_AGGREGATOR_AWS_SSM_DECODE_H

#include "aggregator/aws/ssm.h"

/* {"Command":{...}} into struct ssm_command. */
enum status ssm_decode_command(const char *body, size_t length, void *answer,
                               char *token_out) MUST_USE;
enum status ssm_decode_invocation(const char *body, size_t length, void *answer,
                                  char *token_out) MUST_USE;
void ssm_release_invocation(void *answer);
/* Adds a page to struct ssm_commands. */
enum status ssm_decode_commands(const char *body, size_t length, void *answer,
                                char *token_out) MUST_USE;
void ssm_release_commands(void *answer);

#endif
