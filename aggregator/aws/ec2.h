/* EC2's calls, typed (aws-facts 3.2, 3.3). For every call: `order` and `request` are borrowed for
 * the call and copied; `done` is called exactly once in the aws thread if and only if STATUS_OK is
 * returned; its `answer` is NULL unless result->status is STATUS_OK, and borrowed for the call
 * back. Besides aws_submit()'s statuses (STATUS_FULL, STATUS_CLOSED, STATUS_NO_MEMORY) they return
 * STATUS_OUT_OF_RANGE for a request outside its stated bounds. Any thread.
 *
 * There is no call that ends an instance's life, and there will be none (DESIGN 5.12). */
#ifndef EAR_AGGREGATOR_AWS_EC2_H
#define EAR_AGGREGATOR_AWS_EC2_H

#include "aggregator/aws/aws.h"
#include "common/model/instance.h"

#define EC2_IDS_MAX       100   /* instances named in one request (AWS's limit for statuses) */
#define EC2_FILTERS_MAX   8     /* ours */
#define EC2_VALUES_MAX    8     /* of one filter, ours */
#define EC2_INSTANCES_MAX 20000 /* in one answer, over all pages */

struct ec2_filter {
    const char *name; /* "tag:AutoRecovery", "instance-state-name" */
    const char *values[EC2_VALUES_MAX];
    size_t value_count;
};

struct ec2_describe_instances {
    const struct instance_id *ids; /* NULL with id_count 0 = by filter only */
    size_t id_count;               /* 0..EC2_IDS_MAX */
    const struct ec2_filter *filters;
    size_t filter_count; /* 0..EC2_FILTERS_MAX */
    unsigned page_size;  /* 5..1000; 0 = 1000. Not sent together with ids, which AWS forbids */
};

/* Text longer than its field is cut on a character's boundary: none of it decides by its end. */
struct ec2_instance {
    struct instance_facts facts;
    char auto_recovery[32]; /* tag AutoRecovery as it stands, for near-misses; "" = absent or empty
                             */
    char vpc[32];
    bool root_is_known; /* AWS said what the root device is; without it `facts` says EBS */
};

struct ec2_instances {
    struct ec2_instance *instances; /* `count` of them, owned by the answer */
    size_t count, capacity;
};
typedef void ec2_instances_done(void *context, const struct aws_result *result,
                                const struct ec2_instances *answer);

/* Reads all pages: everything that matched, or a failure. */
enum status ec2_describe_instances(struct aws *aws, const struct aws_order *order,
                                   const struct ec2_describe_instances *request,
                                   ec2_instances_done *done) MUST_USE;

struct ec2_describe_instance_status {
    const struct instance_id *ids; /* NULL with id_count 0 = every instance of the region */
    size_t id_count;               /* 0..EC2_IDS_MAX */
    unsigned page_size;            /* 5..1000; 0 = 1000. Not sent together with ids */
};

struct ec2_status {
    struct instance_checks checks; /* a check AWS did not mention is unknown, never ok */
    char zone[32];
    struct wall_time ebs_since, application_since;   /* impairedSince; 0 = not told */
    char descriptions[INSTANCE_EVENTS_MAX][160];     /* of checks.events, same order */
    struct wall_time deadlines[INSTANCE_EVENTS_MAX]; /* notBeforeDeadline; 0 = not told */
    unsigned events_left_out;                        /* open events past INSTANCE_EVENTS_MAX */
};

struct ec2_statuses {
    struct ec2_status *statuses;
    size_t count, capacity;
};
typedef void ec2_statuses_done(void *context, const struct aws_result *result,
                               const struct ec2_statuses *answer);

/* Reads all pages, with IncludeAllInstances: without it AWS leaves out what does not run. */
enum status ec2_describe_instance_status(struct aws *aws, const struct aws_order *order,
                                         const struct ec2_describe_instance_status *request,
                                         ec2_statuses_done *done) MUST_USE;

struct ec2_reboot_instances {
    struct instance_id id;
    bool dry_run; /* asks only whether it would be allowed */
};
/* No answer but the result: a reboot is proven by a new boot id alone (SAFETY R2). */
typedef void ec2_reboot_done(void *context, const struct aws_result *result);
enum status ec2_reboot_instances(struct aws *aws, const struct aws_order *order,
                                 const struct ec2_reboot_instances *request,
                                 ec2_reboot_done *done) MUST_USE;

struct ec2_state_change {
    struct instance_id id;
    enum instance_state previous, current;
};
typedef void ec2_state_change_done(void *context, const struct aws_result *result,
                                   const struct ec2_state_change *answer);

struct ec2_stop_instances {
    struct instance_id id;
    bool force;            /* clean shutdown first, then cut */
    bool skip_os_shutdown; /* no clean shutdown at all: risks data */
    bool dry_run;          /* then the answer is NULL even on success */
};
enum status ec2_stop_instances(struct aws *aws, const struct aws_order *order,
                               const struct ec2_stop_instances *request,
                               ec2_state_change_done *done) MUST_USE;

struct ec2_start_instances {
    struct instance_id id;
    bool dry_run; /* then the answer is NULL even on success */
};
enum status ec2_start_instances(struct aws *aws, const struct aws_order *order,
                                const struct ec2_start_instances *request,
                                ec2_state_change_done *done) MUST_USE;

#endif
