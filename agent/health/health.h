/* The application's health checks: run in the caller's poll loop, never block it, judged by rise
 * and fall. One thread. */
#ifndef EAR_AGENT_HEALTH_HEALTH_H
#define EAR_AGENT_HEALTH_HEALTH_H

#include <poll.h>

#include "agent/health/counts.h"

#define HEALTH_CHECKS_MAX  REPORT_CHECKS_MAX
#define HEALTH_TARGET_SIZE 280
#define HEALTH_BUS_PATH    "/run/dbus/system_bus_socket"

enum health_kind {
    HEALTH_HTTP,    /* target: http:// or https:// address; agent/health/address.h */
    HEALTH_TCP,     /* target: HOST:PORT; a connection that opens is good */
    HEALTH_PROCESS, /* target: command name of a live process */
    HEALTH_UNIT,    /* target: systemd unit that must be active */
};

struct health_check {
    char name[CHECK_NAME_SIZE];
    char unit[UNIT_NAME_SIZE]; /* the unit that its failure restarts; empty = none */
    enum health_kind kind;
    char target[HEALTH_TARGET_SIZE];
    struct duration interval, timeout, grace;
    uint32_t rise, fall; /* at least 1 */
    int expect_status;   /* of HEALTH_HTTP; 0 = any from 200 to 399 */
};

struct health_options {
    const char *proc_path;  /* "/proc" */
    const char *bus_socket; /* NULL = HEALTH_BUS_PATH */
    size_t check_count;
    const struct health_check *checks; /* copied */
};

struct health;

/* What is wrong with a check, for people, or NULL: addresses that must not or cannot be checked. */
const char *health_fault(const struct health_check *check);

/* All checks start in their grace, spread over their interval. STATUS_NO_MEMORY;
 * STATUS_OUT_OF_RANGE: too many checks, or one that health_fault() names. */
enum status health_create(const struct health_options *options, struct now now,
                          struct health **health_out) MUST_USE;
void health_destroy(struct health *health);
/* Takes on other checks in a new object; one that stays as it was keeps its counts. Statuses as
 * above, and then nothing changes. */
enum status health_reload(struct health **health, const struct health_options *options,
                          struct now now) MUST_USE;

/* Fills descriptors to poll, at most HEALTH_CHECKS_MAX; gives how many. */
size_t health_poll(const struct health *health, struct pollfd *fds);
/* When health_run() is due without any descriptor being ready. INT64_MAX ms = never. */
struct boot_time health_due(const struct health *health);
/* Starts checks that are due, moves those under way on, ends those whose time is over. True when
 * the state of some check changed. */
bool health_run(struct health *health, struct now now);
/* See counts_grace(). */
void health_grace(struct health *health, struct now now);
/* The results in the order of the checks; gives how many. */
uint16_t health_results(const struct health *health,
                        struct check_result results_out[static HEALTH_CHECKS_MAX]);

#endif
