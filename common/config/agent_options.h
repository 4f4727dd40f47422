/* What ear-agent can be told. Each field is the option of the same name; units and bounds are in
 * the table (agent_options.c), which is also the manual. */
#ifndef EAR_COMMON_CONFIG_AGENT_OPTIONS_H
#define EAR_COMMON_CONFIG_AGENT_OPTIONS_H

#include "common/config/config.h"

#define AGENT_SERVICES_MAX 16
#define AGENT_CHECKS_MAX   16
#define AGENT_NAME_SIZE    64
#define AGENT_UNIT_SIZE    128
#define AGENT_PATH_SIZE    256
#define AGENT_ADDRESS_SIZE 280

/* A watched service: the processes whose memory, descriptors and threads are added up. They are
 * those of the first of these that is not empty: cgroup, unit, pid_file, process. */
struct agent_service {
    char name[AGENT_NAME_SIZE]; /* its name in series and reports; filled from unit or process */
    char unit[AGENT_UNIT_SIZE]; /* systemd unit; "" = none */
    char process[16];           /* comm, as in /proc/PID/comm */
    char pid_file[AGENT_PATH_SIZE];
    char cgroup[AGENT_PATH_SIZE]; /* below the cgroup root, starts with "/" */
};

enum agent_check_type {
    AGENT_CHECK_HTTP,    /* target: http:// or https:// address */
    AGENT_CHECK_TCP,     /* target: HOST:PORT */
    AGENT_CHECK_PROCESS, /* target: comm */
    AGENT_CHECK_UNIT,    /* target: systemd unit that must be active */
};

struct agent_check {
    char name[AGENT_NAME_SIZE]; /* unique */
    enum agent_check_type type;
    char target[AGENT_ADDRESS_SIZE];
    char unit[AGENT_UNIT_SIZE]; /* the unit that its failure restarts; "" = restarts nothing */
    struct duration interval, timeout;
    int64_t rise, fall;    /* results in a row that make it good, bad */
    struct duration grace; /* after our own action or the agent's start, failures do not count */
    int64_t expect_status; /* http only */
};

struct agent_config {
    /* Link */
    char aggregator_address[AGENT_ADDRESS_SIZE]; /* "" = not configured: sample, report nowhere */
    char instance_id[24];                        /* must be set */
    char certificate_file[AGENT_PATH_SIZE], key_file[AGENT_PATH_SIZE], ca_file[AGENT_PATH_SIZE];
    char server_name[AGENT_PATH_SIZE]; /* name in the aggregator's certificate; "" = host of address
                                        */
    struct duration report_timeout;    /* send to acknowledgement */
    struct duration redial_min, redial_max;
    struct duration stop_timeout;
    int64_t replay_ring_reports;

    /* Sampling */
    struct duration sample_interval;
    char proc_path[AGENT_PATH_SIZE], sys_path[AGENT_PATH_SIZE], root_path[AGENT_PATH_SIZE];
    char scope_cgroup[AGENT_PATH_SIZE];                   /* "" = the whole machine */
    struct config_strings mounts_include, mounts_exclude; /* mount points; include empty = all */
    struct config_strings devices_exclude, interfaces_exclude;

    /* What runs here */
    struct agent_service services[AGENT_SERVICES_MAX];
    size_t service_count;
    struct agent_check checks[AGENT_CHECKS_MAX];
    size_t check_count;

    /* The program */
    char status_file[AGENT_PATH_SIZE]; /* "" = none */
    unsigned log_format;               /* as enum log_format of common/sys/log.h */
    unsigned log_level;                /* as enum log_level */
};

extern const struct config_table agent_table;

#endif
