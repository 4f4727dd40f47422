/* Interfaces; the state is the sampler's. */
#include "agent/sample/network.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/text.h"

bool parse_net_dev_line(const char *line, size_t length, struct network_row *row_out) {
    struct scan rest = scan_over(line, length), name;
    struct network_row row = {0};
    uint64_t other;
    /* The name may touch its first number: "eth0:165231378". */
    if (!scan_until(&rest, ':', &name)) return false;
    while (name.at < name.end && *name.at == ' ') name.at++;
    if (scan_copy(&name, row.name, sizeof row.name) != STATUS_OK || row.name[0] == '\0')
        return false;
    uint64_t *const columns[] = {&row.rx_bytes, &row.rx_packets, &row.rx_errors, &row.rx_drops,
                                 &other,        &other,          &other,         &other,
                                 &row.tx_bytes, &row.tx_packets, &row.tx_errors, &row.tx_drops};
    for (size_t i = 0; i < ARRAY_LENGTH(columns); i++)
        if (!scan_unsigned(&rest, columns[i])) return false;
    *row_out = row;
    return true;
}

enum status parse_snmp(const char *text, size_t length, uint64_t *retransmits_out) {
    struct scan rest = scan_over(text, length), names, values, name, word;
    while (scan_line(&rest, &names)) {
        if (!scan_word(&names, &word) || !scan_equals(&word, "Tcp:")) continue;
        if (!scan_line(&rest, &values) || !scan_word(&values, &word)) return STATUS_MALFORMED;
        while (scan_word(&names, &name)) {
            if (scan_equals(&name, "RetransSegs"))
                return scan_unsigned(&values, retransmits_out) ? STATUS_OK : STATUS_MALFORMED;
            if (!scan_word(&values, &word)) return STATUS_MALFORMED;
        }
    }
    return STATUS_NOT_FOUND;
}

struct network_rates network_rates_of(struct network_interface *interface,
                                      const struct network_row *row, double elapsed_s) {
    struct network_interface *i = interface;
    struct network_rates rates = {
        .rx_bytes = counter_rate(&i->rx_bytes, row->rx_bytes, elapsed_s),
        .tx_bytes = counter_rate(&i->tx_bytes, row->tx_bytes, elapsed_s),
        .rx_packets = counter_rate(&i->rx_packets, row->rx_packets, elapsed_s),
        .tx_packets = counter_rate(&i->tx_packets, row->tx_packets, elapsed_s),
        .drops = counter_rate(&i->rx_drops, row->rx_drops, elapsed_s) +
                 counter_rate(&i->tx_drops, row->tx_drops, elapsed_s),
        .errors = counter_rate(&i->rx_errors, row->rx_errors, elapsed_s) +
                  counter_rate(&i->tx_errors, row->tx_errors, elapsed_s),
    };
    return rates;
}

static struct network_interface *interface_of(struct network_state *state, const char *name) {
    struct network_interface *vacant = NULL;
    for (size_t i = 0; i < NETWORK_INTERFACES_MAX; i++) {
        struct network_interface *interface = &state->interfaces[i];
        if (strcmp(interface->name, name) == 0) return interface;
        if (interface->name[0] == '\0' && vacant == NULL) vacant = interface;
    }
    if (vacant == NULL) return NULL;
    *vacant = (struct network_interface){0};
    if (text_copy(vacant->name, sizeof vacant->name, name) != STATUS_OK) return NULL;
    return vacant;
}

/* A physical interface has a device behind it; bridges, tunnels and container ends have none. */
static bool has_device(const struct source *source, const char *name) {
    char path[64], full[SOURCE_PATH_SIZE];
    (void)snprintf(path, sizeof path, "class/net/%s/device", name);
    return source_path(source, SOURCE_ROOT_SYS, path, full) && access(full, F_OK) == 0;
}

/* Keeps the physical interfaces where there are some (their bytes would count twice with a bridge
 * above them), else all: inside a container no interface has a device. */
