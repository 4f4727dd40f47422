/* Carries out the engine's calls (common/model/call.h) and fleet reads with the typed calls of this
 * folder, and gives answers in the model's words. The caller has made the intent durable before
 * (SAFETY R1). Call backs run in the aws thread: they may only copy and enqueue. */
#ifndef EAR_AGGREGATOR_AWS_PERFORM_H
#define EAR_AGGREGATOR_AWS_PERFORM_H

#include "aggregator/aws/aws.h"
#include "common/model/call.h"

/* Fixed for the life of the program; strings are borrowed for as long as calls are out. */
struct aws_perform_options {
    const char *document;         /* our restart document's name, "ear-restart-services" */
    const char *document_version; /* NULL = the account's default version */
    unsigned delivery_timeout_s;  /* how long SSM may wait for the instance, 30..2592000; 0 = 60 */
};

typedef void aws_performed(void *context, const struct call_result *result);

/* Starts `call` (copied) in the recovery lane. `done` is called exactly once if and only if
 * STATUS_OK is returned; the result is borrowed for the call back. CALL_DESCRIBE     facts and
 * checks of the one instance, both fresh, or a failure CALL_RUN_DOCUMENT the action id is the
 * command's comment CALL_FIND_RUN     the newest command of our document on the instance whose
 * comment is the action id; reads from five minutes before `since`, for clocks differ Statuses as
 * in aws_submit(); STATUS_OUT_OF_RANGE for a call without instance, unit or command id. */
enum status aws_perform(struct aws *aws, const struct aws_perform_options *options,
                        const struct call *call, aws_performed *done, void *context) MUST_USE;

/* `facts` and `checks` are heap arrays of `count` (NULL when 0 or when the status is not STATUS_OK)
 * and become the call back's own: free(). */
typedef void aws_inventory_read(void *context, const struct aws_result *result,
                                struct instance_facts *facts, size_t count);
typedef void aws_checks_read(void *context, const struct aws_result *result,
                             struct instance_checks *checks, size_t count);

/* Reads, in the read lane, every instance that has the tag AutoRecovery, whatever its value, so
 * that a value that was changed is seen as a change; terminated ones are left out. Whole or failed.
 */
enum status aws_read_inventory(struct aws *aws, struct duration deadline, aws_inventory_read *done,
                               void *context) MUST_USE;
/* Reads, in the read lane, the status checks of all instances of the region. Whole or failed. */
enum status aws_read_checks(struct aws *aws, struct duration deadline, aws_checks_read *done,
                            void *context) MUST_USE;

#endif
