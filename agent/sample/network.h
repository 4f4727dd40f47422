/* Interfaces from /proc/net/dev, TCP retransmits from /proc/net/snmp, connection tracking. */
#ifndef EAR_AGENT_SAMPLE_NETWORK_H
#define EAR_AGENT_SAMPLE_NETWORK_H

#include "agent/sample/counter.h"
#include "agent/sample/filter.h"
#include "agent/sample/members.h"
#include "agent/sample/source.h"

#define NETWORK_INTERFACES_MAX 16
#define NETWORK_NAME_SIZE      20  /* IFNAMSIZ is 16 */
#define NETWORK_ROWS_MAX       512 /* rows of the file looked at: a container host has hundreds */

struct network_row { /* counts since the interface came up */
    char name[NETWORK_NAME_SIZE];
    uint64_t rx_bytes, rx_packets, rx_errors, rx_drops;
    uint64_t tx_bytes, tx_packets, tx_errors, tx_drops;
};

struct network_interface {
    char name[NETWORK_NAME_SIZE]; /* empty = place not taken */
    bool seen;
    struct counter rx_bytes, rx_packets, tx_bytes, tx_packets, rx_errors, tx_errors, rx_drops,
        tx_drops;
};

struct network_state {
    struct network_interface interfaces[NETWORK_INTERFACES_MAX];
    struct counter retransmits;
};

struct network_rates { /* a second; NaN = not known */
    double rx_bytes, tx_bytes, rx_packets, tx_packets, drops, errors;
};

/* Parses one line; false for the two header lines and broken ones. Pure. */
bool parse_net_dev_line(const char *line, size_t length, struct network_row *row_out);
/* Finds Tcp RetransSegs by its column's name. Pure. */
enum status parse_snmp(const char *text, size_t length, uint64_t *retransmits_out) MUST_USE;
struct network_rates network_rates_of(struct network_interface *interface,
                                      const struct network_row *row, double elapsed_s);
void read_network(struct source *source, struct network_state *state, const struct filter *filter,
                  double elapsed_s, struct metric_vector *core, struct members *members);

#endif
