/* What ingest received, handed to the rows. */
#ifndef EAR_AGGREGATOR_SINK_H
#define EAR_AGGREGATOR_SINK_H

#include "aggregator/ingest/ingest.h"
#include "aggregator/refusals.h"
#include "aggregator/rows/rows.h"

struct sink {
    struct rows *rows;            /* borrowed */
    _Atomic uint32_t interval_ms; /* asked of agents in each ack; replaced on reload */
    struct refusals refusals;
};

/* The function table; `sink` must outlive the listener. */
struct ingest_sink sink_table(struct sink *sink);

#endif
