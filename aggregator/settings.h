/* From the one configuration to each part's options. Strings in the results point into the
 * configuration and are borrowed from it. Pure. */
#ifndef EAR_AGGREGATOR_SETTINGS_H
#define EAR_AGGREGATOR_SETTINGS_H

#include "aggregator/ingest/ingest.h"
#include "aggregator/notify/notify.h"
#include "aggregator/rows/rows.h"
#include "common/config/aggregator_options.h"

struct predict_settings settings_predict(const struct aggregator_config *config);
struct rows_options settings_rows(const struct aggregator_config *config, uint64_t fence);
/* STATUS_MALFORMED when listen_address cannot be taken apart; `host_out[64]` holds the address. */
enum status settings_ingest(const struct aggregator_config *config, char *host_out,
                            struct ingest_options *options_out) MUST_USE;
/* Without `publish`, which the caller adds. */
struct notify_options settings_notify(const struct aggregator_config *config, uint64_t seed);

#endif
