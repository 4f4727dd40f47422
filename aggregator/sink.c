/* The sink of the agents' port; runs on ingest's I/O threads. */
#include "aggregator/sink.h"

#include <stdatomic.h>

#include "common/sys/clock.h"
#include "common/sys/log.h"

static void add_wishes(struct sink *sink, struct ack *ack) {
    ack->interval_ms = atomic_load(&sink->interval_ms);
}

static enum status take_report(void *context, struct ingest_peer *peer, const struct report *report,
                               struct ack *ack_out) {
    struct sink *sink = context;
    enum status status = rows_report(sink->rows, peer->connection, report, sys_now(), ack_out);
    if (status == STATUS_OK) add_wishes(sink, ack_out);
    return status;
}

static enum status take_dictionary(void *context, struct ingest_peer *peer,
                                   const struct boot_id *boot, uint64_t sequence,
                                   const struct series_dictionary *dictionary,
                                   struct ack *ack_out) {
    struct sink *sink = context;
    enum status status = rows_dictionary(sink->rows, peer->connection, &peer->instance, boot,
                                         sequence, dictionary, sys_now(), ack_out);
    if (status == STATUS_OK) add_wishes(sink, ack_out);
    return status;
}

static enum status take_notice(void *context, struct ingest_peer *peer, const struct notice *notice,
                               struct ack *ack_out) {
    struct sink *sink = context;
    enum status status = rows_notice(sink->rows, peer->connection, notice, sys_now(), ack_out);
    if (status == STATUS_OK) add_wishes(sink, ack_out);
    return status;
}

static void say(const struct ingest_refusal *refusal, uint32_t repeats) {
    log_event(LOG_LEVEL_WARNING, "agent.refused",
              log_string("reason", ingest_reason_name(refusal->reason)),
              log_string("peer", refusal->address), log_string("certificate", refusal->peer_name),
              log_string("instance", refusal->instance.text),
              log_string("claimed", refusal->claimed.text), log_string("detail", refusal->detail),
              log_unsigned("repeats", repeats),
              log_string("instead", "it counts as silent; repeats are counted, not said"));
}

static void take_refusal(void *context, const struct ingest_refusal *refusal) {
    struct sink *sink = context;
    uint32_t repeats;
    if (refusals_say(&sink->refusals, refusal, sys_now().boot, &repeats)) say(refusal, repeats);
    if (refusal->reason == INGEST_REASON_NAME)
        rows_refused(sink->rows, &refusal->claimed, refusal->address, refusal->peer_name);
    if (refusal->reason == INGEST_REASON_ACCOUNT)
        rows_refused(sink->rows, &refusal->instance, refusal->address, refusal->peer_name);
}

static void take_close(void *context, struct ingest_peer *peer) {
    /* Silence is judged by missing reports, not by closed connections. */
    (void)context;
    (void)peer;
}

struct ingest_sink sink_table(struct sink *sink) {
    return (struct ingest_sink){.context = sink,
                                .report = take_report,
                                .dictionary = take_dictionary,
                                .notice = take_notice,
                                .refused = take_refusal,
                                .closed = take_close};
}
