/* A control server in a folder of its own, with an engine played by a thread. */
#ifndef EAR_TESTS_UNIT_CONTROL_RIG_H
#define EAR_TESTS_UNIT_CONTROL_RIG_H

#include "aggregator/control/control.h"
#include "aggregator/ctl/client.h"
#include "common/sys/queue.h"
#include "common/sys/thread.h"

enum rig_engine {
    RIG_ANSWERS, /* snapshots, and "VERB for WHOM" with exit 0 (6 for a dry run) */
    RIG_SILENT,
    RIG_TWICE, /* each reply comes twice, and once with a token that nobody has */
    RIG_FULL,  /* takes nothing */
};

struct rig {
    char folder[64], socket[96], place[256];
    enum rig_engine mode;
    struct queue *events;
    struct thread engine;
    struct control *control;
    struct store *store;
    struct rows *rows;
    struct event_operator last; /* what the engine saw last */
    struct instance_id last_instance;
};

/* Two members: web-7 (i-0123456789abcdef0) healthy, db-1 (i-0123456789abcdef1) unhealthy. */
struct rig *rig_create(enum rig_engine mode, struct duration io_timeout,
                       struct duration engine_timeout);
void rig_destroy(struct rig *rig);
/* The options of the rig's server; another one on the same path is refused. */
struct control_options rig_options(struct rig *rig, struct duration io_timeout,
                                   struct duration engine_timeout);

/* Sends one line through the client; the answer's document is freed by the caller. */
enum status rig_ask(struct rig *rig, const char *line, struct client_answer *answer_out);
/* A connection of one's own; -1 = refused. */
int rig_connect(struct rig *rig);

#endif
