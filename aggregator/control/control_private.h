/* The server's own state, shared by the files of this folder. */
#ifndef EAR_AGGREGATOR_CONTROL_CONTROL_PRIVATE_H
#define EAR_AGGREGATOR_CONTROL_CONTROL_PRIVATE_H

#include <pthread.h>

#include "aggregator/control/control.h"
#include "common/sys/thread.h"

/* A worker that waits for the engine. */
struct waiter {
    uint64_t token; /* 0 = nobody waits here */
    bool done;      /* `reply` is filled and nobody took it yet */
    struct effect_reply reply;
};

struct control {
    struct control_options options; /* strings owned */
    int listener;
    bool bound; /* the socket's file is ours to remove */
    struct thread workers[CONTROL_WORKERS];
    pthread_mutex_t lock;   /* guards what follows */
    pthread_cond_t changed; /* a reply came, or stopping; on the monotonic clock */
    bool stopping;
    uint64_t last_token;
    struct waiter waiters[CONTROL_WORKERS];
};

/* One accepted connection: identifies the peer, reads one request, carries it out, answers. Closes
 * nothing. Worker's thread. */
void control_serve(struct control *control, int fd);

#endif
