/* The running aggregator: builds the edges, hands them to the engine, takes all down again. */
#ifndef EAR_AGGREGATOR_DAEMON_H
#define EAR_AGGREGATOR_DAEMON_H

#include "common/config_load/config_load.h"

struct daemon;

/* Builds and starts everything, in the order in which the parts need each other. Takes ownership of
 * `config` (heap) and `load`, also on failure. Each failure has been logged with its place.
 * config_path  NULL = the default file; kept for reloads; borrowed for the daemon's life */
enum status daemon_start(const char *config_path, struct aggregator_config *config,
                         struct config_load *load, struct daemon **daemon_out) MUST_USE;

/* Reads the configuration anew, validates all of it, then swaps; on any fault the old one stays and
 * the log says which line. */
void daemon_reload(struct daemon *daemon);

/* Says when the server's certificate is about to expire or has expired (T13). Call it every few
 * seconds from the thread that reloads. */
void daemon_watch(struct daemon *daemon);

/* One line for systemctl status. */
void daemon_describe(struct daemon *daemon, char *line_out, size_t size);

/* Stops listening, lets the engine finish what is queued, closes the store. NULL is fine. */
void daemon_stop(struct daemon *daemon);

#endif