static size_t collect(const struct source *source, struct scan text, const struct filter *filter,
                      struct network_row rows[static NETWORK_INTERFACES_MAX]) {
    bool physical[NETWORK_INTERFACES_MAX];
    bool any = false;
    size_t count = 0, kept = 0;
    struct scan line;
    for (unsigned i = 0; i < NETWORK_ROWS_MAX && scan_line(&text, &line); i++) {
        struct network_row row;
        if (!parse_net_dev_line(line.at, scan_length(&line), &row) || strcmp(row.name, "lo") == 0 ||
            !filter_wants(filter, row.name))
            continue;
        bool is_physical = has_device(source, row.name);
        /* A full table makes room for a physical interface. */
        size_t at = count < NETWORK_INTERFACES_MAX ? count++ : NETWORK_INTERFACES_MAX;
        for (size_t k = 0; is_physical && at == NETWORK_INTERFACES_MAX && k < count; k++)
            if (!physical[k]) at = k;
        if (at == NETWORK_INTERFACES_MAX) continue;
        rows[at] = row;
        physical[at] = is_physical;
        any = any || is_physical;
    }
    for (size_t i = 0; i < count; i++)
        if (physical[i] || !any) rows[kept++] = rows[i];
    return kept;
}

static void add(double *sum, double value) {
    if (isnan(value)) return;
    *sum = isnan(*sum) ? value : *sum + value;
}

static void read_interfaces(struct source *source, struct network_state *state,
                            const struct filter *filter, double elapsed_s,
                            struct metric_vector *core, struct members *members) {
    struct network_row rows[NETWORK_INTERFACES_MAX];
    struct network_rates sum = {(double)NAN, (double)NAN, (double)NAN, (double)NAN, 0, 0};
    struct scan text;
    for (size_t i = 0; i < NETWORK_INTERFACES_MAX; i++) state->interfaces[i].seen = false;
    size_t count = 0;
    if (source_read(source, SOURCE_NET_DEV, &text)) count = collect(source, text, filter, rows);
    for (size_t i = 0; i < count; i++) {
        struct network_interface *interface = interface_of(state, rows[i].name);
        if (interface == NULL) continue;
        interface->seen = true;
        struct network_rates rates = network_rates_of(interface, &rows[i], elapsed_s);
        add(&sum.rx_bytes, rates.rx_bytes);
        add(&sum.tx_bytes, rates.tx_bytes);
        add(&sum.rx_packets, rates.rx_packets);
        add(&sum.tx_packets, rates.tx_packets);
        members_worst(core, METRIC_NET_DROPS, rates.drops);
        members_worst(core, METRIC_NET_ERRORS, rates.errors);
        members_put(members, METRIC_MEMBER_INTERFACE, metric_row(METRIC_NET_DROPS)->name,
                    interface->name, NULL, rates.drops);
        members_put(members, METRIC_MEMBER_INTERFACE, metric_row(METRIC_NET_ERRORS)->name,
                    interface->name, NULL, rates.errors);
    }
    for (size_t i = 0; i < NETWORK_INTERFACES_MAX; i++)
        if (!state->interfaces[i].seen) state->interfaces[i].name[0] = '\0';
    metric_set(core, METRIC_NET_RX_BYTES, sum.rx_bytes);
    metric_set(core, METRIC_NET_TX_BYTES, sum.tx_bytes);
    metric_set(core, METRIC_NET_RX_PACKETS, sum.rx_packets);
    metric_set(core, METRIC_NET_TX_PACKETS, sum.tx_packets);
}

static void read_retransmits(struct source *source, struct network_state *state, double elapsed_s,
                             struct metric_vector *core) {
    struct scan text;
    uint64_t retransmits;
    if (source_read(source, SOURCE_NET_SNMP, &text) &&
        parse_snmp(text.at, scan_length(&text), &retransmits) == STATUS_OK)
        metric_set(core, METRIC_TCP_RETRANSMITS,
                   counter_rate(&state->retransmits, retransmits, elapsed_s));
    else
        counter_forget(&state->retransmits);
}

static bool read_one(struct source *source, enum source_file file, uint64_t *number_out) {
    struct scan text, line;
    return source_read(source, file, &text) && scan_line(&text, &line) &&
           scan_unsigned(&line, number_out);
}

/* Both files are there only while the kernel's module is loaded. */
static void read_conntrack(struct source *source, struct metric_vector *core) {
    uint64_t count, limit;
    if (read_one(source, SOURCE_CONNTRACK_COUNT, &count) &&
        read_one(source, SOURCE_CONNTRACK_MAX, &limit) && limit > 0)
        metric_set(core, METRIC_CONNTRACK_USED, 100.0 * (double)count / (double)limit);
}

void read_network(struct source *source, struct network_state *state, const struct filter *filter,
                  double elapsed_s, struct metric_vector *core, struct members *members) {
    read_interfaces(source, state, filter, elapsed_s, core, members);
    read_retransmits(source, state, elapsed_s, core);
    read_conntrack(source, core);
}
