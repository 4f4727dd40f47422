/* A call on AWS as data: what recover wants done or read, and the answer. The engine stores the
 * intent, and only then hands the call to aggregator/aws. There is no call that terminates. */
#ifndef EAR_COMMON_MODEL_CALL_H
#define EAR_COMMON_MODEL_CALL_H

#include "common/model/instance.h"
#include "common/model/report.h"

#define COMMAND_ID_SIZE  40
#define CALL_OUTPUT_SIZE 512

enum call_kind {
    CALL_DESCRIBE,     /* DescribeInstances + DescribeInstanceStatus of one instance, fresh */
    CALL_RUN_DOCUMENT, /* SSM SendCommand of P-restart-services, action id in the comment */
    CALL_FIND_RUN,     /* SSM ListCommands by document and time, matched on the comment */
    CALL_POLL_RUN,     /* SSM GetCommandInvocation */
    CALL_REBOOT,
    CALL_STOP,
    CALL_STOP_FORCE, /* StopInstances Force=true: volumes count as dirty afterwards */
    CALL_START,
    CALL_COUNT
};

struct call {
    enum call_kind kind;
    struct action_id action; /* whose intent this carries out; also set on reads */
    struct instance_id instance;
    uint32_t serial; /* copied into the result: tells a late answer from the one waited for */
    char unit[UNIT_NAME_SIZE];        /* RUN_DOCUMENT: the unit to restart */
    char command_id[COMMAND_ID_SIZE]; /* POLL_RUN */
    struct wall_time since;           /* FIND_RUN: look at commands from here on */
    struct duration deadline;         /* of this call with its retries; at least 1 s */
    uint64_t fence;                   /* epoch of the engine that decided */
};

enum run_state {
    RUN_UNKNOWN,
    RUN_PENDING,
    RUN_IN_PROGRESS,
    RUN_SUCCESS,
    RUN_FAILED,
    RUN_TIMED_OUT,
    RUN_UNDELIVERABLE,
};

struct call_result {
    enum call_kind kind;
    struct action_id action;
    struct instance_id instance;
    uint32_t serial;    /* the call's */
    enum status status; /* STATUS_UNKNOWN_OUTCOME: sent, but no answer came */
    bool answered;      /* AWS said something, if only no; false = a fault on our side or the way */
    struct boot_time asked_at; /* what it says is true of then, or later; 0 = of its arrival */
    char code[64];             /* AWS error code; empty = none */
    char message[160];
    char request_id[64];
    bool found; /* FIND_RUN: a command with our comment exists */
    char command_id[COMMAND_ID_SIZE];
    enum run_state run;
    int32_t response_code;         /* of the script; -1 = not started */
    char output[CALL_OUTPUT_SIZE]; /* head of the script's stdout */
    struct instance_facts facts;   /* DESCRIBE */
    struct instance_checks checks;
};

const char *call_kind_name(enum call_kind kind); /* "describe", "run_document", "reboot" ... */
const char *run_state_name(enum run_state state);
/* The AWS operation, as in IAM: "ec2:RebootInstances". */
const char *call_operation(enum call_kind kind);
/* True for calls that change the world and therefore need a durable intent first (R1). */
bool call_mutates(enum call_kind kind);

#endif
