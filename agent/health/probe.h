/* One run of one check, step by step without blocking. */
#ifndef EAR_AGENT_HEALTH_PROBE_H
#define EAR_AGENT_HEALTH_PROBE_H

#include <dirent.h>

#include "agent/health/health.h"
#include "agent/health/http.h"
#include "agent/health/tls.h"

#define PROBE_BUFFER_SIZE HTTP_RESPONSE_MAX
#define PROBE_DETAIL_SIZE sizeof(((struct check_result *)0)->detail)
#define PROBE_SCAN_STEP   256 /* processes looked at in one step */

enum probe_phase {
    PROBE_IDLE,
    PROBE_CONNECT,
    PROBE_HANDSHAKE, /* https */
    PROBE_SEND,
    PROBE_RECEIVE,
    PROBE_SCAN, /* processes */
};

/* Zeroes = idle, never used. */
struct probe {
    enum probe_phase phase;
    int fd;       /* CONNECT to RECEIVE */
    short events; /* to poll for */
    struct boot_time deadline;
    struct tls *tls;
    DIR *folder;       /* SCAN */
    uint64_t last_pid; /* where the process was found last; 0 = not yet */
    size_t sent, filled;
    bool authenticated; /* unit: the bus has said OK */
    size_t request_length;
    char request[1024];
    char buffer[PROBE_BUFFER_SIZE];
    char detail[PROBE_DETAIL_SIZE]; /* of the last run */
};

/* What checks share. */
struct probe_world {
    const char *proc_path;
    const char *bus_socket;
};

/* Starts. STATUS_AGAIN: under way; STATUS_OK: good already; any other: bad, and `detail` says why.
 * The probe is idle again unless it is under way. */
enum status probe_start(struct probe *probe, const struct health_check *check,
                        const struct probe_world *world, struct boot_time now) MUST_USE;
/* Moves on; results as probe_start(). A probe past its deadline is STATUS_TIMEOUT. */
enum status probe_step(struct probe *probe, const struct health_check *check,
                       const struct probe_world *world, struct boot_time now) MUST_USE;
/* Gives up quietly. */
void probe_stop(struct probe *probe);

/* Parts of a probe, by kind. */
enum status probe_connect(struct probe *probe, const struct address *address);
enum status probe_connect_local(struct probe *probe, const char *path);
enum status probe_step_socket(struct probe *probe, const struct health_check *check);
enum status probe_step_unit(struct probe *probe, const struct health_check *check);
enum status probe_step_process(struct probe *probe, const struct health_check *check,
                               const struct probe_world *world);
/* AGAIN until the connection stands. */
enum status probe_finish_connect(struct probe *probe);
enum status probe_send(struct probe *probe);
enum status probe_receive(struct probe *probe);
/* Sets the detail (for people, as "status 503, wanted 200") and passes the status on. */
enum status probe_say(struct probe *probe, enum status status, const char *detail);
#endif
