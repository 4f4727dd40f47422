/* What ingest received, handed to the rows. */
#ifndef EAR_AGGREGATOR_SINK_H
#define EAR_AGGREGATOR_SINK_H

#include "aggregator/ingest/ingest.h"
#include "aggregator/refusals.h"
#include "aggregator/rows/rows.h"

struct sink {
    struct rows *rows;               /* borrowed */
    struct duration report_interval; /* asked of agents in each ack; 0 = as they are configured */
    struct refusals refusals;
};

/* The function table; `sink` must outlive the listener. */
struct ingest_sink sink_table(struct sink *sink);

#endif
