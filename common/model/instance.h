/* What EC2 says of an instance: facts of DescribeInstances and results of DescribeInstanceStatus.
 * Filled by aggregator/aws; an enumeration value that EC2 added later becomes "unknown". */
#ifndef EAR_COMMON_MODEL_INSTANCE_H
#define EAR_COMMON_MODEL_INSTANCE_H

#include "common/base/clock.h"
#include "common/base/id.h"

#define INSTANCE_NAME_SIZE  128
#define INSTANCE_EVENTS_MAX 4

enum instance_state {
    INSTANCE_STATE_UNKNOWN,
    INSTANCE_PENDING,
    INSTANCE_RUNNING,
    INSTANCE_STOPPING,
    INSTANCE_STOPPED,
    INSTANCE_SHUTTING_DOWN,
    INSTANCE_TERMINATED,
};

struct instance_facts {
    struct instance_id id;
    enum instance_state state;
    char name[INSTANCE_NAME_SIZE]; /* tag Name; empty = none */
    bool opted_in;                 /* tag AutoRecovery=enabled, exactly */
    char state_reason[64];         /* "Client.UserInitiatedShutdown", "Server.ScheduledStop" ... */
    struct wall_time launch_time;  /* changes with every stop/start */
    char availability_zone[24];
    char type[32];
    char image_id[24];
    char subnet_id[28];
    char private_ip[48];
    char public_ip[48];
    char autoscaling_group[128]; /* tag aws:autoscaling:groupName; empty = not a member */
    bool spot;
    bool instance_store_root; /* rootDeviceType = instance-store */
    bool managed_by_service;  /* operator/managed */
    char tenancy[12];
};

enum check_status {
    CHECK_STATUS_UNKNOWN, /* not said, or a word we do not know */
    CHECK_STATUS_OK,
    CHECK_STATUS_IMPAIRED,
    CHECK_STATUS_INSUFFICIENT_DATA,
    CHECK_STATUS_NOT_APPLICABLE,
    CHECK_STATUS_INITIALIZING,
};

struct scheduled_event {
    char code[32]; /* "instance-retirement", "system-reboot" ... */
    char id[40];
    struct wall_time not_before, not_after;
};

/* One row of DescribeInstanceStatus. Only IMPAIRED is a failure (RECOVERY 4.1). */
struct instance_checks {
    struct instance_id id;
    enum instance_state state;
    enum check_status system, instance, attached_ebs, application;
    struct wall_time system_since, instance_since; /* impairedSince; 0 = not said */
    uint16_t event_count;                          /* open ones only: finished ones are dropped */
    struct scheduled_event events[INSTANCE_EVENTS_MAX];
};

const char *instance_state_name(enum instance_state state); /* EC2's words: "running" ... */
enum instance_state instance_state_find(const char *name);
const char *check_status_name(enum check_status status); /* EC2's words: "insufficient-data" ... */
enum check_status check_status_find(const char *name);

#endif
