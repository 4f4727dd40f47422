/* Readers of EC2's answers, apart from the calls so that tests and fuzzers reach them. Private to
 * this folder. All pure but for the heap; shapes as struct aws_operation's `decode`. */
#ifndef EAR_AGGREGATOR_AWS_EC2_DECODE_H
#define EAR_AGGREGATOR_AWS_EC2_DECODE_H

#include "aggregator/aws/ec2.h"

/* Adds a page to struct ec2_instances. */
enum status ec2_decode_instances(const char *body, size_t length, void *answer,
                                 char *token_out) MUST_USE;
void ec2_release_instances(void *answer);

/* Adds a page to struct ec2_statuses. */
enum status ec2_decode_statuses(const char *body, size_t length, void *answer,
                                char *token_out) MUST_USE;
void ec2_release_statuses(void *answer);

/* <return>, which may be absent but not say otherwise than "true"; `answer` is not used. */
enum status ec2_decode_reboot(const char *body, size_t length, void *answer,
                              char *token_out) MUST_USE;

/* One instance's change of state into struct ec2_state_change. */
enum status ec2_decode_stop(const char *body, size_t length, void *answer,
                            char *token_out) MUST_USE;
enum status ec2_decode_start(const char *body, size_t length, void *answer,
                             char *token_out) MUST_USE;

#endif
