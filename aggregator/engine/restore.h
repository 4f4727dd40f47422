/* Edges around the pure engine: memory, settings from the configuration, and the rows of the store.
 */
#ifndef EAR_AGGREGATOR_ENGINE_RESTORE_H
#define EAR_AGGREGATOR_ENGINE_RESTORE_H

#include "aggregator/engine/engine.h"
#include "aggregator/store/store.h"
#include "common/config/aggregator_options.h"

/* Heap engine, not restored; NULL when memory is out. */
struct engine *engine_create(const struct engine_options *options, struct now now);
void engine_destroy(struct engine *engine); /* NULL is fine */

/* Settings from the configuration; leaves epoch, seed and instances_max as they are. */
void engine_options_from_config(const struct aggregator_config *config,
                                struct engine_options *options);

/* Takes rows of one table (RECORD_INCIDENTS: the open ones; RECORD_INTENTS: those of the flap
 * window; RECORD_INSTANCE_CONFIG; RECORD_META) into an engine that is not restored yet; the
 * simulator calls it too. Incidents first. Adds the rows that cannot be read to *unreadable. */
void engine_restore_rows(struct engine *engine, enum record_table table,
                         const struct record *records, size_t count, struct now now,
                         uint32_t *unreadable);

/* Reads incidents, intents, meta and instance-config from the store and rebuilds the engine; raises
 * the start number, which becomes options->epoch (and part of the seed). A row that cannot be read
 * is counted in *unreadable_out: an incident or intent row holds its instance in a state where
 * nothing is done, a pause row counts as paused, a configuration row as "nothing allowed" (C17).
 * `random` seeds ids. Blocks; for start-up only. Statuses of store_read and store_submit. */
enum status engine_restore(struct store *store, struct engine_options *options, uint64_t random,
                           struct now now, struct engine **engine_out,
                           uint32_t *unreadable_out) MUST_USE;

#endif
