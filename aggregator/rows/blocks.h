/* Sealed blocks as files: SS/INSTANCE/START-N.block below the history folder, START in minutes
 * since 1970, N = 0 unless a clock that stepped back made a second block of the same time. Written
 * whole or not at all, read by mapping, never changed. Private to aggregator/rows. */
#ifndef EAR_AGGREGATOR_ROWS_BLOCKS_H
#define EAR_AGGREGATOR_ROWS_BLOCKS_H

#include "aggregator/history/history.h"

#define BLOCKS_LISTED_MAX 8192 /* files of one instance: a year of them is 4,380 */
#define BLOCKS_TWINS_MAX  10   /* N of one START */

/* Writes one block; the same bytes under the same START are not written twice (a journal read back
 * after a crash). STATUS_NO_SPACE, STATUS_READ_ONLY, STATUS_DENIED, STATUS_IO, ... */
enum status blocks_write(const char *folder, const struct instance_id *instance, int64_t start,
                         const uint8_t *bytes, size_t length) MUST_USE;

/* Hands the blocks that overlap minutes [from, to) to `take`, oldest first; each is valid for the
 * call. One that fails its checks is renamed to *.corrupt, said once in the log and passed over.
 * corrupt_out  how many of those; may be NULL
 * STATUS_NOT_FOUND when the instance has no folder. */
enum status blocks_each(const char *folder, const struct instance_id *instance, int64_t from,
                        int64_t to,
                        void (*take)(void *context, const struct history_sealed *sealed),
                        void *context, uint64_t *corrupt_out) MUST_USE;

/* Removes blocks that ended before minute `before`, but always leaves the newest `keep`, so that a
 * wall clock that jumped ahead deletes nothing of a live instance (F8). */
void blocks_expire(const char *folder, const struct instance_id *instance, int64_t before,
                   size_t keep);

/* Hands each instance that has a folder to `take`. */
enum status blocks_instances(const char *folder,
                             void (*take)(void *context, const struct instance_id *instance),
                             void *context) MUST_USE;

#endif
